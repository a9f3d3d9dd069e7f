//! Alerts that wait to be said, and the channels into which they do not come, each written together with what is said of it
//! elsewhere.

use jiff::Timestamp;
use sqlx::Row as _;

use super::batch::{Batch, Ran, Statement};
use super::outbox::{message, read_message, read_notice, read_time};
use super::writer::Who;
use super::{Store, StoreError, body, signed, to_json};
use crate::domain::ids::ChannelId;
use crate::domain::notice::{Notice, Slot};
use crate::domain::trouble::{Said, Trouble, Unseen};

/// An alert that has something to say that is not said yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// What it is to say.
    pub notice: Notice,
    /// Where.
    pub channel: ChannelId,
    /// Since when.
    pub since: Timestamp,
    /// Whether it stands, and says something older.
    pub stands: bool,
    /// Why Discord would not take it, whatever it was tried with.
    pub gave_up: Option<String>,
}

impl Store {
    /// The alerts that wait to be said, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn waiting_alerts(&self) -> Result<Vec<Waiting>, StoreError> {
        let rows = sqlx::query(
            "SELECT channel, notice, mentions, waiting_since, message, gave_up FROM outbox WHERE version > sent_version \
             ORDER BY waiting_since, slot",
        );
        let mut waiting = Vec::new();
        for row in rows.fetch_all(&self.reads).await? {
            let notice = read_notice(&row)?;
            if notice.alert().is_some() {
                waiting.push(Waiting {
                    notice,
                    channel: ChannelId(row.try_get::<i64, _>("channel")?.unsigned_abs()),
                    since: read_time(&row, "waiting_since")?.unwrap_or(Timestamp::UNIX_EPOCH),
                    stands: read_message(&row)?.is_some(),
                    gave_up: row.try_get("gave_up")?,
                });
            }
        }
        Ok(waiting)
    }

    /// The channels into which alerts do not come.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        let rows = sqlx::query("SELECT body FROM troubles ORDER BY channel").fetch_all(&self.reads);
        rows.await?.iter().map(|row| body("troubles", row)).collect()
    }

    /// Takes in that the roles were called elsewhere for incidents whose cards could not be posted, as far as what calls them
    /// there stands: those cards mention nobody when they come into their channel at last.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn were_called_elsewhere(&self, trouble: &Trouble, incidents: &[&Unseen]) -> Result<(), StoreError> {
        let notice = Slot::Trouble(trouble.id.clone()).name();
        let called = |unseen: &&Unseen| {
            let incident = unseen.incident.id.clone();
            let reply = Slot::Unseen {
                trouble: trouble.id.clone(),
                severity: unseen.incident.announced.word(),
                incident: incident.clone(),
            };
            Statement::new(
                "UPDATE outbox SET mentions = 0 WHERE slot = $1 AND message IS NULL AND leased_until = 0 \
                 AND EXISTS (SELECT 1 FROM outbox e WHERE e.slot = $2 AND e.message IS NOT NULL)",
            )
            .bind(Slot::Card(incident).name())
            .bind(if unseen.mention { notice.clone() } else { reply.name() })
        };
        let batch = incidents.iter().map(called).fold(Batch::default(), Batch::then);
        // Nothing in it can stop.
        let (Ran::All(_) | Ran::Stopped(_)) = self.write(batch, Who::Other).await?;
        Ok(())
    }

    /// Keeps a trouble, or forgets it once it is mended, with what its notice and the replies to that say in `elsewhere`.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn keep_trouble(&self, said: &Said, elsewhere: ChannelId, now: Timestamp) -> Result<(), StoreError> {
        let Said { trouble, replies } = said;
        let channel = signed(trouble.channel.0);
        let kept = if trouble.mended_at.is_some() {
            Statement::new("DELETE FROM troubles WHERE channel = $1").bind(channel)
        } else {
            Statement::new(
                "INSERT INTO troubles (channel, body) VALUES ($1, $2) \
                 ON CONFLICT (channel) DO UPDATE SET body = excluded.body",
            )
            .bind(channel)
            .bind(to_json("troubles", trouble)?)
        };
        let notice = Notice::Trouble { trouble: trouble.clone() };
        let told = message(&Slot::Trouble(trouble.id.clone()), elsewhere, &notice, now)?;
        let mut batch = Batch::default().then(kept).then(told);
        for incident in replies {
            let slot = Slot::Unseen {
                trouble: trouble.id.clone(),
                incident: incident.id.clone(),
                severity: incident.announced.word(),
            };
            batch = batch.then(message(&slot, elsewhere, &Notice::Unseen { incident: incident.clone() }, now)?);
        }
        // Nothing in it can stop.
        let (Ran::All(_) | Ran::Stopped(_)) = self.write(batch, Who::Other).await?;
        Ok(())
    }
}
