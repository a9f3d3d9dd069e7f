//! The one connection to Discord's gateway: built, checked, watched over, and replaced when it no longer hears.
//!
//! serenity 0.12.5 has ways to fail that it does not mend itself; each is met here and tried against the stand-in:
//! * its `proxy` is ignored while its rate limiter is on, and would send the token to Discord: both are set together;
//! * if it cannot fetch the gateway's address it dials Discord's: the address is checked before anything is dialled;
//! * a close frame without a code, or with 4003, 4010 or 4011, leaves it spinning and deaf: the watchdog asks and replaces.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serenity::Client;
use serenity::all::{
    ChunkGuildFilter, GatewayIntents, GuildId as SerenityGuild, ShardId, ShardManager, ShardMessenger,
    ShardRunnerMessage, UserId,
};
use serenity::gateway::GatewayError as SerenityGatewayError;
use serenity::http::{Http, HttpBuilder};
use tokio::runtime::{self, Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Front;
use super::interactions::answer::{describe, is_unauthorized};
use super::listener::Listener;
use super::pulse::Pulse;
use super::watchdog::{Patience, SharedWatchdog, Verdict, Watchdog, lock};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a request may take in all: nothing hangs for ever.
const TIMEOUT: Duration = Duration::from_secs(8);
/// How often the watchdog looks.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait before Discord is tried again when it cannot be reached.
const RETRY: Duration = Duration::from_secs(2);
/// serenity looks at its messages every half second; a leave-taking needs one look.
const LEAVE: Duration = Duration::from_millis(600);
/// How long interactions that are being answered may go on when we are told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Where the gateway is, and with which token.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bot's token.
    pub token: SecretString,
    /// The address of a stand-in; `None` for Discord's own.
    pub api_url: Option<Url>,
    /// The times of the watchdog.
    pub patience: Patience,
}

/// Why the gateway ended for good. Everything else is tried again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// Discord does not know the token.
    #[error("Discord rejects the token: set DISCORD_TOKEN to the bot's current token")]
    TokenRejected,
    /// It can never work like this: the sentence says why.
    #[error("{0}")]
    Fatal(String),
    /// What DISCORD_API_URL names would lead elsewhere, so nothing was dialled.
    #[error("the stand-in at DISCORD_API_URL leads elsewhere, so nothing was dialled: {0}")]
    NotAStandIn(String),
}

/// The gateway.
#[derive(Debug)]
pub struct Gateway {
    settings: Settings,
    front: Front,
    pulse: Arc<Pulse>,
    answering: TaskTracker,
}

enum Left {
    Shutdown,
    Replace,
}

impl Gateway {
    /// A gateway that hands what it hears to `front`.
    pub fn new(settings: Settings, front: Front) -> Self {
        Self { settings, front, pulse: Arc::default(), answering: TaskTracker::new() }
    }

    /// What can be read of it while it runs.
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Stays connected until `shutdown`.
    ///
    /// # Errors
    /// If Discord refuses us for good, or the client cannot be built.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), GatewayError> {
        let Some(me) = self.introduce(&shutdown).await? else { return Ok(()) };
        let watchdog = Arc::new(Mutex::new(Watchdog::new(self.settings.patience, Instant::now())));
        loop {
            let retired = CancellationToken::new();
            let _when_left = retired.clone().drop_guard();
            let left = tokio::select! {
                () = shutdown.cancelled() => Left::Shutdown,
                client = self.client(&watchdog, retired) => match client? {
                    Some(client) => self.stay(client, me, &watchdog, &shutdown).await?,
                    None => wait(RETRY, &shutdown).await,
                },
            };
            self.pulse.set_connected(false);
            match left {
                Left::Shutdown => {
                    self.drain().await;
                    return Ok(());
                }
                Left::Replace => lock(&watchdog).replaced(Instant::now()),
            }
        }
    }

    /// Lets the interactions that are being answered end.
    async fn drain(&self) {
        self.answering.close();
        if tokio::time::timeout(DRAIN, self.answering.wait()).await.is_err() {
            tracing::warn!(count = self.answering.len(), "interactions were left half answered; what they did is kept");
        }
    }

    /// Who we are, asked until Discord answers; `None` if `shutdown` came first.
    async fn introduce(&self, shutdown: &CancellationToken) -> Result<Option<UserId>, GatewayError> {
        let http = self.http()?;
        loop {
            match http.get_current_user().await {
                Ok(user) => return Ok(Some(user.id)),
                Err(error) if is_unauthorized(&error) => return Err(GatewayError::TokenRejected),
                Err(error) => tracing::warn!("Discord cannot be reached yet: {}", describe(&error)),
            }
            if matches!(wait(RETRY, shutdown).await, Left::Shutdown) {
                return Ok(None);
            }
        }
    }

    /// The HTTP client: with timeouts, following no redirect, and at the stand-in's address if one is meant.
    ///
    /// serenity's rate limiter is always off. It would ignore the stand-in's address, keep an entry for each interaction
    /// for ever, and sleep through a 429 for longer than an interaction lives; what is sent here is a few requests for each
    /// press, and the outbox obeys each 429 by itself.
    fn http(&self) -> Result<Http, GatewayError> {
        let mut client = crate::outgoing::client().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT);
        if self.settings.api_url.is_some() {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| {
            GatewayError::Fatal(format!("the HTTP client for Discord could not be built: {}", error.without_url()))
        })?;
        let mut builder =
            HttpBuilder::new(self.settings.token.expose_secret()).client(client).ratelimiter_disabled(true);
        if let Some(url) = &self.settings.api_url {
            builder = builder.proxy(url.as_str());
        }
        let http = builder.build();
        let kept = http.proxy.as_deref() == self.settings.api_url.as_ref().map(Url::as_str);
        if http.ratelimiter.is_none() && kept {
            Ok(http)
        } else {
            Err(GatewayError::NotAStandIn("the HTTP client would not keep to that address".to_owned()))
        }
    }

    /// A client that has dialled nothing yet, and that hears nothing more once it is `retired`; `None` if Discord cannot be
    /// reached now.
    async fn client(
        &self,
        watchdog: &SharedWatchdog,
        retired: CancellationToken,
    ) -> Result<Option<(Client, OwnRuntime)>, GatewayError> {
        let work = Arc::new(self.http()?);
        // Asked for here first, because serenity takes a failure for an invitation to dial Discord itself.
        let address = match work.get_gateway().await {
            Ok(gateway) => gateway.url,
            Err(error) if is_unauthorized(&error) => return Err(GatewayError::TokenRejected),
            Err(error) => {
                tracing::warn!("Discord cannot be asked for its gateway: {}", describe(&error));
                return Ok(None);
            }
        };
        if !may_dial(self.settings.api_url.as_ref(), &address) {
            return Err(GatewayError::NotAStandIn(format!("its gateway is said to be at {address}")));
        }
        let listener = Listener {
            front: self.front.clone(),
            pulse: Arc::clone(&self.pulse),
            watchdog: Arc::clone(watchdog),
            answering: self.answering.clone(),
            retired,
            work: Handle::current(),
            http: work,
        };
        let builder = serenity::client::ClientBuilder::new_with_http(self.http()?, GatewayIntents::GUILDS);
        // serenity can spin without ever yielding, in tasks that it begins as soon as it is built. In a runtime of its own it
        // starves nobody: neither the watch over it nor any other part of the program.
        let own = OwnRuntime::new()?;
        let built = own.handle.spawn(builder.raw_event_handler(listener).into_future()).await;
        let client = match built {
            Ok(Ok(client)) => client,
            Err(_) => return Ok(None),
            Ok(Err(error)) => {
                tracing::warn!("the client for Discord's gateway could not be built: {}", describe(&error));
                return Ok(None);
            }
        };
        // It has asked by itself once more; what it would dial is set to what was checked.
        *client.ws_url.lock().await = address;
        Ok(Some((client, own)))
    }

    /// Runs one client until it must be replaced.
    async fn stay(
        &self,
        (mut client, own): (Client, OwnRuntime),
        me: UserId,
        watchdog: &SharedWatchdog,
        shutdown: &CancellationToken,
    ) -> Result<Left, GatewayError> {
        let manager = Arc::clone(&client.shard_manager);
        let mut look = tokio::time::interval(LOOK);
        let mut running = own.handle.spawn(async move { client.start().await });
        loop {
            tokio::select! {
                () = shutdown.cancelled() => {
                    retire(manager).await;
                    tokio::time::sleep(LEAVE).await;
                    return Ok(Left::Shutdown);
                }
                ended = &mut running => {
                    retire(manager).await;
                    return end(ended.unwrap_or(Ok(())));
                }
                _ = look.tick() => self.note_latency(&manager),
            }
            let verdict = lock(watchdog).judge(Instant::now());
            match verdict {
                Verdict::Fine => {}
                Verdict::Probe => self.probe(&manager, me).await,
                Verdict::Restart(why) => {
                    let count = self.pulse.count_replaced();
                    tracing::warn!(count, "{why}; connecting anew");
                    retire(manager).await;
                    own.end_soon();
                    return Ok(Left::Replace);
                }
            }
        }
    }

    /// Takes in how long the last heartbeat took, unless somebody is just writing that down.
    fn note_latency(&self, manager: &ShardManager) {
        let runners = manager.runners.try_lock();
        let latency = runners.ok().and_then(|runners| runners.get(&ShardId(0)).and_then(|shard| shard.latency));
        if let Some(latency) = latency {
            self.pulse.set_latency(latency);
        }
    }

    /// Asks for the bot's own member: the gateway answers with an event, unless it or serenity is deaf.
    ///
    /// To send on a connection that was closed under serenity's feet ends serenity's spinning, too.
    async fn probe(&self, manager: &ShardManager, me: UserId) {
        let guild = SerenityGuild::new(self.front.guild.0);
        let Ok(runners) = tokio::time::timeout(LEAVE, manager.runners.lock()).await else { return };
        if let Some(shard) = runners.get(&ShardId(0)) {
            shard.runner_tx.chunk_guild(guild, Some(1), false, ChunkGuildFilter::UserIds(vec![me]), None);
        }
    }
}

/// The runtime of one client. Dropped, it is ended without waiting for what spins in it.
struct OwnRuntime {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl OwnRuntime {
    fn new() -> Result<Self, GatewayError> {
        // One worker may be spinning; the other must still be able to act.
        let built = runtime::Builder::new_multi_thread().worker_threads(2).thread_name("gateway").enable_all().build();
        let runtime = built.map_err(|error| {
            GatewayError::Fatal(format!("the threads of Discord's gateway could not be started: {error}"))
        })?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Ends it once the client has had the time to let go of its connection.
    fn end_soon(self) {
        tokio::spawn(async move {
            tokio::time::sleep(LEAVE).await;
            drop(self);
        });
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What serenity ended with.
fn end(ended: Result<(), serenity::Error>) -> Result<Left, GatewayError> {
    match ended {
        Err(serenity::Error::Gateway(SerenityGatewayError::InvalidAuthentication)) => Err(GatewayError::TokenRejected),
        Err(serenity::Error::Gateway(SerenityGatewayError::InvalidGatewayIntents)) => {
            Err(intents("4013: intents that it does not know"))
        }
        Err(serenity::Error::Gateway(SerenityGatewayError::DisallowedGatewayIntents)) => {
            Err(intents("4014: intents that are not switched on for this application"))
        }
        Ok(()) => Ok(Left::Replace),
        Err(error) => {
            tracing::warn!("Discord's gateway ended: {}", describe(&error));
            Ok(Left::Replace)
        }
    }
}

fn intents(why: &str) -> GatewayError {
    GatewayError::Fatal(format!("Discord does not grant the gateway intents that Botswain asks for ({why})"))
}

/// Makes a client let go of its connection, whatever state it is in, without waiting for it.
///
/// serenity's own shutdown waits for the peer's close frame, for ever if it is silent, and without a pause if the
/// connection is gone. It does not stop a session that is just being begun, either: the listener is deaf to such a one.
async fn retire(manager: Arc<ShardManager>) {
    if let Ok(runners) = tokio::time::timeout(LEAVE, manager.runners.lock()).await
        && let Some(shard) = runners.get(&ShardId(0))
    {
        let_go(&shard.runner_tx);
    }
    // Ends the task that would start shards anew. It first waits for a runner that is gone, so nobody waits for it.
    tokio::spawn(async move { manager.shutdown_all().await });
}

/// Ends a session at once. A close frame followed by anything else does that: nothing can be sent after closing.
fn let_go(shard: &ShardMessenger) {
    shard.send_to_shard(ShardRunnerMessage::Close(1000, None));
    shard.send_to_shard(ShardRunnerMessage::SoundboardSounds { guild_ids: Vec::new() });
}

async fn wait(time: Duration, shutdown: &CancellationToken) -> Left {
    tokio::select! {
        () = shutdown.cancelled() => Left::Shutdown,
        () = tokio::time::sleep(time) => Left::Replace,
    }
}

/// Whether a gateway's address belongs to the API's: to the stand-in's host if one is meant, else to Discord.
fn may_dial(api_url: Option<&Url>, gateway: &str) -> bool {
    let Ok(gateway) = Url::parse(gateway) else { return false };
    match api_url {
        Some(api) => {
            let scheme = if api.scheme() == "https" { "wss" } else { "ws" };
            gateway.scheme() == scheme && gateway.host() == api.host()
        }
        None => {
            let discords = |host: &str| host == "discord.gg" || host.ends_with(".discord.gg");
            gateway.scheme() == "wss" && gateway.host_str().is_some_and(discords)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_never_leads_to_discord_and_discord_to_nobody_else() {
        let stand_in = Url::parse("http://127.0.0.1:4000/").unwrap();
        assert!(may_dial(Some(&stand_in), "ws://127.0.0.1:4000/gateway"));
        assert!(may_dial(Some(&stand_in), "ws://127.0.0.1:4001/gateway"));
        assert!(!may_dial(Some(&stand_in), "wss://gateway.discord.gg"));
        assert!(!may_dial(Some(&stand_in), "wss://127.0.0.1:4000/gateway"));
        assert!(!may_dial(Some(&stand_in), "nonsense"));
        assert!(may_dial(None, "wss://gateway.discord.gg"));
        assert!(may_dial(None, "wss://gateway-us-east1-b.discord.gg"));
        assert!(!may_dial(None, "ws://gateway.discord.gg"));
        assert!(!may_dial(None, "wss://evildiscord.gg"));
        assert!(!may_dial(None, "ws://127.0.0.1:4000/gateway"));
    }
}
