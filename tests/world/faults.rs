//! Each fault of the lifecycle service, and the sentence that the person saw.

use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};

use crate::message::Message;
use crate::world::World;

const STOP: &str = "/bots stop env:production bot:Billing Bot connector:billing-1";

/// Confirms a stop while the service meets every call that changes something with this fault.
async fn stopped_with(world: &World, kind: FaultKind, ends: &str) -> Message {
    let olga = world.olga();
    let prompt = olga.runs(STOP).await.message();
    let fault =
        Fault { route: Some("POST /v1/connectors/{id}/operations".to_owned()), times: Some(1), ..Fault::from(kind) };
    world.fleet().add_fault(fault);
    olga.agrees(&prompt, "Stop billing-1 in Production").await;
    world.operation(ends).await
}

#[tokio::test]
async fn a_refusal_is_said_in_its_own_words_and_nothing_was_done() {
    let world = World::new().await;
    let refused = FaultKind::Refuse { problem: "operation-in-progress".to_owned() };
    let said = stopped_with(&world, refused, "Failed: stop of billing-1").await;
    assert!(said.says("the lifecycle service refused"), "{said:?}");
    assert!(world.fleet().actions().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn answers_that_are_lost_slow_or_garbled_are_asked_after_and_the_stop_is_done_once() {
    for kind in [
        FaultKind::ServerError { status: 503 },
        FaultKind::RateLimit { retry_after: 1 },
        FaultKind::Slow { ms: 300 },
        FaultKind::HalfAnswer,
        FaultKind::Garbage,
        FaultKind::DuplicateDelivery,
        FaultKind::AcceptThenDrop,
    ] {
        let world = World::new().await;
        let said = stopped_with(&world, kind.clone(), "Stopped billing-1 in Production").await;
        assert!(said.says("✅ Stop: seen"), "{kind:?}: {said:?}");
        assert_eq!(world.fleet().actions().len(), 1, "{kind:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_start_that_never_comes_up_says_so_and_what_to_do() {
    let world = World::new().await;
    world.does("billing-1", Deed::StopElsewhere);
    world.does("billing-1", Deed::NeverComesUp { on: true });
    let olga = world.olga();
    let prompt = world
        .until("the stop is known", async |_: &World| {
            let reply = olga.runs("/bots start env:production bot:Billing Bot connector:billing-1").await;
            reply.message.filter(|message| message.button("Start billing-1").is_some())
        })
        .await;
    olga.agrees(&prompt, "Start billing-1").await;
    let failed = world.operation("Failed: start of billing-1").await;
    assert!(failed.says("What to do next"), "{failed:?}");
    world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_said_to_be_unread_and_hides_nothing_else() {
    let world = World::new().await;
    world.fleet().add_fault(FaultKind::MalformedRecord { connector: "billing-2".to_owned() });
    // The fleet is read anew only where something changed, which here is nothing to be told of.
    world.does("orders-3", Deed::StopElsewhere);
    let unread = async |world: &World| {
        let status = world.olga().runs("/bots status env:production bot:Billing Bot").await.message();
        status.says("billing-2: Could not be read").then_some(())
    };
    world.until("a poll to miss it", unread).await;
    world.does("billing-1", Deed::Drop);
    // One of two dropped: even if the other one is well, it is too few.
    let card = world.alert("At risk: Billing Bot in Production").await;
    assert!(card.says("1 record could not be read"), "{card:?}");
    let status = world.olga().runs("/bots status env:production bot:Billing Bot").await.message();
    assert!(status.says("billing-2: Could not be read") && status.says("billing-1: Not connected"), "{status:?}");
    world.fleet().clear_faults();
    world.does("billing-1", Deed::Recover);
    world.alert("Resolved: Billing Bot in Production").await;
    world.finish().await;
}

#[tokio::test]
async fn a_service_that_is_down_at_the_press_is_named_and_nothing_was_done() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs(STOP).await.message();
    world.fleet().add_fault(FaultKind::Drop);
    let refused = olga.agrees(&prompt, "Stop billing-1 in Production").await.message();
    assert!(refused.says("The state could not be read just now, so nothing was done"), "{refused:?}");
    world.fleet().clear_faults();
    assert!(world.fleet().actions().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_service_that_hangs_in_the_middle_is_asked_after_and_the_message_outlives_the_15_minutes() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs(STOP).await.message();
    let route = Some("POST /v1/connectors/{id}/operations".to_owned());
    world.fleet().add_fault(Fault { route, times: Some(1), ..Fault::from(FaultKind::HangAfter) });
    olga.agrees(&prompt, "Stop billing-1 in Production").await;
    world.operation("being sent").await;
    // The interaction's token is dead by now; the operation's message is the bot's own.
    let (status, said) = world.post("clock", serde_json::json!({ "advance_ms": 16 * 60_000 })).await;
    assert_eq!(status, 200, "{said}");
    world.operation("the answer was lost").await;
    world.fleet().clear_faults();
    world.operation("Stopped billing-1 in Production").await;
    assert_eq!(world.fleet().actions().len(), 1);
    world.finish().await;
}
