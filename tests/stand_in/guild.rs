//! The rules of channels: who may do what, threads, nonces, old messages, and who is notified.
use reqwest::Method;
use serde_json::{Value, json};

use crate::{harbour::Harbour, puppet::quiet};

const VIEW: u64 = 1 << 10;
const SEND: u64 = 1 << 11;
const EMBED: u64 = 1 << 14;
const ATTACH: u64 = 1 << 15;
const HISTORY: u64 = 1 << 16;
const THREADS: u64 = 1 << 35;
const SEND_IN_THREADS: u64 = 1 << 38;

/// Takes permissions from the bot in the team channel.
async fn deny(harbour: &Harbour, bits: u64) {
    let path = format!("/channels/{}/permissions", harbour.team());
    let body = json!({"role_or_user_id": harbour.seed.bot_user_id, "type": 1, "deny": bits.to_string()});
    harbour.act(Method::PUT, &path, body).await;
}

#[tokio::test]
async fn lost_permissions_are_felt_at_once() {
    let harbour = Harbour::open().await;
    let team = format!("/channels/{}", harbour.team());
    let messages = format!("{team}/messages");
    let id = harbour.say(quiet("before")).await.id();
    let one = format!("{messages}/{id}");
    let embed = json!({"embeds": [{"title": "t"}]});
    let table = [
        (VIEW, Method::GET, team.clone(), Value::Null, 50001),
        (VIEW, Method::POST, messages.clone(), quiet("x"), 50001),
        (VIEW, Method::PATCH, one.clone(), quiet("x"), 50001),
        (VIEW, Method::DELETE, one.clone(), Value::Null, 50001),
        (SEND, Method::POST, messages.clone(), quiet("x"), 50013),
        (SEND, Method::PATCH, one.clone(), quiet("still ours"), 0),
        (EMBED, Method::POST, messages.clone(), embed, 50013),
        (EMBED, Method::POST, messages.clone(), quiet("no embed"), 0),
        (HISTORY, Method::GET, one.clone(), Value::Null, 50013),
        (
            HISTORY,
            Method::POST,
            messages.clone(),
            json!({"content": "x", "allowed_mentions": {"parse": []}, "message_reference": {"message_id": id}}),
            160_002,
        ),
        (THREADS, Method::POST, format!("{one}/threads"), json!({"name": "t"}), 50013),
    ];
    for (bits, method, path, body, code) in table {
        deny(&harbour, bits).await;
        let reply = harbour.bot(method.clone(), &path, body).await;
        assert_eq!(reply.code(), code, "{method} {path} without {bits}: {}", reply.body);
    }
    deny(&harbour, HISTORY).await;
    assert_eq!(harbour.get(&messages).await.ok(), json!([]), "without history the list is empty");
    deny(&harbour, 0).await;
    assert_eq!(harbour.get(&one).await.ok()["content"], "still ours");
}

fn form(json: &Value, name: &str) -> reqwest::multipart::Form {
    let file =
        reqwest::multipart::Part::bytes(b"bytes".to_vec()).file_name(name.to_owned()).mime_str("image/png").unwrap();
    reqwest::multipart::Form::new().text("payload_json", json.to_string()).part("files[0]", file)
}

#[tokio::test]
async fn files_are_attached_kept_shown_and_removed() {
    let harbour = Harbour::open().await;
    let messages = format!("/api/v10/channels/{}/messages", harbour.team());
    let card = json!({"embeds": [{"title": "t", "image": {"url": "attachment://chart.png"}}], "attachments": [{"id": 0, "description": "A chart"}]});
    let sent = harbour.raw(Method::POST, &messages).multipart(form(&card, "chart.png")).send().await.unwrap();
    let sent: Value = sent.json().await.unwrap();
    let file = &sent["attachments"][0];
    assert_eq!(
        (&file["filename"], &file["description"], &file["size"]),
        (&json!("chart.png"), &json!("A chart"), &json!(5))
    );
    assert_eq!(sent["embeds"][0]["image"]["url"], file["url"]);
    let bytes = reqwest::get(file["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(bytes.headers()["content-type"], "image/png");
    assert_eq!(bytes.text().await.unwrap(), "bytes");
    let one = format!("/channels/{}/messages/{}", harbour.team(), sent["id"].as_str().unwrap());
    // An edit that does not speak of attachments keeps them; one that lists none takes them away.
    let kept = harbour.bot(Method::PATCH, &one, quiet("kept")).await.ok();
    assert_eq!(kept["attachments"].as_array().unwrap().len(), 1);
    let dangling = harbour
        .bot(Method::PATCH, &one, json!({"attachments": [], "embeds": [{"image": {"url": "attachment://chart.png"}}]}))
        .await;
    assert_eq!(dangling.code(), 50035);
    let gone = harbour.bot(Method::PATCH, &one, json!({"attachments": [], "embeds": []})).await.ok();
    assert_eq!(gone["attachments"], json!([]));

    deny(&harbour, ATTACH).await;
    let refused = harbour.raw(Method::POST, &messages).multipart(form(&quiet("x"), "x.png")).send().await.unwrap();
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], 50013);
}

#[tokio::test]
async fn an_enforced_nonce_returns_the_earlier_message_wherever_it_stands() {
    let harbour = Harbour::open().await;
    let with = |content: &str| {
        let mut body = quiet(content);
        body["nonce"] = json!("row-7");
        body["enforce_nonce"] = json!(true);
        body
    };
    let first = harbour.say(with("first")).await.ok();
    let again = harbour.say(with("again")).await.ok();
    assert_eq!((&again["id"], &again["content"]), (&first["id"], &json!("first")));
    let alerts = format!("/channels/{}/messages", harbour.seed.alert_channel.id);
    let elsewhere = harbour.post(&alerts, with("elsewhere")).await.ok();
    assert_eq!((&elsewhere["id"], &elsewhere["channel_id"]), (&first["id"], &first["channel_id"]));
    let one = format!("/channels/{}/messages/{}", harbour.team(), first["id"].as_str().unwrap());
    harbour.bot(Method::DELETE, &one, Value::Null).await.ok();
    let deleted = harbour.say(with("deleted")).await;
    assert_eq!((deleted.status, deleted.code()), (404, 10008));
    harbour.act(Method::POST, "/clock", json!({"advance_ms": 6 * 60 * 1000})).await;
    let later = harbour.say(with("later")).await.ok();
    assert_eq!(later["content"], "later");
    // Without enforcement a nonce is only echoed.
    let mut loose = with("loose");
    loose["enforce_nonce"] = json!(false);
    assert_ne!(harbour.say(loose).await.ok()["id"], later["id"]);
}

#[tokio::test]
async fn an_old_message_takes_few_edits() {
    let harbour = Harbour::open().await;
    let id = harbour.say(quiet("x")).await.id();
    let one = format!("/channels/{}/messages/{id}", harbour.team());
    for n in 0..8 {
        assert_eq!(harbour.bot(Method::PATCH, &one, quiet(&n.to_string())).await.status, 200);
    }
    harbour.act(Method::POST, "/clock", json!({"advance_ms": 61 * 60 * 1000})).await;
    for n in 0..3 {
        assert_eq!(harbour.bot(Method::PATCH, &one, quiet(&n.to_string())).await.status, 200);
    }
    let refused = harbour.bot(Method::PATCH, &one, quiet("too many")).await;
    assert_eq!((refused.status, refused.code()), (429, 30046));
    assert!(refused.body["retry_after"].as_f64().unwrap() > 0.0 && refused.headers.contains_key("retry-after"));
    harbour.act(Method::POST, "/clock", json!({"advance_ms": 21_000})).await;
    assert_eq!(harbour.bot(Method::PATCH, &one, quiet("again")).await.status, 200);
}

#[tokio::test]
async fn a_thread_is_opened_on_a_message_once_and_can_be_archived_and_locked() {
    let harbour = Harbour::open().await;
    let id = harbour.say(quiet("card")).await.id();
    let start = format!("/channels/{}/messages/{id}/threads", harbour.team());
    assert_eq!(harbour.post(&start, json!({"name": "t".repeat(101)})).await.code(), 50035);
    assert_eq!(harbour.post(&start, json!({"name": "t", "auto_archive_duration": 5})).await.code(), 50035);
    let thread = harbour.post(&start, json!({"name": "timeline", "auto_archive_duration": 1440})).await;
    assert_eq!((thread.status, thread.id()), (201, id.clone()));
    assert_eq!(harbour.post(&start, json!({"name": "again"})).await.code(), 160_004);
    let (thread, messages) = (format!("/channels/{id}"), format!("/channels/{id}/messages"));
    assert_eq!(harbour.post(&format!("{messages}/{id}/threads"), json!({"name": "nested"})).await.code(), 50024);
    let inside = harbour.post(&messages, quiet("inside")).await.id();

    assert_eq!(harbour.bot(Method::PATCH, &thread, json!({"archived": true})).await.status, 200);
    assert_eq!(harbour.bot(Method::PATCH, &format!("{messages}/{inside}"), quiet("x")).await.code(), 50083);
    assert_eq!(harbour.bot(Method::DELETE, &format!("{messages}/{inside}"), Value::Null).await.code(), 50083);
    assert_eq!(harbour.bot(Method::PATCH, &thread, json!({"name": "renamed"})).await.code(), 50083);
    // Writing wakes it up.
    assert_eq!(harbour.post(&messages, quiet("awake")).await.status, 200);
    assert_eq!(harbour.get(&thread).await.ok()["thread_metadata"]["archived"], false);

    assert_eq!(
        harbour.bot(Method::PATCH, &thread, json!({"locked": true})).await.code(),
        50013,
        "locking is a moderator's"
    );
    harbour.act(Method::PUT, &format!("{thread}/thread"), json!({"locked": true, "archived": true})).await;
    assert_eq!(harbour.post(&messages, quiet("x")).await.code(), 160_005);
    assert_eq!(harbour.bot(Method::PATCH, &thread, json!({"archived": false})).await.code(), 160_005);
    harbour.act(Method::PUT, &format!("{thread}/thread"), json!({"locked": false, "archived": false})).await;
    deny(&harbour, SEND_IN_THREADS).await;
    assert_eq!(harbour.post(&messages, quiet("x")).await.code(), 50013);
    harbour.act(Method::DELETE, &format!("/channels/{}", harbour.team()), Value::Null).await;
    assert_eq!(harbour.post(&messages, quiet("x")).await.code(), 10003, "a thread goes with its channel");
}

#[tokio::test]
async fn a_thread_in_which_nothing_is_written_is_archived_and_one_that_is_deleted_leaves_its_message() {
    let harbour = Harbour::open().await;
    let id = harbour.say(quiet("card")).await.id();
    let card = format!("/channels/{}/messages/{id}", harbour.team());
    let (thread, messages) = (format!("/channels/{id}"), format!("/channels/{id}/messages"));
    assert_eq!(harbour.get(&card).await.ok()["thread"], Value::Null);
    harbour.post(&format!("{card}/threads"), json!({"name": "t", "auto_archive_duration": 60})).await.ok();
    let has_thread = 1 << 5;
    assert_eq!(harbour.get(&card).await.ok()["flags"], has_thread);
    assert_eq!(harbour.get(&card).await.ok()["thread"]["id"], id.as_str());
    for (minutes, archived) in [(59, false), (1, true)] {
        harbour.act(Method::POST, "/clock", json!({"advance_ms": minutes * 60_000})).await;
        assert_eq!(harbour.get(&thread).await.ok()["thread_metadata"]["archived"], archived, "{minutes}");
    }
    assert_eq!(harbour.post(&messages, quiet("awake")).await.status, 200);
    harbour.act(Method::POST, "/clock", json!({"advance_ms": 59 * 60_000})).await;
    assert_eq!(harbour.get(&thread).await.ok()["thread_metadata"]["archived"], false, "counted from what was written");
    harbour.act(Method::DELETE, &thread, Value::Null).await;
    assert_eq!(harbour.post(&messages, quiet("x")).await.code(), 10003);
    assert_eq!(harbour.get(&card).await.ok()["thread"], Value::Null);
    assert_eq!(harbour.bot(Method::PATCH, &card, quiet("edited")).await.status, 200);
}

async fn pinged(harbour: &Harbour) -> Vec<String> {
    let pings = harbour.look("/pings").await;
    harbour.act(Method::DELETE, "/pings", Value::Null).await;
    let name = |id: &Value| {
        let seed = &harbour.seed;
        let all = [&seed.olga, &seed.otto, &seed.vera, &seed.adam];
        all.iter()
            .find(|member| json!(member.id) == *id)
            .map_or_else(|| id.to_string(), |member| member.username.clone())
    };
    let mut found: Vec<String> = pings
        .as_array()
        .unwrap()
        .iter()
        .map(|ping| format!("{} {}", name(&ping["user_id"]), ping["via"].as_str().unwrap()))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn who_is_notified_follows_the_text_and_what_is_allowed() {
    let harbour = Harbour::open().await;
    let (olga, on_call, operators) = (harbour.olga(), harbour.seed.on_call.id, harbour.seed.operators.id);
    let everything = format!("<@{olga}> <@&{on_call}> <@&{operators}> @everyone");
    let table: Vec<(Value, &[&str])> = vec![
        // Nothing said about mentions: all is parsed. Operators cannot be mentioned, and the bot may not call everyone.
        (json!({"content": everything}), &["olga role", "olga user"]),
        (json!({"content": everything, "allowed_mentions": {"parse": []}}), &[]),
        (json!({"content": everything, "allowed_mentions": {"parse": ["users"]}}), &["olga user"]),
        (json!({"content": everything, "allowed_mentions": {"roles": [on_call]}}), &["olga role"]),
        (json!({"content": everything, "allowed_mentions": {"roles": [operators]}}), &[]),
        (json!({"content": "nobody", "allowed_mentions": {"users": [olga], "roles": [on_call]}}), &[]),
        (json!({"embeds": [{"description": everything}]}), &[]),
        (json!({"content": format!("`<@{olga}>` ```<@&{on_call}>```")}), &[]),
        (json!({"content": format!("`` ` <@{olga}>")}), &["olga user"]),
        (json!({"content": everything, "flags": 4096}), &[]),
    ];
    for (body, expected) in table {
        harbour.say(body.clone()).await.ok();
        assert_eq!(pinged(&harbour).await, expected, "{body}");
    }
    // With Mention Everyone every role can be called, and everyone.
    let grant = json!({"role_or_user_id": harbour.seed.bot_user_id, "type": 1, "allow": (1u64 << 17).to_string()});
    harbour.act(Method::PUT, &format!("/channels/{}/permissions", harbour.team()), grant).await;
    harbour.say(json!({"content": format!("<@&{operators}>")})).await.ok();
    assert_eq!(pinged(&harbour).await, ["olga role", "otto role"]);
    harbour.say(json!({"content": "@everyone"})).await.ok();
    assert_eq!(pinged(&harbour).await.len(), 4);
    // Who cannot see the channel is not notified there.
    let hide = json!({"role_or_user_id": harbour.seed.viewers.id, "type": 0, "deny": VIEW.to_string()});
    harbour.act(Method::PUT, &format!("/channels/{}/permissions", harbour.team()), hide).await;
    harbour.say(json!({"content": format!("<@{}>", harbour.vera())})).await.ok();
    assert_eq!(pinged(&harbour).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_edit_notifies_nobody_but_is_parsed_again() {
    let harbour = Harbour::open().await;
    let id = harbour.say(quiet("card")).await.id();
    let one = format!("/channels/{}/messages/{id}", harbour.team());
    let edited = harbour.bot(Method::PATCH, &one, json!({"content": format!("<@{}>", harbour.olga())})).await.ok();
    assert_eq!(edited["mentions"][0]["id"], json!(harbour.olga()));
    assert_eq!(pinged(&harbour).await, Vec::<String>::new());
    let remarks = harbour.look("/violations").await;
    assert_eq!(remarks[0]["message"], "allowed_mentions missing");
}

#[tokio::test]
async fn a_reply_notifies_whom_it_answers_if_allowed() {
    let harbour = Harbour::open().await;
    let person = harbour
        .act(Method::POST, "/messages", json!({"as": harbour.olga(), "channel_id": harbour.team(), "content": "help"}))
        .await;
    let reply = |allowed: Value| json!({"content": "here", "message_reference": {"message_id": person["id"]}, "allowed_mentions": allowed});
    harbour.say(reply(json!({"parse": []}))).await.ok();
    assert_eq!(pinged(&harbour).await, Vec::<String>::new());
    let sent = harbour.say(reply(json!({"parse": [], "replied_user": true}))).await.ok();
    assert_eq!(pinged(&harbour).await, ["olga reply"]);
    assert_eq!((&sent["type"], &sent["referenced_message"]["id"]), (&json!(19), &person["id"]));
}

#[tokio::test]
async fn the_list_of_messages_is_read_in_windows() {
    let harbour = Harbour::open().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(harbour.say(quiet(&n.to_string())).await.id());
    }
    let read = async |query: String| {
        let list = harbour.get(&format!("/channels/{}/messages?{query}", harbour.team())).await.ok();
        list.as_array()
            .unwrap()
            .iter()
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join("")
    };
    assert_eq!(read(String::new()).await, "543210");
    assert_eq!(read("limit=2".into()).await, "54");
    assert_eq!(read(format!("before={}&limit=2", ids[3])).await, "21");
    assert_eq!(read(format!("after={}&limit=2", ids[2])).await, "43");
    assert_eq!(read(format!("around={}&limit=3", ids[2])).await, "321");
}

#[tokio::test]
async fn a_thousand_threads_are_open_at_once_and_one_more_when_one_is_archived() {
    let harbour = Harbour::open().await;
    let threads = format!("/channels/{}/threads", harbour.team());
    let open = json!({"name": "t", "type": 11});
    let mut last = String::new();
    for _ in 0..1000 {
        last = harbour.post(&threads, open.clone()).await.id();
    }
    assert_eq!(harbour.bot(Method::POST, &threads, open).await.code(), 160_006);
    let message = harbour.say(quiet("card")).await.id();
    let on_message = format!("/channels/{}/messages/{message}/threads", harbour.team());
    let named = json!({"name": "t"});
    assert_eq!(harbour.bot(Method::POST, &on_message, named.clone()).await.code(), 160_006);
    harbour.bot(Method::PATCH, &format!("/channels/{last}"), json!({"archived": true})).await.ok();
    harbour.bot(Method::POST, &on_message, named).await.ok();
}
