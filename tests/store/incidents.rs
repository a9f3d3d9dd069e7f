//! Incidents and the highest counts: one open for each subject, written with its card or not at all.

use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, MessageId};
use botswain::domain::incident::Incident;
use botswain::domain::notice::Notice;
use botswain::store::incidents::{Changed, Highest, Opened};
use botswain::store::outbox::{Held, Sending};

use super::{ALERTS, at, ground, incident};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p2_of_many_that_open_an_incident_on_one_subject_one_does_and_one_card_is_written() {
    let ground = ground().await;
    let racers = (0..20).map(|_| {
        let store = ground.store.clone();
        tokio::spawn(async move { store.open_incident(&incident("a", 1), true, ALERTS, at(0)).await.unwrap() })
    });
    let mut opened = 0;
    for racer in racers.collect::<Vec<_>>() {
        opened += i32::from(racer.await.unwrap() == Opened::Now);
    }
    assert_eq!(opened, 1);
    assert_eq!(ground.store.open_incidents().await.unwrap().len(), 1);
    assert_eq!(ground.store.backlog().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn p6_an_open_incident_is_there_after_a_restart_and_a_resolved_one_makes_room_for_the_next() {
    let ground = ground().await;
    let first = incident("a", 1);
    assert_eq!(ground.store.open_incident(&first, true, ALERTS, at(0)).await.unwrap(), Opened::Now);
    let ground = ground.restarted().await;
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    assert_eq!(kept.incident, first);
    let over = Incident { resolved_at: Some(at(60)), ..first };
    assert_eq!(ground.store.change_incident(&kept, &over, false, ALERTS, at(60)).await.unwrap(), Changed::Now);
    assert_eq!(ground.store.change_incident(&kept, &over, false, ALERTS, at(60)).await.unwrap(), Changed::Stale);
    assert_eq!(ground.store.open_incidents().await.unwrap(), []);
    assert_eq!(ground.store.open_incident(&incident("a", 0), true, ALERTS, at(61)).await.unwrap(), Opened::Now);
}

#[tokio::test]
async fn p1_an_edit_before_the_first_post_takes_no_ping_away() {
    let ground = ground().await;
    for (bot, ping) in [("loud", true), ("quiet", false)] {
        assert_eq!(ground.store.open_incident(&incident(bot, 1), ping, ALERTS, at(0)).await.unwrap(), Opened::Now);
    }
    for kept in ground.store.open_incidents().await.unwrap() {
        let changed = ground.store.change_incident(&kept, &kept.incident, false, ALERTS, at(1)).await.unwrap();
        assert_eq!(changed, Changed::Now);
    }
    let mut pings = Vec::new();
    for second in [2, 3] {
        let row = ground.store.claim_message(std::time::Duration::from_secs(60), at(second)).await.unwrap().unwrap();
        let sent = Sending::Sent { message: MessageId(7), digest: "d" };
        assert_eq!(ground.store.settle_message(&row, sent, at(second)).await.unwrap(), Held::Yes);
        let Notice::Card { incident, ping } = row.notice else { panic!("a card") };
        pings.push((incident.subject.name(), ping));
    }
    pings.sort();
    let name = |bot: &str| incident(bot, 1).subject.name();
    assert_eq!(pings, [(name("loud"), true), (name("quiet"), false)]);
}

#[tokio::test]
async fn the_highest_count_only_rises_and_outlives_the_process() {
    let ground = ground().await;
    let seen = |name: &str, healthy| Highest {
        bot: Bot { id: BotId::new("b"), name: name.to_owned() },
        environment: Environment::new("production"),
        healthy,
    };
    for highest in [seen("Billing", 2), seen("Billing Bot", 1)] {
        ground.store.raise_highest_seen(&[highest]).await.unwrap();
    }
    let ground = ground.restarted().await;
    let all: Vec<_> = ground.store.highest_seen().await.unwrap().into_values().collect();
    assert_eq!(all, [seen("Billing Bot", 2)]);
}
