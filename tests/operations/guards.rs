//! P11: nothing goes below a minimum unless the person who confirmed was told exactly that, and typed the bot's name.

use botswain::domain::action::{Action, Verb};
use botswain::domain::audit::Verdict;
use botswain::domain::ids::ConnectorId;
use botswain::domain::operation::{Outcome, StepFailure, StepState};
use botswain::domain::plan::{Consent, Drift};
use botswain::domain::request::{Refusal, RequestState};
use botswain::lifecycle::Change;
use botswain::operations::{Answer, Settled};
use botswain::sandbox::lifecycle::{Deed, FaultKind};

use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, at};

#[tokio::test]
async fn p11_a_press_alone_takes_no_bot_below_its_minimum() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    let name = "Billing Bot".to_owned();
    assert_eq!(request.plan.as_ref().unwrap().consent(), Consent::Typed(name.clone()));
    for _ in 0..2 {
        let pressed = bench.operations.confirm(&olga, &request.id, at(1)).await.unwrap();
        assert!(matches!(&pressed, Settled::Unsaid { wanted, .. } if *wanted == name), "{pressed:?}");
    }
    let wrong = bench.operations.confirm_typed(&olga, &request.id, "Orders Bot", at(2)).await.unwrap();
    assert!(matches!(&wrong, Settled::Refused(Refusal::Mistyped { wanted }) if *wanted == name), "{wrong:?}");
    assert!(bench.store.open_operations().await.unwrap().is_empty());
    assert!(bench.audit().await.is_empty(), "the prompt stands");
    let right = bench.operations.confirm_typed(&olga, &request.id, " billing bot", at(3)).await.unwrap();
    assert!(matches!(right, Settled::Begun(_)), "{right:?}");
    bench.run(3, 30).await;
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    assert_eq!(bench.audit().await.len(), 1);
}

#[tokio::test]
async fn p11_what_keeps_its_minimum_or_is_not_healthy_needs_no_more_than_a_press() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    bench.fleet().do_to("returns-1", Deed::Drop).unwrap();
    bench.look(at(0)).await;
    for (verb, connector, to) in
        [(Verb::Stop, "orders-1", None), (Verb::Stop, "returns-1", None), (Verb::Start, "billing-demo-1", None)]
    {
        let request = bench.prompt(&olga, verb, connector, to, at(0)).await;
        let pressed = bench.operations.confirm(&olga, &request.id, at(1)).await.unwrap();
        assert!(matches!(pressed, Settled::Begun(_)), "{connector}: {pressed:?}");
    }
}

#[tokio::test]
async fn p11_a_plan_that_was_harmless_when_it_was_shown_is_refused_when_it_would_cross_by_now() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = bench.prompt(&olga, Verb::Stop, "orders-1", None, at(0)).await;
    bench.fleet().do_to("orders-2", Deed::Drop).unwrap();
    let refused = bench.operations.confirm(&olga, &request.id, at(1)).await.unwrap();
    let Settled::Refused(Refusal::Drifted { drifts }) = refused else { panic!("{refused:?}") };
    let [Drift::Worse { stated, now }] = drifts.as_slice() else { panic!("{drifts:?}") };
    assert_eq!((stated.lowest, now.lowest, now.minimum), (2, 1, 2));

    // Planned again, from what can be read now and not from what was polled last, it says so and asks for the name.
    let Answer::Confirm(again) = bench.operations.plan_again(&olga, &request.id, at(2)).await.unwrap() else {
        panic!("the same can be planned again");
    };
    assert_ne!(again.id, request.id);
    let plan = again.plan.as_ref().unwrap();
    assert_eq!((plan.impacts[0].lowest, plan.consent()), (1, Consent::Typed("Orders Bot".to_owned())));
    bench.confirm(&olga, &again.id, at(3)).await.unwrap();
    bench.run(3, 30).await;
    assert_eq!(bench.deeds(), ["stop orders-1"]);
    let verdicts: Vec<_> = bench.audit().await.iter().map(|entry| entry.verdict).collect();
    assert_eq!(verdicts, [Verdict::Denied, Verdict::Done], "each request has its own record");
}

#[tokio::test]
async fn p11_a_typed_name_is_held_against_a_fresh_reading_too() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let request = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    bench.fleet().do_to("billing-2", Deed::Drop).unwrap();
    let refused = bench.operations.confirm_typed(&olga, &request.id, "Billing Bot", at(1)).await.unwrap();
    assert!(matches!(refused, Settled::Refused(Refusal::Drifted { .. })), "she agreed to one left: {refused:?}");
    bench.fleet().add_fault(FaultKind::ServerError { status: 503 });
    let Answer::Confirm(again) = bench.operations.plan_again(&olga, &request.id, at(2)).await.unwrap() else {
        panic!("what cannot be read now is planned from what is known");
    };
    let blind = bench.operations.confirm_typed(&olga, &again.id, "Billing Bot", at(3)).await.unwrap();
    assert!(matches!(blind, Settled::Refused(Refusal::CannotRead { .. })), "{blind:?}");
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p11_what_moved_between_the_click_and_the_first_call_is_seen_before_anything_is_sent() {
    for (verb, to) in [(Verb::Stop, None), (Verb::Redeploy, Some("demo")), (Verb::Restart, None)] {
        let bench = Bench::new().await;
        let operation = bench.begin(&bench.olga(), verb, "orders-1", to, at(0)).await;
        bench.fleet().do_to("orders-2", Deed::Drop).unwrap();
        bench.run(0, 30).await;
        let ended = bench.operation(&operation.id).await;
        let why = StepFailure::CostsMore { left: 1, agreed: 2 };
        assert_eq!(ended.steps[0].state, StepState::Failed { why }, "{verb:?}");
        assert_eq!(ended.ended.as_ref().unwrap().outcome, Outcome::Failed);
        assert!(bench.deeds().is_empty(), "{verb:?}");
        assert_eq!(bench.audit().await.len(), 1);
    }
}

#[tokio::test]
async fn p11_a_peer_that_somebody_else_is_stopping_is_not_counted_on_though_it_is_healthy_still() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Stop, "orders-1", None, at(0)).await;
    let peer = ConnectorId::new("orders-2");
    let (action, key, requested_by) = (&Action::Stop, "theirs", "Pat");
    let theirs = Change { connector: &peer, action, revision: None, key, requested_by, reason: None };
    bench.lifecycle.begin(&theirs).await.unwrap();
    bench.drain(at(0)).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(
        ended.steps[0].state,
        StepState::Failed { why: StepFailure::CostsMore { left: 1, agreed: 2 } },
        "{ended:#?}"
    );
}

#[tokio::test]
async fn p11_what_is_not_healthy_is_stopped_whatever_its_peers_do_meanwhile() {
    let bench = Bench::new().await;
    bench.fleet().do_to("orders-1", Deed::Drop).unwrap();
    bench.look(at(0)).await;
    bench.begin(&bench.olga(), Verb::Stop, "orders-1", None, at(0)).await;
    bench.fleet().do_to("orders-2", Deed::Drop).unwrap();
    bench.run(0, 30).await;
    assert_eq!(bench.deeds(), ["stop orders-1"]);
}

#[tokio::test]
async fn p4_only_who_asked_may_plan_it_again_and_what_is_open_is_answered_as_it_stands() {
    let bench = Bench::new().await;
    let request = bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    let refused = bench.operations.plan_again(&bench.otto(), &request.id, at(1)).await.unwrap();
    assert!(matches!(refused, Answer::Refused(Refusal::SomebodyElses { .. })), "{refused:?}");
    let Answer::Confirm(same) = bench.operations.plan_again(&bench.olga(), &request.id, at(1)).await.unwrap() else {
        panic!("it is open");
    };
    assert_eq!((same.id, same.state), (request.id.clone(), RequestState::Asked));
    let mut lost = bench.olga();
    lost.member.roles.clear();
    let over = at(0).checked_add(crate::bench::TTL).unwrap();
    let refused = bench.operations.plan_again(&lost, &request.id, over).await.unwrap();
    assert!(matches!(refused, Answer::Refused(Refusal::Denied { .. })), "{refused:?}");
}

#[tokio::test]
async fn p3_whoever_left_the_server_has_lost_the_role() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let operation = bench.begin(&olga, Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    bench.drain(at(0)).await;
    bench.discord(Method::DELETE, &format!("members/{}", olga.member.id), json!({})).await;
    bench.run(0, 60).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.steps[1].state, StepState::Failed { why: StepFailure::RoleLost }, "{ended:#?}");
    assert_eq!(bench.deeds(), ["stop billing-1"]);
}

#[tokio::test]
async fn p4_where_discord_does_not_tell_the_roles_nothing_further_is_begun_and_that_is_said() {
    let lost = json!({ "kind": "server_error", "status": 503, "route": "GET /guilds/{id}/members/{id}" });
    for comes_back in [true, false] {
        let bench = Bench::new().await;
        let operation = bench.begin(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
        bench.drain(at(0)).await;
        bench.discord(Method::POST, "faults", lost.clone()).await;
        bench.run(0, 60).await;
        assert_eq!(bench.deeds(), ["stop billing-1"]);
        assert!(!bench.operation(&operation.id).await.is_over(), "it waits for them");
        if comes_back {
            bench.discord(Method::DELETE, "faults", json!({})).await;
        }
        bench.run(60, 200).await;
        let ended = bench.operation(&operation.id).await;
        let (outcome, deeds) = (ended.ended.as_ref().unwrap().outcome, bench.deeds().len());
        match comes_back {
            true => assert_eq!((outcome, deeds), (Outcome::Done, 3)),
            false => {
                assert_eq!((outcome, deeds), (Outcome::Failed, 1));
                assert_eq!(ended.steps[1].state, StepState::Failed { why: StepFailure::RoleUnknown }, "{ended:#?}");
            }
        }
    }
}
