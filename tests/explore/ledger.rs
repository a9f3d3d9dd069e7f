//! What a schedule left in the database, read beside the program, with SQL of its own.

use botswain::domain::audit::Entry;
use botswain::domain::operation::Operation;
use botswain::domain::operation::doubt::Doubt;
use botswain::domain::request::Request;
use serde::de::DeserializeOwned;
use sqlx::{AnyPool, Row as _};

pub struct Ledger {
    pub requests: Vec<Request>,
    pub operations: Vec<Operation>,
    pub audit: Vec<Entry>,
    /// What may still be carried out of operations that are over.
    pub doubts: Vec<Doubt>,
}

impl Ledger {
    /// Everything since `from`, in milliseconds.
    pub async fn read(pool: &AnyPool, from: i64) -> Self {
        Self {
            requests: bodies(pool, "SELECT body FROM requests WHERE expires_at >= $1", from).await,
            operations: bodies(pool, "SELECT body FROM operations WHERE opened_at >= $1", from).await,
            audit: bodies(pool, "SELECT body FROM audit WHERE at >= $1", from).await,
            doubts: bodies(pool, "SELECT body FROM doubts WHERE due_at >= $1", from).await,
        }
    }
}

async fn bodies<T: DeserializeOwned>(pool: &AnyPool, select: &'static str, from: i64) -> Vec<T> {
    let rows = sqlx::query(select).bind(from).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.get::<String, _>("body")).unwrap()).collect()
}
