//! What somebody else does meanwhile, on the vendor's own page, is noticed, and said in the message and in the record.

use botswain::domain::action::Verb;
use botswain::domain::operation::{Operation, Outcome, StepState};
use botswain::sandbox::lifecycle::{Deed, Order};

use crate::bench::{Bench, at};

async fn meddle(bench: &Bench, connector: &str, deed: Deed) {
    let order = Order { by: Some("Pat".to_owned()), ..Order::from(deed) };
    bench.fleet().do_to(connector, order).unwrap();
}

/// What was noticed of it: how it was found, and by whom it was done.
fn noticed(operation: &Operation) -> Vec<(String, Option<String>)> {
    let of = |last: &botswain::domain::connector::LastOperation| last.by.clone();
    let meddling = operation.guidance.meddling.iter();
    meddling.map(|meddling| (meddling.seen.agent.word().to_owned(), meddling.last.as_ref().and_then(of))).collect()
}

#[tokio::test]
async fn a_start_elsewhere_while_it_is_being_stopped_is_noticed_and_recorded() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.drain(at(0)).await;
    meddle(&bench, "billing-1", Deed::StartElsewhere).await;
    bench.run(1, 200).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed, "{ended:#?}");
    assert_eq!(noticed(&ended), [("Not Connected".to_owned(), Some("Pat".to_owned()))]);
    let audit = bench.audit().await;
    let why = &audit.first().unwrap().why;
    assert!(
        why.contains("changed from elsewhere meanwhile: billing-1 Not Connected, last operation Started by Pat"),
        "{why}"
    );
}

#[tokio::test]
async fn a_stop_elsewhere_while_it_comes_up_is_noticed_once_and_it_is_not_seen() {
    let bench = Bench::new().await;
    bench.fleet().do_to("billing-1", Deed::NeverConnects { on: true }).unwrap();
    let operation = bench.begin(&bench.olga(), Verb::Restart, "billing-1", None, at(0)).await;
    // Online, and on its way to Conversational Cloud: the service says that the start is done.
    bench.run(0, 20).await;
    let ours = bench.operation(&operation.id).await;
    assert!(!ours.is_over() && noticed(&ours).is_empty(), "{ours:#?}");
    meddle(&bench, "billing-1", Deed::StopElsewhere).await;
    bench.run(20, 400).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed);
    assert_eq!(noticed(&ended), [("Stopped".to_owned(), Some("Pat".to_owned()))]);
}

#[tokio::test]
async fn what_changed_before_the_first_step_reached_the_service_is_said() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    meddle(&bench, "billing-1", Deed::StopElsewhere).await;
    bench.fleet().step(5_000);
    bench.run(0, 30).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed);
    assert_eq!(noticed(&ended), [("Stopped".to_owned(), Some("Pat".to_owned()))]);
    assert!(bench.deeds().is_empty());
}

/// Somebody stops a connector that runs and starts it again, or starts one that is stopped and stops it again.
async fn to_and_fro(bench: &Bench, connector: &str, deeds: [Deed; 2]) {
    for deed in deeds {
        meddle(bench, connector, deed).await;
        bench.fleet().step(60_000);
    }
}

#[tokio::test]
async fn p3_the_first_call_meets_the_connector_as_it_was_at_the_click_or_is_not_carried_out() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "orders-1", None, at(0)).await;
    to_and_fro(&bench, "orders-1", [Deed::StopElsewhere, Deed::StartElsewhere]).await;
    bench.run(0, 30).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed, "{ended:#?}");
    assert!(bench.deeds().is_empty(), "it looks the same, and is not what she saw");
}

#[tokio::test]
async fn p3_a_further_call_meets_the_connector_as_the_one_before_left_it_or_is_not_carried_out() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Redeploy, "orders-1", Some("demo"), at(0)).await;
    while bench.operation(&operation.id).await.steps[0].state != StepState::Done {
        bench.runner.step(at(0)).await.unwrap();
        bench.fleet().step(1_000);
    }
    to_and_fro(&bench, "orders-1", [Deed::StartElsewhere, Deed::StopElsewhere]).await;
    bench.run(0, 30).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed, "{ended:#?}");
    assert_eq!(bench.deeds(), ["stop orders-1"]);
}

#[tokio::test]
async fn what_nobody_meddled_with_says_nothing_of_it() {
    let bench = Bench::new().await;
    for (verb, to) in [(Verb::Stop, None), (Verb::Start, None), (Verb::Redeploy, Some("demo"))] {
        bench.look(at(0)).await;
        let operation = bench.begin(&bench.olga(), verb, "billing-1", to, at(0)).await;
        bench.run(0, 120).await;
        let ended = bench.operation(&operation.id).await;
        assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Done);
        assert!(noticed(&ended).is_empty(), "{ended:#?}");
    }
}
