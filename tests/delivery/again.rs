//! What is said again of an incident: replies in slots of their own, each once, whatever happens to the process or to Discord.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use botswain::discord::delivery::Stepped;
use botswain::domain::attention::{Attended, Attention, Due};
use botswain::domain::incident::Incident;
use botswain::store::incidents::Changed;
use serde_json::json;

use super::world::World;

impl World {
    /// The monitor finds that this is due.
    async fn is_due(&self, incident: &Incident, due: Due) {
        let kept = self.store.incident(&incident.id).await.unwrap().unwrap();
        let attention = Attention { said: kept.incident.attention.said + 1, ..kept.incident.attention.clone() };
        let attended = Attended { due: vec![(due, attention.said)], attention };
        assert_eq!(self.store.attend_incident(&kept, &attended, self.at(0)).await.unwrap(), Changed::Now);
    }

    async fn steps(&self, second: i64) -> Vec<Stepped> {
        let mut steps = Vec::new();
        loop {
            match self.step(second).await {
                Stepped::Idle => return steps,
                step => steps.push(step),
            }
        }
    }

    /// Until Discord asks for quiet.
    async fn steps_until_held(&self, second: i64) {
        while !matches!(self.step(second).await, Stepped::Later { .. } | Stepped::Quiet { .. }) {}
    }
}

#[tokio::test]
async fn p2_each_step_is_one_reply_that_calls_those_whom_it_concerns() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.steps(1).await;
    for (second, due) in [(2, Due::Reminder), (3, Due::Reminder), (4, Due::Awake), (5, Due::Escalation)] {
        world.is_due(&incident, due).await;
        let steps = world.steps(second).await;
        assert_eq!(steps.iter().filter(|step| **step == Stepped::Posted).count(), 1, "{due:?}");
        assert!(steps.contains(&Stepped::Equal), "what the card says has not changed: {steps:?}");
    }
    let messages = world.messages().await;
    assert_eq!(messages.len(), 5);
    let (card, replies) = messages.split_first().unwrap();
    assert!(replies.iter().all(|reply| reply["message_reference"]["message_id"] == card["id"]));
    // The escalation's roles are not set here, so that one calls nobody; the others call those on call, as the card did.
    assert_eq!(world.pings().await, 4);
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_p2_killed_between_a_reminders_post_and_its_record_it_stands_once() {
    let mut world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.steps(1).await;
    world.is_due(&incident, Due::Reminder).await;
    assert_eq!(world.step(2).await, Stepped::Equal);
    world.swallow.store(true, Ordering::SeqCst);
    let (delivery, now) = (Arc::clone(&world.delivery), world.at(2));
    let dying = tokio::spawn(async move { delivery.step(now).await });
    tokio::time::timeout(Duration::from_secs(20), world.swallowed.notified()).await.unwrap();
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    world.restart().await;
    assert_eq!(world.steps(3).await, [Stepped::Found, Stepped::Edited]);
    assert_eq!((world.messages().await.len(), world.pings().await), (2, 2));
    world.is_tidy().await;
}

#[tokio::test]
async fn p1_reminders_that_discord_does_not_take_are_one_in_the_end() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.steps(1).await;
    world.fault(json!({"kind": "rate_limit", "retry_after": 60, "global": true})).await;
    world.is_due(&incident, Due::Reminder).await;
    world.steps_until_held(2).await;
    for _ in 0..3 {
        world.is_due(&incident, Due::Reminder).await;
    }
    world.no_faults().await;
    world.steps(600).await;
    let texts: Vec<_> = world.messages().await.iter().map(|m| m["embeds"][0]["description"].to_string()).collect();
    assert!(texts.len() <= 3, "the one that was being tried, and the last one: {texts:?}");
    world.is_tidy().await;
}

#[tokio::test]
async fn p8_what_is_over_before_it_could_be_said_again_wakes_nobody() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.steps(1).await;
    world.is_due(&incident, Due::Reminder).await;
    world.is_due(&incident, Due::Escalation).await;
    let kept = world.store.incident(&incident.id).await.unwrap().unwrap();
    world.resolves(&kept.incident).await;
    assert_eq!(world.steps(2).await, [Stepped::Edited]);
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 1));
    world.is_tidy().await;
}
