//! The traps of the gateway and of its client library, each thrown by the stand-in.

use std::time::Duration;

use botswain::discord::gateway::GatewayError;
use botswain::sandbox::Options;
use serde_json::{Value, json};

use crate::harbour::Harbour;

/// What is promised: a deaf gateway serves again within this.
const BACK_WITHIN: Duration = Duration::from_secs(20);

async fn comes_back_after(action: Value) -> Harbour {
    let harbour = Harbour::open().await;
    harbour.gateway(action).await;
    let took = harbour.served_again().await;
    assert!(took < BACK_WITHIN, "it took {took:?}");
    harbour
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_frame_without_a_code_is_survived() {
    // serenity spins on it, deaf; the question that stays unanswered ends that.
    let harbour = comes_back_after(json!({"action": "close_without_code"})).await;
    assert!(harbour.pulse.replaced() >= 1);
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_codes_that_make_serenity_spin_are_survived() {
    for code in [4011, 4003] {
        comes_back_after(json!({"action": "close", "code": code})).await.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_falls_silent_is_replaced_as_soon_as_it_answers_again() {
    let harbour = Harbour::open().await;
    harbour.gateway(json!({"action": "deaf", "on": true})).await;
    harbour.until("the silence to be noticed", async |h| h.pulse.replaced() >= 1).await;
    assert!(!harbour.pulse.is_connected());
    harbour.gateway(json!({"action": "deaf", "on": false})).await;
    let took = harbour.served_again().await;
    assert!(took < BACK_WITHIN, "it took {took:?}");
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_serenity_resumes_by_itself_is_left_to_it() {
    for action in [
        json!({"action": "drop"}),
        json!({"action": "close", "code": 1000}),
        json!({"action": "close", "code": 4000}),
        json!({"action": "invalid_session", "resumable": true}),
        json!({"action": "reconnect"}),
    ] {
        let harbour = comes_back_after(action.clone()).await;
        assert_eq!(harbour.pulse.replaced(), 0, "{action}");
        harbour.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_that_are_not_acknowledged_lead_to_a_fresh_session() {
    let mut options = Options::default();
    options.world.heartbeat_interval = Duration::from_secs(1);
    let harbour = Harbour::made_of(options, async |_| {}).await;
    let identified = async |h: &Harbour| h.control().look("/gateway").await["identified"].as_u64().unwrap();
    harbour.until("the gateway to be reached", async |h| h.pulse.is_registered()).await;
    harbour.gateway(json!({"action": "mute_acks", "on": true})).await;
    harbour.until("a fresh session", async |h| identified(h).await >= 2).await;
    harbour.gateway(json!({"action": "mute_acks", "on": false})).await;
    let took = harbour.served_again().await;
    assert!(took < BACK_WITHIN, "it took {took:?}");
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_invalid_session_the_commands_are_registered_again_and_the_same() {
    let harbour = Harbour::open().await;
    let olga = harbour.olga();
    let commands = async |h: &Harbour| h.control().look(&format!("/state?as={olga}")).await["commands"].clone();
    let before = commands(&harbour).await;
    assert_eq!(before.as_array().unwrap().len(), 1);
    harbour.gateway(json!({"action": "invalid_session", "resumable": false})).await;
    let took = harbour.served_again().await;
    assert!(took < BACK_WITHIN, "it took {took:?}");
    let after = commands(&harbour).await;
    assert_eq!((&before[0]["name"], &before[0]["options"]), (&after[0]["name"], &after[0]["options"]));
    assert_eq!(before[0]["id"], after[0]["id"], "it is the same command still");
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_do_not_decode_are_counted_and_nothing_else_is_lost() {
    let harbour = Harbour::open().await;
    harbour.gateway(json!({"action": "garbage_event"})).await;
    harbour.gateway(json!({"action": "garbage_event", "text": "{ no json"})).await;
    harbour.until("the event to be counted", async |h| h.pulse.undecoded() == 1).await;
    harbour.served_again().await;
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_token_ends_it_with_its_own_error() {
    let mut at_start = Harbour::with(async |control| {
        control.act("/gateway", json!({"action": "reject_token", "on": true})).await;
    })
    .await;
    assert_eq!(at_start.ended().await, Err(GatewayError::TokenRejected));
    let mut later = Harbour::open().await;
    later.gateway(json!({"action": "reject_token", "on": true})).await;
    assert_eq!(later.ended().await, Err(GatewayError::TokenRejected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_intents_end_it_with_a_sentence() {
    for code in [4013, 4014] {
        let mut harbour = Harbour::open().await;
        harbour.gateway(json!({"action": "close", "code": code})).await;
        let Err(GatewayError::Fatal(why)) = harbour.ended().await else { panic!("{code} ends it") };
        assert!(why.contains(&code.to_string()) && why.contains("intents"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_not_discords_never_leads_to_discord() {
    // serenity would dial Discord's own gateway when it cannot ask for the stand-in's.
    let harbour = Harbour::with(async |control| {
        control.act("/faults", json!({"kind": "server_error", "status": 500, "route": "GET /gateway"})).await;
    })
    .await;
    let asked = async |h: &Harbour| {
        let requests = h.control().look("/requests").await;
        let all = requests.as_array().unwrap();
        all.iter().filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with("/gateway"))).count()
    };
    harbour.until("a second question", async |h| asked(h).await >= 2).await;
    assert!(!harbour.pulse.is_connected(), "nothing was dialled");
    harbour.control().clear("/faults").await;
    harbour.until("the gateway to be reached", async |h| h.pulse.is_connected()).await;
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stand_in_that_is_not_there_yet_is_waited_for() {
    let harbour = Harbour::with(async |control| {
        control.act("/faults", json!({"kind": "server_error", "status": 503, "times": 1})).await;
    })
    .await;
    harbour.until("the gateway to be reached", async |h| h.pulse.is_connected()).await;
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_long_the_gateway_takes_to_acknowledge_a_heartbeat_can_be_read() {
    let mut options = Options::default();
    options.world.heartbeat_interval = Duration::from_millis(300);
    let harbour = Harbour::made_of(options, async |_| {}).await;
    harbour.until("a heartbeat to be acknowledged", async |h| h.pulse.latency().is_some()).await;
    harbour.until("the commands to be registered", async |h| h.pulse.is_registered()).await;
    harbour.close().await;
}
