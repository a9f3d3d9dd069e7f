//! Races, each run a thousand times and more: several tasks want the same thing at once, and exactly one gets it.

use std::collections::BTreeSet;
use std::time::Duration;

use botswain::domain::audit::Verdict;
use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, ChannelId, UserId};
use botswain::domain::incident::{Incident, Phase};
use botswain::domain::notice::Call;
use botswain::domain::operation::Operation;
use botswain::domain::pace::{Limits, TooMany, Whose};
use botswain::domain::request::{Request, RequestState};
use botswain::store::Store;
use botswain::store::highest::Highest;
use botswain::store::incidents::{Changed, Opened};
use botswain::store::operations::{Leased, Saved, Then};
use botswain::store::outbox::{Held, Sending};
use botswain::store::requests::{Confirmed, Settled};

use crate::facts::{ALERTS, LEASE, asked, at, entry, incident, operation, redeploy};
use crate::ground::{Ground, at_once};

/// How often each race is run.
const ROUNDS: usize = 1_000;

on_both!(
    p3_p10_of_many_presses_that_settle_one_request_one_does,
    one_operation_at_a_time_on_a_bot_whoever_else_begins_or_ends_one,
    of_many_changes_that_begin_at_once_as_many_do_as_there_is_room_for,
    p3_operations_that_many_want_are_leased_once_each,
    p2_messages_that_many_want_are_claimed_once_each_and_one_in_a_channel,
    p2_of_many_that_open_or_change_an_incident_one_does,
    p10_of_many_records_about_one_subject_one_is_first,
    the_highest_count_stands_whoever_raises_it_in_whatever_order,
);

async fn p3_p10_of_many_presses_that_settle_one_request_one_does(ground: Ground) {
    for round in 0..ROUNDS {
        let request = asked(&format!("bot-{round}"), &format!("connector-{round}"));
        let _kept = ground.store.save_request(&request).await.unwrap();
        let won = at_once((0..4).map(|press| {
            let (store, request) = (ground.store.clone(), request.clone());
            async move {
                if press == 0 {
                    let record = entry(request.id.as_str(), Verdict::Cancelled, 1);
                    let cancelled = store.settle_request(&request, RequestState::Cancelled, &record).await.unwrap();
                    return cancelled == Settled::Now;
                }
                store.confirm_request(&request, &operation(&request), &[], at(1)).await.unwrap() == Confirmed::Now
            }
        }))
        .await;
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}: {won:?}");
    }
    let begun = ground.store.open_operations().await.unwrap().len();
    let cancelled = ground.store.records(at(0), u32::MAX).await.unwrap().len();
    assert_eq!(begun + cancelled, ROUNDS);
    assert!(begun > 0, "nobody ever confirmed");
}

/// What goes on in a round beside those that want to begin.
async fn end(store: Store, Leased { operation, lease }: Leased) {
    let record = entry(operation.request.as_str(), Verdict::Done, 1);
    let saved = store.save_operation(&operation, &lease, Then::End { entry: &record }, at(1)).await.unwrap();
    assert_eq!(saved, Saved::Now);
}

async fn one_operation_at_a_time_on_a_bot_whoever_else_begins_or_ends_one(ground: Ground) {
    let mut standing: Option<Operation> = None;
    let mut begun = 0;
    for round in 0..ROUNDS {
        // Two that want one environment, and two that want the same two from opposite ends.
        let requests = [
            asked("billing", "billing-1"),
            asked("billing", "billing-2"),
            redeploy("billing", "billing-3", "production", "demo"),
            redeploy("billing", "billing-4", "demo", "production"),
        ];
        for request in &requests {
            let _kept = ground.store.save_request(request).await.unwrap();
        }
        let leased = ground.store.lease_operation(LEASE, at(0)).await.unwrap();
        assert_eq!(leased.as_ref().map(|leased| leased.operation.id.clone()), standing.as_ref().map(|o| o.id.clone()));
        let ending = leased.map(|leased| tokio::spawn(end(ground.store.clone(), leased)));
        let came_to = at_once(requests.map(|request: Request| {
            let (store, operation) = (ground.store.clone(), operation(&request));
            async move { (store.confirm_request(&request, &operation, &[], at(0)).await.unwrap(), operation) }
        }))
        .await;
        if let Some(ending) = ending {
            ending.await.unwrap();
        }
        let won: Vec<_> = came_to.iter().filter(|(went, _)| *went == Confirmed::Now).map(|(_, own)| own).collect();
        assert!(won.len() <= 1, "round {round}: {} hold one bot", won.len());
        for (went, _) in &came_to {
            let held_by = |one: Option<&Operation>, holder: &Operation| one.is_some_and(|one| one.id == holder.id);
            let explained = match went {
                Confirmed::Now => true,
                Confirmed::Busy(by) => held_by(standing.as_ref(), by) || held_by(won.first().copied(), by),
                Confirmed::Before(_) | Confirmed::TooMany(_) => false,
            };
            assert!(explained, "round {round}: {went:?}");
        }
        standing = won.first().map(|operation| (*operation).clone());
        begun += usize::from(standing.is_some());
        assert_eq!(ground.store.open_operations().await.unwrap().len(), usize::from(standing.is_some()));
    }
    assert!(begun > ROUNDS / 3, "of {ROUNDS} rounds only {begun} began anything");
}

async fn of_many_changes_that_begin_at_once_as_many_do_as_there_is_room_for(ground: Ground) {
    const MOST: u32 = 3;
    for round in 0..ROUNDS / 4 {
        let limits = Limits { per_person: 0, per_environment: MOST };
        let (here, there) = (Environment::new(&format!("here-{round}")), Environment::new("there"));
        let unlimited = Limits::default().counted(UserId(1), [&there]).split_off(1);
        let counted = [limits.counted(UserId(1), [&here]), unlimited].concat();
        // Half of them find one there before.
        let before = u32::from(round % 2 == 0);
        let began = |n: u32| {
            let (store, counted) = (ground.store.clone(), counted.clone());
            let request = asked(&format!("bot-{round}-{n}"), &format!("connector-{round}-{n}"));
            async move {
                let _kept = store.save_request(&request).await.unwrap();
                let operation = Operation { opened_at: at(1), ..operation(&request) };
                store.confirm_request(&request, &operation, &counted, at(1)).await.unwrap()
            }
        };
        for n in 0..before {
            assert_eq!(began(n).await, Confirmed::Now);
        }
        let came_to = at_once((before..6).map(began)).await;
        let begun = came_to.iter().filter(|went| **went == Confirmed::Now).count();
        assert_eq!(begun, usize::try_from(MOST - before).unwrap(), "round {round}: {came_to:?}");
        let whose = Whose::Environment { environment: here.clone() };
        let full = TooMany { whose, most: MOST, again_at: at(601) };
        assert!(came_to.iter().all(|went| *went == Confirmed::Now || *went == Confirmed::TooMany(full.clone())));
        let read = |second| ground.store.too_many(&counted, at(second));
        assert_eq!((read(600).await.unwrap(), read(601).await.unwrap()), (Some(full.clone()), None));
    }
    // Whoever was refused holds nothing, and the request can be asked once there is room.
    assert_eq!(ground.store.open_operations().await.unwrap().len(), ROUNDS / 4 * usize::try_from(MOST).unwrap());
}

async fn p3_operations_that_many_want_are_leased_once_each(ground: Ground) {
    const DUE: usize = 3;
    for bot in 0..DUE {
        let request = asked(&format!("bot-{bot}"), &format!("connector-{bot}"));
        let _kept = ground.store.save_request(&request).await.unwrap();
        let begun = ground.store.confirm_request(&request, &operation(&request), &[], at(0)).await.unwrap();
        assert_eq!(begun, Confirmed::Now);
    }
    for round in 0..ROUNDS {
        let leased = at_once((0..DUE + 2).map(|_| {
            let store = ground.store.clone();
            async move { store.lease_operation(LEASE, at(1)).await.unwrap() }
        }))
        .await;
        let leased: Vec<_> = leased.into_iter().flatten().collect();
        let different: BTreeSet<_> = leased.iter().map(|leased| leased.operation.id.clone()).collect();
        assert_eq!((leased.len(), different.len()), (DUE, DUE), "round {round}");
        let saved = at_once(leased.into_iter().map(|Leased { operation, lease }| {
            let store = ground.store.clone();
            let then = Then::Release { due: Duration::ZERO };
            async move { store.save_operation(&operation, &lease, then, at(1)).await.unwrap() }
        }))
        .await;
        assert_eq!(saved, [Saved::Now; DUE], "round {round}");
    }
}

async fn p2_messages_that_many_want_are_claimed_once_each_and_one_in_a_channel(ground: Ground) {
    const CHANNELS: u64 = 3;
    for n in 0..CHANNELS * 3 {
        let channel = ChannelId(900 + n % CHANNELS);
        let opened =
            ground.store.open_incident(&incident(&format!("bot-{n}"), 1), Call::Card, channel, at(0)).await.unwrap();
        assert_eq!(opened, Opened::Now);
    }
    for round in 0..ROUNDS {
        let claimed = at_once((0..CHANNELS + 2).map(|_| {
            let store = ground.store.clone();
            async move { store.claim_message(LEASE, at(1)).await.unwrap() }
        }))
        .await;
        let claimed: Vec<_> = claimed.into_iter().flatten().collect();
        let channels: BTreeSet<_> = claimed.iter().map(|row| row.channel.0).collect();
        assert_eq!(channels, (900..900 + CHANNELS).collect(), "round {round}");
        assert_eq!(claimed.len(), channels.len(), "round {round}: two in flight in one channel");
        let settled = at_once(claimed.into_iter().map(|row| {
            let store = ground.store.clone();
            async move { store.settle_message(&row, Sending::Held { due: at(1) }, at(1)).await.unwrap() }
        }))
        .await;
        assert!(settled.iter().all(|held| *held == Held::Yes), "round {round}");
    }
}

async fn p2_of_many_that_open_or_change_an_incident_one_does(ground: Ground) {
    for round in 0..ROUNDS {
        let opened = at_once((0..4).map(|_| {
            let store = ground.store.clone();
            async move { store.open_incident(&incident("billing", 1), Call::Card, ALERTS, at(0)).await.unwrap() }
        }))
        .await;
        assert_eq!(opened.iter().filter(|opened| **opened == Opened::Now).count(), 1, "round {round}");
        let kept = ground.store.open_incidents().await.unwrap();
        assert_eq!(kept.len(), 1, "round {round}");
        let changed = at_once((0..4).map(|_| {
            let (store, kept) = (ground.store.clone(), kept[0].clone());
            let over = Incident { phase: Phase::Resolved { at: at(1), by: None }, ..kept.incident.clone() };
            async move { store.change_incident(&kept, &over, Call::Worse, ALERTS, at(1)).await.unwrap() }
        }))
        .await;
        assert_eq!(changed.iter().filter(|changed| **changed == Changed::Now).count(), 1, "round {round}");
    }
    let messages = u64::try_from(ROUNDS).unwrap() * 2;
    assert_eq!(ground.store.backlog().await.unwrap().waiting, messages, "a card and a reply for each, and no more");
}

async fn p10_of_many_records_about_one_subject_one_is_first(ground: Ground) {
    for round in 0..ROUNDS {
        let first = at_once([Verdict::Done, Verdict::Failed, Verdict::Denied].map(|verdict| {
            let store = ground.store.clone();
            async move { store.record(&entry(&format!("interaction:{round}"), verdict, 1)).await.unwrap() }
        }))
        .await;
        assert_eq!(first.iter().filter(|first| **first).count(), 1, "round {round}");
    }
    assert_eq!(ground.store.records(at(0), u32::MAX).await.unwrap().len(), ROUNDS);
}

async fn the_highest_count_stands_whoever_raises_it_in_whatever_order(ground: Ground) {
    let seen = |bot: &str, healthy| Highest {
        bot: Bot { id: BotId::new(bot), name: "Billing".to_owned() },
        environment: Environment::new("production"),
        healthy,
    };
    let mut highest = 0;
    for _ in 0..ROUNDS / 4 {
        at_once((1..5).map(|above| {
            let (store, healthy) = (ground.store.clone(), highest + above);
            let mut counts = vec![seen("a", healthy), seen("b", healthy), seen("c", healthy)];
            if above % 2 == 0 {
                counts.reverse();
            }
            async move { store.raise_highest_seen(&counts).await.unwrap() }
        }))
        .await;
        highest += 4;
        let all: Vec<_> = ground.store.highest_seen().await.unwrap().into_values().collect();
        assert_eq!(all, ["a", "b", "c"].map(|bot| seen(bot, highest)));
    }
}
