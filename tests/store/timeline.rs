//! What happened to incidents: written with the change or not at all, told in order, each line in one message.

use botswain::domain::attention::Wish;
use botswain::domain::audit::Verdict;
use botswain::domain::authority::Person;
use botswain::domain::ids::{ChannelId, MessageId, UserId};
use botswain::domain::incident::{Facts, Incident, Phase, Storm, Subject};
use botswain::domain::notice::Call;
use botswain::domain::operation::{Ended, Operation, Outcome};
use botswain::domain::request::Request;
use botswain::domain::timeline::Happening;
use botswain::store::incidents::{Changed, Opened};
use botswain::store::operations::{Saved, Then};
use botswain::store::outbox::{Held, Sending};
use botswain::store::requests::Confirmed;
use botswain::store::timeline::{LINES, Telling, Told};

use crate::facts::{ALERTS, LEASE, asked, at, entry, failover, incident, operation, redeploy};
use crate::ground::Ground;

on_both!(
    what_happens_is_written_with_the_change_or_not_at_all,
    nothing_is_told_before_the_card_stands,
    what_is_in_doubt_keeps_its_lines_and_what_surely_failed_takes_what_came_since,
    a_lease_that_ran_out_is_taken_over_and_its_old_holder_settles_nothing,
    p6_what_a_dead_process_was_telling_is_told_under_the_same_name,
    another_card_has_another_thread_that_goes_on_from_the_first,
    what_is_left_out_is_not_told_and_what_happens_next_is,
    an_operation_is_told_where_its_bot_has_an_open_card,
    the_end_of_an_operation_is_told_wherever_its_beginning_was,
    an_operation_is_told_once_in_the_thread_of_the_storm_on_whose_card_its_bot_stands,
    what_was_told_of_what_is_over_is_forgotten_once_it_is_old,
    a_card_that_is_found_deleted_is_made_anew,
);

/// An incident whose card stands as this message.
async fn carded(ground: &Ground, bot: &str, card: u64) -> Incident {
    let incident = incident(bot, 1);
    assert_eq!(ground.store.open_incident(&incident, Call::Card, ALERTS, at(0)).await.unwrap(), Opened::Now);
    stands(ground, card).await;
    incident
}

async fn stands(ground: &Ground, card: u64) {
    while let Some(row) = ground.store.claim_message(LEASE, at(10)).await.unwrap() {
        let sent = Sending::Sent { message: MessageId(card), digest: "d" };
        assert_eq!(ground.store.settle_message(&row, sent, at(10)).await.unwrap(), Held::Yes);
    }
}

/// It has so many healthy connectors now.
async fn has(ground: &Ground, incident: &Incident, healthy: u32, second: i64) -> Changed {
    let kept = ground.store.incident(&incident.id).await.unwrap().unwrap();
    let after = Incident { facts: Facts::Failover(failover(healthy)), ..kept.incident.clone() };
    ground.store.change_incident(&kept, &after, Call::Nobody, ALERTS, at(second)).await.unwrap()
}

async fn claim(ground: &Ground, second: i64) -> Option<Telling> {
    let is_due = ground.store.has_to_tell(at(second)).await.unwrap();
    let claimed = ground.store.claim_telling(LEASE, at(second)).await.unwrap();
    assert_eq!(is_due, claimed.is_some());
    claimed
}

async fn settle(ground: &Ground, telling: &Telling, told: Told, second: i64) {
    assert_eq!(ground.store.settle_telling(telling, told, at(second)).await.unwrap(), Held::Yes);
}

/// How many healthy connectors each line tells of; -1 for what is told otherwise.
fn healthy(telling: &Telling) -> Vec<i64> {
    let count = |what: &Happening| {
        let body = serde_json::to_value(what).unwrap();
        body.pointer("/stands/healthy").and_then(serde_json::Value::as_i64).unwrap_or(-1)
    };
    telling.lines.iter().map(|line| count(&line.what)).collect()
}

async fn what_happens_is_written_with_the_change_or_not_at_all(ground: Ground) {
    let incident = carded(&ground, "billing", 70).await;
    let kept = ground.store.incident(&incident.id).await.unwrap().unwrap();
    assert_eq!(has(&ground, &incident, 0, 2).await, Changed::Now);
    // Whoever read what was before writes neither the change nor a line of it.
    let olga = Person { id: UserId(1), name: "Olga".to_owned() };
    let attention = kept.incident.take(Wish::Acknowledge, &olga, at(3)).unwrap();
    let record = entry("interaction:1", Verdict::Done, 3);
    let handled = ground.store.handle_incident(&kept, &attention, &record, at(3)).await.unwrap();
    assert_eq!(handled, Changed::Stale);
    assert_eq!(ground.store.waiting_lines().await.unwrap(), 2);
    let kept = ground.store.incident(&incident.id).await.unwrap().unwrap();
    let handled = ground.store.handle_incident(&kept, &attention, &record, at(3)).await.unwrap();
    assert_eq!(handled, Changed::Now);
    let telling = claim(&ground, 4).await.unwrap();
    assert_eq!(healthy(&telling), [1, 0, -1]);
    assert_eq!((telling.card, telling.channel, telling.thread, telling.parts), (MessageId(70), ALERTS, None, 0));
}

async fn nothing_is_told_before_the_card_stands(ground: Ground) {
    let incident = incident("billing", 1);
    assert_eq!(ground.store.open_incident(&incident, Call::Card, ALERTS, at(0)).await.unwrap(), Opened::Now);
    assert!(claim(&ground, 1).await.is_none());
    stands(&ground, 70).await;
    assert_eq!(claim(&ground, 1).await.unwrap().incident.id, incident.id);
    assert!(claim(&ground, 1).await.is_none(), "one at a time");
}

async fn what_is_in_doubt_keeps_its_lines_and_what_surely_failed_takes_what_came_since(ground: Ground) {
    let incident = carded(&ground, "billing", 70).await;
    let telling = claim(&ground, 2).await.unwrap();
    settle(&ground, &telling, Told::Started { thread: ChannelId(70) }, 2).await;
    let telling = claim(&ground, 2).await.unwrap();
    assert_eq!((telling.thread, telling.first_tried_at), (Some(ChannelId(70)), None));
    settle(&ground, &telling, Told::Later { due: at(3), maybe_sent: false }, 2).await;
    let _changed = has(&ground, &incident, 0, 3).await;
    assert!(claim(&ground, 2).await.is_none());
    let telling = claim(&ground, 3).await.unwrap();
    assert_eq!((healthy(&telling), telling.attempts), (vec![1, 0], 1), "nothing of it stands, so both go");
    settle(&ground, &telling, Told::Later { due: at(4), maybe_sent: true }, 3).await;
    let _changed = has(&ground, &incident, 1, 4).await;
    let telling = claim(&ground, 4).await.unwrap();
    assert_eq!((healthy(&telling), telling.first_tried_at), (vec![1, 0], Some(at(3))), "it may stand as it was");
    settle(&ground, &telling, Told::Said { message: MessageId(71) }, 4).await;
    for healthy in [0, 1].repeat(6) {
        let _changed = has(&ground, &incident, healthy, 5).await;
    }
    let telling = claim(&ground, 5).await.unwrap();
    assert_eq!((telling.parts, telling.last, telling.attempts), (1, Some(MessageId(71)), 0));
    assert_eq!(healthy(&telling), [1, 0, 1, 0, 1, 0, 1, 0], "in the order of the changes, as many as fit");
    assert_eq!(i64::try_from(telling.lines.len()).unwrap(), LINES);
    settle(&ground, &telling, Told::Said { message: MessageId(72) }, 5).await;
    assert_eq!(healthy(&claim(&ground, 5).await.unwrap()), [1, 0, 1, 0, 1]);
}

async fn a_lease_that_ran_out_is_taken_over_and_its_old_holder_settles_nothing(ground: Ground) {
    carded(&ground, "billing", 70).await;
    let old = claim(&ground, 1).await.unwrap();
    assert!(claim(&ground, 60).await.is_none());
    let new = claim(&ground, 61).await.unwrap();
    let said = Told::Said { message: MessageId(71) };
    assert_eq!(ground.store.settle_telling(&old, said, at(62)).await.unwrap(), Held::LeaseLost);
    assert_eq!(ground.store.about_to_tell_anew(&old, at(62)).await.unwrap(), Held::LeaseLost);
    assert_eq!(ground.store.waiting_lines().await.unwrap(), 1);
    settle(&ground, &new, said, 62).await;
    assert_eq!(ground.store.waiting_lines().await.unwrap(), 0);
}

async fn p6_what_a_dead_process_was_telling_is_told_under_the_same_name(ground: Ground) {
    let incident = carded(&ground, "billing", 70).await;
    let telling = claim(&ground, 1).await.unwrap();
    let _changed = has(&ground, &incident, 0, 2).await;
    let ground = ground.restarted().await;
    stands(&ground, 70).await;
    let again = claim(&ground, 2).await.unwrap();
    assert_eq!((&again.reference, again.parts, again.first_tried_at), (&telling.reference, 0, Some(at(1))));
    assert_eq!(again.lines, telling.lines, "what came since goes with the next one");
}

async fn another_card_has_another_thread_that_goes_on_from_the_first(ground: Ground) {
    let incident = carded(&ground, "billing", 70).await;
    let telling = claim(&ground, 1).await.unwrap();
    settle(&ground, &telling, Told::Started { thread: ChannelId(70) }, 1).await;
    let telling = claim(&ground, 1).await.unwrap();
    assert_eq!(telling.continues, None);
    settle(&ground, &telling, Told::Said { message: MessageId(71) }, 1).await;
    let _changed = has(&ground, &incident, 0, 2).await;
    let row = ground.store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
    assert_eq!(ground.store.settle_message(&row, Sending::Continued, at(2)).await.unwrap(), Held::Yes);
    let row = ground.store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
    assert_eq!((row.message, row.continues, row.generation), (None, Some(MessageId(70)), 1));
    let sent = Sending::Sent { message: MessageId(80), digest: "d" };
    assert_eq!(ground.store.settle_message(&row, sent, at(2)).await.unwrap(), Held::Yes);
    let telling = claim(&ground, 3).await.unwrap();
    assert_eq!((telling.card, telling.thread), (MessageId(80), Some(ChannelId(70))));
    settle(&ground, &telling, Told::Started { thread: ChannelId(80) }, 3).await;
    let telling = claim(&ground, 3).await.unwrap();
    assert_eq!((telling.thread, telling.continues), (Some(ChannelId(80)), Some(ChannelId(70))));
    settle(&ground, &telling, Told::Said { message: MessageId(81) }, 3).await;
    let _changed = has(&ground, &incident, 1, 4).await;
    stands(&ground, 80).await;
    assert_eq!(claim(&ground, 4).await.unwrap().continues, None, "that is said once");
}

async fn what_is_left_out_is_not_told_and_what_happens_next_is(ground: Ground) {
    let incident = carded(&ground, "billing", 70).await;
    let telling = claim(&ground, 1).await.unwrap();
    let _changed = has(&ground, &incident, 0, 2).await;
    stands(&ground, 70).await;
    settle(&ground, &telling, Told::LeftOut, 2).await;
    let telling = claim(&ground, 2).await.unwrap();
    assert_eq!((healthy(&telling), telling.first_tried_at), (vec![0], None));
    settle(&ground, &telling, Told::Gone, 2).await;
    let telling = claim(&ground, 2).await.unwrap();
    assert_eq!((healthy(&telling), telling.thread, telling.attempts), (vec![0], None, 1));
    settle(&ground, &telling, Told::LeftOut, 2).await;
    assert!(claim(&ground, 1_000).await.is_none());
    assert_eq!(ground.store.waiting_lines().await.unwrap(), 0);
}

async fn an_operation_is_told_where_its_bot_has_an_open_card(ground: Ground) {
    carded(&ground, "billing", 70).await;
    carded(&ground, "orders", 71).await;
    while let Some(telling) = claim(&ground, 1).await {
        settle(&ground, &telling, Told::Said { message: MessageId(72) }, 1).await;
    }
    let request = asked("billing", "billing-1");
    let _kept = ground.store.save_request(&request).await.unwrap();
    let begun = ground.store.confirm_request(&request, &operation(&request), &[], at(2)).await.unwrap();
    assert_eq!(begun, Confirmed::Now);
    let telling = claim(&ground, 2).await.unwrap();
    assert_eq!(telling.card, MessageId(70));
    let Happening::Began { deed, .. } = &telling.lines[0].what else { panic!("{:?}", telling.lines) };
    assert_eq!((telling.lines.len(), deed.connector.as_str()), (1, "billing-1"));
    assert!(claim(&ground, 2).await.is_none(), "another bot's card tells nothing of it");
}

/// Tells all that is to be told, and says of which card each thing was.
async fn tells(ground: &Ground, second: i64) -> Vec<(u64, Happening)> {
    let mut told = Vec::new();
    while let Some(telling) = claim(ground, second).await {
        told.extend(telling.lines.iter().map(|line| (telling.card.0, line.what.clone())));
        settle(ground, &telling, Told::Said { message: MessageId(99) }, second).await;
    }
    told.sort_by_key(|(card, _)| *card);
    told
}

/// Which cards tell of the beginning or the end of an operation now, and nothing else.
async fn tell_of_an_operation(ground: &Ground, ended: bool, second: i64) -> Vec<u64> {
    let of = |(card, what): (u64, Happening)| match what {
        Happening::Began { deed, .. } | Happening::Ended { deed, .. } if deed.bot != "billing" => panic!("{deed:?}"),
        Happening::Began { .. } if !ended => card,
        Happening::Ended { .. } if ended => card,
        other => panic!("{other:?}"),
    };
    tells(ground, second).await.into_iter().map(of).collect()
}

async fn begun(ground: &Ground, request: &Request, second: i64) -> Operation {
    let _kept = ground.store.save_request(request).await.unwrap();
    let operation = operation(request);
    assert_eq!(ground.store.confirm_request(request, &operation, &[], at(second)).await.unwrap(), Confirmed::Now);
    operation
}

async fn ends(ground: &Ground, operation: &Operation, second: i64) {
    let leased = ground.store.lease_operation(LEASE, at(second)).await.unwrap().unwrap();
    let ended = Ended { at: at(second), outcome: Outcome::Done };
    let operation = Operation { ended: Some(ended), ..operation.clone() };
    let record = entry(operation.request.as_str(), Verdict::Done, second);
    let saved = ground.store.save_operation(&operation, &leased.lease, Then::End { entry: &record }, at(second)).await;
    assert_eq!(saved.unwrap(), Saved::Now);
}

async fn is_over(ground: &Ground, incident: &Incident, second: i64) {
    let kept = ground.store.incident(&incident.id).await.unwrap().unwrap();
    let phase = Phase::Resolved { at: at(second), by: None };
    let after = Incident { phase, ..kept.incident.clone() };
    let changed = ground.store.change_incident(&kept, &after, Call::Nobody, ALERTS, at(second)).await.unwrap();
    assert_eq!(changed, Changed::Now);
}

async fn the_end_of_an_operation_is_told_wherever_its_beginning_was(ground: Ground) {
    let first = carded(&ground, "billing", 70).await;
    tells(&ground, 1).await;
    let operation = begun(&ground, &asked("billing", "billing-1"), 2).await;
    assert_eq!(tell_of_an_operation(&ground, false, 2).await, [70]);
    // The incident is over before the operation is, and another one is open by then.
    is_over(&ground, &first, 3).await;
    stands(&ground, 70).await;
    let second = carded(&ground, "billing", 80).await;
    tells(&ground, 4).await;
    ends(&ground, &operation, 5).await;
    assert_eq!(tell_of_an_operation(&ground, true, 5).await, [70, 80]);
    // What begins when nothing is open is told nowhere at its end either.
    is_over(&ground, &second, 6).await;
    stands(&ground, 80).await;
    tells(&ground, 6).await;
    let operation = begun(&ground, &asked("billing", "billing-2"), 7).await;
    ends(&ground, &operation, 8).await;
    assert_eq!(tells(&ground, 9).await, []);
}

async fn an_operation_is_told_once_in_the_thread_of_the_storm_on_whose_card_its_bot_stands(ground: Ground) {
    let storm = Incident::new(Subject::Storm, Facts::Storm(Storm::default()), at(0));
    assert_eq!(ground.store.open_incident(&storm, Call::Card, ALERTS, at(0)).await.unwrap(), Opened::Now);
    stands(&ground, 70).await;
    let swept = Incident { storm: Some(storm.id.clone()), ..incident("billing", 1) };
    assert_eq!(ground.store.open_incident(&swept, Call::Nobody, ALERTS, at(0)).await.unwrap(), Opened::Now);
    tells(&ground, 1).await;
    // In two environments it stands on the one card.
    let moved = redeploy("billing", "billing-1", "production", "demo");
    let subject = redeploy("billing", "billing-1", "demo", "production").plan.unwrap();
    let there = Subject::Failover { bot: subject.bot, environment: subject.environment };
    let there = Incident { storm: Some(storm.id.clone()), ..Incident::new(there, swept.facts.clone(), at(0)) };
    assert_eq!(ground.store.open_incident(&there, Call::Nobody, ALERTS, at(0)).await.unwrap(), Opened::Now);
    let operation = begun(&ground, &moved, 2).await;
    assert_eq!(tell_of_an_operation(&ground, false, 2).await, [70]);
    // It outlasts its storm: its end is told on its own card and on the storm's.
    let kept = ground.store.incident(&swept.id).await.unwrap().unwrap();
    let own = Incident { storm: None, ..kept.incident.clone() };
    let changed = ground.store.change_incident(&kept, &own, Call::Card, ALERTS, at(3)).await.unwrap();
    assert_eq!(changed, Changed::Now);
    stands(&ground, 71).await;
    tells(&ground, 4).await;
    ends(&ground, &operation, 5).await;
    assert_eq!(tell_of_an_operation(&ground, true, 5).await, [70, 71]);
}

async fn what_was_told_of_what_is_over_is_forgotten_once_it_is_old(ground: Ground) {
    let over = carded(&ground, "billing", 70).await;
    let open = carded(&ground, "orders", 71).await;
    is_over(&ground, &over, 10).await;
    tells(&ground, 20).await;
    let (lines, threads) =
        ("SELECT COUNT(*) FROM timeline WHERE card = $1", "SELECT COUNT(*) FROM threads WHERE card = $1");
    let left = async |of: &Incident| {
        let mut connection = ground.place.connect().await;
        let mut count = async |sql: &'static str| {
            sqlx::query_scalar::<_, i64>(sql).bind(of.id.as_str()).fetch_one(&mut connection).await.unwrap()
        };
        (count(lines).await, count(threads).await)
    };
    ground.store.forget_timelines(at(5)).await.unwrap();
    assert_eq!((left(&over).await, left(&open).await), ((1, 1), (1, 1)), "its beginning is old, and its end is not");
    ground.store.forget_timelines(at(100)).await.unwrap();
    assert_eq!((left(&over).await, left(&open).await), ((0, 0), (1, 1)));
}

async fn a_card_that_is_found_deleted_is_made_anew(ground: Ground) {
    carded(&ground, "billing", 70).await;
    let telling = claim(&ground, 1).await.unwrap();
    settle(&ground, &telling, Told::CardGone { due: at(6) }, 1).await;
    assert!(claim(&ground, 9).await.is_none(), "there is no card");
    let row = ground.store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
    assert_eq!((row.message, row.generation), (None, 1));
    let sent = Sending::Sent { message: MessageId(80), digest: "d" };
    assert_eq!(ground.store.settle_message(&row, sent, at(2)).await.unwrap(), Held::Yes);
    assert!(claim(&ground, 5).await.is_none());
    assert_eq!(claim(&ground, 6).await.unwrap().card, MessageId(80));
}
