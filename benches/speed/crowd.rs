//! People who act at once, and how long each waited: by the stand-in's own clock, from INTERACTION_CREATE leaving it to the
//! first answer's arrival, and to what was promised being there.

use botswain::sandbox::discord::Seed;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::figures::Round;
use crate::process::Harbour;

/// What many did at once.
pub struct Waited {
    pub first: Round,
    pub settled: Round,
}

/// Does all of these, so many at once, as an operator in the team's channel.
pub async fn act(harbour: &Harbour, what: &str, bodies: Vec<Value>, at_once: usize) -> Waited {
    let each = bodies.into_iter().map(|body| async move {
        let told = settled(harbour, harbour.post(what, &body).await).await;
        let waited = |name: &str| told[name].as_f64().unwrap_or_else(|| panic!("no answer to {body}: {told}"));
        (waited("first_us"), waited("settled_us"))
    });
    let waited: Vec<(f64, f64)> = futures_util::stream::iter(each).buffer_unordered(at_once).collect().await;
    let (first, settled) = waited.into_iter().unzip();
    Waited { first: Round::new(first), settled: Round::new(settled) }
}

/// What an act came to, once what it promised is there.
async fn settled(harbour: &Harbour, told: Value) -> Value {
    if told["state"] != "thinking" {
        return told;
    }
    harbour.post("wait", &json!({ "interaction_id": told["interaction_id"], "timeout_ms": 30_000 })).await
}

/// A command of the operator's.
pub fn command(name: &str, options: Value) -> Value {
    let seed = Seed::default();
    json!({ "as": seed.olga.id.to_string(), "channel_id": seed.team_channel.id.to_string(), "name": name, "options": options })
}

/// A subcommand of `/bots`, with its options; the last one is being typed if `typing`.
pub fn bots(sub: &str, options: &[(&str, &str)], typing: bool) -> Value {
    let last = options.len().saturating_sub(1);
    let option = |(place, (name, value)): (usize, &(&str, &str))| {
        let mut option = json!({ "name": name, "type": 3, "value": value });
        if typing && place == last {
            option["focused"] = json!(true);
        }
        option
    };
    let options: Vec<_> = options.iter().enumerate().map(option).collect();
    command("bots", json!([{ "name": sub, "type": 1, "options": options }]))
}

/// The presses that confirm the stop of each of these connectors, each with its prompt before it.
pub async fn confirmations(harbour: &Harbour, connectors: &[String]) -> Vec<Value> {
    let mut presses = Vec::new();
    for connector in connectors {
        let told = harbour.post("commands", &bots("stop", &[("connector", connector)], false)).await;
        let told = settled(harbour, told).await;
        let message = &told["message"];
        let button = &message["components"][0]["components"][0]["custom_id"];
        assert!(button.is_string(), "no prompt for {connector}: {told}");
        let seed = Seed::default();
        presses.push(json!({
            "as": seed.olga.id.to_string(), "channel_id": message["channel_id"], "message_id": message["id"], "custom_id": button,
        }));
    }
    presses
}
