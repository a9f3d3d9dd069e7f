//! What people did about an incident, what is said of it again, and mutes: each written once, with its card, or not at all.

use botswain::domain::attention::{Attended, Attention, Due, Wish};
use botswain::domain::audit::Verdict;
use botswain::domain::authority::Person;
use botswain::domain::connector::Environment;
use botswain::domain::ids::{Id, MessageId, UserId};
use botswain::domain::incident::{Incident, Phase};
use botswain::domain::mute::{Mute, MuteEnd, Scope};
use botswain::domain::notice::{Call, Notice};
use botswain::store::incidents::{Changed, Kept, Opened};
use botswain::store::mutes::{Muted, Unmuted};
use botswain::store::outbox::{Held, Sending};

use crate::facts::{ALERTS, LEASE, at, entry, incident};
use crate::ground::{Ground, at_once};

on_both!(
    p2_a_step_is_said_once_and_a_restart_knows_it,
    p1_a_step_that_cannot_be_said_is_not_taken_for_said,
    p10_a_press_is_written_with_its_card_and_its_record_or_not_at_all,
    of_many_presses_on_one_incident_each_is_judged_by_what_the_one_before_left,
    a_reply_that_nobody_has_tried_to_post_is_taken_back_and_one_that_may_stand_is_not,
    one_mute_of_the_same_is_on_and_it_ends_once_with_one_summary,
    a_mute_is_prolonged_once_from_what_was_read_and_not_ended_by_who_found_it_over,
    p1_whoever_ends_a_mute_while_an_incident_is_opened_it_is_told_or_it_pings,
);

/// How often a race is run.
const ROUNDS: usize = 300;

fn olga() -> Person {
    Person { id: UserId(1), name: "Olga".to_owned() }
}

/// An incident that is open, as it is kept.
async fn opened(ground: &Ground, bot: &str) -> Kept {
    let incident = incident(bot, 1);
    assert_eq!(ground.store.open_incident(&incident, Call::Card, ALERTS, at(0)).await.unwrap(), Opened::Now);
    ground.store.incident(&incident.id).await.unwrap().unwrap()
}

fn reminded(kept: &Kept) -> Attended {
    let attention = Attention { said: kept.incident.attention.said + 1, ..kept.incident.attention.clone() };
    Attended { due: vec![(Due::Reminder, attention.said)], attention }
}

fn mute(environment: &str) -> Mute {
    Mute {
        id: Id::random(),
        scope: Scope { environment: Some(Environment::new(environment)), bot: None },
        by: olga(),
        reason: "new settings\0".to_owned(),
        at: at(0),
        until: at(3_600),
        channel: ALERTS,
        prolonged: None,
        ended: None,
    }
}

/// Posts all that waits; the slots.
async fn delivered(ground: &Ground) -> Vec<(String, Notice)> {
    let mut delivered = Vec::new();
    while let Some(row) = ground.store.claim_message(LEASE, at(10)).await.unwrap() {
        let sent = Sending::Sent { message: MessageId(7), digest: "d" };
        assert_eq!(ground.store.settle_message(&row, sent, at(10)).await.unwrap(), Held::Yes);
        delivered.push((row.slot, row.notice));
    }
    delivered
}

async fn p2_a_step_is_said_once_and_a_restart_knows_it(ground: Ground) {
    let kept = opened(&ground, "a").await;
    let attended = reminded(&kept);
    assert_eq!(ground.store.attend_incident(&kept, &attended, at(1)).await.unwrap(), Changed::Now);
    assert_eq!(ground.store.attend_incident(&kept, &attended, at(1)).await.unwrap(), Changed::Stale);
    let ground = ground.restarted().await;
    let again = ground.store.incident(&kept.incident.id).await.unwrap().unwrap();
    assert_eq!(again.incident.attention, attended.attention);
    let slots: Vec<_> = delivered(&ground).await.into_iter().map(|(slot, _)| slot).collect();
    assert_eq!(slots, [format!("card:{}", kept.incident.id), format!("remind:1:{}", kept.incident.id)]);
}

async fn p1_a_step_that_cannot_be_said_is_not_taken_for_said(ground: Ground) {
    let kept = opened(&ground, "a").await;
    delivered(&ground).await;
    ground.meddle("ALTER TABLE outbox RENAME TO away").await;
    assert!(ground.store.attend_incident(&kept, &reminded(&kept), at(1)).await.is_err());
    ground.meddle("ALTER TABLE away RENAME TO outbox").await;
    assert_eq!(ground.store.incident(&kept.incident.id).await.unwrap().as_ref(), Some(&kept));
    assert_eq!(ground.store.attend_incident(&kept, &reminded(&kept), at(1)).await.unwrap(), Changed::Now);
    let slots: Vec<_> = delivered(&ground).await.into_iter().map(|(slot, _)| slot).collect();
    assert_eq!(slots, [format!("card:{}", kept.incident.id), format!("remind:1:{}", kept.incident.id)]);
}

async fn p10_a_press_is_written_with_its_card_and_its_record_or_not_at_all(ground: Ground) {
    let kept = opened(&ground, "a").await;
    let taken = kept.incident.take(Wish::Acknowledge, &olga(), at(1)).unwrap();
    let record = entry("interaction:1", Verdict::Done, 1);
    assert_eq!(ground.store.handle_incident(&kept, &taken, &record, at(1)).await.unwrap(), Changed::Now);
    let late = entry("interaction:2", Verdict::Done, 1);
    assert_eq!(ground.store.handle_incident(&kept, &taken, &late, at(1)).await.unwrap(), Changed::Stale);
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), [record]);
    let Some((_, Notice::Card { incident, ping })) = delivered(&ground).await.pop() else { panic!("a card") };
    assert_eq!((incident.attention, ping), (taken, true), "the press takes no ping away");
    // What is over is over.
    let kept = ground.store.incident(&kept.incident.id).await.unwrap().unwrap();
    let over = Incident { phase: Phase::Resolved { at: at(2), by: None }, ..kept.incident.clone() };
    assert_eq!(ground.store.change_incident(&kept, &over, Call::Nobody, ALERTS, at(2)).await.unwrap(), Changed::Now);
    let kept = ground.store.incident(&kept.incident.id).await.unwrap().unwrap();
    assert_eq!(ground.store.handle_incident(&kept, &Attention::default(), &late, at(3)).await.unwrap(), Changed::Stale);
}

async fn of_many_presses_on_one_incident_each_is_judged_by_what_the_one_before_left(ground: Ground) {
    for round in 0..ROUNDS {
        let kept = opened(&ground, &format!("bot-{round}")).await;
        let won = at_once((0..4).map(|press| {
            let (store, kept) = (ground.store.clone(), kept.clone());
            async move {
                if press == 0 {
                    return store.attend_incident(&kept, &reminded(&kept), at(1)).await.unwrap();
                }
                let taken = kept.incident.take(Wish::Acknowledge, &olga(), at(1)).unwrap();
                let record = entry(&format!("interaction:{round}:{press}"), Verdict::Done, 1);
                store.handle_incident(&kept, &taken, &record, at(1)).await.unwrap()
            }
        }))
        .await;
        assert_eq!(won.iter().filter(|won| **won == Changed::Now).count(), 1, "round {round}: {won:?}");
    }
}

async fn a_reply_that_nobody_has_tried_to_post_is_taken_back_and_one_that_may_stand_is_not(ground: Ground) {
    for (bot, tried) in [("untried", false), ("tried", true)] {
        let kept = opened(&ground, bot).await;
        delivered(&ground).await;
        assert_eq!(ground.store.attend_incident(&kept, &reminded(&kept), at(1)).await.unwrap(), Changed::Now);
        let edit = ground.store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
        let sent = Sending::Sent { message: MessageId(7), digest: "d" };
        assert_eq!(ground.store.settle_message(&edit, sent, at(2)).await.unwrap(), Held::Yes);
        if tried {
            let reply = ground.store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
            let later = Sending::Later { due: at(5), maybe_sent: true };
            assert_eq!(ground.store.settle_message(&reply, later, at(2)).await.unwrap(), Held::Yes);
        }
        let kept = ground.store.incident(&kept.incident.id).await.unwrap().unwrap();
        let over = Incident { phase: Phase::Resolved { at: at(3), by: None }, ..kept.incident.clone() };
        assert_eq!(
            ground.store.change_incident(&kept, &over, Call::Nobody, ALERTS, at(3)).await.unwrap(),
            Changed::Now
        );
        let left = delivered(&ground).await.into_iter().map(|(slot, _)| slot).filter(|slot| slot.starts_with("remind"));
        assert_eq!(left.count(), usize::from(tried), "{bot}");
    }
}

async fn one_mute_of_the_same_is_on_and_it_ends_once_with_one_summary(ground: Ground) {
    let (first, second) = (mute("production"), mute("production"));
    let record = entry("interaction:1", Verdict::Done, 1);
    assert_eq!(ground.store.mute(&first, &record, at(0)).await.unwrap(), Muted::Now);
    let late = entry("interaction:2", Verdict::Done, 1);
    assert_eq!(ground.store.mute(&second, &late, at(0)).await.unwrap(), Muted::Before(Box::new(first.clone())));
    assert_eq!(ground.store.mute(&mute("demo"), &late, at(0)).await.unwrap(), Muted::Now);
    let ground = ground.restarted().await;
    assert_eq!(ground.store.mutes().await.unwrap().len(), 2);
    let ends = at_once((0..4).map(|_| {
        let (store, id) = (ground.store.clone(), first.id.clone());
        async move { store.end_mute(&id, MuteEnd::Over { at: at(3_600) }, None, at(9)).await.unwrap() }
    }))
    .await;
    let over = Box::new(Mute { ended: Some(MuteEnd::Over { at: at(3_600) }), ..first.clone() });
    assert_eq!(ends.iter().filter(|end| **end == Unmuted::Now(over.clone())).count(), 1, "{ends:?}");
    assert_eq!(ends.iter().filter(|end| **end == Unmuted::Before(Some(over.clone()))).count(), 3, "{ends:?}");
    let unknown = ground.store.end_mute(&Id::random(), MuteEnd::Over { at: at(9) }, None, at(9)).await.unwrap();
    assert_eq!(unknown, Unmuted::Before(None));
    let summaries = delivered(&ground).await.into_iter().filter(|(slot, _)| slot.starts_with("summary:")).count();
    assert_eq!(summaries, 1);
    assert_eq!(ground.store.mute(&second, &entry("interaction:3", Verdict::Done, 1), at(9)).await.unwrap(), Muted::Now);
}

async fn a_mute_is_prolonged_once_from_what_was_read_and_not_ended_by_who_found_it_over(ground: Ground) {
    let first = mute("production");
    assert_eq!(ground.store.mute(&first, &entry("interaction:1", Verdict::Done, 1), at(0)).await.unwrap(), Muted::Now);
    let asked = |second| Mute { until: at(second), reason: "still not ready".to_owned(), ..mute("production") };
    assert_eq!(first.prolonged_as(&asked(3_600)), None, "no later");
    let longer = first.prolonged_as(&asked(7_200)).unwrap();
    let other = first.prolonged_as(&asked(9_000)).unwrap();
    let record = |n: u32| entry(&format!("interaction:{n}"), Verdict::Done, 1);
    assert!(ground.store.prolong_mute(&first, &longer, &record(2), at(1)).await.unwrap());
    assert!(!ground.store.prolong_mute(&first, &other, &record(3), at(1)).await.unwrap(), "it is not as it was read");
    assert_eq!(ground.store.mutes().await.unwrap(), std::slice::from_ref(&longer));
    let end = |second| MuteEnd::Over { at: at(second) };
    let early = ground.store.end_mute(&first.id, end(3_600), None, at(3_600)).await.unwrap();
    assert_eq!(early, Unmuted::Before(None));
    let over = ground.store.end_mute(&first.id, end(7_200), None, at(7_200)).await.unwrap();
    assert!(matches!(&over, Unmuted::Now(mute) if mute.reason == "still not ready"), "{over:?}");
    assert!(!ground.store.prolong_mute(&longer, &other, &record(4), at(7_201)).await.unwrap(), "it is over");
    let records = ground.store.records(at(0), 9).await.unwrap();
    let mut about: Vec<_> = records.into_iter().map(|record| record.about).collect();
    about.sort();
    assert_eq!(about, ["interaction:1", "interaction:2"]);
}

async fn p1_whoever_ends_a_mute_while_an_incident_is_opened_it_is_told_or_it_pings(ground: Ground) {
    for round in 0..ROUNDS {
        let mute = mute(&format!("place-{round}"));
        let record = entry(&format!("interaction:{round}"), Verdict::Done, 1);
        assert_eq!(ground.store.mute(&mute, &record, at(0)).await.unwrap(), Muted::Now);
        let hushed = Attention { muted: Some(mute.hush()), ..Attention::default() };
        let incident = Incident { attention: hushed, ..incident(&format!("bot-{round}"), 1) };
        at_once((0..2).map(|racer| {
            let (store, id, incident) = (ground.store.clone(), mute.id.clone(), incident.clone());
            async move {
                if racer == 0 {
                    let end = MuteEnd::Over { at: at(3_600) };
                    assert!(matches!(store.end_mute(&id, end, None, at(1)).await.unwrap(), Unmuted::Now(_)));
                } else {
                    assert_eq!(store.open_incident(&incident, Call::Card, ALERTS, at(1)).await.unwrap(), Opened::Now);
                }
            }
        }))
        .await;
        let (mut pings, mut told) = (false, false);
        for (_, notice) in delivered(&ground).await {
            match notice {
                Notice::Card { ping, .. } => pings = ping,
                Notice::Summary { summary, .. } => told = summary.ping && summary.heard.len() == 1,
                _ => {}
            }
        }
        assert!(pings != told, "round {round}: pings {pings}, told {told}");
    }
}
