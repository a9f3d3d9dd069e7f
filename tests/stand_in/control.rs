//! The control interface: what people see, what they may not send, faults, and what was written down.
use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    harbour::{Harbour, PATIENCE},
    puppet::{Puppet, private, quiet},
};

/// Reads server-sent events.
struct Watcher {
    stream: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>,
    buffer: String,
}

impl Watcher {
    async fn open(harbour: &Harbour, who: impl std::fmt::Display) -> Self {
        let response = harbour.raw(Method::GET, &format!("/control/discord/events?as={who}")).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut watcher = Watcher { stream: Box::pin(response.bytes_stream()), buffer: String::new() };
        assert_eq!(watcher.next().await["type"], "hello");
        watcher
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
                let rest = rest.to_owned();
                let value = serde_json::from_str(&data);
                self.buffer = rest;
                if let Ok(value) = value {
                    return value;
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.stream.next())
                .await
                .expect("an event")
                .expect("the stream lives")
                .unwrap();
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event of this type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == kind {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn a_watcher_hears_what_it_may_see() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let mut olga = Watcher::open(&harbour, harbour.olga()).await;
    let mut vera = Watcher::open(&harbour, harbour.vera()).await;
    let (open, ..) = puppet.act(&harbour, json!({"type": 4, "data": private("for olga")})).await;
    assert_eq!(olga.until("interaction").await["state"], "waiting");
    assert_eq!(olga.until("message_create").await["message"]["content"], "for olga");
    assert_eq!(olga.until("interaction").await["state"], "answered");
    open.original(&harbour, Method::PATCH, quiet("changed")).await.ok();
    let changed = olga.until("message_update").await;
    assert!(
        changed["message"]["content"] == "changed" && changed["message"]["edited_timestamp"].is_string(),
        "{changed}"
    );
    let public = harbour.say(quiet("for all")).await.id();
    // The first that vera hears of all this is the public message.
    assert_eq!(vera.next().await["message"]["content"], "for all");
    harbour.bot(Method::DELETE, &format!("/channels/{}/messages/{public}", harbour.team()), Value::Null).await.ok();
    assert_eq!(vera.next().await, json!({"type": "message_delete", "channel_id": harbour.team(), "id": public}));
    let roles = format!("/members/{}/roles", harbour.vera());
    harbour.act(Method::PUT, &roles, json!({"roles": [harbour.seed.operators.id]})).await;
    let member = vera.next().await;
    assert_eq!((&member["type"], &member["member"]["roles"]), (&json!("member"), &json!([harbour.seed.operators.id])));
    harbour.act(Method::POST, "/gateway", json!({"action": "drop"})).await;
    assert_eq!(vera.next().await, json!({"type": "gateway", "connected": false}));
}

#[tokio::test]
async fn a_modal_is_shown_to_whom_it_belongs() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let mut olga = Watcher::open(&harbour, harbour.olga()).await;
    let input = json!({"type": 4, "custom_id": "why", "style": 1, "label": "Why", "min_length": 3, "value": "preset"});
    let modal = json!({"custom_id": "m", "title": "T", "components": [{"type": 1, "components": [input]}]});
    let (_, _, told) = puppet.act(&harbour, json!({"type": 9, "data": modal})).await;
    let shown = olga.until("modal").await;
    assert_eq!((&shown["modal"], &shown["interaction_id"]), (&modal, &told["interaction_id"]));
    let submit = |who, custom_id: &str, values: Value| json!({"as": who, "interaction_id": told["interaction_id"], "custom_id": custom_id, "values": values});
    for input in [
        submit(harbour.vera(), "m", json!({})),
        submit(harbour.olga(), "other", json!({})),
        submit(harbour.olga(), "m", json!({"why": "x"})),
        submit(harbour.olga(), "m", json!({"why": ""})),
        submit(harbour.olga(), "m", json!({"stray": "x"})),
    ] {
        assert_eq!(harbour.control(Method::POST, "/submit", input.clone()).await.0, 400, "{input}");
    }
    let send = harbour.act(Method::POST, "/submit", submit(harbour.olga(), "m", json!({})));
    let answer = async { puppet.next().await.answer(&harbour, json!({"type": 4, "data": quiet("thanks")})).await.ok() };
    let (sent, _) = tokio::join!(send, answer);
    assert_eq!(sent["message"]["content"], "thanks");
}

#[tokio::test]
async fn the_state_is_what_this_person_sees() {
    let harbour = Harbour::open().await;
    let commands = json!([{"name": "all", "description": "d"}, {"name": "managers", "description": "d", "default_member_permissions": "32"}]);
    harbour.bot(Method::PUT, &harbour.commands_path(), commands).await.ok();
    let hide = json!({"role_or_user_id": harbour.seed.viewers.id, "type": "role", "deny": (1u64 << 10).to_string()});
    harbour.act(Method::PUT, &format!("/channels/{}/permissions", harbour.team()), hide).await;
    let names = |state: &Value| {
        state["commands"]
            .as_array()
            .unwrap()
            .iter()
            .map(|command| command["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let vera = harbour.look(&format!("/state?as={}", harbour.vera())).await;
    let adam = harbour.look(&format!("/state?as={}", harbour.seed.adam.id)).await;
    assert_eq!((names(&vera), names(&adam)), (vec!["all".to_owned()], vec!["all".to_owned(), "managers".to_owned()]));
    assert_eq!((&vera["channels"][0]["visible"], &adam["channels"][0]["visible"]), (&json!(false), &json!(true)));
    assert_eq!((&vera["connected"], &vera["guild"]["owner_id"]), (&json!(false), &json!(harbour.seed.adam.id)));
    let hidden = json!({"as": harbour.vera(), "channel_id": harbour.team(), "name": "all"});
    assert_eq!(harbour.control(Method::POST, "/commands", hidden).await.0, 404);
    assert_eq!(harbour.control(Method::GET, "/state?as=1", Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_input_that_does_not_fit_the_command_is_not_sent() {
    let harbour = Harbour::open().await;
    let options = json!([
        {"type": 1, "name": "stop", "description": "d", "options": [
            {"type": 3, "name": "env", "description": "d", "required": true, "max_length": 5, "choices": [{"name": "Demo", "value": "demo"}]},
            {"type": 4, "name": "n", "description": "d", "max_value": 3},
            {"type": 6, "name": "who", "description": "d"},
        ]},
    ]);
    harbour
        .bot(Method::PUT, &harbour.commands_path(), json!([{"name": "bots", "description": "d", "options": options}]))
        .await
        .ok();
    let stop = |options: Value| json!([{"name": "stop", "options": options}]);
    let env = json!({"name": "env", "value": "demo"});
    for (name, options) in [
        ("boats", json!([])),
        ("bots", json!([])),
        ("bots", json!([{"name": "go"}])),
        ("bots", stop(json!([]))),
        ("bots", stop(json!([{"name": "env", "value": 5}]))),
        ("bots", stop(json!([{"name": "env", "value": "prod"}]))),
        ("bots", stop(json!([env, env]))),
        ("bots", stop(json!([env, {"name": "n", "value": 4}]))),
        ("bots", stop(json!([env, {"name": "n", "value": "4"}]))),
        ("bots", stop(json!([env, {"name": "who", "value": "olga"}]))),
        ("bots", stop(json!([env, {"name": "stray", "value": "x"}]))),
    ] {
        let input = json!({"as": harbour.olga(), "channel_id": harbour.team(), "name": name, "options": options});
        let (status, answer) = harbour.control(Method::POST, "/commands", input.clone()).await;
        assert!(status == 400 && answer["message"].is_string(), "{input}: {status} {answer}");
    }
    let typed = json!({"as": harbour.olga(), "channel_id": harbour.team(), "name": "bots", "options": stop(json!([{"name": "env", "value": "d", "focused": true}]))});
    assert_eq!(harbour.control(Method::POST, "/autocomplete", typed).await.0, 400, "the option offers no autocomplete");
    let misspelt = json!({"as": harbour.olga(), "chanel_id": harbour.team(), "name": "bots"});
    assert_eq!(harbour.control(Method::POST, "/commands", misspelt).await.0, 400);
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let harbour = Harbour::open().await;
    let fault = async |body: Value| {
        let mut body = body;
        body["route"] = json!("POST /channels/{id}/messages");
        body["times"] = json!(1);
        harbour.act(Method::POST, "/faults", body).await;
    };
    fault(json!({"kind": "rate_limit", "retry_after": 1.5})).await;
    let limited = harbour.say(quiet("x")).await;
    assert_eq!(
        (limited.status, &limited.body["retry_after"], &limited.body["global"]),
        (429, &json!(1.5), &json!(false))
    );
    assert!(limited.headers["retry-after"] == "2" && limited.headers["x-ratelimit-remaining"] == "0");
    fault(json!({"kind": "rate_limit", "retry_after": 0.5, "global": true})).await;
    let limited = harbour.say(quiet("x")).await;
    assert!(limited.body["global"] == true && limited.headers["x-ratelimit-global"] == "true");
    fault(json!({"kind": "server_error", "status": 503})).await;
    assert_eq!(harbour.say(quiet("x")).await.status, 503);
    fault(json!({"kind": "refuse", "status": 403, "code": 50001, "message": "Missing Access"})).await;
    assert_eq!(harbour.say(quiet("x")).await.code(), 50001);

    let path = format!("/api/v10/channels/{}/messages", harbour.team());
    let send = async |content: &str| harbour.raw(Method::POST, &path).json(&quiet(content)).send().await;
    fault(json!({"kind": "drop"})).await;
    assert!(send("dropped").await.unwrap_err().is_request(), "no answer at all");
    fault(json!({"kind": "drop_after"})).await;
    assert!(send("carried out").await.is_err());
    fault(json!({"kind": "hang", "ms": 50})).await;
    assert!(send("hung").await.is_err());
    fault(json!({"kind": "slow", "ms": 50})).await;
    assert_eq!(send("slow").await.unwrap().status(), 200);
    // One that hangs until its fault is taken away.
    fault(json!({"kind": "hang"})).await;
    let hanging = tokio::time::timeout(PATIENCE, send("hung"));
    let release = async {
        harbour.until("/faults", "the fault to strike", |faults| faults[0]["times"] == 0).await;
        harbour.act(Method::DELETE, "/faults", Value::Null).await;
    };
    assert!(tokio::join!(hanging, release).0.expect("it is let go").is_err());

    let seen = harbour.look(&format!("/channels/{}/messages", harbour.team())).await;
    let contents: Vec<&str> =
        seen.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(contents, ["carried out", "slow"]);
    let statuses: Vec<u64> = harbour
        .look("/requests")
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [429, 429, 503, 403, 0, 200, 0, 200, 0]);
    assert_eq!(harbour.look("/violations").await, json!([]), "faults are nobody's fault");
}

#[tokio::test]
async fn requests_are_written_down_with_what_was_answered() {
    let harbour = Harbour::open().await;
    harbour.say(quiet("one")).await.ok();
    let all = harbour.look("/requests").await;
    let last = all.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["route"], &last["body"]["content"], &last["answer"]["content"]),
        (&json!("POST /channels/{id}/messages"), &json!("one"), &json!("one"))
    );
    harbour.say(quiet("two")).await.ok();
    let new = harbour.look(&format!("/requests?after={}", last["n"])).await;
    assert_eq!((new.as_array().unwrap().len(), &new[0]["body"]["content"]), (1, &json!("two")));
    harbour.act(Method::DELETE, "/requests", Value::Null).await;
    assert_eq!(harbour.look("/requests").await, json!([]));
}

#[tokio::test]
async fn every_answer_carries_the_rate_limit_headers() {
    let harbour = Harbour::open().await;
    let reply = harbour.say(quiet("x")).await;
    for name in [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-ratelimit-reset-after",
        "x-ratelimit-bucket",
    ] {
        assert!(reply.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_rejected_token_is_rejected_everywhere_until_it_is_taken_back() {
    let harbour = Harbour::open().await;
    harbour.gateway(json!({"action": "reject_token"})).await;
    let refused = harbour.get("/users/@me").await;
    assert_eq!((refused.status, &refused.body["message"]), (401, &json!("401: Unauthorized")));
    assert_eq!(harbour.look("/violations").await, json!([]));
    harbour.gateway(json!({"action": "reject_token", "on": false})).await;
    assert_eq!(harbour.get("/users/@me").await.status, 200);
}
