//! Operations: one at a time on a bot and environment, carried on under a lease that fences, ended with one record.

use std::time::Duration;

use botswain::domain::action::{Action, Verb};
use botswain::domain::audit::Verdict;
use botswain::domain::authority::Person;
use botswain::domain::connector::{AgentStatus, Environment, Link};
use botswain::domain::ids::{BotId, ConnectorId, Id};
use botswain::domain::operation::guiding::{Told, Wish};
use botswain::domain::operation::{Ended, Operation, Outcome, Seen, StepFailure, StepState};
use botswain::domain::progress::Usual;
use botswain::domain::request::{Request, RequestState};
use botswain::store::Store;
use botswain::store::operations::{Leased, Saved, Then};
use botswain::store::requests::Confirmed;

use crate::facts::{LEASE, asked, at, entry, operation, redeploy};
use crate::ground::Ground;

const AT_ONCE: Then<'_> = Then::Release { due: Duration::ZERO };

on_both!(
    one_operation_at_a_time_on_a_bot_and_environment_and_the_second_learns_who_was_first,
    a_request_that_met_a_busy_bot_can_still_be_confirmed,
    a_due_operation_is_leased_once_and_again_when_the_lease_is_over,
    p3_whoever_lost_a_lease_writes_nothing,
    p6_after_a_restart_an_operation_goes_on_and_its_old_lease_is_worth_nothing,
    p10_an_operation_ends_once_with_one_record_and_frees_what_it_held,
    a_postponed_operation_is_as_it_was_and_due_later,
    what_a_redeploy_stopped_is_left_so_once_and_not_when_something_was_begun_on_it_since,
    the_last_operations_on_a_connector_are_the_newest_first,
    ids_of_any_length_and_any_character_are_kept_apart,
    p6_what_somebody_says_to_an_operation_waits_until_it_is_taken_in_and_is_taken_in_once,
    what_a_start_usually_takes_is_the_median_of_the_last_twenty_of_its_bot_where_it_ends,
);

async fn begun(store: &Store, request: &Request) -> Operation {
    let operation = operation(request);
    let _kept = store.save_request(request).await.unwrap();
    assert_eq!(store.confirm_request(request, &operation, &[], at(0)).await.unwrap(), Confirmed::Now);
    operation
}

async fn lease(store: &Store, second: i64) -> Option<Leased> {
    store.lease_operation(LEASE, at(second)).await.unwrap()
}

async fn busy_with(store: &Store, request: &Request) -> Operation {
    let _kept = store.save_request(request).await.unwrap();
    match store.confirm_request(request, &operation(request), &[], at(1)).await.unwrap() {
        Confirmed::Busy(holder) => *holder,
        other => panic!("{other:?}"),
    }
}

async fn one_operation_at_a_time_on_a_bot_and_environment_and_the_second_learns_who_was_first(ground: Ground) {
    let first = begun(&ground.store, &asked("billing", "billing-1")).await;
    let start = |connector| Request { verb: Verb::Start, ..asked("billing", connector) };
    for second in [
        asked("billing", "billing-2"),
        redeploy("billing", "billing-3", "demo", "production"),
        redeploy("billing", "billing-3", "production", "demo"),
        start("billing-1"),
    ] {
        assert_eq!(busy_with(&ground.store, &second).await, first);
    }
    let beside = [start("billing-2"), asked("faq", "faq-1"), redeploy("billing", "billing-9", "demo", "staging")];
    for request in &beside {
        begun(&ground.store, request).await;
    }
    assert_eq!(ground.store.open_operations().await.unwrap().len(), 1 + beside.len());
}

async fn a_request_that_met_a_busy_bot_can_still_be_confirmed(ground: Ground) {
    let first = begun(&ground.store, &asked("billing", "billing-1")).await;
    let second = asked("billing", "billing-2");
    busy_with(&ground.store, &second).await;
    assert_eq!(ground.store.request(&second.id).await.unwrap().unwrap().state, RequestState::Asked);
    let leased = lease(&ground.store, 1).await.unwrap();
    let record = entry(first.request.as_str(), Verdict::Done, 1);
    let end = Then::End { entry: &record };
    assert_eq!(ground.store.save_operation(&first, &leased.lease, end, at(1)).await.unwrap(), Saved::Now);
    begun(&ground.store, &second).await;
}

async fn a_due_operation_is_leased_once_and_again_when_the_lease_is_over(ground: Ground) {
    assert_eq!(ground.store.next_operation_due().await.unwrap(), None);
    let operation = begun(&ground.store, &asked("billing", "billing-1")).await;
    assert_eq!(ground.store.next_operation_due().await.unwrap(), Some(at(0)));
    assert_eq!(lease(&ground.store, 0).await.unwrap().operation, operation);
    assert!(lease(&ground.store, 59).await.is_none());
    assert!(lease(&ground.store, 60).await.is_some());
}

async fn p3_whoever_lost_a_lease_writes_nothing(ground: Ground) {
    let operation = begun(&ground.store, &asked("billing", "billing-1")).await;
    let old = lease(&ground.store, 0).await.unwrap();
    let new = lease(&ground.store, 60).await.unwrap();
    let mut late = old.operation.clone();
    late.steps[0].state = StepState::Sending;
    let record = entry(operation.request.as_str(), Verdict::Failed, 61);
    for then in [Then::Hold, AT_ONCE, Then::End { entry: &record }] {
        assert_eq!(ground.store.save_operation(&late, &old.lease, then, at(61)).await.unwrap(), Saved::LeaseLost);
    }
    ground.store.postpone_operation(&operation.id, &old.lease, Duration::ZERO, at(61)).await.unwrap();
    assert!(lease(&ground.store, 61).await.is_none(), "the old holder gave the new one's lease back");
    assert_eq!(ground.store.operation(&operation.id).await.unwrap().unwrap(), operation);
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), []);
    assert_eq!(ground.store.save_operation(&operation, &new.lease, AT_ONCE, at(61)).await.unwrap(), Saved::Now);
    // What was given back is nobody's.
    assert_eq!(ground.store.save_operation(&late, &new.lease, Then::Hold, at(61)).await.unwrap(), Saved::LeaseLost);
}

async fn p6_after_a_restart_an_operation_goes_on_and_its_old_lease_is_worth_nothing(ground: Ground) {
    let operation = begun(&ground.store, &asked("billing", "billing-1")).await;
    let Leased { operation: mut sending, lease: old } = lease(&ground.store, 0).await.unwrap();
    sending.steps[0].state = StepState::Sending;
    assert_eq!(ground.store.save_operation(&sending, &old, Then::Hold, at(0)).await.unwrap(), Saved::Now);
    assert!(lease(&ground.store, 1).await.is_none(), "it is held while something is tried");
    let ground = ground.restarted().await;
    assert_eq!(ground.store.save_operation(&operation, &old, Then::Hold, at(1)).await.unwrap(), Saved::LeaseLost);
    assert_eq!(lease(&ground.store, 1).await.unwrap().operation, sending);
    assert_eq!(busy_with(&ground.store, &asked("billing", "billing-2")).await, sending, "what it holds is held");
}

async fn p10_an_operation_ends_once_with_one_record_and_frees_what_it_held(ground: Ground) {
    let first = begun(&ground.store, &asked("billing", "billing-1")).await;
    let leased = lease(&ground.store, 0).await.unwrap();
    let done = entry(first.request.as_str(), Verdict::Done, 1);
    let failed = entry(first.request.as_str(), Verdict::Failed, 2);
    let end = async |record| {
        let then = Then::End { entry: record };
        ground.store.save_operation(&first, &leased.lease, then, at(1)).await.unwrap()
    };
    assert_eq!(end(&done).await, Saved::Now);
    assert_eq!(end(&failed).await, Saved::LeaseLost);
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), [done]);
    assert_eq!(ground.store.open_operations().await.unwrap(), []);
    assert_eq!(ground.store.next_operation_due().await.unwrap(), None);
    assert!(lease(&ground.store, 100).await.is_none());
    begun(&ground.store, &asked("billing", "billing-2")).await;
}

async fn a_postponed_operation_is_as_it_was_and_due_later(ground: Ground) {
    let operation = begun(&ground.store, &asked("billing", "billing-1")).await;
    let leased = lease(&ground.store, 0).await.unwrap();
    ground.store.postpone_operation(&operation.id, &leased.lease, Duration::from_secs(5), at(0)).await.unwrap();
    assert!(lease(&ground.store, 4).await.is_none());
    assert_eq!(ground.store.next_operation_due().await.unwrap(), Some(at(5)));
    assert_eq!(lease(&ground.store, 5).await.unwrap().operation, operation);
}

async fn the_last_operations_on_a_connector_are_the_newest_first(ground: Ground) {
    let mut begun_at = Vec::new();
    for second in [1, 3, 2] {
        let request = asked(&format!("bot-{second}"), &format!("connector-{second}"));
        let mut operation = operation(&request);
        operation.targets[0].connector = ConnectorId::new("billing-1");
        // Starts on one connector exclude each other, so each of these is of another bot, and ends first.
        operation.opened_at = at(second);
        let _kept = ground.store.save_request(&request).await.unwrap();
        assert_eq!(ground.store.confirm_request(&request, &operation, &[], at(0)).await.unwrap(), Confirmed::Now);
        let leased = lease(&ground.store, 0).await.unwrap();
        let record = entry(request.id.as_str(), Verdict::Done, second);
        let end = Then::End { entry: &record };
        assert_eq!(ground.store.save_operation(&operation, &leased.lease, end, at(0)).await.unwrap(), Saved::Now);
        begun_at.push(operation.opened_at);
    }
    let connectors = [ConnectorId::new("billing-1"), ConnectorId::new("billing-2")];
    let last = ground.store.last_operations(&connectors, 2).await.unwrap();
    assert_eq!(last.iter().map(|operation| operation.opened_at).collect::<Vec<_>>(), [at(3), at(2)]);
    let among_many: Vec<_> = (0..250).map(|n| ConnectorId::new(format!("billing-{n}"))).rev().collect();
    assert_eq!(ground.store.last_operations(&among_many, 2).await.unwrap(), last);
    assert_eq!(ground.store.last_operations(&[], 2).await.unwrap(), []);
}

/// What PostgreSQL would not take as it is: its indexes have a limit, and its TEXT has no NUL.
async fn ids_of_any_length_and_any_character_are_kept_apart(ground: Ground) {
    // Such that no compression makes it short enough again.
    let long: String = (0..20_000_u32).map(|n| char::from_u32(0x4e00 + n * 7919 % 20_000).unwrap()).collect();
    for id in [long.clone(), format!("{long}2"), "nul\0".to_owned(), "nul".to_owned(), "'; --".to_owned()] {
        let operation = begun(&ground.store, &asked(&id, &id)).await;
        assert_eq!(busy_with(&ground.store, &asked(&id, "another")).await, operation);
        assert_eq!(ground.store.last_operations(&[ConnectorId::new(id)], 9).await.unwrap(), [operation]);
    }
}

async fn what_a_start_usually_takes_is_the_median_of_the_last_twenty_of_its_bot_where_it_ends(ground: Ground) {
    let (billing, demo) = (BotId::new("billing"), Environment::new("demo"));
    let usual = async |environment: &Environment| ground.store.usual_start(&billing, environment).await.unwrap();
    for start in 0..25_i64 {
        let mut request = redeploy("billing", "billing-1", "production", "demo");
        request.plan.as_mut().unwrap().connectors[0].steps = vec![Action::Start];
        let mut operation = begun(&ground.store, &request).await;
        assert_eq!(usual(&demo).await.map(|usual| usual.of), u32::try_from(start.min(20)).ok().filter(|of| *of > 0));
        operation.steps[0].state = StepState::Done;
        operation.steps[0].began_at = Some(at(start * 100));
        operation.steps[0].ended_at = Some(at(start * 100 + start));
        let leased = lease(&ground.store, start * 100).await.unwrap();
        let record = entry(request.id.as_str(), Verdict::Done, start);
        let end = Then::End { entry: &record };
        assert_eq!(ground.store.save_operation(&operation, &leased.lease, end, at(start)).await.unwrap(), Saved::Now);
    }
    assert_eq!(usual(&demo).await, Some(Usual { takes: Duration::from_secs(15), of: 20 }));
    assert_eq!(usual(&Environment::new("production")).await, None);
}

async fn p6_what_somebody_says_to_an_operation_waits_until_it_is_taken_in_and_is_taken_in_once(ground: Ground) {
    let operation = begun(&ground.store, &asked("billing", "billing-1")).await;
    let told = |wish| Told { id: Id::random(), wish, by: operation.requester.clone(), at: at(1) };
    let say = async |told: &Told, second: i64| {
        let record = entry(told.id.as_str(), Verdict::Done, second);
        ground.store.tell_operation(&operation.id, told, &record, at(second)).await.unwrap()
    };
    let leased = lease(&ground.store, 0).await.unwrap();
    assert_eq!(leased.lease.told(), None);
    ground.store.postpone_operation(&operation.id, &leased.lease, Duration::from_secs(50), at(0)).await.unwrap();
    let (first, second) = (told(Wish::WaitOn), told(Wish::Halt));
    assert!(say(&first, 1).await);
    // It is due at once, and what is said last holds.
    let leased = lease(&ground.store, 1).await.unwrap();
    assert_eq!(leased.lease.told(), Some(&first));
    assert!(say(&second, 1).await);
    assert_eq!(ground.store.save_operation(&operation, &leased.lease, AT_ONCE, at(1)).await.unwrap(), Saved::Now);
    let leased = lease(&ground.store, 2).await.unwrap();
    assert_eq!(leased.lease.told(), Some(&second), "the first was taken in, and the second was said meanwhile");
    assert_eq!(ground.store.save_operation(&operation, &leased.lease, AT_ONCE, at(2)).await.unwrap(), Saved::Now);
    let leased = lease(&ground.store, 3).await.unwrap();
    assert_eq!(leased.lease.told(), None);
    let record = entry(operation.request.as_str(), Verdict::Done, 3);
    let end = Then::End { entry: &record };
    assert_eq!(ground.store.save_operation(&operation, &leased.lease, end, at(3)).await.unwrap(), Saved::Now);
    assert!(!say(&told(Wish::Halt), 4).await, "it is over");
}

/// A redeploy of billing-1 that failed with it stopped.
async fn failed_half_way(store: &Store) -> Operation {
    let request = redeploy("billing", "billing-1", "production", "demo");
    let mut operation = begun(store, &request).await;
    let leased = lease(store, 1).await.unwrap();
    let stopped = Seen {
        agent: AgentStatus::Stopped,
        conversational_cloud: Link::NotConnected,
        bot_server: Link::NotConnected,
        environment: Environment::new("production"),
    };
    operation.saw(0, stopped);
    operation.steps[0].state = StepState::Failed { why: StepFailure::NotSeen };
    operation.ended = Some(Ended { at: at(1), outcome: Outcome::Failed });
    let record = entry(request.id.as_str(), Verdict::Failed, 1);
    let end = Then::End { entry: &record };
    assert_eq!(store.save_operation(&operation, &leased.lease, end, at(1)).await.unwrap(), Saved::Now);
    operation
}

async fn what_a_redeploy_stopped_is_left_so_once_and_not_when_something_was_begun_on_it_since(ground: Ground) {
    let store = &ground.store;
    let failed = failed_half_way(store).await;
    let standing = store.standing_operation(&failed.id).await.unwrap().unwrap();
    assert_eq!(standing.operation, failed);
    let leave = async |by: &str, second: i64| {
        let by = Person { name: by.to_owned(), ..failed.requester.clone() };
        let left = failed.left_stopped(by, at(second)).unwrap();
        let record = entry(&format!("interaction:{second}"), Verdict::Done, second);
        store.leave_stopped(&standing, &left, &record, at(second)).await.unwrap()
    };
    let (olga, otto) = tokio::join!(leave("Olga", 2), leave("Otto", 3));
    assert!(olga ^ otto, "of two at once one is taken");
    let left = store.operation(&failed.id).await.unwrap().unwrap();
    let by = left.guidance.left_stopped.unwrap().by.name;
    assert_eq!((left.ended.unwrap().outcome, by.as_str()), (Outcome::LeftStopped, if olga { "Olga" } else { "Otto" }));
    assert_eq!(store.records(at(0), 9).await.unwrap().len(), 2, "the operation's, and that of the one who left it");
    let later = failed_half_way(store).await;
    let standing = store.standing_operation(&later.id).await.unwrap().unwrap();
    let left = later.left_stopped(later.requester.clone(), at(4)).unwrap();
    let start = Request { verb: Verb::Start, ..asked("billing", "billing-1") };
    begun(store, &start).await;
    let record = entry("interaction:4", Verdict::Done, 4);
    assert!(!store.leave_stopped(&standing, &left, &record, at(4)).await.unwrap());
    assert_eq!(store.operation(&later.id).await.unwrap().unwrap(), later);
    assert_eq!(store.records(at(0), 9).await.unwrap().len(), 3);
}
