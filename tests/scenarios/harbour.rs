//! Both stand-ins on real ports, a database in a file, and all parts of the process that watch and speak, each stepped with
//! the time as an argument. A kill drops every part, keeps the file, and builds all of it anew.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use botswain::config::Config;
use botswain::discord::delivery::{Delivery, Stepped};
use botswain::discord::render::Context;
use botswain::discord_api::DiscordApi;
use botswain::domain::action::Verb;
use botswain::domain::authority::Member;
use botswain::domain::incident::{Incident, Subject};
use botswain::incidents::{self, Incidents};
use botswain::lifecycle::contract::Connector;
use botswain::lifecycle::{EventStream, LifecycleClient, Settings};
use botswain::monitor::{Bells, Monitor, Ticked, Watch};
use botswain::operations::{self, Answer, Asker, Operations, Rules, Runner, Said, Settled, Wake};
use botswain::sandbox::discord::{DiscordStandIn, Seed};
use botswain::sandbox::lifecycle::{Deed, FleetSeed, LifecycleSimulator, Mode};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

/// How often the fleet is polled.
pub(crate) const POLL: i64 = 30;

/// Settings, by their names.
pub(crate) type Configured = Vec<(String, String)>;

/// The world, and the process in it.
pub(crate) struct Harbour {
    pub(crate) sandbox: Sandbox,
    pub(crate) seed: Seed,
    parts: Option<Parts>,
    /// The second since it began.
    pub(crate) second: i64,
    began: Timestamp,
    config: Config,
    clients: Clients,
    http: reqwest::Client,
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
        let authority = config.authority.clone();
        let rules = incidents::Rules { authority: authority.clone(), policy: policy.clone() };
        let incidents = Incidents::new(store.clone(), picture.clone(), rules, Wake::default());
        let rules = Rules { authority, policy, confirmation_ttl: config.confirmation_ttl };
        let operations = Operations::new(store.clone(), lifecycle, picture, rules, Wake::default());
        let runner = Runner::new(&operations, discord, config.discord.guild);
        Self { store, monitor, delivery, incidents, operations, runner }
    }
}

impl Harbour {
    /// A fleet, not yet looked at, and a process with these settings. The database is in `folder`, or wherever temporary
    /// files are.
    pub(crate) async fn open(fleet: Vec<Connector>, settings: &Configured, folder: Option<&Path>) -> Self {
        let mut options = Options::default();
        // Another role than the one on call, for what nobody acknowledges.
        options.world.seed.viewers.name = "Leads".to_owned();
        options.world.seed.viewers.mentionable = true;
        let seed = options.world.seed.clone();
        let began = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        options.fleet.mode = Mode::Explicit;
        options.fleet.start_ms = Some(began.as_millisecond());
        options.fleet.fleet = FleetSeed::Connectors(fleet);
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = match folder {
            Some(folder) => tempfile::tempdir_in(folder).unwrap(),
            None => tempfile::tempdir().unwrap(),
        };
        let database = format!("sqlite:{}", folder.path().join("botswain.sqlite3").display());
        let leads = seed.viewers.id.to_string();
        let mut all = vec![("DATABASE_URL", database.as_str()), ("ESCALATION_ROLE_IDS", leads.as_str())];
        all.extend(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let config = sandbox.config(&all).unwrap();
        let clients = Clients::of(&config);
        let parts = Some(Parts::build(&config, &clients).await);
        let http = reqwest::Client::new();
        Self { sandbox, seed, parts, second: 0, began, config, clients, http, _folder: folder }
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
        Timestamp::from_second(self.began.as_second() + self.second).unwrap()
    }

    /// Time passes, here, there and on Discord, and nobody does anything.
    pub(crate) async fn passes(&mut self, seconds: i64) {
        self.second += seconds;
        self.fleet().step(seconds * 1000);
        self.control(Method::POST, "/clock", json!({ "advance_ms": seconds * 1000 })).await;
    }

    // The fleet ------------------------------------------------------------------------------------------------------

    pub(crate) fn fleet(&self) -> &LifecycleSimulator {
        &self.sandbox.lifecycle.as_ref().unwrap().stand_in
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
        let mut any = false;
        loop {
            match self.parts().delivery.step(self.now()).await.unwrap() {
                Stepped::Idle | Stepped::Quiet { .. } => return any,
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
        match self.parts().operations.confirm(&asker, &request.id, self.now()).await.unwrap() {
            Settled::Begun(_) => {}
            other => panic!("{other:?}"),
        }
    }

    // Discord, as its control interface shows it ---------------------------------------------------------------------

    pub(crate) fn stand_in(&self) -> &DiscordStandIn {
        &self.sandbox.discord.as_ref().unwrap().stand_in
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let address = self.sandbox.discord.as_ref().unwrap().address;
        let request = self.http.request(method, format!("http://{address}/control/discord{path}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
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
