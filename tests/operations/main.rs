//! Requests and operations: what may be begun, by whom, once, and what becomes of it when things go wrong in the middle.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod approvals;
mod bench;
mod doubts;
mod foretold;
mod freezes;
mod glass;
mod guards;
mod leaving;
mod meddling;
mod progress;
mod record;
mod restart;
mod several;
mod table;
#[path = "../description/witness.rs"]
mod witness;

use std::collections::BTreeMap;
use std::time::Duration;

use botswain::domain::action::{CannotDo, Verb};
use botswain::domain::audit::Verdict;
use botswain::domain::authority::{Grants, OwnGrants};
use botswain::domain::connector::Environment;
use botswain::domain::ids::RoleId;
use botswain::domain::operation::{Outcome, StepFailure, StepState};
use botswain::domain::pace::{Limits, TooMany, Whose};
use botswain::domain::plan::Drift;
use botswain::domain::policy::{Own, OwnOfEnvironment, Policy};
use botswain::domain::request::{Refusal, RequestState};
use botswain::operations::{Answer, Said, Settled};
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};
use botswain::store::operations::{Leased, Saved, Then};

use bench::{Bench, CHANGES, TTL, at};

#[tokio::test]
async fn a_stop_is_carried_out_once_and_ends_when_it_is_seen() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let operation = bench.begin(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    bench.run(0, 30).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Done);
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    let audit = bench.audit().await;
    assert_eq!((audit.len(), audit[0].verdict), (1, Verdict::Done));
    assert_eq!(audit[0].about, operation.request.to_string());
}

#[tokio::test]
async fn p3_pressed_by_many_at_once_a_prompt_begins_one_operation() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    let presses = (0..20).map(|_| bench.operations.confirm_typed(&olga, &request.id, "Billing Bot", at(1)));
    let settled = futures_util::future::join_all(presses).await;
    let begun = settled.iter().filter(|s| matches!(s, Ok(Settled::Begun(_)))).count();
    assert_eq!(begun, 1);
    bench.run(1, 30).await;
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    assert_eq!(bench.audit().await.len(), 1);
}

#[tokio::test]
async fn p3_nothing_is_begun_after_the_prompt_expired_or_was_cancelled() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let late = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    let over = at(0).checked_add(TTL).unwrap();
    assert_eq!(bench.confirm(&olga, &late.id, over).await, Err(Refusal::Expired));
    let cancelled = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    assert!(matches!(bench.operations.cancel(&olga, &cancelled.id, at(1)).await.unwrap(), Settled::Cancelled));
    let settled = Refusal::Settled { state: RequestState::Cancelled };
    assert_eq!(bench.confirm(&olga, &cancelled.id, at(2)).await, Err(settled));
    bench.run(200, 5).await;
    assert!(bench.deeds().is_empty());
    let verdicts: Vec<_> = bench.audit().await.iter().map(|entry| entry.verdict).collect();
    assert_eq!(verdicts, [Verdict::Cancelled, Verdict::Expired]);
}

#[tokio::test]
async fn p3_a_start_is_not_begun_when_its_time_ends_while_the_press_is_being_judged() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
    let request = bench.prompt(&olga, Verb::Start, "billing-1", None, at(0)).await;
    bench.fleet().add_fault(FaultKind::Hang);
    let last_moment = request.expires_at.checked_sub(Duration::from_millis(50)).unwrap();
    assert_eq!(bench.confirm(&olga, &request.id, last_moment).await, Err(Refusal::Expired));
    bench.fleet().clear_faults();
    let audit = bench.audit().await;
    assert_eq!((audit.len(), audit[0].verdict), (1, Verdict::Expired));
}

#[tokio::test]
async fn p3_a_prompt_that_is_cancelled_while_the_press_is_being_judged_begins_nothing() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    // The fresh reading takes a while, and the cancelling press comes meanwhile.
    bench.fleet().add_fault(FaultKind::Slow { ms: 300 });
    let (confirmed, cancelled) =
        tokio::join!(bench.confirm(&olga, &request.id, at(1)), bench.operations.cancel(&olga, &request.id, at(1)));
    assert!(matches!(cancelled.unwrap(), Settled::Cancelled));
    assert_eq!(confirmed, Err(Refusal::Settled { state: RequestState::Cancelled }));
    bench.fleet().clear_faults();
    bench.run(2, 5).await;
    assert!(bench.deeds().is_empty());
    assert_eq!(bench.audit().await.len(), 1);
}

#[tokio::test]
async fn p10_a_prompt_that_nobody_answers_expires_with_its_record() {
    let bench = Bench::new().await;
    bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    assert_eq!(bench.operations.expire(at(119)).await.unwrap(), 0);
    assert_eq!(bench.operations.expire(at(120)).await.unwrap(), 1);
    assert_eq!(bench.operations.expire(at(121)).await.unwrap(), 0);
    let audit = bench.audit().await;
    assert_eq!((audit.len(), audit[0].verdict), (1, Verdict::Expired));
}

#[tokio::test]
async fn p3_an_answer_that_was_lost_is_asked_after_by_its_key_and_never_repeated() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let operation = bench.begin(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    bench.fleet().add_fault(Fault { route: Some(CHANGES.to_owned()), ..Fault::from(FaultKind::AcceptThenDrop) });
    bench.drain(at(0)).await;
    let state = bench.operation(&operation.id).await.steps[0].state.clone();
    assert_eq!(state, StepState::Uncertain, "whether it was carried out is not known yet");
    bench.fleet().clear_faults();
    bench.run(5, 30).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    assert_eq!(bench.deeds(), ["stop billing-1"]);
}

#[tokio::test]
async fn p6_after_a_crash_between_writing_and_sending_the_step_is_sent_once() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    // What the store holds when the process dies with the step written down and not sent.
    let Leased { operation: mut leased, lease } =
        bench.store.lease_operation(Duration::from_secs(1), at(0)).await.unwrap().unwrap();
    leased.steps[0].state = StepState::Sending;
    leased.steps[0].began_at = Some(at(0));
    let due = Then::Release { due: Duration::ZERO };
    assert_eq!(bench.store.save_operation(&leased, &lease, due, at(0)).await.unwrap(), Saved::Now);
    bench.run(2, 30).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    let asked = bench.fleet().requests().iter().any(|r| r.method == "GET" && r.path.contains("idempotency_key"));
    assert!(asked, "the key is asked after before it is sent again");
}

#[tokio::test]
async fn p6_what_was_carried_out_while_nobody_looked_is_seen_before_it_is_given_up() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    bench.drain(at(0)).await;
    bench.fleet().step(10_000);
    // The process was away for longer than a stop may take.
    bench.run(1_000, 120).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Done, "{ended:#?}");
    assert_eq!(bench.deeds(), ["stop billing-1", "redeploy billing-1", "start billing-1"]);
}

#[tokio::test]
async fn an_operation_ends_in_time_however_long_the_service_wants_to_be_left_alone() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.fleet().add_fault(FaultKind::RateLimit { retry_after: 3_600 });
    let over = bench.run(0, 200).await;
    let ended = bench.operation(&operation.id).await;
    assert!(matches!(ended.steps[0].state, StepState::Failed { why: StepFailure::NotSent { .. } }), "{ended:#?}");
    assert!((120..=122).contains(&over), "a stop may take two minutes, and it took {over} s");
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p3_a_stop_that_lay_for_long_is_not_begun() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.run(3_600, 5).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed);
    assert_eq!(ended.steps[0].state, StepState::Failed { why: StepFailure::TooLate });
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p3_a_role_lost_in_the_middle_keeps_a_redeploy_from_moving_on() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let operation = bench.begin(&olga, Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    bench.set_roles_of_olga(&[]).await;
    bench.run(0, 60).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.steps[0].state, StepState::Done, "the stop was begun before");
    assert_eq!(ended.steps[1].state, StepState::Failed { why: StepFailure::RoleLost });
    assert_eq!(bench.deeds(), ["stop billing-1"]);
}

#[tokio::test]
async fn a_redeploy_of_a_running_connector_is_stop_redeploy_start_as_one_operation() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    bench.run(0, 120).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Done, "{ended:#?}");
    assert_eq!(bench.deeds(), ["stop billing-1", "redeploy billing-1", "start billing-1"]);
    assert_eq!(bench.audit().await.len(), 1);
}

#[tokio::test]
async fn a_start_that_never_comes_up_is_given_up_and_said_not_to_be_seen() {
    let bench = Bench::new().await;
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.fleet().do_to("billing-1", Deed::NeverConnects { on: true }).unwrap();
    bench.look(at(0)).await;
    let operation = bench.begin(&bench.olga(), Verb::Start, "billing-1", None, at(0)).await;
    let over = bench.run(0, 600).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed);
    assert_eq!(ended.steps[0].state, StepState::Failed { why: StepFailure::NotSeen });
    assert!((300..=302).contains(&over), "the start grace is five minutes, and it took {over} s");
}

#[tokio::test]
async fn p4_a_viewer_is_refused_and_a_stranger_cannot_settle_what_somebody_else_asked() {
    let bench = Bench::new().await;
    let denied = bench.ask(&bench.vera(), Verb::Stop, "billing-1", None, at(0)).await;
    assert!(matches!(denied, Answer::Refused(Refusal::Denied { .. })), "{denied:?}");
    let request = bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    for stranger in [Bench::vera, Bench::otto] {
        let refused = bench.confirm(&stranger(&bench), &request.id, at(1)).await;
        assert!(matches!(refused, Err(Refusal::SomebodyElses { .. })), "{refused:?}");
        let refused = bench.operations.cancel(&stranger(&bench), &request.id, at(1)).await.unwrap();
        assert!(matches!(refused, Settled::Refused(Refusal::SomebodyElses { .. })));
    }
    assert!(bench.confirm(&bench.olga(), &request.id, at(2)).await.is_ok(), "the prompt is still hers");
    let denied = bench.audit().await.iter().filter(|entry| entry.verdict == Verdict::Denied).count();
    assert_eq!(denied, 5, "each refused attempt has its record");
}

#[tokio::test]
async fn where_it_is_configured_a_start_begins_at_once_and_nothing_else_does() {
    let bench = Bench::with(|config| {
        let own = Own { start_at_once: Some(true), ..Own::default() };
        let own = OwnOfEnvironment { all: own, ..OwnOfEnvironment::default() };
        let everywhere = config.policy.everywhere().clone();
        let places = BTreeMap::from([(Environment::new("production"), own)]);
        config.policy = Policy::new(everywhere, config.policy.watched.clone(), places);
    })
    .await;
    bench.prompt(&bench.olga(), Verb::Stop, "billing-2", None, at(0)).await;
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
    bench.fleet().do_to("orders-1", Deed::DisconnectCloud).unwrap();
    bench.look(at(0)).await;
    // What hangs is stopped first, and that is asked as ever.
    let hangs = bench.prompt(&bench.olga(), Verb::Start, "orders-1", None, at(0)).await;
    assert!(hangs.plan.unwrap().stops());
    let refused = bench.ask(&bench.vera(), Verb::Start, "billing-1", None, at(0)).await;
    assert!(matches!(refused, Answer::Refused(Refusal::Denied { .. })), "{refused:?}");
    let begun = bench.ask(&bench.olga(), Verb::Start, "billing-1", None, at(0)).await;
    assert!(matches!(begun, Answer::Begun(_)), "{begun:?}");
    let again = bench.ask(&bench.otto(), Verb::Start, "billing-1", None, at(0)).await;
    assert!(matches!(again, Answer::Refused(Refusal::Busy { .. })), "{again:?}");
    bench.run(0, 600).await;
    assert_eq!(bench.deeds(), ["start billing-1"]);
    let done = bench.audit().await.into_iter().filter(|entry| entry.verdict == Verdict::Done).count();
    assert_eq!(done, 1);
}

#[tokio::test]
async fn too_many_changes_in_a_short_time_are_refused_and_starts_never_are() {
    let bench = Bench::with(|config| config.policy.limits = Limits { per_person: 1, per_environment: 2 }).await;
    let asked_before = bench.prompt(&bench.olga(), Verb::Stop, "orders-1", None, at(0)).await;
    bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.run(0, 60).await;
    let too_many =
        |whose, second| TooMany { most: if whose == Whose::Person { 1 } else { 2 }, whose, again_at: at(second) };
    let refused = bench.confirm(&bench.olga(), &asked_before.id, at(60)).await.unwrap_err();
    assert_eq!(refused, Refusal::TooMany { too_many: too_many(Whose::Person, 600) }, "judged at the click");
    bench.begin(&bench.otto(), Verb::Redeploy, "orders-2", Some("demo"), at(60)).await;
    bench.run(60, 120).await;
    bench.look(at(200)).await;
    let refused = bench.ask(&bench.asks("Mia"), Verb::Stop, "faq-1", None, at(200)).await;
    let production = Whose::Environment { environment: Environment::new("production") };
    let expected = Refusal::TooMany { too_many: too_many(production, 600) };
    assert!(matches!(&refused, Answer::Refused(refused) if *refused == expected), "{refused:?}");
    bench.begin(&bench.olga(), Verb::Start, "billing-1", None, at(200)).await;
    bench.prompt(&bench.asks("Mia"), Verb::Stop, "faq-1", None, at(600)).await;
    let denied = bench.audit().await.into_iter().filter(|entry| entry.verdict == Verdict::Denied).count();
    assert_eq!(denied, 2, "p10: each refusal has its record");
}

#[tokio::test]
async fn p4_authority_is_judged_again_at_the_click() {
    let bench = Bench::new().await;
    let mut olga = bench.olga();
    let request = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    olga.member.roles.clear();
    let refused = bench.confirm(&olga, &request.id, at(1)).await;
    assert!(matches!(refused, Err(Refusal::Denied { .. })), "{refused:?}");
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p4_a_redeploy_needs_the_role_in_the_target_environment_too() {
    let bench = Bench::with(|config| {
        let own = OwnGrants { all: Grants::to(&[RoleId(99)]), bots: BTreeMap::new() };
        config.authority.places = BTreeMap::from([(Environment::new("demo"), own)]);
    })
    .await;
    let refused = bench.ask(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    assert!(matches!(refused, Answer::Refused(Refusal::Denied { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_second_of_two_operators_is_told_who_was_first() {
    let bench = Bench::new().await;
    let (olga, otto) = (bench.olga(), bench.otto());
    let first = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    let second = bench.prompt(&otto, Verb::Stop, "billing-2", None, at(0)).await;
    let operation = bench.confirm(&olga, &first.id, at(1)).await.unwrap();
    let busy = bench.confirm(&otto, &second.id, at(1)).await.unwrap_err();
    assert!(
        matches!(&busy, Refusal::Busy { by, operation: other, .. } if by.name == "Olga" && *other == operation.id),
        "{busy:?}"
    );
    bench.run(1, 30).await;
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    assert_eq!(bench.audit().await.len(), 2);
}

#[tokio::test]
async fn a_click_is_refused_when_the_connector_changed_or_the_impact_got_worse() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let changed = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    let refused = bench.confirm(&olga, &changed.id, at(1)).await;
    assert!(
        matches!(&refused, Err(Refusal::Drifted { drifts }) if matches!(drifts[..], [Drift::Changed { .. }])),
        "{refused:?}"
    );
    let worse = bench.prompt(&olga, Verb::Stop, "orders-1", None, at(2)).await;
    bench.fleet().do_to("orders-2", Deed::Drop).unwrap();
    let refused = bench.confirm(&olga, &worse.id, at(3)).await;
    assert!(
        matches!(&refused, Err(Refusal::Drifted { drifts }) if matches!(drifts[..], [Drift::Worse { .. }])),
        "{refused:?}"
    );
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p5_a_stop_is_refused_when_the_state_cannot_be_read_and_a_start_goes_on() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    bench.fleet().do_to("billing-2", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
    let stop = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    let start = bench.prompt(&olga, Verb::Start, "billing-2", None, at(0)).await;
    bench.fleet().add_fault(FaultKind::ServerError { status: 503 });
    let refused = bench.confirm(&olga, &stop.id, at(1)).await;
    assert!(matches!(refused, Err(Refusal::CannotRead { .. })), "{refused:?}");
    let operation = bench.confirm(&olga, &start.id, at(1)).await.unwrap();
    bench.fleet().clear_faults();
    bench.run(40, 60).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
}

#[tokio::test]
async fn p5_a_connector_whose_record_cannot_be_understood_is_not_said_to_be_gone() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    bench.fleet().do_to("billing-2", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
    let stop = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    let start = bench.prompt(&olga, Verb::Start, "billing-2", None, at(0)).await;
    for connector in ["billing-1", "billing-2"] {
        bench.fleet().add_fault(FaultKind::MalformedRecord { connector: connector.to_owned() });
    }
    let refused = bench.confirm(&olga, &stop.id, at(1)).await;
    assert!(matches!(refused, Err(Refusal::CannotRead { .. })), "{refused:?}");
    assert!(bench.confirm(&olga, &start.id, at(1)).await.is_ok(), "the service judges a start");
}

#[tokio::test]
async fn a_prompt_says_what_its_button_does_whatever_was_chosen_meanwhile() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let said = Said { environment: Some("production".into()), bot: Some("Billing Bot".into()), ..Said::default() };
    let Answer::Choose(menu) = bench.operations.ask(&olga, Verb::Stop, said, at(0)).await.unwrap() else {
        panic!("two connectors are there to choose from");
    };
    let [first, second] = [0, 1].map(|place: usize| menu.choices[place].value.clone());
    let pick = async |value: &str| match bench
        .operations
        .choose(&olga, &menu.request.id, menu.part, &[value.to_owned()], at(1))
        .await
    {
        Ok(Answer::Confirm(request)) => request,
        other => panic!("expected a prompt: {other:?}"),
    };
    let (one, two) = tokio::join!(pick(&first), pick(&second));
    assert_eq!(one.plan, two.plan, "one message shows both answers, and nobody knows which comes last");
    let Ok(Answer::Confirm(again)) = bench.operations.again(&olga, &menu.request.id, at(60)).await else {
        panic!("the prompt still stands");
    };
    assert_eq!((&again.plan, again.expires_at), (&one.plan, one.expires_at), "to look again buys no time");
    let operation = bench.confirm(&olga, &menu.request.id, at(61)).await.unwrap();
    assert_eq!(operation.targets[0].name, one.plan.unwrap().connectors[0].name);
}

#[tokio::test]
async fn what_the_service_would_refuse_is_refused_before_it_is_asked() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let running = bench.ask(&olga, Verb::Start, "billing-1", None, at(0)).await;
    let why = |answer: Answer| match answer {
        Answer::Refused(Refusal::CannotDo { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(running), CannotDo::AlreadyRunning);
    let same = bench.ask(&olga, Verb::Redeploy, "billing-1", Some("Production"), at(0)).await;
    assert_eq!(why(same), CannotDo::SameEnvironment);
}
