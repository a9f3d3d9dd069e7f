//! Migrations: from empty, and from every version that there was, filled with rows as it wrote them.

use std::path::PathBuf;
use std::time::Duration;

use botswain::domain::audit::Verdict;
use botswain::domain::connector::Environment;
use botswain::domain::history::{Span, State};
use botswain::domain::ids::{BotId, ConnectorId, UserId};
use botswain::domain::notice::Notice;
use botswain::domain::operation::StepState;
use botswain::domain::pace::Limits;
use botswain::domain::request::RequestState;
use botswain::store::Store;
use botswain::store::outbox::{Held, Sending};
use sqlx::Executor as _;
use sqlx::migrate::Migrator;

use crate::facts::{LEASE, at};
use crate::ground::Place;

/// The files themselves, as sqlx reads them, and not what the program made of them.
async fn migrations() -> Migrator {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    Migrator::new(folder).await.unwrap()
}

/// What a version added to what was there, as its program wrote it.
fn rows_of(version: i64) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/store/versions/{version:04}.sql"));
    std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("{} must hold rows as this version writes them", path.display()))
}

/// Goes through every version up to this one, each with its rows, and on to the newest; then reads everything.
async fn from_version(version: i64, place: &Place) {
    let mut connection = place.connect().await;
    let migrations = migrations().await;
    for step in migrations.iter().map(|migration| migration.version).filter(|step| *step <= version) {
        migrations.run_to(step, &mut connection).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(rows_of(step))).await.unwrap();
    }
    drop(connection);
    for _ in 0..2 {
        let store = Store::open(&place.url()).await.unwrap();
        everything_is_there(&store, version).await;
        store.close().await;
    }
}

async fn everything_is_there(store: &Store, version: i64) {
    let overdue = store.overdue_requests(at(1_000_000), 9).await.unwrap();
    assert_eq!(
        overdue.iter().map(|request| request.state).collect::<Vec<_>>(),
        [RequestState::Asked],
        "from {version}"
    );
    let operations = store.open_operations().await.unwrap();
    assert_eq!(operations.iter().map(|o| o.steps[0].state.clone()).collect::<Vec<_>>(), [StepState::Sending]);
    let request = store.request(&operations[0].request).await.unwrap().unwrap();
    assert_eq!(request.state, RequestState::Confirmed);
    for connector in ["billing-1", "orders-1", "orders-2"] {
        let last = store.last_operations(&[ConnectorId::new(connector)], 9).await.unwrap();
        let known = usize::from(version >= 10 || connector == "billing-1");
        assert_eq!(last.len(), known, "{connector}, from {version}");
    }
    assert_eq!(store.open_incidents().await.unwrap().len(), 1);
    let records = store.records(at(0), 9).await.unwrap();
    assert_eq!(records.iter().map(|record| record.verdict).collect::<Vec<_>>(), [Verdict::Denied]);
    let chain = store.chain().await.unwrap();
    assert_eq!((chain.head.seq, chain.unsealed), (1, 0), "what was there before the chain is chained, from {version}");
    let list = store.view(&"v0mjs9dp0dsshk5a".parse().unwrap()).await.unwrap();
    assert_eq!(list.is_some(), version >= 8, "from {version}");
    assert_eq!(store.backlog().await.unwrap().waiting, 2);
    let mut highest: Vec<_> = store.highest_seen().await.unwrap().into_values().collect();
    highest.sort_by_key(|highest| std::cmp::Reverse(highest.healthy));
    let highest: Vec<_> = highest.iter().map(|highest| (highest.bot.id.as_str(), highest.healthy)).collect();
    let by_then = usize::try_from(version).unwrap();
    assert_eq!(highest, [("billing", 2), ("a very long id", 1)][..by_then.min(2)], "from {version}");
    assert_eq!(store.troubles().await.unwrap().len(), usize::from(version >= 6), "from {version}");
    assert_eq!(store.waiting_lines().await.unwrap(), if version >= 7 { 2 } else { 0 }, "from {version}");
    let setup = store.setup().await.unwrap();
    assert_eq!(setup.map_or(0, |setup| setup.lacks.len()), if version >= 15 { 2 } else { 0 }, "from {version}");
    let usual = store.usual_start(&BotId::new("billing"), &Environment::new("production")).await.unwrap();
    assert_eq!(usual.is_some(), version >= 12, "from {version}");
    let one = Limits { per_person: 1, per_environment: 0 }.counted(UserId(1), []);
    assert_eq!(store.too_many(&one, at(1)).await.unwrap().is_some(), version >= 20, "from {version}");
    let doubts: Vec<_> = store.doubts().await.unwrap().into_iter().map(|doubt| doubt.connector).collect();
    assert_eq!(doubts, [ConnectorId::new("orders-2")][..usize::from(version >= 11)], "from {version}");
    store.check_writable().await.unwrap();
    let mutes = store.mutes().await.unwrap();
    assert_eq!(
        mutes.iter().map(|mute| mute.by.name.as_str()).collect::<Vec<_>>(),
        ["Olga"][..usize::from(version >= 4)]
    );
    let span = Span { from: at(90), until: at(200) };
    let patience = Duration::from_secs(15);
    let billing = (BotId::new("billing"), Environment::new("production"));
    let history = store.history(&billing.0, &billing.1, span, patience).await.unwrap();
    let lanes: Vec<_> = history.lanes.iter().map(|lane| (lane.name.as_str(), lane.changes[0].state)).collect();
    assert_eq!(lanes, [("billing-1", State::Stopped)][..usize::from(version >= 13)], "from {version}");
    assert_eq!(history.watched.len(), usize::from(version >= 13), "from {version}");
    let boards = store.boards().await.unwrap();
    assert_eq!(boards.len(), usize::from(version >= 14), "from {version}");
    assert_eq!(store.freezes().await.unwrap().len(), usize::from(version >= 9), "from {version}");
    // And it goes on where it was.
    assert_eq!(store.lease_operation(LEASE, at(2)).await.unwrap().unwrap().operation, operations[0]);
    let first = store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
    let second = store.claim_message(LEASE, at(2)).await.unwrap().unwrap();
    let pings = [&first, &second].map(|claimed| matches!(claimed.notice, Notice::Card { ping: true, .. }));
    assert_eq!(pings.iter().filter(|pings| **pings).count(), 1, "the card mentions the roles, from {version}");
    assert_eq!([first.first_tried_at, second.first_tried_at].iter().flatten().count(), 1);
    for untried in [first, second] {
        let held = Sending::Held { due: at(2) };
        assert_eq!(store.settle_message(&untried, held, at(2)).await.unwrap(), Held::Yes);
    }
}

#[tokio::test]
async fn from_every_earlier_version_nothing_is_lost_on_sqlite() {
    for version in migrations().await.iter().map(|migration| migration.version) {
        from_version(version, &Place::folder()).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn from_every_earlier_version_nothing_is_lost_on_postgresql() {
    for version in migrations().await.iter().map(|migration| migration.version) {
        from_version(version, &Place::server().await).await;
    }
}
