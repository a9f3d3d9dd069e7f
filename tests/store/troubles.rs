//! Alerts that wait, and channels into which they do not come.

use botswain::domain::ids::{ChannelId, MessageId};
use botswain::domain::incident::{Incident, Phase, Severity};
use botswain::domain::notice::{Call, Notice};
use botswain::domain::trouble::{Obstacle, Passage, Said, Trouble, follow};
use botswain::store::Store;
use botswain::store::incidents::{Changed, Opened};
use botswain::store::outbox::{Held, Sending};

use crate::facts::{ALERTS, LEASE, asked, at, incident, operation};
use crate::ground::Ground;

on_both!(
    an_alert_waits_until_it_is_said_and_an_operation_is_none,
    a_trouble_is_kept_with_its_notice_until_it_is_mended_and_its_replies_are_said_once,
);

const ELSEWHERE: ChannelId = ChannelId(77);

async fn an_alert_waits_until_it_is_said_and_an_operation_is_none(ground: Ground) {
    let store = &ground.store;
    let request = asked("billing", "billing-1");
    let _kept = store.save_request(&request).await.unwrap();
    let _begun = store.confirm_request(&request, &operation(&request), &[], at(0)).await.unwrap();
    assert_eq!(store.waiting_alerts().await.unwrap(), []);
    let first = incident("a", 1);
    assert_eq!(store.open_incident(&first, Call::Card, ALERTS, at(3)).await.unwrap(), Opened::Now);
    let waiting = store.waiting_alerts().await.unwrap().remove(0);
    assert_eq!(waiting.notice, Notice::Card { incident: first.clone(), ping: true });
    assert_eq!((waiting.channel, waiting.since, waiting.stands, waiting.gave_up), (ALERTS, at(3), false, None));
    let row = claim_in(store, ALERTS).await;
    let gave_up = Sending::GaveUp { why: "Invalid Form Body" };
    assert_eq!(store.settle_message(&row, gave_up, at(4)).await.unwrap(), Held::Yes);
    assert_eq!(store.waiting_alerts().await.unwrap()[0].gave_up.as_deref(), Some("Invalid Form Body"));
    worsen(store, &first).await;
    for message in [1, 2] {
        let row = claim_in(store, ALERTS).await;
        let sent = Sending::Sent { message: MessageId(message), digest: "d" };
        assert_eq!(store.settle_message(&row, sent, at(6)).await.unwrap(), Held::Yes);
    }
    assert_eq!(store.waiting_alerts().await.unwrap(), []);
    let kept = store.open_incidents().await.unwrap().remove(0);
    let over = Incident { phase: Phase::Resolved { at: at(9), by: None }, ..kept.incident.clone() };
    assert_eq!(store.change_incident(&kept, &over, Call::Nobody, ALERTS, at(9)).await.unwrap(), Changed::Now);
    assert!(store.waiting_alerts().await.unwrap()[0].stands, "only its edit waits");
}

async fn claim_in(store: &Store, channel: ChannelId) -> botswain::store::outbox::Claimed {
    loop {
        let row = store.claim_message(LEASE, at(5)).await.unwrap().unwrap();
        if row.channel == channel {
            return row;
        }
    }
}

async fn worsen(store: &Store, incident: &Incident) {
    let kept = store.open_incidents().await.unwrap().remove(0);
    let worse = Incident { announced: Severity::Outage, ..incident.clone() };
    assert_eq!(store.change_incident(&kept, &worse, Call::Worse, ALERTS, at(4)).await.unwrap(), Changed::Now);
}

fn followed(known: Option<&Trouble>, unseen: Vec<(Incident, bool)>) -> Said {
    follow(known, ALERTS, Passage::Blocked(Obstacle::NoPermission), unseen, at(1)).unwrap()
}

async fn a_trouble_is_kept_with_its_notice_until_it_is_mended_and_its_replies_are_said_once(ground: Ground) {
    let first = followed(None, Vec::new());
    ground.store.keep_trouble(&first, ELSEWHERE, at(1)).await.unwrap();
    let ground = ground.restarted().await;
    let store = &ground.store;
    assert_eq!(store.troubles().await.unwrap(), std::slice::from_ref(&first.trouble));
    let later = incident("a", 1);
    let second = followed(Some(&first.trouble), vec![(later.clone(), true)]);
    for _ in 0..2 {
        store.keep_trouble(&second, ELSEWHERE, at(2)).await.unwrap();
    }
    let notice = store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
    assert_eq!((notice.channel, &notice.notice), (ELSEWHERE, &Notice::Trouble { trouble: second.trouble.clone() }));
    assert!(store.claim_message(LEASE, at(2)).await.unwrap().is_none(), "the reply waits for what it replies to");
    let sent = Sending::Sent { message: MessageId(5), digest: "d" };
    assert_eq!(store.settle_message(&notice, sent, at(2)).await.unwrap(), Held::Yes);
    let reply = store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
    assert_eq!((reply.reply_to, reply.notice), (Some(MessageId(5)), Notice::Unseen { incident: later }));
    let over = follow(Some(&second.trouble), ALERTS, Passage::Open, Vec::new(), at(3)).unwrap();
    store.keep_trouble(&over, ELSEWHERE, at(3)).await.unwrap();
    assert_eq!(store.troubles().await.unwrap(), []);
}
