//! Incidents and the highest counts: one open for each subject, written with its card or not at all.

use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, MessageId};
use botswain::domain::incident::{Incident, Phase};
use botswain::domain::notice::{Call, Notice};
use botswain::store::highest::Highest;
use botswain::store::incidents::{Changed, Opened};
use botswain::store::outbox::{Held, Sending};

use crate::facts::{ALERTS, LEASE, at, incident};
use crate::ground::Ground;

on_both!(
    p6_an_open_incident_is_there_after_a_restart_and_a_resolved_one_makes_room_for_the_next,
    p1_an_edit_before_the_first_post_takes_no_ping_away,
    the_highest_count_only_rises_and_outlives_the_process,
    the_highest_counts_of_bots_with_any_id_are_kept_apart,
    one_open_incident_on_a_subject_with_one_card,
);

async fn p6_an_open_incident_is_there_after_a_restart_and_a_resolved_one_makes_room_for_the_next(ground: Ground) {
    let first = incident("a", 1);
    assert_eq!(ground.store.open_incident(&first, Call::Card, ALERTS, at(0)).await.unwrap(), Opened::Now);
    let ground = ground.restarted().await;
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    assert_eq!(kept.incident, first);
    let over = Incident { phase: Phase::Resolved { at: at(60), by: None }, ..first };
    assert_eq!(ground.store.change_incident(&kept, &over, Call::Nobody, ALERTS, at(60)).await.unwrap(), Changed::Now);
    assert_eq!(ground.store.change_incident(&kept, &over, Call::Nobody, ALERTS, at(60)).await.unwrap(), Changed::Stale);
    assert_eq!(ground.store.open_incidents().await.unwrap(), []);
    assert_eq!(ground.store.open_incident(&incident("a", 0), Call::Card, ALERTS, at(61)).await.unwrap(), Opened::Now);
}

async fn p1_an_edit_before_the_first_post_takes_no_ping_away(ground: Ground) {
    for (bot, call) in [("loud", Call::Card), ("quiet", Call::Nobody)] {
        assert_eq!(ground.store.open_incident(&incident(bot, 1), call, ALERTS, at(0)).await.unwrap(), Opened::Now);
    }
    for kept in ground.store.open_incidents().await.unwrap() {
        let changed = ground.store.change_incident(&kept, &kept.incident, Call::Nobody, ALERTS, at(1)).await.unwrap();
        assert_eq!(changed, Changed::Now);
    }
    let mut pings = Vec::new();
    for second in [2, 3] {
        let row = ground.store.claim_message(LEASE, at(second)).await.unwrap().unwrap();
        let sent = Sending::Sent { message: MessageId(7), digest: "d" };
        assert_eq!(ground.store.settle_message(&row, sent, at(second)).await.unwrap(), Held::Yes);
        let Notice::Card { incident, ping } = row.notice else { panic!("a card") };
        pings.push((incident.subject.name(), ping));
    }
    pings.sort();
    let name = |bot: &str| incident(bot, 1).subject.name();
    assert_eq!(pings, [(name("loud"), true), (name("quiet"), false)]);
}

async fn the_highest_count_only_rises_and_outlives_the_process(ground: Ground) {
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

async fn the_highest_counts_of_bots_with_any_id_are_kept_apart(ground: Ground) {
    let long: String = (0..20_000_u32).map(|n| char::from_u32(0x4e00 + n * 7919 % 20_000).unwrap()).collect();
    let ids = [long.clone(), format!("{long}2"), "nul\0".to_owned(), "nul".to_owned(), "'; --".to_owned()];
    let seen: Vec<_> = (1..)
        .zip(&ids)
        .map(|(healthy, id)| Highest {
            bot: Bot { id: BotId::new(id), name: id.clone() },
            environment: Environment::new(id),
            healthy,
        })
        .collect();
    ground.store.raise_highest_seen(&seen).await.unwrap();
    ground.store.raise_highest_seen(&[]).await.unwrap();
    let all = ground.store.highest_seen().await.unwrap();
    assert_eq!(all.len(), seen.len());
    for highest in seen {
        assert_eq!(all.get(&(highest.bot.id.clone(), highest.environment.clone())), Some(&highest));
    }
    for id in ids {
        let opened = ground.store.open_incident(&incident(&id, 1), Call::Card, ALERTS, at(0)).await.unwrap();
        assert_eq!(opened, Opened::Now);
    }
}

async fn one_open_incident_on_a_subject_with_one_card(ground: Ground) {
    let first = incident("a", 1);
    assert_eq!(ground.store.open_incident(&first, Call::Card, ALERTS, at(0)).await.unwrap(), Opened::Now);
    assert_eq!(
        ground.store.open_incident(&incident("a", 0), Call::Card, ALERTS, at(1)).await.unwrap(),
        Opened::AlreadyOpen
    );
    let open: Vec<_> = ground.store.open_incidents().await.unwrap().into_iter().map(|kept| kept.incident).collect();
    assert_eq!(open, [first]);
    assert_eq!(ground.store.backlog().await.unwrap().waiting, 1);
}
