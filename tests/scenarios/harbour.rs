//! Both stand-ins on real ports, a database in a file, and all parts of the process that watch and speak, each stepped with
//! the time as an argument. A kill drops every part, keeps the file, and builds all of it anew.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use botswain::config::Config;
use botswain::discord::delivery::{Delivery, Stepped};
use botswain::discord::render::Context;
use botswain::discord::timelines::{self, Timelines};
use botswain::discord_api::DiscordApi;
use botswain::domain::action::Verb;
use botswain::domain::authority::Member;
use botswain::domain::incident::{Incident, Subject};
use botswain::incidents::{self, Incidents};
use botswain::lifecycle::contract::Connector;
use botswain::lifecycle::{EventStream, LifecycleClient, Settings};
use botswain::monitor::{Bells, Monitor, Ticked, Watch};
use botswain::operations::{self, Answer, Asker, Operations, Rules, Runner, Said, Settled, Wake};
use botswain::sandbox::discord::{DiscordStandIn, Seed, SeedChannel, Snowflake};
use botswain::sandbox::lifecycle::{Deed, FleetSeed, LifecycleSimulator, Mode};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use jiff::Timestamp;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Row as _};
use tempfile::TempDir;
use tokio::sync::{Notify, OnceCell};

use crate::witness::Witness;

/// How often the fleet is polled.
pub(crate) const POLL: i64 = 30;

/// Settings, by their names.
pub(crate) type Configured = Vec<(String, String)>;

/// How many alert channels there are: each process has one of its own.
const CHANNELS: u64 = 400;

/// A database as the program makes it where there is none. Its tables take longer to make than most sequences take.
static EMPTY: OnceCell<Vec<u8>> = OnceCell::const_new();

async fn an_empty_database() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("botswain.sqlite3");
    Store::open(&format!("sqlite:{}", file.display()).into()).await.unwrap().close().await;
    std::fs::read(&file).unwrap()
}

/// What is not the process: Discord and the fleet. Processes can follow each other on it, each with a fresh database, a fleet
/// that is well, and an empty channel.
pub(crate) struct Outside {
    sandbox: Sandbox,
    seed: Seed,
    clients: Option<Clients>,
    http: reqwest::Client,
    began: Timestamp,
    /// The seconds since then.
    second: i64,
    used_channels: u64,
}

/// The world, and the process in it.
pub(crate) struct Harbour {
    pub(crate) outside: Outside,
    pub(crate) seed: Seed,
    /// The second since the process began.
    pub(crate) second: i64,
    /// How far Discord's clock is behind.
    behind: Cell<i64>,
    parts: Option<Parts>,
    config: Config,
    clients: Clients,
    _folder: TempDir,
}

/// The ways out of the process. They keep nothing but connections.
#[derive(Clone)]
struct Clients {
    lifecycle: LifecycleClient,
    discord: DiscordApi,
}

/// All that a kill ends.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) monitor: Monitor,
    pub(crate) delivery: Delivery,
    pub(crate) timelines: Timelines,
    pub(crate) incidents: Incidents,
    pub(crate) operations: Operations,
    pub(crate) runner: Runner,
}

impl Parts {
    async fn build(config: &Config, clients: &Clients) -> Self {
        let store = Store::open(&config.database_url).await.unwrap();
        let Clients { lifecycle, discord } = clients.clone();
        let policy = config.policy.clone();
        let watch = Watch { policy: policy.clone(), poll_interval: Duration::from_secs(POLL.unsigned_abs()) };
        let (monitor, picture) = Monitor::new(store.clone(), lifecycle.clone(), watch, Bells::default());
        let context = Context { policy: Arc::new(policy.clone()), guild: config.discord.guild, ..Context::default() };
        let delivery = Delivery::new(store.clone(), discord.clone(), context, Arc::new(Notify::new()));
        let timelines = Timelines::new(store.clone(), delivery.outlet(), delivery.delivered());
        let authority = config.authority.clone();
        let rules = incidents::Rules { authority: authority.clone(), policy: policy.clone() };
        let incidents = Incidents::new(store.clone(), picture.clone(), rules, Wake::default());
        let rules = Rules { authority, policy, confirmation_ttl: config.confirmation_ttl };
        let operations = Operations::new(store.clone(), lifecycle, picture, rules, Wake::default());
        let runner = Runner::new(&operations, discord, config.discord.guild);
        Self { store, monitor, delivery, timelines, incidents, operations, runner }
    }
}

impl Outside {
    /// This fleet, and a Discord that knows a nonce for so long.
    pub(crate) async fn new(fleet: Vec<Connector>, nonce_memory: Option<Duration>) -> Self {
        let mut options = Options::default();
        // Another role than the one on call, for what nobody acknowledges.
        options.world.seed.viewers.name = "Leads".to_owned();
        options.world.seed.viewers.mentionable = true;
        let alerts = options.world.seed.alert_channel.clone();
        let channel = |n| SeedChannel { id: Snowflake(alerts.id.0 + 1000 + n), ..alerts.clone() };
        options.world.seed.further_channels = (0..CHANNELS).map(channel).collect();
        options.world.nonce_memory = nonce_memory.unwrap_or(options.world.nonce_memory);
        let seed = options.world.seed.clone();
        let began = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        options.fleet.mode = Mode::Explicit;
        options.fleet.start_ms = Some(began.as_millisecond());
        options.fleet.fleet = FleetSeed::Connectors(fleet);
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { sandbox, seed, clients: None, http: reqwest::Client::new(), began, second: 0, used_channels: 0 }
    }

    /// Whether there is room for one more process.
    pub(crate) fn has_room(&self) -> bool {
        self.used_channels < CHANNELS
    }

    /// Everything is well again, and a day passes.
    async fn is_tidied(&mut self) {
        let fleet = &self.sandbox.lifecycle.as_ref().unwrap().stand_in;
        fleet.clear_faults();
        for panel in fleet.state().connectors {
            fleet.do_to(&panel.connector.id, Deed::Return).unwrap();
            fleet.do_to(&panel.connector.id, Deed::Recover).unwrap();
        }
        for what in ["/faults", "/pings", "/requests"] {
            self.control(Method::DELETE, what, Value::Null).await;
        }
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let address = self.sandbox.discord.as_ref().unwrap().address;
        let request = self.http.request(method, format!("http://{address}/control/discord{path}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }
}

impl Harbour {
    /// A process with these settings, that has not looked yet. The database is in `folder`, or wherever temporary files are.
    pub(crate) async fn open(mut outside: Outside, settings: &Configured, folder: Option<&Path>) -> Self {
        outside.is_tidied().await;
        let mut seed = outside.seed.clone();
        seed.alert_channel = seed.further_channels[usize::try_from(outside.used_channels).unwrap()].clone();
        outside.used_channels += 1;
        let folder = match folder {
            Some(folder) => tempfile::tempdir_in(folder).unwrap(),
            None => tempfile::tempdir().unwrap(),
        };
        let file = folder.path().join("botswain.sqlite3");
        std::fs::write(&file, EMPTY.get_or_init(an_empty_database).await).unwrap();
        let database = format!("sqlite:{}", file.display());
        let (leads, alerts) = (seed.viewers.id.to_string(), seed.alert_channel.id.to_string());
        let mut all = vec![
            ("DATABASE_URL", database.as_str()),
            ("ESCALATION_ROLE_IDS", leads.as_str()),
            ("DISCORD_ALERT_CHANNEL_ID", alerts.as_str()),
        ];
        all.extend(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let config = outside.sandbox.config(&all).unwrap();
        let clients = outside.clients.get_or_insert_with(|| Clients::of(&config)).clone();
        let parts = Some(Parts::build(&config, &clients).await);
        outside.began = outside.began.saturating_add(Duration::from_secs(outside.second.unsigned_abs())).unwrap();
        outside.second = 0;
        Self { outside, seed, second: 0, behind: Cell::new(0), parts, config, clients, _folder: folder }
    }

    /// The process ends, and leaves room for another one.
    pub(crate) async fn leaves(mut self) -> Outside {
        self.parts().store.close().await;
        self.parts = None;
        self.sync().await;
        self.control(Method::DELETE, &format!("/channels/{}", self.seed.alert_channel.id), Value::Null).await;
        Outside { second: self.second, ..self.outside }
    }

    /// The process is killed where it stands, and another one opens what it left.
    pub(crate) async fn is_killed(&mut self) {
        if let Some(parts) = self.parts.take() {
            parts.store.close().await;
        }
        // The lock on the database ended with its last handle.
        self.parts = Some(Parts::build(&self.config, &self.clients).await);
    }

    /// The parts of the process that lives now.
    pub(crate) fn parts(&self) -> &Parts {
        self.parts.as_ref().unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(self.outside.began.as_second() + self.second).unwrap()
    }

    /// Time passes, and nobody does anything.
    pub(crate) fn passes(&mut self, seconds: i64) {
        self.second += seconds;
        self.fleet().step(seconds * 1000);
        self.behind.set(self.behind.get() + seconds);
    }

    /// On Discord as well: it is only told when something is sent there.
    pub(crate) async fn sync(&self) {
        let behind = self.behind.replace(0);
        if behind > 0 {
            self.control(Method::POST, "/clock", json!({ "advance_ms": behind * 1000 })).await;
        }
    }

    // The fleet ------------------------------------------------------------------------------------------------------

    pub(crate) fn fleet(&self) -> &LifecycleSimulator {
        &self.outside.sandbox.lifecycle.as_ref().unwrap().stand_in
    }

    pub(crate) fn does(&self, connector: &str, deed: Deed) {
        self.fleet().do_to(connector, deed).unwrap();
    }

    // The process ----------------------------------------------------------------------------------------------------

    pub(crate) fn monitor(&mut self) -> &mut Monitor {
        &mut self.parts.as_mut().unwrap().monitor
    }

    /// The service's events, as the program follows them.
    pub(crate) fn events(&self) -> EventStream {
        self.clients.lifecycle.events()
    }

    /// The fleet is polled, and judged.
    pub(crate) async fn look(&mut self) -> Ticked {
        let now = self.now();
        self.monitor().tick(now).await.unwrap()
    }

    /// Everything that can be delivered now is; whether there was anything.
    pub(crate) async fn deliver(&self) -> bool {
        self.sync().await;
        let mut any = false;
        loop {
            match self.parts().delivery.step(self.now()).await.unwrap() {
                Stepped::Idle | Stepped::Quiet { .. } => return any,
                _ => any = true,
            }
        }
    }

    /// Everything that can be told in threads now is; whether there was anything.
    pub(crate) async fn tell(&self) -> bool {
        self.sync().await;
        let mut any = false;
        loop {
            match self.parts().timelines.step(self.now()).await.unwrap() {
                timelines::Stepped::Idle | timelines::Stepped::Quiet { .. } | timelines::Stepped::Behind => return any,
                _ => any = true,
            }
        }
    }

    /// Operations are carried on as far as they can be now.
    pub(crate) async fn carry_on(&self) {
        while self.parts().runner.step(self.now()).await.unwrap() == operations::Stepped::Worked {}
    }

    /// The open incident of a bot in Production.
    pub(crate) async fn incident(&self, of: &str) -> Option<Incident> {
        let open = self.parts().store.open_incidents().await.unwrap();
        open.into_iter().map(|kept| kept.incident).find(|incident| match &incident.subject {
            Subject::Failover { bot, .. } => bot.name == of,
            _ => false,
        })
    }

    /// When each incident was opened, in milliseconds, by its reference.
    pub(crate) async fn opened_at(&self) -> BTreeMap<String, i64> {
        let url = self.config.database_url.expose_secret().replace("sqlite:", "sqlite://");
        let mut database = AnyConnection::connect(&url).await.unwrap();
        let rows = sqlx::query("SELECT id, opened_at FROM incidents").fetch_all(&mut database).await.unwrap();
        let read = |row: &AnyRow| (row.get::<String, _>("id")[..8].to_owned(), row.get::<i64, _>("opened_at"));
        rows.iter().map(read).collect()
    }

    /// Olga, in the team's channel, with an interaction of her own.
    pub(crate) fn olga(&self) -> Asker {
        let member = Member {
            id: self.seed.olga.id.to_string().parse().unwrap(),
            name: "Olga".to_owned(),
            roles: vec![self.seed.operators.id.to_string().parse().unwrap()],
            manages_guild: Some(false),
        };
        let channel = self.seed.team_channel.id.to_string().parse().unwrap();
        Asker { member, channel, interaction: rand::random() }
    }

    /// Olga asks for it and confirms it.
    pub(crate) async fn olga_begins(&self, verb: Verb, connector: &str) {
        let asker = self.olga();
        let said = Said { connector: Some(connector.to_owned()), ..Said::default() };
        let answer = self.parts().operations.ask(&asker, verb, said, self.now()).await.unwrap();
        let request = match answer {
            Answer::Confirm(request) => request,
            other => panic!("everything was said, and it was answered {other:?}"),
        };
        let name = &request.plan.as_ref().unwrap().bot.name;
        match self.parts().operations.confirm_typed(&asker, &request.id, name, self.now()).await.unwrap() {
            Settled::Begun(_) => {}
            other => panic!("{other:?}"),
        }
    }

    // Discord, as its control interface shows it ---------------------------------------------------------------------

    /// Who looks on at what is asked of Discord from now on.
    pub(crate) fn witness(&self) -> Witness {
        Witness::of(self.stand_in(), &[])
    }

    pub(crate) fn stand_in(&self) -> &DiscordStandIn {
        &self.outside.sandbox.discord.as_ref().unwrap().stand_in
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        self.outside.control(method, path, body).await
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control(Method::POST, "/faults", fault).await;
    }

    pub(crate) async fn no_faults(&self) {
        self.control(Method::DELETE, "/faults", Value::Null).await;
    }

    /// Somebody deletes a message of the alert channel.
    pub(crate) async fn deletes(&self, message: &str) {
        let path = format!("/channels/{}/messages/{message}", self.seed.alert_channel.id);
        self.control(Method::DELETE, &path, Value::Null).await;
    }

    /// The messages of a channel, oldest first.
    pub(crate) async fn messages(&self, channel: &str) -> Vec<Value> {
        let all = self.control(Method::GET, &format!("/channels/{channel}/messages"), Value::Null).await;
        all.as_array().unwrap().clone()
    }

    /// Everybody who was pinged so far.
    pub(crate) async fn pings(&self) -> Vec<Value> {
        self.control(Method::GET, "/pings", Value::Null).await.as_array().unwrap().clone()
    }
}

impl Clients {
    fn of(config: &Config) -> Self {
        let service = Settings::new(config.lifecycle.url.clone(), config.lifecycle.token.clone());
        let service =
            Settings { retries: 0, total_timeout: Duration::from_secs(10), breaker_threshold: u32::MAX, ..service };
        let discord = DiscordApi::new(&config.discord.token, config.discord.api_url.as_ref()).unwrap();
        Self { lifecycle: LifecycleClient::new(service).unwrap(), discord }
    }
}
