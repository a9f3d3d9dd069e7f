//! What is missing in the guild: looked at when the bot starts, and now and then, and told in one message until nothing is.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::commands;
use super::pulse::Pulse;
use super::render::setup::{Medium, lack};
use crate::discord_api::{ApiError, DiscordApi};
use crate::domain::ids::{ChannelId, GuildId};
use crate::domain::setup::{self, Purpose, Setup, Wanted};
use crate::store::{Store, StoreError};

/// How often it looks while something is missing: whoever mends it watches the message.
const WHILE_MISSING: Duration = Duration::from_secs(20);
/// How often otherwise.
const NOW_AND_THEN: Duration = Duration::from_secs(600);
/// How long the commands may take to be registered at the start until that is something missing.
const REGISTERING: Duration = Duration::from_secs(60);
/// How often it is looked whether they are.
const LOOK: Duration = Duration::from_millis(500);

/// Watches over what is missing.
#[derive(Debug)]
pub struct Survey {
    store: Store,
    api: DiscordApi,
    guild: GuildId,
    wanted: Wanted,
    /// Rung when there is something to deliver.
    delivery: Arc<Notify>,
}

/// Why it could not be looked at, or not be told.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    /// Discord could not be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Survey {
    /// Watches over what the settings want of this guild.
    pub fn new(store: Store, api: DiscordApi, guild: GuildId, wanted: Wanted, delivery: Arc<Notify>) -> Self {
        Self { store, api, guild, wanted, delivery }
    }

    /// Watches until `shutdown`, from when the gateway's pulse says that the commands are registered, or soon after the start.
    pub async fn run(self, pulse: Arc<Pulse>, shutdown: CancellationToken) {
        let registered = async {
            while !pulse.is_registered() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = tokio::time::timeout(REGISTERING, registered) => {}
        }
        while !shutdown.is_cancelled() {
            let wait = match self.step(Timestamp::now()).await {
                Ok(0) => NOW_AND_THEN,
                Ok(_) => WHILE_MISSING,
                Err(error) => {
                    tracing::warn!(%error, "whether anything is missing in the guild cannot be told");
                    WHILE_MISSING
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Looks once, and writes what is to be said; how many things are missing.
    ///
    /// # Errors
    /// If Discord cannot be asked, or the store not be read or written.
    pub async fn step(&self, now: Timestamp) -> Result<usize, Unseen> {
        let boards: Vec<_> = self.store.boards().await?.iter().map(|board| board.channel).collect();
        let wanted = self.wanted.with_boards(&boards);
        let channels: Vec<_> = wanted.channels.iter().map(|(channel, _)| *channel).collect();
        let Some(survey) = self.api.survey(self.guild, &channels, commands::NAME).await? else {
            // Nothing can be said there, and the gateway has logged it.
            return Ok(1);
        };
        let lacks = setup::judge(&survey, &wanted);
        let missing = lacks.len();
        let known = self.store.setup().await?;
        if let Some(said) = setup::follow(known.as_ref(), lacks, now) {
            log(&said);
            self.store.keep_setup(&said, self.place(&said), now).await?;
            self.delivery.notify_one();
        }
        Ok(missing)
    }

    fn place(&self, said: &Setup) -> ChannelId {
        let first = |wanted| self.wanted.channels.iter().find(|(_, purpose)| *purpose == wanted).map(|(id, _)| *id);
        setup::place(&said.lacks, first(Purpose::Alerts).unwrap_or_default(), first(Purpose::Fallback))
    }
}

fn log(said: &Setup) {
    if said.whole_at.is_some() {
        tracing::info!(setup = said.id.reference(), "nothing is missing in the guild any more");
    }
    for of in &said.lacks {
        let [what, remedy] = lack(of, Medium::Terminal);
        tracing::error!(setup = said.id.reference(), minor = of.is_minor(), remedy, "{what}");
    }
}
