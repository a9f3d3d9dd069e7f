//! The use cases and the runner over a real store, the real client and the simulated service, with time as an argument.

use std::sync::Arc;
use std::time::Duration;

use botswain::config::Config;
use botswain::discord_api::DiscordApi;
use botswain::domain::action::Verb;
use botswain::domain::audit::Entry;
use botswain::domain::authority::Member;
use botswain::domain::ids::{ChannelId, Id, RoleId, UserId};
use botswain::domain::operation::Operation;
use botswain::domain::pace::Limits;
use botswain::domain::policy::Picture;
use botswain::domain::request::{Refusal, Request};
use botswain::incidents::{self, Incidents};
use botswain::lifecycle::{FleetAnswer, LifecycleClient, Settings};
use botswain::operations::{Answer, Asker, Operations, Rules, Runner, Said, Settled, Stepped, Wake};
use botswain::sandbox::discord::Seed;
use botswain::sandbox::lifecycle::{FleetSeed, LifecycleSimulator, Mode};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::witness::Witness;

pub struct Bench {
    pub sandbox: Sandbox,
    pub store: Store,
    pub lifecycle: LifecycleClient,
    pub operations: Operations,
    pub incidents: Incidents,
    pub runner: Runner,
    picture: watch::Sender<Arc<Picture>>,
    interactions: std::sync::atomic::AtomicU64,
    _witness: Witness,
}

/// A moment, in seconds after the beginning of the test's time.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::of(FleetSeed::Demo, change).await
    }

    pub async fn of(fleet: FleetSeed, change: impl FnOnce(&mut Config)) -> Self {
        let mut options = Options::default();
        options.fleet.mode = Mode::Explicit;
        options.fleet.start_ms = Some(at(0).as_millisecond());
        options.fleet.fleet = fleet;
        let sandbox = Sandbox::start(options).await.unwrap();
        let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
        let mut config = sandbox.config(&[]).unwrap();
        // Whoever wants to see them says them.
        config.policy.limits = Limits::default();
        change(&mut config);
        let store = Store::open(&config.database_url).await.unwrap();
        let service = Settings::new(config.lifecycle.url.clone(), config.lifecycle.token.clone());
        let lifecycle = LifecycleClient::new(Settings { retries: 0, ..service }).unwrap();
        let (picture, watched) = watch::channel(Arc::new(Picture::default()));
        let ruled = incidents::Rules { authority: config.authority.clone(), policy: config.policy.clone() };
        let incidents = Incidents::new(store.clone(), watched.clone(), ruled, Wake::default());
        let rules = Rules {
            authority: config.authority.clone(),
            policy: config.policy.clone(),
            confirmation_ttl: config.confirmation_ttl,
        };
        let operations = Operations::new(store.clone(), lifecycle.clone(), watched, rules, Wake::default());
        let discord = DiscordApi::new(&config.discord.token, config.discord.api_url.as_ref()).unwrap();
        let runner = Runner::new(&operations, discord, config.discord.guild);
        let bench = Self {
            sandbox,
            store,
            lifecycle,
            operations,
            incidents,
            runner,
            picture,
            interactions: 1.into(),
            _witness,
        };
        bench.look(at(0)).await;
        bench
    }

    /// What the monitor does at each poll: reads the fleet and publishes it.
    pub async fn look(&self, now: Timestamp) {
        let mut picture = Picture::default();
        let FleetAnswer::Read(read) = self.lifecycle.fleet(None).await.unwrap() else {
            panic!("a reading without a tag is whole");
        };
        picture.fleet.read(read.into(), now);
        self.picture.send_replace(Arc::new(picture));
    }

    pub fn fleet(&self) -> &LifecycleSimulator {
        &self.sandbox.lifecycle.as_ref().unwrap().stand_in
    }

    /// What was really carried out on the fleet, as `stop billing-1`.
    pub fn deeds(&self) -> Vec<String> {
        self.fleet()
            .actions()
            .iter()
            .map(|deed| format!("{} {}", serde_json::to_value(deed.action).unwrap().as_str().unwrap(), deed.connector))
            .collect()
    }

    /// Olga has these roles from now on, wherever they are fetched.
    pub async fn set_roles_of_olga(&self, roles: &[&str]) {
        let address = self.sandbox.discord.as_ref().unwrap().address;
        let path = format!("http://{address}/control/discord/members/{}/roles", Seed::default().olga.id);
        let body = serde_json::json!({ "roles": roles });
        reqwest::Client::new().put(path).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    pub fn olga(&self) -> Asker {
        let seed = Seed::default();
        self.asker(seed.olga.id.to_string().parse().unwrap(), "Olga", &[seed.operators.id.to_string()])
    }

    pub fn otto(&self) -> Asker {
        let seed = Seed::default();
        self.asker(seed.otto.id.to_string().parse().unwrap(), "Otto", &[seed.operators.id.to_string()])
    }

    /// Another operator.
    pub fn asks(&self, name: &str) -> Asker {
        self.asker(UserId(4_711), name, &[Seed::default().operators.id.to_string()])
    }

    pub fn vera(&self) -> Asker {
        let seed = Seed::default();
        self.asker(seed.vera.id.to_string().parse().unwrap(), "Vera", &[seed.viewers.id.to_string()])
    }

    fn asker(&self, id: UserId, name: &str, roles: &[String]) -> Asker {
        let roles = roles.iter().map(|role| role.parse::<RoleId>().unwrap()).collect();
        let member = Member { id, name: name.to_owned(), roles, manages_guild: Some(false) };
        let interaction = self.interactions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Asker { member, channel: ChannelId(5), interaction }
    }

    /// Asks for something that needs no menu, and is answered with the prompt.
    pub async fn prompt(
        &self,
        asker: &Asker,
        verb: Verb,
        connector: &str,
        to: Option<&str>,
        now: Timestamp,
    ) -> Request {
        match self.ask(asker, verb, connector, to, now).await {
            Answer::Confirm(request) => request,
            other => panic!("expected a prompt: {other:?}"),
        }
    }

    pub async fn ask(&self, asker: &Asker, verb: Verb, connector: &str, to: Option<&str>, now: Timestamp) -> Answer {
        let said = Said { connector: Some(connector.to_owned()), to: to.map(str::to_owned), ..Said::default() };
        self.operations.ask(asker, verb, said, now).await.unwrap()
    }

    pub async fn begin(
        &self,
        asker: &Asker,
        verb: Verb,
        connector: &str,
        to: Option<&str>,
        now: Timestamp,
    ) -> Operation {
        let request = self.prompt(asker, verb, connector, to, now).await;
        self.confirm(asker, &request.id, now).await.unwrap()
    }

    /// Presses the button that agrees, and types what is to be typed, if that is asked for.
    pub async fn confirm(&self, asker: &Asker, request: &Id, now: Timestamp) -> Result<Operation, Refusal> {
        let pressed = match self.operations.confirm(asker, request, now).await.unwrap() {
            Settled::Unsaid { wanted, .. } => {
                self.operations.confirm_typed(asker, request, &wanted, now).await.unwrap()
            }
            settled => settled,
        };
        match pressed {
            Settled::Begun(operation) => Ok(*operation),
            Settled::Refused(refusal) => Err(refusal),
            other => panic!("neither begun nor refused: {other:?}"),
        }
    }

    /// From now on Discord says that this person has no role.
    pub async fn takes_roles_from(&self, asker: &Asker) {
        let path = format!("members/{}/roles", asker.member.id);
        self.discord(reqwest::Method::PUT, &path, serde_json::json!({ "roles": [] })).await;
    }

    /// Does something to Discord's world.
    pub async fn discord(&self, method: reqwest::Method, path: &str, body: serde_json::Value) {
        let address = self.sandbox.discord.as_ref().unwrap().address;
        let url = format!("http://{address}/control/discord/{path}");
        reqwest::Client::new().request(method, url).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    /// Steps the runner and the fleet, a second at a time, until nothing is open or `seconds` are over.
    pub async fn run(&self, from: i64, seconds: i64) -> i64 {
        for second in from..from + seconds {
            while self.runner.step(at(second)).await.unwrap() == Stepped::Worked {}
            if self.store.open_operations().await.unwrap().is_empty() {
                return second;
            }
            self.fleet().step(1_000);
        }
        from + seconds
    }

    /// Steps the runner until nothing is due at this moment.
    pub async fn drain(&self, now: Timestamp) {
        while self.runner.step(now).await.unwrap() == Stepped::Worked {}
    }

    pub async fn operation(&self, id: &Id) -> Operation {
        self.store.operation(id).await.unwrap().unwrap()
    }

    pub async fn audit(&self) -> Vec<Entry> {
        self.store.records(at(-1_000_000), 1_000).await.unwrap()
    }
}

/// The service's route on which changes are begun.
pub const CHANGES: &str = "POST /v1/connectors/{id}/operations";
pub const TTL: Duration = Duration::from_secs(120);
