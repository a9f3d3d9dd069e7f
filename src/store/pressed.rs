//! What a press is held against, in one look: its request, and all that may stand in its way.
//!
//! A person waits for it, so it is one statement: one wait, and all of it as it was at one moment.

use std::collections::BTreeSet;

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Store, StoreError, body, index_key};
use crate::domain::freeze::Freeze;
use crate::domain::ids::Id;
use crate::domain::operation::doubt::Doubt;
use crate::domain::request::Request;

/// Each row with what it is. None of these tables holds more than what is under way.
const IN_THE_WAY: &str = "SELECT 'freeze' AS kind, body FROM freezes WHERE is_on = 1 \
     UNION ALL SELECT 'doubt' AS kind, body FROM doubts \
     UNION ALL SELECT 'scope' AS kind, scope AS body FROM operation_scopes";

/// What may keep something from being carried out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InTheWay {
    /// The freezes that are on.
    pub freezes: Vec<Freeze>,
    /// All that is in doubt.
    pub doubts: Vec<Doubt>,
    held: BTreeSet<String>,
}

impl InTheWay {
    /// Whether an operation holds any of these scopes.
    pub fn holds_any(&self, scopes: &[String]) -> bool {
        scopes.iter().any(|scope| self.held.contains(&index_key(scope)))
    }

    fn take(&mut self, kind: &str, row: &AnyRow) -> Result<(), StoreError> {
        match kind {
            "freeze" => self.freezes.push(body("freezes", row)?),
            "doubt" => self.doubts.push(body("doubts", row)?),
            _ => {
                self.held.insert(row.try_get("body")?);
            }
        }
        Ok(())
    }
}

impl Store {
    /// What may stand in the way now of whatever is asked for.
    ///
    /// # Errors
    /// If the store cannot be read: then nobody can say that nothing does.
    pub async fn in_the_way(&self) -> Result<InTheWay, StoreError> {
        let mut found = InTheWay::default();
        for row in &sqlx::query(IN_THE_WAY).fetch_all(&self.reads).await? {
            found.take(row.try_get("kind")?, row)?;
        }
        Ok(found)
    }

    /// A request as [`Store::request`] reads it, and [`Store::in_the_way`] of the same moment.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn pressed(&self, request: &Id) -> Result<(Option<Request>, InTheWay), StoreError> {
        let sql = format!("SELECT 'request' AS kind, body FROM requests WHERE id = $1 UNION ALL {IN_THE_WAY}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(request.as_str()).fetch_all(&self.reads).await?;
        let (mut request, mut found) = (None, InTheWay::default());
        for row in &rows {
            match row.try_get("kind")? {
                "request" => request = Some(body("requests", row)?),
                kind => found.take(kind, row)?,
            }
        }
        Ok((request, found))
    }
}
