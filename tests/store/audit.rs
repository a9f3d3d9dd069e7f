//! The audit: one terminal record about each subject, sealed into a chain that shows whatever was done to it since, and kept
//! by the database itself.

use std::time::Duration;

use botswain::audit::export::export;
use botswain::audit::verify::{Verified, verify, verify_export};
use botswain::audit::{Keeper, Settings};
use botswain::domain::action::Verb;
use botswain::domain::audit::chain::Link;
use botswain::domain::audit::filter::{Filter, View};
use botswain::domain::audit::walk::{Broken, Whole};
use botswain::domain::audit::{Entry, Touched, Verdict};
use botswain::domain::authority::Person;
use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, ChannelId, Id, UserId};
use botswain::domain::notice::{Call, Notice};
use botswain::domain::request::RequestState;
use botswain::store::Store;
use botswain::store::ledger::Ledger;
use botswain::store::outbox::{Held, Sending};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use crate::facts::{ALERTS, LEASE, asked, at, entry, incident};
use crate::ground::{Ground, Place, at_once};

on_both!(
    p10_the_first_record_about_a_subject_stays,
    records_are_read_from_a_time_on_the_oldest_first_and_no_more_than_asked,
    p10_records_that_are_written_and_sealed_by_many_at_once_are_one_chain,
    p10_whoever_seals_is_rung_for_with_each_record,
    p10_what_a_crash_left_unsealed_is_said_and_sealed_later,
    p10_a_row_of_somebody_elses_keeps_no_record_from_its_place,
    p10_whatever_is_done_to_a_row_is_named,
    p10_the_database_itself_refuses_to_change_or_delete_a_record,
    p10_a_guard_that_was_taken_away_is_back_after_a_start_and_one_that_is_there_costs_no_write,
    p10_what_is_too_old_is_deleted_behind_a_checkpoint_that_verifies,
    p10_an_export_says_the_same_and_is_verified_without_the_database,
    a_list_shows_what_was_asked_for_and_what_comes_later_moves_nothing_on_its_pages,
    a_mirrored_record_is_told_once_and_waits_for_every_alert,
);

async fn p10_the_first_record_about_a_subject_stays(ground: Ground) {
    let first = entry("interaction:1", Verdict::Denied, 1);
    assert!(ground.store.record(&first).await.unwrap());
    assert!(!ground.store.record(&entry("interaction:1", Verdict::Done, 2)).await.unwrap());
    let ground = ground.restarted().await;
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), [first]);
}

async fn records_are_read_from_a_time_on_the_oldest_first_and_no_more_than_asked(ground: Ground) {
    let all: Vec<_> =
        (0..).zip(Verdict::ALL).map(|(n, verdict)| entry(&format!("interaction:{n}"), verdict, n)).collect();
    for record in all.iter().rev() {
        assert!(ground.store.record(record).await.unwrap());
    }
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), all);
    assert_eq!(ground.store.records(at(2), 3).await.unwrap(), all[2..5]);
}

async fn seal(store: &Store) {
    while !store.seal(None).await.unwrap().is_empty() {}
}

/// A store with this many records, all of them sealed.
async fn with_records(ground: &Ground, count: i64) {
    for n in 1..=count {
        assert!(ground.store.record(&entry(&format!("interaction:{n}"), Verdict::Denied, n)).await.unwrap());
    }
    seal(&ground.store).await;
}

async fn verified_with(ground: &Ground, noted: &[Link]) -> Verified {
    let mut ledger = Ledger::open(&ground.place.url()).await.unwrap();
    let verified = verify(&mut ledger, noted).await.unwrap();
    ledger.close().await;
    verified
}

async fn verified(ground: &Ground) -> Result<Whole, Broken> {
    verified_with(ground, &[]).await.found
}

async fn p10_records_that_are_written_and_sealed_by_many_at_once_are_one_chain(ground: Ground) {
    let racers = (0..60).map(|n| {
        let store = ground.store.clone();
        async move {
            store.record(&entry(&format!("interaction:{n}"), Verdict::Denied, n % 7)).await.unwrap();
            store.seal(None).await.unwrap().len()
        }
    });
    let sealed: usize = at_once(racers).await.into_iter().sum();
    let rest = ground.store.seal(None).await.unwrap().len();
    assert_eq!(sealed + rest, 60, "each is sealed once");
    let chain = ground.store.chain().await.unwrap();
    assert_eq!((chain.head.seq, chain.unsealed), (60, 0));
    assert_eq!(verified(&ground).await.unwrap().rows, 60);
}

async fn p10_whoever_seals_is_rung_for_with_each_record(ground: Ground) {
    let rung = async || tokio::time::timeout(Duration::from_secs(30), ground.store.record_written()).await.is_ok();
    ground.store.record(&entry("interaction:1", Verdict::Denied, 1)).await.unwrap();
    assert!(rung().await, "for a record alone");
    let request = asked("billing", "billing-1");
    let _kept = ground.store.save_request(&request).await.unwrap();
    let cancelled = entry(request.id.as_str(), Verdict::Cancelled, 2);
    let _settled = ground.store.settle_request(&request, RequestState::Cancelled, &cancelled).await.unwrap();
    assert!(rung().await, "and for one that is written with something else");
}

async fn p10_what_a_crash_left_unsealed_is_said_and_sealed_later(ground: Ground) {
    with_records(&ground, 2).await;
    ground.store.record(&entry("interaction:3", Verdict::Done, 3)).await.unwrap();
    let ground = ground.restarted().await;
    let left = verified_with(&ground, &[]).await;
    assert_eq!(left.unsealed, ["interaction:3"]);
    assert_eq!(left.found.unwrap().rows, 2);
    assert_eq!(ground.store.seal(None).await.unwrap()[0].seq, 3);
    let whole = verified_with(&ground, &[]).await;
    assert!(whole.unsealed.is_empty() && whole.found.unwrap().rows == 3);
}

async fn p10_a_row_of_somebody_elses_keeps_no_record_from_its_place(ground: Ground) {
    for (about, body) in [("other:1", "no JSON"), ("other:2", "{\"of\":\"another program\"}")] {
        ground
            .meddle(&format!(
                "INSERT INTO audit (about, at, person, verdict, body) VALUES ('{about}', 0, 1, 'done', '{body}')"
            ))
            .await;
    }
    ground.store.record(&entry("interaction:1", Verdict::Done, 1)).await.unwrap();
    let sealed = ground.store.seal(None).await.unwrap();
    assert_eq!(sealed.iter().map(|of| (of.seq, of.entry.about.as_str())).collect::<Vec<_>>(), [(1, "interaction:1")]);
    let verified = verified_with(&ground, &[]).await;
    assert_eq!(verified.unsealed, ["unreadable"; 2]);
    assert_eq!(verified.found.unwrap().rows, 1);
}

/// Takes away what keeps the record, as somebody could who owns the database.
pub async fn unguard(ground: &Ground) {
    let drops: &[&str] = match ground.place {
        Place::Folder(_) => &[
            "DROP TRIGGER audit_is_sealed_once",
            "DROP TRIGGER audit_is_kept",
            "DROP TRIGGER audit_chain_grows",
            "DROP TRIGGER audit_chain_is_kept",
        ],
        Place::Server(_) => &["DROP TRIGGER audit_guard ON audit", "DROP TRIGGER audit_chain_guard ON audit_chain"],
    };
    for drop in drops {
        ground.meddle(drop).await;
    }
}

/// Does something to the record, and puts it back as it was.
async fn tampered(ground: &Ground, statements: &[&str]) -> Result<Whole, Broken> {
    ground.meddle("CREATE TABLE audit_was AS SELECT * FROM audit").await;
    ground.meddle("CREATE TABLE chain_was AS SELECT * FROM audit_chain").await;
    for statement in statements {
        ground.meddle(statement).await;
    }
    let found = verified(ground).await;
    for (table, was) in [("audit", "audit_was"), ("audit_chain", "chain_was")] {
        ground.meddle(&format!("DELETE FROM {table}")).await;
        ground.meddle(&format!("INSERT INTO {table} SELECT * FROM {was}")).await;
        ground.meddle(&format!("DROP TABLE {was}")).await;
    }
    assert!(verified(ground).await.is_ok(), "it was put back");
    found
}

async fn p10_whatever_is_done_to_a_row_is_named(ground: Ground) {
    with_records(&ground, 5).await;
    let noted = ground.store.chain().await.unwrap().head;
    assert_eq!(verified_with(&ground, &[noted]).await.found.unwrap().head, noted);
    unguard(&ground).await;
    let column = |column| Broken::Column { seq: 3, column };
    let zeros = "0".repeat(64);
    for (statements, broken) in [
        (vec!["UPDATE audit SET body = replace(body, 'Olga', 'Otto') WHERE seq = 3"], Broken::Changed { seq: 3 }),
        (vec!["UPDATE audit SET body = replace(body, 'denied', 'done') WHERE seq = 3"], Broken::Changed { seq: 3 }),
        (vec!["UPDATE audit SET body = 'nonsense' WHERE seq = 3"], Broken::Unreadable { seq: 3, why: String::new() }),
        (vec![&*format!("UPDATE audit SET hash = '{zeros}' WHERE seq = 3")], Broken::Changed { seq: 3 }),
        (vec!["UPDATE audit SET hash = NULL WHERE seq = 3"], Broken::Changed { seq: 3 }),
        (vec!["UPDATE audit SET about = 'interaction:9' WHERE seq = 3"], column("about")),
        (vec!["UPDATE audit SET at = at - 1 WHERE seq = 3"], column("at")),
        (vec!["UPDATE audit SET person = 2 WHERE seq = 3"], column("person")),
        (vec!["UPDATE audit SET verdict = 'done' WHERE seq = 3"], column("verdict")),
        (vec!["UPDATE audit SET action = 'start' WHERE seq = 3"], column("action")),
        (vec!["UPDATE audit SET action = NULL WHERE seq = 3"], column("action")),
        (vec!["UPDATE audit SET places = NULL WHERE seq = 3"], column("places")),
        (vec!["DELETE FROM audit WHERE seq = 3"], Broken::Missing { seq: 3, until: 3 }),
        (vec!["DELETE FROM audit WHERE seq IN (1, 2)"], Broken::Missing { seq: 1, until: 2 }),
        (vec!["UPDATE audit SET seq = NULL WHERE seq = 3"], Broken::Missing { seq: 3, until: 3 }),
        (vec!["UPDATE audit SET seq = -3 WHERE seq = 3"], Broken::OutOfOrder { seq: 0 }),
        (
            vec![
                "UPDATE audit SET seq = 99 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 99",
            ],
            Broken::Changed { seq: 2 },
        ),
        (vec!["DELETE FROM audit WHERE seq > 3"], Broken::Cut { last: 3, head: 5 }),
        (vec!["UPDATE audit_chain SET seq = 7"], Broken::Cut { last: 5, head: 7 }),
        (
            vec![
                "DELETE FROM audit WHERE seq < 3",
                "UPDATE audit_chain SET pruned_seq = 2, pruned_hash = (SELECT hash FROM audit_was WHERE seq = 2)",
            ],
            Broken::Unpruned { from: Link::default() },
        ),
    ] {
        let Err(found) = tampered(&ground, &statements).await else { panic!("{statements:?} was not found") };
        let same = match (&found, &broken) {
            (Broken::Unreadable { seq: 3, .. }, Broken::Unreadable { .. }) => true,
            (Broken::Unpruned { from }, Broken::Unpruned { .. }) => from.seq == 2,
            _ => found == broken,
        };
        assert!(same, "{statements:?} was found to be {found:?}");
        assert!(!found.to_string().is_empty());
    }
    // Whoever cuts the end and makes the head fit is found by a head that was noted before.
    ground.meddle("DELETE FROM audit WHERE seq > 3").await;
    ground.meddle("UPDATE audit_chain SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)").await;
    assert!(verified(&ground).await.is_ok());
    assert_eq!(verified_with(&ground, &[noted]).await.found, Err(Broken::Noted { noted, found: None }));
}

async fn p10_the_database_itself_refuses_to_change_or_delete_a_record(ground: Ground) {
    with_records(&ground, 2).await;
    ground.store.record(&entry("interaction:3", Verdict::Done, 3)).await.unwrap();
    let mut statements = vec![
        "UPDATE audit SET body = '{}' WHERE seq = 1",
        "UPDATE audit SET seq = 9 WHERE seq = 1",
        "UPDATE audit SET seq = NULL WHERE seq = 1",
        "UPDATE audit SET body = '{}', seq = 3 WHERE seq IS NULL",
        "UPDATE audit SET verdict = 'denied' WHERE seq IS NULL",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit WHERE seq IS NULL",
        "DELETE FROM audit",
        "DELETE FROM audit_chain",
        "UPDATE audit_chain SET seq = 1",
        "UPDATE audit_chain SET pruned_seq = 3",
    ];
    if let Place::Server(_) = ground.place {
        statements.extend(["TRUNCATE audit", "TRUNCATE audit_chain"]);
    }
    let mut connection = ground.place.connect().await;
    for statement in statements {
        let Err(refused) = connection.execute(AssertSqlSafe(statement)).await else { panic!("{statement}") };
        assert!(refused.to_string().contains("the record") || refused.to_string().contains("a record"), "{refused}");
    }
    assert!(verified(&ground).await.is_ok());
}

async fn p10_a_guard_that_was_taken_away_is_back_after_a_start_and_one_that_is_there_costs_no_write(ground: Ground) {
    with_records(&ground, 1).await;
    unguard(&ground).await;
    let ground = ground.restarted().await;
    let deleted = ground.place.connect().await.execute("DELETE FROM audit").await;
    assert!(deleted.is_err());
    // A start must not need room on the disk: whoever cannot write must still alert.
    let version = match ground.place {
        Place::Folder(_) => "PRAGMA schema_version",
        Place::Server(_) => "SELECT MAX(oid::bigint) FROM pg_trigger",
    };
    let version = async |ground: &Ground| -> i64 {
        let row = sqlx::query(version).fetch_one(&mut ground.place.connect().await).await.unwrap();
        row.try_get::<i64, _>(0).unwrap_or_else(|_| i64::from(row.get::<i32, _>(0)))
    };
    let before = version(&ground).await;
    let ground = ground.restarted().await;
    assert_eq!(version(&ground).await, before);
}

fn keeper(ground: &Ground, settings: Settings) -> Keeper {
    Keeper::new(ground.store.clone(), settings, std::sync::Arc::default())
}

async fn p10_what_is_too_old_is_deleted_behind_a_checkpoint_that_verifies(ground: Ground) {
    with_records(&ground, 4).await;
    let heads = [ground.store.chain().await.unwrap().head];
    let settings = Settings { retention: Some(Duration::from_secs(100)), mirror: None };
    let keeper = keeper(&ground, settings);
    assert!(!keeper.step(at(101)).await.unwrap().pruned, "the first is a hundred seconds old, and no older");
    assert!(keeper.step(at(103)).await.unwrap().pruned);
    let whole = verified_with(&ground, &heads).await.found.unwrap();
    assert_eq!((whole.from.seq, whole.rows, whole.head.seq), (2, 3, 5), "two are left, and the one that says so");
    let left: Vec<_> = ground.store.records(at(0), 9).await.unwrap().into_iter().map(|entry| entry.about).collect();
    assert_eq!(left, ["interaction:3", "interaction:4", "pruned:2"]);
    // Once more, past the head that was noted: all that it could be held against is gone.
    assert!(keeper.step(at(200)).await.unwrap().pruned);
    let whole = verified_with(&ground, &heads).await.found.unwrap();
    assert_eq!((whole.from.seq, whole.rows, whole.too_old.len()), (4, 2, 0), "the checkpoint is the noted head");
    assert!(keeper.step(at(400)).await.unwrap().pruned);
    assert_eq!(verified_with(&ground, &heads).await.found.unwrap().too_old, heads);
    let ground = ground.restarted().await;
    assert!(verified(&ground).await.is_ok());
    // A checkpoint that no record speaks of is none.
    unguard(&ground).await;
    ground.store.record(&entry("interaction:9", Verdict::Denied, 401)).await.unwrap();
    seal(&ground.store).await;
    ground.meddle("UPDATE audit_chain SET pruned_seq = pruned_seq + 1, pruned_hash = (SELECT hash FROM audit WHERE seq = audit_chain.pruned_seq + 1)").await;
    ground.meddle("DELETE FROM audit WHERE seq <= (SELECT pruned_seq FROM audit_chain)").await;
    assert!(matches!(verified(&ground).await, Err(Broken::Unpruned { .. })));
}

async fn p10_an_export_says_the_same_and_is_verified_without_the_database(ground: Ground) {
    with_records(&ground, 4).await;
    let settings = Settings { retention: Some(Duration::from_secs(100)), mirror: None };
    keeper(&ground, settings).step(at(102)).await.unwrap();
    let head = ground.store.chain().await.unwrap().head;
    let mut ledger = Ledger::open(&ground.place.url()).await.unwrap();
    let mut out = Vec::new();
    assert_eq!(export(&mut ledger, &mut out).await.unwrap(), 4);
    let text = String::from_utf8(out).unwrap();
    let verified = |text: &str| verify_export(text.as_bytes(), &[head]).unwrap().found;
    assert_eq!(verified(&text).unwrap().rows, 4);
    let lines: Vec<_> = text.lines().collect();
    let without = |place: usize| [&lines[..place], &lines[place + 1..]].concat().join("\n");
    assert_eq!(verified(&without(2)), Err(Broken::Missing { seq: 3, until: 3 }));
    assert_eq!(verified(&without(4)), Err(Broken::Cut { last: 4, head: 5 }));
    assert_eq!(verified(&text.replacen("Olga", "Otto", 1)), Err(Broken::Changed { seq: 2 }));
    assert!(matches!(
        verified(&text.replacen("\"seq\":2", "\"sequence\":2", 1)),
        Err(Broken::Unreadable { seq: 2, .. })
    ));
    assert!(verify_export("{}".as_bytes(), &[]).is_err() && verify_export("".as_bytes(), &[]).is_err());
    // Each record says the same as in the store.
    let records: Vec<Entry> = lines[1..]
        .iter()
        .map(|line| {
            serde_json::from_value(serde_json::from_str::<serde_json::Value>(line).unwrap()["record"].clone()).unwrap()
        })
        .collect();
    assert_eq!(records, ground.store.records(at(0), 9).await.unwrap());
}

async fn a_list_shows_what_was_asked_for_and_what_comes_later_moves_nothing_on_its_pages(ground: Ground) {
    let production = Environment::new("production");
    let bot = |id: &str| Bot { id: BotId::new(id), name: "Billing".to_owned() };
    let of = |n: i64, bot: &Bot, environment: &Environment| Entry {
        touched: vec![Touched::of(Some(bot), Some(environment))],
        ..entry(&format!("interaction:{n}"), Verdict::Done, n)
    };
    let otto = Person { id: UserId(2), name: "Otto".to_owned() };
    let all = [
        of(1, &bot("billing"), &production),
        of(2, &bot("bill%"), &production),
        Entry { verdict: Verdict::Denied, ..of(3, &bot("billing"), &Environment::new("demo")) },
        Entry { verb: Some(Verb::Start), person: otto.clone(), ..of(4, &bot("billing"), &production) },
    ];
    for record in &all {
        assert!(ground.store.record(record).await.unwrap());
    }
    seal(&ground.store).await;
    let everything = View { id: Id::random(), filter: Filter::default(), through: 4 };
    let seen = async |filter: Filter| {
        let view = View { filter, ..everything.clone() };
        let found = ground.store.records_of(&view, 0, 9).await.unwrap();
        found.iter().map(|found| found.seq).collect::<Vec<_>>()
    };
    let any = Filter::default();
    assert_eq!(seen(any.clone()).await, [4, 3, 2, 1]);
    assert_eq!(seen(Filter { environment: Some(production), ..any.clone() }).await, [4, 2, 1]);
    assert_eq!(seen(Filter { bot: Some(bot("billing")), ..any.clone() }).await, [4, 3, 1]);
    assert_eq!(seen(Filter { person: Some(otto.clone()), ..any.clone() }).await, [4]);
    assert_eq!(seen(Filter { verdict: Some(Verdict::Denied), ..any.clone() }).await, [3]);
    assert_eq!(seen(Filter { action: Some("stop".to_owned()), ..any.clone() }).await, [3, 2, 1]);
    assert_eq!(seen(Filter { since: Some(at(3)), ..any.clone() }).await, [4, 3]);
    assert_eq!(seen(Filter { bot: Some(bot("bill%")), since: Some(at(3)), ..any }).await, [0_u64; 0]);
    assert_eq!(ground.store.people_of_records(9).await.unwrap()[0], otto);
    // What comes later is on no page of it, and it is remembered for a day.
    ground.store.keep_view(&everything, at(0)).await.unwrap();
    ground.store.record(&entry("interaction:5", Verdict::Done, 5)).await.unwrap();
    seal(&ground.store).await;
    let kept = ground.store.view(&everything.id).await.unwrap().unwrap();
    let page = ground.store.records_of(&kept, 2, 2).await.unwrap();
    assert_eq!(page.iter().map(|found| found.seq).collect::<Vec<_>>(), [2, 1]);
    keeper(&ground, Settings::default()).step(at(86_401)).await.unwrap();
    assert_eq!(ground.store.view(&everything.id).await.unwrap(), None);
}

async fn a_mirrored_record_is_told_once_and_waits_for_every_alert(ground: Ground) {
    const MIRROR: ChannelId = ChannelId(77);
    for n in 1..=7 {
        ground.store.record(&entry(&format!("interaction:{n}"), Verdict::Denied, n)).await.unwrap();
    }
    let keeper = keeper(&ground, Settings { retention: None, mirror: Some(MIRROR) });
    assert_eq!(keeper.step(at(10)).await.unwrap().sealed, 7);
    assert_eq!(keeper.step(at(11)).await.unwrap().sealed, 0);
    let _opened = ground.store.open_incident(&incident("billing", 1), Call::Card, ALERTS, at(20)).await.unwrap();
    let first = ground.store.claim_message(LEASE, at(30)).await.unwrap().unwrap();
    assert!(matches!(first.notice, Notice::Card { .. }), "the alert goes first: {first:?}");
    let mut told = Vec::new();
    while let Some(row) = ground.store.claim_message(LEASE, at(30)).await.unwrap() {
        let Notice::Records { records } = &row.notice else { panic!("{row:?}") };
        assert_eq!(row.channel, MIRROR);
        told.extend(records.iter().map(|told| told.seq));
        let sent = Sending::Sent { message: botswain::domain::ids::MessageId(told[0]), digest: "x" };
        assert_eq!(ground.store.settle_message(&row, sent, at(30)).await.unwrap(), Held::Yes);
    }
    assert_eq!(told, [1, 2, 3, 4, 5, 6, 7]);
    let rows = sqlx::query("SELECT COUNT(*) FROM outbox").fetch_one(&mut ground.place.connect().await).await.unwrap();
    assert_eq!(rows.get::<i64, _>(0), 3, "five records, two records, and the alert");
}
