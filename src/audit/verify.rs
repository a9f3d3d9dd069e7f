//! Whether the record is what was written: in the database, or in an export of it.

use std::io::{self, BufRead};

use super::export::{Begin, FORMAT, Line};
use crate::domain::audit::Entry;
use crate::domain::audit::chain::Link;
use crate::domain::audit::walk::{Broken, Found, Walk, Whole};
use crate::store::StoreError;
use crate::store::ledger::{Ledger, Row};

/// What a verification came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The first thing that is not as it was written, if there is any.
    pub found: Result<Whole, Broken>,
    /// When the records ended that have no place in the chain yet, by what they are about: nothing can be said of them. (Of an
    /// export: none.)
    pub unsealed: Vec<String>,
}

impl Verified {
    /// Whether everything is as it was written.
    pub fn is_whole(&self) -> bool {
        self.found.is_ok()
    }

    /// What was found, in sentences for whoever asked.
    pub fn report(&self) -> String {
        let mut lines = match &self.found {
            Ok(whole) => said_of_whole(whole),
            Err(broken) => vec![format!("BROKEN: {broken}.")],
        };
        let count = self.unsealed.len();
        if count > 0 {
            let first: Vec<_> = self.unsealed.iter().take(5).map(String::as_str).collect();
            let more = if count > first.len() { ", …" } else { "" };
            lines.push(format!(
                "Not sealed yet, so that nothing is said of them: {count} ({}{more}).",
                first.join(", ")
            ));
        }
        lines.join("\n")
    }
}

fn said_of_whole(whole: &Whole) -> Vec<String> {
    let Whole { rows, from, head, too_old } = whole;
    let mut lines = vec![if *rows == 0 {
        format!("The record is whole: it holds nothing. Head: {head}")
    } else {
        format!("The record is whole: {rows} records, {} to {}. Head: {head}", from.seq + 1, head.seq)
    }];
    if from.seq > 0 {
        lines.push(format!(
            "Records 1 to {} were deleted because of their age; the record says so. Checkpoint: {from}",
            from.seq
        ));
    }
    lines.extend(
        too_old.iter().map(|noted| format!("The noted head {noted} is older than that: nothing can be said of it.")),
    );
    lines
}

/// Walks the whole chain in the database, and holds it against heads that were `noted` before.
///
/// # Errors
/// If the database cannot be read.
pub async fn verify(ledger: &mut Ledger, noted: &[Link]) -> Result<Verified, StoreError> {
    let chain = ledger.chain().await?;
    let unsealed = ledger.unsealed().await?;
    let mut walk = Walk::new(chain.pruned, noted);
    let mut after = None;
    loop {
        let rows = ledger.rows(after).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.seq);
        if let Some(broken) = rows.iter().find_map(|row| take(&mut walk, row).err()) {
            return Ok(Verified { found: Err(broken), unsealed: subjects(&unsealed) });
        }
    }
    unsealed.iter().for_each(|record| walk.take_unsealed(record));
    Ok(Verified { found: walk.end(Some(chain.head)), unsealed: subjects(&unsealed) })
}

fn subjects(records: &[String]) -> Vec<String> {
    let about = |record: &String| {
        let entry: Option<Entry> = serde_json::from_str(record).ok();
        entry.map_or_else(|| "unreadable".to_owned(), |entry| entry.about)
    };
    records.iter().map(about).collect()
}

fn take(walk: &mut Walk, row: &Row) -> Result<(), Broken> {
    let seq = row.seq;
    let link = Link { seq, hash: row.hash.unwrap_or_default() };
    walk.take(&Found { link, previous: None, record: &row.body })?;
    // What is searched by must say the same as the record, else a record could be hidden without being changed.
    let entry: Entry =
        serde_json::from_str(&row.body).map_err(|error| Broken::Unreadable { seq, why: error.to_string() })?;
    let same = [
        ("about", row.about == entry.about),
        ("at", row.at == entry.at.as_millisecond()),
        ("person", row.person == i64::try_from(entry.person.id.0).unwrap_or(i64::MAX)),
        ("verdict", row.verdict == entry.verdict.word()),
        ("action", row.action.as_deref() == entry.action()),
        ("places", row.places.as_deref() == Some(entry.places().as_str())),
    ];
    match same.into_iter().find(|(_, same)| !same) {
        Some((column, _)) => Err(Broken::Column { seq, column }),
        None => Ok(()),
    }
}

/// Why a file is no export of the record.
#[derive(Debug, thiserror::Error)]
pub enum NotAnExport {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
    /// Its first line is not that of an export.
    #[error("the file is no export of the record: its first line must say format, from and head")]
    Begin,
    /// It was written by a newer version.
    #[error("the file has format {0}, which this version does not know")]
    Format(u32),
}

/// Walks an export, and holds it against heads that were `noted` before.
///
/// # Errors
/// If it cannot be read, or is no export.
pub fn verify_export(file: impl BufRead, noted: &[Link]) -> Result<Verified, NotAnExport> {
    let mut lines = file.lines();
    let first = lines.next().ok_or(NotAnExport::Begin)??;
    let begin: Begin = serde_json::from_str(&first).map_err(|_| NotAnExport::Begin)?;
    if begin.format != FORMAT {
        return Err(NotAnExport::Format(begin.format));
    }
    let mut walk = Walk::new(begin.from, noted);
    let mut due = begin.from.seq;
    for text in lines {
        due += 1;
        if let Err(broken) = take_line(&mut walk, &text?, due) {
            return Ok(Verified { found: Err(broken), unsealed: Vec::new() });
        }
    }
    Ok(Verified { found: walk.end(Some(begin.head)), unsealed: Vec::new() })
}

fn take_line(walk: &mut Walk, text: &str, due: u64) -> Result<(), Broken> {
    let line: Line =
        serde_json::from_str(text).map_err(|error| Broken::Unreadable { seq: due, why: error.to_string() })?;
    let link = Link { seq: line.seq, hash: line.hash };
    walk.take(&Found { link, previous: Some(line.previous), record: line.record.get() })
}
