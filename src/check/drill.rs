//! The test alert: through an outbox and its delivery, as every alert goes, and away again. The outbox is a temporary one,
//! since the bot's own may be in use by the bot.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Finding;
use crate::config::Config;
use crate::discord::delivery::{Delivery, Stepped};
use crate::discord::render::Context;
use crate::discord_api::DiscordApi;
use crate::domain::ids::{ChannelId, Id};
use crate::domain::notice::Slot;
use crate::domain::setup::{Purpose, Wanted};
use crate::store::{Store, StoreError};

/// How long a test alert may take until it stands.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether it does.
const LOOK: Duration = Duration::from_millis(200);

/// Posts a test alert in each channel in which alerts may come, and removes it.
pub(super) async fn alert(api: &DiscordApi, config: &Config, wanted: &Wanted) -> Vec<Finding> {
    let is_for_alerts = |purpose| matches!(purpose, Purpose::Alerts | Purpose::Fallback);
    let channels = wanted.channels.iter().filter(|(_, purpose)| is_for_alerts(*purpose));
    let mut findings = Vec::new();
    for (channel, _) in channels {
        findings.push(match drill(api, config, *channel).await {
            Ok(Drill::Stood { took, removed: Ok(()) }) => Finding::fine(format!(
                "Discord: a test alert stood in the channel {channel} after {:.1} s, and was removed.",
                took.as_secs_f64()
            )),
            Ok(Drill::Stood { removed: Err(why), .. }) => Finding::note(
                format!("Discord: a test alert stands in the channel {channel}, and could not be removed: {why}."),
                "Delete it by hand.",
            ),
            Ok(Drill::Unsaid) => Finding::wrong(
                format!("Discord: a test alert did not come into the channel {channel}."),
                "The lines above say why; put that right, and try again.",
            ),
            Err(error) => Finding::wrong(
                format!("Discord: no test alert could be written down: {error}."),
                "See that /tmp has room.",
            ),
        });
    }
    findings
}

enum Drill {
    Stood { took: Duration, removed: Result<(), String> },
    Unsaid,
}

async fn drill(api: &DiscordApi, config: &Config, channel: ChannelId) -> Result<Drill, StoreError> {
    let folder = tempfile::Builder::new().prefix("botswain-check-").tempdir().map_err(StoreError::File)?;
    let store = Store::open(&format!("sqlite:{}", folder.path().join("drill.sqlite3").display()).into()).await?;
    let words = Context { policy: Arc::new(config.policy.clone()), guild: config.discord.guild, ..Context::default() };
    let delivery = Delivery::new(store.clone(), api.clone(), words, Arc::default());
    let (began, drill) = (Instant::now(), Id::random());
    store.say_drill(&drill, channel, Timestamp::now()).await?;
    let mut stands = None;
    while stands.is_none() && began.elapsed() < PATIENCE {
        match delivery.step(Timestamp::now()).await? {
            Stepped::Posted | Stepped::Found | Stepped::Edited => {
                stands = store.place_of(&Slot::Drill(drill.clone())).await?;
            }
            Stepped::GaveUp => break,
            // Refused until somebody mends it.
            Stepped::Later { due }
                if due.duration_since(Timestamp::now()) > PATIENCE.try_into().unwrap_or_default() =>
            {
                break;
            }
            _ => tokio::time::sleep(LOOK).await,
        }
    }
    store.close().await;
    let Some((channel, message)) = stands else { return Ok(Drill::Unsaid) };
    let took = began.elapsed();
    let removed = api.delete_message(channel, message).await.map_err(|error| error.to_string());
    Ok(Drill::Stood { took, removed })
}
