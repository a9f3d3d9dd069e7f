//! Both stand-ins on real ports, a store on a file that can be made to fail, and the parts that watch and speak, each stepped
//! with the time as an argument.

use std::sync::Arc;
use std::time::Duration;

use botswain::config::Config;
use botswain::discord::Front;
use botswain::discord::delivery::{Delivery, Stepped};
use botswain::discord::direct::Direct;
use botswain::discord::fallback::Fallback;
use botswain::discord::gateway::{self, Gateway};
use botswain::discord::pulse::Pulse;
use botswain::discord::render::Context;
use botswain::discord::watchdog::Patience;
use botswain::discord_api::DiscordApi;
use botswain::domain::authority::Member;
use botswain::domain::ids::{ChannelId, UserId};
use botswain::domain::incident::{Incident, Subject};
use botswain::domain::policy::Picture;
use botswain::incidents::{self, BoardAnswer, Incidents, MuteAnswer, ToMute};
use botswain::lifecycle::{LifecycleClient, Settings};
use botswain::monitor::{Bells, Monitor, Ticked, Watch};
use botswain::operations::{Asker, Operations, Rules, Wake};
use botswain::sandbox::discord::Seed;
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, FleetSeed, Mode};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::{Store, StoreError};
use botswain::tally::Durations;
use botswain::vitals::Vitals;
use jiff::Timestamp;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _, Executor as _};
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::witness::Witness;

const POLL: Duration = Duration::from_secs(30);
/// How long anything may take that happens by itself.
const DEADLINE: Duration = Duration::from_secs(30);
/// What the parts that are under test write.
const TABLES: [&str; 5] = ["incidents", "outbox", "highest_seen", "writable", "troubles"];
/// What they read.
const READ: [&str; 4] = ["incidents", "outbox", "highest_seen", "operations"];

/// What is seen is said at once and not again, each bot by itself, and what ended is over.
const AT_ONCE: Settled = &[
    ("START_GRACE", "5m"),
    ("ALERT_AFTER", "0s"),
    ("OUTAGE_AFTER", "0s"),
    ("RECOVER_AFTER", "0s"),
    ("REOPEN_WITHIN", "0s"),
    ("STORM_BOTS", "0"),
    ("REMIND_AFTER", "0s"),
];

/// Settings, by their names.
type Settled = &'static [(&'static str, &'static str)];

pub struct Scene {
    pub sandbox: Sandbox,
    pub store: Store,
    pub monitor: Monitor,
    lifecycle: LifecycleClient,
    picture: watch::Receiver<Arc<Picture>>,
    pub delivery: Delivery,
    pub direct: Direct,
    pub fallback: Fallback,
    pub interactions: Durations,
    pub seed: Seed,
    settings: Settled,
    began: Timestamp,
    second: i64,
    http: reqwest::Client,
    gateway: Option<DropGuard>,
    _witness: Witness,
}

impl Scene {
    /// Billing with two connectors and Orders with three, all healthy and read once.
    pub async fn open() -> Self {
        Self::judged_by(AT_ONCE).await
    }

    /// The same, with settings of its own.
    pub async fn judged_by(settings: Settled) -> Self {
        let mut scene = Self::begin_by(settings).await;
        scene.tick().await.unwrap();
        scene
    }

    /// The same, not yet read.
    pub async fn begin() -> Self {
        Self::begin_by(AT_ONCE).await
    }

    async fn begin_by(settings: Settled) -> Self {
        let mut options = Options::default();
        options.fleet.mode = Mode::Explicit;
        let began = Timestamp::now();
        options.fleet.start_ms = Some(began.as_millisecond());
        let of = |names: &[&str], bot: &str| -> Vec<_> {
            names.iter().map(|name| healthy(name, bot, "Production")).collect()
        };
        let mut fleet = of(&["billing-1", "billing-2"], "Billing Bot");
        fleet.extend(of(&["orders-1", "orders-2", "orders-3"], "Orders Bot"));
        options.fleet.fleet = FleetSeed::Connectors(fleet);
        let sandbox = Sandbox::start(options).await.unwrap();
        let witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
        Self::on(sandbox, settings, began, witness).await
    }

    async fn on(sandbox: Sandbox, settings: Settled, began: Timestamp, witness: Witness) -> Self {
        let seed = Seed::default();
        let config = sandbox.config(settings).unwrap();
        let store = Store::open(&config.database_url).await.unwrap();
        let service = Settings::new(config.lifecycle.url.clone(), config.lifecycle.token.clone());
        let lifecycle = LifecycleClient::new(Settings { retries: 0, breaker_threshold: u32::MAX, ..service }).unwrap();
        let watch = Watch { policy: config.policy.clone(), poll_interval: POLL };
        let (monitor, picture) = Monitor::new(store.clone(), lifecycle.clone(), watch, Bells::default());
        let api = DiscordApi::new(&config.discord.token, config.discord.api_url.as_ref()).unwrap();
        let (policy, guild) = (Arc::new(config.policy.clone()), config.discord.guild);
        let context = Context { policy, guild, ..Context::default() };
        let delivery = Delivery::new(store.clone(), api, context.clone(), Arc::new(Notify::new()));
        let elsewhere: ChannelId = seed.team_channel.id.to_string().parse().unwrap();
        let fallback = Fallback::new(store.clone(), delivery.channels(), elsewhere, Arc::new(Notify::new()));
        let (alerts, outlet) = (monitor.direct_alerts(), delivery.outlet());
        let direct = Direct::new(alerts, store.clone(), outlet, context, config.discord.guild, Some(elsewhere));
        Self {
            sandbox,
            store,
            monitor,
            lifecycle,
            picture,
            delivery,
            direct,
            fallback,
            interactions: Durations::default(),
            seed,
            settings,
            began,
            second: 0,
            http: reqwest::Client::new(),
            gateway: None,
            _witness: witness,
        }
    }

    /// The process is gone, and another one opens what it left.
    pub async fn restarted(self) -> Self {
        let Self { sandbox, store, monitor, delivery, direct, fallback, settings, began, second, _witness, .. } = self;
        store.close().await;
        // The lock on the database ends with its last handle.
        drop((store, monitor, delivery, direct, fallback));
        Self { second, ..Self::on(sandbox, settings, began, _witness).await }
    }

    /// The bot goes on the gateway; what health is read off from then on.
    pub async fn vitals(&mut self) -> Vitals {
        let config = self.sandbox.config(self.settings).unwrap();
        let gateway = Gateway::new(settings(&config), self.front(&config));
        let (pulse, stopped) = (gateway.pulse(), CancellationToken::new());
        tokio::spawn(gateway.run(stopped.clone()));
        self.gateway = Some(stopped.drop_guard());
        connected(&pulse, true).await;
        Vitals {
            picture: self.picture.clone(),
            poll_interval: POLL,
            gateway: pulse,
            store: self.store.clone(),
            direct_alerts: self.monitor.direct_alerts(),
        }
    }

    fn front(&self, config: &Config) -> Front {
        let rules = Rules {
            authority: config.authority.clone(),
            policy: config.policy.clone(),
            confirmation_ttl: config.confirmation_ttl,
        };
        let of_incidents = incidents::Rules { authority: config.authority.clone(), policy: config.policy.clone() };
        let (store, lifecycle, picture) = (self.store.clone(), self.lifecycle.clone(), self.picture.clone());
        Front {
            store: store.clone(),
            incidents: Incidents::new(store.clone(), picture.clone(), of_incidents, Wake::default()),
            operations: Operations::new(store, lifecycle, picture.clone(), rules, Wake::default()),
            picture,
            policy: config.policy.clone(),
            guild: config.discord.guild,
            poll_interval: POLL,
            overviews: Default::default(),
            people: Default::default(),
            interactions: self.interactions.clone(),
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.began.as_second() + self.second).unwrap()
    }

    pub fn alerts(&self) -> ChannelId {
        self.seed.alert_channel.id.to_string().parse().unwrap()
    }

    pub fn elsewhere(&self) -> ChannelId {
        self.seed.team_channel.id.to_string().parse().unwrap()
    }

    pub fn does(&self, connector: &str, deed: Deed) {
        self.sandbox.lifecycle.as_ref().unwrap().stand_in.do_to(connector, deed).unwrap();
    }

    /// The fleet is read again.
    pub async fn tick(&mut self) -> Result<Ticked, StoreError> {
        self.monitor.tick(self.now()).await
    }

    /// Time passes, and nobody looks.
    pub fn passes(&mut self, seconds: i64) {
        self.second += seconds;
        self.sandbox.lifecycle.as_ref().unwrap().stand_in.step(seconds * 1000);
    }

    /// Half a minute passes, the fleet is read again, and what cannot be written is said.
    pub async fn later(&mut self) -> Result<Ticked, StoreError> {
        self.passes(30);
        let ticked = self.tick().await;
        self.direct.step(self.now()).await;
        ticked
    }

    /// Everything that waits is delivered.
    pub async fn deliver(&self) {
        while self.delivery.step(self.now()).await.unwrap() != Stepped::Idle {}
    }

    /// Half a minute passes, the fleet is read, and all that can be said is said, here or elsewhere.
    pub async fn round(&mut self) {
        self.later().await.unwrap();
        self.deliver().await;
        self.fallback.step(self.now()).await.unwrap();
        self.deliver().await;
    }

    /// The open incident of a bot.
    pub async fn incident(&self, of: &str) -> Option<Incident> {
        let open = self.store.open_incidents().await.unwrap().into_iter().map(|kept| kept.incident);
        open.into_iter().find(|incident| matches!(&incident.subject, Subject::Failover { bot, .. } if bot.name == of))
    }

    fn incidents(&self) -> Incidents {
        let config = self.sandbox.config(self.settings).unwrap();
        let rules = incidents::Rules { authority: config.authority, policy: config.policy };
        Incidents::new(self.store.clone(), self.picture.clone(), rules, Wake::default())
    }

    /// Olga, in the other channel.
    fn asker(&self) -> Asker {
        let olga = Member {
            id: UserId(1),
            name: "Olga".to_owned(),
            roles: vec![self.seed.operators.id.to_string().parse().unwrap()],
            manages_guild: Some(false),
        };
        Asker { member: olga, channel: self.elsewhere(), interaction: 7 }
    }

    /// Olga puts a board up in the other channel.
    pub async fn board(&self, environment: &str) {
        let answer = self.incidents().put_up_board(&self.asker(), Some(environment), &[], self.now()).await.unwrap();
        assert!(matches!(answer, BoardAnswer::Up(_)), "{answer:?}");
    }

    /// Olga mutes an environment for a day.
    pub async fn mute(&self, environment: &str) {
        let (until, reason) = (Some("8h".to_owned()), Some("maintenance".to_owned()));
        let said = ToMute { environment: Some(environment.to_owned()), bot: None, until, reason };
        let muted = self.incidents().mute(&self.asker(), &said, self.now()).await.unwrap();
        assert!(matches!(muted, MuteAnswer::On(_)), "{muted:?}");
    }

    // The database, behind the store's back ---------------------------------------------------------------------------

    async fn meddle(&self, statements: impl IntoIterator<Item = String>) {
        sqlx::any::install_default_drivers();
        let url = self.sandbox.config(&[]).unwrap().database_url;
        let mut connection =
            AnyConnection::connect(&url.expose_secret().replace("sqlite:", "sqlite://")).await.unwrap();
        for statement in statements {
            connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// From now on every write fails, as on a full disk.
    pub async fn fill_up(&self) {
        self.refuse(&TABLES).await;
    }

    pub async fn make_room(&self) {
        self.allow(&TABLES).await;
    }

    /// From now on every write to these tables fails.
    pub async fn refuse(&self, tables: &[&str]) {
        let refuse = |table: &str, what: &str| {
            format!(
                "CREATE TRIGGER full_{what}_{table} BEFORE {what} ON {table} \
                 BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END"
            )
        };
        self.meddle(tables.iter().flat_map(|table| [refuse(table, "INSERT"), refuse(table, "UPDATE")])).await;
    }

    pub async fn allow(&self, tables: &[&str]) {
        let allow = |table: &&str| ["INSERT", "UPDATE"].map(|what| format!("DROP TRIGGER full_{what}_{table}"));
        self.meddle(tables.iter().flat_map(allow)).await;
    }

    /// From now on nothing can be read nor written.
    pub async fn take_away(&self) {
        self.meddle(READ.map(|table| format!("ALTER TABLE {table} RENAME TO {table}_away"))).await;
    }

    pub async fn bring_back(&self) {
        self.meddle(READ.map(|table| format!("ALTER TABLE {table}_away RENAME TO {table}"))).await;
    }

    // Discord, as its control interface shows it ---------------------------------------------------------------------

    pub async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let address = self.sandbox.discord.as_ref().unwrap().address;
        let request = self.http.request(method, format!("http://{address}/control/discord{path}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }

    pub async fn fault(&self, fault: Value) {
        self.control(Method::POST, "/faults", fault).await;
    }

    pub async fn no_faults(&self) {
        self.control(Method::DELETE, "/faults", Value::Null).await;
    }

    /// Takes the right to post away from the bot, or gives it back.
    pub async fn may_post(&self, channel: ChannelId, may: bool) {
        let deny = if may { 0_u64 } else { 1 << 11 };
        let body = json!({"role_or_user_id": self.seed.bot_user_id, "type": 1, "allow": "0", "deny": deny.to_string()});
        self.control(Method::PUT, &format!("/channels/{channel}/permissions"), body).await;
    }

    /// What stands in a channel, oldest first: all that a person reads of each message.
    pub async fn texts(&self, channel: ChannelId) -> Vec<String> {
        self.messages(channel).await.iter().map(text).collect()
    }

    pub async fn messages(&self, channel: ChannelId) -> Vec<Value> {
        let path = format!("/channels/{channel}/messages?as={}", self.seed.olga.id);
        self.control(Method::GET, &path, Value::Null).await.as_array().unwrap().clone()
    }

    /// How often somebody was pinged.
    pub async fn pings(&self) -> usize {
        self.control(Method::GET, "/pings", Value::Null).await.as_array().unwrap().len()
    }

    pub async fn requests(&self) -> usize {
        self.control(Method::GET, "/requests", Value::Null).await.as_array().unwrap().len()
    }

    /// P8: every create and edit said whom it may mention, and that was nobody but the configured role.
    pub async fn mentioned_only_whom_it_may(&self) {
        for request in self.control(Method::GET, "/requests", Value::Null).await.as_array().unwrap() {
            if request["method"] == "GET" {
                continue;
            }
            let allowed = &request["body"]["allowed_mentions"];
            assert_eq!(allowed["parse"], json!([]), "{request}");
            let roles = allowed["roles"].as_array().cloned().unwrap_or_default();
            assert!(roles.iter().all(|role| *role == json!(self.seed.on_call.id.to_string())), "{request}");
        }
    }
}

fn settings(config: &Config) -> gateway::Settings {
    let (token, api_url) = (config.discord.token.clone(), config.discord.api_url.clone());
    // What is deaf is to be found soon.
    let soon = Duration::from_millis(300);
    gateway::Settings { token, api_url, patience: Patience { quiet: soon, answer: soon, ..Patience::default() } }
}

/// Waits until the gateway answers, or does not.
pub async fn connected(pulse: &Pulse, is: bool) {
    let waiting = async {
        while pulse.is_connected() != is {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("never connected: {is}"));
}

fn text(message: &Value) -> String {
    let mut said = message["content"].as_str().unwrap_or_default().to_owned();
    for embed in message["embeds"].as_array().into_iter().flatten() {
        for part in ["title", "description"] {
            said = format!("{said}\n{}", embed[part].as_str().unwrap_or_default());
        }
    }
    said
}
