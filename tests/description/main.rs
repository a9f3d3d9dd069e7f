//! That the judges of the whole suite see what they are there for: planted faults are found, and what is right passes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail so")]

mod witness;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use botswain::sandbox::discord::Seed;
use botswain::sandbox::{Options, Sandbox};
use reqwest::Method;
use serde_json::{Value, json};
use witness::judge::document::document;
use witness::{Witness, undecodable};

/// A bot sends one request, after a fault was thrown if there is one; what the witness then says.
async fn said_about(fault: Value, method: Method, path: &str, body: Value, meant: &'static [u64]) -> Option<String> {
    let sandbox = Sandbox::start(Options { lifecycle: None, ..Options::default() }).await.unwrap();
    let half = sandbox.discord.as_ref().unwrap();
    let witness = Witness::of(&half.stand_in, meant);
    let (http, address) = (reqwest::Client::new(), half.address);
    if !fault.is_null() {
        let url = format!("http://{address}/control/discord/faults");
        assert!(http.post(url).json(&fault).send().await.unwrap().status().is_success());
    }
    let request = http.request(method, format!("http://{address}/api/v10{path}")).header("authorization", "Bot t");
    let request = if body.is_null() { request } else { request.json(&body) };
    // A fault may have closed the connection.
    request.send().await.ok();
    let said = catch_unwind(AssertUnwindSafe(|| drop(witness))).err();
    sandbox.stop().await;
    said.map(|said| said.downcast_ref::<String>().unwrap().clone())
}

fn messages() -> String {
    format!("/channels/{}/messages", Seed::default().team_channel.id)
}

fn commands() -> String {
    format!("/applications/{}/commands", Seed::default().application_id)
}

fn swallowed() -> Value {
    json!({"kind": "drop"})
}

#[tokio::test]
#[ignore = "needs Discord's description: set DISCORD_OPENAPI"]
async fn what_is_wrong_with_a_request_or_an_answer_is_found() {
    assert!(document().is_some(), "DISCORD_OPENAPI is not set");
    let table = [
        // A body that the stand-in took no offence at, here because it never looked.
        (swallowed(), Method::POST, messages(), json!({"embeds": [{"title": "t".repeat(257)}]}), "/embeds/0/title"),
        (swallowed(), Method::POST, messages(), json!({"content": 7}), "/content"),
        (swallowed(), Method::POST, messages(), Value::Null, "a body is required"),
        (swallowed(), Method::GET, messages(), json!({"content": "x"}), "no body is asked for"),
        (swallowed(), Method::POST, commands(), json!({"name": "n".repeat(33)}), "/name"),
        // Where it goes.
        (Value::Null, Method::GET, format!("{}?limit=101", messages()), Value::Null, "limit=101"),
        (Value::Null, Method::GET, format!("{}?limitt=1", messages()), Value::Null, "no parameter limitt"),
        (Value::Null, Method::GET, "/channels/team".to_owned(), Value::Null, "channel_id=team"),
        (Value::Null, Method::GET, "/no/such/route".to_owned(), Value::Null, "no such route"),
        // An answer that is none of Discord's.
        (refused(200), Method::GET, "/users/@me".to_owned(), Value::Null, "\"username\" is a required property"),
        (refused(204), Method::POST, format!("{}/1/threads", messages()), json!({"name": "n"}), "204 is no answer"),
        (refused(204), Method::DELETE, format!("{}/1", messages()), Value::Null, "204 has no body"),
    ];
    for (fault, method, path, body, expected) in table {
        let said = said_about(fault, method.clone(), &path, body.clone(), &[]).await;
        let said = said.unwrap_or_else(|| panic!("nothing was said about {method} {path} {body}"));
        assert!(said.contains(expected), "{method} {path}: not {expected:?} but {said}");
    }
}

/// An answer of the shape of an error, with any status.
fn refused(status: u16) -> Value {
    json!({"kind": "refuse", "status": status, "code": 1, "message": "planted"})
}

#[tokio::test]
#[ignore = "needs Discord's description: set DISCORD_OPENAPI"]
async fn what_is_right_passes_and_so_does_what_was_wrong_on_purpose() {
    let permissions = json!({"name": "n", "description": "d", "default_member_permissions": "32"});
    let upload =
        json!({"content": "x", "allowed_mentions": {"parse": []}, "attachments": [{"id": 0, "filename": "a"}]});
    let wrong = json!({"content": 7});
    let table: [(Value, Method, String, Value, &'static [u64]); 7] = [
        (Value::Null, Method::POST, commands(), permissions, &[]),
        (swallowed(), Method::POST, messages(), upload, &[]),
        (Value::Null, Method::GET, format!("{}?limit=5", messages()), Value::Null, &[]),
        (json!({"kind": "rate_limit"}), Method::GET, messages(), Value::Null, &[]),
        (json!({"kind": "server_error"}), Method::GET, messages(), Value::Null, &[]),
        (Value::Null, Method::POST, messages(), wrong.clone(), &[50035]),
        (Value::Null, Method::GET, "/no/such/route".to_owned(), Value::Null, &[0]),
    ];
    for (fault, method, path, body, meant) in table {
        assert_eq!(said_about(fault, method, &path, body, meant).await, None);
    }
    // On purpose is only what was refused.
    assert!(said_about(swallowed(), Method::POST, &messages(), wrong, &[50035]).await.is_some());
}

#[test]
fn wherever_a_test_starts_a_stand_in_there_is_a_witness() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut folders = vec![tests];
    let mut started = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Rubbish on purpose, gateway frames included, and no bot that it is sent to.
            if path.ends_with("fuzz") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let given_options = |rest: &&str| rest.starts_with(char::is_alphabetic);
                let of = |call: &str| text.split(call).skip(1).filter(given_options).count();
                let starts = of("Sandbox::start(") + of("DiscordStandIn::new(");
                let none = text.matches("discord: None").count();
                let witnesses = text.matches("Witness::of(").count() + text.matches("judge(").count();
                assert!(starts <= none + witnesses, "{}: nobody looks on", path.display());
                started += starts;
            }
        }
    }
    assert!(started > 5, "the tests are where they were");
}

#[test]
fn an_event_that_a_bot_would_lose_is_found() {
    let event = |data: Value| json!({"op": 0, "s": 1, "t": "MESSAGE_DELETE", "d": data}).to_string();
    assert_eq!(undecodable(&event(json!({"id": "1", "channel_id": "2"}))), None);
    assert!(undecodable(&event(json!({"id": "1"}))).is_some(), "a field is missing");
    let unknown = json!({"op": 0, "s": 1, "t": "MESSAGE_SUNK", "d": {}}).to_string();
    assert!(undecodable(&unknown).is_some(), "there is no such event");
}
