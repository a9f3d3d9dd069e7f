//! Incidents and the highest counts: one open for each subject, written with its card or not at all.

use std::collections::HashMap;

use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, ChannelId, Id, MessageId};
use botswain::domain::incident::{Facts, Incident, Phase, Storm, Subject};
use botswain::domain::notice::{Call, Notice};
use botswain::store::highest::Highest;
use botswain::store::incidents::{Change, Changed, Kept, Opened};
use botswain::store::outbox::{Held, Sending};

use crate::facts::{ALERTS, LEASE, at, incident};
use crate::ground::Ground;

on_both!(
    p6_an_open_incident_is_there_after_a_restart_and_a_resolved_one_makes_room_for_the_next,
    p1_an_edit_before_the_first_post_takes_no_ping_away,
    the_highest_count_only_rises_and_outlives_the_process,
    the_highest_counts_of_bots_with_any_id_are_kept_apart,
    one_open_incident_on_a_subject_with_one_card,
    p2_what_is_suspected_has_no_card_until_it_is_an_incident_and_is_forgotten_without_a_trace,
    p2_the_last_one_is_opened_again_once_and_only_while_no_other_one_is_open,
    p2_what_stands_on_a_storms_card_has_none_of_its_own_until_it_outlasts_it,
    the_last_incidents_are_found_however_many_are_asked_for,
    the_open_incidents_on_some_subjects_are_those_and_no_other,
    of_what_is_known_only_what_changed_is_read,
    a_reply_is_where_its_card_is_wherever_a_new_card_would_be,
);

async fn the_open_incidents_on_some_subjects_are_those_and_no_other(ground: Ground) {
    let all: Vec<_> = (0..130).map(|n| incident(&format!("bot {n}"), 1)).collect();
    for incident in &all {
        let _opened = ground.store.open_incident(incident, Call::Card, ALERTS, at(0)).await.unwrap();
    }
    let first = ground.store.open_incidents_on(&[all[0].subject.clone()]).await.unwrap().remove(0);
    let _over = ground.store.change_incident(&first, &over(&all[0], 1), Call::Nobody, ALERTS, at(1)).await.unwrap();
    for (from, to) in [(0, 0), (0, 1), (5, 6), (0, 120)] {
        let asked: Vec<_> = all[from..to].iter().map(|incident| incident.subject.clone()).collect();
        let found = ground.store.open_incidents_on(&asked).await.unwrap();
        let mut found: Vec<_> = found.into_iter().map(|kept| kept.incident).collect();
        found.sort_by_key(|incident| all.iter().position(|one| one.id == incident.id));
        assert_eq!(found, all[from.max(1).min(to)..to], "{from} to {to}");
    }
}

async fn of_what_is_known_only_what_changed_is_read(ground: Ground) {
    for n in 0..3 {
        let one = incident(&format!("bot {n}"), 1);
        let _opened = ground.store.open_incident(&one, Call::Card, ALERTS, at(n)).await.unwrap();
    }
    let all = ground.store.open_incidents_since(&HashMap::new()).await.unwrap();
    assert_eq!((all.unchanged.len(), all.changed.len()), (0, 3));
    let versions: HashMap<_, _> = all.changed.iter().map(|kept| (kept.incident.id.clone(), kept.version())).collect();
    let same = ground.store.open_incidents_since(&versions).await.unwrap();
    assert_eq!((same.unchanged.len(), same.changed.len()), (3, 0));
    let [first, second, third] = all.changed.as_slice() else { panic!("{all:?}") };
    let worse = Incident { replies: 7, ..first.incident.clone() };
    let _changed = ground.store.change_incident(first, &worse, Call::Nobody, ALERTS, at(4)).await.unwrap();
    let _over =
        ground.store.change_incident(second, &over(&second.incident, 5), Call::Nobody, ALERTS, at(5)).await.unwrap();
    let now = ground.store.open_incidents_since(&versions).await.unwrap();
    assert_eq!(now.unchanged, [third.incident.id.clone()].into());
    assert_eq!(now.changed.iter().map(|kept| &kept.incident).collect::<Vec<_>>(), [&worse]);
}

fn suspected(bot: &str) -> Incident {
    Incident { phase: Phase::Suspected { since: at(0), well_since: None }, ..incident(bot, 1) }
}

fn over(incident: &Incident, second: i64) -> Incident {
    Incident { phase: Phase::Resolved { at: at(second), by: None }, ..incident.clone() }
}

fn change<'a>(before: Option<&'a Kept>, after: Option<&'a Incident>, call: Call) -> Change<'a> {
    Change { before, after, call, shown: true, channel: ALERTS }
}

/// The slots of what waits to be said, with the place of each; each is then said.
async fn said(ground: &Ground, second: i64) -> Vec<(String, ChannelId, bool)> {
    let mut said = Vec::new();
    while let Some(row) = ground.store.claim_message(LEASE, at(second)).await.unwrap() {
        let sent = Sending::Sent { message: MessageId(7), digest: "d" };
        assert_eq!(ground.store.settle_message(&row, sent, at(second)).await.unwrap(), Held::Yes);
        let ping = !matches!(row.notice, Notice::Card { ping: false, .. });
        said.push((row.slot, row.channel, ping));
    }
    said
}

async fn p2_what_is_suspected_has_no_card_until_it_is_an_incident_and_is_forgotten_without_a_trace(ground: Ground) {
    for (bot, becomes_one) in [("a", true), ("b", false)] {
        let suspicion = suspected(bot);
        let new = [change(None, Some(&suspicion), Call::Nobody)];
        assert_eq!(ground.store.write_incidents(&new, at(0)).await.unwrap(), [Changed::Now]);
        assert_eq!(said(&ground, 1).await, []);
        let kept = ground.store.open_incidents().await.unwrap().remove(0);
        assert_eq!(kept.incident, suspicion, "a restart goes on with it");
        let open = Incident { phase: Phase::Open, ..suspicion };
        let after = becomes_one.then_some(&open);
        let then = [change(Some(&kept), after, Call::Card)];
        assert_eq!(ground.store.write_incidents(&then, at(2)).await.unwrap(), [Changed::Now]);
        assert_eq!(ground.store.write_incidents(&then, at(2)).await.unwrap(), [Changed::Stale]);
        let card = [(format!("card:{}", open.id), ALERTS, true)];
        assert_eq!(said(&ground, 3).await, if becomes_one { card.to_vec() } else { Vec::new() });
        assert_eq!(ground.store.open_incidents().await.unwrap().len(), usize::from(becomes_one));
        for kept in ground.store.open_incidents().await.unwrap() {
            let _over =
                ground.store.change_incident(&kept, &over(&open, 4), Call::Nobody, ALERTS, at(4)).await.unwrap();
            said(&ground, 5).await;
        }
    }
    let last = ground.store.last_incidents(&[&incident("b", 1).subject]).await.unwrap();
    assert!(last.is_empty(), "{last:?}");
}

async fn p2_the_last_one_is_opened_again_once_and_only_while_no_other_one_is_open(ground: Ground) {
    let first = incident("a", 1);
    let _opened = ground.store.open_incident(&first, Call::Card, ALERTS, at(0)).await.unwrap();
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let _over = ground.store.change_incident(&kept, &over(&first, 60), Call::Nobody, ALERTS, at(60)).await.unwrap();
    said(&ground, 61).await;
    let suspicion = suspected("a");
    let _new = ground.store.write_incidents(&[change(None, Some(&suspicion), Call::Nobody)], at(70)).await.unwrap();
    let suspicion = ground.store.open_incidents().await.unwrap().remove(0);
    let last = ground.store.last_incidents(&[&first.subject]).await.unwrap().remove(&first.subject.name()).unwrap();
    assert_eq!((&last.kept.incident, last.card), (&over(&first, 60), Some((ALERTS, MessageId(7)))));
    let back = Incident { flaps: 1, replies: 1, ..first.clone() };
    let reopen = change(Some(&last.kept), Some(&back), Call::Back);
    assert_eq!(ground.store.write_incidents(&[reopen], at(80)).await.unwrap(), [Changed::Stale], "one is suspected");
    let forgets = change(Some(&suspicion), None, Call::Nobody);
    let late = [forgets, change(Some(&kept), Some(&back), Call::Back)];
    assert_eq!(ground.store.write_incidents(&late, at(80)).await.unwrap(), [Changed::Stale, Changed::Stale]);
    assert_eq!(ground.store.open_incidents().await.unwrap(), std::slice::from_ref(&suspicion), "both or none");
    let both = [forgets, reopen];
    assert_eq!(ground.store.write_incidents(&both, at(80)).await.unwrap(), [Changed::Now, Changed::Now]);
    assert_eq!(ground.store.write_incidents(&both, at(80)).await.unwrap(), [Changed::Stale, Changed::Stale]);
    let open: Vec<_> = ground.store.open_incidents().await.unwrap().into_iter().map(|kept| kept.incident).collect();
    assert_eq!(open, [back]);
    let edit = (format!("card:{}", first.id), ALERTS, true);
    let reply = (format!("back:1:{}", first.id), ALERTS, true);
    let mut said = said(&ground, 81).await;
    said.sort();
    assert_eq!(said, [reply, edit]);
}

async fn p2_what_stands_on_a_storms_card_has_none_of_its_own_until_it_outlasts_it(ground: Ground) {
    let storm = Incident { subject: Subject::Storm, facts: Facts::Storm(Storm::default()), ..incident("storm", 0) };
    let swept = Incident { storm: Some(storm.id.clone()), ..incident("a", 1) };
    let new = [change(None, Some(&storm), Call::Card), change(None, Some(&swept), Call::Nobody)];
    assert_eq!(ground.store.write_incidents(&new, at(0)).await.unwrap(), [Changed::Now, Changed::Now]);
    assert_eq!(said(&ground, 1).await, [(format!("card:{}", storm.id), ALERTS, true)]);
    let find = async |id: &Id| {
        ground.store.open_incidents().await.unwrap().into_iter().find(|kept| kept.incident.id == *id).unwrap()
    };
    let kept = find(&swept.id).await;
    let _over = ground.store.change_incident(&kept, &over(&swept, 9), Call::Nobody, ALERTS, at(9)).await.unwrap();
    let last = ground.store.last_incidents(&[&swept.subject]).await.unwrap();
    assert_eq!(last[&swept.subject.name()].card, Some((ALERTS, MessageId(7))), "it stood on the storm's");
    let other = Incident { storm: Some(storm.id.clone()), ..incident("b", 1) };
    let _new = ground.store.write_incidents(&[change(None, Some(&other), Call::Nobody)], at(10)).await.unwrap();
    let kept = find(&other.id).await;
    let left_behind = Incident { storm: None, ..other.clone() };
    let left = [change(Some(&kept), Some(&left_behind), Call::Card)];
    assert_eq!(ground.store.write_incidents(&left, at(11)).await.unwrap(), [Changed::Now]);
    assert_eq!(said(&ground, 12).await, [(format!("card:{}", other.id), ALERTS, true)]);
}

async fn the_last_incidents_are_found_however_many_are_asked_for(ground: Ground) {
    let all: Vec<_> = (0..250).map(|n| incident(&format!("bot-{n}"), 1)).collect();
    let new: Vec<_> = all.iter().map(|incident| change(None, Some(incident), Call::Card)).collect();
    let written = ground.store.write_incidents(&new, at(0)).await.unwrap();
    assert_eq!(written, vec![Changed::Now; all.len()]);
    for kept in ground.store.open_incidents().await.unwrap() {
        let ended = over(&kept.incident, 5);
        let _over = ground.store.change_incident(&kept, &ended, Call::Nobody, ALERTS, at(5)).await.unwrap();
    }
    let again = Incident { opened_at: at(100), ..incident("bot-7", 1) };
    let _opened = ground.store.open_incident(&again, Call::Card, ALERTS, at(100)).await.unwrap();
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let _over = ground.store.change_incident(&kept, &over(&again, 105), Call::Nobody, ALERTS, at(105)).await.unwrap();
    let mut subjects: Vec<_> = all.iter().map(|incident| &incident.subject).collect();
    let none = incident("nobody", 1);
    subjects.push(&none.subject);
    let last = ground.store.last_incidents(&subjects).await.unwrap();
    assert_eq!(last.len(), all.len());
    assert_eq!(last[&again.subject.name()].kept.incident.id, again.id);
    assert_eq!(last[&all[200].subject.name()].kept.incident.id, all[200].id);
}

async fn a_reply_is_where_its_card_is_wherever_a_new_card_would_be(ground: Ground) {
    let first = incident("a", 1);
    let _opened = ground.store.open_incident(&first, Call::Card, ALERTS, at(0)).await.unwrap();
    said(&ground, 1).await;
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let worse = Incident { replies: 1, ..first.clone() };
    let elsewhere = ChannelId(901);
    let _worse = ground.store.change_incident(&kept, &worse, Call::Worse, elsewhere, at(2)).await.unwrap();
    let channels: Vec<_> = said(&ground, 3).await.into_iter().map(|(_, channel, _)| channel).collect();
    assert_eq!(channels, [ALERTS, ALERTS]);
}

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
