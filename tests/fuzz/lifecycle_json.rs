//! What the lifecycle service answers: any JSON, any bytes, under any status. One bad record never hides the others.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use botswain::domain::action::Action;
use botswain::domain::ids::{BotId, ConnectorId};
use botswain::lifecycle::{Change, FleetAnswer, FleetRead, LifecycleClient, LifecycleError, Settings};
use botswain::sandbox::lifecycle::seed::{healthy, idle};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::json::{Meddling, any_json, meddling, text};
use crate::{fuzz, runtime};

const TOKEN: &str = "harbour-master-7f3a";
/// More than any answer below, but the long ones.
const BODY_LIMIT: usize = 256 << 10;

/// An answer, as the hostile service gives it.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    content_type: &'static str,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    fn of(body: &Value) -> Self {
        Self { status: 200, content_type: "application/json", retry_after: None, body: body.to_string().into_bytes() }
    }
}

/// A service that gives one answer to everything.
struct Hostile {
    runtime: Runtime,
    answer: Arc<Mutex<Answer>>,
    url: String,
}

impl Hostile {
    fn start() -> Self {
        let runtime = runtime();
        let answer = Arc::new(Mutex::new(Answer::of(&Value::Null)));
        let served = Arc::clone(&answer);
        let router = Router::new().fallback(move || async move {
            let Answer { status, content_type, retry_after, body } = served.lock().unwrap().clone();
            let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
            response = response.header("content-type", content_type);
            if let Some(seconds) = retry_after {
                response = response.header("retry-after", seconds);
            }
            response.body(Body::from(body)).unwrap()
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { runtime, answer, url }
    }

    fn client(&self, answer: Answer) -> LifecycleClient {
        *self.answer.lock().unwrap() = answer;
        let settings = Settings {
            retries: 0,
            body_limit: BODY_LIMIT,
            fleet_limit: 50,
            total_timeout: Duration::from_secs(20),
            ..Settings::new(self.url.parse().unwrap(), TOKEN.into())
        };
        LifecycleClient::new(settings).unwrap()
    }

    fn fleet(&self, answer: Answer) -> Result<FleetRead, LifecycleError> {
        let client = self.client(answer);
        match self.runtime.block_on(client.fleet(None)) {
            Ok(FleetAnswer::Read(read)) => Ok(read),
            Ok(FleetAnswer::NotModified) => panic!("nobody asked for that"),
            Err(error) => Err(error),
        }
    }
}

fn records() -> Vec<Value> {
    let mut records: Vec<_> = (0..4).map(|n| json!(healthy(&format!("well-{n}"), "A Bot", "Production"))).collect();
    records.push(json!(idle("down-1", "A Bot", "Demo", "Stopped")));
    records[1]["last_operation"] = json!({ "what": "Started", "by": "olga", "at_ms": 1_790_000_000_000_i64 });
    records
}

fn operation() -> Value {
    json!({
        "id": "op-1", "connector_id": "well-1", "action": "stop", "target_environment": null, "state": "failed",
        "idempotency_key": "key-1", "requested_by": "olga", "reason": null, "created_ms": 1, "updated_ms": 2,
        "problem": { "type": "urn:botswain:lifecycle:problem:superseded", "title": "Changed", "status": 409 },
    })
}

/// No error tells the token, and none is a wall of text.
fn decent(error: &LifecycleError) {
    for text in [error.to_string(), error.person(), format!("{error:?}")] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    assert!(error.person().chars().count() < 800, "{}", error.person());
    assert!(error.to_string().chars().count() < 1_200, "{} characters", error.to_string().chars().count());
}

fn looks_healthy(record: &Value) -> bool {
    record["agent"] == "Online" && record["conversational_cloud"] == "Connected" && record["bot_server"] == "Connected"
}

/// What must hold of a reading, whatever was served.
fn holds(read: &FleetRead, served: &[Value]) {
    let looks = served.iter().filter(|record| looks_healthy(record)).count();
    let healthy = read.connectors.iter().filter(|connector| connector.is_healthy()).count();
    assert!(healthy <= looks, "{healthy} healthy of {looks}");
    for record in &read.malformed {
        assert!(record.why.chars().count() < 400, "{} characters of why", record.why.chars().count());
    }
    assert!(read.etag.is_none() || (read.complete && read.malformed.is_empty()));
    let mut by_id = BTreeMap::<Option<&str>, usize>::new();
    for record in served {
        *by_id.entry(record["id"].as_str()).or_default() += 1;
    }
    // Each record is a connector or malformed, alone or as one of those that share an id.
    for (id, count) in by_id {
        let of = |known: Option<&ConnectorId>| known.map(ConnectorId::as_str) == id;
        let connectors = read.connectors.iter().filter(|c| of(Some(&c.id))).count();
        let malformed = read.malformed.iter().filter(|m| of(m.id.as_ref())).count();
        match id {
            Some("" | "." | "..") => assert_eq!(connectors, 0),
            None => assert!(malformed >= count, "{malformed} malformed of {count} without an id"),
            Some(id) => {
                assert!(connectors <= 1);
                assert!(
                    (1..=count).contains(&(connectors + malformed)),
                    "{id:?}: {connectors} and {malformed} of {count}"
                );
            }
        }
    }
}

#[test]
fn p5_one_bad_record_never_hides_the_others() {
    let hostile = Hostile::start();
    let victims = prop::collection::vec((0_usize..5, prop::collection::vec(meddling(), 1..4)), 0..4);
    let strangers = prop::collection::vec(any_json(), 0..3);
    fuzz(96, (victims, strangers), |(victims, strangers)| {
        let right = records();
        let mut served = right.clone();
        for (at, meddlings) in &victims {
            meddlings.iter().for_each(|meddling| meddling.to(&mut served[*at]));
        }
        served.extend(strangers.clone());
        let page = json!({ "items": served, "next_cursor": null, "snapshot": "s" });
        let read = hostile.fleet(Answer::of(&page)).unwrap();
        holds(&read, &served);
        for (at, record) in right.iter().enumerate() {
            let id = record["id"].as_str().unwrap();
            let alone = served.iter().filter(|other| other["id"] == id).count() == 1;
            if alone && !victims.iter().any(|(victim, _)| *victim == at) {
                let found = read.connectors.iter().find(|c| c.id.as_str() == id).unwrap();
                assert_eq!(found.is_healthy(), looks_healthy(record));
            }
        }
    });
}

/// A page whose own fields are not right, or that leads on for ever, is an error or a reading that says it is not whole.
#[test]
fn p5_a_page_that_is_not_one_is_never_a_whole_fleet() {
    let hostile = Hostile::start();
    fuzz(64, prop::collection::vec(meddling(), 1..4), |meddlings: Vec<Meddling>| {
        let mut page = json!({ "items": records(), "next_cursor": null, "snapshot": "s" });
        meddlings.iter().for_each(|meddling| meddling.to(&mut page));
        match hostile.fleet(Answer::of(&page)) {
            Ok(read) => {
                // The same page again and again, if it leads on: then its records come twice.
                let served = page["items"].as_array().unwrap();
                let pages = if page["next_cursor"].is_string() { 2 } else { 1 };
                assert!(pages == 1 || !read.complete);
                if pages == 1 {
                    holds(&read, served);
                }
            }
            Err(error) => decent(&error),
        }
    });
}

/// Bytes that are no JSON, or no text, or cut off, or far too deep, or too many.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let page = || json!({ "items": records(), "next_cursor": null, "snapshot": "s" }).to_string().into_bytes();
    let cut = any::<prop::sample::Index>().prop_map(move |at| {
        let mut body = page();
        body.truncate(at.index(body.len()));
        body
    });
    let struck = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6).prop_map(move |strikes| {
        let mut body = page();
        for (at, byte) in strikes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body
    });
    let deep = (1_usize..100_000, prop::sample::select(vec!["[", "{\"items\":", "{\"items\":[[", "\""]))
        .prop_map(|(levels, open)| open.repeat(levels).into_bytes());
    prop_oneof![
        any_json().prop_map(|value| value.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..600),
        cut,
        struck,
        deep,
        text().prop_map(|text| json!({ "type": text, "title": text, "status": 409, "detail": text })
            .to_string()
            .into_bytes()),
        (0..2_usize).prop_map(|more| vec![b' '; BODY_LIMIT + more]),
    ]
}

fn answers() -> impl Strategy<Value = Answer> {
    let status = prop_oneof![3 => Just(200_u16), 1 => 200_u16..600, 1 => prop::sample::select(vec![304, 307, 401, 408, 409, 410, 429, 503])];
    let kinds = vec![
        "application/json",
        "application/problem+json",
        "application/problem+json; charset=utf-8",
        "text/html",
        ";",
    ];
    let seconds = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        "[ -~]{0,24}",
        prop::sample::select(vec![
            "99999999999999999999",
            "-1",
            "Wed, 21 Oct 2035 07:28:00 GMT",
            "Mon, 01 Jan -9999 00:00:00 GMT",
            "1e9"
        ])
        .prop_map(str::to_owned),
    ];
    (status, prop::sample::select(kinds), prop::option::of(seconds), bodies())
        .prop_map(|(status, content_type, retry_after, body)| Answer { status, content_type, retry_after, body })
}

#[test]
fn p5_no_answer_at_all_makes_the_client_panic_or_talk_nonsense() {
    let hostile = Hostile::start();
    fuzz(96, answers(), |answer| {
        if let Err(error) = hostile.fleet(answer.clone()) {
            decent(&error);
        }
        let client = hostile.client(answer);
        hostile.runtime.block_on(async {
            let (id, stop) = (ConnectorId::new("well-1"), Action::Stop);
            let change = Change {
                connector: &id,
                action: &stop,
                revision: None,
                key: "key-1",
                requested_by: "olga",
                reason: None,
            };
            let errors = [
                client.connector(&id).await.err(),
                client.operation("op-1").await.err(),
                client.operation_by_key("key-1").await.err(),
                client.begin(&change).await.err(),
                client.connectors_of(&BotId::new("bot-a")).await.err(),
            ];
            errors.iter().flatten().for_each(decent);
        });
    });
}

#[test]
fn what_is_about_something_else_is_not_believed() {
    let hostile = Hostile::start();
    let record = || json!(healthy("well-1", "A Bot", "Production"));
    fuzz(64, prop::collection::vec(meddling(), 1..4), |meddlings: Vec<Meddling>| {
        let meddled = |mut value: Value| {
            meddlings.iter().for_each(|meddling| meddling.to(&mut value));
            value
        };
        let (connector, operation) = (meddled(record()), meddled(operation()));
        let client = hostile.client(Answer::of(&connector));
        match hostile.runtime.block_on(client.connector(&ConnectorId::new("well-1"))) {
            Ok(read) => {
                assert_eq!(connector["id"], "well-1");
                assert!(!read.is_healthy() || looks_healthy(&connector));
            }
            Err(error) => decent(&error),
        }
        let client = hostile.client(Answer::of(&operation));
        match hostile.runtime.block_on(client.operation("op-1")) {
            Ok(read) => {
                assert_eq!((read.id.as_str(), &operation["id"]), ("op-1", &json!("op-1")));
                let succeeded = read.state == botswain::lifecycle::OperationState::Succeeded;
                assert!(!succeeded || operation["state"] == "succeeded");
            }
            Err(error) => decent(&error),
        }
        let list = json!({ "items": [operation] });
        let client = hostile.client(Answer::of(&list));
        match hostile.runtime.block_on(client.operation_by_key("key-1")) {
            Ok(read) => assert!(read.is_some_and(|read| read.key == "key-1")),
            Err(error) => decent(&error),
        }
    });
}
