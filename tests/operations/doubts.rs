//! P11: nobody counts on a connector that an earlier call may take away yet, until the service says that nothing more comes of it.

use botswain::domain::action::{Action, Verb};
use botswain::domain::authority::Person;
use botswain::domain::connector::Environment;
use botswain::domain::ids::{BotId, ConnectorId};
use botswain::domain::operation::{Operation, Outcome, StepFailure, StepState};
use botswain::domain::plan::{Consent, Drift};
use botswain::domain::request::Refusal;
use botswain::lifecycle::Change;
use botswain::lifecycle::contract::ProblemKind;
use botswain::operations::ToFreeze;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};

use crate::bench::{Bench, CHANGES, at};

/// Steps the runner alone: the fleet stands still.
async fn run_blind(bench: &Bench, seconds: std::ops::Range<i64>) {
    for second in seconds {
        bench.drain(at(second)).await;
    }
}

/// A stop of billing-1 that was given up while the service failed like this, or took no step further.
async fn given_up(fault: Option<Fault>) -> (Bench, Operation) {
    given_up_on("billing-1", fault).await
}

/// The same of another connector.
async fn given_up_on(connector: &str, fault: Option<Fault>) -> (Bench, Operation) {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, connector, None, at(0)).await;
    if let Some(fault) = fault {
        bench.fleet().add_fault(fault);
    }
    run_blind(&bench, 0..130).await;
    bench.fleet().clear_faults();
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Unknown, "{ended:#?}");
    (bench, ended)
}

/// What a stop of billing-2 would leave at the lowest, whom it does not count on, and whether the bot's name is to be typed.
async fn stop_of_the_other(bench: &Bench, second: i64) -> (u32, Vec<String>, Consent) {
    bench.look(at(second)).await;
    let plan = bench.prompt(&bench.otto(), Verb::Stop, "billing-2", None, at(second)).await.plan.unwrap();
    let impact = plan.impacts.first().unwrap();
    (impact.lowest, impact.in_doubt.clone(), plan.consent())
}

/// The first call of an operation, as it comes late.
async fn late_call(bench: &Bench, operation: &Operation) -> Option<ProblemKind> {
    let connector = ConnectorId::new("billing-1");
    let Person { name, .. } = &operation.requester;
    let step = operation.steps.first().unwrap();
    let (key, revision) = (&step.key, step.revision.as_ref());
    let change =
        Change { connector: &connector, action: &Action::Stop, revision, key, requested_by: name, reason: None };
    bench.lifecycle.begin(&change).await.err().and_then(|error| error.problem())
}

#[tokio::test]
async fn p11_a_stop_that_is_under_way_after_its_operation_ended_as_unknown_is_not_counted_on() {
    let (bench, _) = given_up(None).await;
    let typed = || Consent::Typed("Billing Bot".to_owned());
    assert_eq!(stop_of_the_other(&bench, 131).await, (0, vec!["billing-1".to_owned()], typed()));
    // The service is still at it, so asking settles nothing.
    bench.runner.settle_doubts(at(132)).await.unwrap();
    assert_eq!(bench.store.doubts().await.unwrap().len(), 1);
    bench.fleet().step(5_000);
    bench.runner.settle_doubts(at(150)).await.unwrap();
    assert!(bench.store.doubts().await.unwrap().is_empty());
    assert_eq!(stop_of_the_other(&bench, 151).await, (0, Vec::new(), typed()), "it is stopped by now");
}

#[tokio::test]
async fn p11_a_call_that_the_service_does_not_know_is_withdrawn_and_nothing_comes_of_it_later() {
    let fault = Fault { route: Some(CHANGES.to_owned()), ..Fault::from(FaultKind::Drop) };
    let (bench, operation) = given_up(Some(fault)).await;
    let (lowest, in_doubt, _) = stop_of_the_other(&bench, 131).await;
    assert_eq!((lowest, in_doubt), (0, vec!["billing-1".to_owned()]));
    bench.runner.settle_doubts(at(132)).await.unwrap();
    assert!(bench.store.doubts().await.unwrap().is_empty());
    let (lowest, in_doubt, _) = stop_of_the_other(&bench, 133).await;
    assert_eq!((lowest, in_doubt), (1, Vec::new()));
    assert_eq!(late_call(&bench, &operation).await, Some(ProblemKind::RevisionMismatch));
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p3_what_is_given_up_is_withdrawn_before_it_is_said_not_to_be_sent() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.fleet().add_fault(Fault { route: Some(CHANGES.to_owned()), ..Fault::from(FaultKind::Drop) });
    run_blind(&bench, 0..119).await;
    bench.fleet().clear_faults();
    run_blind(&bench, 300..301).await;
    let ended = bench.operation(&operation.id).await;
    let StepState::Failed { why: StepFailure::NotSent { .. } } = ended.steps[0].state else { panic!("{ended:#?}") };
    assert!(bench.store.doubts().await.unwrap().is_empty());
    assert_eq!(late_call(&bench, &ended).await, Some(ProblemKind::RevisionMismatch));
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p11_while_an_operation_is_at_the_bot_the_second_person_is_told_whose_it_is() {
    let bench = Bench::new().await;
    let request = bench.prompt(&bench.otto(), Verb::Stop, "orders-2", None, at(0)).await;
    let first = bench.begin(&bench.olga(), Verb::Stop, "orders-1", None, at(0)).await;
    bench.drain(at(1)).await;
    let refused = bench.confirm(&bench.otto(), &request.id, at(2)).await;
    assert!(matches!(&refused, Err(Refusal::Busy { operation, .. }) if *operation == first.id), "{refused:?}");
}

#[tokio::test]
async fn an_explanation_says_what_is_in_doubt_until_nothing_more_comes_of_it() {
    let (bench, operation) = given_up(None).await;
    let explains = async |environment: &str, bot: &str, second: i64| {
        let (olga, environment, bot) = (bench.olga(), Environment::new(environment), BotId::new(bot));
        bench.operations.explain(&olga.member, &environment, Some(&bot), at(second)).await.unwrap().in_doubt
    };
    let told = explains("production", "bot-billing", 130).await;
    assert_eq!(told.iter().map(|told| told.name.as_str()).collect::<Vec<_>>(), ["billing-1"]);
    assert_eq!(told[0].doubt.operation, operation.id);
    assert!(explains("demo", "bot-billing", 130).await.is_empty(), "nothing is in doubt there");
    assert!(explains("production", "bot-orders", 130).await.is_empty());
    bench.fleet().step(60_000);
    bench.runner.settle_doubts(at(200)).await.unwrap();
    assert!(explains("production", "bot-billing", 200).await.is_empty(), "it was stopped, and that is over");
}

/// What keeps calls from arriving: nobody knows whether they did.
fn lost() -> Fault {
    Fault { route: Some(CHANGES.to_owned()), ..Fault::from(FaultKind::Drop) }
}

#[tokio::test]
async fn p11_a_peer_in_doubt_is_not_counted_on_when_the_first_stop_is_weighed() {
    let (bench, _) = given_up_on("orders-3", Some(lost())).await;
    bench.look(at(131)).await;
    let request = bench.prompt(&bench.otto(), Verb::Restart, "orders-1", None, at(131)).await;
    let impact = request.plan.unwrap().impacts.remove(0);
    assert_eq!((impact.healthy_now, impact.lowest, impact.in_doubt), (3, 1, vec!["orders-3".to_owned()]));
    let operation = bench.confirm(&bench.otto(), &request.id, at(132)).await.unwrap();
    // The one that was counted on drops; what is left runs, but for as long as the earlier call lets it.
    bench.fleet().do_to("orders-2", Deed::Drop).unwrap();
    bench.drain(at(133)).await;
    let ended = bench.operation(&operation.id).await;
    let why = StepFailure::CostsMore { left: 0, agreed: 1 };
    assert_eq!(ended.steps[0].state, StepState::Failed { why }, "{ended:#?}");
    assert!(bench.deeds().is_empty());
}

/// A stop of billing-1 whose call was lost on its way, before it is known whether the service has it.
async fn uncertain() -> (Bench, Operation) {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.fleet().add_fault(lost());
    bench.drain(at(0)).await;
    let operation = bench.operation(&operation.id).await;
    assert_eq!(operation.steps.first().unwrap().state, StepState::Uncertain);
    (bench, operation)
}

#[tokio::test]
async fn p3_what_is_held_back_while_a_call_may_be_on_its_way_is_withdrawn_before_that_is_said() {
    let freeze =
        ToFreeze { environment: Some("production".into()), until: Some("2h".into()), reason: Some("a sale".into()) };
    for why in [StepFailure::RoleLost, StepFailure::Frozen] {
        let (bench, operation) = uncertain().await;
        match why {
            StepFailure::Frozen => drop(bench.operations.freeze(&bench.olga(), &freeze, at(1)).await.unwrap()),
            _ => bench.set_roles_of_olga(&[]).await,
        }
        // The service can be asked, and calls still do not reach it: nothing can be said yet.
        run_blind(&bench, 1..20).await;
        let open = bench.operation(&operation.id).await;
        assert_eq!((&open.steps[0].state, open.steps[0].in_doubt), (&StepState::NotTaken, true), "{why:?}");
        bench.fleet().clear_faults();
        run_blind(&bench, 20..40).await;
        let ended = bench.operation(&operation.id).await;
        assert_eq!(ended.steps[0].state, StepState::Failed { why: why.clone() }, "{ended:#?}");
        assert!(!ended.steps[0].in_doubt && bench.store.doubts().await.unwrap().is_empty(), "{why:?}");
        assert_eq!(late_call(&bench, &ended).await, Some(ProblemKind::RevisionMismatch), "{why:?}");
        assert!(bench.deeds().is_empty());
    }
}

#[tokio::test]
async fn p3_what_arrived_all_the_same_is_followed_though_the_role_is_lost_by_then() {
    let (bench, operation) = uncertain().await;
    bench.set_roles_of_olga(&[]).await;
    run_blind(&bench, 1..4).await;
    assert_eq!(bench.operation(&operation.id).await.steps[0].state, StepState::NotTaken);
    bench.fleet().clear_faults();
    assert_eq!(late_call(&bench, &operation).await, None, "it comes late, and is carried out");
    bench.run(4, 30).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Done, "{ended:#?}");
    assert_eq!(bench.deeds(), ["stop billing-1"], "once");
}

#[tokio::test]
async fn p3_what_is_held_back_and_cannot_be_withdrawn_in_time_is_left_in_doubt() {
    let (bench, operation) = uncertain().await;
    bench.set_roles_of_olga(&[]).await;
    run_blind(&bench, 1..130).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Unknown, "{ended:#?}");
    assert_eq!(bench.store.doubts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn p11_what_came_into_doubt_since_a_prompt_was_shown_is_held_against_it_at_the_click() {
    let bench = Bench::new().await;
    bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.fleet().add_fault(lost());
    run_blind(&bench, 0..100).await;
    let request = bench.prompt(&bench.otto(), Verb::Stop, "billing-2", None, at(100)).await;
    assert!(request.plan.unwrap().impacts.remove(0).in_doubt.is_empty(), "the first is under way still");
    run_blind(&bench, 100..130).await;
    bench.fleet().clear_faults();
    assert_eq!(bench.store.doubts().await.unwrap().len(), 1);
    let refused = bench.confirm(&bench.otto(), &request.id, at(131)).await;
    let Err(Refusal::Drifted { drifts }) = refused else { panic!("{refused:?}") };
    let [Drift::Worse { now, .. }] = drifts.as_slice() else { panic!("{drifts:?}") };
    assert_eq!((now.lowest, now.in_doubt.as_slice()), (0, ["billing-1".to_owned()].as_slice()));
}
