//! A restart takes one connector at a time, and goes on only once it is seen healthy; where one does not come back it waits and
//! asks, and people say how it goes on.

use botswain::domain::action::{Action, Verb};
use botswain::domain::audit::Verdict;
use botswain::domain::ids::ConnectorId;
use botswain::domain::operation::guiding::{Obstacle, Wish};
use botswain::domain::operation::{Operation, Outcome, StepFailure, StepState};
use botswain::domain::request::{Refusal, Request, RequestState};
use botswain::operations::{Answer, Guided, Part, Said, Stepped};
use botswain::sandbox::lifecycle::Deed;

use crate::bench::{Bench, at};

async fn prompt(bench: &Bench, bot: &str) -> Request {
    let said = Said { environment: Some("production".into()), bot: Some(bot.into()), ..Said::default() };
    match bench.operations.ask(&bench.olga(), Verb::Restart, said, at(0)).await.unwrap() {
        Answer::Confirm(request) => request,
        other => panic!("who names no connector means all of them: {other:?}"),
    }
}

async fn begin(bench: &Bench, bot: &str) -> Operation {
    let request = prompt(bench, bot).await;
    bench.confirm(&bench.olga(), &request.id, at(0)).await.unwrap()
}

fn healthy(bench: &Bench, bot: &str) -> usize {
    let of_bot = bench.fleet().state().connectors.into_iter().map(|panel| panel.connector);
    let is_healthy = |c: &botswain::lifecycle::contract::Connector| {
        [&c.agent, &c.conversational_cloud, &c.bot_server] == ["Online", "Connected", "Connected"]
            && c.environment == "Production"
    };
    of_bot.filter(|c| c.bot.name == bot).filter(is_healthy).count()
}

/// Runs it, and says the lowest count of healthy connectors on the way.
async fn run(bench: &Bench, bot: &str, from: i64, to: i64) -> usize {
    let mut lowest = healthy(bench, bot);
    for second in from..to {
        while bench.runner.step(at(second)).await.unwrap() == Stepped::Worked {}
        if bench.store.open_operations().await.unwrap().is_empty() {
            break;
        }
        for _ in 0..4 {
            bench.fleet().step(250);
            lowest = lowest.min(healthy(bench, bot));
        }
    }
    lowest
}

async fn say(bench: &Bench, operation: &Operation, wish: Wish, second: i64) {
    let guided = bench.operations.guide(&bench.otto(), &operation.id, wish, at(second)).await.unwrap();
    assert!(matches!(guided, Guided::Told(said) if said == wish), "{guided:?}");
}

async fn why_it_waits(bench: &Bench, operation: &Operation) -> Option<Obstacle> {
    bench.operation(&operation.id).await.guidance.paused.map(|paused| paused.why)
}

async fn verdict_of(bench: &Bench, operation: &Operation) -> (Verdict, String) {
    let audit = bench.audit().await;
    let of: Vec<_> = audit.iter().filter(|entry| entry.about == operation.request.as_str()).collect();
    let [entry] = of.as_slice() else { panic!("one record: {of:?}") };
    (entry.verdict, entry.why.clone())
}

/// One that comes Online and is never connected.
async fn with_a_lame_one(bot: &str, connector: &str) -> (Bench, Operation) {
    let bench = Bench::new().await;
    bench.fleet().do_to(connector, Deed::NeverConnects { on: true }).unwrap();
    let operation = begin(&bench, bot).await;
    run(&bench, bot, 0, 330).await;
    let why = why_it_waits(&bench, &operation).await;
    assert_eq!(why, Some(Obstacle::NotBack { why: StepFailure::NotSeen }));
    (bench, operation)
}

#[tokio::test]
async fn p11_all_of_a_bot_is_restarted_one_at_a_time_and_never_lower_than_was_said() {
    let bench = Bench::new().await;
    let plan = prompt(&bench, "Orders Bot").await.plan.unwrap();
    assert_eq!(
        plan.impacts.iter().map(|i| (i.healthy_now, i.lowest, i.healthy_after)).collect::<Vec<_>>(),
        [(3, 2, 3)]
    );
    let operation = begin(&bench, "Orders Bot").await;
    assert_eq!(run(&bench, "Orders Bot", 0, 120).await, 2);
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    let each = ["orders-1", "orders-2", "orders-3"].map(|name| [format!("stop {name}"), format!("start {name}")]);
    assert_eq!(bench.deeds(), each.concat());
    assert_eq!(verdict_of(&bench, &operation).await.0, Verdict::Done);
}

#[tokio::test]
async fn a_single_connector_and_two_of_two_are_restarted_and_it_is_said_what_that_costs() {
    let bench = Bench::new().await;
    for (bot, costs) in [("FAQ Bot", (1, 0, 1)), ("Billing Bot", (2, 1, 2))] {
        let plan = prompt(&bench, bot).await.plan.unwrap();
        let impact = &plan.impacts[0];
        assert_eq!((impact.healthy_now, impact.lowest, impact.healthy_after), costs);
        assert!(impact.goes_below());
        let operation = begin(&bench, bot).await;
        assert_eq!(run(&bench, bot, 0, 120).await, usize::try_from(costs.1).unwrap());
        assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    }
}

#[tokio::test]
async fn what_is_not_healthy_is_restarted_first_and_what_is_stopped_is_left_alone() {
    let bench = Bench::new().await;
    bench.fleet().do_to("orders-1", Deed::StopElsewhere).unwrap();
    bench.fleet().do_to("orders-3", Deed::DisconnectCloud).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
    begin(&bench, "Orders Bot").await;
    run(&bench, "Orders Bot", 0, 120).await;
    assert_eq!(bench.deeds(), ["stop orders-3", "start orders-3", "stop orders-2", "start orders-2"]);
}

#[tokio::test]
async fn p11_where_one_does_not_come_back_it_waits_and_goes_on_by_itself_once_it_is_back() {
    let (bench, operation) = with_a_lame_one("Orders Bot", "orders-1").await;
    run(&bench, "Orders Bot", 330, 600).await;
    assert_eq!(bench.deeds(), ["stop orders-1", "start orders-1"], "nothing else is touched meanwhile");
    bench.fleet().do_to("orders-1", Deed::Recover).unwrap();
    run(&bench, "Orders Bot", 600, 720).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    assert_eq!(bench.deeds().len(), 6);
}

#[tokio::test]
async fn somebody_may_wait_on_or_leave_it_and_go_on_and_it_ends_as_failed() {
    let (bench, operation) = with_a_lame_one("Orders Bot", "orders-1").await;
    say(&bench, &operation, Wish::WaitOn, 340).await;
    run(&bench, "Orders Bot", 340, 630).await;
    assert_eq!(why_it_waits(&bench, &operation).await, None, "it has as long again");
    run(&bench, "Orders Bot", 630, 660).await;
    assert!(why_it_waits(&bench, &operation).await.is_some());
    // Three were healthy, and two at the lowest were agreed to: with one lost, no other may be stopped.
    say(&bench, &operation, Wish::Skip, 660).await;
    run(&bench, "Orders Bot", 660, 700).await;
    assert_eq!(why_it_waits(&bench, &operation).await, Some(Obstacle::TooFew { left: 1, agreed: 2 }));
    assert_eq!(bench.deeds().len(), 2);
    bench.fleet().do_to("orders-1", Deed::Recover).unwrap();
    run(&bench, "Orders Bot", 700, 900).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.unwrap().outcome, Outcome::Failed, "one was left behind");
    assert_eq!(bench.deeds().len(), 6, "and the others were restarted");
    assert!(verdict_of(&bench, &operation).await.1.contains("orders-1: start: said to be done, and not seen in time"));
}

#[tokio::test]
async fn p6_a_restart_that_waits_ends_by_itself_when_nobody_decides() {
    let (bench, operation) = with_a_lame_one("Billing Bot", "billing-1").await;
    bench.run(2_000, 200).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.unwrap().outcome, Outcome::Failed);
    assert_eq!(bench.deeds(), ["stop billing-1", "start billing-1"]);
}

#[tokio::test]
async fn p3_ended_between_two_connectors_the_next_is_not_touched_and_what_is_stopped_is_started() {
    let bench = Bench::new().await;
    let operation = begin(&bench, "Orders Bot").await;
    bench.drain(at(0)).await;
    say(&bench, &operation, Wish::Halt, 1).await;
    run(&bench, "Orders Bot", 1, 120).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Halted);
    assert_eq!(bench.deeds(), ["stop orders-1", "start orders-1"]);
    assert_eq!(healthy(&bench, "Orders Bot"), 3);
    let (verdict, why) = verdict_of(&bench, &operation).await;
    assert_eq!(verdict, Verdict::Cancelled);
    assert!(why.contains("ended early by Otto"), "{why}");
    let over = bench.operations.guide(&bench.otto(), &operation.id, Wish::Halt, at(130)).await.unwrap();
    assert!(matches!(over, Guided::Over), "{over:?}");
}

#[tokio::test]
async fn p3_a_redeploy_that_is_ended_before_the_move_is_started_where_it_was() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    bench.drain(at(0)).await;
    say(&bench, &operation, Wish::Halt, 1).await;
    run(&bench, "Billing Bot", 1, 120).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.unwrap().outcome, Outcome::Halted);
    assert_eq!(bench.deeds(), ["stop billing-1", "start billing-1"]);
    assert_eq!(healthy(&bench, "Billing Bot"), 2);
}

#[tokio::test]
async fn p4_only_who_may_restart_says_how_it_goes_on() {
    let bench = Bench::new().await;
    let operation = begin(&bench, "Orders Bot").await;
    bench.drain(at(0)).await;
    let refused = bench.operations.guide(&bench.vera(), &operation.id, Wish::Halt, at(1)).await.unwrap();
    assert!(matches!(refused, Guided::Refused(Refusal::Denied { .. })), "{refused:?}");
    run(&bench, "Orders Bot", 1, 120).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    let denied = bench.audit().await.iter().filter(|entry| entry.verdict == Verdict::Denied).count();
    assert_eq!(denied, 1);
}

#[tokio::test]
async fn p3_a_role_lost_during_a_restart_keeps_the_next_from_being_stopped_and_the_start_finishes() {
    let bench = Bench::new().await;
    let operation = begin(&bench, "Orders Bot").await;
    bench.drain(at(0)).await;
    bench.set_roles_of_olga(&[]).await;
    run(&bench, "Orders Bot", 0, 120).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(bench.deeds(), ["stop orders-1", "start orders-1"]);
    let failed = ended.steps.iter().find(|step| matches!(step.state, StepState::Failed { .. })).unwrap();
    assert_eq!((&failed.action, &failed.state), (&Action::Stop, &StepState::Failed { why: StepFailure::RoleLost }));
    assert_eq!(healthy(&bench, "Orders Bot"), 3);
}

#[tokio::test]
async fn p11_a_peer_that_drops_meanwhile_keeps_the_next_from_being_stopped() {
    let bench = Bench::new().await;
    let operation = begin(&bench, "Orders Bot").await;
    bench.drain(at(0)).await;
    bench.fleet().do_to("orders-3", Deed::Drop).unwrap();
    run(&bench, "Orders Bot", 0, 60).await;
    assert_eq!(why_it_waits(&bench, &operation).await, Some(Obstacle::TooFew { left: 1, agreed: 2 }));
    assert_eq!(bench.deeds(), ["stop orders-1", "start orders-1"]);
    bench.fleet().do_to("orders-3", Deed::Recover).unwrap();
    run(&bench, "Orders Bot", 60, 180).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
}

#[tokio::test]
async fn some_of_a_bot_are_chosen_in_the_prompt_for_all_of_it_which_is_cancelled_by_that() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let all = prompt(&bench, "Orders Bot").await;
    assert!(all.is_narrowed_by_its_prompt() && all.plan.as_ref().unwrap().connectors.len() == 3);
    let keys = ["orders-3", "orders-1"].map(|name| ConnectorId::new(name).key().to_string());
    let stranger = bench.operations.choose(&bench.otto(), &all.id, Part::Connector, &keys, at(1)).await.unwrap();
    assert!(matches!(stranger, Answer::Refused(Refusal::SomebodyElses { .. })), "{stranger:?}");
    let some = match bench.operations.choose(&olga, &all.id, Part::Connector, &keys, at(1)).await.unwrap() {
        Answer::Confirm(request) => request,
        other => panic!("all is known: {other:?}"),
    };
    assert_ne!(some.id, all.id, "a plan that was shown stays as it was");
    assert_eq!(some.plan.as_ref().unwrap().names().collect::<Vec<_>>(), ["orders-3", "orders-1"]);
    assert!(!some.is_narrowed_by_its_prompt());
    let late = bench.confirm(&olga, &all.id, at(2)).await.unwrap_err();
    assert_eq!(
        late,
        Refusal::Settled { state: RequestState::Cancelled },
        "p3: a press that was on its way begins nothing"
    );
    let again = bench.operations.choose(&olga, &all.id, Part::Connector, &keys, at(2)).await.unwrap();
    assert!(matches!(again, Answer::Refused(Refusal::Settled { .. })), "{again:?}");
    bench.confirm(&olga, &some.id, at(2)).await.unwrap();
    assert_eq!(run(&bench, "Orders Bot", 2, 900).await, 2, "never more than one at a time");
    let deeds = ["stop orders-3", "start orders-3", "stop orders-1", "start orders-1"];
    assert_eq!(bench.deeds(), deeds);
    let mut verdicts: Vec<_> = bench.audit().await.iter().map(|entry| entry.verdict.word()).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["cancelled", "denied", "done"], "p10: each has one record");
}
