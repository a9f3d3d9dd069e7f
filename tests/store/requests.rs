//! Requests: what is chosen is kept until a plan is shown, and each is settled once.

use botswain::domain::audit::Verdict;
use botswain::domain::connector::Environment;
use botswain::domain::freeze::Freeze;
use botswain::domain::ids::Id;
use botswain::domain::notice::Slot;
use botswain::domain::request::{Request, RequestState, Selection};
use botswain::store::freezes::Frozen;
use botswain::store::pressed::InTheWay;
use botswain::store::requests::{Confirmed, Kept, Settled};

use crate::facts::{asked, at, choosing, entry, operation};
use crate::ground::Ground;

on_both!(
    what_is_chosen_is_kept_until_the_plan_is_shown_and_outlives_the_process,
    a_press_sees_its_request_and_what_is_in_its_way_in_one_look,
    p3_a_request_is_confirmed_once_and_its_operation_is_written_with_it,
    p3_a_request_that_expired_or_was_cancelled_is_not_confirmed,
    p10_a_request_is_settled_once_with_one_record,
    what_is_not_there_is_neither_settled_nor_confirmed,
    overdue_requests_are_those_that_nobody_settled_in_time_the_oldest_first,
);

async fn what_is_chosen_is_kept_until_the_plan_is_shown_and_outlives_the_process(ground: Ground) {
    let first = choosing();
    assert_eq!(ground.store.save_request(&first).await.unwrap(), Kept::Now);
    let selection = Selection { environment: Some("production".to_owned().into()), ..Selection::default() };
    let more = Request { selection, ..first.clone() };
    assert_eq!(ground.store.save_request(&more).await.unwrap(), Kept::Now);
    let shown = Request { id: first.id.clone(), ..asked("billing", "billing-1") };
    assert_eq!(ground.store.save_request(&shown).await.unwrap(), Kept::Now);
    let late = ground.store.save_request(&more).await.unwrap();
    assert_eq!(late, Kept::Before(Some(Box::new(shown.clone()))));
    let ground = ground.restarted().await;
    assert_eq!(ground.store.request(&first.id).await.unwrap(), Some(shown));
}

async fn a_press_sees_its_request_and_what_is_in_its_way_in_one_look(ground: Ground) {
    // An id of any length, as an environment's tools may make them.
    let long = "billing-".repeat(200);
    let (request, other) = (asked(&long, "billing-1"), asked("faq", "faq-1"));
    let _kept = ground.store.save_request(&request).await.unwrap();
    let nothing = InTheWay::default();
    assert_eq!(ground.store.pressed(&request.id).await.unwrap(), (Some(request.clone()), nothing.clone()));
    let scopes = operation(&request).scopes();
    assert!(!nothing.holds_any(&scopes));

    assert_eq!(ground.store.confirm_request(&request, &operation(&request), &[], at(1)).await.unwrap(), Confirmed::Now);
    let production = Environment::new("production");
    let freeze = Freeze {
        id: Id::random(),
        environment: production,
        by: request.requester.clone(),
        reason: "the audit".to_owned(),
        at: at(1),
        until: at(600),
        channel: request.channel,
        ended: None,
    };
    assert_eq!(ground.store.freeze(&freeze, &entry("freeze", Verdict::Done, 1), at(1)).await.unwrap(), Frozen::Now);
    let (pressed, way) = ground.store.pressed(&request.id).await.unwrap();
    assert_eq!(pressed.map(|pressed| pressed.state), Some(RequestState::Confirmed));
    assert_eq!((way.freezes.as_slice(), way.doubts.as_slice()), ([freeze].as_slice(), [].as_slice()));
    assert!(way.holds_any(&scopes) && !way.holds_any(&operation(&other).scopes()));
    let (unknown, of_no_request) = ground.store.pressed(&other.id).await.unwrap();
    assert_eq!((unknown, of_no_request), (None, ground.store.in_the_way().await.unwrap()));
    assert_eq!(way, ground.store.in_the_way().await.unwrap());
}

async fn p3_a_request_is_confirmed_once_and_its_operation_is_written_with_it(ground: Ground) {
    let request = asked("billing", "billing-1");
    let _kept = ground.store.save_request(&request).await.unwrap();
    let first = operation(&request);
    assert_eq!(ground.store.confirm_request(&request, &first, &[], at(1)).await.unwrap(), Confirmed::Now);
    let again = ground.store.confirm_request(&request, &operation(&request), &[], at(1)).await.unwrap();
    assert_eq!(again, Confirmed::Before(Some(RequestState::Confirmed)));
    assert_eq!(ground.store.open_operations().await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(ground.store.request(&request.id).await.unwrap().unwrap().state, RequestState::Confirmed);
    assert_eq!(ground.store.backlog().await.unwrap().waiting, 1, "its message is written with it");
    assert_eq!(ground.store.place_of(&Slot::Operation(first.id)).await.unwrap(), None);
}

async fn p3_a_request_that_expired_or_was_cancelled_is_not_confirmed(ground: Ground) {
    let late = asked("billing", "billing-1");
    let cancelled = asked("faq", "faq-1");
    for request in [&late, &cancelled] {
        let _kept = ground.store.save_request(request).await.unwrap();
    }
    let confirmed = ground.store.confirm_request(&late, &operation(&late), &[], late.expires_at).await.unwrap();
    assert_eq!(confirmed, Confirmed::Before(Some(RequestState::Asked)));
    let record = entry(cancelled.id.as_str(), Verdict::Cancelled, 1);
    let settled = ground.store.settle_request(&cancelled, RequestState::Cancelled, &record).await.unwrap();
    assert_eq!(settled, Settled::Now);
    let confirmed = ground.store.confirm_request(&cancelled, &operation(&cancelled), &[], at(1)).await.unwrap();
    assert_eq!(confirmed, Confirmed::Before(Some(RequestState::Cancelled)));
    assert_eq!(ground.store.open_operations().await.unwrap(), []);
    assert_eq!(ground.store.backlog().await.unwrap().waiting, 0);
}

async fn p10_a_request_is_settled_once_with_one_record(ground: Ground) {
    let request = choosing();
    let _kept = ground.store.save_request(&request).await.unwrap();
    let expired = entry(request.id.as_str(), Verdict::Expired, 1);
    let cancelled = entry(request.id.as_str(), Verdict::Cancelled, 2);
    assert_eq!(ground.store.settle_request(&request, RequestState::Expired, &expired).await.unwrap(), Settled::Now);
    let again = ground.store.settle_request(&request, RequestState::Cancelled, &cancelled).await.unwrap();
    assert_eq!(again, Settled::Before(Some(RequestState::Expired)));
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), [expired]);
}

async fn what_is_not_there_is_neither_settled_nor_confirmed(ground: Ground) {
    let request = asked("billing", "billing-1");
    assert_eq!(ground.store.request(&request.id).await.unwrap(), None);
    let record = entry(request.id.as_str(), Verdict::Cancelled, 1);
    let settled = ground.store.settle_request(&request, RequestState::Cancelled, &record).await.unwrap();
    assert_eq!(settled, Settled::Before(None));
    let confirmed = ground.store.confirm_request(&request, &operation(&request), &[], at(1)).await.unwrap();
    assert_eq!(confirmed, Confirmed::Before(None));
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), []);
}

async fn overdue_requests_are_those_that_nobody_settled_in_time_the_oldest_first(ground: Ground) {
    let mut ids = Vec::new();
    for (second, state) in [(30, RequestState::Asked), (10, RequestState::Choosing), (20, RequestState::Asked)] {
        let request = Request { state, expires_at: at(second), ..asked("billing", "billing-1") };
        let _kept = ground.store.save_request(&request).await.unwrap();
        ids.push(request.id);
    }
    let settled = Request { expires_at: at(5), ..asked("billing", "billing-1") };
    let _kept = ground.store.save_request(&settled).await.unwrap();
    let record = entry(settled.id.as_str(), Verdict::Cancelled, 1);
    let _settled = ground.store.settle_request(&settled, RequestState::Cancelled, &record).await.unwrap();
    let overdue = async |second, limit| {
        let requests = ground.store.overdue_requests(at(second), limit).await.unwrap();
        requests.into_iter().map(|request| request.id).collect::<Vec<_>>()
    };
    assert_eq!(overdue(9, 9).await, []);
    assert_eq!(overdue(20, 9).await, [ids[1].clone(), ids[2].clone()]);
    assert_eq!(overdue(30, 2).await, [ids[1].clone(), ids[2].clone()]);
}
