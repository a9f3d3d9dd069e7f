//! What outlives a crash: the service behind its gate, Discord with its members, the database, and the time.

use std::path::Path;
use std::sync::Arc;

use botswain::config::Config;
use botswain::discord_api::DiscordApi;
use botswain::domain::policy::Picture;
use botswain::lifecycle::{FleetAnswer, LifecycleClient, Settings};
use botswain::operations::{Operations, Rules, Runner, Wake};
use botswain::sandbox::discord::Seed;
use botswain::sandbox::lifecycle::{Deed, LifecycleSimulator, Mode, Patch};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use jiff::Timestamp;
use serde_json::json;
use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::gate::Gate;
use crate::witness::Witness;

/// How many calls are under way at once, at most.
pub const HANDS: usize = 6;
/// The connectors that the operators are after: two of one bot, three of another.
pub const CONNECTORS: [&str; 5] = ["billing-1", "billing-2", "orders-1", "orders-2", "orders-3"];
/// What needs a second person, as the file of settings has it.
const POLICY: &str = r#"
[environments.production.bots.bot-billing]
second_person = ["restart"]
[environments.production.bots.bot-orders]
second_person = ["stop", "redeploy"]
"#;
/// The time of one schedule: the next one begins after it.
const A_SCHEDULE: i64 = 100_000_000;
/// When the first one begins.
const BEGINNING: i64 = 1_800_000_000_000;

pub struct World {
    pub sandbox: Sandbox,
    pub gate: Gate,
    pub store: Store,
    /// One for each hand, each with a door of its own.
    pub hands: Vec<(Operations, Runner)>,
    pub reader: AnyPool,
    pub seed: Seed,
    /// Milliseconds since the epoch.
    pub now: i64,
    config: Config,
    lifecycle: Vec<LifecycleClient>,
    discord: DiscordApi,
    http: reqwest::Client,
    folder: TempDir,
    _witness: Witness,
}

impl World {
    pub async fn new() -> Self {
        let mut options = Options::default();
        options.fleet.mode = Mode::Explicit;
        options.fleet.start_ms = Some(BEGINNING);
        options.fleet.load_drift = None;
        let seed = Seed::with_an_approver();
        options.world.seed = seed.clone();
        let sandbox = Sandbox::start(options).await.unwrap();
        let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
        // In memory where there is such a folder: what is explored is the order of things, not the disk.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let database = format!("sqlite:{}", folder.path().join("explored.sqlite3").display());
        let policy = folder.path().join("policy.toml");
        std::fs::write(&policy, POLICY).unwrap();
        let policy = policy.display().to_string();
        let own = [("DATABASE_URL", &*database), ("BOTSWAIN_CONFIG", &*policy), ("APPROVAL_TTL", "1m")];
        let config = sandbox.config(&own).unwrap();
        let gate = Gate::before(&sandbox.lifecycle.as_ref().unwrap().stand_in, HANDS).await;
        let client = |url: &reqwest::Url| {
            let settings = Settings::new(url.clone(), config.lifecycle.token.clone());
            LifecycleClient::new(Settings { retries: 0, breaker_threshold: u32::MAX, ..settings }).unwrap()
        };
        let lifecycle = gate.doors.iter().map(|door| client(&door.url)).collect();
        let store = Store::open(&config.database_url).await.unwrap();
        let discord = DiscordApi::new(&config.discord.token, config.discord.api_url.as_ref()).unwrap();
        let reader = reader(&config).await;
        let (http, now) = (reqwest::Client::new(), BEGINNING);
        let hands = Vec::new();
        let mut world =
            Self { sandbox, folder, gate, store, hands, reader, seed, now, config, lifecycle, discord, http, _witness };
        world.begin_process().await;
        world
    }

    pub fn fleet(&self) -> &LifecycleSimulator {
        &self.sandbox.lifecycle.as_ref().unwrap().stand_in
    }

    pub fn at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now).unwrap()
    }

    /// Everything is as at the beginning, and it is later.
    pub async fn begin_anew(&mut self) {
        self.gate.set_open(true);
        for id in CONNECTORS {
            let environment = Some("Production".to_owned());
            self.fleet().do_to(id, Deed::Set(Box::new(Patch { environment, ..Patch::default() }))).unwrap();
            self.fleet().do_to(id, Deed::Recover).unwrap();
        }
        self.now = (self.now / A_SCHEDULE + 1) * A_SCHEDULE;
        let behind = self.now - self.fleet().state().now_ms;
        self.fleet().step(behind);
        self.set_roles(true).await;
        self.begin_process().await;
    }

    /// Olga has her roles, or has lost them.
    pub async fn set_roles(&self, has: bool) {
        let roles = [&self.seed.operators, &self.seed.on_call].into_iter().filter(|_| has);
        let roles: Vec<_> = roles.map(|role| role.id.to_string()).collect();
        let address = self.sandbox.discord.as_ref().unwrap().address;
        let path = format!("http://{address}/control/discord/members/{}/roles", self.seed.olga.id);
        self.http.put(path).json(&json!({ "roles": roles })).send().await.unwrap().error_for_status().unwrap();
    }

    /// What is in memory is made anew, and the fleet is read.
    pub async fn begin_process(&mut self) {
        let mut picture = Picture::default();
        let open = self.lifecycle[0].fleet(None);
        let FleetAnswer::Read(read) = open.await.unwrap() else { panic!("a reading without a tag is whole") };
        picture.fleet.read(read.into(), self.at());
        let (_, picture) = watch::channel(Arc::new(picture));
        let rules = Rules {
            authority: self.config.authority.clone(),
            policy: self.config.policy.clone(),
            confirmation_ttl: self.config.confirmation_ttl,
        };
        self.hands = Vec::new();
        for client in &self.lifecycle {
            let (store, wake) = (self.store.clone(), Wake::default());
            let operations = Operations::new(store, client.clone(), picture.clone(), rules.clone(), wake);
            let runner = Runner::new(&operations, self.discord.clone(), self.config.discord.guild);
            self.hands.push((operations, runner));
        }
    }

    /// The process dies, and another one begins: with the gate open, since nobody of the old one calls any more.
    pub async fn restart(&mut self) {
        // What was handed to the database before it died may still be written.
        self.store.check_writable().await.unwrap();
        self.store.close().await;
        self.store = Store::open(&self.config.database_url).await.unwrap();
        self.begin_process().await;
    }

    /// How many of these are healthy.
    pub fn healthy(&self, connectors: &[&str]) -> usize {
        let is_healthy = |id: &&&str| {
            let connector = self.fleet().connector(id).unwrap();
            [&connector.agent, &connector.conversational_cloud, &connector.bot_server]
                == ["Online", "Connected", "Connected"]
                && connector.environment == "Production"
        };
        connectors.iter().filter(is_healthy).count()
    }

    pub async fn close(self) {
        self.reader.close().await;
        self.store.close().await;
        self.sandbox.stop().await;
        drop(self.folder);
    }
}

async fn reader(config: &Config) -> AnyPool {
    use secrecy::ExposeSecret as _;
    sqlx::any::install_default_drivers();
    let url = config.database_url.expose_secret().replacen("sqlite:", "sqlite://", 1);
    AnyPoolOptions::new().max_connections(1).connect(&url).await.unwrap()
}
