//! The composition root: builds the parts from the settings, runs them, names the one that died, and drains.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{Id as TaskId, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::audit::{self, Keeper};
use crate::config::{Config, Mistakes};
use crate::discord::Front;
use crate::discord::boards::Boards;
use crate::discord::delivery::Delivery;
use crate::discord::direct::Direct;
use crate::discord::fallback::Fallback;
use crate::discord::gateway::{self, Gateway, GatewayError};
use crate::discord::overviews::Overviews;
use crate::discord::render::Context;
use crate::discord::setup::Survey;
use crate::discord::timelines::Timelines;
use crate::discord::watchdog::Patience;
use crate::discord_api::DiscordApi;
use crate::domain::setup::Wanted;
use crate::heartbeat::Heartbeat;
use crate::history::Chronicle;
use crate::http;
use crate::incidents::{self, Incidents};
use crate::lifecycle::LifecycleClient;
use crate::metrics::Metrics;
use crate::monitor::{Bells, Monitor, Watch};
use crate::operations::{Operations, Rules, Runner, Wake};
use crate::store::{Store, StoreError};
use crate::tally::Durations;
use crate::vitals::Vitals;

/// How long the parts may take to finish what they have begun.
const DRAIN: Duration = Duration::from_secs(10);

/// The running product.
#[derive(Debug)]
pub struct App {
    parts: JoinSet<Result<(), Ended>>,
    names: HashMap<TaskId, Name>,
    /// Ends every part.
    shutdown: CancellationToken,
    /// Ends the parts that act, or answer people: one process may do that on one database.
    acting: CancellationToken,
    store: Store,
    keeper: Keeper,
}

/// A part's name.
#[derive(Clone, Copy, Debug)]
struct Name {
    name: &'static str,
    /// Whether it ends with the lock on the database.
    acts: bool,
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
        let lifecycle = LifecycleClient::new(lifecycle.into()).map_err(Ended::unexpected)?;
        let api = DiscordApi::new(&discord.token, discord.api_url.as_ref()).map_err(Ended::unexpected)?;
        let events = lifecycle.events();
        let wake = Wake { monitor: events.pushes(), ..Wake::default() };
        let watch = Watch { policy: policy.clone(), poll_interval };
        let bells = Bells { pushes: Arc::clone(&wake.monitor), delivery: Arc::clone(&wake.delivery) };
        let (monitor, picture) = Monitor::new(store.clone(), lifecycle.clone(), watch, bells);
        let rules = incidents::Rules { authority: authority.clone(), policy: policy.clone() };
        let incidents = Incidents::new(store.clone(), picture.clone(), rules, wake.clone());
        let wanted = Wanted::of(&policy, &authority, discord.fallback_channel, config.audit.channel);
        let survey = Survey::new(store.clone(), api.clone(), discord.guild, wanted, Arc::clone(&wake.delivery));
        let rules = Rules { authority, policy: policy.clone(), confirmation_ttl };
        let operations = Operations::new(store.clone(), lifecycle, picture.clone(), rules, wake.clone());
        let runner = Runner::new(&operations, api.clone(), discord.guild);
        let words = Context { policy: Arc::new(policy.clone()), guild: discord.guild, ..Context::default() };
        let kept = audit::Settings { retention: config.audit.retention, mirror: config.audit.channel };
        let keeper = Keeper::new(store.clone(), kept, Arc::clone(&wake.delivery));
        let delivery = Delivery::new(store.clone(), api, words.clone(), Arc::clone(&wake.delivery));
        let timelines = Timelines::new(store.clone(), delivery.outlet(), delivery.delivered());
        let boards =
            Boards::new(store.clone(), picture.clone(), policy.clone(), poll_interval, Arc::clone(&wake.delivery));
        let chronicle = Chronicle::new(store.clone(), picture.clone(), poll_interval, config.history_retention);
        let fallback = discord
            .fallback_channel
            .map(|channel| Fallback::new(store.clone(), delivery.channels(), channel, wake.delivery));
        let direct_alerts = monitor.direct_alerts();
        let direct = Direct::new(
            direct_alerts.clone(),
            store.clone(),
            delivery.outlet(),
            words,
            discord.guild,
            discord.fallback_channel,
        );
        let interactions = Durations::default();
        let front = Front {
            operations: operations.clone(),
            incidents,
            picture: picture.clone(),
            policy,
            guild: discord.guild,
            poll_interval,
            store: store.clone(),
            overviews: Overviews::default(),
            people: keeper.people(),
            interactions: interactions.clone(),
        };
        let overviews = front.clone();
        let gateway = gateway::Settings {
            token: discord.token.clone(),
            api_url: discord.api_url.clone(),
            patience: Patience::default(),
        };
        let gateway = Gateway::new(gateway, front);
        let pulse = gateway.pulse();
        let vitals = Vitals { picture, poll_interval, gateway: gateway.pulse(), store: store.clone(), direct_alerts };
        let heartbeat = config.heartbeat.map(|to| Heartbeat::new(vitals.clone(), to.url, to.interval));
        let heartbeat = heartbeat.transpose().map_err(|error| Ended::unexpected(error.without_url()))?;

        let metrics = Metrics {
            vitals,
            polls: monitor.polls(),
            deliveries: delivery.tally(),
            timelines: timelines.tally(),
            channels: delivery.channels(),
            interactions,
            heartbeats: heartbeat.as_ref().map(Heartbeat::tally),
        };

        let mut app = Self::of(store, keeper.clone());
        if let Some(address) = config.http_listen {
            let listener = tokio::net::TcpListener::bind(address).await.map_err(Ended::unexpected)?;
            app.spawn("health server", |shutdown| http::serve(listener, metrics, shutdown));
        }
        app.spawn("monitor", |shutdown| monitor.run(shutdown));
        app.spawn("event stream", |shutdown| events.run(shutdown));
        app.spawn("direct alerts", |shutdown| direct.run(shutdown));
        if let Some(heartbeat) = heartbeat {
            app.spawn("heartbeat", |shutdown| heartbeat.run(shutdown));
        }
        app.stay_alone();
        app.spawn_acting("overviews", |shutdown| overviews.keep_ready(shutdown));
        app.spawn_acting("boards", |shutdown| boards.run(shutdown));
        app.spawn_acting("keeper of what was", |shutdown| chronicle.run(shutdown));
        app.spawn_acting("runner", |shutdown| runner.run(shutdown));
        app.spawn_acting("keeper of the record", |shutdown| keeper.run(shutdown));
        app.spawn_acting("expiry", |shutdown| operations.expire_until(shutdown));
        app.spawn_acting("delivery", |shutdown| delivery.run(shutdown));
        app.spawn_acting("timelines", |shutdown| timelines.run(shutdown));
        app.spawn_acting("survey of the guild", |shutdown| survey.run(pulse, shutdown));
        if let Some(fallback) = fallback {
            app.spawn_acting("fallback channel", |shutdown| fallback.run(shutdown));
        }
        let acting = app.acting.clone();
        let gateway = async move { Ok(gateway.run(acting).await?) };
        app.spawn_fallible(Name { name: "gateway", acts: true }, gateway);
        tracing::info!(guild = %discord.guild, version = env!("CARGO_PKG_VERSION"), "botswain runs");
        Ok(app)
    }

    fn of(store: Store, keeper: Keeper) -> Self {
        let shutdown = CancellationToken::new();
        let acting = shutdown.child_token();
        Self { parts: JoinSet::new(), names: HashMap::new(), shutdown, acting, store, keeper }
    }

    /// Looks after the lock on the database. Once it is lost, nothing acts any more; but for as long as nobody can reach the
    /// database, somebody must still see what fails, and say it.
    fn stay_alone(&mut self) {
        let (store, shutdown, acting) = (self.store.clone(), self.shutdown.clone(), self.acting.clone());
        let alone = async move {
            let Err(lost) = store.clone().stay_alone(shutdown.clone()).await else { return Ok(()) };
            tracing::error!(error = %lost, "nothing is done any more but to watch and to alert, until the database answers");
            acting.cancel();
            store.until_it_answers(&shutdown).await;
            Err(lost.into())
        };
        self.spawn_fallible(Name { name: "lock on the database", acts: false }, alone);
    }

    fn spawn<F>(&mut self, name: &'static str, part: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_until(self.shutdown.clone(), Name { name, acts: false }, part);
    }

    fn spawn_acting<F>(&mut self, name: &'static str, part: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_until(self.acting.clone(), Name { name, acts: true }, part);
    }

    fn spawn_until<F>(&mut self, shutdown: CancellationToken, name: Name, part: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let running = part(shutdown);
        self.spawn_fallible(name, async move {
            running.await;
            Ok(())
        });
    }

    fn spawn_fallible(&mut self, name: Name, part: impl Future<Output = Result<(), Ended>> + Send + 'static) {
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
            ended = self.first_end() => Err(ended),
        };
        tracing::info!("stopping");
        self.shutdown.cancel();
        let drained = async { while self.parts.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("some parts did not finish in time; what they had begun is taken up at the next start");
        }
        self.parts.shutdown().await;
        // Whoever lost the lock on the database writes nothing more.
        if !matches!(ended, Err(Ended::NotAlone)) {
            self.keeper.finish(Timestamp::now()).await;
        }
        self.store.close().await;
        ended
    }

    /// Why the first part ended that had no reason to.
    async fn first_end(&mut self) -> Ended {
        while let Some(part) = self.parts.join_next_with_id().await {
            let was_told = |id| self.acting.is_cancelled() && self.names.get(id).is_some_and(|name| name.acts);
            if !matches!(&part, Ok((id, Ok(()))) if was_told(id)) {
                return self.judge(part);
            }
        }
        Ended::Died("last part")
    }

    fn judge(&self, part: Result<(TaskId, Result<(), Ended>), tokio::task::JoinError>) -> Ended {
        let (id, why) = match part {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(ended))) => (id, Some(ended)),
            Err(error) => (error.id(), None),
        };
        let name = self.names.get(&id).map_or("unknown part", |name| name.name);
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
