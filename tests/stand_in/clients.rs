//! An unmodified serenity against the stand-in.
use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};
use serenity::all::{
    ChannelId, CreateAllowedMentions, CreateAttachment, CreateMessage, CreateThread, EditMessage, GuildId, UserId,
};

use crate::{
    bot::Bot,
    harbour::{Harbour, PATIENCE},
};

async fn until_ready(bot: &Bot, times: u64) {
    let reached = async {
        while bot.heard.ready.load(Ordering::SeqCst) < times {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("the bot gets ready");
}

async fn until_heard(bot: &Bot, event: &str) {
    let heard = async {
        while !bot.heard.events.lock().unwrap().iter().any(|name| name == event) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, heard)
        .await
        .unwrap_or_else(|_| panic!("no {event} in {:?}", bot.heard.events.lock().unwrap()));
}

async fn says_ahoy(harbour: &Harbour) {
    let options = json!([{"name": "echo", "options": [{"name": "text", "value": "ahoy"}]}]);
    let answer = harbour.run(harbour.olga(), "bots", options).await;
    assert_eq!(answer["message"]["content"], "ahoy", "{answer}");
}

fn press(harbour: &Harbour, message: &Value, custom_id: &str) -> Value {
    json!({"as": harbour.olga(), "channel_id": harbour.team(), "message_id": message["id"], "custom_id": custom_id})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_with_a_subcommand_is_answered_privately() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    let options = json!([{"name": "echo", "options": [{"name": "text", "value": "ahoy"}, {"name": "who", "value": harbour.vera()}]}]);
    let answer = harbour.run(harbour.olga(), "bots", options).await;
    assert_eq!(answer["outcome"], "message");
    assert_eq!(answer["message"]["content"], "ahoy");
    assert_eq!(answer["message"]["ephemeral"], true);
    assert_eq!(bot.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deferred_answer_is_filled_with_a_file_and_followed_up() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    let answer = harbour.run(harbour.olga(), "later", json!([])).await;
    assert!(answer["outcome"] == "deferred", "{answer}");
    let wait = json!({"interaction_id": answer["interaction_id"], "timeout_ms": 20_000});
    let done = harbour.act(Method::POST, "/wait", wait).await;
    assert_eq!(done["state"], "answered");
    assert_eq!(done["message"]["content"], "done");
    let file = &done["message"]["attachments"][0];
    assert_eq!(file["filename"], "fleet.csv");
    let bytes = reqwest::get(file["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap();
    assert_eq!(&bytes[..], b"a,b\n1,2\n");
    let path = format!("/interactions/{}", answer["interaction_id"].as_str().unwrap());
    harbour.until(&path, "the follow-up", |seen| seen["follow_ups"][0]["content"] == "and more").await;
    assert_eq!(bot.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buttons_and_selects_change_their_message() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    let panel = harbour.run(harbour.olga(), "panel", json!([])).await["message"].clone();
    let pressed = harbour.act(Method::POST, "/press", press(&harbour, &panel, "go")).await;
    assert_eq!(pressed["outcome"], "deferred_update");
    let wait = json!({"interaction_id": pressed["interaction_id"], "timeout_ms": 20_000});
    let done = harbour.act(Method::POST, "/wait", wait).await;
    assert_eq!((&done["message"]["id"], &done["message"]["content"]), (&panel["id"], &json!("pressed")));

    let panel = harbour.run(harbour.olga(), "panel", json!([])).await["message"].clone();
    let mut select = press(&harbour, &panel, "env");
    select["values"] = json!(["demo"]);
    let selected = harbour.act(Method::POST, "/select", select).await;
    assert_eq!((&selected["outcome"], &selected["message"]["content"]), (&json!("update"), &json!("selected demo")));
    assert_eq!(bot.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modal_is_shown_and_sent() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    let shown = harbour.run(harbour.olga(), "ask", json!([])).await;
    assert_eq!((&shown["outcome"], &shown["modal"]["title"]), (&json!("modal"), &json!("Why?")));
    let submit = json!({"as": harbour.olga(), "interaction_id": shown["interaction_id"], "custom_id": "why", "values": {"reason": "fog"}});
    let sent = harbour.act(Method::POST, "/submit", submit).await;
    assert_eq!(sent["message"]["content"], "because fog");
    assert_eq!(bot.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn autocomplete_offers_what_the_bot_says() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    let typed = json!({"as": harbour.olga(), "channel_id": harbour.team(), "name": "pick", "options": [{"name": "bot", "value": "Bil", "focused": true}]});
    let offered = harbour.act(Method::POST, "/autocomplete", typed).await;
    assert_eq!(offered["choices"], json!([{"name": "Bil — 2 of 2 healthy", "value": "Bil"}]));
    assert_eq!(bot.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_is_resumed_and_nothing_is_lost() {
    for action in [
        json!({"action": "drop"}),
        json!({"action": "reconnect"}),
        json!({"action": "close", "code": 4000}),
        json!({"action": "invalid_session", "resumable": true}),
    ] {
        let harbour = Harbour::open().await;
        let bot = Bot::start(&harbour).await;
        harbour.gateway(action.clone()).await;
        harbour
            .until("/gateway", &format!("a RESUME after {action}"), |seen| {
                seen["resumed"] == 1 && seen["connected"] == true
            })
            .await;
        says_ahoy(&harbour).await;
        assert_eq!(harbour.look("/gateway").await["identified"], 1, "{action}");
        assert_eq!(bot.stop().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_the_connection_is_down_arrives_after_the_resume() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    // Nothing goes out, but all is kept; then the connection breaks.
    harbour.gateway(json!({"action": "deaf", "on": true})).await;
    harbour
        .act(
            Method::POST,
            "/messages",
            json!({"as": harbour.olga(), "channel_id": harbour.team(), "content": "missed?"}),
        )
        .await;
    harbour.gateway(json!({"action": "drop"})).await;
    harbour.until("/gateway", "the break", |seen| seen["connected"] == false).await;
    harbour.gateway(json!({"action": "deaf", "on": false})).await;
    until_heard(&bot, "MESSAGE_CREATE").await;
    assert_eq!(bot.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_session_leads_to_a_fresh_identify() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    harbour.gateway(json!({"action": "invalid_session", "resumable": false})).await;
    harbour.identified(2).await;
    until_ready(&bot, 2).await;
    says_ahoy(&harbour).await;
    assert_eq!(bot.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limited_answer_is_sent_again_after_the_wait() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    let route = "POST /interactions/{id}/{token}/callback";
    let fault = json!({"kind": "rate_limit", "retry_after": 0.2, "route": route, "times": 1});
    harbour.act(Method::POST, "/faults", fault).await;
    let refused = says_ahoy_or_fails(&harbour).await;
    let log = harbour.look("/requests").await;
    let statuses: Vec<u64> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|request| request["route"] == route)
        .map(|request| request["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses[0], 429);
    // Without its rate limiter serenity gives up at once, and the person is told so.
    assert_eq!((statuses.len(), refused["error"].as_str()), (1, Some("The application did not respond")));
    drop(bot);
}

async fn says_ahoy_or_fails(harbour: &Harbour) -> Value {
    harbour.run(harbour.olga(), "bots", json!([{"name": "echo", "options": [{"name": "text", "value": "ahoy"}]}])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_and_object_decodes() {
    let harbour = Harbour::open().await;
    let bot = Bot::start(&harbour).await;
    let (http, team) = (&bot.http, ChannelId::new(harbour.team().0));
    let guild = GuildId::new(harbour.seed.guild_id.0);
    http.get_current_user().await.unwrap();
    http.get_current_application_info().await.unwrap();
    http.get_bot_gateway().await.unwrap();
    http.get_guild(guild).await.unwrap();
    http.get_guild_roles(guild).await.unwrap();
    http.get_channels(guild).await.unwrap();
    let olga = guild.member(http, UserId::new(harbour.olga().0)).await.unwrap();
    assert_eq!(olga.roles.len(), 2);
    assert_eq!(guild.search_members(http, "ol", Some(5)).await.unwrap().len(), 1);
    assert_eq!(guild.get_commands(http).await.unwrap().len(), 6);

    let quiet = CreateAllowedMentions::new();
    let card = CreateMessage::new()
        .content("card")
        .allowed_mentions(quiet.clone())
        .add_file(CreateAttachment::bytes(b"x".to_vec(), "x.txt"));
    let mut message = team.send_message(http, card).await.unwrap();
    message.edit(http, EditMessage::new().content("edited").allowed_mentions(quiet)).await.unwrap();
    assert_eq!(team.message(http, message.id).await.unwrap().content, "edited");
    assert_eq!(team.messages(http, serenity::all::GetMessages::new().limit(5)).await.unwrap().len(), 1);
    let mut thread = team.create_thread_from_message(http, message.id, CreateThread::new("timeline")).await.unwrap();
    thread.id.say(http, "in it").await.unwrap();
    thread.edit_thread(http, serenity::all::EditThread::new().archived(true)).await.unwrap();
    team.broadcast_typing(http).await.unwrap();
    message.delete(http).await.unwrap();
    harbour.act(Method::DELETE, &format!("/channels/{}", harbour.seed.alert_channel.id), Value::Null).await;
    let overwrite = json!({"role_or_user_id": harbour.seed.viewers.id, "type": 0, "deny": "1024"});
    harbour.act(Method::PUT, &format!("/channels/{}/permissions", harbour.team()), overwrite).await;
    let panel = harbour.run(harbour.olga(), "panel", json!([])).await["message"].clone();
    harbour.act(Method::POST, "/press", press(&harbour, &panel, "go")).await;

    for event in [
        "READY",
        "GUILD_CREATE",
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "CHANNEL_DELETE",
        "CHANNEL_UPDATE",
        "TYPING_START",
        "INTERACTION_CREATE",
    ] {
        until_heard(&bot, event).await;
    }
    assert_eq!(bot.stop().await, Vec::<String>::new());
}
