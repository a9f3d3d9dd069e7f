//! A stand-in that listens, and the ways in which tests reach it.
use std::{net::SocketAddr, time::Duration};

use axum::{Router, serve::ListenerExt as _};
use botswain::sandbox::discord::{DiscordStandIn, Options, Seed, Snowflake};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::witness::Witness;

/// These tests send what is refused: a form that is wrong (50035), no JSON (50109), and to where there is nothing (0).
const MEANT_TO_BE_REFUSED: &[u64] = &[50035, 50109, 0];

/// Longer than anything should take, on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running stand-in. It ends with the test.
pub(crate) struct Harbour {
    pub(crate) stand_in: DiscordStandIn,
    pub(crate) address: SocketAddr,
    pub(crate) seed: Seed,
    http: reqwest::Client,
    server: JoinHandle<()>,
    _witness: Witness,
}

impl Drop for Harbour {
    fn drop(&mut self) {
        self.stand_in.close();
        self.server.abort();
    }
}

/// What the bot was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: header::HeaderMap,
}

impl Reply {
    /// Discord's code of a refusal.
    pub(crate) fn code(&self) -> u64 {
        self.body["code"].as_u64().unwrap_or(0)
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {self:?}")).to_owned()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status < 300, "refused: {} {}", self.status, self.body);
        self.body
    }
}

impl Harbour {
    pub(crate) async fn open() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let seed = options.seed.clone();
        let stand_in = DiscordStandIn::new(options);
        let _witness = Witness::of(&stand_in, MEANT_TO_BE_REFUSED);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        stand_in.set_public_address(address);
        let router = Router::new().merge(stand_in.router()).nest("/control/discord", stand_in.control());
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Harbour { stand_in, address, seed, http: reqwest::Client::new(), server, _witness }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request as a bot makes it. `body` null sends none.
    pub(crate) async fn bot(&self, method: Method, path: &str, body: Value) -> Reply {
        let request = self
            .http
            .request(method, self.url(&format!("/api/v10{path}")))
            .header(header::AUTHORIZATION, "Bot any.token.atall");
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), headers }
    }

    /// A request that may fail as a whole.
    pub(crate) fn raw(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path)).header(header::AUTHORIZATION, "Bot any.token.atall")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.bot(Method::POST, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.bot(Method::GET, path, Value::Null).await
    }

    /// The bot says something in the team channel.
    pub(crate) async fn say(&self, body: Value) -> Reply {
        self.post(&format!("/channels/{}/messages", self.team()), body).await
    }

    /// The control interface: status and body.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.http.request(method, self.url(&format!("/control/discord{path}")));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The control interface, where it must agree.
    pub(crate) async fn act(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.control(method, path, body.clone()).await;
        assert!(status.is_success(), "{path} {body}: {status} {answer}");
        answer
    }

    pub(crate) async fn look(&self, path: &str) -> Value {
        self.act(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn gateway(&self, action: Value) {
        self.act(Method::POST, "/gateway", action).await;
    }

    pub(crate) fn team(&self) -> Snowflake {
        self.seed.team_channel.id
    }

    pub(crate) fn olga(&self) -> Snowflake {
        self.seed.olga.id
    }

    pub(crate) fn vera(&self) -> Snowflake {
        self.seed.vera.id
    }

    /// The path of the guild's commands.
    pub(crate) fn commands_path(&self) -> String {
        format!("/applications/{}/guilds/{}/commands", self.seed.application_id, self.seed.guild_id)
    }

    /// Somebody runs a command in the team channel.
    pub(crate) async fn run(&self, who: Snowflake, name: &str, options: Value) -> Value {
        self.act(
            Method::POST,
            "/commands",
            json!({"as": who, "channel_id": self.team(), "name": name, "options": options}),
        )
        .await
    }

    /// Waits until the look at `path` is as asked.
    pub(crate) async fn until(&self, path: &str, what: &str, found: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let seen = self.look(path).await;
            if found(&seen) {
                return seen;
            }
            assert!(tokio::time::Instant::now() < deadline, "waited in vain for {what}; last seen: {seen}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the bot is connected as often as said.
    pub(crate) async fn identified(&self, times: u64) {
        self.until("/gateway", "an IDENTIFY", |seen| {
            seen["connected"] == true && seen["identified"].as_u64() >= Some(times)
        })
        .await;
    }
}
