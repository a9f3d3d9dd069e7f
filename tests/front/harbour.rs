//! The front at work: the real gateway client and use cases between the stand-in and the simulated service.
//! Neither runner nor delivery runs here; what is confirmed stays as the store has it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use botswain::discord::Front;
use botswain::discord::gateway::{Gateway, GatewayError, Settings};
use botswain::discord::pulse::Pulse;
use botswain::discord::watchdog::Patience;
use botswain::domain::audit::Entry;
use botswain::domain::operation::Operation;
use botswain::domain::policy::Picture;
use botswain::incidents::{self, Incidents};
use botswain::lifecycle::{self, FleetAnswer, LifecycleClient};
use botswain::operations::{Operations, Rules, Wake};
use botswain::sandbox::discord::{Seed, Snowflake};
use botswain::sandbox::lifecycle::Mode;
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use jiff::Timestamp;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::witness::Witness;

/// Longer than anything should take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Harbour {
    pub sandbox: Sandbox,
    pub store: Store,
    pub seed: Seed,
    pub pulse: Arc<Pulse>,
    pub picture: watch::Sender<Arc<Picture>>,
    lifecycle: LifecycleClient,
    gateway: JoinHandle<Result<(), GatewayError>>,
    shutdown: CancellationToken,
    http: reqwest::Client,
    _witness: Witness,
}

impl Harbour {
    /// A front that serves.
    pub async fn open() -> Self {
        let harbour = Self::closed().await;
        harbour.until("the commands to be registered", async |h| h.pulse.is_registered()).await;
        harbour
    }

    /// A front that is starting.
    pub async fn closed() -> Self {
        Self::with(async |_| {}).await
    }

    /// A front that starts after `before` was done to the stand-in.
    pub async fn with(before: impl AsyncFnOnce(&Control)) -> Self {
        Self::made_of(Options::default(), before).await
    }

    /// The same, of a sandbox that is made as `options` say.
    pub async fn made_of(mut options: Options, before: impl AsyncFnOnce(&Control)) -> Self {
        options.fleet.mode = Mode::Explicit;
        let sandbox = Sandbox::start(options).await.unwrap();
        let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
        let config = sandbox.config(&[]).unwrap();
        let control = Control::of(&sandbox);
        before(&control).await;
        let store = Store::open(&config.database_url).await.unwrap();
        let service = lifecycle::Settings::new(config.lifecycle.url.clone(), config.lifecycle.token.clone());
        let lifecycle = LifecycleClient::new(service).unwrap();
        let (picture, watched) = watch::channel(Arc::new(Picture::default()));
        let rules = Rules {
            authority: config.authority.clone(),
            policy: config.policy.clone(),
            confirmation_ttl: config.confirmation_ttl,
        };
        let operations = Operations::new(store.clone(), lifecycle.clone(), watched.clone(), rules, Wake::default());
        let rules = incidents::Rules { authority: config.authority.clone(), policy: config.policy.clone() };
        let incidents = Incidents::new(store.clone(), watched.clone(), rules, Wake::default());
        let front = Front {
            store: store.clone(),
            operations,
            incidents,
            picture: watched,
            policy: config.policy.clone(),
            guild: config.discord.guild,
            poll_interval: config.poll_interval,
            overviews: Default::default(),
            people: Default::default(),
            interactions: Default::default(),
        };
        let settings = Settings {
            token: config.discord.token.clone(),
            api_url: config.discord.api_url.clone(),
            patience: Patience::default(),
        };
        let gateway = Gateway::new(settings, front);
        let (pulse, shutdown) = (gateway.pulse(), CancellationToken::new());
        let gateway = tokio::spawn(gateway.run(shutdown.clone()));
        let http = reqwest::Client::new();
        let harbour = Self {
            sandbox,
            store,
            seed: Seed::default(),
            pulse,
            picture,
            lifecycle,
            gateway,
            shutdown,
            http,
            _witness,
        };
        harbour.look_at_fleet().await;
        harbour
    }

    /// What the monitor does at each poll.
    pub async fn look_at_fleet(&self) {
        let mut picture = Picture::default();
        let FleetAnswer::Read(read) = self.lifecycle.fleet(None).await.unwrap() else {
            panic!("a reading without a tag is whole");
        };
        picture.fleet.read(read.into(), Timestamp::now());
        self.picture.send_replace(Arc::new(picture));
    }

    /// How the gateway ended by itself.
    pub async fn ended(&mut self) -> Result<(), GatewayError> {
        tokio::time::timeout(PATIENCE, &mut self.gateway).await.expect("the gateway ends").unwrap()
    }

    /// Ends it, and fails on what Discord would not have taken.
    pub async fn close(self) {
        let violations = self.control().look("/violations").await;
        assert_eq!(violations, json!([]), "Discord would have refused something");
        self.shutdown.cancel();
        self.gateway.await.unwrap().unwrap();
        self.store.close().await;
        self.sandbox.stop().await;
    }

    /// The bot's token.
    pub fn token(&self) -> String {
        self.sandbox.config(&[]).unwrap().discord.token.expose_secret().to_owned()
    }

    pub fn control(&self) -> Control {
        Control { address: self.sandbox.discord.as_ref().unwrap().address.to_string(), http: self.http.clone() }
    }

    pub async fn gateway(&self, action: Value) {
        self.control().act("/gateway", action).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.control().act("/faults", fault).await;
    }

    pub fn olga(&self) -> Snowflake {
        self.seed.olga.id
    }

    pub fn otto(&self) -> Snowflake {
        self.seed.otto.id
    }

    pub fn vera(&self) -> Snowflake {
        self.seed.vera.id
    }

    fn in_team(&self, who: Snowflake, rest: Value) -> Value {
        let mut body = json!({"as": who, "channel_id": self.seed.team_channel.id});
        for (name, value) in rest.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// `/bots stop connector:billing-2` as `run(who, "stop", [("connector", "billing-2")])`: the first answer.
    pub async fn run(&self, who: Snowflake, sub: &str, options: &[(&str, &str)]) -> Value {
        self.run_from(who, sub, options, json!("no")).await
    }

    /// The same from elsewhere: `direct_message` or `other_guild`.
    pub async fn run_from(&self, who: Snowflake, sub: &str, options: &[(&str, &str)], elsewhere: Value) -> Value {
        let body = json!({"name": "bots", "options": [invocation(sub, options, None)], "elsewhere": elsewhere});
        self.control().act("/commands", self.in_team(who, body)).await
    }

    /// The same, and its answer as it stands once the bot is done.
    pub async fn ask(&self, who: Snowflake, sub: &str, options: &[(&str, &str)]) -> Value {
        let begun = self.run(who, sub, options).await;
        self.done(begun).await
    }

    pub async fn typing(
        &self,
        who: Snowflake,
        sub: &str,
        options: &[(&str, &str)],
        focused: (&str, &str),
    ) -> Vec<String> {
        let body = json!({"name": "bots", "options": [invocation(sub, options, Some(focused))]});
        let answer = self.control().act("/autocomplete", self.in_team(who, body)).await;
        let choices = answer["choices"].as_array().unwrap_or_else(|| panic!("no choices in {answer}"));
        choices.iter().map(|choice| choice["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The message of an interaction once it is answered for good.
    pub async fn done(&self, begun: Value) -> Value {
        let waits = json!({"interaction_id": begun["interaction_id"], "timeout_ms": 20_000});
        let answer = self.control().act("/wait", waits).await;
        assert_eq!(answer["state"], "answered", "{answer}");
        answer["message"].clone()
    }

    /// Presses the button with this label on a message; the interaction.
    pub async fn press(&self, who: Snowflake, message: &Value, label: &str) -> Value {
        let custom_id = button(message, label);
        let body = json!({"message_id": message["id"], "custom_id": custom_id});
        self.control().act("/press", self.in_team(who, body)).await
    }

    /// Presses what is not there.
    pub async fn forge(&self, who: Snowflake, message: &Value, custom_id: &str) -> Value {
        let body = json!({"message_id": message["id"], "custom_id": custom_id, "forged": true});
        self.control().act("/press", self.in_team(who, body)).await
    }

    /// Chooses the option with this label from a message's menu; the interaction.
    pub async fn choose(&self, who: Snowflake, message: &Value, label: &str) -> Value {
        let parts = parts(message);
        let options = parts
            .iter()
            .flat_map(|part| part["options"].as_array().into_iter().flatten().map(move |option| (part, option)));
        let chosen = options.into_iter().find(|(_, option)| option["label"] == label);
        let (menu, option) = chosen.unwrap_or_else(|| panic!("no option {label} on {message}"));
        let value = &option["value"];
        let body = json!({"message_id": message["id"], "custom_id": menu["custom_id"], "values": [value]});
        self.control().act("/select", self.in_team(who, body)).await
    }

    /// What a member sees in the team channel.
    pub async fn seen_by(&self, who: Snowflake) -> Vec<Value> {
        let path = format!("/channels/{}/messages?as={who}", self.seed.team_channel.id);
        self.control().look(&path).await.as_array().unwrap().clone()
    }

    pub async fn operations(&self) -> Vec<Operation> {
        self.store.open_operations().await.unwrap()
    }

    pub async fn records(&self) -> Vec<Entry> {
        self.store.records(Timestamp::UNIX_EPOCH, 100).await.unwrap()
    }

    /// Waits for what happens by itself.
    pub async fn until(&self, what: &str, mut is: impl AsyncFnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is(self).await {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// How long it takes until a command is answered again.
    pub async fn served_again(&self) -> Duration {
        let begun = Instant::now();
        loop {
            let answer = self.run(self.vera(), "status", &[("env", "production")]).await;
            if answer["outcome"] == "message" {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < PATIENCE, "never served again: {answer}");
        }
    }
}

fn invocation(sub: &str, options: &[(&str, &str)], focused: Option<(&str, &str)>) -> Value {
    let mut given: Vec<_> =
        options.iter().map(|(name, value)| json!({"type": 3, "name": name, "value": value})).collect();
    given.extend(focused.map(|(name, value)| json!({"type": 3, "name": name, "value": value, "focused": true})));
    json!({"type": 1, "name": sub, "options": given})
}

/// All components of a message.
pub fn parts(message: &Value) -> Vec<Value> {
    let rows = message["components"].as_array().cloned().unwrap_or_default();
    rows.iter().flat_map(|row| row["components"].as_array().cloned().unwrap_or_default()).collect()
}

/// The custom id of the button with this label.
pub fn button(message: &Value, label: &str) -> String {
    let parts = parts(message);
    let found = parts.iter().find(|part| part["label"] == label);
    found.unwrap_or_else(|| panic!("no button {label:?} on {message}"))["custom_id"].as_str().unwrap().to_owned()
}

/// All that a person reads on a message.
pub fn text(message: &Value) -> String {
    let mut text = message["content"].as_str().unwrap_or_default().to_owned();
    for embed in message["embeds"].as_array().into_iter().flatten() {
        for part in [&embed["title"], &embed["description"]] {
            text.push_str(part.as_str().unwrap_or_default());
            text.push('\n');
        }
        for field in embed["fields"].as_array().into_iter().flatten() {
            text.push_str(&format!("{}: {}\n", field["name"].as_str().unwrap(), field["value"].as_str().unwrap()));
        }
    }
    text
}

/// The stand-in's control interface.
pub struct Control {
    address: String,
    http: reqwest::Client,
}

impl Control {
    fn of(sandbox: &Sandbox) -> Self {
        Self { address: sandbox.discord.as_ref().unwrap().address.to_string(), http: reqwest::Client::new() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("http://{}/control/discord{path}", self.address);
        let mut request = self.http.request(method, url);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path} {body:?}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub async fn act(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn look(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await
    }

    pub async fn clear(&self, path: &str) {
        self.send(Method::DELETE, path, None).await;
    }
}
