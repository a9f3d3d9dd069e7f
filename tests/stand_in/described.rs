//! All that the stand-in serves and sends: each route is asked and each kind of event is sent, so that the judges of every
//! test's end (see `tests/description`) have seen all of it once.
use std::{collections::BTreeSet, sync::Arc, time::Duration};

use botswain::sandbox::discord::{EventKind, Options, Seed, Seen};
use reqwest::Method;
use serde_json::{Value, json};
use serenity::all::{ChunkGuildFilter, ClientBuilder, GatewayIntents, GuildId};
use serenity::http::HttpBuilder;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::harbour::{Harbour, PATIENCE};
use crate::puppet::{Puppet, private, quiet};

/// A route of the stand-in, as its source has it: a method, and the parts of a path; what is no literal is `None`.
type Route = (String, Vec<Option<String>>);

fn routes() -> Vec<Route> {
    let source = include_str!("../../src/sandbox/discord/rest/routes.rs");
    let mut found = Vec::new();
    for arm in source.split("(\"").skip(1) {
        let Some((method, rest)) = arm.split_once("\", [") else {
            continue;
        };
        if !["GET", "PUT", "POST", "PATCH", "DELETE"].contains(&method) {
            continue;
        }
        let (pattern, _) = rest.split_once(')').unwrap();
        for list in pattern.split('|') {
            let parts = list.trim().trim_matches(['[', ']']).split(',').map(str::trim);
            let literal = |part: &str| part.strip_prefix('"').map(|rest| rest.trim_end_matches('"').to_owned());
            found.push((method.to_owned(), parts.map(literal).collect()));
        }
    }
    assert!(found.len() > 40, "the routes are where they were: {found:?}");
    found
}

fn serves((method, parts): &Route, request: &Value) -> bool {
    let path = request["path"].as_str().unwrap().trim_start_matches("/api/v10");
    let path: Vec<&str> = path.split('?').next().unwrap().trim_matches('/').split('/').collect();
    let fits = |(part, asked): (&Option<String>, &&str)| part.as_ref().is_none_or(|literal| literal == asked);
    request["method"] == method.as_str() && parts.len() == path.len() && parts.iter().zip(&path).all(fits)
}

/// A stand-in whose bot may make and delete channels and threads as well, and hears everything.
async fn open_to_all(interaction_deadline: Duration) -> Harbour {
    let (manage_channels, manage_threads) = (1 << 4, 1 << 34);
    let mut seed = Seed::default();
    seed.bot_permissions |= manage_channels | manage_threads;
    let privileged_intents = GatewayIntents::privileged().bits();
    Harbour::with(Options { seed, privileged_intents, interaction_deadline, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_asked_and_answers() {
    let harbour = open_to_all(PATIENCE).await;
    people_and_guild(&harbour).await;
    commands(&harbour).await;
    messages_and_threads(&harbour).await;
    interactions(&harbour).await;
    let asked = harbour.look("/requests").await;
    let served = asked.as_array().unwrap().iter().filter(|request| request["status"].as_u64() < Some(300));
    let mut routes: Vec<(Route, bool)> = routes().into_iter().map(|route| (route, false)).collect();
    for request in served {
        // The first that fits is the one that answers.
        if let Some((_, reached)) = routes.iter_mut().find(|(route, _)| serves(route, request)) {
            *reached = true;
        }
    }
    let missed: Vec<_> = routes.iter().filter(|(_, reached)| !reached).collect();
    assert!(missed.is_empty(), "nobody asked {missed:?}");
}

async fn people_and_guild(harbour: &Harbour) {
    let (guild, olga) = (harbour.seed.guild_id, harbour.olga());
    let paths = [
        "/gateway".to_owned(),
        "/gateway/bot".to_owned(),
        "/users/@me".to_owned(),
        "/users/@me/guilds".to_owned(),
        format!("/users/@me/guilds/{guild}/member"),
        format!("/users/{olga}"),
        "/applications/@me".to_owned(),
        "/oauth2/applications/@me".to_owned(),
        format!("/guilds/{guild}"),
        format!("/guilds/{guild}/channels"),
        format!("/guilds/{guild}/roles"),
        format!("/guilds/{guild}/members?limit=10"),
        format!("/guilds/{guild}/members/search?query=o&limit=10"),
        format!("/guilds/{guild}/members/{olga}"),
        format!("/channels/{}", harbour.team()),
    ];
    for path in paths {
        harbour.get(&path).await.ok();
    }
}

async fn commands(harbour: &Harbour) {
    let command = json!({
        "name": "deck", "description": "d", "default_member_permissions": "32", "contexts": [0],
        "options": [{"type": 3, "name": "text", "description": "d", "min_length": null, "max_length": 20}],
    });
    let global = format!("/applications/{}/commands", harbour.seed.application_id);
    for path in [global, harbour.commands_path()] {
        let made = harbour.post(&path, command.clone()).await;
        assert_eq!(made.status, 201);
        let one = format!("{path}/{}", made.id());
        let shown = harbour.get(&one).await.ok();
        assert!(shown["options"][0].get("min_length").is_none(), "what was left open is not kept: {shown}");
        let changed = harbour.bot(Method::PATCH, &one, json!({"default_member_permissions": "64"})).await.ok();
        assert_eq!(changed["default_member_permissions"], "64");
        harbour.bot(Method::PUT, &path, json!([command, {"name": "hold", "description": "d"}])).await.ok();
        harbour.get(&format!("{path}?with_localizations=true")).await.ok();
        harbour.bot(Method::DELETE, &one, Value::Null).await.ok();
    }
}

async fn messages_and_threads(harbour: &Harbour) {
    let team = format!("/channels/{}", harbour.team());
    harbour.post(&format!("{team}/typing"), Value::Null).await.ok();
    let message = harbour.say(quiet("ahoy")).await.id();
    let one = format!("{team}/messages/{message}");
    harbour.bot(Method::PATCH, &one, quiet("edited")).await.ok();
    let thread = harbour.post(&format!("{one}/threads"), json!({"name": "timeline"})).await.id();
    harbour.post(&format!("{team}/threads"), json!({"name": "loose", "type": 11})).await.ok();
    harbour.post(&format!("/channels/{thread}/messages"), quiet("in it")).await.ok();
    harbour.get(&one).await.ok();
    harbour.get(&format!("{team}/messages?limit=5")).await.ok();
    harbour.get(&format!("/guilds/{}/threads/active", harbour.seed.guild_id)).await.ok();
    harbour.bot(Method::PATCH, &format!("/channels/{thread}"), json!({"archived": true})).await.ok();
    harbour.get(&format!("{team}/threads/archived/public?limit=5")).await.ok();
    harbour.bot(Method::DELETE, &one, Value::Null).await.ok();
    harbour.bot(Method::DELETE, &format!("/channels/{}", harbour.seed.alert_channel.id), Value::Null).await.ok();
}

async fn interactions(harbour: &Harbour) {
    let puppet = Puppet::start(harbour).await;
    let (open, reply, _) = puppet.act(harbour, json!({"type": 4, "data": private("ahoy")})).await;
    reply.ok();
    open.original(harbour, Method::GET, Value::Null).await.ok();
    open.original(harbour, Method::PATCH, quiet("edited")).await.ok();
    let more = open.follow_up(harbour, quiet("more")).await.id();
    let path = format!("/webhooks/{}/{}/messages/{more}", harbour.seed.application_id, open.token);
    harbour.get(&path).await.ok();
    harbour.bot(Method::DELETE, &path, Value::Null).await.ok();
    open.original(harbour, Method::DELETE, Value::Null).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_event_is_sent_for_the_witness_to_decode() {
    let harbour = open_to_all(Duration::from_millis(50)).await;
    let mut seen = harbour.stand_in.witness();
    let http = HttpBuilder::new("any.token.atall").proxy(format!("http://{}", harbour.address));
    let builder = ClientBuilder::new_with_http(http.ratelimiter_disabled(true).build(), GatewayIntents::all());
    let mut client = builder.await.unwrap();
    let shards = Arc::clone(&client.shard_manager);
    let task = tokio::spawn(async move { client.start().await });
    harbour.identified(1).await;
    messages_and_threads_come_and_go(&harbour).await;
    members_come_and_go(&harbour).await;
    {
        let runners = shards.runners.lock().await;
        let messenger = &runners.values().next().unwrap().runner_tx;
        let guild = GuildId::new(harbour.seed.guild_id.0);
        messenger.chunk_guild(guild, Some(1), false, ChunkGuildFilter::Query("ot".into()), None);
    }
    let mut kinds = BTreeSet::new();
    until_sent(&mut seen, &mut kinds, EventKind::GuildMembersChunk).await;
    harbour.gateway(json!({"action": "drop"})).await;
    until_sent(&mut seen, &mut kinds, EventKind::Resumed).await;
    task.abort();
    assert_eq!(kinds, EventKind::ALL.iter().map(|kind| kind.name().to_owned()).collect());
}

/// Collects the kinds of what is sent, until this one is.
async fn until_sent(seen: &mut UnboundedReceiver<Seen>, kinds: &mut BTreeSet<String>, last: EventKind) {
    let collected = async {
        while !kinds.contains(last.name()) {
            if let Seen::Event(text) = seen.recv().await.expect("the stand-in lives") {
                let event: Value = serde_json::from_str(&text).unwrap();
                kinds.insert(event["t"].as_str().unwrap().to_owned());
            }
        }
    };
    tokio::time::timeout(PATIENCE, collected).await.unwrap_or_else(|_| panic!("{} was never sent", last.name()));
}

async fn messages_and_threads_come_and_go(harbour: &Harbour) {
    let command = json!([{"name": "silent", "description": "d"}]);
    harbour.bot(Method::PUT, &harbour.commands_path(), command).await.ok();
    let team = format!("/channels/{}", harbour.team());
    harbour.post(&format!("{team}/typing"), Value::Null).await.ok();
    let message = harbour.say(quiet("ahoy")).await.id();
    let one = format!("{team}/messages/{message}");
    let thread = harbour.post(&format!("{one}/threads"), json!({"name": "timeline"})).await.id();
    harbour.bot(Method::PATCH, &format!("/channels/{thread}"), json!({"archived": true})).await.ok();
    harbour.bot(Method::DELETE, &format!("/channels/{thread}"), Value::Null).await.ok();
    harbour.bot(Method::DELETE, &one, Value::Null).await.ok();
}

async fn members_come_and_go(harbour: &Harbour) {
    harbour.run(harbour.olga(), "silent", json!([])).await;
    let (team, viewers) = (harbour.team(), harbour.seed.viewers.id);
    let view = |bits: &str| json!({"role_or_user_id": harbour.seed.bot_user_id, "type": 1, "deny": bits});
    let permissions = format!("/channels/{team}/permissions");
    let slow = json!({"role_or_user_id": viewers, "type": 0, "deny": "2048"});
    for overwrite in [slow, view("1024"), view("0")] {
        harbour.act(Method::PUT, &permissions, overwrite).await;
    }
    let vera = format!("/members/{}", harbour.vera());
    harbour.act(Method::PUT, &format!("{vera}/roles"), json!({"roles": []})).await;
    harbour.act(Method::DELETE, &vera, Value::Null).await;
}

#[tokio::test]
async fn components_that_show_files_say_where_these_are() {
    let harbour = Harbour::open().await;
    let shown = json!({"flags": 32768, "allowed_mentions": {"parse": []}, "components": [
        {"type": 9, "components": [{"type": 10, "content": "text"}],
            "accessory": {"type": 11, "media": {"url": "https://example.org/a.png"}}},
        {"type": 12, "items": [{"media": {"url": "attachment://fleet.csv"}}]},
        {"type": 13, "file": {"url": "attachment://fleet.csv"}},
        {"type": 14},
        {"type": 17, "components": [{"type": 10, "content": "in it"}]},
    ]});
    let file = reqwest::multipart::Part::bytes(b"a,b".to_vec()).file_name("fleet.csv");
    let form = reqwest::multipart::Form::new().text("payload_json", shown.to_string()).part("files[0]", file);
    let path = format!("/api/v10/channels/{}/messages", harbour.team());
    let answer: Value = harbour.raw(Method::POST, &path).multipart(form).send().await.unwrap().json().await.unwrap();
    let file = &answer["components"][2];
    assert_eq!((&file["name"], &file["size"]), (&json!("fleet.csv"), &json!(3)), "{answer}");
    let bytes = reqwest::get(file["file"]["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap();
    assert_eq!(&bytes[..], b"a,b");
}
