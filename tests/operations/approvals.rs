//! The second person: who asked confirms, somebody else who may agrees to exactly that plan, and each request ends once.

use std::time::Duration;

use botswain::domain::action::Verb;
use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::authority::{Authority, Grants, Right};
use botswain::domain::ids::{Id, RoleId};
use botswain::domain::notice::Notice;
use botswain::domain::operation::{StepFailure, StepState};
use botswain::domain::policy::{Own, OwnOfEnvironment, Policy};
use botswain::domain::request::{Refusal, Request, RequestState};
use botswain::operations::{Asker, Settled};
use botswain::sandbox::discord::Seed;
use botswain::sandbox::lifecycle::Deed;
use botswain::store::outbox::Sending;

use crate::bench::{Bench, at};

const APPROVERS: RoleId = RoleId(14);

/// In Production a stop and a redeploy need a second person, who has a role of their own.
async fn bench() -> Bench {
    Bench::with(|config| {
        let second_person = Some(vec![Verb::Stop, Verb::Redeploy]);
        let own = OwnOfEnvironment { all: Own { second_person, ..Own::default() }, ..OwnOfEnvironment::default() };
        let everywhere = config.policy.everywhere().clone();
        let places = [(config.policy.watched.first().unwrap().clone(), own)].into();
        config.policy = Policy::new(everywhere, config.policy.watched.clone(), places);
        config.policy.approval_ttl = Duration::from_secs(600);
        let by_right = [(Right::Approve, vec![APPROVERS])].into();
        let everywhere = Grants { by_right, ..config.authority.everywhere.clone() };
        config.authority = Authority { everywhere, ..Authority::default() };
    })
    .await
}

/// Somebody who may approve, and nothing else.
fn pia(bench: &Bench) -> Asker {
    let mut pia = bench.asks("Pia");
    pia.member.roles = vec![APPROVERS];
    pia
}

async fn proposed(bench: &Bench, verb: Verb, connector: &str, to: Option<&str>, second: i64) -> Request {
    let request = bench.prompt(&bench.olga(), verb, connector, to, at(second)).await;
    assert_eq!(request.second_person, Some(vec![APPROVERS]), "the prompt says so");
    let mut settled = bench.operations.confirm(&bench.olga(), &request.id, at(second)).await.unwrap();
    if let Settled::Unsaid { wanted, .. } = &settled {
        settled = bench.operations.confirm_typed(&bench.olga(), &request.id, wanted, at(second)).await.unwrap();
    }
    assert!(matches!(settled, Settled::Proposed), "{settled:?}");
    let proposed = bench.store.request(&request.id).await.unwrap().unwrap();
    assert_eq!((proposed.state, proposed.expires_at), (RequestState::Proposed, at(second + 600)));
    assert_eq!(proposed.plan, request.plan, "exactly what was shown");
    proposed
}

async fn approve(bench: &Bench, asker: &Asker, id: &Id, second: i64) -> Settled {
    bench.operations.approve(asker, id, at(second)).await.unwrap()
}

/// What its one message says last.
async fn told(bench: &Bench, id: &Id, second: i64) -> Request {
    let mut told = None;
    while let Some(said) = bench.store.claim_message(Duration::from_secs(60), at(second)).await.unwrap() {
        let held = Sending::Held { due: at(second + 1) };
        let _held = bench.store.settle_message(&said, held, at(second)).await.unwrap();
        if let Notice::Approval { request } = said.notice
            && request.id == *id
        {
            assert!(told.replace(request).is_none(), "one message");
        }
    }
    told.unwrap()
}

async fn about(bench: &Bench, request: &Request) -> Vec<Entry> {
    bench.audit().await.into_iter().filter(|entry| entry.about == request.id.as_str()).collect()
}

#[tokio::test]
async fn p4_what_needs_a_second_person_runs_only_once_somebody_else_who_may_agrees() {
    let bench = bench().await;
    let request = proposed(&bench, Verb::Stop, "billing-1", None, 0).await;
    bench.drain(at(1)).await;
    assert!(bench.deeds().is_empty(), "nothing runs before");
    let own = approve(&bench, &bench.olga(), &request.id, 1).await;
    assert!(matches!(own, Settled::Refused(Refusal::OwnRequest)), "{own:?}");
    for asker in [Bench::otto, Bench::vera] {
        let denied = approve(&bench, &asker(&bench), &request.id, 2).await;
        assert!(matches!(denied, Settled::Refused(Refusal::Denied { .. })), "{denied:?}");
        let withdrawn = bench.operations.cancel(&asker(&bench), &request.id, at(2)).await.unwrap();
        assert!(matches!(withdrawn, Settled::Refused(Refusal::SomebodyElses { .. })), "{withdrawn:?}");
    }
    let begun = approve(&bench, &pia(&bench), &request.id, 3).await;
    let Settled::Begun(operation) = begun else { panic!("{begun:?}") };
    assert_eq!(operation.plan, request.plan.as_ref().map(|plan| plan.digest()), "pinned to exactly this plan");
    let again = approve(&bench, &pia(&bench), &request.id, 3).await;
    let confirmed = RequestState::Confirmed;
    assert!(matches!(again, Settled::Refused(Refusal::Settled { state }) if state == confirmed), "{again:?}");
    bench.run(3, 60).await;
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    let records = about(&bench, &request).await;
    assert_eq!((records.len(), records[0].verdict), (1, Verdict::Done), "p10");
    assert_eq!(records[0].person.name, "Olga");
    assert_eq!(records[0].approved_by.as_ref().map(|second| second.name.as_str()), Some("Pia"));
    assert!(records[0].allowed_by.is_some());
    let denied = bench.audit().await.into_iter().filter(|entry| entry.verdict == Verdict::Denied).count();
    assert_eq!(denied, 5, "each press that was none of theirs has its record");
    assert_eq!(told(&bench, &request.id, 100).await.state, RequestState::Confirmed);
}

#[tokio::test]
async fn a_start_and_what_is_elsewhere_need_nobody_else_and_a_redeploy_from_there_does() {
    let bench = bench().await;
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(0)).await;
    bench.begin(&bench.olga(), Verb::Start, "billing-1", None, at(0)).await;
    let moves = bench.prompt(&bench.olga(), Verb::Redeploy, "billing-demo-1", Some("production"), at(0)).await;
    assert!(moves.second_person.is_some(), "its target says so");
    bench.begin(&bench.olga(), Verb::Stop, "orders-demo-1", None, at(0)).await;
}

#[tokio::test]
async fn a_request_that_waits_can_be_withdrawn_expires_and_is_refused_when_it_got_worse_each_with_one_record() {
    let bench = bench().await;
    let withdrawn = proposed(&bench, Verb::Stop, "billing-1", None, 0).await;
    let late = bench.operations.confirm(&bench.olga(), &withdrawn.id, at(1)).await.unwrap();
    let state = RequestState::Proposed;
    assert!(matches!(late, Settled::Refused(Refusal::Settled { state: said }) if said == state), "{late:?}");
    assert!(matches!(bench.operations.cancel(&bench.olga(), &withdrawn.id, at(2)).await.unwrap(), Settled::Cancelled));
    assert_eq!(told(&bench, &withdrawn.id, 2).await.state, RequestState::Cancelled);

    let expired = proposed(&bench, Verb::Stop, "orders-1", None, 10).await;
    assert_eq!(bench.operations.expire(at(609)).await.unwrap(), 0);
    let late = approve(&bench, &pia(&bench), &expired.id, 610).await;
    assert!(matches!(late, Settled::Refused(Refusal::Expired)), "p3: none is begun after expiry: {late:?}");
    assert_eq!(bench.operations.expire(at(611)).await.unwrap(), 0, "it has ended");
    assert_eq!(told(&bench, &expired.id, 611).await.state, RequestState::Expired);

    bench.look(at(700)).await;
    let worse = proposed(&bench, Verb::Stop, "billing-1", None, 700).await;
    bench.fleet().do_to("billing-2", Deed::Drop).unwrap();
    let refused = approve(&bench, &pia(&bench), &worse.id, 701).await;
    assert!(matches!(refused, Settled::Refused(Refusal::Drifted { .. })), "p11: {refused:?}");
    assert_eq!(told(&bench, &worse.id, 702).await.state, RequestState::Refused);

    for (request, verdict) in [(withdrawn, Verdict::Cancelled), (expired, Verdict::Expired), (worse, Verdict::Denied)] {
        let records = about(&bench, &request).await;
        assert_eq!(records.iter().map(|entry| entry.verdict).collect::<Vec<_>>(), [verdict], "p10");
        assert!(!matches!(approve(&bench, &pia(&bench), &request.id, 800).await, Settled::Begun(_)));
    }
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p3_two_second_persons_and_a_withdrawal_at_once_begin_it_at_most_once() {
    let bench = bench().await;
    for (round, connector) in ["billing-1", "orders-1", "returns-1"].into_iter().enumerate() {
        let request = proposed(&bench, Verb::Stop, connector, None, 0).await;
        let (one, other, olga) = (pia(&bench), pia(&bench), bench.olga());
        let presses = (
            bench.operations.approve(&one, &request.id, at(1)),
            bench.operations.approve(&other, &request.id, at(1)),
            bench.operations.cancel(&olga, &request.id, at(1)),
        );
        let (a, b, c) = tokio::join!(presses.0, presses.1, presses.2);
        let begun = [a.unwrap(), b.unwrap()].iter().filter(|settled| matches!(settled, Settled::Begun(_))).count();
        let withdrawn = usize::from(matches!(c.unwrap(), Settled::Cancelled));
        assert_eq!(begun + withdrawn, 1, "round {round}: it is settled once");
        bench.run(1, 60).await;
        assert_eq!(about(&bench, &request).await.len(), 1, "p10");
    }
}

#[tokio::test]
async fn p3_whoever_asked_and_lost_the_role_meanwhile_begins_nothing_by_somebody_elses_agreement() {
    let bench = bench().await;
    let request = proposed(&bench, Verb::Stop, "billing-1", None, 0).await;
    let discord = bench.sandbox.discord.as_ref().unwrap().address;
    let path = format!("http://{discord}/control/discord/members/{}/roles", Seed::default().olga.id);
    let body = serde_json::json!({ "roles": [] });
    reqwest::Client::new().put(path).json(&body).send().await.unwrap().error_for_status().unwrap();
    let Settled::Begun(operation) = approve(&bench, &pia(&bench), &request.id, 1).await else { panic!("it is begun") };
    bench.run(1, 30).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.steps[0].state, StepState::Failed { why: StepFailure::RoleLost });
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn p3_nobody_agrees_to_what_its_requester_has_not_confirmed() {
    let bench = bench().await;
    let request = bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    let early = approve(&bench, &pia(&bench), &request.id, 1).await;
    let settled = Refusal::Settled { state: RequestState::Asked };
    assert!(matches!(&early, Settled::Refused(refused) if *refused == settled), "{early:?}");
    assert!(bench.store.open_operations().await.unwrap().is_empty());
}
