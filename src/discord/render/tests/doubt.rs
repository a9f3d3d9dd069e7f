//! What people read of a call that nobody knows the outcome of, and of what is held back because of it.

use super::super::refusal;
use super::*;

/// A stop of billing-1 that was planned while an earlier call may take billing-2 away yet.
fn doubted() -> (Request, Plan) {
    let (asked, mut plan) = request(Verb::Stop, None, &two()[0], &two());
    let impact = &mut plan.impacts[0];
    (impact.lowest, impact.healthy_after, impact.in_doubt) = (0, 0, vec!["billing-2 *x*".to_owned()]);
    (Request { plan: Some(plan.clone()), ..asked }, plan)
}

#[test]
fn p11_a_prompt_names_whom_nobody_counts_on_and_why() {
    let (asked, plan) = doubted();
    let body = prompt::confirmation(&asked, &plan).private_body();
    check(&body, &[]);
    let told: Vec<_> = show(&body).lines().filter(|line| line.contains("billing-2")).map(str::to_owned).collect();
    insta::assert_snapshot!(told.join("\n"), @r"❔ **billing-2 \*x\*** may go down yet: an earlier change of it is not over, or nobody knows what became of it. So it is not counted among those that remain.");
}

#[test]
fn p11_a_refusal_names_what_came_into_doubt_since_it_was_shown() {
    let (_, before) = request(Verb::Stop, None, &two()[0], &two());
    let (asked, plan) = doubted();
    let worse = Drift::Worse { stated: before.impacts[0].clone(), now: plan.impacts[0].clone() };
    let refused = Refusal::Drifted { drifts: vec![worse] };
    let body = refusal::of_request(&refused, None, &asked.id).private_body();
    check(&body, &[]);
    let told: Vec<_> = show(&body).lines().filter(|line| line.contains("billing-2")).map(str::to_owned).collect();
    insta::assert_snapshot!(told.join("\n"), @r"⛔ It would mean more in Production than you were told: you were told 2 → 1 healthy connectors, and now it would be 2 → 0; an earlier change of billing-2 \*x\* may be carried out yet. Nothing was done; plan it again to see what it means now.");
}

#[test]
fn a_stop_that_was_held_back_says_why_and_what_is_not_known_is_said_as_such() {
    let mut text = String::new();
    for (why, outcome) in [
        (StepFailure::RoleLost, Outcome::Failed),
        (StepFailure::RoleUnknown, Outcome::Failed),
        (StepFailure::Frozen, Outcome::Failed),
        (StepFailure::TooLate, Outcome::Failed),
        (StepFailure::CostsMore { left: 0, agreed: 1 }, Outcome::Failed),
        (StepFailure::not_reached(), Outcome::Failed),
        (StepFailure::OutcomeUnknown, Outcome::Unknown),
    ] {
        let mut stop = operation(Verb::Stop, None, &two()[0]);
        stop.steps[0].state = StepState::Failed { why };
        stop.ended = Some(Ended { at: at(1010), outcome });
        let told = said(&stop);
        let mut lines =
            told.lines().filter(|line| ["❌ S", "❔ S", "| What"].iter().any(|start| line.trim().starts_with(start)));
        writeln!(text, "{}\n  {}", lines.next().unwrap().trim(), lines.next().unwrap_or_default().trim()).unwrap();
    }
    insta::assert_snapshot!(text, @"
    ❌ Stop: not begun: who asked for it has lost the role for it since.
      | What to do next: Somebody who may can go on from here.
    ❌ Stop: not begun: it could not be told whether who asked for it still may.
      | What to do next: Somebody who may can go on from here.
    ❌ Stop: not begun: the environment was frozen meanwhile.
      | What to do next: Look at its status, then try again.
    ❌ Stop: not begun in time, so it was not begun at all.
      | What to do next: Look at its status, then try again.
    ❌ Stop: not begun: it would have left **0** healthy, and **1** was the least that was agreed to.
      | What to do next: Look at its status, then try again.
    ❌ Stop: it could not be sent. The lifecycle service could not be reached.
      | What to do next: Look at its status, then try again.
    ❔ Stop: the answer was lost, and nobody could be asked in time whether it was carried out.
      | What to do next: Look at its status before anything else: it may or may not have been carried out. Then ask again if needed.
    ");
}

#[test]
fn p11_a_restart_that_would_cost_too_much_says_what_it_would_leave() {
    let mut restart = operation(Verb::Restart, None, &two()[1]);
    restart.guidance.paused = Some(Pause { since: at(1000), why: Obstacle::TooFew { left: 0, agreed: 1 } });
    let told = said(&restart);
    insta::assert_snapshot!(told.lines().find(|line| line.contains("✋ **")).unwrap().trim(), @"✋ **Stopping billing-2 now would leave 0 healthy**, and 1 was the least that was agreed to. It goes on by itself once that is mended. If nobody decides, it ends <t:2800:R>.");
}
