//! What other people's clients send and rely on, as Discord lets it pass: found by running them (see `tests/clients`).
use reqwest::Method;
use serde_json::{Value, json};

use crate::harbour::Harbour;
use crate::puppet::{Puppet, quiet};

#[tokio::test]
async fn what_clients_send_switched_off_passes_everywhere_and_switched_on_only_where_it_counts() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let with = |key: &str, on: bool| {
        let mut body = quiet("x");
        body[key] = json!(on);
        body
    };
    for key in ["tts", "enforce_nonce"] {
        let (open, reply, _) = puppet.act(&harbour, json!({"type": 4, "data": with(key, false)})).await;
        assert_eq!(reply.status, 204, "{}", reply.body);
        open.original(&harbour, Method::PATCH, with(key, false)).await.ok();
        assert_eq!(open.original(&harbour, Method::PATCH, with(key, true)).await.code(), 50035);
        let message = harbour.say(quiet("x")).await.id();
        let path = format!("/channels/{}/messages/{message}", harbour.team());
        harbour.bot(Method::PATCH, &path, with(key, false)).await.ok();
        assert_eq!(harbour.bot(Method::PATCH, &path, with(key, true)).await.code(), 50035);
    }
}

#[tokio::test]
async fn a_path_may_be_percent_encoded() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (open, _, told) = puppet.act(&harbour, json!({"type": 4, "data": quiet("x")})).await;
    let path = format!("/webhooks/{}/{}/messages/%40original", harbour.seed.application_id, open.token);
    assert_eq!(harbour.get(&path).await.ok()["id"], told["message"]["id"]);
}

#[tokio::test]
async fn answers_and_faults_come_through_the_gate_that_clients_look_for() {
    let harbour = Harbour::open().await;
    assert_eq!(harbour.get("/users/@me").await.headers["via"], "1.1 google");
    for global in [false, true] {
        let fault = json!({"kind": "rate_limit", "global": global, "times": 1});
        harbour.act(Method::POST, "/faults", fault).await;
        let limited = harbour.get("/users/@me").await;
        assert_eq!((limited.status, &limited.headers["via"]), (429, &"1.1 google".parse().unwrap()));
    }
}

#[tokio::test]
async fn the_answer_to_a_callback_tells_of_a_message_only_if_there_is_one() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let input = json!({"type": 4, "custom_id": "reason", "style": 1, "label": "Reason"});
    let modal = json!({"custom_id": "why", "title": "Why?", "components": [{"type": 1, "components": [input]}]});
    for (body, about_message, brings_it) in [
        (json!({"type": 4, "data": quiet("x")}), true, true),
        (json!({"type": 5}), true, false),
        (json!({"type": 9, "data": modal}), false, false),
    ] {
        let run = harbour.run(harbour.olga(), "act", json!([]));
        let answer = async {
            let open = puppet.next().await;
            let path = format!("/interactions/{}/{}/callback?with_response=true", open.id, open.token);
            harbour.post(&path, body.clone()).await.ok()
        };
        let (_, whole): (Value, Value) = tokio::join!(run, answer);
        assert_eq!(whole["interaction"].get("response_message_id").is_some(), about_message, "{body}: {whole}");
        assert_eq!(whole.get("resource").is_some(), brings_it, "{body}: {whole}");
    }
}
