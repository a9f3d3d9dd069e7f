//! When Discord says wait, no, or that something is gone.

use std::time::Duration;

use botswain::discord::delivery::Stepped;
use botswain::domain::incident::Incident;
use botswain::domain::redundancy::Level;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, facts, later};

const POST: &str = "POST /channels/{id}/messages";
const EDIT: &str = "PATCH /channels/{id}/messages/{id}";

#[tokio::test]
async fn p1_a_429_holds_its_route_for_as_long_as_it_says_and_no_other() {
    let world = World::open().await;
    let first = world.opens("Billing Bot").await;
    world.step(1).await;
    world.opens("Orders Bot").await;
    world.opens_in("FAQ Bot", world.team(), true).await;
    world.changes(&Incident { facts: facts(Level::Outage, 0), ..first }, false).await;
    world.fault(json!({"kind": "rate_limit", "retry_after": 7.5, "route": POST, "times": 1})).await;
    let mut stepped = Vec::new();
    for _ in 0..4 {
        stepped.push(world.step(2).await);
    }
    // One post is refused; the other channel's post and the edit are not held back by it.
    let refused = *stepped.iter().find(|s| matches!(s, Stepped::Later { .. })).unwrap();
    let due = later(refused, &world);
    assert!(due >= Duration::from_millis(9_500) && due < Duration::from_secs(12), "{due:?}");
    assert_eq!(stepped.iter().filter(|s| matches!(s, Stepped::Posted)).count(), 1, "{stepped:?}");
    assert_eq!(stepped.iter().filter(|s| matches!(s, Stepped::Edited)).count(), 1, "{stepped:?}");
    let sent = world.requests().await.len();
    assert_eq!(world.step(9).await, Stepped::Idle);
    assert_eq!(world.requests().await.len(), sent, "it was asked to wait");
    assert_eq!(world.step(20).await, Stepped::Posted);
    world.is_tidy_but_for_waits().await;
}

#[tokio::test]
async fn p1_a_global_429_holds_everything() {
    let world = World::open().await;
    world.opens("Billing Bot").await;
    world.opens_in("FAQ Bot", world.team(), true).await;
    world.fault(json!({"kind": "rate_limit", "retry_after": 30.0, "global": true, "times": 1})).await;
    later(world.step(1).await, &world);
    for second in [2, 15, 30] {
        assert!(matches!(world.step(second).await, Stepped::Quiet { .. }), "{second}");
    }
    assert_eq!(world.requests().await.len(), 1);
    assert_eq!((world.step(60).await, world.step(60).await), (Stepped::Posted, Stepped::Posted));
    world.is_tidy_but_for_waits().await;
}

#[tokio::test]
async fn p1_however_long_discord_is_down_the_card_comes_in_the_end() {
    let world = World::open().await;
    world.opens("Billing Bot").await;
    world.fault(json!({"kind": "server_error", "status": 503})).await;
    let mut second = 1;
    for _ in 0..60 {
        let due = later(world.step(second).await, &world).as_secs().cast_signed();
        assert!(due - second <= 61, "{due} {second}");
        second = due + 1;
    }
    assert!(second > 1_500, "it is not asked without pause: {second}");
    world.no_faults().await;
    assert_eq!((world.step(second).await, world.step(second).await), (Stepped::Found, Stepped::Edited));
    assert_eq!(world.messages().await.len(), 1);
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_p2_a_card_that_somebody_deleted_is_posted_anew_once_and_wakes_nobody_again() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.step(1).await;
    world.deleted(&world.place(&incident).await).await;
    world.gets_worse(&incident).await;
    let mut stepped = Vec::new();
    for _ in 0..4 {
        stepped.push(world.step(2).await);
    }
    assert_eq!(stepped, [Stepped::Gone, Stepped::Posted, Stepped::Posted, Stepped::Idle]);
    let messages = world.messages().await;
    assert_eq!((messages.len(), world.pings().await), (2, 2));
    assert_eq!(messages[1]["message_reference"]["message_id"], messages[0]["id"]);
    assert_eq!(world.place(&incident).await, messages[0]["id"]);
}

#[tokio::test]
async fn p1_p2_an_open_card_that_somebody_deleted_is_found_out_when_it_is_said_again_though_nothing_changed() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.step(1).await;
    world.deleted(&world.place(&incident).await).await;
    world.changes(&incident, false).await;
    let mut stepped = Vec::new();
    for _ in 0..3 {
        stepped.push(world.step(2).await);
    }
    assert_eq!(stepped, [Stepped::Gone, Stepped::Posted, Stepped::Idle]);
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1), "and nobody is woken again");
    world.resolves(&incident).await;
    assert_eq!(world.step(3).await, Stepped::Edited);
    // What is over may be cleaned up.
    world.deleted(&world.place(&incident).await).await;
    assert_eq!((world.step(4).await, world.messages().await.len()), (Stepped::Idle, 0));
}

#[tokio::test]
async fn p1_a_reply_to_a_card_that_was_just_deleted_stands_alone() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.step(1).await;
    world.gets_worse(&incident).await;
    assert_eq!(world.step(2).await, Stepped::Edited);
    world.deleted(&world.place(&incident).await).await;
    assert_eq!(world.step(2).await, Stepped::Posted);
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 2));
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_a_post_whose_message_was_deleted_before_we_knew_of_it_is_posted_anew() {
    let world = World::open().await;
    world.opens("Billing Bot").await;
    world.fault(json!({"kind": "drop_after", "route": POST, "times": 1})).await;
    later(world.step(1).await, &world);
    let id = world.messages().await[0]["id"].as_str().unwrap().to_owned();
    world.deleted(&id).await;
    assert_eq!((world.step(20).await, world.step(20).await), (Stepped::Gone, Stepped::Posted));
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
}

#[tokio::test]
async fn p1_without_the_permission_it_is_tried_every_five_minutes_until_somebody_gives_it_back() {
    let world = World::open().await;
    let path = format!("/channels/{}/permissions", world.alerts());
    let bot = world.seed.bot_user_id;
    let deny = |bits: u64| json!({"role_or_user_id": bot, "type": 1, "allow": "0", "deny": bits.to_string()});
    world.control(Method::PUT, &path, deny(1 << 11)).await;
    world.opens("Billing Bot").await;
    let due = later(world.step(1).await, &world);
    assert!(due.as_secs() >= 301 && due.as_secs() < 320, "{due:?}");
    assert_eq!(world.step(290).await, Stepped::Idle);
    later(world.step(330).await, &world);
    world.control(Method::PUT, &path, deny(0)).await;
    assert_eq!(world.step(700).await, Stepped::Posted);
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
}

#[tokio::test]
async fn what_discord_will_never_take_is_given_up_until_it_says_something_else() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    let fault = json!({"kind": "refuse", "status": 400, "code": 50035, "message": "Invalid Form Body", "times": 1});
    world.fault(fault).await;
    assert_eq!((world.step(1).await, world.step(1).await), (Stepped::GaveUp, Stepped::Idle));
    let backlog = world.store.backlog().await.unwrap();
    assert_eq!((backlog.waiting, backlog.given_up), (1, 1));
    world.gets_worse(&incident).await;
    assert_eq!((world.step(2).await, world.step(2).await), (Stepped::Posted, Stepped::Posted));
    world.is_tidy().await;
}

#[tokio::test]
async fn an_edit_that_was_carried_out_without_an_answer_is_only_sent_again() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.step(1).await;
    world.fault(json!({"kind": "drop_after", "route": EDIT, "times": 1})).await;
    world.resolves(&incident).await;
    later(world.step(2).await, &world);
    assert_eq!((world.step(20).await, world.step(20).await), (Stepped::Edited, Stepped::Idle));
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
    world.is_tidy().await;
}

impl World {
    /// As [`World::is_tidy`], where Discord was made to ask for quiet.
    async fn is_tidy_but_for_waits(&self) {
        let violations = self.control(Method::GET, "/violations", Value::Null).await;
        let real: Vec<_> = violations.as_array().unwrap().iter().filter(|v| v["code"] != 0).collect();
        assert!(real.is_empty(), "{real:?}");
        assert_eq!(self.store.backlog().await.unwrap().waiting, 0);
    }
}
