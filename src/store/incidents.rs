//! Incidents, each written together with what is to be said of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::attention::{covers, hold, withdraw};
use super::batch::{Batch, Ran, Statement};
use super::outbox::{self, Mentions};
use super::timeline::lines;
use super::writer::Who;
use super::{Store, StoreError, body, index_key, millis, to_json};
use crate::domain::ids::{ChannelId, Id, MessageId};
use crate::domain::incident::{Incident, Phase, Subject};
use crate::domain::notice::{Call, Notice, Slot};

/// How many subjects are looked up by one statement.
const NAMES_AT_A_TIME: usize = 100;

/// An incident as it is kept, with the version that a change must still find.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The incident.
    pub incident: Incident,
    pub(super) version: i64,
}

/// The incidents that are open or suspected, as far as they are not known already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenNow {
    /// Those that are as they were known.
    pub unchanged: HashSet<Id>,
    /// The others.
    pub changed: Vec<Kept>,
}

/// The last incident on a subject that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// The incident.
    pub kept: Kept,
    /// Where the card stands on which it stood.
    pub card: Option<(ChannelId, MessageId)>,
}

/// A change of one incident, with what is to be said of it.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// As it was; `None` if it is new.
    pub before: Option<&'a Kept>,
    /// As it is to be kept; `None` to forget it, which only what nobody was told of may be.
    pub after: Option<&'a Incident>,
    /// Whom it calls, and by what: nobody, while the mute is on that is said to cover it.
    pub call: Call,
    /// Whether what its card says has changed.
    pub shown: bool,
    /// Where its card is to stand, if it stands nowhere yet.
    pub channel: ChannelId,
}

impl Change<'_> {
    /// The name of what it is about.
    fn subject(&self) -> Option<String> {
        self.after.or(self.before.map(|kept| &kept.incident)).map(|incident| incident.subject.name())
    }
}

impl Kept {
    /// Its version, which goes up with every change.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// An incident as it is kept once it was opened.
    pub(crate) fn opened(incident: Incident) -> Self {
        Self { incident, version: 1 }
    }

    /// The same, once it was changed to this.
    pub(crate) fn changed(&self, incident: Incident) -> Self {
        Self { incident, version: self.version + 1 }
    }
}

/// What became of an attempt to open an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Opened {
    /// It is written, and so is its card.
    Now,
    /// One is open on its subject already.
    AlreadyOpen,
}

/// What became of an attempt to change an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Changed {
    /// It is written, and so is what its card says now.
    Now,
    /// Somebody else changed it since it was read, or opened one on its subject: nothing is written.
    Stale,
}

impl Store {
    /// Every incident that is open or suspected, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_incidents(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = sqlx::query("SELECT body, version FROM incidents WHERE is_open = 1 ORDER BY opened_at, id")
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(read_kept).collect()
    }

    /// The incidents that are open or suspected, given the versions of those that are known: only what is new of them is
    /// read, however much is written of each.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_incidents_since(&self, known: &HashMap<Id, i64>) -> Result<OpenNow, StoreError> {
        let rows = sqlx::query("SELECT id, version FROM incidents WHERE is_open = 1").fetch_all(&self.reads).await?;
        let mut now = OpenNow::default();
        let mut changed = Vec::new();
        for row in &rows {
            let id: String = row.try_get("id")?;
            let id: Id = id.parse().map_err(|_| not_ours())?;
            if known.get(&id) == Some(&row.try_get("version")?) {
                now.unchanged.insert(id);
            } else {
                changed.push(id);
            }
        }
        for some in changed.chunks(NAMES_AT_A_TIME) {
            let ids: Vec<_> = some.iter().map(|id| id.as_str().to_owned()).collect();
            now.changed.extend(self.open_incidents_where("id", &ids).await?);
        }
        Ok(now)
    }

    /// The incidents on these subjects that are open or suspected.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open_incidents_on(&self, subjects: &[Subject]) -> Result<Vec<Kept>, StoreError> {
        let mut found = Vec::new();
        for some in subjects.chunks(NAMES_AT_A_TIME) {
            let names: Vec<_> = some.iter().map(|subject| index_key(&subject.name())).collect();
            found.extend(self.open_incidents_where("subject", &names).await?);
        }
        Ok(found)
    }

    async fn open_incidents_where(&self, column: &str, values: &[String]) -> Result<Vec<Kept>, StoreError> {
        let places: Vec<_> = (1..=values.len()).map(|place| format!("${place}")).collect();
        let places = places.join(", ");
        let sql = format!("SELECT body, version FROM incidents WHERE is_open = 1 AND {column} IN ({places})");
        let query = values.iter().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, value| query.bind(value));
        query.fetch_all(&self.reads).await?.iter().map(read_kept).collect()
    }

    /// The last incident on each of these subjects that is over, by the subject's name.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn last_incidents(&self, subjects: &[&Subject]) -> Result<BTreeMap<String, Last>, StoreError> {
        let mut found = BTreeMap::new();
        for some in subjects.chunks(NAMES_AT_A_TIME) {
            let places: Vec<_> = (1..=some.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT i.body, i.version, o.channel, o.message FROM incidents i \
                 LEFT JOIN outbox o ON o.slot = 'card:' || i.id WHERE i.is_open = 0 AND i.subject IN ({}) \
                 AND i.opened_at = (SELECT MAX(l.opened_at) FROM incidents l WHERE l.subject = i.subject AND l.is_open = 0)",
                places.join(", ")
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for subject in some {
                query = query.bind(index_key(&subject.name()));
            }
            let rows = query.fetch_all(&self.reads).await?;
            for row in &rows {
                let last = Last { kept: read_kept(row)?, card: read_place(row)? };
                found.insert(last.kept.incident.subject.name(), last);
            }
        }
        // What stood on a storm's card stands there still.
        let mut storms = BTreeMap::new();
        for last in found.values_mut() {
            let Some(storm) = &last.kept.incident.storm else { continue };
            if !storms.contains_key(storm) {
                storms.insert(storm.clone(), self.place_of(&Slot::Card(storm.clone())).await?);
            }
            last.card = storms.get(storm).copied().flatten();
        }
        Ok(found)
    }

    /// Opens an incident, with its card if it has one of its own.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn open_incident(
        &self,
        incident: &Incident,
        call: Call,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<Opened, StoreError> {
        let change = Change { before: None, after: Some(incident), call, shown: true, channel };
        Ok(match self.write_incidents(&[change], now).await?.as_slice() {
            [Changed::Now] => Opened::Now,
            _ => Opened::AlreadyOpen,
        })
    }

    /// Changes an incident, or ends it if it is resolved, with what its card says now.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn change_incident(
        &self,
        before: &Kept,
        incident: &Incident,
        call: Call,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let change = Change { before: Some(before), after: Some(incident), call, shown: true, channel };
        Ok(self.write_incidents(&[change], now).await?.first().copied().unwrap_or(Changed::Stale))
    }

    /// Writes changes of incidents, each with what is to be said of it or not at all, and says of each what became of it. Those
    /// that follow each other on one subject are one: in their order, all or none. After an error, some of the others may be
    /// written.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn write_incidents(&self, changes: &[Change<'_>], now: Timestamp) -> Result<Vec<Changed>, StoreError> {
        let together: Vec<_> = changes.chunk_by(|a, b| a.subject() == b.subject()).collect();
        // All are handed in before the first is waited for, so that they share their waits for the disk.
        let batches = together.iter().map(|some| batch(some, now)).collect::<Result<Vec<_>, _>>()?;
        let writing = batches.into_iter().map(|batch| self.write(batch, Who::Other));
        let written = futures_util::future::join_all(writing).await;
        let mut all = Vec::with_capacity(changes.len());
        for (some, ran) in together.iter().zip(written) {
            let changed = if matches!(ran?, Ran::All(_)) { Changed::Now } else { Changed::Stale };
            all.extend(std::iter::repeat_n(changed, some.len()));
        }
        Ok(all)
    }
}

fn not_ours() -> StoreError {
    StoreError::Row { table: "incidents", source: serde::de::Error::custom("an id that is not ours") }
}

pub(super) fn read_kept(row: &AnyRow) -> Result<Kept, StoreError> {
    Ok(Kept { incident: body("incidents", row)?, version: row.try_get("version")? })
}

fn read_place(row: &AnyRow) -> Result<Option<(ChannelId, MessageId)>, StoreError> {
    let id = |column| -> Result<_, StoreError> { Ok(row.try_get::<Option<i64>, _>(column)?.map(i64::unsigned_abs)) };
    Ok(id("channel")?.map(ChannelId).zip(id("message")?.map(MessageId)))
}

fn is_open(incident: &Incident) -> i64 {
    i64::from(!matches!(incident.phase, Phase::Resolved { .. }))
}

/// Changes with what is to be said of them. The first statement of each is the claim: from then on nobody else changes the
/// incident, nor what is said of it, until all is written.
fn batch(changes: &[Change<'_>], now: Timestamp) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    for change in changes {
        let claim = match (change.before, change.after) {
            (None, Some(incident)) => opening(incident)?,
            (Some(before), after) => change_of(before, after)?,
            (None, None) => continue,
        };
        batch = batch.claim(claim);
        if let Some(incident) = change.after.filter(|incident| incident.has_own_card()) {
            batch = say(batch, incident, change, now)?;
        }
    }
    Ok(batch)
}

fn say(mut batch: Batch, incident: &Incident, change: &Change<'_>, now: Timestamp) -> Result<Batch, StoreError> {
    let mute = incident.attention.muted.as_ref().map(|hush| &hush.mute);
    if let Some(mute) = mute {
        batch = batch.then(hold(mute)).then(covers(mute, incident));
    }
    let mentions = match (change.call, mute) {
        (Call::Card, None) => Mentions::Yes,
        (Call::Card, Some(mute)) => Mentions::Unless(mute),
        _ => Mentions::No,
    };
    batch = batch.then(outbox::card(incident, change.channel, mentions, change.shown, now)?);
    let lines = lines(change.before, incident, now)?;
    batch = lines.into_iter().fold(batch, Batch::then);
    if incident.resolved_at().is_some() {
        batch = batch.then(withdraw(&incident.id, ""));
    }
    // While it is muted, what it is now stands on its card.
    let (slot, notice) = match change.call {
        Call::Nobody | Call::Card => return Ok(batch),
        Call::Worse => {
            (Slot::Worse(incident.id.clone(), incident.replies), Notice::Worse { incident: incident.clone() })
        }
        Call::Back => (Slot::Back(incident.id.clone(), incident.replies), Notice::Back { incident: incident.clone() }),
    };
    Ok(batch.then(outbox::reply(&slot, &notice, mute, now)?))
}

fn opening(incident: &Incident) -> Result<Statement, StoreError> {
    Ok(Statement::new(
        "INSERT INTO incidents (id, subject, is_open, opened_at, version, body, storm) VALUES ($1, $2, 1, $3, 1, $4, $5) \
         ON CONFLICT (subject) WHERE is_open = 1 DO NOTHING",
    )
    .bind(incident.id.as_str())
    .bind(index_key(&incident.subject.name()))
    .bind(millis(incident.opened_at))
    .bind(to_json("incidents", incident)?)
    .bind(incident.storm.as_ref().map(|storm| storm.as_str().to_owned())))
}

fn change_of(before: &Kept, after: Option<&Incident>) -> Result<Statement, StoreError> {
    let id = before.incident.id.as_str();
    let Some(incident) = after else {
        let forget = Statement::new("DELETE FROM incidents WHERE id = $1 AND is_open = 1 AND version = $2");
        return Ok(forget.bind(id).bind(before.version));
    };
    // One that is over is opened again only while no other one is open on its subject.
    Ok(Statement::new(
        "UPDATE incidents SET body = $1, is_open = $2, version = version + 1, storm = $6 \
         WHERE id = $3 AND is_open = $4 AND version = $5 AND (is_open = 1 OR NOT EXISTS ( \
         SELECT 1 FROM incidents o WHERE o.subject = incidents.subject AND o.is_open = 1))",
    )
    .bind(to_json("incidents", incident)?)
    .bind(is_open(incident))
    .bind(id)
    .bind(is_open(&before.incident))
    .bind(before.version)
    .bind(incident.storm.as_ref().map(|storm| storm.as_str().to_owned())))
}
