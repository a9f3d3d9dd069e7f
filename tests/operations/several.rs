//! Several connectors of a bot at once: one plan, one operation, a line each.

use botswain::domain::action::{Action, Verb};
use botswain::domain::audit::Verdict;
use botswain::domain::operation::{Operation, Outcome, StepFailure, StepState};
use botswain::domain::request::{Refusal, Request};
use botswain::operations::{Answer, Asker, Said, Stepped};
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};

use crate::bench::{Bench, CHANGES, at};

/// What is asked is narrowed by the menu of connectors, of which these are chosen.
async fn chosen(bench: &Bench, asker: &Asker, verb: Verb, bot: &str, names: &[&str], second: i64) -> Request {
    let said = Said { environment: Some("production".into()), bot: Some(bot.into()), ..Said::default() };
    let Answer::Choose(menu) = bench.operations.ask(asker, verb, said, at(second)).await.unwrap() else {
        panic!("there is more than one connector to choose from");
    };
    let value = |name: &&str| menu.choices.iter().find(|choice| choice.label == **name).unwrap().value.clone();
    let values: Vec<_> = names.iter().map(value).collect();
    match bench.operations.choose(asker, &menu.request.id, menu.part, &values, at(second)).await.unwrap() {
        Answer::Confirm(request) => request,
        other => panic!("all is chosen: {other:?}"),
    }
}

fn states(operation: &Operation) -> Vec<&StepState> {
    operation.steps.iter().map(|step| &step.state).collect()
}

async fn stop_elsewhere(bench: &Bench, names: &[&str]) {
    for name in names {
        bench.fleet().do_to(name, Deed::StopElsewhere).unwrap();
    }
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
}

#[tokio::test]
async fn several_are_stopped_by_one_operation_that_was_planned_as_a_whole() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = chosen(&bench, &olga, Verb::Stop, "Orders Bot", &["orders-3", "orders-1"], 0).await;
    let impact = &request.plan.as_ref().unwrap().impacts[0];
    assert_eq!((impact.healthy_now, impact.lowest, impact.left_waiting), (3, 1, Some(85)));
    let operation = bench.confirm(&olga, &request.id, at(0)).await.unwrap();
    assert_eq!(operation.targets.names(), "orders-3, orders-1");
    bench.run(0, 30).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Done, "{ended:#?}");
    assert!(ended.targets.iter().all(|target| target.seen.as_ref().unwrap().is_down()));
    assert_eq!(bench.deeds(), ["stop orders-3", "stop orders-1"]);
    let audit = bench.audit().await;
    assert_eq!((audit.len(), audit[0].verdict, audit[0].touched.len()), (1, Verdict::Done, 2));
    assert!(audit[0].touched.iter().all(|touched| touched.before.is_some() && touched.after.is_some()));
}

#[tokio::test]
async fn several_starts_do_not_wait_for_each_other() {
    let bench = Bench::new().await;
    stop_elsewhere(&bench, &["orders-1", "orders-2"]).await;
    let olga = bench.olga();
    let request = chosen(&bench, &olga, Verb::Start, "Orders Bot", &["orders-1", "orders-2"], 0).await;
    let operation = bench.confirm(&olga, &request.id, at(0)).await.unwrap();
    bench.drain(at(0)).await;
    assert_eq!(bench.deeds(), ["start orders-1", "start orders-2"], "both are under way at once");
    let took = bench.run(0, 600).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    stop_elsewhere(&bench, &["orders-1"]).await;
    let alone = bench.begin(&olga, Verb::Start, "orders-1", None, at(1_000)).await;
    let alone_took = bench.run(1_000, 600).await - 1_000;
    assert_eq!(bench.operation(&alone.id).await.ended.unwrap().outcome, Outcome::Done);
    assert!(took <= alone_took + 2, "two took {took} s, one alone {alone_took} s");
}

#[tokio::test]
async fn one_that_fails_keeps_no_other_from_its_end_and_is_named() {
    let bench = Bench::new().await;
    stop_elsewhere(&bench, &["orders-1", "orders-2"]).await;
    bench.fleet().do_to("orders-1", Deed::StartRefused { on: true }).unwrap();
    let olga = bench.olga();
    let request = chosen(&bench, &olga, Verb::Start, "Orders Bot", &["orders-1", "orders-2"], 0).await;
    let operation = bench.confirm(&olga, &request.id, at(0)).await.unwrap();
    bench.run(0, 600).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed);
    let [StepState::Failed { why: StepFailure::Refused { .. } }, StepState::Done] = states(&ended)[..] else {
        panic!("{ended:#?}");
    };
    let audit = bench.audit().await;
    assert_eq!((audit.len(), audit[0].verdict), (1, Verdict::Failed));
    assert!(audit[0].why.starts_with("orders-1: start: "), "{}", audit[0].why);
}

#[tokio::test]
async fn p11_of_several_none_is_stopped_if_together_they_cost_more_by_then() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = chosen(&bench, &olga, Verb::Stop, "Orders Bot", &["orders-1", "orders-2"], 0).await;
    let operation = bench.confirm(&olga, &request.id, at(0)).await.unwrap();
    bench.fleet().do_to("orders-3", Deed::Drop).unwrap();
    bench.run(0, 30).await;
    let ended = bench.operation(&operation.id).await;
    let why = StepFailure::CostsMore { left: 0, agreed: 1 };
    assert!(ended.steps.iter().all(|step| step.state == StepState::Failed { why: why.clone() }), "{ended:#?}");
    assert!(bench.deeds().is_empty());
    assert_eq!(bench.audit().await.len(), 1);
}

#[tokio::test]
async fn p3_answers_that_were_lost_are_asked_after_for_each_and_nothing_is_sent_twice() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let names = ["orders-1", "orders-2", "orders-3"];
    let request = chosen(&bench, &olga, Verb::Stop, "Orders Bot", &names, 0).await;
    let operation = bench.confirm(&olga, &request.id, at(0)).await.unwrap();
    let route = Some(CHANGES.to_owned());
    bench.fleet().add_fault(Fault { route, ..Fault::from(FaultKind::AcceptThenDrop) });
    // Each is sent, and each answer is lost.
    for second in 0..20 {
        while bench.runner.step(at(second)).await.unwrap() == Stepped::Worked {}
    }
    bench.fleet().clear_faults();
    bench.run(20, 60).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Done, "{ended:#?}");
    let mut deeds = bench.deeds();
    deeds.sort();
    assert_eq!(deeds, ["stop orders-1", "stop orders-2", "stop orders-3"]);
}

#[tokio::test]
async fn p3_a_role_that_is_lost_in_between_keeps_the_further_ones_from_being_stopped() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = chosen(&bench, &olga, Verb::Stop, "Orders Bot", &["orders-1", "orders-2"], 0).await;
    let operation = bench.confirm(&olga, &request.id, at(0)).await.unwrap();
    bench.takes_roles_from(&olga).await;
    bench.run(0, 60).await;
    let ended = bench.operation(&operation.id).await;
    let [StepState::Done, StepState::Failed { why: StepFailure::RoleLost }] = states(&ended)[..] else {
        panic!("{ended:#?}");
    };
    assert_eq!(bench.deeds(), ["stop orders-1"]);
}

#[tokio::test]
async fn a_click_is_refused_when_one_of_several_changed() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = chosen(&bench, &olga, Verb::Stop, "Orders Bot", &["orders-1", "orders-2"], 0).await;
    bench.fleet().do_to("orders-2", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    let refused = bench.confirm(&olga, &request.id, at(1)).await;
    assert!(matches!(refused, Err(Refusal::Drifted { .. })), "{refused:?}");
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn a_redeploy_that_is_asked_to_start_what_it_moves_does_so_as_one_operation() {
    let bench = Bench::new().await;
    stop_elsewhere(&bench, &["billing-1"]).await;
    let olga = bench.olga();
    let said =
        Said { connector: Some("billing-1".into()), to: Some("demo".into()), then_start: true, ..Said::default() };
    let Answer::Confirm(request) = bench.operations.ask(&olga, Verb::Redeploy, said, at(0)).await.unwrap() else {
        panic!("all was said");
    };
    let steps = &request.plan.as_ref().unwrap().connectors[0].steps;
    assert!(matches!(steps[..], [Action::Redeploy { .. }, Action::Start]), "{steps:?}");
    let operation = bench.confirm(&olga, &request.id, at(0)).await.unwrap();
    bench.run(0, 120).await;
    assert_eq!(bench.operation(&operation.id).await.ended.unwrap().outcome, Outcome::Done);
    assert_eq!(bench.deeds(), ["redeploy billing-1", "start billing-1"]);
}
