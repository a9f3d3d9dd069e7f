//! Freezes: nothing of a frozen environment is taken away, what was begun is given back, and each wish has its record.

use botswain::domain::action::Verb;
use botswain::domain::audit::{Handling, Verdict};
use botswain::domain::authority::{Grants, OwnGrants, Right};
use botswain::domain::connector::Environment;
use botswain::domain::freeze::Freeze;
use botswain::domain::ids::{BotId, RoleId};
use botswain::domain::notice::Notice;
use botswain::domain::operation::{Outcome, StepFailure, StepState};
use botswain::domain::request::Refusal;
use botswain::operations::{Answer, Asker, FreezeAnswer, FreezeRefused, ToFreeze};
use botswain::sandbox::lifecycle::Deed;

use crate::bench::{Bench, at};

fn to_freeze(environment: &str, until: &str) -> ToFreeze {
    ToFreeze { environment: Some(environment.into()), until: Some(until.into()), reason: Some("the sale".into()) }
}

async fn freeze(bench: &Bench, asker: &Asker, environment: &str, second: i64) -> Freeze {
    match bench.operations.freeze(asker, &to_freeze(environment, "2h"), at(second)).await.unwrap() {
        FreezeAnswer::On(freeze) => *freeze,
        other => panic!("expected a freeze: {other:?}"),
    }
}

#[tokio::test]
async fn nothing_of_a_frozen_environment_is_taken_away_and_starting_stays_possible() {
    let bench = Bench::new().await;
    let asked_before = bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    let frozen = freeze(&bench, &bench.otto(), "production", 1).await;
    let refused = bench.confirm(&bench.olga(), &asked_before.id, at(2)).await;
    assert_eq!(refused.unwrap_err(), Refusal::Frozen { freeze: Box::new(frozen.clone()) }, "judged at the click");
    for (verb, to) in [(Verb::Stop, None), (Verb::Redeploy, Some("demo"))] {
        let refused = bench.ask(&bench.olga(), verb, "billing-1", to, at(3)).await;
        assert!(matches!(&refused, Answer::Refused(Refusal::Frozen { freeze }) if **freeze == frozen), "{refused:?}");
    }
    bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
    bench.fleet().step(5_000);
    bench.look(at(5)).await;
    bench.begin(&bench.olga(), Verb::Start, "billing-1", None, at(5)).await;
    bench.run(5, 600).await;
    assert_eq!(bench.deeds(), ["start billing-1"]);
    let denied = bench.audit().await.into_iter().filter(|entry| entry.verdict == Verdict::Denied).count();
    assert_eq!(denied, 3, "p10: each refusal has its record");
    assert_eq!(bench.operations.thaw(at(7_200)).await.unwrap(), 0);
    assert_eq!(bench.operations.thaw(at(7_201)).await.unwrap(), 1, "its time is over");
    bench.look(at(7_202)).await;
    bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(7_202)).await;
}

#[tokio::test]
async fn p4_a_redeploy_into_a_frozen_environment_is_refused_too() {
    let bench = Bench::new().await;
    freeze(&bench, &bench.otto(), "demo", 0).await;
    let refused = bench.ask(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(1)).await;
    assert!(matches!(refused, Answer::Refused(Refusal::Frozen { .. })), "{refused:?}");
    bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(1)).await;
}

#[tokio::test]
async fn what_was_confirmed_before_a_freeze_and_not_begun_is_not_begun() {
    let bench = Bench::new().await;
    let operation = bench.begin(&bench.olga(), Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    freeze(&bench, &bench.otto(), "production", 0).await;
    bench.run(0, 60).await;
    let ended = bench.operation(&operation.id).await;
    assert_eq!(ended.steps[0].state, StepState::Failed { why: StepFailure::Frozen });
    assert_eq!(ended.ended.unwrap().outcome, Outcome::Failed);
    assert!(bench.deeds().is_empty());
}

#[tokio::test]
async fn one_freeze_is_on_for_an_environment_and_it_ends_once() {
    let bench = Bench::new().await;
    let frozen = freeze(&bench, &bench.olga(), "production", 0).await;
    let second = bench.operations.freeze(&bench.otto(), &to_freeze("Production", "1h"), at(1)).await.unwrap();
    let before = FreezeRefused::FrozenBefore(Box::new(frozen.clone()));
    assert!(matches!(&second, FreezeAnswer::Refused(refused) if *refused == before), "{second:?}");
    let over = bench.operations.unfreeze(&bench.otto(), "production", at(2)).await.unwrap();
    assert!(matches!(over, FreezeAnswer::Over(_)), "{over:?}");
    let again = bench.operations.end_freeze(&bench.olga(), &frozen.id, at(3)).await.unwrap();
    assert!(matches!(again, FreezeAnswer::Refused(FreezeRefused::Over(_))), "{again:?}");
    let none = bench.operations.unfreeze(&bench.olga(), "production", at(4)).await.unwrap();
    assert!(matches!(none, FreezeAnswer::Refused(FreezeRefused::NotFrozen { .. })), "{none:?}");
    let records: Vec<_> = bench.audit().await.into_iter().map(|entry| (entry.handling, entry.verdict)).collect();
    let (on, off) = (Some(Handling::Freeze), Some(Handling::Unfreeze));
    let mut expected = [(on, Verdict::Done), (on, Verdict::Denied), (off, Verdict::Done)].to_vec();
    expected.extend([(off, Verdict::Denied), (off, Verdict::Denied)]);
    assert_eq!(records.len(), expected.len());
    assert!(expected.iter().all(|one| records.contains(one)), "{records:?}");
    let said = bench.store.claim_message(std::time::Duration::from_secs(60), at(5)).await.unwrap().unwrap();
    assert!(matches!(said.notice, Notice::Freeze { freeze } if freeze.ended.is_some()), "one message, edited");
    assert!(bench.store.claim_message(std::time::Duration::from_secs(60), at(5)).await.unwrap().is_none());
}

#[tokio::test]
async fn p4_only_whoever_has_that_right_over_all_of_an_environment_freezes_it() {
    let only = BotId::new("billing");
    let bench = Bench::with(move |config| {
        let bots = [(only, Grants { operators: None, by_right: [(Right::Freeze, vec![RoleId(99)])].into() })].into();
        config.authority.places = [(Environment::new("production"), OwnGrants { all: Grants::default(), bots })].into();
    })
    .await;
    for asker in [bench.vera(), bench.olga()] {
        let refused = bench.operations.freeze(&asker, &to_freeze("production", "2h"), at(0)).await.unwrap();
        assert!(matches!(refused, FreezeAnswer::Refused(FreezeRefused::Denied(_))), "{refused:?}");
    }
    freeze(&bench, &bench.olga(), "demo", 0).await;
    let mut bad = vec![to_freeze("prodution", "2h"), to_freeze("demo", "soon"), to_freeze("demo", "31 days")];
    bad.push(ToFreeze { reason: Some(" ".into()), ..to_freeze("demo", "2h") });
    for wish in &bad {
        let refused = bench.operations.freeze(&bench.olga(), wish, at(1)).await.unwrap();
        assert!(matches!(refused, FreezeAnswer::Refused(_)), "{refused:?}");
    }
    let denied = bench.audit().await.into_iter().filter(|entry| entry.verdict == Verdict::Denied).count();
    assert_eq!(denied, 6, "p10: each has its record");
}

#[tokio::test]
async fn whether_it_is_frozen_fails_closed_when_the_store_cannot_be_read() {
    let bench = Bench::new().await;
    let request = bench.prompt(&bench.olga(), Verb::Stop, "billing-1", None, at(0)).await;
    bench.store.close().await;
    assert!(bench.operations.confirm(&bench.olga(), &request.id, at(1)).await.is_err());
    assert!(bench.deeds().is_empty());
}
