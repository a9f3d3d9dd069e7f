//! Rows of the outbox: claimed once, in order, and settled only by who holds them.

use std::time::Duration;

use botswain::domain::ids::{ChannelId, MessageId};
use botswain::domain::incident::{Facts, Incident, Severity};
use botswain::domain::notice::{Call, Notice, Slot};
use botswain::store::Store;
use botswain::store::outbox::{Backlog, Claimed, Held, Sending};

use crate::facts::{ALERTS, LEASE, at, failover, incident};
use crate::ground::Ground;

on_both!(
    one_message_is_in_flight_in_a_channel_and_another_channel_does_not_wait,
    a_lease_that_ran_out_is_taken_over_and_its_old_holder_writes_nothing,
    p6_what_a_dead_process_held_is_free_at_once_and_its_attempt_is_remembered,
    an_attempt_that_surely_failed_leaves_no_doubt_and_one_that_may_have_succeeded_does,
    what_waits_until_a_part_of_a_millisecond_is_not_due_before_it,
    p1_what_is_written_while_a_message_is_sent_is_sent_as_well,
    a_reply_waits_for_its_card_and_names_it,
    p1_a_reply_to_a_card_that_discord_will_not_take_is_posted_without_it,
    a_message_that_is_gone_is_made_anew_under_another_generation,
    the_backlog_counts_what_waits_and_since_when,
);

async fn opened(store: &Store, bot: &str, channel: ChannelId) -> Incident {
    let incident = incident(bot, 1);
    assert_eq!(
        store.open_incident(&incident, Call::Card, channel, at(0)).await.unwrap(),
        botswain::store::incidents::Opened::Now
    );
    incident
}

async fn claim(store: &Store, second: i64) -> Option<Claimed> {
    store.claim_message(LEASE, at(second)).await.unwrap()
}

async fn sent(store: &Store, row: &Claimed, message: u64, second: i64) {
    let sending = Sending::Sent { message: MessageId(message), digest: "d" };
    assert_eq!(store.settle_message(row, sending, at(second)).await.unwrap(), Held::Yes);
}

async fn one_message_is_in_flight_in_a_channel_and_another_channel_does_not_wait(ground: Ground) {
    for (bot, channel) in [("a", ALERTS), ("b", ALERTS), ("c", ChannelId(901))] {
        opened(&ground.store, bot, channel).await;
    }
    let first = claim(&ground.store, 1).await.unwrap();
    let second = claim(&ground.store, 1).await.unwrap();
    assert_ne!(first.channel, second.channel);
    assert!(claim(&ground.store, 1).await.is_none());
    let in_alerts = if first.channel == ALERTS { first } else { second };
    sent(&ground.store, &in_alerts, 1, 2).await;
    assert_eq!(claim(&ground.store, 2).await.unwrap().channel, ALERTS);
}

async fn a_lease_that_ran_out_is_taken_over_and_its_old_holder_writes_nothing(ground: Ground) {
    let incident = opened(&ground.store, "a", ALERTS).await;
    let old = claim(&ground.store, 1).await.unwrap();
    assert!(claim(&ground.store, 60).await.is_none());
    let new = claim(&ground.store, 61).await.unwrap();
    let late = Sending::Sent { message: MessageId(1), digest: "d" };
    assert_eq!(ground.store.settle_message(&old, late, at(62)).await.unwrap(), Held::LeaseLost);
    assert_eq!(ground.store.about_to_post_anew(&old, at(62)).await.unwrap(), Held::LeaseLost);
    sent(&ground.store, &new, 2, 62).await;
    let place = ground.store.place_of(&Slot::Card(incident.id)).await.unwrap();
    assert_eq!(place, Some((ALERTS, MessageId(2))));
}

async fn p6_what_a_dead_process_held_is_free_at_once_and_its_attempt_is_remembered(ground: Ground) {
    opened(&ground.store, "a", ALERTS).await;
    let row = claim(&ground.store, 1).await.unwrap();
    assert_eq!(row.first_tried_at, None);
    let ground = ground.restarted().await;
    let again = claim(&ground.store, 2).await.unwrap();
    assert_eq!((again.slot, again.reference, again.first_tried_at), (row.slot, row.reference, Some(at(1))));
}

async fn an_attempt_that_surely_failed_leaves_no_doubt_and_one_that_may_have_succeeded_does(ground: Ground) {
    opened(&ground.store, "a", ALERTS).await;
    for (second, maybe_sent, doubt) in [(1, false, None), (2, true, Some(at(2))), (3, false, Some(at(2)))] {
        let row = claim(&ground.store, second).await.unwrap();
        let later = Sending::Later { due: at(second + 1), maybe_sent };
        assert_eq!(ground.store.settle_message(&row, later, at(second)).await.unwrap(), Held::Yes);
        let row = claim(&ground.store, second + 1).await.unwrap();
        assert_eq!((row.first_tried_at, row.attempts), (doubt, u32::try_from(second).unwrap()));
        let held = Sending::Held { due: at(second + 1) };
        assert_eq!(ground.store.settle_message(&row, held, at(second + 1)).await.unwrap(), Held::Yes);
    }
    let row = claim(&ground.store, 4).await.unwrap();
    assert_eq!(ground.store.about_to_post_anew(&row, at(4)).await.unwrap(), Held::Yes);
    let later = Sending::Later { due: at(5), maybe_sent: true };
    assert_eq!(ground.store.settle_message(&row, later, at(4)).await.unwrap(), Held::Yes);
    assert_eq!(claim(&ground.store, 5).await.unwrap().first_tried_at, Some(at(4)), "the search begins anew");
}

/// Discord counts a wait from its answer, to the nanosecond.
async fn what_waits_until_a_part_of_a_millisecond_is_not_due_before_it(ground: Ground) {
    opened(&ground.store, "a", ALERTS).await;
    let due = at(5) + Duration::from_nanos(300);
    for sending in [Sending::Held { due }, Sending::Later { due, maybe_sent: false }] {
        let row = claim(&ground.store, 6).await.unwrap();
        assert_eq!(ground.store.settle_message(&row, sending, at(1)).await.unwrap(), Held::Yes);
        assert!(claim(&ground.store, 5).await.is_none(), "{sending:?}");
    }
    let next = ground.store.next_message_due().await.unwrap();
    assert_eq!(next, Some(at(5) + Duration::from_millis(1)));
}

async fn p1_what_is_written_while_a_message_is_sent_is_sent_as_well(ground: Ground) {
    opened(&ground.store, "a", ALERTS).await;
    let row = claim(&ground.store, 1).await.unwrap();
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let worse = Incident { facts: Facts::Failover(failover(0)), ..kept.incident.clone() };
    let changed = ground.store.change_incident(&kept, &worse, Call::Nobody, ALERTS, at(2)).await.unwrap();
    assert_eq!(changed, botswain::store::incidents::Changed::Now);
    sent(&ground.store, &row, 1, 3).await;
    let again = claim(&ground.store, 3).await.unwrap();
    assert_eq!(again.message, Some(MessageId(1)));
    assert_eq!(again.notice, Notice::Card { incident: worse, ping: true });
    sent(&ground.store, &again, 1, 4).await;
    assert_eq!(ground.store.next_message_due().await.unwrap(), None);
}

async fn a_reply_waits_for_its_card_and_names_it(ground: Ground) {
    let incident = opened(&ground.store, "a", ALERTS).await;
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let worse = Incident { announced: Severity::Outage, ..incident };
    for _ in 0..2 {
        let again = ground.store.open_incidents().await.unwrap().remove(0);
        let _changed = ground.store.change_incident(&again, &worse, Call::Worse, ALERTS, at(1)).await.unwrap();
    }
    assert_eq!(
        ground.store.change_incident(&kept, &worse, Call::Worse, ALERTS, at(1)).await.unwrap(),
        botswain::store::incidents::Changed::Stale
    );
    let card = claim(&ground.store, 2).await.unwrap();
    assert!(matches!(card.notice, Notice::Card { .. }));
    let later = Sending::Later { due: at(50), maybe_sent: false };
    assert_eq!(ground.store.settle_message(&card, later, at(2)).await.unwrap(), Held::Yes);
    assert!(claim(&ground.store, 3).await.is_none(), "the reply came before its card");
    assert_eq!(ground.store.next_message_due().await.unwrap(), Some(at(50)));
    let card = claim(&ground.store, 50).await.unwrap();
    sent(&ground.store, &card, 7, 50).await;
    let reply = claim(&ground.store, 51).await.unwrap();
    assert!(matches!(reply.notice, Notice::Worse { .. }));
    assert_eq!(reply.reply_to, Some(MessageId(7)));
    sent(&ground.store, &reply, 8, 51).await;
    assert!(claim(&ground.store, 52).await.is_none(), "each reply is said once");
}

async fn p1_a_reply_to_a_card_that_discord_will_not_take_is_posted_without_it(ground: Ground) {
    let incident = opened(&ground.store, "a", ALERTS).await;
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let worse = Incident { announced: Severity::Outage, ..incident };
    let _changed = ground.store.change_incident(&kept, &worse, Call::Worse, ALERTS, at(1)).await.unwrap();
    let card = claim(&ground.store, 2).await.unwrap();
    let gave_up = Sending::GaveUp { why: "too long" };
    assert_eq!(ground.store.settle_message(&card, gave_up, at(2)).await.unwrap(), Held::Yes);
    let reply = claim(&ground.store, 3).await.unwrap();
    assert_eq!((matches!(reply.notice, Notice::Worse { .. }), reply.reply_to), (true, None));
    sent(&ground.store, &reply, 8, 3).await;
    assert!(claim(&ground.store, 4).await.is_none());
    assert_eq!(ground.store.backlog().await.unwrap(), Backlog { waiting: 1, oldest: Some(at(0)), given_up: 1 });
    // It is tried again as soon as it says something else.
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let _changed = ground.store.change_incident(&kept, &kept.incident, Call::Nobody, ALERTS, at(5)).await.unwrap();
    assert!(matches!(claim(&ground.store, 5).await.unwrap().notice, Notice::Card { .. }));
}

async fn a_message_that_is_gone_is_made_anew_under_another_generation(ground: Ground) {
    opened(&ground.store, "a", ALERTS).await;
    let row = claim(&ground.store, 1).await.unwrap();
    assert_eq!(ground.store.settle_message(&row, Sending::Gone, at(1)).await.unwrap(), Held::Yes);
    let again = claim(&ground.store, 2).await.unwrap();
    assert_eq!((again.message, again.generation, &again.reference), (None, 1, &row.reference));
    let stands = Sending::Stands { message: MessageId(4) };
    assert_eq!(ground.store.settle_message(&again, stands, at(2)).await.unwrap(), Held::Yes);
    let found = claim(&ground.store, 3).await.unwrap();
    assert_eq!((found.message, found.sent_digest), (Some(MessageId(4)), None), "what it says is not known");
}

async fn the_backlog_counts_what_waits_and_since_when(ground: Ground) {
    assert_eq!(ground.store.backlog().await.unwrap(), Backlog::default());
    opened(&ground.store, "a", ALERTS).await;
    let row = claim(&ground.store, 9).await.unwrap();
    assert_eq!(ground.store.backlog().await.unwrap(), Backlog { waiting: 1, oldest: Some(at(0)), given_up: 0 });
    sent(&ground.store, &row, 1, 9).await;
    assert_eq!(ground.store.backlog().await.unwrap(), Backlog::default());
    let kept = ground.store.open_incidents().await.unwrap().remove(0);
    let _changed = ground.store.change_incident(&kept, &kept.incident, Call::Nobody, ALERTS, at(20)).await.unwrap();
    assert_eq!(ground.store.backlog().await.unwrap().oldest, Some(at(20)));
}
