//! P10: whatever is asked for, however it ends, there is exactly one record of it, which says what is known.

use botswain::domain::action::Verb;
use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::connector::AgentStatus;
use botswain::domain::ids::Id;
use botswain::operations::{Asker, Settled};
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};

use crate::bench::{Bench, CHANGES, TTL, at};

/// A bench on which `verb` can be asked for, on `billing-1`.
async fn ready_for(verb: Verb) -> Bench {
    let bench = Bench::new().await;
    if verb == Verb::Start {
        bench.fleet().do_to("billing-1", Deed::StopElsewhere).unwrap();
        bench.fleet().step(5_000);
        bench.look(at(0)).await;
    }
    bench
}

fn target(verb: Verb) -> Option<&'static str> {
    (verb == Verb::Redeploy).then_some("demo")
}

/// Lets a request of this kind end in this way.
async fn let_it_end(bench: &Bench, verb: Verb, verdict: Verdict) -> Id {
    let olga = bench.olga();
    let request = bench.prompt(&olga, verb, "billing-1", target(verb), at(0)).await;
    let id = request.id.clone();
    match verdict {
        Verdict::Done => {
            bench.confirm(&olga, &id, at(0)).await.unwrap();
            bench.run(0, 600).await;
        }
        Verdict::Failed => {
            bench.confirm(&olga, &id, at(0)).await.unwrap();
            bench.fleet().add_fault(FaultKind::Refuse { problem: "operation-in-progress".to_owned() });
            bench.run(0, 600).await;
        }
        Verdict::OutcomeUnknown => {
            bench.confirm(&olga, &id, at(0)).await.unwrap();
            bench
                .fleet()
                .add_fault(Fault { route: Some(CHANGES.to_owned()), ..Fault::from(FaultKind::AcceptThenDrop) });
            bench.drain(at(0)).await;
            bench.fleet().add_fault(FaultKind::AcceptThenDrop);
            bench.run(0, 600).await;
        }
        Verdict::Denied => {
            let lost = Asker {
                member: botswain::domain::authority::Member { roles: Vec::new(), ..olga.member.clone() },
                ..olga.clone()
            };
            assert!(bench.confirm(&lost, &id, at(1)).await.is_err());
        }
        Verdict::Cancelled => {
            assert!(matches!(bench.operations.cancel(&olga, &id, at(1)).await.unwrap(), Settled::Cancelled));
        }
        Verdict::Expired => {
            let over = at(0).checked_add(TTL).unwrap();
            assert_eq!(bench.operations.expire(over).await.unwrap(), 1);
        }
    }
    bench.fleet().clear_faults();
    // Whatever is pressed afterwards is about a request that has its record.
    for second in [700, 701] {
        assert!(bench.confirm(&olga, &id, at(second)).await.is_err());
        assert!(matches!(bench.operations.cancel(&olga, &id, at(second)).await.unwrap(), Settled::Refused(_)));
        bench.operations.expire(at(second)).await.unwrap();
        bench.drain(at(second)).await;
    }
    id
}

fn only(records: Vec<Entry>) -> Entry {
    assert_eq!(records.len(), 1, "{records:#?}");
    records.into_iter().next().unwrap()
}

#[tokio::test]
async fn p10_each_verb_and_each_outcome_is_exactly_one_record() {
    for verb in Verb::ALL {
        for verdict in Verdict::ALL {
            let bench = ready_for(verb).await;
            let request = let_it_end(&bench, verb, verdict).await;
            let record = only(bench.audit().await);
            let what = format!("{} {}: {record:#?}", verb.word(), verdict.word());
            assert_eq!((record.verb, record.verdict), (Some(verb), verdict), "{what}");
            assert_eq!(record.about, request.to_string(), "{what}");
            assert_eq!(record.touched.len(), 1, "{what}");
            let touched = &record.touched[0];
            assert_eq!(
                (touched.name.as_deref(), touched.bot_name.as_deref()),
                (Some("billing-1"), Some("Billing Bot")),
                "{what}"
            );
            assert_eq!(touched.to.as_ref().map(|to| to.as_str()), target(verb), "{what}");
            let begun = matches!(verdict, Verdict::Done | Verdict::Failed | Verdict::OutcomeUnknown);
            assert_eq!(
                record.operation.is_some() && record.allowed_by.is_some() && touched.before.is_some(),
                begun,
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn p10_what_never_became_a_request_is_one_record_for_each_attempt() {
    let bench = Bench::new().await;
    let vera = bench.vera();
    for verb in Verb::ALL {
        bench.ask(&vera, verb, "billing-1", target(verb), at(0)).await;
        bench.ask(&bench.olga(), verb, "nobody-1", target(verb), at(0)).await;
    }
    let unknown = Id::random();
    let forged = bench.olga();
    assert!(bench.confirm(&forged, &unknown, at(1)).await.is_err());
    // The same interaction, delivered twice.
    assert!(bench.confirm(&forged, &unknown, at(1)).await.is_err());
    let records = bench.audit().await;
    assert_eq!(records.len(), 2 * Verb::ALL.len() + 1, "{records:#?}");
    assert!(records.iter().all(|record| record.verdict == Verdict::Denied && record.allowed_by.is_none()));
}

#[tokio::test]
async fn p10_a_record_says_what_it_was_like_before_and_after_and_what_the_service_calls_it() {
    let bench = Bench::new().await;
    let olga = bench.olga();
    let operation = bench.begin(&olga, Verb::Redeploy, "billing-1", Some("demo"), at(0)).await;
    bench.run(0, 120).await;
    let record = only(bench.audit().await);
    let touched = &record.touched[0];
    let states = [&touched.before, &touched.after].map(|seen| {
        let seen = seen.as_ref().unwrap();
        (seen.agent.clone(), seen.environment.as_str().to_owned())
    });
    assert_eq!(states, [(AgentStatus::Online, "production".to_owned()), (AgentStatus::Online, "demo".to_owned())]);
    assert_eq!(touched.service_operations.len(), operation.steps.len(), "{touched:#?}");
    assert!(touched.service_operations.iter().all(|id| !id.is_empty()));
    assert_eq!(record.allowed_by.as_deref(), Some(&olga.member.roles[..]));
    assert_eq!(record.channel, Some(olga.channel));
}
