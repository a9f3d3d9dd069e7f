//! What stands in the database, read beside the program, with SQL of its own.

use std::collections::BTreeMap;

use botswain::domain::audit::Entry;
use botswain::domain::incident::Incident;
use botswain::domain::operation::Operation;
use botswain::domain::request::Request;
use serde::de::DeserializeOwned;
use sqlx::{AnyPool, Row as _};

/// Everything, as it is committed.
pub struct Ledger {
    pub requests: Vec<Request>,
    pub operations: Vec<Operation>,
    pub audit: Vec<Entry>,
    pub incidents: Vec<Incident>,
    pub outbox: Vec<Row>,
    /// For each line of a timeline, its card, and the message in which it stands.
    pub told: Vec<(String, Option<u64>)>,
    /// For each card, its thread.
    pub threads: Vec<(String, u64)>,
}

/// A message as the outbox has it.
pub struct Row {
    pub slot: String,
    pub reference: String,
    pub message: Option<u64>,
    pub waits: bool,
    pub gave_up: Option<String>,
}

impl Ledger {
    pub async fn read(pool: &AnyPool) -> Result<Self, sqlx::Error> {
        let outbox = sqlx::query("SELECT slot, reference, message, version, sent_version, gave_up FROM outbox");
        let outbox = outbox.fetch_all(pool).await?;
        let row = |row: &sqlx::any::AnyRow| -> Result<Row, sqlx::Error> {
            Ok(Row {
                slot: row.try_get("slot")?,
                reference: row.try_get("reference")?,
                message: row.try_get::<Option<i64>, _>("message")?.map(i64::unsigned_abs),
                waits: row.try_get::<i64, _>("version")? > row.try_get::<i64, _>("sent_version")?,
                gave_up: row.try_get("gave_up")?,
            })
        };
        let told = sqlx::query("SELECT card, message FROM timeline").fetch_all(pool).await?;
        let threads = sqlx::query("SELECT card, thread FROM threads WHERE thread IS NOT NULL").fetch_all(pool).await?;
        let line = |row: &sqlx::any::AnyRow| -> Result<_, sqlx::Error> {
            Ok((row.try_get("card")?, row.try_get::<Option<i64>, _>("message")?.map(i64::unsigned_abs)))
        };
        let thread = |row: &sqlx::any::AnyRow| -> Result<_, sqlx::Error> {
            Ok((row.try_get("card")?, row.try_get::<i64, _>("thread")?.unsigned_abs()))
        };
        Ok(Self {
            told: told.iter().map(line).collect::<Result<_, _>>()?,
            threads: threads.iter().map(thread).collect::<Result<_, _>>()?,
            requests: bodies(pool, "SELECT body FROM requests").await?,
            operations: bodies(pool, "SELECT body FROM operations").await?,
            audit: bodies(pool, "SELECT body FROM audit").await?,
            incidents: bodies(pool, "SELECT body FROM incidents").await?,
            outbox: outbox.iter().map(row).collect::<Result<_, _>>()?,
        })
    }
}

impl Ledger {
    /// What a siege came to, so that somebody sees that something happened in it.
    pub fn tally(&self) -> String {
        let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &self.audit {
            *verdicts.entry(entry.verdict.word()).or_default() += 1;
        }
        let (operations, incidents, messages) = (self.operations.len(), self.incidents.len(), self.outbox.len());
        format!("{operations} operations, {incidents} incidents, {messages} messages; records: {verdicts:?}")
    }
}

/// In the middle of what the program was killed, and how often.
#[derive(Debug, Default)]
pub struct Struck(BTreeMap<String, usize>);

impl Struck {
    pub fn look(&mut self, ledger: &Ledger) {
        let open = ledger.requests.iter().filter(|request| request.state.is_open());
        let asked = open.map(|request| format!("{} {}", request.verb.word(), request.state.word()));
        let open = ledger.operations.iter().filter(|operation| !operation.is_over());
        let begun = open.filter_map(|operation| {
            let (_, step) = operation.current()?;
            let state = serde_json::to_value(&step.state).unwrap();
            let state = state["is"].as_str().unwrap_or_default();
            Some(format!("{}: {} {state}", operation.verb.word(), step.action.verb().word()))
        });
        for what in asked.chain(begun) {
            *self.0.entry(what).or_default() += 1;
        }
    }
}

async fn bodies<T: DeserializeOwned>(pool: &AnyPool, select: &'static str) -> Result<Vec<T>, sqlx::Error> {
    let rows = sqlx::query(select).fetch_all(pool).await?;
    rows.iter().map(|row| Ok(serde_json::from_str(&row.try_get::<String, _>("body")?).unwrap())).collect()
}
