//! When nobody knows whether a message was posted: it stands once all the same.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use botswain::discord::delivery::Stepped;
use botswain::domain::setup::{self, Lack};
use reqwest::Method;
use serde_json::json;

use super::world::{World, later};

const POST: &str = "POST /channels/{id}/messages";

async fn forgets_its_nonces(world: &World) {
    world.control(Method::POST, "/clock", json!({"advance_ms": 600_000})).await;
}

/// A post is carried out, and the process dies before it can write that down.
async fn killed_after_posting(world: &mut World) {
    world.swallow.store(true, Ordering::SeqCst);
    let (delivery, now) = (Arc::clone(&world.delivery), world.at(1));
    let dying = tokio::spawn(async move { delivery.step(now).await });
    tokio::time::timeout(Duration::from_secs(20), world.swallowed.notified()).await.unwrap();
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    world.restart().await;
}

#[tokio::test]
async fn p1_p2_killed_between_the_post_and_its_record_the_message_stands_once() {
    let mut world = World::open().await;
    world.opens("Billing Bot").await;
    killed_after_posting(&mut world).await;
    assert_eq!(world.messages().await.len(), 1);
    assert_eq!(
        (world.step(2).await, world.step(2).await, world.step(2).await),
        (Stepped::Found, Stepped::Edited, Stepped::Idle)
    );
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_p2_killed_and_away_for_long_it_finds_its_message_in_the_channel() {
    let mut world = World::open().await;
    let other = world.opens("Orders Bot").await;
    assert_eq!(world.step(1).await, Stepped::Posted);
    world.opens("Billing Bot").await;
    killed_after_posting(&mut world).await;
    forgets_its_nonces(&world).await;
    assert_eq!((world.step(600).await, world.step(600).await), (Stepped::Found, Stepped::Edited));
    let messages = world.messages().await;
    assert_eq!((messages.len(), world.pings().await), (2, 2));
    assert_eq!(messages[0]["id"], world.place(&other).await, "the other card is not taken for it");
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_a_post_that_never_arrived_is_looked_for_after_long_and_then_posted() {
    let mut world = World::open().await;
    world.opens("Billing Bot").await;
    world.fault(json!({"kind": "drop", "route": POST, "times": 1})).await;
    later(world.step(1).await, &world);
    world.restart().await;
    assert_eq!((world.step(600).await, world.step(600).await), (Stepped::Found, Stepped::Edited));
    let routes: Vec<_> = world.requests().await.into_iter().map(|(route, _)| route).collect();
    assert!(routes.contains(&"GET channels/messages".to_owned()), "{routes:?}");
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_p2_a_post_that_was_carried_out_without_an_answer_is_not_posted_again() {
    let world = World::open().await;
    world.opens("Billing Bot").await;
    world.fault(json!({"kind": "drop_after", "route": POST, "times": 1})).await;
    let due = later(world.step(1).await, &world);
    assert!(due >= Duration::from_secs(2) && due < Duration::from_secs(10), "{due:?}");
    assert_eq!((world.step(10).await, world.step(10).await), (Stepped::Found, Stepped::Edited));
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_a_post_that_was_not_carried_out_is_posted() {
    for fault in ["drop", "server_error"] {
        let world = World::open().await;
        world.opens("Billing Bot").await;
        world.fault(json!({"kind": fault, "route": POST, "times": 1})).await;
        later(world.step(1).await, &world);
        assert_eq!(world.messages().await.len(), 0);
        // It may be the earlier message that answers, so what it says is made sure of.
        assert_eq!((world.step(20).await, world.step(20).await), (Stepped::Found, Stepped::Edited));
        assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
        world.is_tidy().await;
    }
}

#[tokio::test]
async fn p1_p2_what_changed_in_the_meantime_is_said_by_the_message_that_stands() {
    let mut world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    killed_after_posting(&mut world).await;
    world.resolves(&incident).await;
    assert_eq!((world.step(2).await, world.step(2).await), (Stepped::Found, Stepped::Edited));
    let messages = world.messages().await;
    assert_eq!(messages.len(), 1);
    assert!(messages[0]["embeds"][0]["title"].as_str().unwrap().contains("Resolved"), "{}", messages[0]);
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_where_the_channel_may_not_be_read_back_it_is_said_again_rather_than_not_at_all() {
    let mut world = World::open().await;
    world.opens("Billing Bot").await;
    killed_after_posting(&mut world).await;
    forgets_its_nonces(&world).await;
    let refused = json!({"kind": "refuse", "status": 403, "code": 50001, "message": "Missing Access"});
    let mut refused = refused;
    refused["route"] = json!("GET /channels/{id}/messages");
    world.fault(refused).await;
    assert_eq!((world.step(600).await, world.step(600).await), (Stepped::Found, Stepped::Edited));
    assert_eq!(world.messages().await.len(), 2);
}

#[tokio::test]
async fn p1_p2_while_the_channel_cannot_be_read_back_nothing_is_posted() {
    let mut world = World::open().await;
    world.opens("Billing Bot").await;
    killed_after_posting(&mut world).await;
    forgets_its_nonces(&world).await;
    world.fault(json!({"kind": "server_error", "route": "GET /channels/{id}/messages", "times": 1})).await;
    later(world.step(600).await, &world);
    assert_eq!(world.messages().await.len(), 1);
    assert_eq!((world.step(700).await, world.step(700).await), (Stepped::Found, Stepped::Edited));
    assert_eq!(world.messages().await.len(), 1);
    world.is_tidy().await;
}

#[tokio::test]
async fn p2_a_message_without_an_embed_is_found_by_its_text() {
    let mut world = World::open().await;
    let missing = setup::follow(None, vec![Lack::NoCommands], world.at(0)).unwrap();
    world.store.keep_setup(&missing, world.alerts(), world.at(0)).await.unwrap();
    killed_after_posting(&mut world).await;
    forgets_its_nonces(&world).await;
    assert_eq!((world.step(600).await, world.step(600).await), (Stepped::Found, Stepped::Edited));
    assert_eq!(world.messages().await.len(), 1);
    world.is_tidy().await;
}
