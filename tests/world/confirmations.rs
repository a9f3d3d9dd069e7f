//! Prompts under pressure: pressed twice, by somebody else, late, by a button that nobody drew, across a restart.

use botswain::domain::audit::Verdict;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};
use jiff::Timestamp;
use serde_json::json;

use crate::world::{Beginning, World};

const STOP: &str = "/bots stop env:production bot:Billing Bot connector:billing-1";
const BUTTON: &str = "Stop billing-1 in Production";

#[tokio::test]
async fn p3_pressed_twice_at_once_a_prompt_stops_once() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs(STOP).await.message();
    let (first, second) = tokio::join!(olga.agrees(&prompt, BUTTON), olga.agrees(&prompt, BUTTON));
    let texts = [first.message().text(), second.message().text()];
    assert!(texts.iter().any(|text| text.contains("Confirmed")), "{texts:?}");
    world.operation("Stopped billing-1").await;
    assert_eq!(world.fleet().actions().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn p4_a_stranger_who_forges_the_button_of_a_prompt_is_told_whose_it_is() {
    let mut world = World::new().await;
    let prompt = world.olga().runs(STOP).await.message();
    let custom_id = prompt.button(BUTTON).unwrap();
    let told = world.otto().presses_id(&prompt, &custom_id, true).await.message();
    assert!(told.is_ephemeral() && told.says("belongs to"), "{told:?}");
    for nonsense in ["b1:confirm:0000000000000000", "b1:nonsense", "something else", "b1:ask:stop:000000000000"] {
        let told = world.vera().presses_id(&prompt, nonsense, true).await.message();
        assert!(told.is_ephemeral() && !told.text().is_empty(), "{nonsense}: {told:?}");
    }
    assert!(world.fleet().actions().is_empty());
    world.stop_bot().await;
    let store = world.store().await;
    let records = store.records(Timestamp::UNIX_EPOCH, 100).await.unwrap();
    assert_eq!(records.len(), 5, "each forged press has one record: {records:#?}");
    assert!(records.iter().all(|record| record.verdict == Verdict::Denied));
    store.close().await;
    world.finish().await;
}

#[tokio::test]
async fn p4_a_role_that_was_lost_before_the_press_is_judged_at_the_press() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs(STOP).await.message();
    let path = format!("members/{}/roles", olga.id());
    world.send(reqwest::Method::PUT, &path, json!({ "roles": [] })).await;
    let refused = olga.agrees(&prompt, BUTTON).await.message();
    assert!(refused.says("You may not stop anything in Production"), "{refused:?}");
    assert!(world.fleet().actions().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn p6_a_prompt_is_confirmed_after_a_restart() {
    let mut world = World::new().await;
    let prompt = world.olga().runs(STOP).await.message();
    world.stop_bot().await;
    let unanswered = world.olga().agrees(&prompt, BUTTON).await;
    assert_eq!(unanswered.outcome, "failed", "nobody is there to answer: {unanswered:?}");
    world.start_bot().await;
    let settled = world.olga().agrees(&prompt, BUTTON).await.message();
    assert!(settled.says("Confirmed"), "{settled:?}");
    world.operation("Stopped billing-1").await;
    assert_eq!(world.fleet().actions().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn p6_an_operation_is_carried_on_after_a_restart() {
    let mut world = World::new().await;
    let prompt = world.olga().runs(STOP).await.message();
    // The stop is taken, and then the service does not answer any more: the operation is in the middle.
    let route = Some("POST /v1/connectors/{id}/operations".to_owned());
    world.fleet().add_fault(Fault { route, ..Fault::from(FaultKind::HangAfter) });
    world.olga().agrees(&prompt, BUTTON).await;
    world.operation("being sent").await;
    world.stop_bot().await;
    world.fleet().clear_faults();
    world.start_bot().await;
    world.operation("Stopped billing-1").await;
    assert_eq!(world.fleet().actions().len(), 1, "it was asked after, not sent again");
    world.finish().await;
}

#[tokio::test]
async fn p10_every_request_ends_in_one_record() {
    let mut world = World::new().await;
    let (olga, vera) = (world.olga(), world.vera());
    let cancelled = olga.runs(STOP).await.message();
    olga.presses(&cancelled, "Cancel").await;
    olga.presses(&cancelled, "Cancel").await;
    vera.runs(STOP).await;
    olga.runs("/bots start env:production bot:Billing Bot connector:billing-1").await;
    let done = olga.runs(STOP).await.message();
    olga.agrees(&done, BUTTON).await;
    world.operation("Stopped billing-1").await;
    world.stop_bot().await;
    let store = world.store().await;
    let records = store.records(Timestamp::UNIX_EPOCH, 100).await.unwrap();
    let mut verdicts: Vec<_> = records.iter().map(|record| record.verdict.word()).collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, ["cancelled", "denied", "denied", "done"], "{records:#?}");
    store.close().await;
    world.finish().await;
}

#[tokio::test]
async fn p3_and_p6_interactions_survive_a_429_a_5xx_and_a_lost_gateway() {
    let world = World::new().await;
    let olga = world.olga();
    world.gateway(json!({ "action": "drop" })).await;
    let prompt = world
        .until("the bot answers again", async |_: &World| {
            let reply = olga.runs(STOP).await;
            reply.message.filter(|message| message.says("Stop billing-1"))
        })
        .await;
    world.gateway(json!({ "action": "reconnect" })).await;
    world
        .until("the press is answered", async |_: &World| {
            let reply = olga.agrees(&prompt, BUTTON).await;
            reply.message.filter(|message| message.says("onfirmed"))
        })
        .await;
    world.fault(json!({ "kind": "rate_limit", "route": "PATCH /channels/{id}/messages/{id}", "retry_after": 0.3, "times": 1 })).await;
    world.operation("Stopped billing-1").await;
    assert_eq!(world.fleet().actions().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn p6_an_operation_goes_on_while_the_gateway_session_is_lost() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs("/bots redeploy env:production bot:Orders Bot connector:orders-3 to:demo").await.message();
    olga.agrees(&prompt, "Redeploy orders-3 to Demo").await;
    world.gateway(json!({ "action": "invalid_session", "resumable": false })).await;
    world.operation("Redeployed orders-3 in Production to Demo").await;
    let status = world
        .until("the bot answers again", async |_: &World| {
            let reply = olga.runs("/bots status env:demo").await;
            reply.message.filter(|message| message.says("Orders Bot"))
        })
        .await;
    assert!(status.says("Orders Bot"), "{status:?}");
    assert_eq!(world.fleet().actions().len(), 3);
    world.finish().await;
}

#[tokio::test]
async fn p8_names_from_outside_ping_nobody() {
    let world = World::begin(Beginning::default().with("POLL_INTERVAL", "1s")).await;
    let evil = r"@everyone <@&111> **[x](http://x)**";
    let patch = serde_json::from_value(json!({ "bot_name": evil })).unwrap();
    world.does("billing-1", Deed::Set(Box::new(patch)));
    let patch = serde_json::from_value(json!({ "bot_name": evil })).unwrap();
    world.does("billing-2", Deed::Set(Box::new(patch)));
    world.does("billing-1", Deed::Drop);
    world.alert("At risk: ").await;
    let pings = world.pings().await;
    let seed = botswain::sandbox::discord::Seed::default();
    let on_call = seed.on_call.id.to_string();
    assert!(pings.iter().all(|ping| ping["via"] == "role" && ping["role_id"] == on_call.as_str()), "{pings:?}");
    for request in world.requests().await {
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        // A thread is started with a name, which mentions nobody.
        if ["POST", "PATCH"].contains(&method) && path.contains("/messages") && !path.ends_with("/threads") {
            assert!(request["body"]["allowed_mentions"].is_object(), "{method} {path} without allowed_mentions");
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn p12_no_token_is_in_the_database() {
    let mut world = World::new().await;
    let prompt = world.olga().runs(STOP).await.message();
    world.olga().agrees(&prompt, BUTTON).await;
    world.operation("Stopped billing-1").await;
    let used: Vec<String> = world
        .requests()
        .await
        .iter()
        .filter_map(|request| {
            let path = request["path"].as_str().unwrap();
            let after = path.split("/interactions/").nth(1).or_else(|| path.split("/webhooks/").nth(1))?;
            after.split('/').nth(1).map(str::to_owned)
        })
        .collect();
    assert!(!used.is_empty(), "interaction tokens were used");
    world.stop_bot().await;
    let config = world.sandbox.config(&[]).unwrap();
    use secrecy::ExposeSecret as _;
    let path = config.database_url.expose_secret().strip_prefix("sqlite:").unwrap().to_owned();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let contains = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(contains("billing-1"), "the database was read");
    for secret in used
        .iter()
        .map(String::as_str)
        .chain([config.discord.token.expose_secret(), config.lifecycle.token.expose_secret()])
    {
        assert!(!contains(secret), "a secret is in the database");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_misspelt_target_of_a_redeploy_stops_nothing() {
    let world = World::new().await;
    let told = world.olga().runs("/bots redeploy env:production connector:orders-1 to:prodcution").await.message();
    assert!(told.says("goes by “prodcution”") && told.button("Redeploy").is_none(), "{told:?}");
    assert!(world.fleet().actions().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn what_vanished_after_it_was_offered_is_named_as_gone_and_not_by_an_id_of_ours() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs(STOP).await.message();
    let menu = olga.runs("/bots stop env:production bot:Billing Bot").await.message();
    world.does("billing-1", Deed::Vanish);
    let told = olga.agrees(&prompt, BUTTON).await.message();
    assert!(told.says("billing-1 is not there any more"), "{told:?}");
    world.alert("is no longer in this environment").await;
    let told = world
        .until("the menu knows that it is gone", async |_: &World| {
            let told = olga.chooses(&menu, "billing-1").await.message();
            told.says("not there any more").then_some(told)
        })
        .await;
    assert!(told.says("What you chose is not there any more"), "{told:?}");
    world.finish().await;
}

#[tokio::test]
async fn where_the_bot_may_not_post_the_person_is_told_that_progress_does_not_show() {
    let mut world = World::new().await;
    world.expect_refusal(50013);
    let seed = botswain::sandbox::discord::Seed::default();
    let send_messages = (1_u64 << 11).to_string();
    let lost = json!({ "role_or_user_id": seed.bot_user_id.to_string(), "type": "member", "deny": send_messages });
    let permissions = format!("channels/{}/permissions", world.team_channel());
    world.send(reqwest::Method::PUT, &permissions, lost).await;
    let prompt = world.olga().runs(STOP).await.message();
    assert!(prompt.says("lacks **Send Messages** and **Embed Links**"), "{prompt:?}");
    let told = world.olga().agrees(&prompt, BUTTON).await.message();
    assert!(told.says("may not post") && told.says("/bots status"), "{told:?}");
    assert!(told.says("It lacks **Send Messages** and **Embed Links**"), "{told:?}");
    world.alert("was stopped by").await;
    world.finish().await;
}
