//! What the stand-in refuses, and with which code: a table for each door.
use reqwest::Method;
use serde_json::{Value, json};

use crate::harbour::{Harbour, Reply};

fn chars(n: usize) -> String {
    // Two bytes each: Discord counts characters.
    "ä".repeat(n)
}

/// Where in the form the first fault stands, and its code.
fn faults(reply: &Reply) -> Vec<String> {
    fn walk(node: &Value, path: &str, found: &mut Vec<String>) {
        for (key, value) in node.as_object().into_iter().flatten() {
            if key == "_errors" {
                found.extend(
                    value.as_array().unwrap().iter().map(|error| format!("{path} {}", error["code"].as_str().unwrap())),
                );
            } else {
                walk(value, if path.is_empty() { key.clone() } else { format!("{path}.{key}") }.as_str(), found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&reply.body["errors"], "", &mut found);
    found
}

fn button(custom_id: &str) -> Value {
    json!({"type": 2, "style": 1, "label": "Go", "custom_id": custom_id})
}

fn row(children: Vec<Value>) -> Value {
    json!({"type": 1, "components": children})
}

fn option(n: usize) -> Value {
    json!({"label": format!("Option {n}"), "value": n.to_string()})
}

fn select(options: usize) -> Value {
    json!({"type": 3, "custom_id": "pick", "options": (0..options).map(option).collect::<Vec<_>>()})
}

/// The same, with one more key.
fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

fn embed(description: usize) -> Value {
    json!({"description": chars(description)})
}

fn field(name: usize, value: usize) -> Value {
    json!({"fields": [{"name": chars(name), "value": chars(value)}]})
}

/// Bodies of a message at the limit, which must pass.
fn allowed() -> Vec<Value> {
    vec![
        json!({"content": chars(2000)}),
        json!({"embeds": [{"title": chars(256), "description": chars(4096), "footer": {"text": chars(1000)}, "author": {"name": chars(256)}}]}),
        json!({"embeds": [{"title": "t", "footer": {"text": chars(2048)}}]}),
        json!({"embeds": [field(256, 1024)]}),
        json!({"embeds": vec![embed(600); 10]}),
        json!({"embeds": [{"fields": vec![json!({"name": "n", "value": "v"}); 25]}]}),
        json!({"content": "x", "components": (0..5).map(|r| row((0..5).map(|c| button(&format!("{r}{c}"))).collect())).collect::<Vec<_>>()}),
        json!({"content": "x", "components": [row(vec![select(25)])]}),
        json!({"content": "x", "components": [row(vec![button(&"c".repeat(100))])]}),
        json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 5, "label": "L", "url": "https://example.org"})])]}),
        json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 1, "emoji": {"name": "🔁"}, "custom_id": "e"})])]}),
        json!({"content": "x", "nonce": "n".repeat(25)}),
        json!({"content": "x", "allowed_mentions": {"parse": ["users"], "users": [], "roles": ["1"]}}),
        json!({"flags": 32768, "components": [{"type": 17, "components": [{"type": 10, "content": "text"}, row(vec![button("v2")])]}]}),
    ]
}

/// Bodies that must be refused, with where and why.
fn refused() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"content": chars(2001)}), "content BASE_TYPE_MAX_LENGTH"),
        (json!({"content": 7}), "content STRING_TYPE_CONVERT"),
        (json!({"contents": "misspelt"}), "contents STAND_IN_UNKNOWN_KEY"),
        (json!({"embeds": [{"titel": "misspelt"}]}), "embeds.0.titel STAND_IN_UNKNOWN_KEY"),
        (
            json!({"embeds": [{"footer": {"text": "t", "icon": "misspelt"}}]}),
            "embeds.0.footer.icon STAND_IN_UNKNOWN_KEY",
        ),
        (
            json!({"content": "x", "allowed_mentions": {"parse": [], "replied": true}}),
            "allowed_mentions.replied STAND_IN_UNKNOWN_KEY",
        ),
        (
            json!({"content": "x", "components": [row(vec![with(button("a"), "colour", json!(1))])]}),
            "components.0.components.0.colour STAND_IN_UNKNOWN_KEY",
        ),
        (
            json!({"content": "x", "components": [with(row(vec![button("a")]), "custom_id", json!("row"))]}),
            "components.0.custom_id STAND_IN_UNKNOWN_KEY",
        ),
        (
            json!({"content": "x", "components": [row(vec![with(select(1), "option", json!([]))])]}),
            "components.0.components.0.option STAND_IN_UNKNOWN_KEY",
        ),
        (json!({"embeds": [{"title": chars(257)}]}), "embeds.0.title BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": [embed(4097)]}), "embeds.0.description BASE_TYPE_MAX_LENGTH"),
        (
            json!({"embeds": [{"title": "t", "footer": {"text": chars(2049)}}]}),
            "embeds.0.footer.text BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"embeds": [{"title": "t", "author": {"name": chars(257)}}]}),
            "embeds.0.author.name BASE_TYPE_MAX_LENGTH",
        ),
        (json!({"embeds": [field(257, 1)]}), "embeds.0.fields.0.name BASE_TYPE_BAD_LENGTH"),
        (json!({"embeds": [field(1, 1025)]}), "embeds.0.fields.0.value BASE_TYPE_BAD_LENGTH"),
        (json!({"embeds": [field(1, 0)]}), "embeds.0.fields.0.value BASE_TYPE_REQUIRED"),
        (
            json!({"embeds": [{"fields": vec![json!({"name": "n", "value": "v"}); 26]}]}),
            "embeds.0.fields BASE_TYPE_MAX_LENGTH",
        ),
        (json!({"embeds": vec![embed(1); 11]}), "embeds BASE_TYPE_MAX_LENGTH"),
        (json!({"embeds": [embed(3001), embed(3000)]}), "embeds MAX_EMBED_SIZE_EXCEEDED"),
        (json!({"embeds": [{"title": "t", "color": 0x0100_0000}]}), "embeds.0.color NUMBER_TYPE_MAX"),
        (json!({"embeds": [{"title": "t", "timestamp": "yesterday"}]}), "embeds.0.timestamp DATE_TIME_TYPE_PARSE"),
        (json!({"embeds": [{"title": "t", "url": "ftp://example.org"}]}), "embeds.0.url URL_TYPE_INVALID_SCHEME"),
        (json!({"embeds": [{"image": {"url": "attachment://none.png"}}]}), "embeds.0.image.url STAND_IN_NO_SUCH_FILE"),
        (
            json!({"content": "x", "components": (0..6).map(|n| row(vec![button(&n.to_string())])).collect::<Vec<_>>()}),
            "components BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"content": "x", "components": [row((0..6).map(|n| button(&n.to_string())).collect())]}),
            "components.0.components BASE_TYPE_BAD_LENGTH",
        ),
        (json!({"content": "x", "components": [row(vec![])]}), "components.0.components BASE_TYPE_BAD_LENGTH"),
        (json!({"content": "x", "components": [button("bare")]}), "components.0.type UNION_TYPE_CHOICES"),
        (
            json!({"content": "x", "components": [row(vec![select(1), button("beside")])]}),
            "components.0.components COMPONENT_LAYOUT_WIDTH_EXCEEDED",
        ),
        (
            json!({"content": "x", "components": [row(vec![button("a"), button("a")])]}),
            "components.0.components.1.custom_id COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            json!({"content": "x", "components": [row(vec![button("a")]), row(vec![button("a")])]}),
            "components.1.components.0.custom_id COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            json!({"content": "x", "components": [row(vec![button(&"c".repeat(101))])]}),
            "components.0.components.0.custom_id BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 1, "label": "L"})])]}),
            "components.0.components.0.custom_id BASE_TYPE_REQUIRED",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 1, "custom_id": "c"})])]}),
            "components.0.components.0.label BUTTON_COMPONENT_INVALID_LABEL",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 1, "custom_id": "c", "emoji": {"name": "check"}})])]}),
            "components.0.components.0.emoji.name BUTTON_COMPONENT_INVALID_EMOJI",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 1, "label": chars(81), "custom_id": "c"})])]}),
            "components.0.components.0.label BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 5, "label": "L"})])]}),
            "components.0.components.0.url BASE_TYPE_REQUIRED",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 2, "style": 9, "label": "L", "custom_id": "c"})])]}),
            "components.0.components.0.style BASE_TYPE_CHOICES",
        ),
        (
            json!({"content": "x", "components": [row(vec![select(26)])]}),
            "components.0.components.0.options BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"content": "x", "components": [row(vec![select(0)])]}),
            "components.0.components.0.options BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 3, "custom_id": "s", "options": [option(1), option(1)]})])]}),
            "components.0.components.0.options.1.value SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 3, "custom_id": "s", "max_values": 2, "options": [option(1)]})])]}),
            "components.0.components.0.max_values NUMBER_TYPE_MAX",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 3, "custom_id": "s", "options": [{"label": chars(101), "value": "v"}]})])]}),
            "components.0.components.0.options.0.label BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({"content": "x", "components": [row(vec![json!({"type": 4, "custom_id": "i", "style": 1, "label": "L"})])]}),
            "components.0.components.0.type UNION_TYPE_CHOICES",
        ),
        (json!({"content": "x", "nonce": "n".repeat(26)}), "nonce BASE_TYPE_MAX_LENGTH"),
        (json!({"content": "x", "flags": 64}), "flags STAND_IN_FLAGS"),
        (
            json!({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}),
            "allowed_mentions MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (
            json!({"content": "x", "allowed_mentions": {"parse": ["people"]}}),
            "allowed_mentions.parse.0 BASE_TYPE_CHOICES",
        ),
        (
            json!({"content": "x", "allowed_mentions": {"users": vec!["1"; 101]}}),
            "allowed_mentions.users BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({"content": "x", "attachments": [{"id": 0, "filename": "none.txt"}]}),
            "attachments.0.id ATTACHMENT_NOT_FOUND",
        ),
        (
            json!({"content": "x", "message_reference": {"message_id": "1"}}),
            "message_reference REPLIES_UNKNOWN_MESSAGE",
        ),
        (
            json!({"content": "x", "flags": 32768, "components": [{"type": 10, "content": "text"}]}),
            "content MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        (
            json!({"embeds": [embed(1)], "flags": 32768, "components": [{"type": 10, "content": "text"}]}),
            "embeds MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        (
            json!({"flags": 32768, "components": [{"type": 10, "content": chars(2001)}, {"type": 10, "content": chars(2000)}]}),
            "components COMPONENT_TEXT_SIZE_EXCEEDED",
        ),
        (json!({"components": [{"type": 10, "content": "text"}]}), "components.0.type UNION_TYPE_CHOICES"),
        (json!({"content": "x", "poll": {"question": {"text": "?"}}}), "poll STAND_IN_UNSUPPORTED"),
    ]
}

#[tokio::test]
async fn a_message_at_every_limit_passes() {
    let harbour = Harbour::open().await;
    for body in allowed() {
        let reply = harbour.say(body.clone()).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_message_over_any_limit_is_refused_when_it_is_made_and_when_it_is_edited() {
    let harbour = Harbour::open().await;
    let id = harbour.say(json!({"content": "before"})).await.id();
    let path = format!("/channels/{}/messages/{id}", harbour.team());
    for (body, why) in refused() {
        let reply = harbour.say(body.clone()).await;
        assert_eq!((reply.status, reply.code(), faults(&reply)), (400, 50035, vec![why.to_owned()]), "{body}");
        if body.get("nonce").is_some() || body.get("message_reference").is_some() {
            continue;
        }
        let reply = harbour.bot(Method::PATCH, &path, body.clone()).await;
        assert_eq!((reply.status, reply.code()), (400, 50035), "{body}");
    }
    assert_eq!(harbour.get(&path).await.ok()["content"], "before");
}

#[tokio::test]
async fn a_message_that_shows_nothing_is_empty() {
    let harbour = Harbour::open().await;
    for body in [
        json!({}),
        json!({"content": "  \n"}),
        json!({"embeds": [{}]}),
        json!({"embeds": [{"color": 5}]}),
        json!({"content": "", "components": []}),
    ] {
        let reply = harbour.say(body.clone()).await;
        assert_eq!((reply.status, reply.code()), (400, 50006), "{body}: {}", reply.body);
    }
    let id = harbour.say(json!({"content": "x"})).await.id();
    let emptied = harbour
        .bot(Method::PATCH, &format!("/channels/{}/messages/{id}", harbour.team()), json!({"content": null}))
        .await;
    assert_eq!(emptied.code(), 50006);
}

fn command(options: Value) -> Value {
    json!({"name": "bots", "description": "A command", "options": options})
}

fn text_option(name: &str, required: bool) -> Value {
    json!({"type": 3, "name": name, "description": "An option", "required": required})
}

#[tokio::test]
async fn a_command_outside_the_rules_is_refused() {
    let harbour = Harbour::open().await;
    let choices =
        |n: usize| (0..n).map(|n| json!({"name": format!("c{n}"), "value": format!("v{n}")})).collect::<Vec<_>>();
    let text = || text_option("env", false);
    let table = [
        (json!({"name": "Bots", "description": "d"}), "0.name APPLICATION_COMMAND_INVALID_NAME"),
        (json!({"name": "b".repeat(33), "description": "d"}), "0.name APPLICATION_COMMAND_INVALID_NAME"),
        (json!({"name": "two words", "description": "d"}), "0.name APPLICATION_COMMAND_INVALID_NAME"),
        (json!({"name": "bots"}), "0.description BASE_TYPE_REQUIRED"),
        (json!({"name": "bots", "description": chars(101)}), "0.description BASE_TYPE_BAD_LENGTH"),
        (json!({"name": "bots", "description": "d", "descripton": "misspelt"}), "0.descripton STAND_IN_UNKNOWN_KEY"),
        (command(json!([with(text(), "requird", json!(true))])), "0.options.0.requird STAND_IN_UNKNOWN_KEY"),
        (
            command(json!([with(text(), "choices", json!([{"name": "c", "value": "v", "label": "misspelt"}]))])),
            "0.options.0.choices.0.label STAND_IN_UNKNOWN_KEY",
        ),
        (command(json!([{"type": 3, "name": "env"}])), "0.options.0.description BASE_TYPE_REQUIRED"),
        (
            json!({"name": "bots", "description": "d", "default_member_permissions": "many"}),
            "0.default_member_permissions PERMISSIONS_TYPE_CONVERT",
        ),
        (
            command(json!((0..26).map(|n| text_option(&format!("o{n}"), false)).collect::<Vec<_>>())),
            "0.options BASE_TYPE_MAX_LENGTH",
        ),
        (
            command(json!([text_option("a", false), text_option("b", true)])),
            "0.options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            command(json!([text_option("a", false), text_option("a", false)])),
            "0.options.1.name APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
        ),
        (command(json!([text_option("Env", false)])), "0.options.0.name APPLICATION_COMMAND_INVALID_NAME"),
        (command(json!([with(text(), "description", json!(""))])), "0.options.0.description BASE_TYPE_REQUIRED"),
        (command(json!([with(text(), "choices", json!(choices(26)))])), "0.options.0.choices BASE_TYPE_MAX_LENGTH"),
        (
            command(json!([with(text(), "choices", json!([{"name": chars(101), "value": "v"}]))])),
            "0.options.0.choices.0.name BASE_TYPE_BAD_LENGTH",
        ),
        (
            command(json!([with(with(text(), "choices", json!(choices(1))), "autocomplete", json!(true))])),
            "0.options.0.autocomplete APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES",
        ),
        (
            command(json!([with(json!({"type": 5, "name": "b", "description": "d"}), "autocomplete", json!(true))])),
            "0.options.0.choices APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(json!([with(text(), "min_value", json!(1))])),
            "0.options.0.min_value APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(json!([{"type": 1, "name": "s", "description": "d"}, text_option("a", false)])),
            "0.options APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(
                json!([{"type": 1, "name": "s", "description": "d", "options": [{"type": 1, "name": "t", "description": "d"}]}]),
            ),
            "0.options.0.options.0.type APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (command(json!([{"type": 12, "name": "s", "description": "d"}])), "0.options.0.type BASE_TYPE_CHOICES"),
    ];
    for (body, why) in table {
        let reply = harbour.bot(Method::PUT, &harbour.commands_path(), json!([body])).await;
        assert_eq!((reply.status, reply.code(), faults(&reply)), (400, 50035, vec![why.to_owned()]), "{body}");
    }
    let twice = json!([command(json!([])), command(json!([]))]);
    let reply = harbour.bot(Method::PUT, &harbour.commands_path(), twice).await;
    assert_eq!(faults(&reply), ["1.name APPLICATION_COMMANDS_DUPLICATE_NAME"]);
    let fine = command(
        json!([{"type": 2, "name": "group", "description": "d", "options": [{"type": 1, "name": "sub", "description": "d", "options": [text_option("a", true), with(text_option("b", false), "choices", json!(choices(25)))]}]}]),
    );
    assert_eq!(harbour.bot(Method::PUT, &harbour.commands_path(), json!([fine])).await.status, 200);
}

#[tokio::test]
async fn a_command_keeps_its_id_when_it_is_registered_again() {
    let harbour = Harbour::open().await;
    let first = harbour.bot(Method::PUT, &harbour.commands_path(), json!([command(json!([]))])).await.ok();
    let again = harbour
        .bot(Method::PUT, &harbour.commands_path(), json!([command(json!([])), {"name": "other", "description": "d"}]))
        .await
        .ok();
    assert_eq!(first[0], again[0]);
    let changed = harbour
        .bot(Method::PUT, &harbour.commands_path(), json!([command(json!([text_option("a", false)]))]))
        .await
        .ok();
    assert_eq!(first[0]["id"], changed[0]["id"]);
    assert_ne!(first[0]["version"], changed[0]["version"]);
    let path = format!("{}/{}", harbour.commands_path(), changed[0]["id"].as_str().unwrap());
    assert_eq!(harbour.bot(Method::DELETE, &path, Value::Null).await.status, 204);
    assert_eq!(harbour.get(&path).await.code(), 10063);
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_has_its_own_code() {
    let harbour = Harbour::open().await;
    let team = harbour.team();
    let other = harbour
        .act(Method::POST, "/messages", json!({"as": harbour.olga(), "channel_id": team, "content": "mine"}))
        .await;
    let other = other["id"].as_str().unwrap();
    let table = [
        (Method::POST, "/channels/1/messages".to_owned(), json!({"content": "x"}), 404, 10003),
        (Method::GET, "/channels/1".to_owned(), Value::Null, 404, 10003),
        (Method::GET, format!("/channels/{team}/messages/1"), Value::Null, 404, 10008),
        (Method::PATCH, format!("/channels/{team}/messages/1"), json!({"content": "x"}), 404, 10008),
        (Method::DELETE, format!("/channels/{team}/messages/1"), Value::Null, 404, 10008),
        (Method::PATCH, format!("/channels/{team}/messages/{other}"), json!({"content": "x"}), 403, 50005),
        (Method::DELETE, format!("/channels/{team}/messages/{other}"), Value::Null, 403, 50013),
        (Method::DELETE, format!("/channels/{team}"), Value::Null, 403, 50013),
        (Method::GET, format!("/channels/{team}/messages?limit=101"), Value::Null, 400, 50035),
        (Method::GET, format!("/channels/{team}/messages?before=1&after=1"), Value::Null, 400, 50035),
        (Method::GET, "/channels/general".to_owned(), Value::Null, 400, 50035),
        (Method::GET, "/guilds/1".to_owned(), Value::Null, 404, 10004),
        (Method::GET, format!("/guilds/{}/members/1", harbour.seed.guild_id), Value::Null, 404, 10007),
        (Method::GET, format!("/guilds/{}/members?limit=5", harbour.seed.guild_id), Value::Null, 403, 50001),
        (Method::GET, "/users/1".to_owned(), Value::Null, 404, 10013),
        (Method::POST, "/interactions/1/token/callback".to_owned(), json!({"type": 6}), 404, 10062),
        (Method::POST, format!("/webhooks/{}/token", harbour.seed.application_id), json!({"content": "x"}), 404, 10015),
        (Method::GET, "/no/such/route".to_owned(), Value::Null, 404, 0),
    ];
    for (method, path, body, status, code) in &table {
        let reply = harbour.bot(method.clone(), path, body.clone()).await;
        assert_eq!((reply.status, reply.code()), (*status, *code), "{method} {path}: {}", reply.body);
    }
    let violations = harbour.look("/violations").await;
    assert_eq!(violations.as_array().unwrap().len(), table.len(), "each of them was written down");
}

#[tokio::test]
async fn a_token_must_be_a_bots_and_a_body_must_be_json() {
    let harbour = Harbour::open().await;
    let anonymous = reqwest::Client::new();
    let bare = anonymous.get(harbour.url("/api/v10/users/@me")).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let bearer =
        anonymous.get(harbour.url("/api/v10/users/@me")).header("authorization", "Bearer x").send().await.unwrap();
    assert_eq!(bearer.status(), 401);
    let path = format!("/api/v10/channels/{}/messages", harbour.team());
    let broken =
        harbour.raw(Method::POST, &path).header("content-type", "application/json").body("{").send().await.unwrap();
    assert_eq!(broken.json::<Value>().await.unwrap()["code"], 50109);
    let untyped = harbour.raw(Method::POST, &path).body("{\"content\":\"x\"}").send().await.unwrap();
    assert_eq!(untyped.json::<Value>().await.unwrap()["code"], 50035);
}
