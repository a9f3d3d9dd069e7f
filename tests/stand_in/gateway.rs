//! The gateway when things go wrong, seen from an unmodified serenity.
use std::{collections::HashMap, sync::Arc, time::Duration};

use botswain::sandbox::discord::Options;
use reqwest::Method;
use serde_json::{Value, json};
use serenity::{Error, all::*, async_trait, http::HttpBuilder};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::harbour::{Harbour, PATIENCE};

struct Ears(UnboundedSender<Event>);

#[async_trait]
impl RawEventHandler for Ears {
    async fn raw_event(&self, _: Context, event: Event) {
        // A test that has heard enough stops listening.
        self.0.send(event).ok();
    }
}

/// A client that only listens, and what it hears.
async fn listen(harbour: &Harbour, intents: GatewayIntents) -> (Client, UnboundedReceiver<Event>) {
    let (sender, receiver) = unbounded_channel();
    let http = HttpBuilder::new("any.token.atall")
        .proxy(format!("http://{}", harbour.address))
        .ratelimiter_disabled(true)
        .build();
    let client = ClientBuilder::new_with_http(http, intents).raw_event_handler(Ears(sender)).await.expect("a client");
    assert!(client.ws_url.lock().await.starts_with("ws://127.0.0.1"));
    (client, receiver)
}

/// The first event that fits.
async fn hear<T>(events: &mut UnboundedReceiver<Event>, fits: impl Fn(Event) -> Option<T>) -> T {
    let heard = async {
        loop {
            if let Some(found) = fits(events.recv().await.expect("the client lives")) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the event arrives")
}

async fn ends_with(harbour: &Harbour, intents: GatewayIntents) -> Error {
    let (mut client, _events) = listen(harbour, intents).await;
    let ended = tokio::time::timeout(PATIENCE, client.start()).await.expect("the client ends");
    ended.expect_err("the client ends with an error")
}

#[tokio::test]
async fn a_rejected_token_ends_the_client() {
    let harbour = Harbour::open().await;
    let (mut client, mut events) = listen(&harbour, GatewayIntents::GUILDS).await;
    let reject = async {
        hear(&mut events, |event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
        harbour.gateway(json!({"action": "reject_token"})).await;
    };
    let (ended, ()) = tokio::join!(tokio::time::timeout(PATIENCE, client.start()), reject);
    let error = ended.expect("the client ends").expect_err("with an error");
    assert!(matches!(error, Error::Gateway(GatewayError::InvalidAuthentication)), "{error:?}");
    let again = ends_with(&harbour, GatewayIntents::GUILDS).await;
    assert!(matches!(again, Error::Gateway(GatewayError::InvalidAuthentication)), "{again:?}");
}

#[tokio::test]
async fn privileged_intents_must_be_switched_on() {
    let harbour = Harbour::open().await;
    let error = ends_with(&harbour, GatewayIntents::GUILDS | GatewayIntents::MESSAGE_CONTENT).await;
    assert!(matches!(error, Error::Gateway(GatewayError::DisallowedGatewayIntents)), "{error:?}");
}

#[tokio::test]
async fn without_the_intent_what_people_write_stays_hidden() {
    let content = GatewayIntents::GUILD_MESSAGES | GatewayIntents::MESSAGE_CONTENT;
    for (intents, switched_on, expected) in [(GatewayIntents::GUILD_MESSAGES, 0, ""), (content, content.bits(), "ahoy")]
    {
        let harbour = Harbour::with(Options { privileged_intents: switched_on, ..Options::default() }).await;
        let (mut client, mut events) = listen(&harbour, intents).await;
        let task = tokio::spawn(async move { client.start().await });
        harbour.identified(1).await;
        let write = json!({"as": harbour.olga(), "channel_id": harbour.team(), "content": "ahoy"});
        harbour.act(Method::POST, "/messages", write).await;
        let message =
            hear(
                &mut events,
                |event| {
                    if let Event::MessageCreate(created) = event { Some(created.message) } else { None }
                },
            )
            .await;
        assert_eq!(message.content, expected);
        task.abort();
    }
}

#[tokio::test]
async fn members_are_told_on_request_and_changes_with_the_intent() {
    let intents = GatewayIntents::GUILDS | GatewayIntents::GUILD_MEMBERS;
    let harbour = Harbour::with(Options { privileged_intents: intents.bits(), ..Options::default() }).await;
    let (mut client, mut events) = listen(&harbour, intents).await;
    let shards = Arc::clone(&client.shard_manager);
    let task = tokio::spawn(async move { client.start().await });
    hear(&mut events, |event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
    let guild = GuildId::new(harbour.seed.guild_id.0);
    let ids = vec![UserId::new(harbour.seed.bot_user_id.0), UserId::new(1)];
    let runners = shards.runners.lock().await;
    let messenger = &runners.values().next().unwrap().runner_tx;
    messenger.chunk_guild(guild, None, false, ChunkGuildFilter::UserIds(ids), Some("probe".into()));
    messenger.chunk_guild(guild, Some(1), false, ChunkGuildFilter::Query("ot".into()), Some("query".into()));
    drop(runners);
    let mut chunks = HashMap::new();
    for _ in 0..2 {
        let chunk =
            hear(&mut events, |event| if let Event::GuildMembersChunk(chunk) = event { Some(chunk) } else { None })
                .await;
        chunks.insert(chunk.nonce.clone().unwrap(), chunk);
    }
    assert_eq!(chunks["probe"].members.keys().map(|id| id.get()).collect::<Vec<_>>(), [harbour.seed.bot_user_id.0]);
    assert_eq!(chunks["probe"].not_found.len(), 1);
    assert_eq!(chunks["query"].members.keys().map(|id| id.get()).collect::<Vec<_>>(), [harbour.seed.otto.id.0]);

    harbour
        .act(Method::PUT, &format!("/members/{}/roles", harbour.vera()), json!({"roles": [harbour.seed.operators.id]}))
        .await;
    let changed =
        hear(&mut events, |event| if let Event::GuildMemberUpdate(update) = event { Some(update) } else { None }).await;
    assert_eq!((changed.user.id.get(), changed.roles[0].get()), (harbour.vera().0, harbour.seed.operators.id.0));
    harbour.act(Method::DELETE, &format!("/members/{}", harbour.vera()), Value::Null).await;
    let left = hear(&mut events, |event| {
        if let Event::GuildMemberRemove(removed) = event { Some(removed.user.id.get()) } else { None }
    })
    .await;
    assert_eq!(left, harbour.vera().0);
    task.abort();
}

#[tokio::test]
async fn an_event_that_does_not_decode_is_unknown_and_the_next_is_heard() {
    let harbour = Harbour::open().await;
    let (mut client, mut events) = listen(&harbour, GatewayIntents::GUILD_MESSAGES).await;
    let task = tokio::spawn(async move { client.start().await });
    harbour.identified(1).await;
    harbour.gateway(json!({"action": "garbage_event"})).await;
    hear(&mut events, |event| matches!(event, Event::Unknown(_)).then_some(())).await;
    harbour.say(json!({"content": "x", "allowed_mentions": {"parse": []}})).await.ok();
    hear(&mut events, |event| matches!(event, Event::MessageCreate(_)).then_some(())).await;
    task.abort();
}

#[tokio::test]
async fn heartbeats_without_an_answer_lead_to_a_new_connection() {
    let harbour = Harbour::with(Options { heartbeat_interval: Duration::from_millis(300), ..Options::default() }).await;
    let (mut client, _events) = listen(&harbour, GatewayIntents::GUILDS).await;
    let task = tokio::spawn(async move { client.start().await });
    harbour.identified(1).await;
    harbour.gateway(json!({"action": "mute_acks"})).await;
    let again = |seen: &Value| seen["identified"].as_u64().unwrap() + seen["resumed"].as_u64().unwrap() > 1;
    harbour.until("/gateway", "a second connection", again).await;
    task.abort();
}

#[tokio::test]
async fn a_deaf_gateway_neither_greets_nor_tells() {
    let harbour = Harbour::open().await;
    harbour.gateway(json!({"action": "deaf"})).await;
    let (mut client, mut events) = listen(&harbour, GatewayIntents::GUILDS).await;
    let task = tokio::spawn(async move { client.start().await });
    // It dials and hears nothing; when the gateway hears again, it has to dial anew.
    let dialled = harbour.until("/gateway", "a connection", |seen| seen["connections"] == 1).await;
    assert_eq!(dialled["identified"], 0);
    assert!(events.try_recv().is_err());
    harbour.gateway(json!({"action": "deaf", "on": false})).await;
    harbour.identified(1).await;
    task.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_can_be_closed_without_a_code() {
    // serenity 0.12 spins on such a frame until its next heartbeat, so that one has to come soon.
    let harbour = Harbour::with(Options { heartbeat_interval: Duration::from_millis(500), ..Options::default() }).await;
    let (mut client, mut events) = listen(&harbour, GatewayIntents::GUILDS).await;
    let task = tokio::spawn(async move { client.start().await });
    hear(&mut events, |event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
    harbour.gateway(json!({"action": "close_without_code"})).await;
    harbour.until("/gateway", "the end of the connection", |seen| seen["connected"] == false).await;
    task.abort();
}
