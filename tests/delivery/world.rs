//! A stand-in that listens, a store on a file, and a delivery between them. Whoever ends a test leaves nothing undone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::{Router, serve::ListenerExt as _};
use botswain::discord::delivery::{Delivery, Stepped};
use botswain::discord::render::Context;
use botswain::discord::timelines::Timelines;
use botswain::discord_api::DiscordApi;
use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, ChannelId, RoleId};
use botswain::domain::incident::{Facts, Failover, Incident, Phase, Severity, Subject};
use botswain::domain::notice::{Call, Slot};
use botswain::domain::policy::{Policy, Terms};
use botswain::domain::redundancy::Level;
use botswain::sandbox::discord::{DiscordStandIn, Options, Seed};
use botswain::store::Store;
use botswain::store::incidents::{Changed, Opened};
use jiff::Timestamp;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::witness::Witness;

pub(crate) const TOKEN: &str = "harbour.token.that-nobody-may-see";

pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) url: Url,
    pub(crate) store: Store,
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) wake: Arc<Notify>,
    /// What is carried out next is never answered.
    pub(crate) swallow: Arc<AtomicBool>,
    pub(crate) swallowed: Arc<Notify>,
    stand_in: DiscordStandIn,
    began: Timestamp,
    folder: tempfile::TempDir,
    http: reqwest::Client,
    server: JoinHandle<()>,
    _witness: Witness,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stand_in.close();
        self.server.abort();
    }
}

impl World {
    pub(crate) async fn open() -> Self {
        let options = Options::default();
        let seed = options.seed.clone();
        let stand_in = DiscordStandIn::new(options);
        let _witness = Witness::of(&stand_in, &[]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        stand_in.set_public_address(address);
        let (swallow, swallowed) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (armed, told) = (Arc::clone(&swallow), Arc::clone(&swallowed));
        let swallowing = from_fn(move |request: Request, next: Next| {
            let (armed, told) = (Arc::clone(&armed), Arc::clone(&told));
            async move {
                let armed = armed.swap(false, Ordering::SeqCst);
                let answer = next.run(request).await;
                if armed {
                    told.notify_one();
                    std::future::pending::<()>().await;
                }
                answer
            }
        });
        let router =
            stand_in.router().layer(swallowing).merge(Router::new().nest("/control/discord", stand_in.control()));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let url: Url = format!("http://{address}/").parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = store_in(&folder).await;
        let wake = Arc::new(Notify::new());
        let delivery = delivery(&store, &url, &seed, &wake);
        let (http, began) = (reqwest::Client::new(), Timestamp::now());
        Self { seed, url, store, delivery, wake, swallow, swallowed, stand_in, began, folder, http, server, _witness }
    }

    /// What tells the timelines of what is delivered now.
    pub(crate) fn timelines(&self) -> Timelines {
        Timelines::new(self.store.clone(), self.delivery.outlet(), self.delivery.delivered())
    }

    /// `second`s after the test began.
    pub(crate) fn at(&self, second: i64) -> Timestamp {
        Timestamp::from_second(self.began.as_second() + second).unwrap()
    }

    pub(crate) async fn step(&self, second: i64) -> Stepped {
        self.delivery.step(self.at(second)).await.unwrap()
    }

    /// The process is killed and another one opens what it left.
    pub(crate) async fn restart(&mut self) {
        self.store.close().await;
        let elsewhere = tempfile::tempdir().unwrap();
        // The old store's lock ends with its last handle.
        let spare = store_in(&elsewhere).await;
        self.delivery = delivery(&spare, &self.url, &self.seed, &self.wake);
        self.store = spare;
        let store = store_in(&self.folder).await;
        self.delivery = delivery(&store, &self.url, &self.seed, &self.wake);
        self.store = store;
    }

    pub(crate) fn alerts(&self) -> ChannelId {
        self.seed.alert_channel.id.to_string().parse().unwrap()
    }

    pub(crate) fn team(&self) -> ChannelId {
        self.seed.team_channel.id.to_string().parse().unwrap()
    }

    /// An incident is opened on a bot of this name, with a ping.
    pub(crate) async fn opens(&self, bot: &str) -> Incident {
        self.opens_in(bot, self.alerts(), true).await
    }

    pub(crate) async fn opens_in(&self, bot: &str, channel: ChannelId, ping: bool) -> Incident {
        let subject = Subject::Failover {
            bot: Bot { id: BotId::new(bot), name: bot.to_owned() },
            environment: Environment::new("production"),
        };
        let opened = Incident::new(subject, facts(Level::AtRisk, 1), self.at(0));
        let incident = Incident { announced: Severity::AtRisk, ..opened };
        let call = if ping { Call::Card } else { Call::Nobody };
        assert_eq!(self.store.open_incident(&incident, call, channel, self.at(0)).await.unwrap(), Opened::Now);
        incident
    }

    /// It turns to an outage, and says so.
    pub(crate) async fn gets_worse(&self, incident: &Incident) -> Incident {
        let worse =
            Incident { facts: facts(Level::Outage, 0), announced: Severity::Outage, replies: 1, ..incident.clone() };
        self.changes(&worse, true).await;
        worse
    }

    pub(crate) async fn changes(&self, incident: &Incident, worse: bool) {
        let kept = self.store.open_incidents().await.unwrap();
        let kept = kept.iter().find(|kept| kept.incident.id == incident.id).unwrap();
        let call = if worse { Call::Worse } else { Call::Nobody };
        let changed = self.store.change_incident(kept, incident, call, self.alerts(), self.at(0)).await.unwrap();
        assert_eq!(changed, Changed::Now);
    }

    pub(crate) async fn resolves(&self, incident: &Incident) {
        let phase = Phase::Resolved { at: self.at(60), by: None };
        let over = Incident { facts: facts(Level::Redundant, 2), phase, ..incident.clone() };
        self.changes(&over, false).await;
    }

    pub(crate) async fn place(&self, incident: &Incident) -> String {
        self.store.place_of(&Slot::Card(incident.id.clone())).await.unwrap().unwrap().1.to_string()
    }

    /// The control interface, where it must agree.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = self.url.join(&format!("control/discord{path}")).unwrap();
        let request = self.http.request(method, url);
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

    pub(crate) async fn deleted(&self, message: &str) {
        let path = format!("/channels/{}/messages/{message}", self.alerts());
        self.control(Method::DELETE, &path, Value::Null).await;
    }

    /// The messages that stand in the alert channel, oldest first.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        let path = format!("/channels/{}/messages?as={}", self.alerts(), self.seed.olga.id);
        self.control(Method::GET, &path, Value::Null).await.as_array().unwrap().clone()
    }

    /// How often somebody was pinged.
    pub(crate) async fn pings(&self) -> usize {
        self.control(Method::GET, "/pings", Value::Null).await.as_array().unwrap().len()
    }

    /// What the bot sent: method and route, with ids taken out, and bodies.
    pub(crate) async fn requests(&self) -> Vec<(String, Value)> {
        let all = self.control(Method::GET, "/requests", Value::Null).await;
        let name = |r: &Value| {
            let path = r["path"].as_str().unwrap().split('?').next().unwrap();
            let path = path.trim_start_matches("/api/v10");
            let parts = path.split('/').filter(|part| !part.is_empty() && part.parse::<u64>().is_err());
            format!("{} {}", r["method"].as_str().unwrap(), parts.collect::<Vec<_>>().join("/"))
        };
        all.as_array().unwrap().iter().map(|r| (name(r), r["body"].clone())).collect()
    }

    /// Nothing waits, Discord had nothing to object to, and nobody but the configured role could be pinged.
    pub(crate) async fn is_tidy(&self) {
        assert_eq!(self.store.backlog().await.unwrap().waiting, 0, "something waits");
        assert_eq!(self.control(Method::GET, "/violations", Value::Null).await, json!([]));
        for (route, body) in self.requests().await {
            if route.starts_with("GET") {
                continue;
            }
            let parsed = body.pointer("/allowed_mentions/parse");
            assert_eq!(parsed, Some(&json!([])), "{route}: {body}");
            let roles = body.pointer("/allowed_mentions/roles").and_then(Value::as_array).cloned().unwrap_or_default();
            assert!(roles.iter().all(|role| *role == json!(self.seed.on_call.id.to_string())), "{body}");
        }
    }
}

async fn store_in(folder: &tempfile::TempDir) -> Store {
    let url = format!("sqlite:{}", folder.path().join("botswain.db").display());
    Store::open(&url.into()).await.unwrap()
}

fn delivery(store: &Store, url: &Url, seed: &Seed, wake: &Arc<Notify>) -> Arc<Delivery> {
    let api = DiscordApi::new(&TOKEN.into(), Some(url)).unwrap();
    let role: RoleId = seed.on_call.id.to_string().parse().unwrap();
    let alert_channel = seed.alert_channel.id.to_string().parse().unwrap();
    let terms = Terms { alert_roles: vec![role], alert_channel, ..Terms::default() };
    let policy = Arc::new(Policy::new(terms, Vec::new(), BTreeMap::new()));
    let context = Context { policy, ..Context::default() };
    Arc::new(Delivery::new(store.clone(), api, context, Arc::clone(wake)))
}

pub(crate) fn facts(level: Level, healthy: u32) -> Facts {
    Facts::Failover(Failover { level, healthy, total: 2, minimum: 2, lines: Vec::new() })
}

/// When something is tried again.
#[track_caller]
pub(crate) fn later(stepped: Stepped, world: &World) -> Duration {
    match stepped {
        Stepped::Later { due } => due.duration_since(world.at(0)).unsigned_abs(),
        other => panic!("it is not tried again: {other:?}"),
    }
}
