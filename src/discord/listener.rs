//! What the gateway sends: heard by the watchdog, counted if it cannot be decoded, and interactions handed on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use serenity::all::{Context, Event, GuildId as SerenityGuild, InteractionId, RawEventHandler, Ready};
use serenity::async_trait;
use serenity::http::Http;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Front;
use super::commands;
use super::interactions::answer::{First, Reply, describe};
use super::interactions::is_only_looked_at;
use super::pulse::Pulse;
use super::render::refusal;
use super::watchdog::{SharedWatchdog, lock};
use crate::domain::ids::Id;

/// Pauses between attempts to register the commands; the last one stays.
const REGISTER_AGAIN: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(60)];

/// The one event handler of a client.
#[derive(Clone)]
pub(super) struct Listener {
    pub(super) front: Front,
    pub(super) pulse: Arc<Pulse>,
    pub(super) watchdog: SharedWatchdog,
    pub(super) answering: TaskTracker,
    /// Its client was replaced.
    pub(super) retired: CancellationToken,
    /// Where the work is done: the client's own runtime ends with the client.
    pub(super) work: Handle,
    /// For what is done there. A connection lives in the runtime that made it, so to share the client's would wake a thread of
    /// the other runtime for every answer.
    pub(super) http: Arc<Http>,
}

impl Listener {
    async fn ready(&self, http: &Http, ready: &Ready) {
        lock(&self.watchdog).ready(Instant::now());
        self.pulse.set_connected(true);
        let in_guild = ready.guilds.iter().any(|guild| guild.id.get() == self.front.guild.0);
        tracing::info!(bot = %ready.user.id, guild = %self.front.guild, in_guild, "connected to Discord's gateway");
        if !in_guild {
            tracing::error!(guild = %self.front.guild, "the bot is not a member of the guild in DISCORD_GUILD_ID: invite it");
        }
        self.register(http).await;
    }

    /// Registers the commands. Discord replaces what was there, so doing it again changes nothing.
    async fn register(&self, http: &Http) {
        let guild = SerenityGuild::new(self.front.guild.0);
        let body = commands::registration();
        let [.., last] = REGISTER_AGAIN;
        let mut pauses = REGISTER_AGAIN.into_iter().chain(std::iter::repeat(last));
        loop {
            match http.create_guild_commands(guild, &body).await {
                Ok(_) => break,
                Err(error) => {
                    tracing::error!("the commands could not be registered: {}", describe(&error));
                    let Some(pause) = pauses.next() else { return };
                    tokio::time::sleep(pause).await;
                }
            }
        }
        self.pulse.set_registered(true);
        tracing::info!("the commands are registered");
    }

    /// An event that serenity could not decode, or does not know. Its content stays out of the log: it may hold a token.
    async fn undecoded(&self, http: &Http, kind: &str, event: &Value) {
        let count = self.pulse.count_undecoded();
        tracing::warn!(kind, count, "an event of Discord's gateway could not be decoded");
        if kind != "INTERACTION_CREATE" {
            return;
        }
        let id = event["id"].as_str().and_then(|id| id.parse::<u64>().ok()).filter(|id| *id > 0);
        let (Some(id), Some(token)) = (id, event["token"].as_str()) else { return };
        let reference = Id::random();
        tracing::error!(interaction = id, reference = reference.reference(), "an interaction could not be decoded");
        // Type 4 is somebody typing; they are offered nothing.
        let answer = match event["type"].as_u64() {
            Some(4) => First::Offers(Vec::new()),
            _ => First::Private(refusal::unreadable(reference.reference())),
        };
        if let Err(error) = Reply::new(http, InteractionId::new(id), token).first(&answer).await {
            tracing::warn!(interaction = id, "an answer did not reach Discord: {error}");
        }
    }
}

#[async_trait]
impl RawEventHandler for Listener {
    async fn raw_event(&self, context: Context, event: Event) {
        if self.retired.is_cancelled() {
            // serenity may have begun a session anew while it was being replaced. What that hears, its successor hears, too.
            return;
        }
        lock(&self.watchdog).heard(Instant::now());
        self.pulse.hear(Timestamp::now());
        let listener = self.clone();
        match event {
            Event::Ready(event) => {
                let http = Arc::clone(&self.http);
                http.set_application_id(event.ready.application.id);
                self.work.spawn(async move { listener.ready(&http, &event.ready).await });
            }
            Event::Resumed(_) => self.pulse.set_connected(true),
            Event::InteractionCreate(event) => {
                // What is answered from memory loses nothing with this client, and is sooner there from where it is heard.
                let (work, http) = if is_only_looked_at(&event.interaction) {
                    (Handle::current(), context.http)
                } else {
                    (self.work.clone(), Arc::clone(&self.http))
                };
                let answer = async move { listener.front.handle(&http, event.interaction).await };
                self.answering.spawn_on(answer, &work);
            }
            Event::Unknown(event) => {
                let http = Arc::clone(&self.http);
                let answer = async move { listener.undecoded(&http, &event.kind, &event.value).await };
                self.answering.spawn_on(answer, &self.work);
            }
            _ => {}
        }
    }
}
