//! What is written after a commit failed is really written.

use botswain::domain::notice::Call;
use botswain::store::incidents::Opened;
use sqlx::Row as _;

use crate::facts::{ALERTS, at, incident};
use crate::ground::Ground;

/// As on a full disk: SQLite ends one transaction by itself, and the commit of another one fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p1_p10_what_is_written_after_commits_failed_is_really_written() {
    let ground = Ground::sqlite().await;
    for statement in [
        "CREATE TRIGGER ends BEFORE INSERT ON incidents WHEN NEW.subject LIKE '%first%' \
         BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
        "CREATE TABLE orphans (of TEXT REFERENCES requests (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER spoils AFTER INSERT ON incidents WHEN NEW.subject LIKE '%second%' \
         BEGIN INSERT INTO orphans VALUES ('nobody'); END",
    ] {
        ground.meddle(statement).await;
    }
    for _ in 0..2 {
        for bot in ["first", "second"] {
            ground.store.open_incident(&incident(bot, 1), Call::Card, ALERTS, at(0)).await.unwrap_err();
        }
    }
    assert_eq!(
        ground.store.open_incident(&incident("third", 1), Call::Card, ALERTS, at(0)).await.unwrap(),
        Opened::Now
    );
    ground.store.check_writable().await.unwrap();
    let count = "SELECT COUNT(*) AS rows FROM incidents UNION ALL SELECT writes FROM writable";
    let seen = sqlx::query(count).fetch_all(&mut ground.place.connect().await).await.unwrap();
    let seen: Vec<i64> = seen.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, [1, 1], "seen by somebody else");
}
