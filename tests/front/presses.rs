//! What people type and press, and what they read.

use botswain::domain::audit::Verdict;
use botswain::sandbox::lifecycle::{Fault, FaultKind};
use serde_json::json;

use crate::harbour::{Harbour, button, parts, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_answered_at_once_from_memory_and_only_to_the_person() {
    let harbour = Harbour::open().await;
    let answer = harbour.run(harbour.vera(), "status", &[("env", "production")]).await;
    assert_eq!(answer["outcome"], "message", "{answer}");
    let message = &answer["message"];
    assert_eq!(message["ephemeral"], true);
    assert!(text(message).contains("**Billing Bot** · Redundant: 2 of 2 healthy"), "{}", text(message));
    // A viewer may look closer, and is offered nothing that they may not do.
    let details = harbour.choose(harbour.vera(), message, "Billing Bot").await;
    assert_eq!(details["outcome"], "update", "{details}");
    let bot = harbour.done(details).await;
    assert!(text(&bot).contains("billing-1: Healthy"), "{}", text(&bot));
    assert!(parts(&bot).iter().all(|part| !part["label"].as_str().unwrap().starts_with("Stop")));
    let back = harbour.press(harbour.vera(), &bot, "All bots in Production").await;
    assert!(text(&harbour.done(back).await).contains("Billing Bot"));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_is_narrowed_to_what_matters_and_back() {
    let harbour = Harbour::open().await;
    let message = harbour.done(harbour.run(harbour.vera(), "status", &[("env", "production")]).await).await;
    let tiles = text(&message);
    assert!(tiles.contains("Active") && tiles.contains("Not connected to Bot Server"), "{tiles}");
    let narrowed = harbour.choose(harbour.vera(), &message, "In trouble (1)").await;
    assert_eq!(narrowed["outcome"], "update", "{narrowed}");
    let narrowed = harbour.done(narrowed).await;
    assert!(text(&narrowed).contains("In trouble") && !text(&narrowed).contains("Billing Bot"), "{}", text(&narrowed));
    let again = harbour.done(harbour.press(harbour.vera(), &narrowed, "Refresh").await).await;
    assert_eq!(text(&again), text(&narrowed), "what was chosen stays chosen");
    let all = harbour.done(harbour.choose(harbour.vera(), &again, "All bots (5)").await).await;
    assert!(text(&all).contains("Billing Bot"), "{}", text(&all));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_is_completed_with_live_state() {
    let harbour = Harbour::open().await;
    let bots = harbour.typing(harbour.olga(), "stop", &[("env", "production")], ("bot", "bill")).await;
    assert_eq!(bots, ["Billing Bot — 2 of 2 healthy"]);
    let connectors = harbour
        .typing(harbour.olga(), "stop", &[("env", "production"), ("bot", "Billing Bot")], ("connector", ""))
        .await;
    assert_eq!(connectors.len(), 2, "{connectors:?}");
    assert!(connectors[0].starts_with("billing-1 — Online"), "{connectors:?}");
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_a_prompt_is_confirmed_once_however_often_it_is_pressed() {
    let harbour = Harbour::open().await;
    let begun = harbour.run(harbour.olga(), "stop", &[("connector", "orders-3"), ("reason", "new settings")]).await;
    assert_eq!(begun["outcome"], "deferred", "acknowledged before anything slow happens");
    let prompt = harbour.done(begun).await;
    assert_eq!(prompt["ephemeral"], true);
    let said = text(&prompt);
    assert!(said.contains("**3** now → **2** after (of 3; 2 wanted)"), "{said}");
    let id = button(&prompt, "Stop orders-3 in Production");
    let (first, second) = tokio::join!(
        harbour.press(harbour.olga(), &prompt, "Stop orders-3 in Production"),
        harbour.press(harbour.olga(), &prompt, "Stop orders-3 in Production"),
    );
    harbour.done(first).await;
    harbour.done(second).await;
    harbour
        .until("the second press to be told so", async |h| {
            h.seen_by(h.olga()).await.iter().any(|m| text(m).contains("this press did nothing more"))
        })
        .await;
    let settled = harbour.seen_by(harbour.olga()).await;
    let prompt = settled.iter().find(|m| m["id"] == prompt["id"]).unwrap();
    assert!(text(prompt).contains("Confirmed. Its progress stands in"), "{}", text(prompt));
    assert!(parts(prompt).is_empty(), "a settled prompt has no buttons");
    let operations = harbour.operations().await;
    assert_eq!(operations.len(), 1);
    assert_eq!(operations[0].reason.as_deref(), Some("new settings"));
    // And once more, long after, by a forged press.
    let third = harbour.forge(harbour.olga(), prompt, &id).await;
    harbour.done(third).await;
    assert_eq!(harbour.operations().await.len(), 1);
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_prompt_does_nothing() {
    let harbour = Harbour::open().await;
    let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
    let pressed = harbour.press(harbour.olga(), &prompt, "Cancel").await;
    let settled = harbour.done(pressed).await;
    assert!(text(&settled).contains("Cancelled. Nothing was done."), "{}", text(&settled));
    assert!(harbour.operations().await.is_empty());
    let records = harbour.records().await;
    assert_eq!((records.len(), records[0].verdict), (1, Verdict::Cancelled));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_who_may_not_is_refused_with_the_roles_that_may_named() {
    let harbour = Harbour::open().await;
    let refused = harbour.ask(harbour.vera(), "stop", &[("connector", "orders-3")]).await;
    let role = format!("<@&{}>", harbour.seed.operators.id);
    assert!(text(&refused).contains(&role) && text(&refused).contains("may"), "{}", text(&refused));
    assert_eq!(harbour.control().look("/pings").await, json!([]), "naming a role pings nobody");
    assert_eq!(harbour.records().await[0].verdict, Verdict::Denied);
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_direct_messages_and_other_guilds_are_refused_and_recorded() {
    let harbour = Harbour::open().await;
    for (place, records) in [("direct_message", 1), ("other_guild", 2)] {
        let answer = harbour.run_from(harbour.olga(), "stop", &[("connector", "orders-3")], json!(place)).await;
        let said = text(&answer["message"]);
        assert!(said.contains("answers only in the channels of its own server"), "{place}: {answer}");
        harbour.until("a record", async |h| h.records().await.len() == records).await;
        let looks = harbour.run_from(harbour.olga(), "status", &[("env", "production")], json!(place)).await;
        assert!(text(&looks["message"]).contains("its own server"), "{looks}");
    }
    assert_eq!(harbour.records().await.len(), 2, "looking changes nothing, so it needs no record");
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_forged_and_foreign_buttons_get_a_sentence_and_a_record_and_do_nothing() {
    let harbour = Harbour::open().await;
    let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
    let confirm = button(&prompt, "Stop orders-3 in Production");
    // Otto forges Olga's button on a message of his own.
    let own = harbour.ask(harbour.otto(), "start", &[]).await;
    let foreign = harbour.forge(harbour.otto(), &own, &confirm).await;
    harbour.done(foreign).await;
    harbour
        .until("Otto to be told", async |h| h.seen_by(h.otto()).await.iter().any(|m| text(m).contains("belongs to")))
        .await;
    let odd = harbour.forge(harbour.otto(), &own, "b0:something:old").await;
    assert!(text(&odd["message"]).contains("old, or none of Botswain's"), "{odd}");
    let unknown = harbour.forge(harbour.otto(), &own, "b1:confirm:0123456789abcdef").await;
    harbour.done(unknown).await;
    assert!(harbour.operations().await.is_empty());
    harbour.until("three records", async |h| h.records().await.len() >= 3).await;
    assert!(harbour.records().await.iter().all(|entry| entry.verdict == Verdict::Denied));
    // Olga's prompt still stands.
    let pressed = harbour.press(harbour.olga(), &prompt, "Stop orders-3 in Production").await;
    assert!(text(&harbour.done(pressed).await).contains("Confirmed"));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_a_command_that_cannot_be_acknowledged_begins_nothing_and_is_recorded() {
    let harbour = Harbour::open().await;
    harbour.fault(json!({"kind": "drop", "route": "POST /interactions/{id}/{token}/callback"})).await;
    harbour.run(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
    harbour.until("the record", async |h| !h.records().await.is_empty()).await;
    let records = harbour.records().await;
    assert_eq!((records.len(), records[0].verdict), (1, Verdict::Denied));
    assert!(records[0].why.contains("could not be acknowledged"), "{}", records[0].why);
    harbour.control().clear("/faults").await;
    harbour.control().clear("/violations").await;
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_out_is_asked_with_menus() {
    let harbour = Harbour::open().await;
    let mut shown = harbour.ask(harbour.olga(), "stop", &[]).await;
    for choice in ["Production", "Billing Bot", "billing-1"] {
        let chosen = harbour.choose(harbour.olga(), &shown, choice).await;
        assert_eq!(chosen["outcome"], "update", "the outcome is there at once: {chosen}");
        shown = harbour.done(chosen).await;
    }
    assert!(text(&shown).contains("Stop billing-1 in Production?"), "{}", text(&shown));
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_press_that_takes_longer_than_a_moment_is_acknowledged_before_its_outcome() {
    let harbour = Harbour::open().await;
    let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
    let service = &harbour.sandbox.lifecycle.as_ref().unwrap().stand_in;
    let slow = FaultKind::Slow { ms: 1_500 };
    service.add_fault(Fault { route: Some("GET /v1/connectors".into()), ..Fault::from(slow) });
    let pressed = harbour.press(harbour.olga(), &prompt, "Stop orders-3 in Production").await;
    assert_eq!(pressed["outcome"], "deferred_update", "{pressed}");
    assert!(text(&harbour.done(pressed).await).contains("Confirmed"));
    assert_eq!(harbour.operations().await.len(), 1);
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_a_press_whose_answer_is_lost_was_carried_out_once_and_the_next_one_says_so() {
    let harbour = Harbour::open().await;
    let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
    harbour.fault(json!({"kind": "drop", "route": "POST /interactions/{id}/{token}/callback"})).await;
    harbour.press(harbour.olga(), &prompt, "Stop orders-3 in Production").await;
    harbour.until("the operation", async |h| h.operations().await.len() == 1).await;
    harbour.control().clear("/faults").await;
    let again = harbour.press(harbour.olga(), &prompt, "Stop orders-3 in Production").await;
    assert!(text(&harbour.done(again).await).contains("Confirmed. Its progress stands in"));
    assert_eq!(harbour.operations().await.len(), 1);
    harbour.control().clear("/violations").await;
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_answer_that_is_lost_is_sent_again_in_time() {
    let harbour = Harbour::open().await;
    harbour.control().clear("/requests").await;
    let callbacks = async |h: &Harbour| {
        let requests = h.control().look("/requests").await;
        let all = requests.as_array().unwrap();
        all.iter().filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with("/callback"))).count()
    };
    let callback = "POST /interactions/{id}/{token}/callback";
    // With how many requests the stand-in saw to their end: the one that hung was given up by us.
    for (fault, seen) in [
        (json!({"kind": "server_error", "status": 500, "route": callback, "times": 1}), 2),
        (json!({"kind": "drop", "route": callback, "times": 1}), 2),
        // Carried out, and the answer lost: the second try is told that it was acknowledged already, by us.
        (json!({"kind": "drop_after", "route": callback, "times": 1}), 2),
        (json!({"kind": "hang", "ms": 30_000, "route": callback, "times": 1}), 1),
    ] {
        harbour.fault(fault.clone()).await;
        let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
        assert!(text(&prompt).contains("Stop orders-3 in Production?"), "{fault}: {}", text(&prompt));
        assert_eq!(callbacks(&harbour).await, seen, "{fault}");
        harbour.control().clear("/requests").await;
        harbour.control().clear("/faults").await;
    }
    harbour.control().clear("/violations").await;
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_is_lost_is_sent_again() {
    let harbour = Harbour::open().await;
    let route = "PATCH /webhooks/{application}/{token}/messages/@original";
    for fault in [
        json!({"kind": "server_error", "status": 502, "route": route, "times": 2}),
        json!({"kind": "rate_limit", "retry_after": 0.2, "route": route, "times": 1}),
    ] {
        harbour.fault(fault).await;
        let prompt = harbour.ask(harbour.olga(), "stop", &[("connector", "orders-3")]).await;
        assert!(text(&prompt).contains("Stop orders-3 in Production?"), "{}", text(&prompt));
    }
    harbour.close().await;
}
