//! Breaking the glass: it stands for the second person and for nothing else, is said where alerts come, and is marked.

use std::time::Duration;

use botswain::domain::action::Verb;
use botswain::domain::audit::filter::{Filter, View};
use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::authority::{Denied, Right};
use botswain::domain::connector::Environment;
use botswain::domain::ids::{ChannelId, Id, RoleId};
use botswain::domain::notice::Notice;
use botswain::domain::operation::{Operation, Outcome, StepFailure, StepState};
use botswain::domain::pace::Limits;
use botswain::domain::policy::{Own, OwnOfEnvironment, Policy};
use botswain::domain::request::{Refusal, Request, RequestState};
use botswain::operations::{Asker, Form, FreezeAnswer, Settled, ToFreeze};
use botswain::sandbox::discord::Seed;
use botswain::sandbox::lifecycle::Deed;
use botswain::store::outbox::Sending;

use crate::bench::{Bench, at};

const ALERTS: ChannelId = ChannelId(8_001);
const ALERTS_OF_DEMO: ChannelId = ChannelId(8_002);

/// Those on call, as Olga is.
fn in_need() -> RoleId {
    Seed::default().on_call.id.to_string().parse().unwrap()
}

/// In Production a stop and a redeploy need a second person; those of one role may do without, everywhere.
async fn bench() -> Bench {
    bench_with(|_| {}).await
}

async fn bench_with(change: impl FnOnce(&mut botswain::config::Config)) -> Bench {
    Bench::with(|config| {
        let own = |verbs: &[Verb], channel| {
            let all = Own { second_person: Some(verbs.to_vec()), alert_channel: Some(channel), ..Own::default() };
            OwnOfEnvironment { all, ..OwnOfEnvironment::default() }
        };
        let places = [
            (Environment::new("production"), own(&[Verb::Stop, Verb::Redeploy], ALERTS)),
            (Environment::new("demo"), own(&[], ALERTS_OF_DEMO)),
        ];
        let everywhere = config.policy.everywhere().clone();
        config.policy = Policy::new(everywhere, config.policy.watched.clone(), places.into());
        config.policy.approval_ttl = Duration::from_secs(600);
        config.authority.everywhere.by_right.insert(Right::BreakGlass, vec![in_need()]);
        change(config);
    })
    .await
}

/// Olga, who may break the glass.
fn olga(bench: &Bench) -> Asker {
    let mut olga = bench.olga();
    olga.member.roles.push(in_need());
    olga
}

fn form(why: &str, name: &str) -> Form {
    Form { why: why.to_owned(), name: name.to_owned() }
}

async fn breaks(bench: &Bench, asker: &Asker, id: &Id, form: &Form, second: i64) -> Settled {
    bench.operations.break_glass(asker, id, Some(form), at(second)).await.unwrap()
}

async fn about(bench: &Bench, request: &Request) -> Vec<Entry> {
    bench.audit().await.into_iter().filter(|entry| entry.about == request.id.as_str()).collect()
}

/// What is said of it where alerts come: the channel, the reason, and how it ended.
async fn told(bench: &Bench, second: i64) -> Vec<(ChannelId, Operation)> {
    let mut told = Vec::new();
    while let Some(said) = bench.store.claim_message(Duration::from_secs(60), at(second)).await.unwrap() {
        let held = Sending::Held { due: at(second + 1) };
        let _held = bench.store.settle_message(&said, held, at(second)).await.unwrap();
        assert!(!said.notice.pings(), "p7: what an operator announces pings nobody");
        if let Notice::Glass { operation } = said.notice {
            told.push((said.channel, operation));
        }
    }
    told.sort_by_key(|(channel, _)| *channel);
    told
}

#[tokio::test]
async fn p10_whoever_may_says_why_and_begins_alone_what_needs_a_second_person_and_it_is_told_and_marked() {
    let bench = bench().await;
    let olga = olga(&bench);
    let request = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    assert!(request.second_person.is_some() && request.may_break_glass, "the prompt offers it");
    let asked = bench.operations.break_glass(&olga, &request.id, None, at(1)).await.unwrap();
    let name = Some("Billing Bot".to_owned());
    assert!(matches!(&asked, Settled::Unexplained { wanted, .. } if *wanted == name), "{asked:?}");
    assert!(bench.audit().await.is_empty() && bench.store.open_operations().await.unwrap().is_empty());
    let begun = breaks(&bench, &olga, &request.id, &form(" it answers nonsense ", "billing bot"), 2).await;
    let Settled::Begun(operation) = begun else { panic!("{begun:?}") };
    let begun = told(&bench, 2).await;
    assert_eq!(begun.len(), 1, "told from the moment at which it was begun");
    assert_eq!((begun[0].0, &begun[0].1.id, begun[0].1.is_over()), (ALERTS, &operation.id, false));
    bench.run(2, 60).await;
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    let records = about(&bench, &request).await;
    assert_eq!((records.len(), records[0].verdict), (1, Verdict::Done), "one terminal record");
    let glass = records[0].glass.as_ref().unwrap();
    assert_eq!(
        (glass.why.as_str(), &glass.allowed_by, &glass.said_in),
        ("it answers nonsense", &vec![in_need()], &vec![ALERTS])
    );
    assert_eq!(records[0].approved_by, None);
    let operators: RoleId = Seed::default().operators.id.to_string().parse().unwrap();
    assert_eq!(records[0].allowed_by, Some(vec![operators]), "by which role she might stop it at all");
    let ended = told(&bench, 100).await;
    assert_eq!(ended.iter().map(|(_, of)| of.ended.as_ref().unwrap().outcome).collect::<Vec<_>>(), [Outcome::Done]);
}

#[tokio::test]
async fn what_waits_for_a_second_person_may_be_begun_without_one_by_who_asked_and_by_nobody_else() {
    let bench = bench().await;
    let olga = olga(&bench);
    let request = bench.prompt(&olga, Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    let Settled::Unsaid { wanted, .. } = bench.operations.confirm(&olga, &request.id, at(0)).await.unwrap() else {
        panic!("it takes the bot below its minimum");
    };
    let proposed = bench.operations.confirm_typed(&olga, &request.id, &wanted, at(0)).await.unwrap();
    assert!(matches!(proposed, Settled::Proposed), "{proposed:?}");
    let mut otto = bench.otto();
    otto.member.roles.push(in_need());
    let refused = breaks(&bench, &otto, &request.id, &form("I will", &wanted), 100).await;
    assert!(matches!(refused, Settled::Refused(Refusal::SomebodyElses { .. })), "{refused:?}");
    // Long after the prompt itself would have expired.
    let begun = breaks(&bench, &olga, &request.id, &form("nobody is there", &wanted), 300).await;
    assert!(matches!(begun, Settled::Begun(_)), "{begun:?}");
    let told = told(&bench, 300).await;
    assert_eq!(
        told.iter().map(|(channel, _)| *channel).collect::<Vec<_>>(),
        [ALERTS, ALERTS_OF_DEMO],
        "wherever it acts"
    );
    let late = bench.operations.approve(&otto, &request.id, at(301)).await.unwrap();
    assert!(matches!(late, Settled::Refused(Refusal::Settled { state: RequestState::Confirmed })), "{late:?}");
    let late = breaks(&bench, &olga, &request.id, &form("once more", &wanted), 301).await;
    assert!(matches!(late, Settled::Refused(Refusal::Settled { state: RequestState::Confirmed })), "{late:?}");
    bench.run(301, 200).await;
    assert_eq!(bench.deeds(), ["stop billing-1", "redeploy billing-1", "start billing-1"]);
    assert_eq!(about(&bench, &request).await.len(), 1, "p10");
}

#[tokio::test]
async fn p4_it_takes_a_right_of_its_own_and_whoever_lacks_that_ends_nothing() {
    let bench = bench().await;
    let (can, cannot) = (olga(&bench), bench.olga());
    let request = bench.prompt(&cannot, Verb::Stop, "orders-1", None, at(0)).await;
    assert!(!request.may_break_glass, "it is not offered");
    let refused = breaks(&bench, &cannot, &request.id, &form("I want to", ""), 1).await;
    let needs = Refusal::Denied {
        denied: Denied::NeedsRole {
            right: Right::BreakGlass,
            environment: Environment::new("production"),
            of_bot: false,
            roles: vec![in_need()],
        },
    };
    assert!(matches!(&refused, Settled::Refused(refusal) if *refusal == needs), "{refused:?}");
    assert!(about(&bench, &request).await.is_empty(), "it goes on as it was");
    let denied: Vec<_> = bench.audit().await;
    assert_eq!((denied.len(), denied[0].verdict), (1, Verdict::Denied), "p10");
    assert_eq!(denied[0].glass.as_ref().map(|glass| (glass.why.as_str(), glass.said_in.len())), Some(("I want to", 0)));
    // The right to the change itself is judged, too.
    let mut lost = olga(&bench);
    lost.member.roles = vec![in_need()];
    let refused = breaks(&bench, &lost, &request.id, &form("I must", ""), 2).await;
    assert!(matches!(refused, Settled::Refused(Refusal::Denied { .. })), "{refused:?}");
    assert_eq!(about(&bench, &request).await[0].glass.as_ref().unwrap().why, "I must", "refused ones are marked");
    // Where nobody else must agree, there is no glass.
    let plain = bench.prompt(&can, Verb::Restart, "orders-1", None, at(3)).await;
    let refused = breaks(&bench, &can, &plain.id, &form("for fun", ""), 3).await;
    assert!(matches!(refused, Settled::Refused(Refusal::NoGlass)), "{refused:?}");
    assert!(told(&bench, 10).await.is_empty() && bench.deeds().is_empty(), "nothing was begun, and nothing is told");
}

#[tokio::test]
async fn p4_where_it_is_said_of_nobody_nobody_may_not_even_who_has_every_right() {
    let bench = bench_with(|config| {
        config.authority.everywhere.by_right.remove(&Right::BreakGlass);
    })
    .await;
    let mut admin = olga(&bench);
    admin.member.manages_guild = Some(true);
    let request = bench.prompt(&admin, Verb::Stop, "orders-1", None, at(0)).await;
    let refused = breaks(&bench, &admin, &request.id, &form("I am the admin", ""), 1).await;
    let nobody = Denied::Nobody { right: Right::BreakGlass, environment: Environment::new("production") };
    assert!(matches!(&refused, Settled::Refused(Refusal::Denied { denied }) if *denied == nobody), "{refused:?}");
}

#[tokio::test]
async fn p11_it_loosens_nothing_but_the_second_person() {
    let bench = bench_with(|config| config.policy.limits = Limits { per_person: 1, per_environment: 0 }).await;
    let olga = olga(&bench);
    let request = bench.prompt(&olga, Verb::Stop, "billing-1", None, at(0)).await;
    let unexplained = breaks(&bench, &olga, &request.id, &form("  ", "Billing Bot"), 1).await;
    assert!(matches!(unexplained, Settled::Refused(Refusal::Unexplained)), "{unexplained:?}");
    let mistyped = breaks(&bench, &olga, &request.id, &form("fire", "Orders Bot"), 1).await;
    assert!(matches!(mistyped, Settled::Refused(Refusal::Mistyped { .. })), "what is to be typed: {mistyped:?}");
    assert!(bench.audit().await.is_empty(), "the prompt stands");
    bench.fleet().do_to("billing-2", Deed::Drop).unwrap();
    let drifted = breaks(&bench, &olga, &request.id, &form("fire", "Billing Bot"), 2).await;
    assert!(matches!(drifted, Settled::Refused(Refusal::Drifted { .. })), "the plan as it was shown: {drifted:?}");

    let request = bench.prompt(&olga, Verb::Stop, "orders-1", None, at(3)).await;
    let late = breaks(&bench, &olga, &request.id, &form("fire", ""), 3 + 120).await;
    assert!(matches!(late, Settled::Refused(Refusal::Expired)), "p3: {late:?}");

    let request = bench.prompt(&olga, Verb::Stop, "orders-1", None, at(200)).await;
    let freeze =
        ToFreeze { environment: Some("production".into()), until: Some("10m".into()), reason: Some("sale".into()) };
    let frozen = bench.operations.freeze(&bench.otto(), &freeze, at(201)).await.unwrap();
    assert!(matches!(frozen, FreezeAnswer::On(_)));
    let refused = breaks(&bench, &olga, &request.id, &form("fire", ""), 202).await;
    assert!(matches!(refused, Settled::Refused(Refusal::Frozen { .. })), "a freeze: {refused:?}");
    bench.operations.unfreeze(&bench.otto(), "production", at(203)).await.unwrap();

    // One at a time, and no more of them than are allowed.
    let (first, second) = (
        bench.prompt(&olga, Verb::Stop, "orders-1", None, at(210)).await,
        bench.prompt(&olga, Verb::Stop, "orders-2", None, at(210)).await,
    );
    let begun = breaks(&bench, &olga, &first.id, &form("fire", ""), 211).await;
    assert!(matches!(begun, Settled::Begun(_)), "{begun:?}");
    let refused = breaks(&bench, &olga, &second.id, &form("fire", ""), 212).await;
    assert!(matches!(refused, Settled::Refused(Refusal::TooMany { .. })), "{refused:?}");
    let marked = bench.audit().await.into_iter().filter(|entry| entry.glass.is_some()).count();
    assert_eq!(marked, 3, "drifted, frozen and too many: each refusal says that the glass was to be broken");
}

#[tokio::test]
async fn p3_whoever_loses_the_right_to_break_the_glass_goes_on_with_nothing_that_takes_away() {
    let bench = bench().await;
    let olga = olga(&bench);
    let request = bench.prompt(&olga, Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    let begun = breaks(&bench, &olga, &request.id, &form("fire", "Billing Bot"), 1).await;
    let Settled::Begun(operation) = begun else { panic!("{begun:?}") };
    bench.set_roles_of_olga(&[&Seed::default().operators.id.to_string()]).await;
    bench.run(1, 60).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.steps[1].state, StepState::Failed { why: StepFailure::RoleLost });
    assert_eq!(bench.deeds(), ["stop billing-1"]);
    assert_eq!(told(&bench, 100).await[0].1.ended.as_ref().unwrap().outcome, Outcome::Failed, "how it ended is told");
}

#[tokio::test]
async fn p3_broken_approved_and_withdrawn_at_once_it_is_begun_at_most_once_and_told_only_if_it_was_broken() {
    let bench = bench().await;
    for (round, connector) in ["orders-1", "returns-1", "billing-1"].into_iter().enumerate() {
        let olga = olga(&bench);
        let request = bench.prompt(&olga, Verb::Stop, connector, None, at(0)).await;
        let wanted = match bench.operations.confirm(&olga, &request.id, at(0)).await.unwrap() {
            Settled::Unsaid { wanted, .. } => {
                let proposed = bench.operations.confirm_typed(&olga, &request.id, &wanted, at(0)).await.unwrap();
                assert!(matches!(proposed, Settled::Proposed));
                wanted
            }
            _ => String::new(),
        };
        let otto = bench.otto();
        let why = form("fire", &wanted);
        let (a, b, c) = tokio::join!(
            bench.operations.break_glass(&olga, &request.id, Some(&why), at(1)),
            bench.operations.approve(&otto, &request.id, at(1)),
            bench.operations.cancel(&olga, &request.id, at(1)),
        );
        let broken = matches!(a.unwrap(), Settled::Begun(_));
        let approved = matches!(b.unwrap(), Settled::Begun(_));
        let withdrawn = matches!(c.unwrap(), Settled::Cancelled);
        let settled = [broken, approved, withdrawn].iter().filter(|one| **one).count();
        assert_eq!(settled, 1, "round {round}: it is settled once");
        bench.run(1, 60).await;
        assert_eq!(about(&bench, &request).await.len(), 1, "p10");
        let second = 200 + i64::try_from(round).unwrap() * 10;
        let told = told(&bench, second).await.into_iter().filter(|(_, of)| of.request == request.id).count();
        assert_eq!(told, usize::from(broken));
    }
}

#[tokio::test]
async fn the_record_is_filtered_by_what_the_glass_was_broken_for() {
    let bench = bench().await;
    let olga = olga(&bench);
    let request = bench.prompt(&olga, Verb::Stop, "orders-1", None, at(0)).await;
    let begun = breaks(&bench, &olga, &request.id, &form("fire", ""), 1).await;
    assert!(matches!(begun, Settled::Begun(_)), "{begun:?}");
    bench.prompt(&olga, Verb::Restart, "faq-1", None, at(1)).await;
    bench.run(1, 60).await;
    bench.operations.expire(at(600)).await.unwrap();
    while !bench.store.seal(None).await.unwrap().is_empty() {}
    let through = bench.store.chain().await.unwrap().head.seq;
    let of = async |filter: Filter| {
        let view = View { id: Id::random(), filter, through };
        bench.store.records_of(&view, 0, 10).await.unwrap()
    };
    assert_eq!(of(Filter::default()).await.len(), 2);
    let marked = of(Filter { glass: true, ..Filter::default() }).await;
    assert_eq!(marked.iter().map(|one| one.entry.about.as_str()).collect::<Vec<_>>(), [request.id.as_str()]);
    let elsewhere = Filter { glass: true, environment: Some(Environment::new("demo")), ..Filter::default() };
    assert!(of(elsewhere).await.is_empty());
}
