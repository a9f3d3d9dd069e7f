//! The contract, as any client sees it.
use botswain::lifecycle::contract::ProblemKind;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind, Patch};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{TOKEN, World, redeploy, start, stop, world};

#[tokio::test]
async fn nothing_but_the_document_is_answered_without_the_token() {
    let world = world().await;
    let wrong = ["", "Bearer", "Bearer wrong", "Basic harbour-master-7f3a", &format!("Bearer {TOKEN}x")];
    for authorization in wrong {
        for path in ["v1/connectors", "v1/connectors/billing-1", "v1/operations/op-1", "v1/events"] {
            let request = world.request(Method::GET, path).header("Authorization", authorization);
            let answer = world.send(request).await;
            assert_eq!((answer.status, answer.problem()), (401, "unauthorized"));
        }
    }
    let post = world.request(Method::POST, "v1/connectors/billing-1/operations").json(&stop());
    assert_eq!(world.send(post.header("Idempotency-Key", "k")).await.status, 401);
    assert!(world.simulator.actions().is_empty());
    assert!(world.simulator.requests().iter().all(|request| !request.authorized));
    let document = world.send(world.request(Method::GET, "openapi.json")).await;
    assert_eq!((document.status, &document.body["openapi"]), (200, &json!("3.1.0")));
}

#[tokio::test]
async fn the_fleet_is_read_by_environment_and_by_bot() {
    let world = world().await;
    let names = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap().iter();
        items.map(|c| c["id"].as_str().unwrap().to_owned()).collect()
    };
    let billing = world.get("v1/connectors?environment=production&bot=bot-billing").await;
    assert_eq!(names(&billing.body), ["billing-1", "billing-2"]);
    assert_eq!(billing.body["next_cursor"], Value::Null);
    let all = world.get("v1/connectors").await;
    let sorted = names(&all.body);
    assert!(sorted.is_sorted() && sorted.len() == 16, "{sorted:?}");
    assert_eq!(names(&world.get("v1/connectors?environment=nowhere").await.body).len(), 0);
    let one = world.get("v1/connectors/billing-1").await;
    assert_eq!(one.header("etag"), format!("\"{}\"", one.body["revision"].as_str().unwrap()));
    assert_eq!(world.get("v1/connectors/nobody").await.problem(), "unknown-connector");
}

async fn pages(world: &World, limit: u32, between: impl Fn()) -> (Vec<Value>, Vec<String>) {
    let mut page = world.get(&format!("v1/connectors?limit={limit}")).await;
    let (mut items, mut tags) = (Vec::new(), Vec::new());
    loop {
        tags.push(page.header("etag").to_owned());
        items.extend(page.body["items"].as_array().unwrap().clone());
        between();
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            return (items, tags);
        };
        page = world.get(&format!("v1/connectors?cursor={cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
    }
}

#[tokio::test]
async fn a_cursor_pins_its_moment() {
    let world = world().await;
    let before = world.get("v1/connectors").await;
    let (items, tags) = pages(&world, 5, || {
        world.simulator.do_to("returns-2", Deed::Drop).unwrap();
        world.simulator.do_to("billing-2", Deed::Vanish).unwrap();
    })
    .await;
    assert_eq!(tags.len(), 4);
    assert!(tags.iter().all(|tag| tag == before.header("etag")));
    assert_eq!(Value::Array(items), before.body["items"]);
    let (after, tags) = pages(&world, 5, || {}).await;
    assert_eq!(after.len(), 15);
    assert_ne!(tags[0], before.header("etag"));
}

#[tokio::test]
async fn a_cursor_expires_by_name_and_a_forged_one_is_refused() {
    let world = world().await;
    let page = world.get("v1/connectors?limit=5").await;
    let cursor = page.body["next_cursor"].as_str().unwrap().to_owned();
    world.simulator.step(59_000);
    assert_eq!(world.get(&format!("v1/connectors?cursor={cursor}")).await.status, 200);
    let mixed = world.get(&format!("v1/connectors?cursor={cursor}&limit=5")).await;
    assert_eq!((mixed.status, mixed.problem()), (422, "cursor-with-filters"));
    world.simulator.step(2_000);
    let expired = world.get(&format!("v1/connectors?cursor={cursor}")).await;
    assert_eq!((expired.status, expired.problem()), (410, "cursor-expired"));
    let foreign = world.get("v1/connectors?cursor=00000000.1.5").await;
    assert_eq!(foreign.problem(), "cursor-expired");
    for forged in ["", "x", "1.2", "zzzzzzzz.1.5", "00000000.-1.5", "00000000.1.5.6"] {
        let answer = world.get(&format!("v1/connectors?cursor={forged}")).await;
        assert_eq!((answer.status, answer.problem()), (410, "cursor-expired"), "{forged}");
    }
}

#[tokio::test]
async fn an_unchanged_fleet_is_304_and_any_change_is_not() {
    let world = world().await;
    let first = world.get("v1/connectors?limit=5").await;
    let tag = first.header("etag").to_owned();
    let again = |tag: String| {
        let request = world.request(Method::GET, "v1/connectors?limit=5").bearer_auth(TOKEN);
        world.send(request.header("If-None-Match", tag))
    };
    let unchanged = again(tag.clone()).await;
    assert_eq!((unchanged.status, unchanged.header("etag")), (304, tag.as_str()));
    assert_eq!(again(format!("\"other\", W/{tag}")).await.status, 304);
    assert_eq!(again("*".to_owned()).await.status, 304);
    assert_eq!(again("\"other\"".to_owned()).await.status, 200);
    // The last page alone changes, in its load alone.
    let load = Patch { conversations: Some(Some(77)), ..Patch::default() };
    world.simulator.do_to("survey-2", Deed::Set(Box::new(load))).unwrap();
    assert_eq!(again(tag).await.status, 200);
}

#[tokio::test]
async fn a_change_is_accepted_with_an_operation_that_can_be_read() {
    let world = world().await;
    let answer = world.change("billing-2", "key-1", stop()).await;
    assert_eq!(answer.status, 202);
    let id = answer.body["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/v1/operations/{id}"));
    assert_eq!(answer.header("idempotent-replayed"), "");
    assert_eq!(answer.body["state"], "accepted");
    world.simulator.step(500);
    let running = world.get(answer.header("location")).await;
    assert_eq!(running.body["state"], "running");
    let connector = world.get("v1/connectors/billing-2").await;
    assert_eq!(connector.body["operation_id"], id);
    world.simulator.step(500);
    assert_eq!(world.get(answer.header("location")).await.body["state"], "succeeded");
    let connector = world.get("v1/connectors/billing-2").await;
    assert_eq!(connector.body["agent"], "Stopped");
    assert_eq!(connector.body["operation_id"], Value::Null);
    assert_eq!(connector.body["last_operation"]["by"], "olga");
    assert_eq!(world.get("v1/operations/op-99").await.problem(), "unknown-operation");
}

#[tokio::test]
async fn p3_a_replayed_key_answers_as_the_first_time_before_any_precondition() {
    let world = world().await;
    let revision = world.get("v1/connectors/billing-2").await.header("etag").to_owned();
    let first = world.change_if("billing-2", "key-1", Some(&revision), stop()).await;
    assert_eq!(first.status, 202);
    for ms in [0, 500, 5_000, 20 * 3_600_000] {
        world.simulator.step(ms);
        let again = world.change_if("billing-2", "key-1", Some(&revision), stop()).await;
        assert_eq!(again.status, 202, "{again:?}");
        assert_eq!(again.body["id"], first.body["id"]);
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("idempotent-replayed"), "true");
    }
    assert_eq!(world.simulator.actions().len(), 1);
    let by_key = world.get("v1/operations?idempotency_key=key-1").await;
    assert_eq!(by_key.body["items"][0]["id"], first.body["id"]);
    assert_eq!(by_key.body["items"][0]["state"], "succeeded");
}

#[tokio::test]
async fn p3_a_refusal_stays_a_refusal_under_its_key() {
    let world = world().await;
    let refused = world.change("billing-1", "key-1", start()).await;
    assert_eq!(refused.problem(), "already-running");
    world.simulator.do_to("billing-1", Deed::StopElsewhere).unwrap();
    let again = world.change("billing-1", "key-1", start()).await;
    assert_eq!((again.status, again.problem()), (409, "already-running"));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(world.get("v1/operations?idempotency_key=key-1").await.body["items"], json!([]));
    assert_eq!(world.change("billing-1", "key-2", start()).await.status, 202);
}

#[tokio::test]
async fn a_key_is_for_one_change() {
    let world = world().await;
    assert_eq!(world.change("billing-1", "key-1", stop()).await.status, 202);
    let reworded = json!({ "action": "stop", "requested_by": "olga (again)" });
    assert_eq!(world.change("billing-1", "key-1", reworded).await.status, 202);
    let others = [("billing-2", stop()), ("billing-1", start()), ("billing-1", redeploy("Demo"))];
    for (id, body) in others {
        let answer = world.change(id, "key-1", body).await;
        assert_eq!((answer.status, answer.problem()), (422, "idempotency-key-reused"));
    }
    assert_eq!(world.simulator.actions().len(), 1);
}

#[tokio::test]
async fn a_request_that_was_not_judged_does_not_use_its_key_up() {
    let world = world().await;
    for problem in ["unavailable", "rate-limited"] {
        let kind = FaultKind::Refuse { problem: problem.to_owned() };
        world.simulator.add_fault(Fault::from(kind).times(1));
        let answer = world.change("billing-1", "key-1", stop()).await;
        assert_eq!(answer.problem(), problem);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(world.change("billing-1", "key-1", json!({})).await.status, 400);
    assert_eq!(world.change("billing-1", "key-1", stop()).await.status, 202);
}

#[tokio::test]
async fn a_moved_revision_is_412_and_names_the_present_one() {
    let world = world().await;
    let old = world.get("v1/connectors/billing-1").await.header("etag").to_owned();
    world.simulator.do_to("billing-1", Deed::Drop).unwrap();
    let answer = world.change_if("billing-1", "key-1", Some(&old), stop()).await;
    assert_eq!((answer.status, answer.problem()), (412, "revision-mismatch"));
    let now = world.get("v1/connectors/billing-1").await.body["revision"].clone();
    assert_eq!(answer.body["revision"], now);
    assert!(world.simulator.actions().is_empty());
    let weak = format!("W/\"{}\"", now.as_str().unwrap());
    assert_eq!(world.change_if("billing-1", "key-2", Some(&weak), stop()).await.status, 412);
    let several = format!("{old}, \"{}\"", now.as_str().unwrap());
    assert_eq!(world.change_if("billing-1", "key-3", Some(&several), stop()).await.status, 202);
    assert_eq!(world.change_if("billing-2", "key-4", Some("*"), stop()).await.status, 202);
}

#[tokio::test]
async fn each_refusal_has_its_own_type() {
    let world = world().await;
    let table = [
        ("billing-1", start(), 409, "already-running"),
        ("billing-1", redeploy("Demo"), 409, "not-stopped"),
        ("billing-demo-1", stop(), 409, "not-running"),
        ("returns-demo-1", stop(), 409, "not-running"),
        ("returns-demo-1", redeploy("Production"), 409, "not-stopped"),
        ("faq-demo-1", start(), 409, "not-stopped"),
        ("billing-demo-1", redeploy("demo"), 409, "same-environment"),
        ("billing-demo-1", redeploy("Staging"), 422, "unknown-environment"),
        ("nobody", stop(), 404, "unknown-connector"),
    ];
    for (n, (id, body, status, problem)) in table.into_iter().enumerate() {
        let answer = world.change(id, &format!("key-{n}"), body).await;
        assert_eq!((answer.status, answer.problem()), (status, problem), "{id}");
    }
    let first = world.change("billing-1", "first", stop()).await;
    let second = world.change("billing-1", "second", stop()).await;
    assert_eq!((second.status, second.problem()), (409, "operation-in-progress"));
    assert_eq!(second.body["operation_id"], first.body["id"]);
    assert_eq!(world.simulator.actions().len(), 1);
}

#[tokio::test]
async fn malformed_input_gets_a_problem_and_does_nothing() {
    let world = world().await;
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "7",
        r#"{"action":"stop"}"#,
        r#"{"action":"halt","requested_by":"olga"}"#,
        r#"{"action":"stop","requested_by":""}"#,
        r#"{"action":"stop","requested_by":7}"#,
        r#"{"action":"stop","requested_by":"olga","target":"Demo"}"#,
        r#"{"action":"stop","requested_by":"olga","target_environment":"Demo"}"#,
        r#"{"action":"redeploy","requested_by":"olga"}"#,
        r#"{"requested_by":"olga"}"#,
        r#"{"action":"stop","action":"start","requested_by":"olga"}"#,
        "\u{0}",
        "\"\\ud800\"",
    ];
    let post = |body: String| {
        world
            .request(Method::POST, "v1/connectors/billing-1/operations")
            .bearer_auth(TOKEN)
            .header("Content-Type", "application/json")
            .body(body)
    };
    let long = format!(r#"{{"action":"stop","requested_by":"olga","reason":"{}"}}"#, "x".repeat(501));
    for body in bodies.map(str::to_owned).into_iter().chain([long]) {
        let answer = world.send(post(body.clone()).header("Idempotency-Key", "key-1")).await;
        assert_eq!((answer.status, answer.problem()), (400, "invalid-request"), "{body}");
    }
    let good = stop().to_string();
    let answer = world.send(post(good.clone())).await;
    assert_eq!((answer.status, answer.problem()), (400, "idempotency-key-missing"));
    for key in ["", "two words", &"k".repeat(256)] {
        let answer = world.send(post(good.clone()).header("Idempotency-Key", key)).await;
        assert_eq!(answer.problem(), "invalid-request", "{key}");
    }
    let twice = post(good.clone()).header("Idempotency-Key", "a").header("Idempotency-Key", "b");
    assert_eq!(world.send(twice).await.problem(), "invalid-request");
    for tag in ["r1", "\"r1", ""] {
        let request = post(good.clone()).header("Idempotency-Key", "a").header("If-Match", tag);
        assert_eq!(world.send(request).await.problem(), "invalid-request", "{tag}");
    }
    let huge = post(" ".repeat(70_000)).header("Idempotency-Key", "a");
    assert_eq!(world.send(huge).await.problem(), "too-large");
    let form = world
        .request(Method::POST, "v1/connectors/billing-1/operations")
        .bearer_auth(TOKEN)
        .header("Idempotency-Key", "a")
        .body(good);
    assert_eq!(world.send(form).await.problem(), "unsupported-media-type");
    for path in [
        "v1/connectors?limit=0",
        "v1/connectors?limit=201",
        "v1/connectors?limit=x",
        "v1/connectors?limit=",
        "v1/connectors?limit=1&limit=2",
        "v1/connectors/%ff",
        "v1/operations/%ff",
        "v1/operations",
        "v1/operations?idempotency_key=",
        "v1/operations?idempotency_key=a%20b",
    ] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.problem()), (400, "invalid-request"), "{path}");
    }
    assert!(world.simulator.actions().is_empty());
}

#[tokio::test]
async fn other_addresses_and_methods_get_a_problem_too() {
    let world = world().await;
    for path in ["", "v1", "v1/connectors/", "v2/connectors", "v1/connectors/a/b"] {
        assert_eq!(world.get(path).await.problem(), "not-found", "{path}");
    }
    for (method, path) in [
        (Method::DELETE, "v1/connectors"),
        (Method::PUT, "v1/connectors/billing-1"),
        (Method::GET, "v1/connectors/billing-1/operations"),
        (Method::POST, "v1/operations/op-1"),
    ] {
        let answer = world.send(world.request(method, path).bearer_auth(TOKEN)).await;
        assert_eq!((answer.status, answer.problem()), (405, "method-not-allowed"), "{path}");
        assert_ne!(answer.header("allow"), "", "{path}");
    }
}

#[test]
fn every_type_of_problem_is_read_back() {
    for kind in ProblemKind::ALL {
        assert_eq!(ProblemKind::parse(&kind.type_uri()), Some(kind));
        assert_eq!(ProblemKind::parse(kind.slug()), Some(kind));
    }
    assert_eq!(ProblemKind::parse("about:blank"), None);
}
