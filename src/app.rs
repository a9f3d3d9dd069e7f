//! The composition root: builds the parts from the settings, runs them, names the one that died, and drains.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{Id as TaskId, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Mistakes};
use crate::discord::Front;
use crate::discord::delivery::Delivery;
use crate::discord::gateway::{self, Gateway, GatewayError};
use crate::discord::overviews::Overviews;
use crate::discord::render::Context;
use crate::discord::watchdog::Patience;
use crate::discord_api::DiscordApi;
use crate::http;
use crate::incidents::{self, Incidents};
use crate::lifecycle::{self, LifecycleClient};
use crate::monitor::{Bells, Monitor, Watch};
use crate::operations::{Operations, Rules, Runner, Wake};
use crate::store::{Store, StoreError};

/// How long the parts may take to finish what they have begun.
const DRAIN: Duration = Duration::from_secs(10);

/// The running product.
#[derive(Debug)]
pub struct App {
    parts: JoinSet<Result<(), Ended>>,
    names: HashMap<TaskId, &'static str>,
    shutdown: CancellationToken,
    store: Store,
}

/// Why the program ended, or did not start. Each has its exit code.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// Something that nobody foresaw.
    #[error("{0}")]
    Unexpected(Box<dyn Error + Send + Sync>),
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] Mistakes),
    /// Discord does not take the token, or not what the bot is configured for.
    #[error("{0}")]
    Refused(String),
    /// Another process has the database.
    #[error("another process is using this database: only one botswain runs on one database")]
    InUse,
    /// The database cannot be used.
    #[error(transparent)]
    Database(StoreError),
    /// A part ended by itself.
    #[error("the {0} died; see the log")]
    Died(&'static str),
    /// This process may no longer be the only one on its database.
    #[error("the lock on the database was lost, so that another process may use it by now; see the log")]
    NotAlone,
    /// What is set as a stand-in's address does not answer as one.
    #[error("{0}")]
    StandIn(String),
}

impl Ended {
    /// Something unexpected.
    pub fn unexpected(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unexpected(error.into())
    }

    /// The process's exit code; they are listed in the README.
    pub fn code(&self) -> u8 {
        match self {
            Self::Unexpected(_) => 1,
            Self::Settings(_) => 2,
            Self::Refused(_) => 3,
            Self::InUse => 4,
            Self::Database(_) => 5,
            Self::Died(_) | Self::NotAlone => 6,
            Self::StandIn(_) => 7,
        }
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse => Self::InUse,
            StoreError::NotAlone(_) => Self::NotAlone,
            other => Self::Database(other),
        }
    }
}

impl App {
    /// Builds and starts every part.
    ///
    /// # Errors
    /// If the database cannot be used, or an address cannot be listened on.
    pub async fn start(config: Config) -> Result<Self, Ended> {
        let Config { discord, lifecycle, policy, authority, poll_interval, confirmation_ttl, database_url, .. } =
            config;
        let store = Store::open(&database_url).await?;
        let lifecycle = LifecycleClient::new(lifecycle::Settings {
            plain_http_allowed: lifecycle.allow_plain_http,
            ..lifecycle::Settings::new(lifecycle.url, lifecycle.token)
        })
        .map_err(Ended::unexpected)?;
        let api = DiscordApi::new(&discord.token, discord.api_url.as_ref()).map_err(Ended::unexpected)?;
        let wake = Wake::default();
        let watch = Watch { policy: policy.clone(), poll_interval };
        let bells = Bells { nudge: Arc::clone(&wake.monitor), delivery: Arc::clone(&wake.delivery) };
        let (monitor, picture) = Monitor::new(store.clone(), lifecycle.clone(), watch, bells);
        let rules = incidents::Rules { authority: authority.clone(), policy: policy.clone() };
        let incidents = Incidents::new(store.clone(), picture.clone(), rules, wake.clone());
        let rules = Rules { authority, policy: policy.clone(), confirmation_ttl };
        let operations = Operations::new(store.clone(), lifecycle, picture.clone(), rules, wake.clone());
        let runner = Runner::new(&operations, api.clone(), discord.guild);
        let words = Context { policy: Arc::new(policy.clone()), guild: discord.guild, ..Context::default() };
        let delivery = Delivery::new(store.clone(), api, words, wake.delivery);
        let front = Front {
            operations: operations.clone(),
            incidents,
            picture: picture.clone(),
            policy,
            guild: discord.guild,
            poll_interval,
            store: store.clone(),
            overviews: Overviews::default(),
        };
        let overviews = front.clone();
        let gateway = gateway::Settings {
            token: discord.token.clone(),
            api_url: discord.api_url.clone(),
            patience: Patience::default(),
        };
        let gateway = Gateway::new(gateway, front);
        let health = http::Health::new(picture, gateway.pulse(), store.clone(), poll_interval);

        let mut app = Self { parts: JoinSet::new(), names: HashMap::new(), shutdown: CancellationToken::new(), store };
        if let Some(address) = config.http_listen {
            let listener = tokio::net::TcpListener::bind(address).await.map_err(Ended::unexpected)?;
            app.spawn("health server", |shutdown| http::serve(listener, health, shutdown));
        }
        app.spawn("overviews", |shutdown| overviews.keep_ready(shutdown));
        let (store, shutdown) = (app.store.clone(), app.shutdown.clone());
        app.spawn_fallible("lock on the database", async move { Ok(store.stay_alone(shutdown).await?) });
        app.spawn("monitor", |shutdown| monitor.run(shutdown));
        app.spawn("runner", |shutdown| runner.run(shutdown));
        app.spawn("expiry", |shutdown| operations.expire_until(shutdown));
        app.spawn("delivery", |shutdown| delivery.run(shutdown));
        let shutdown = app.shutdown.clone();
        app.spawn_fallible("gateway", async move { Ok(gateway.run(shutdown).await?) });
        tracing::info!(guild = %discord.guild, version = env!("CARGO_PKG_VERSION"), "botswain runs");
        Ok(app)
    }

    fn spawn<F>(&mut self, name: &'static str, part: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let running = part(self.shutdown.clone());
        self.spawn_fallible(name, async move {
            running.await;
            Ok(())
        });
    }

    fn spawn_fallible(&mut self, name: &'static str, part: impl Future<Output = Result<(), Ended>> + Send + 'static) {
        let id = self.parts.spawn(part).id();
        self.names.insert(id, name);
    }

    /// Runs until `stopped`, or until a part ends by itself; then drains.
    ///
    /// # Errors
    /// Why it ended, if not because of `stopped`.
    pub async fn run_until(mut self, stopped: impl Future<Output = ()>) -> Result<(), Ended> {
        let ended = tokio::select! {
            () = stopped => Ok(()),
            Some(part) = self.parts.join_next_with_id() => Err(self.judge(part)),
        };
        tracing::info!("stopping");
        self.shutdown.cancel();
        let drained = async { while self.parts.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("some parts did not finish in time; what they had begun is taken up at the next start");
        }
        self.parts.shutdown().await;
        self.store.close().await;
        ended
    }

    fn judge(&self, part: Result<(TaskId, Result<(), Ended>), tokio::task::JoinError>) -> Ended {
        let (id, why) = match part {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(ended))) => (id, Some(ended)),
            Err(error) => (error.id(), None),
        };
        let name = self.names.get(&id).copied().unwrap_or("unknown part");
        let because = why.as_ref().map(ToString::to_string);
        tracing::error!(part = name, at = %Timestamp::now(), because, "a part ended by itself");
        why.unwrap_or(Ended::Died(name))
    }
}

impl From<GatewayError> for Ended {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::TokenRejected | GatewayError::Fatal(_) => Self::Refused(error.to_string()),
            GatewayError::NotAStandIn(_) => Self::StandIn(error.to_string()),
        }
    }
}
