//! The test world: the production `App` beside both stand-ins, over real HTTP, WebSocket and SQL. Its verbs read like a chat,
//! and it fails on what is left over.

use std::future::Future;
use std::time::Duration;

use botswain::app::App;
use botswain::sandbox::lifecycle::{FleetSeed, LifecycleSimulator, Order, Timings};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::message::Message;
use crate::person::Person;
use crate::witness::Witness;

/// How long anything may take until it is seen. Generous: it only ever costs time when something is broken.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What is seen is said at once, each bot by itself, and what ended is over.
pub const AT_ONCE: [(&str, &str); 5] = [
    ("ALERT_AFTER", "0s"),
    ("OUTAGE_AFTER", "0s"),
    ("RECOVER_AFTER", "0s"),
    ("REOPEN_WITHIN", "0s"),
    ("STORM_BOTS", "0"),
];

/// How a world begins.
pub struct Beginning {
    pub fleet: FleetSeed,
    pub timings: Timings,
    pub settings: Vec<(&'static str, String)>,
}

impl Default for Beginning {
    fn default() -> Self {
        Self { fleet: FleetSeed::Demo, timings: quick(), settings: Vec::new() }
    }
}

impl Beginning {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }
}

/// Starts and stops that nobody wants to wait for.
pub fn quick() -> Timings {
    Timings { running: 20, stop: 60, redeploy: 60, online: 120, cloud: 180, start_timeout: 2_000 }
}

pub struct World {
    pub sandbox: Sandbox,
    settings: Vec<(&'static str, String)>,
    http: reqwest::Client,
    app: Option<RunningApp>,
    expected: Vec<u64>,
    _witness: Witness,
}

struct RunningApp {
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<Result<(), botswain::app::Ended>>,
}

impl World {
    /// The whole thing, served: the bot is on the gateway, and has read the fleet.
    pub async fn new() -> Self {
        Self::begin(Beginning::default()).await
    }

    pub async fn begin(beginning: Beginning) -> Self {
        let mut world = Self::without_bot(beginning).await;
        world.start_bot().await;
        world
    }

    pub async fn without_bot(beginning: Beginning) -> Self {
        let mut options = Options::default();
        options.fleet.fleet = beginning.fleet;
        options.fleet.timings = beginning.timings;
        options.fleet.load_drift = None;
        let sandbox = Sandbox::start(options).await.unwrap();
        let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
        let (settings, http) = (beginning.settings, reqwest::Client::new());
        Self { sandbox, settings, http, app: None, expected: Vec::new(), _witness }
    }

    /// Starts the bot, on the database that it had before, if it had one.
    pub async fn start_bot(&mut self) {
        let mut settings: Vec<(&str, &str)> = vec![("POLL_INTERVAL", "1s"), ("START_GRACE", "30s")];
        settings.extend(AT_ONCE);
        settings.extend(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        let config = self.sandbox.config(&settings).unwrap();
        let app = App::start(config).await.unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let ended = tokio::spawn(app.run_until(async move { stopped.cancelled().await }));
        self.app = Some(RunningApp { stop, ended });
        self.until("the bot serves its commands", async |world: &Self| world.is_served().await.then_some(())).await;
    }

    /// Whether a bot is on the gateway.
    pub async fn is_connected(&self) -> bool {
        self.state(self.owner()).await["connected"] == true
    }

    /// Whether a bot is on the gateway, has registered its commands, and knows the fleet.
    pub async fn is_served(&self) -> bool {
        let state = self.state(self.owner()).await;
        if state["connected"] != true || state["commands"].as_array().unwrap().is_empty() {
            return false;
        }
        let status = Person::new(self, self.owner()).runs("/bots status env:production").await;
        status.message.is_some_and(|message| !message.says("has not been read yet"))
    }

    /// Everything that Discord sees happen, as it happens: how many things at a time.
    pub async fn events(&self) -> BoxStream<'static, usize> {
        let events = self.http.get(self.url(&format!("events?as={}", self.owner()))).send().await.unwrap();
        let count = |chunk: reqwest::Result<_>| {
            let chunk: Vec<u8> = chunk.map(Into::into).expect("the stand-in lives");
            chunk.windows(5).filter(|window| window == b"data:").count()
        };
        events.bytes_stream().map(count).boxed()
    }

    /// Ends the bot as a signal would.
    pub async fn stop_bot(&mut self) {
        let RunningApp { stop, ended } = self.app.take().expect("the bot runs");
        stop.cancel();
        tokio::time::timeout(DEADLINE, ended).await.expect("the bot drains in time").unwrap().unwrap();
    }

    /// Ends the world, and fails on leftovers: a task that died, a rule of Discord's that was broken, an open operation.
    pub async fn finish(mut self) {
        if self.app.is_some() {
            self.stop_bot().await;
        }
        let violations = self.get("violations").await.as_array().unwrap().clone();
        let unexpected = |code: &Value| !code.as_u64().is_some_and(|code| self.expected.contains(&code));
        let violations: Vec<_> = violations.iter().filter(|v| unexpected(&v["code"])).collect();
        assert!(violations.is_empty(), "the bot did what Discord would not take: {violations:#?}");
        let store = self.store().await;
        assert_eq!(store.open_operations().await.unwrap(), [], "operations were left open");
        store.close().await;
        self.sandbox.stop().await;
    }

    /// Says that Discord will refuse something with this code, and that this is meant.
    pub fn expect_refusal(&mut self, code: u64) {
        self.expected.push(code);
    }

    /// The store of a bot that does not run.
    pub async fn store(&self) -> Store {
        assert!(self.app.is_none(), "the bot holds its store");
        let config = self.sandbox.config(&[]).unwrap();
        Store::open(&config.database_url).await.unwrap()
    }

    // People -------------------------------------------------------------------------------------------------------------

    fn seed(&self) -> botswain::sandbox::discord::Seed {
        botswain::sandbox::discord::Seed::default()
    }

    /// An operator, who is on call as well.
    pub fn olga(&self) -> Person<'_> {
        Person::new(self, self.seed().olga.id.to_string())
    }

    /// Another operator.
    pub fn otto(&self) -> Person<'_> {
        Person::new(self, self.seed().otto.id.to_string())
    }

    /// A viewer.
    pub fn vera(&self) -> Person<'_> {
        Person::new(self, self.seed().vera.id.to_string())
    }

    fn owner(&self) -> String {
        self.seed().adam.id.to_string()
    }

    pub fn team_channel(&self) -> String {
        self.seed().team_channel.id.to_string()
    }

    pub fn alert_channel(&self) -> String {
        self.seed().alert_channel.id.to_string()
    }

    // The fleet ----------------------------------------------------------------------------------------------------------

    pub fn fleet(&self) -> &LifecycleSimulator {
        &self.sandbox.lifecycle.as_ref().unwrap().stand_in
    }

    pub fn does(&self, connector: &str, order: impl Into<Order>) {
        self.fleet().do_to(connector, order).unwrap();
    }

    // The control interface ----------------------------------------------------------------------------------------------

    fn url(&self, path: &str) -> String {
        format!("http://{}/control/discord/{path}", self.sandbox.discord.as_ref().unwrap().address)
    }

    pub async fn state(&self, as_whom: String) -> Value {
        self.get(&format!("state?as={as_whom}")).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.http.get(self.url(path)).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    /// Posts, and answers with the status and what came back.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.http.post(self.url(path)).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn send(&self, method: reqwest::Method, path: &str, body: Value) {
        let answer = self.http.request(method, self.url(path)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    }

    /// Throws a fault at Discord.
    pub async fn fault(&self, fault: Value) {
        let (status, said) = self.post("faults", fault).await;
        assert!((200..300).contains(&status), "{said}");
    }

    pub async fn gateway(&self, action: Value) {
        let (status, said) = self.post("gateway", action).await;
        assert!((200..300).contains(&status), "{said}");
    }

    /// What the bot asked of Discord's REST.
    pub async fn requests(&self) -> Vec<Value> {
        self.get("requests?after=0").await.as_array().unwrap().clone()
    }

    pub async fn pings(&self) -> Vec<Value> {
        self.get("pings").await.as_array().unwrap().clone()
    }

    /// What stands in a channel, as its owner sees it.
    pub async fn messages_in(&self, channel: &str) -> Vec<Message> {
        self.messages_as(&self.owner(), channel).await
    }

    pub async fn messages_as(&self, whom: &str, channel: &str) -> Vec<Message> {
        let found = self.get(&format!("channels/{channel}/messages?as={whom}")).await;
        found.as_array().unwrap().iter().cloned().map(Message).collect()
    }

    pub async fn alerts(&self) -> Vec<Message> {
        self.messages_in(&self.alert_channel()).await
    }

    /// Waits until `seen` says something: asked at once, and again at each event of Discord's.
    pub async fn until<T>(&self, what: &str, seen: impl AsyncFn(&Self) -> Option<T>) -> T {
        let mut events = self.events().await;
        let waiting = async {
            loop {
                if let Some(found) = seen(self).await {
                    return found;
                }
                events.next().await.expect("the stand-in tells its events");
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(found) => found,
            Err(_) => {
                let (team, alerts) = (self.messages_in(&self.team_channel()).await, self.alerts().await);
                panic!("not seen in time: {what}\n#bots:\n{team:#?}\n#bots-alerts:\n{alerts:#?}")
            }
        }
    }

    /// Waits for a message in a channel.
    pub async fn message(&self, channel: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let what = format!("a message in {channel}");
        self.until(&what, async |world: &Self| world.messages_in(channel).await.into_iter().find(|m| fits(m))).await
    }

    /// Waits for a message in the alert channel that says this.
    pub async fn alert(&self, text: &str) -> Message {
        let channel = self.alert_channel();
        let find = async |world: &Self| world.messages_in(&channel).await.into_iter().find(|m| m.says(text));
        self.until(&format!("an alert that says {text:?}"), find).await
    }

    /// Waits for an operation's message in the team channel that says this.
    pub async fn operation(&self, text: &str) -> Message {
        let channel = self.team_channel();
        let find = async |world: &Self| world.messages_in(&channel).await.into_iter().find(|m| m.says(text));
        self.until(&format!("an operation that says {text:?}"), find).await
    }
}

/// Runs a future with a deadline, and says what was waited for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}
