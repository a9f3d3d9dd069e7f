//! The sandbox: stand-ins for the two worlds outside, and the page of the demo. The product never imports it: they meet
//! over HTTP and WebSocket, through addresses.
//!
//! * [`discord`]: REST v10 and gateway v10, strict and stateful. [`lifecycle`]: the lifecycle service, simulated.
//! * [`page`]: the demo's page, and the guard that keeps other pages away.
//!
//! The Discord listener serves `/api/v10`, `/gateway`, `/control/discord` and the page; where both halves run, also
//! `/control/fleet`, so that the page needs one origin. The lifecycle listener serves `/v1`, `/openapi.json` and
//! `/control/fleet`.

pub mod discord;
pub mod lifecycle;
pub mod page;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Level;
use tracing_subscriber::filter::Targets;

use self::discord::DiscordStandIn;
use self::lifecycle::LifecycleSimulator;
use crate::config::{Config, LogFormat, LogSettings, Mistakes};

/// What of the sandbox is to run, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address of the Discord stand-in; `None`: it does not run.
    pub discord: Option<SocketAddr>,
    /// The address of the simulated lifecycle service; `None`: it does not run.
    pub lifecycle: Option<SocketAddr>,
    /// Whether an address beyond loopback may be listened on.
    pub beyond_loopback: bool,
    /// What the Discord stand-in is made of.
    pub world: discord::Options,
    /// What the simulated lifecycle service is made of; its token is made anew.
    pub fleet: lifecycle::Options,
    /// What the page's gallery shows; `None`: nothing.
    pub gallery: Option<page::Gallery>,
}

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl Default for Options {
    /// Both halves, on free ports of this machine.
    fn default() -> Self {
        Self {
            discord: Some(ANY_PORT),
            lifecycle: Some(ANY_PORT),
            beyond_loopback: false,
            world: discord::Options::default(),
            fleet: lifecycle::Options::default(),
            gallery: None,
        }
    }
}

impl Options {
    /// For the demo: the page at `listen`, and what its gallery shows.
    pub fn demo(listen: SocketAddr, beyond_loopback: bool, gallery: page::Gallery) -> Self {
        let seed = discord::Seed::with_an_approver();
        let world = discord::Options { seed, ..discord::Options::default() };
        Self { discord: Some(listen), beyond_loopback, world, gallery: Some(gallery), ..Self::default() }
    }

    /// The halves that are given an address; both, on free ports, if neither is.
    pub fn halves(discord: Option<SocketAddr>, lifecycle: Option<SocketAddr>, beyond_loopback: bool) -> Self {
        if discord.is_none() && lifecycle.is_none() {
            return Self { beyond_loopback, ..Self::default() };
        }
        Self { discord, lifecycle, beyond_loopback, ..Self::default() }
    }
}

/// Why the sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is not this machine's own, and nobody said that this is meant.
    #[error("{0} can be reached by other machines, and there is no password: add --beyond-loopback if that is meant")]
    BeyondLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1} (choose another port, such as 127.0.0.1:0)")]
    Listen(SocketAddr, io::Error),
    /// No folder for the demo's database.
    #[error("cannot make a temporary folder: {0}")]
    Folder(io::Error),
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    /// The Discord stand-in, if it runs.
    pub discord: Option<Half<DiscordStandIn>>,
    /// The simulated lifecycle service, if it runs.
    pub lifecycle: Option<Half<LifecycleSimulator>>,
    folder: TempDir,
    discord_token: String,
    world: discord::Seed,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

/// A running half of the sandbox.
#[derive(Clone, Debug)]
pub struct Half<T> {
    /// Where it listens.
    pub address: SocketAddr,
    /// A handle to it.
    pub stand_in: T,
    token: SecretString,
}

impl Sandbox {
    /// Starts what `options` ask for.
    ///
    /// # Errors
    /// If an address is refused or taken.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let folder = tempfile::Builder::new().prefix("botswain-").tempdir().map_err(StartError::Folder)?;
        let discord_listener = listen(options.discord, options.beyond_loopback).await?;
        let lifecycle_listener = listen(options.lifecycle, options.beyond_loopback).await?;
        let shutdown = CancellationToken::new();
        let tasks = TaskTracker::new();
        let discord_token = format!("sandbox.{:032x}", rand::random::<u128>());
        let lifecycle_token = SecretString::from(format!("{:032x}", rand::random::<u128>()));
        let world = options.world.seed.clone();

        let mut sandbox = Self { discord: None, lifecycle: None, folder, discord_token, world, shutdown, tasks };
        let mut fleet_control = None;
        if let Some((listener, address)) = lifecycle_listener {
            let fleet = lifecycle::Options { token: lifecycle_token.clone(), ..options.fleet };
            let simulator = LifecycleSimulator::new(fleet);
            let control = Router::new().nest("/control/fleet", simulator.control());
            sandbox.serve(listener, address, simulator.router().merge(control.clone()));
            let (clock, ended) = (simulator.clone(), sandbox.shutdown.clone());
            sandbox.tasks.spawn(async move { clock.run(ended).await });
            fleet_control = Some(control);
            sandbox.lifecycle = Some(Half { address, stand_in: simulator, token: lifecycle_token });
        }
        if let Some((listener, address)) = discord_listener {
            let stand_in = DiscordStandIn::new(options.world);
            stand_in.set_public_address(address);
            let control = Router::new().nest("/control/discord", stand_in.control());
            let router = stand_in.router().merge(control).merge(page::router(options.gallery));
            let router = fleet_control.into_iter().fold(router, Router::merge);
            sandbox.serve(listener, address, router);
            let token = sandbox.discord_token.clone().into();
            sandbox.discord = Some(Half { address, stand_in, token });
        }
        Ok(sandbox)
    }

    fn serve(&self, listener: TcpListener, address: SocketAddr, router: Router) {
        let router = page::guard(router, page::Allowed::at(address));
        let shutdown = self.shutdown.clone();
        // Without it every small answer waits for the other side's delayed acknowledgement (40 ms).
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        self.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                ended = axum::serve(listener, router).into_future() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, %address, "the sandbox no longer listens");
                    }
                }
            }
        });
    }

    /// The page's address, if the Discord half runs.
    pub fn page(&self) -> Option<String> {
        self.discord.as_ref().map(|half| format!("http://{}/", half.address))
    }

    /// The settings with which `botswain run` reaches it, ready to paste.
    pub fn settings(&self) -> String {
        let mut lines: Vec<String> = self.pairs().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Some(page) = self.page() {
            lines.insert(0, format!("# The page: {page}"));
        }
        lines.join("\n")
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        use secrecy::ExposeSecret as _;
        let mut pairs = Vec::new();
        if let Some(half) = &self.lifecycle {
            pairs.push(("LIFECYCLE_URL", format!("http://{}", half.address)));
            pairs.push(("LIFECYCLE_TOKEN", half.token.expose_secret().to_owned()));
        }
        if let Some(half) = &self.discord {
            pairs.push(("DISCORD_API_URL", format!("http://{}", half.address)));
            pairs.push(("DISCORD_TOKEN", half.token.expose_secret().to_owned()));
            pairs.push(("DISCORD_GUILD_ID", self.world.guild_id.to_string()));
            pairs.push(("DISCORD_ALERT_CHANNEL_ID", self.world.alert_channel.id.to_string()));
            pairs.push(("OPERATOR_ROLE_IDS", self.world.operators.id.to_string()));
            pairs.push(("ALERT_ROLE_IDS", self.world.on_call.id.to_string()));
            let approvers = self.world.approvers.as_ref();
            pairs.extend(approvers.map(|role| ("APPROVER_ROLE_IDS", role.id.to_string())));
            // Where there are second persons, those on call may have to do without them.
            pairs.extend(approvers.map(|_| ("BREAK_GLASS_ROLE_IDS", self.world.on_call.id.to_string())));
        }
        pairs
    }

    /// The settings as `botswain run` would read them, with a database of its own that goes with the sandbox. `more` adds
    /// settings, or takes the place of those of the same name.
    ///
    /// # Errors
    /// If a half does not run, or `more` is wrong.
    pub fn config(&self, more: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let database = self.folder.path().join("botswain.sqlite3");
        let mut settings: HashMap<String, String> =
            self.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        settings.insert("DATABASE_URL".to_owned(), format!("sqlite:{}", database.display()));
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Config::read(&settings)
    }

    /// The settings of the demo: nobody who tries it wants to wait.
    pub const DEMO_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("POLL_INTERVAL", "2s"),
        ("START_GRACE", "90s"),
        ("ALERT_AFTER", "3s"),
        ("RECOVER_AFTER", "5s"),
        ("REMIND_AFTER", "2m"),
        ("SECOND_PERSON", "redeploy"),
    ];

    /// Ends it: listeners, clocks, and its folder.
    pub async fn stop(self) {
        self.shutdown.cancel();
        if let Some(half) = &self.discord {
            half.stand_in.close();
        }
        self.tasks.close();
        if tokio::time::timeout(Duration::from_secs(2), self.tasks.wait()).await.is_err() {
            tracing::warn!("the sandbox did not end in time");
        }
    }
}

async fn listen(
    address: Option<SocketAddr>,
    beyond_loopback: bool,
) -> Result<Option<(TcpListener, SocketAddr)>, StartError> {
    let Some(address) = address else {
        return Ok(None);
    };
    if !address.ip().is_loopback() && !beyond_loopback {
        return Err(StartError::BeyondLoopback(address));
    }
    let failed = |error| StartError::Listen(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok(Some((listener, bound)))
}

/// The contract of the lifecycle service, as an OpenAPI 3.1 document in JSON.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn contract() -> Result<String, serde_json::Error> {
    lifecycle::openapi().to_pretty_json()
}

/// How demo and sandbox log: warnings and errors. They read no settings.
pub fn log_settings() -> LogSettings {
    LogSettings {
        format: LogFormat::Text,
        filter: Targets::new().with_default(Level::WARN).with_target("botswain", Level::INFO),
    }
}
