//! The store on a real SQLite file: claims are won once, leases fence, and what happens together is written together.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod incidents;
mod outbox;

use std::path::Path;

use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, ChannelId, Id};
use botswain::domain::incident::{Facts, Failover, Incident, Severity, Subject};
use botswain::domain::redundancy::Level;
use botswain::store::Store;
use jiff::Timestamp;
use tempfile::TempDir;

const ALERTS: ChannelId = ChannelId(900);

struct Ground {
    folder: TempDir,
    store: Store,
}

async fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    Ground { folder, store }
}

impl Ground {
    /// The process is gone, and another one opens what it left.
    async fn restarted(self) -> Self {
        self.store.close().await;
        drop(self.store);
        let store = open(self.folder.path()).await;
        Self { folder: self.folder, store }
    }
}

async fn open(folder: &Path) -> Store {
    let url = format!("sqlite:{}", folder.join("botswain.db").display());
    Store::open(&url.into()).await.unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// An incident on a bot of this name that has `healthy` connectors left.
fn incident(bot: &str, healthy: u32) -> Incident {
    let bot = Bot { id: BotId::new(bot), name: bot.to_owned() };
    let environment = Environment::new("production");
    Incident {
        id: Id::random(),
        subject: Subject::Failover { bot, environment },
        facts: Facts::Failover(facts(healthy)),
        announced: Severity::AtRisk,
        opened_at: at(0),
        resolved_at: None,
    }
}

fn facts(healthy: u32) -> Failover {
    Failover { level: Level::AtRisk, healthy, total: 2, minimum: 2, lines: Vec::new() }
}
