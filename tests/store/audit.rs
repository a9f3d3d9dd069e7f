//! The audit: one terminal record about each subject, read back in the order of time.

use botswain::domain::audit::Verdict;

use crate::facts::{at, entry};
use crate::ground::Ground;

on_both!(
    p10_the_first_record_about_a_subject_stays,
    records_are_read_from_a_time_on_the_oldest_first_and_no_more_than_asked,
);

async fn p10_the_first_record_about_a_subject_stays(ground: Ground) {
    let first = entry("interaction:1", Verdict::Denied, 1);
    assert!(ground.store.record(&first).await.unwrap());
    assert!(!ground.store.record(&entry("interaction:1", Verdict::Done, 2)).await.unwrap());
    let ground = ground.restarted().await;
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), [first]);
}

async fn records_are_read_from_a_time_on_the_oldest_first_and_no_more_than_asked(ground: Ground) {
    let verdicts = [
        Verdict::Done,
        Verdict::Failed,
        Verdict::Denied,
        Verdict::Cancelled,
        Verdict::Expired,
        Verdict::OutcomeUnknown,
    ];
    let all: Vec<_> = (0..).zip(verdicts).map(|(n, verdict)| entry(&format!("interaction:{n}"), verdict, n)).collect();
    for record in all.iter().rev() {
        assert!(ground.store.record(record).await.unwrap());
    }
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), all);
    assert_eq!(ground.store.records(at(2), 3).await.unwrap(), all[2..5]);
}
