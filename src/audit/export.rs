//! The record as JSON lines: one line that says where the chain begins and ends, then one for each record in its order.
//!
//! ```text
//! {"format":1,"from":"0:000…000","head":"87:8f96…765e"}
//! {"format":1,"seq":1,"previous":"000…000","hash":"1b2c…","record":{"about":"…","at":"…",…}}
//! ```
//!
//! | member | meaning |
//! |---|---|
//! | `format` | 1. It goes up when a member changes its meaning; members may be added at any time |
//! | `from` | the last record that was deleted because of its age, as `SEQ:HASH`; place 0 if none was |
//! | `head` | the last record of the chain |
//! | `seq` | the record's place in the chain |
//! | `previous`, `hash` | the hash before it, and its own: see [`crate::domain::audit::chain`] |
//! | `record` | what was recorded, in its canonical form: [`Entry`](crate::domain::audit::Entry) says what each member means |
//!
//! What has no place in the chain yet is left out.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::audit::chain::{Hash, Link, canonical};
use crate::store::StoreError;
use crate::store::ledger::{Ledger, Row};

/// The format of the lines.
pub const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) format: u32,
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub(super) from: Link,
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub(super) head: Link,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) format: u32,
    pub(super) seq: u64,
    pub(super) previous: Hash,
    pub(super) hash: Hash,
    pub(super) record: Box<RawValue>,
}

fn as_text<S: serde::Serializer>(link: &Link, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(link)
}

fn from_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Link, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// Why the record could not be written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written where it was to go.
    #[error("the record could not be written out: {0}")]
    Out(#[from] io::Error),
    /// A row is not what was ever written there.
    #[error("record {seq} cannot be written out, since it was changed: {why}")]
    Row {
        /// Its place.
        seq: u64,
        /// What is wrong.
        why: String,
    },
}

/// Writes the whole record out. How many records there were.
///
/// # Errors
/// If it cannot be read or written, or a row is none of ours; what was written until then is incomplete.
pub async fn export(ledger: &mut Ledger, out: &mut impl Write) -> Result<u64, ExportError> {
    let chain = ledger.chain().await?;
    write_line(out, &Begin { format: FORMAT, from: chain.pruned, head: chain.head })?;
    let (mut after, mut previous, mut count) = (None, chain.pruned.hash, 0);
    loop {
        let rows = ledger.rows(after).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.seq);
        for row in rows {
            let line = line(&row, previous)?;
            previous = line.hash;
            write_line(out, &line)?;
            count += 1;
        }
    }
    out.flush()?;
    Ok(count)
}

fn line(row: &Row, previous: Hash) -> Result<Line, ExportError> {
    let changed = |why: String| ExportError::Row { seq: row.seq, why };
    let record = canonical(&row.body).and_then(RawValue::from_string).map_err(|error| changed(error.to_string()))?;
    let hash = row.hash.ok_or_else(|| changed("it has no hash".to_owned()))?;
    Ok(Line { format: FORMAT, seq: row.seq, previous, hash, record })
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
