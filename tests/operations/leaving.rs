//! What a redeploy stopped before it failed is left stopped by whoever says so, once, as long as it is.

use botswain::domain::action::Verb;
use botswain::domain::audit::Verdict;
use botswain::domain::operation::{Operation, Outcome};
use botswain::domain::request::Refusal;
use botswain::operations::Left;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};

use crate::bench::{Bench, at};

/// A redeploy of billing-1 that is refused once it is stopped.
async fn failed() -> (Bench, Operation) {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    bench.drain(at(0)).await;
    bench.fleet().add_fault(
        Fault::from(FaultKind::Refuse { problem: "operation-in-progress".to_owned() })
            .on("POST /v1/connectors/{id}/operations"),
    );
    bench.run(0, 60).await;
    bench.fleet().clear_faults();
    let ended = bench.operation(&operation.id).await;
    assert!(ended.can_be_left_stopped(), "{ended:#?}");
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    (bench, ended)
}

/// The verdicts of the record, oldest first.
async fn verdicts(bench: &Bench) -> Vec<Verdict> {
    bench.audit().await.iter().map(|entry| entry.verdict).collect()
}

#[tokio::test]
async fn p10_what_a_redeploy_stopped_is_left_so_once_with_a_record_of_who_said_so() {
    let (bench, failed) = failed().await;
    let left = bench.operations.leave_stopped(&bench.otto(), &failed.id, at(100)).await.unwrap();
    assert!(matches!(left, Left::Now), "{left:?}");
    let after = bench.operation(&failed.id).await;
    let by = after.guidance.left_stopped.clone().unwrap();
    assert_eq!((by.by.name.as_str(), by.at), ("Otto", at(100)));
    let (before, now) = (failed.ended.unwrap(), after.ended.clone().unwrap());
    assert_eq!((now.at, now.outcome), (before.at, Outcome::LeftStopped), "when it ended stays as it was");
    let again = bench.operations.leave_stopped(&bench.olga(), &failed.id, at(101)).await.unwrap();
    assert!(matches!(&again, Left::Before(by) if by.name == "Otto"), "{again:?}");
    assert_eq!(verdicts(&bench).await, [Verdict::Failed, Verdict::Done, Verdict::Denied]);
    let audit = bench.audit().await;
    let of_it: Vec<_> = audit.iter().filter(|entry| entry.about == failed.request.as_str()).collect();
    assert_eq!(of_it.len(), 1, "the redeploy has the one record that says that it failed");
    let said = audit.iter().find(|entry| entry.verdict == Verdict::Done).unwrap();
    assert_eq!((said.person.name.as_str(), said.operation.as_ref()), ("Otto", Some(&failed.id)));
    assert!(said.why.ends_with("leave stopped"), "{}", said.why);
    assert_eq!(bench.deeds(), ["stop billing-1"], "nothing was done");
}

#[tokio::test]
async fn p4_only_who_may_redeploy_leaves_it_stopped() {
    let (bench, failed) = failed().await;
    let refused = bench.operations.leave_stopped(&bench.vera(), &failed.id, at(100)).await.unwrap();
    assert!(matches!(refused, Left::Refused(Refusal::Denied { .. })), "{refused:?}");
    assert_eq!(bench.operation(&failed.id).await, failed);
    assert_eq!(verdicts(&bench).await, [Verdict::Failed, Verdict::Denied]);
}

#[tokio::test]
async fn what_runs_again_or_was_taken_up_since_is_not_left_stopped() {
    let (bench, failed) = failed().await;
    bench.fleet().do_to("billing-1", Deed::Recover).unwrap();
    let otherwise = bench.operations.leave_stopped(&bench.otto(), &failed.id, at(100)).await.unwrap();
    assert!(matches!(otherwise, Left::Otherwise), "somebody started it elsewhere: {otherwise:?}");
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(110)).await;
    bench.begin(&bench.otto(), Verb::Start, "billing-1", None, at(110)).await;
    let otherwise = bench.operations.leave_stopped(&bench.otto(), &failed.id, at(111)).await.unwrap();
    assert!(matches!(otherwise, Left::Otherwise), "it is being started: {otherwise:?}");
    assert_eq!(bench.operation(&failed.id).await, failed);
}

#[tokio::test]
async fn what_cannot_be_read_is_left_as_it_was_last_seen() {
    let (bench, failed) = failed().await;
    bench.fleet().add_fault(FaultKind::ServerError { status: 503 });
    let left = bench.operations.leave_stopped(&bench.otto(), &failed.id, at(100)).await.unwrap();
    assert!(matches!(left, Left::Now), "{left:?}");
}

#[tokio::test]
async fn what_is_under_way_or_left_nothing_stopped_cannot_be_left_so() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    let forged = bench.operations.leave_stopped(&bench.otto(), &operation.id, at(0)).await.unwrap();
    assert!(matches!(forged, Left::Otherwise), "it is under way: {forged:?}");
    bench.run(0, 120).await;
    let forged = bench.operations.leave_stopped(&bench.otto(), &operation.id, at(130)).await.unwrap();
    assert!(matches!(forged, Left::Otherwise), "it is done: {forged:?}");
    let stop = bench.begin(&bench.olga(), Verb::Stop, "orders-1", None, at(200)).await;
    bench.run(200, 60).await;
    let forged = bench.operations.leave_stopped(&bench.otto(), &stop.id, at(300)).await.unwrap();
    assert!(matches!(forged, Left::Otherwise), "what was to be stopped needs nobody to leave it so: {forged:?}");
    let unknown = botswain::domain::ids::Id::random();
    let forged = bench.operations.leave_stopped(&bench.otto(), &unknown, at(300)).await.unwrap();
    assert!(matches!(forged, Left::Refused(Refusal::Unknown)), "{forged:?}");
    let denied = verdicts(&bench).await.into_iter().filter(|verdict| *verdict == Verdict::Denied).count();
    assert_eq!(denied, 4);
}
