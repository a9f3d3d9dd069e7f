//! People who act at once, and how long each waited: by the stand-in's own clock, from INTERACTION_CREATE leaving it to the
//! first answer's arrival, and to what was promised being there.

use botswain::sandbox::discord::Seed;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::figures::{Round, micros};
use crate::process::{Harbour, worked};

/// What many did at once.
pub struct Waited {
    pub first: Round,
    pub settled: Round,
    /// How long the bot was at work for each, and how long this process was: the stand-in, and those who act. In microseconds.
    pub worked: (f64, f64),
}

/// What the stand-in tells of an interaction, without what was answered: reading that is no part of the waiting.
#[derive(Debug, Deserialize)]
struct Told {
    interaction_id: String,
    state: String,
    first_us: Option<f64>,
    settled_us: Option<f64>,
}

/// Does all of these, so many at once, as an operator in the team's channel.
pub async fn act(harbour: &Harbour, what: &str, bodies: Vec<Value>, at_once: usize) -> Waited {
    let count = bodies.len() as f64;
    let at_work = || (micros(harbour.worked()), micros(worked(std::process::id())));
    let before = at_work();
    let each = bodies.into_iter().map(|body| async move {
        let mut told: Told = harbour.post(what, &body).await;
        if told.state == "thinking" {
            told = harbour.post("wait", &until_settled(&told.interaction_id)).await;
        }
        told.first_us.zip(told.settled_us).unwrap_or_else(|| panic!("no answer to {body}: {told:?}"))
    });
    let waited: Vec<(f64, f64)> = futures_util::stream::iter(each).buffer_unordered(at_once).collect().await;
    let (first, settled) = waited.into_iter().unzip();
    let after = at_work();
    let worked = ((after.0 - before.0) / count, (after.1 - before.1) / count);
    Waited { first: Round::new(first), settled: Round::new(settled), worked }
}

fn until_settled(interaction: &str) -> Value {
    json!({ "interaction_id": interaction, "timeout_ms": 30_000 })
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
        let begun: Told = harbour.post("commands", &bots("stop", &[("connector", connector)], false)).await;
        let told: Value = harbour.post("wait", &until_settled(&begun.interaction_id)).await;
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
