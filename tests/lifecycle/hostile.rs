//! A service that answers well-formed nonsense, which the simulator never would.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use botswain::domain::action::Action;
use botswain::domain::ids::BotId;
use botswain::lifecycle::contract::Connector;
use botswain::lifecycle::{Carried, ErrorKind, FleetAnswer, FleetRead, LifecycleClient, OperationState, Settings};
use botswain::sandbox::lifecycle::seed::healthy;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::client::{change, id};

/// A client of a service that gives these answers in turn, and the last of them for ever.
async fn scripted(answers: Vec<(u16, Value)>) -> LifecycleClient {
    let left = Arc::new(Mutex::new(VecDeque::from(answers)));
    let router = axum::Router::new().fallback(move || async move {
        let mut left = left.lock().unwrap();
        let (status, body) = left.pop_front().unwrap();
        if left.is_empty() {
            left.push_back((status, body.clone()));
        }
        (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = Settings { fleet_limit: 50, ..Settings::new(url.parse().unwrap(), SecretString::from("t")) };
    LifecycleClient::new(settings).unwrap()
}

fn connector(id: &str) -> Connector {
    healthy(id, "A Bot", "Production")
}

fn page(snapshot: &str, items: &[Connector], next: Option<&str>) -> (u16, Value) {
    (200, json!({ "items": items, "next_cursor": next, "snapshot": snapshot, "extra": 1 }))
}

async fn read(client: &LifecycleClient) -> FleetRead {
    match client.fleet(None).await.unwrap() {
        FleetAnswer::Read(read) => read,
        FleetAnswer::NotModified => panic!("not asked for"),
    }
}

#[tokio::test]
async fn p5_a_connector_that_comes_twice_is_unknown() {
    let client = scripted(vec![
        page("s", &[connector("a"), connector("b")], Some("c")),
        page("s", &[connector("a"), connector("a"), connector("c")], None),
    ])
    .await;
    let fleet = read(&client).await;
    let names: Vec<_> = fleet.connectors.iter().map(|c| c.name.as_str()).collect();
    assert_eq!((names, fleet.complete), (vec!["b", "c"], true));
    assert_eq!(fleet.malformed.len(), 1);
    assert_eq!(fleet.malformed[0].id, Some(id("a")));
    assert!(fleet.etag.is_none());
}

#[tokio::test]
async fn p5_pages_of_two_moments_are_not_one_fleet() {
    let client = scripted(vec![page("one", &[connector("a")], Some("c")), page("two", &[connector("b")], None)]).await;
    let fleet = read(&client).await;
    assert_eq!((fleet.connectors.len(), fleet.complete, fleet.etag), (1, false, None));
}

#[tokio::test]
async fn cursors_that_go_round_or_never_end_are_left() {
    let round = page("s", &[connector("a")], Some("again"));
    let fleet = read(&scripted(vec![round]).await).await;
    assert!(!fleet.complete);
    let endless = (0..100).map(|n| page("s", &[connector(&format!("c{n}"))], Some(&n.to_string())));
    let fleet = read(&scripted(endless.collect()).await).await;
    assert_eq!((fleet.connectors.len(), fleet.complete), (51, false));
    let expired = (410, json!({ "type": "urn:botswain:lifecycle:problem:cursor-expired" }));
    let client = scripted(vec![page("s", &[connector("a")], Some("c")), expired]).await;
    // Without its media type it is no problem of the contract: the page is missing, and that is all.
    assert!(!read(&client).await.complete);
}

#[tokio::test]
async fn p5_records_that_cannot_be_read_are_named_where_they_can_be() {
    let good = serde_json::to_value(connector("good")).unwrap();
    let with = |field: &str, value: Value| {
        let mut record = good.clone();
        record["id"] = json!("bad");
        record[field] = value;
        record
    };
    let bad = [
        with("agent", json!(null)),
        with("bot", json!("A Bot")),
        with("bot", json!({ "id": "", "name": "A Bot" })),
        with("environment", json!(" ")),
        with("conversations", json!(-1)),
        with("since_ms", json!("yesterday")),
        with("revision", json!("")),
        with("revision", json!("r\"1")),
    ];
    let nameless =
        [json!(null), json!(7), json!({}), with("id", json!(7)), with("id", json!("..")), with("id", json!(""))];
    for record in bad {
        let client = scripted(vec![(200, json!({ "items": [record.clone(), good.clone()], "snapshot": "s" }))]).await;
        let fleet = read(&client).await;
        assert_eq!(fleet.connectors.len(), 1, "{record}");
        assert_eq!(fleet.malformed[0].id, Some(id("bad")), "{record}");
    }
    for record in nameless {
        let client = scripted(vec![(200, json!({ "items": [record.clone(), good.clone()], "snapshot": "s" }))]).await;
        let fleet = read(&client).await;
        assert_eq!((fleet.connectors.len(), fleet.malformed.len()), (1, 1), "{record}");
        assert_eq!(fleet.malformed[0].id, None, "{record}");
    }
    // A list whose items would fit a connector's fields, in their order, and a record that is nested too deep to be read.
    let list = Value::Array(good.as_object().unwrap().values().cloned().collect());
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    for (record, named) in [(list, None), (with("agent", deep), Some(id("bad")))] {
        let client = scripted(vec![(200, json!({ "items": [record, good.clone()], "snapshot": "s" }))]).await;
        let fleet = read(&client).await;
        assert_eq!((fleet.connectors.len(), &fleet.malformed[0].id), (1, &named));
    }
    let mut odd = good;
    odd["since_ms"] = json!(i64::MAX);
    odd["last_operation"] = json!({ "what": "x", "by": null, "at_ms": -5 });
    odd["unheard_of"] = json!([1, 2, 3]);
    let fleet = read(&scripted(vec![(200, json!({ "items": [odd], "snapshot": "s" }))]).await).await;
    assert_eq!(fleet.connectors[0].since, None);
    assert_eq!(fleet.connectors[0].last_operation.as_ref().unwrap().at, None);
}

#[tokio::test]
async fn answers_about_something_else_are_not_believed() {
    let operation = json!({
        "id": "op-1", "connector_id": "a", "action": "stop", "state": "succeeded",
        "idempotency_key": "key-1", "requested_by": "olga"
    });
    let with = |field: &str, value: &str| {
        let mut other = operation.clone();
        other[field] = json!(value);
        other
    };
    let (a, stop) = (id("a"), Action::Stop);
    for other in [with("idempotency_key", "key-2"), with("connector_id", "b"), with("id", "")] {
        let client = scripted(vec![(202, other)]).await;
        let error = client.begin(&change(&a, &stop, "key-1")).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Malformed(_)), "{error}");
        assert_eq!(error.carried(), Carried::Maybe);
    }
    let client = scripted(vec![(200, with("id", "op-2"))]).await;
    client.operation("op-1").await.unwrap_err();
    let client = scripted(vec![(200, json!({ "items": [with("idempotency_key", "key-2")] }))]).await;
    client.operation_by_key("key-1").await.unwrap_err();
    let client = scripted(vec![(200, json!({ "items": [operation, operation] }))]).await;
    client.operation_by_key("key-1").await.unwrap_err();
    let client = scripted(vec![(200, json!(connector("b")))]).await;
    client.connector(&a).await.unwrap_err();
    let client = scripted(vec![(304, json!(null))]).await;
    client.fleet(None).await.unwrap_err();
    client.connectors_of(&BotId::new("a")).await.unwrap_err();
    // A filter that the service overlooked: other bots' connectors are none of this one's.
    let client = scripted(vec![page("s", &[connector("a")], None)]).await;
    assert!(client.connectors_of(&BotId::new("bot-other")).await.unwrap().connectors.is_empty());
}

#[tokio::test]
async fn a_state_in_an_unknown_word_is_not_over() {
    let operation = |state: &str| {
        json!({
            "id": "op-1", "connector_id": "a", "action": "defragment", "state": state,
            "idempotency_key": "key-1", "requested_by": "olga"
        })
    };
    let client = scripted(vec![(200, operation("queued"))]).await;
    assert_eq!(client.operation("op-1").await.unwrap().state, OperationState::Running);
    let client = scripted(vec![(200, operation("failed"))]).await;
    let said = "The lifecycle service gave no reason.".to_owned();
    assert_eq!(client.operation("op-1").await.unwrap().state, OperationState::Failed { superseded: false, said });
}

#[tokio::test]
async fn a_refusal_without_problem_details_is_a_refusal_all_the_same() {
    for (status, carried) in
        [(400, Carried::No), (404, Carried::No), (409, Carried::No), (408, Carried::Maybe), (303, Carried::Maybe)]
    {
        let client = scripted(vec![(status, json!("no"))]).await;
        let error = client.begin(&change(&id("a"), &Action::Stop, "key-1")).await.unwrap_err();
        assert_eq!(error.carried(), carried, "{error}");
    }
}

/// What the service says is quoted short, on one line.
#[tokio::test]
async fn long_refusals_are_cut() {
    let text = "\n<@everyone> ".repeat(1_000);
    let body = json!({ "title": text, "type": text, "status": 409 });
    let router = axum::Router::new().fallback(move || {
        let body = body.to_string();
        async move { (StatusCode::CONFLICT, [("content-type", "application/problem+json")], body) }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = Settings::new(url.parse().unwrap(), SecretString::from("t"));
    let client = LifecycleClient::new(settings).unwrap();
    let error = client.begin(&change(&id("a"), &Action::Stop, "key-1")).await.unwrap_err();
    for text in [error.person(), error.to_string()] {
        assert!(text.chars().count() < 600 && !text.contains('\n'), "{text}");
    }
}
