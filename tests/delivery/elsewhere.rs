//! Cards that cannot stay where they are: those that take no more edits, and those whose channel is no more.

use std::time::Duration;

use botswain::discord::delivery::Stepped;
use botswain::domain::incident::Incident;
use botswain::domain::redundancy::Level;
use botswain::domain::trouble::{Obstacle, Passage};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, facts, later};

const POST: &str = "POST /channels/{id}/messages";
const EDIT: &str = "PATCH /channels/{id}/messages/{id}";

#[tokio::test]
async fn p1_p2_code_30046_is_waited_for_a_while_and_then_another_card_goes_on_from_the_old_one() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.step(1).await;
    let old = world.place(&incident).await;
    let fault =
        json!({"kind": "refuse", "status": 429, "code": 30046, "message": "no", "retry_after": 20.0, "route": EDIT});
    world.fault(fault).await;
    world.changes(&Incident { facts: facts(Level::Outage, 0), ..incident.clone() }, false).await;
    let mut second = 2;
    for _ in 0..3 {
        let due = later(world.step(second).await, &world);
        assert!(due >= Duration::from_secs(20 + second.unsigned_abs()), "{due:?}");
        second = i64::try_from(due.as_secs()).unwrap() + 1;
    }
    assert_eq!(world.step(second).await, Stepped::Continued);
    assert_eq!((world.step(second).await, world.step(second).await), (Stepped::Posted, Stepped::Idle));
    let messages = world.messages().await;
    assert_eq!((messages.len(), world.pings().await), (2, 1), "the old one is left, and nobody is called again");
    let text = messages[1]["embeds"][0]["description"].as_str().unwrap();
    assert!(text.contains(&format!("/{}/{old})", world.alerts())) && text.contains("no more edits"), "{text}");
    assert_eq!(messages[0]["id"], old.as_str());
    // Later edits go to the new one, and a reply answers that one.
    world.no_faults().await;
    world.gets_worse(&incident).await;
    let steps = [world.step(second).await, world.step(second).await];
    assert!(steps.contains(&Stepped::Posted) && steps.contains(&Stepped::Equal), "{steps:?}");
    let messages = world.messages().await;
    assert_eq!(messages[2]["message_reference"]["message_id"], messages[1]["id"]);
    world.resolves(&incident).await;
    assert_eq!((world.step(second).await, world.step(second).await), (Stepped::Edited, Stepped::Idle));
    let titles: Vec<_> = world.messages().await.iter().map(|m| m["embeds"][0]["title"].to_string()).collect();
    assert!(titles[0].contains("At risk") && titles[1].contains("Resolved"), "{titles:?}");
}

#[tokio::test]
async fn p1_many_old_cards_at_once_are_edited_as_fast_as_discord_takes_it() {
    let world = World::open().await;
    let mut incidents = Vec::new();
    for n in 0..8 {
        incidents.push(world.opens(&format!("Bot {n}")).await);
    }
    while world.step(1).await != Stepped::Idle {}
    world.control(Method::POST, "/clock", json!({"advance_ms": 7_200_000})).await;
    for incident in &incidents {
        world.resolves(incident).await;
    }
    for second in (2..200).step_by(25) {
        while world.step(second).await != Stepped::Idle {}
        world.control(Method::POST, "/clock", json!({"advance_ms": 25_000})).await;
    }
    let messages = world.messages().await;
    assert_eq!((messages.len(), world.pings().await), (8, 8), "no more than one card each");
    assert!(messages.iter().all(|m| m["embeds"][0]["title"].as_str().unwrap().contains("Resolved")));
    assert_eq!(world.store.backlog().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn p1_what_keeps_us_out_of_a_channel_is_told_apart_tried_slowly_and_taken_up_when_mended() {
    for (status, code, obstacle) in [
        (404, 10_003, Obstacle::Gone),
        (403, 50_001, Obstacle::NoAccess),
        (403, 50_013, Obstacle::NoPermission),
        (400, 50_083, Obstacle::Archived),
        (400, 160_005, Obstacle::Archived),
    ] {
        let world = World::open().await;
        let channels = world.delivery.channels();
        let stood = world.opens("Orders Bot").await;
        assert_eq!(world.step(0).await, Stepped::Posted);
        for route in [POST, EDIT] {
            world.refuses(route, status, code, None).await;
        }
        world.opens("Billing Bot").await;
        world.has(&stood, Level::Outage, 0).await;
        for second in (1..3_000).step_by(10) {
            while !matches!(world.step(second).await, Stepped::Idle) {}
        }
        assert_eq!(channels.passage(world.alerts()), Passage::Blocked(obstacle), "{code}");
        assert_eq!(channels.blocked(), 1);
        let refused = world.delivery.tally().of("refused");
        assert!((16..=22).contains(&refused), "{code}: two messages are each tried every five minutes: {refused}");
        world.no_faults().await;
        let steps = [world.step(3_400).await, world.step(3_400).await];
        assert!(steps.contains(&Stepped::Posted) && steps.contains(&Stepped::Edited), "{code}: {steps:?}");
        assert_eq!(channels.passage(world.alerts()), Passage::Open);
        assert_eq!((world.messages().await.len(), world.pings().await), (2, 2), "{code}");
        world.is_tidy().await;
    }
}

#[tokio::test]
async fn p1_a_card_whose_channel_was_deleted_goes_to_the_one_that_is_configured_now() {
    let world = World::open().await;
    let incident = world.opens_in("Billing Bot", world.team(), true).await;
    assert_eq!(world.step(1).await, Stepped::Posted);
    world.control(Method::DELETE, &format!("/channels/{}", world.team()), Value::Null).await;
    world.gets_worse(&incident).await;
    let mut steps = Vec::new();
    for _ in 0..5 {
        steps.push(world.step(2).await);
    }
    assert_eq!(steps, [Stepped::Gone, Stepped::Posted, Stepped::Gone, Stepped::Posted, Stepped::Idle]);
    assert_eq!((world.messages().await.len(), world.pings().await), (2, 2), "the reply calls, the card does not again");
    assert_eq!(world.store.backlog().await.unwrap().waiting, 0);
}
