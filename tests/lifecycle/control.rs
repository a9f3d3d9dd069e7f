//! The control interface, as the panel uses it.
use botswain::sandbox::lifecycle::{LifecycleSimulator, Options};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::world::{World, stop, world};

impl World {
    async fn control(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, &format!("control/fleet/{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.control(Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn look(&self, path: &str) -> Value {
        let (status, answer) = self.control(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

fn one<'a>(state: &'a Value, id: &str) -> &'a Value {
    let all = state["connectors"].as_array().unwrap();
    all.iter().find(|c| c["id"] == id).unwrap()
}

#[tokio::test]
async fn the_panel_breaks_and_mends_connectors() {
    let world = world().await;
    let state = world.look("state").await;
    assert_eq!(state["mode"], "explicit");
    assert_eq!(state["now_ms"], 1_790_000_000_000_i64);
    assert_eq!(one(&state, "greeter-demo-2")["fault"], "never_comes_up");
    assert_eq!(one(&state, "billing-1")["fault"], Value::Null);
    let table = [
        (json!({"do": "drop"}), json!({"agent": "Not Connected", "conversational_cloud": "Not Connected"})),
        (json!({"do": "recover"}), json!({"agent": "Online", "conversational_cloud": "Connected"})),
        (json!({"do": "disconnect_cloud"}), json!({"agent": "Online", "conversational_cloud": "Not Connected"})),
        (json!({"do": "disconnect_bot_server"}), json!({"agent": "Online", "bot_server": "Not Connected"})),
        (json!({"do": "stop_elsewhere", "by": "hans"}), json!({"agent": "Stopped"})),
        (json!({"do": "never_comes_up"}), json!({"fault": "never_comes_up"})),
        (json!({"do": "never_comes_up", "on": false}), json!({"fault": null})),
        (json!({"do": "never_connects", "on": true}), json!({"fault": "never_connects"})),
        (json!({"do": "never_connects", "on": false}), json!({"fault": null})),
        (json!({"do": "start_refused", "on": true}), json!({"fault": "start_refused"})),
        (json!({"do": "start_refused", "on": false}), json!({"fault": null})),
        (json!({"do": "start_elsewhere"}), json!({"agent": "Not Connected"})),
        (
            json!({"do": "set", "agent": "Hibernating", "conversations": null, "since_ms": 0, "bot_name": "Änders <b>"}),
            json!({"agent": "Hibernating", "conversations": null, "since_ms": 0}),
        ),
        (json!({"do": "set", "conversations": 7}), json!({"agent": "Hibernating", "conversations": 7})),
        (json!({"do": "vanish"}), json!({"vanished": true})),
        (json!({"do": "return"}), json!({"vanished": false})),
    ];
    for (order, shown) in table {
        let answer = world.post("connectors/billing-1/do", order.clone()).await;
        for (field, value) in shown.as_object().unwrap() {
            assert_eq!(&answer["connector"][field], value, "{order}: {field}");
        }
    }
    let state = world.look("state").await;
    assert_eq!(one(&state, "billing-1")["bot"]["name"], "Änders <b>");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_sentence() {
    let world = world().await;
    for (path, body, status) in [
        ("connectors/nobody/do", json!({"do": "drop"}), 404),
        ("connectors/billing-1/do", json!({"do": "dance"}), 422),
        ("step", json!({"ms": -1}), 422),
        ("mode", json!({"mode": "sideways"}), 422),
        ("faults", json!({"kind": "nothing"}), 422),
    ] {
        let (got, answer) = world.control(Method::POST, path, Some(body)).await;
        assert_eq!(got, status, "{path}");
        assert!(answer["message"].is_string(), "{path}: {answer}");
    }
    world.post("mode", json!({"mode": "automatic"})).await;
    let (status, _) = world.control(Method::POST, "step", Some(json!({"ms": 1}))).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn requests_faults_and_actions_can_be_looked_at() {
    let world = world().await;
    world
        .post("faults", json!({"kind": "slow", "ms": 1, "route": "POST /v1/connectors/{id}/operations", "times": 1}))
        .await;
    let faults = world.look("faults").await;
    assert_eq!(faults["faults"][0]["kind"], "slow");
    world.get("v1/connectors?limit=3").await;
    world.change("billing-1", "key-1", stop()).await;
    world.change("billing-1", "key-1", stop()).await;
    assert_eq!(world.look("faults").await["faults"], json!([]));
    let requests = world.look("requests").await;
    assert_eq!(requests.as_array().unwrap().len(), 3);
    assert_eq!(requests[0]["path"], "/v1/connectors?limit=3");
    assert_eq!(requests[1]["headers"]["idempotency-key"], "key-1");
    assert_eq!(requests[1]["fault"]["kind"], "slow");
    assert_eq!(requests[2]["status"], 202);
    assert!(!requests.to_string().contains(super::world::TOKEN));
    assert_eq!(world.look("requests?after=2").await.as_array().unwrap().len(), 1);
    let actions = world.look("actions").await;
    assert_eq!(actions.as_array().unwrap().len(), 1);
    assert_eq!((&actions[0]["key"], &actions[0]["by"]), (&json!("key-1"), &json!("olga")));
    world.control(Method::DELETE, "requests", None).await;
    assert_eq!(world.look("requests").await, json!([]));
    let state = world.post("step", json!({"ms": 1_000})).await;
    assert_eq!(one(&state, "billing-1")["agent"], "Stopped");
}

#[tokio::test]
async fn the_panel_sees_each_change() {
    let world = world().await;
    let mut stream = world.request(Method::GET, "control/fleet/events").send().await.unwrap();
    let mut text = String::new();
    let mut next = async || {
        while !text.contains("\n\n") {
            let chunk = stream.chunk().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        let (frame, rest) = text.split_once("\n\n").unwrap();
        let data = frame.lines().find_map(|line| line.strip_prefix("data:")).unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        text = rest.to_owned();
        data
    };
    let first = next().await;
    assert_eq!(first["type"], "fleet");
    assert_eq!(one(&first, "faq-1")["agent"], "Online");
    world.post("connectors/faq-1/do", json!({"do": "drop"})).await;
    assert_eq!(one(&next().await, "faq-1")["agent"], "Not Connected");
    world.post("faults", json!({"kind": "drop"})).await;
    assert_eq!(next().await["faults"][0]["kind"], "drop");
    // A trouble does not show on the wire, but does here.
    world.post("connectors/faq-1/do", json!({"do": "never_comes_up"})).await;
    assert_eq!(one(&next().await, "faq-1")["fault"], "never_comes_up");
    world.post("mode", json!({"mode": "automatic"})).await;
    assert_eq!(next().await["mode"], "automatic");
}

#[tokio::test]
async fn the_streams_end_with_the_service() {
    let world = world().await;
    let shutdown = CancellationToken::new();
    let simulator: LifecycleSimulator = world.simulator.clone();
    let running = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { simulator.run(shutdown).await }
    });
    let stream = world.request(Method::GET, "control/fleet/events").send().await.unwrap();
    shutdown.cancel();
    running.await.unwrap();
    assert!(stream.text().await.unwrap().contains("fleet"));
}

#[test]
fn the_token_is_not_in_what_is_printed() {
    let options = super::world::explicit();
    let printed = format!("{options:?} {:?}", LifecycleSimulator::new(Options { ..options.clone() }));
    assert!(!printed.contains(super::world::TOKEN));
}
