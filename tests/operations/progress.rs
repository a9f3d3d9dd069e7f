//! A start that takes its time shows how far it is, against what starts of this bot have taken before.

use std::time::Duration;

use botswain::domain::action::Verb;
use botswain::domain::ids::Id;
use botswain::domain::notice::Notice;
use botswain::domain::operation::Operation;
use botswain::domain::progress::{Progress, Usual};
use botswain::sandbox::lifecycle::Deed;
use botswain::store::outbox::Sending;

use crate::bench::{Bench, at};

async fn stopped() -> Bench {
    let bench = Bench::new().await;
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
    bench
}

/// Starts it, and ends when it is seen. Each progress that was shown, and when.
async fn start(bench: &Bench, from: i64) -> (Operation, Vec<(i64, Progress)>) {
    bench.look(at(from)).await;
    let operation = bench.begin(&bench.olga(), Verb::Start, "billing-1", None, at(from)).await;
    let mut shown = Vec::new();
    for second in from..from + 600 {
        bench.drain(at(second)).await;
        let now = bench.operation(&operation.id).await;
        let progress = now.steps.first().and_then(|step| step.progress).unwrap();
        if shown.last().is_none_or(|(_, last)| *last != progress) {
            shown.push((second - from, progress));
        }
        if now.is_over() {
            return (now, shown);
        }
        // Slowly, as in the field: about two minutes.
        bench.fleet().step(50);
    }
    panic!("it comes up");
}

#[tokio::test]
async fn the_first_start_of_a_bot_says_that_nothing_is_known_and_the_next_is_held_against_it() {
    let bench = stopped().await;
    let (first, shown) = start(&bench, 0).await;
    assert_eq!(shown, [(0, Progress::default())]);
    let step = &first.steps[0];
    let took = step.ended_at.unwrap().duration_since(step.began_at.unwrap()).unsigned_abs();
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    let (_, shown) = start(&bench, 1_000).await;
    assert_eq!(shown[0].1.usual, Some(Usual { takes: took, of: 1 }));
    let parts: Vec<_> = shown.iter().map(|(_, progress)| progress.parts).collect();
    assert!(parts.is_sorted() && parts.len() > 2, "{shown:?}");
    assert!(shown.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 5 || pair[1].1.is_late()), "{shown:?}");
}

#[tokio::test]
async fn p6_after_a_restart_a_bar_goes_on_where_it_was_and_each_change_is_said_in_the_one_message() {
    let bench = stopped().await;
    start(&bench, 0).await;
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(1_000)).await;
    let operation = bench.begin(&bench.olga(), Verb::Start, "billing-1", None, at(1_000)).await;
    bench.drain(at(1_000)).await;
    let said = message_of(&bench, &operation.id, 1_000).await;
    // Nobody carried it on for a while.
    bench.drain(at(1_070)).await;
    let later = message_of(&bench, &operation.id, 1_070).await;
    let parts = [&said, &later].map(|operation| operation.steps[0].progress.unwrap().parts);
    assert!(parts[0] == 0 && (4..=6).contains(&parts[1]), "{parts:?}");
}

/// What its one message is to say now.
async fn message_of(bench: &Bench, id: &Id, second: i64) -> Operation {
    loop {
        let claimed = bench.store.claim_message(Duration::from_secs(60), at(second)).await.unwrap().unwrap();
        let Notice::Operation { operation } = claimed.notice.clone() else { panic!("{:?}", claimed.notice) };
        let is_it = operation.id == *id;
        let due = at(if is_it { second } else { 10_000 });
        let _held = bench.store.settle_message(&claimed, Sending::Held { due }, at(second)).await.unwrap();
        if is_it {
            return operation;
        }
    }
}
