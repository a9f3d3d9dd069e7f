//! What a person waits for: a status, an autocomplete and a confirming press, beside "pong".

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Measure;
use crate::crowd::{self, Waited, act};
use crate::figures::{Round, fsync, median};
use crate::pong;
use crate::process::{Harbour, Kind};

/// How many are under way at once.
const AT_ONCE: [usize; 3] = [1, 16, 64];

/// What is measured: pong beside each of ours, with an answer as long as ours.
const ROWS: [&str; 6] = [
    "pong",
    "pong, as long as a status",
    "/bots status",
    "pong, as long as a list",
    "autocomplete",
    "confirming press",
];

/// All rounds of one row.
#[derive(Default)]
struct Row(Vec<Waited>);

impl Row {
    fn median(&self, part: fn(&Waited) -> &Round, share: f64) -> f64 {
        median(self.0.iter().map(|round| part(round).percentile(share)))
    }

    /// The settled time's p99 over the other row's, round by round.
    fn ratio(&self, other: &Self) -> f64 {
        let p99 = |waited: &Waited| waited.settled.percentile(0.99);
        median(self.0.iter().zip(&other.0).map(|(own, other)| p99(own) / p99(other)))
    }

    fn difference(&self, other: &Self) -> f64 {
        let p99 = |waited: &Waited| waited.settled.percentile(0.99);
        median(self.0.iter().zip(&other.0).map(|(own, other)| p99(own) - p99(other)))
    }
}

pub async fn measure(measure: Measure) {
    let bot = Harbour::open(Kind::Botswain, measure.connectors).await;
    knows_the_fleet(&bot).await;
    let status = crowd::bots("status", &[("env", "production")], false);
    let typing = crowd::bots("stop", &[("env", "production"), ("bot", "fleet 00")], true);
    let says = answer_to(&bot, "commands", &status).await;
    let offers = answer_to(&bot, "autocomplete", &typing).await;
    let pong = Harbour::with(Kind::Pong, 1, &[(pong::SAYS, &says), (pong::OFFERS, &offers)]).await;
    let mut unstopped = unstopped(&bot);
    println!(
        "\nInteractions: µs from INTERACTION_CREATE to the first answer, and to the final content; {} connectors known",
        measure.connectors
    );
    println!(
        "{:<32}{:>10}{:>10}{:>12}{:>12}{:>14}{:>10}{:>10}",
        "", "first p50", "p99", "final p50", "p99", "p99 / pong", "bot CPU", "stand-in"
    );
    for at_once in AT_ONCE {
        let count = measure.interactions * if at_once == 1 { 1 } else { 2 };
        let mut rows: [Row; ROWS.len()] = Default::default();
        let mut synced = Vec::new();
        for _ in 0..measure.rounds {
            let ping = crowd::command("ping", json!([]));
            let long = crowd::command("long", json!([]));
            let long_typing =
                crowd::command("long", json!([{ "name": "typed", "type": 3, "value": "fleet 00", "focused": true }]));
            rows[0].0.push(act(&pong, "commands", vec![ping; count], at_once).await);
            rows[1].0.push(act(&pong, "commands", vec![long; count], at_once).await);
            rows[2].0.push(act(&bot, "commands", vec![status.clone(); count], at_once).await);
            rows[3].0.push(act(&pong, "autocomplete", vec![long_typing; count], at_once).await);
            rows[4].0.push(act(&bot, "autocomplete", vec![typing.clone(); count], at_once).await);
            let connectors = unstopped.split_off(unstopped.len() - measure.presses);
            let presses = crowd::confirmations(&bot, &connectors).await;
            synced.push(fsync());
            rows[5].0.push(act(&bot, "press", presses, at_once).await);
            are_stopped(&bot, &connectors).await;
        }
        for (name, row) in ROWS.iter().zip(&rows) {
            let [first, settled] = [|w: &Waited| &w.first, |w: &Waited| &w.settled] as [fn(&Waited) -> &Round; 2];
            let figures =
                [row.median(first, 0.5), row.median(first, 0.99), row.median(settled, 0.5), row.median(settled, 0.99)];
            let [a, b, c, d] = figures;
            let worked = |of: fn(&Waited) -> f64| median(row.0.iter().map(of));
            println!(
                "{:<32}{a:>10.0}{b:>10.0}{c:>12.0}{d:>12.0}{:>14.2}{:>10.0}{:>10.0}",
                format!("{name}, {at_once} at once"),
                row.ratio(&rows[0]),
                worked(|w| w.worked.0),
                worked(|w| w.worked.1)
            );
        }
        let (p50, p99) = (median(synced.iter().map(|s| s.0)), median(synced.iter().map(|s| s.1)));
        println!(
            "{:<32}press p99 − pong p99 = {:.0} µs; fsync p50 {p50:.0}, p99 {p99:.0}: two of them and 1 ms = {:.0} to {:.0} µs",
            "",
            rows[5].difference(&rows[0]),
            2.0 * p50 + 1000.0,
            2.0 * p99 + 1000.0
        );
    }
}

/// The body with which the bot answers this, as it sends it.
async fn answer_to(bot: &Harbour, what: &str, body: &Value) -> String {
    bot.post::<Value>(what, body).await;
    let sent = bot.get("requests?after=0").await;
    let is_answer = |sent: &&Value| sent["path"].as_str().unwrap().ends_with("/callback");
    sent.as_array().unwrap().iter().rfind(is_answer).unwrap()["body"].to_string()
}

async fn knows_the_fleet(bot: &Harbour) {
    let status = crowd::bots("status", &[("env", "production")], false);
    while bot.post::<Value>("commands", &status).await.to_string().contains("has not been read yet") {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A connector of each bot that can be stopped in Production.
fn unstopped(bot: &Harbour) -> Vec<String> {
    let mut bots = BTreeSet::new();
    let running = bot.fleet().state().connectors.into_iter().map(|panel| panel.connector);
    // Where nothing is asked of a bot, so that no press opens a form.
    let running = running.filter(|c| c.environment == "Demo" && c.agent == "Online");
    running.filter(|c| bots.insert(c.bot.id.clone())).map(|c| c.id).collect()
}

/// Until every one of them is stopped, and the bot has nothing left to do.
async fn are_stopped(bot: &Harbour, connectors: &[String]) {
    let is_stopped = |id: &String| bot.fleet().connector(id).is_some_and(|connector| connector.agent == "Stopped");
    while !connectors.iter().all(is_stopped) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let requests = async || bot.get("requests?after=0").await.as_array().and_then(|all| all.last()?["n"].as_u64());
    let mut before = None;
    loop {
        let now = requests().await;
        if now == before {
            return;
        }
        before = now;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
}
