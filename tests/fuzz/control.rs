//! The control interfaces of both stand-ins, over HTTP: any request gets an answer that is not a 5xx, and they serve on afterwards.
use std::time::Duration;

use botswain::sandbox::{Options, Sandbox, discord};
use proptest::prelude::*;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::json::{Meddling, any_json, meddling, text};
use crate::{fuzz, runtime};

const PATIENCE: Duration = Duration::from_secs(20);

/// Every route, with a body that is right for it. `{…}` in a path, and a text of these in a body, is a real id where the case says so.
fn routes() -> Vec<(&'static str, &'static str, Value)> {
    let whose = json!("{member}");
    vec![
        ("GET", "discord/state?as={member}", Value::Null),
        ("GET", "discord/channels/{channel}/messages?as={member}", Value::Null),
        ("GET", "discord/interactions/{message}", Value::Null),
        ("GET", "discord/events?as={member}", Value::Null),
        (
            "POST",
            "discord/commands",
            json!({"as": whose, "channel_id": "{channel}", "name": "bots", "options": [{"name": "echo", "options": [{"name": "text", "value": "a"}]}]}),
        ),
        (
            "POST",
            "discord/autocomplete",
            json!({"as": whose, "channel_id": "{channel}", "name": "bots", "options": [{"name": "echo", "options": [{"name": "text", "value": "a", "focused": true}]}]}),
        ),
        (
            "POST",
            "discord/press",
            json!({"as": whose, "channel_id": "{channel}", "message_id": "{message}", "custom_id": "b", "forged": false}),
        ),
        (
            "POST",
            "discord/press",
            json!({"as": whose, "channel_id": "{channel}", "message_id": "{message}", "custom_id": "x", "forged": true, "elsewhere": "other_guild"}),
        ),
        (
            "POST",
            "discord/select",
            json!({"as": whose, "channel_id": "{channel}", "message_id": "{message}", "custom_id": "m", "values": ["one"]}),
        ),
        (
            "POST",
            "discord/submit",
            json!({"as": whose, "interaction_id": "{message}", "custom_id": "x", "values": {"a": "b"}, "forged": true}),
        ),
        ("POST", "discord/wait", json!({"interaction_id": "{message}", "timeout_ms": 1})),
        (
            "POST",
            "discord/messages",
            json!({"as": whose, "channel_id": "{channel}", "content": "ahoy <@{member}> @everyone"}),
        ),
        ("PUT", "discord/members/{member}/roles", json!({"roles": ["{role}"]})),
        ("DELETE", "discord/members/{member}", Value::Null),
        ("DELETE", "discord/channels/{channel}/messages/{message}", Value::Null),
        ("DELETE", "discord/channels/{channel}", Value::Null),
        (
            "PUT",
            "discord/channels/{channel}/permissions",
            json!({"role_or_user_id": "{role}", "type": 0, "allow": "1024", "deny": "2048"}),
        ),
        ("PUT", "discord/channels/{channel}/thread", json!({"archived": true, "locked": true})),
        ("POST", "discord/clock", json!({"advance_ms": 900_000})),
        (
            "POST",
            "discord/faults",
            json!({"kind": "rate_limit", "retry_after": 1.5, "global": true, "route": "POST /channels/{id}/messages", "times": 1}),
        ),
        ("POST", "discord/faults", json!({"kind": "refuse", "status": 403, "code": 50001, "message": "no"})),
        ("GET", "discord/faults", Value::Null),
        ("DELETE", "discord/faults?route=x", Value::Null),
        ("POST", "discord/gateway", json!({"action": "close", "code": 4000})),
        (
            "POST",
            "discord/gateway",
            json!({"action": "garbage_event", "event": "INTERACTION_CREATE", "data": {"id": 1}}),
        ),
        ("POST", "discord/gateway", json!({"action": "invalid_session", "resumable": true})),
        ("GET", "discord/gateway", Value::Null),
        ("GET", "discord/requests?after=1", Value::Null),
        ("DELETE", "discord/requests", Value::Null),
        ("GET", "discord/pings", Value::Null),
        ("GET", "discord/violations", Value::Null),
        ("GET", "fleet/state", Value::Null),
        ("GET", "fleet/events", Value::Null),
        ("POST", "fleet/connectors/{connector}/do", json!({"do": "drop", "by": "hans"})),
        ("POST", "fleet/connectors/{connector}/do", json!({"do": "start_elsewhere"})),
        ("POST", "fleet/connectors/{connector}/do", json!({"do": "never_comes_up", "on": true})),
        ("POST", "fleet/connectors/{connector}/do", json!({"do": "vanish"})),
        (
            "POST",
            "fleet/connectors/{connector}/do",
            json!({"do": "set", "agent": "Online", "conversations": 7, "since_ms": 1, "last_operation": {"what": "x", "by": "y", "at_ms": 3}, "name": "n", "bot_name": "b", "environment": "Demo"}),
        ),
        ("POST", "fleet/step", json!({"ms": 4_000})),
        ("POST", "fleet/mode", json!({"mode": "explicit"})),
        ("POST", "fleet/mode", json!({"mode": "automatic"})),
        ("POST", "fleet/faults", json!({"kind": "slow", "ms": 1, "route": "GET /v1/connectors", "times": 3})),
        ("POST", "fleet/faults", json!({"kind": "malformed_record", "connector": "{connector}"})),
        ("GET", "fleet/faults", Value::Null),
        ("DELETE", "fleet/faults", Value::Null),
        ("GET", "fleet/requests?after=0", Value::Null),
        ("GET", "fleet/actions", Value::Null),
    ]
}

/// A request to the control interface, before real ids are put in.
#[derive(Clone, Debug)]
struct Try {
    method: String,
    path: String,
    body: Body,
    which: prop::sample::Index,
}

#[derive(Clone, Debug)]
enum Body {
    Json(Value),
    Bytes(Vec<u8>),
}

fn tries() -> impl Strategy<Value = Try> {
    let meddled = |body: Value| {
        prop_oneof![
            2 => Just(body.clone()),
            5 => prop::collection::vec(meddling(), 1..4).prop_map(move |meddlings: Vec<Meddling>| {
                let mut body = body.clone();
                meddlings.iter().for_each(|meddling| meddling.to(&mut body));
                body
            }),
            1 => any_json(),
        ]
        .prop_map(Body::Json)
    };
    let odd_path = || prop::option::weighted(0.15, text());
    let odd_method = || prop::option::weighted(0.05, "GET|PUT|POST|DELETE|PATCH|HEAD|OPTIONS|BREW");
    prop::sample::select(routes())
        .prop_flat_map(move |(method, path, body)| {
            let bodies =
                prop_oneof![9 => meddled(body), 1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Body::Bytes)];
            (Just(method), Just(path), odd_path(), odd_method(), bodies, any::<prop::sample::Index>())
        })
        .prop_map(|(method, path, odd_path, odd_method, body, which)| Try {
            method: odd_method.unwrap_or_else(|| method.to_owned()),
            path: odd_path.map_or_else(|| path.to_owned(), |odd| spoil(path, &odd)),
            body,
            which,
        })
}

/// The path with an odd text in place of its first id, or at its end.
fn spoil(path: &str, odd: &str) -> String {
    let odd: String =
        reqwest::Url::parse_with_params("http://x/", [("q", odd)]).unwrap().query().unwrap()[2..].to_owned();
    match (path.find('{'), path.find('}')) {
        (Some(from), Some(to)) => format!("{}{odd}{}", &path[..from], &path[to + 1..]),
        _ => format!("{path}{odd}"),
    }
}

struct World {
    sandbox: Sandbox,
    http: Client,
    page: String,
    ids: Vec<(&'static str, Vec<String>)>,
}

impl World {
    /// A sandbox with a registered command, and a message with a button and a menu.
    async fn start() -> Self {
        let world = discord::Options { interaction_deadline: Duration::from_millis(5), ..discord::Options::default() };
        let sandbox = Sandbox::start(Options { world, ..Options::default() }).await.unwrap();
        let page = sandbox.page().unwrap();
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let mut world = Self { sandbox, http, page, ids: Vec::new() };
        let state = world.look("control/discord/state").await;
        let ids = |list: &str, at: &str| -> Vec<String> {
            state[list]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one.pointer(at).unwrap().as_str().unwrap().to_owned())
                .collect()
        };
        let (channels, application) = (ids("channels", "/id"), state["application"]["id"].as_str().unwrap().to_owned());
        let guild = state["guild"]["id"].as_str().unwrap().to_owned();
        let command = json!([{"name": "bots", "description": "d", "options": [{"type": 1, "name": "echo", "description": "d", "options": [
            {"type": 3, "name": "text", "description": "d", "autocomplete": true}, {"type": 6, "name": "who", "description": "d"}]}]}]);
        world.bot(Method::PUT, &format!("applications/{application}/guilds/{guild}/commands"), command).await;
        let message = json!({"content": "press", "components": [
            {"type": 1, "components": [{"type": 2, "style": 1, "label": "go", "custom_id": "b"}]},
            {"type": 1, "components": [{"type": 3, "custom_id": "m", "options": [{"label": "one", "value": "one"}]}]}]});
        let message = world.bot(Method::POST, &format!("channels/{}/messages", channels[0]), message).await;
        world.ids = vec![
            ("{channel}", channels),
            ("{member}", ids("members", "/user/id")),
            ("{role}", ids("roles", "/id")),
            ("{message}", vec![message["id"].as_str().unwrap().to_owned()]),
            ("{connector}", vec!["billing-1".to_owned(), "greeter-demo-2".to_owned(), "faq-1".to_owned()]),
        ];
        world
    }

    async fn bot(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self
            .http
            .request(method, format!("{}api/v10/{path}", self.page))
            .header("authorization", "Bot x")
            .json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
        response.json().await.unwrap()
    }

    async fn look(&self, path: &str) -> Value {
        let response = self.http.get(format!("{}{path}", self.page)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    fn real(&self, text: &str, which: &prop::sample::Index) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, ids)| text.replace(name, &ids[which.index(ids.len())]))
    }

    async fn dare(&self, Try { method, path, body, which }: &Try) {
        let path = self.real(path, which);
        let body = match body {
            Body::Json(value) => self.real(&value.to_string(), which).into_bytes(),
            Body::Bytes(bytes) => bytes.clone(),
        };
        let request = self.http.request(method.parse().unwrap(), format!("{}control/{path}", self.page));
        let response = request.header("content-type", "application/json").body(body).send().await;
        // A panic shows as a connection that closes without an answer.
        let response = response.unwrap_or_else(|error| panic!("{method} {path}: no answer: {error:?}"));
        assert!(response.status() < StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}: {}", response.status());
        let endless = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        if !endless {
            response.bytes().await.unwrap();
        }
    }

    /// Both still serve those who are to be tested against them.
    async fn serves_on(&self) {
        for faults in ["discord", "fleet"] {
            let cleared = self.http.delete(format!("{}control/{faults}/faults", self.page)).send().await.unwrap();
            assert!(cleared.status().is_success());
            self.look(&format!("control/{faults}/state")).await;
        }
        let gateway = self
            .http
            .get(format!("{}api/v10/gateway", self.page))
            .header("authorization", "Bot x")
            .send()
            .await
            .unwrap();
        assert!([200, 401].contains(&gateway.status().as_u16()));
        let settings = self.sandbox.config(&[]).unwrap();
        let fleet = botswain::lifecycle::Settings::new(settings.lifecycle.url, settings.lifecycle.token);
        let client = botswain::lifecycle::LifecycleClient::new(fleet).unwrap();
        client.fleet(None).await.unwrap();
    }
}

#[test]
fn no_request_to_the_control_interfaces_is_too_much_for_them() {
    let runtime = runtime();
    fuzz(24, prop::collection::vec(tries(), 1..16), |tries| {
        runtime.block_on(async {
            let world = World::start().await;
            for one in &tries {
                world.dare(one).await;
            }
            world.serves_on().await;
            world.sandbox.stop().await;
        });
    });
}
