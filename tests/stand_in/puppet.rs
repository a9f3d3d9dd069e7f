//! A bot that answers nothing by itself: it hands each interaction to the test, which answers by hand.
use reqwest::Method;
use serde_json::{Value, json};
use serenity::{all::*, async_trait, http::HttpBuilder};
use tokio::{
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    task::JoinHandle,
};

use crate::harbour::{Harbour, PATIENCE, Reply};

pub(crate) struct Puppet {
    arrived: Mutex<UnboundedReceiver<Interaction>>,
    task: JoinHandle<serenity::Result<()>>,
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Ears(UnboundedSender<Interaction>);

#[async_trait]
impl EventHandler for Ears {
    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        self.0.send(interaction).expect("the test listens");
    }
}

/// An interaction that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) id: u64,
    pub(crate) token: String,
    pub(crate) whole: Interaction,
    application: u64,
}

impl Open {
    pub(crate) async fn answer(&self, harbour: &Harbour, body: Value) -> Reply {
        harbour.post(&format!("/interactions/{}/{}/callback", self.id, self.token), body).await
    }

    pub(crate) async fn follow_up(&self, harbour: &Harbour, body: Value) -> Reply {
        harbour.post(&format!("/webhooks/{}/{}", self.application, self.token), body).await
    }

    pub(crate) async fn original(&self, harbour: &Harbour, method: Method, body: Value) -> Reply {
        harbour.bot(method, &format!("/webhooks/{}/{}/messages/@original", self.application, self.token), body).await
    }
}

/// A text that pings nobody.
pub(crate) fn quiet(content: &str) -> Value {
    json!({"content": content, "allowed_mentions": {"parse": []}})
}

/// A private text that pings nobody.
pub(crate) fn private(content: &str) -> Value {
    json!({"content": content, "flags": 64, "allowed_mentions": {"parse": []}})
}

impl Puppet {
    /// Connects, with the commands `/act` and `/type` (autocomplete) registered.
    pub(crate) async fn start(harbour: &Harbour) -> Self {
        let (sender, receiver) = unbounded_channel();
        let commands = json!([
            {"name": "act", "description": "A command"},
            {"name": "type", "description": "A command", "options": [{"type": 3, "name": "bot", "description": "d", "autocomplete": true}]},
        ]);
        harbour.bot(Method::PUT, &harbour.commands_path(), commands).await.ok();
        let http = HttpBuilder::new("any.token.atall")
            .proxy(format!("http://{}", harbour.address))
            .ratelimiter_disabled(true)
            .build();
        let mut client = ClientBuilder::new_with_http(http, GatewayIntents::empty())
            .event_handler(Ears(sender))
            .await
            .expect("a client");
        assert!(client.ws_url.lock().await.starts_with("ws://127.0.0.1"));
        let task = tokio::spawn(async move { client.start().await });
        harbour.identified(1).await;
        Puppet { arrived: Mutex::new(receiver), task }
    }

    /// The next interaction.
    pub(crate) async fn next(&self) -> Open {
        let mut arrived = self.arrived.lock().await;
        let whole = tokio::time::timeout(PATIENCE, arrived.recv())
            .await
            .expect("an interaction arrives")
            .expect("the bot lives");
        let (id, token, application) = (whole.id().get(), whole.token().to_owned(), whole.application_id().get());
        Open { id, token, whole, application }
    }

    /// Olga runs `/act`; the test answers with `body`, and gets what she was told.
    pub(crate) async fn act(&self, harbour: &Harbour, body: Value) -> (Open, Reply, Value) {
        let run = harbour.run(harbour.olga(), "act", json!([]));
        let answer = async {
            let open = self.next().await;
            let reply = open.answer(harbour, body).await;
            (open, reply)
        };
        let (told, (open, reply)) = tokio::join!(run, answer);
        (open, reply, told)
    }

    /// Somebody presses; the test answers with `body`.
    pub(crate) async fn press(&self, harbour: &Harbour, input: Value, body: Value) -> (Open, Reply, Value) {
        let press = harbour.act(Method::POST, "/press", input);
        let answer = async {
            let open = self.next().await;
            let reply = open.answer(harbour, body).await;
            (open, reply)
        };
        let (told, (open, reply)) = tokio::join!(press, answer);
        (open, reply, told)
    }
}
