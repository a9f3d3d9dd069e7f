//! What is missing in the guild, as long as something is, written together with what people are told of it; and test alerts.

use jiff::Timestamp;

use super::batch::{Batch, Ran, Statement};
use super::outbox::message;
use super::writer::Who;
use super::{Store, StoreError, body, to_json};
use crate::domain::ids::{ChannelId, Id};
use crate::domain::notice::{Notice, Slot};
use crate::domain::setup::Setup;

impl Store {
    /// What is missing in the guild, as people were told last; `None` if nothing is.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn setup(&self) -> Result<Option<Setup>, StoreError> {
        let row = sqlx::query("SELECT body FROM setup WHERE id = 1").fetch_optional(&self.reads).await?;
        row.as_ref().map(|row| body("setup", row)).transpose()
    }

    /// Keeps what is missing, or forgets it once nothing is, with what is said of it: where that stands, or else in `channel`.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn keep_setup(&self, setup: &Setup, channel: ChannelId, now: Timestamp) -> Result<(), StoreError> {
        let kept = if setup.whole_at.is_some() {
            Statement::new("DELETE FROM setup WHERE id = 1")
        } else {
            let kept =
                "INSERT INTO setup (id, body) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
            Statement::new(kept).bind(to_json("setup", setup)?)
        };
        let said = message(&Slot::Setup(setup.id.clone()), channel, &Notice::Setup { setup: setup.clone() }, now)?;
        // Nothing in it can stop.
        let (Ran::All(_) | Ran::Stopped(_)) = self.write(Batch::default().then(kept).then(said), Who::Other).await?;
        Ok(())
    }

    /// Writes a test alert.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn say_drill(&self, drill: &Id, channel: ChannelId, now: Timestamp) -> Result<(), StoreError> {
        let said = message(&Slot::Drill(drill.clone()), channel, &Notice::Drill { at: now }, now)?;
        // Nothing in it can stop.
        let (Ran::All(_) | Ran::Stopped(_)) = self.write(Batch::default().then(said), Who::Other).await?;
        Ok(())
    }
}
