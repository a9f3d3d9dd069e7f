//! How soon a loss is said: from the moment when a connector drops until the alert's request is at Discord, durable on the
//! way. A push, and a poll that makes good for a lost one.

use std::collections::BTreeMap;
use std::time::Duration;

use botswain::lifecycle::contract::Connector;
use botswain::sandbox::discord::Seen;
use botswain::sandbox::lifecycle::{Deed, FaultKind};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Measure;
use crate::figures::{Round, fsync, median};
use crate::process::{Harbour, Kind};

/// How often the fleet is read where pushes are lost.
const INTERVAL: &str = "2s";
/// Losses in one round of them: each takes up to the interval.
const LOST: usize = 8;
/// How long nobody may ask Discord for anything until the bot counts as idle.
const QUIET: Duration = Duration::from_millis(1_500);

pub async fn measure(measure: Measure) {
    println!("\nFrom a connector's drop to the alert's request at Discord: ms; SQLite, synchronous=FULL, debounce 0");
    println!("{:<26}{:>10}{:>10}{:>10}{:>24}", "", "p50", "p99", "worst", "fsync p50, p99 (µs)");
    let sizes = [100, 1_000, 10_000].into_iter().filter(|count| *count <= measure.connectors);
    for connectors in sizes {
        let mut port = Port::open(connectors, "15s").await;
        port.row(&format!("push, {connectors} connectors"), measure.rounds, measure.losses).await;
    }
    let mut port = Port::open(100, INTERVAL).await;
    port.harbour.fleet().add_fault(FaultKind::LoseEvents);
    port.row(&format!("poll each {INTERVAL}, pushes lost"), measure.rounds, measure.losses.min(LOST)).await;
}

/// A bot that has said all that there was to say, and whoever looks on at Discord.
struct Port {
    harbour: Harbour,
    seen: UnboundedReceiver<Seen>,
    /// Connectors whose loss leaves one of two.
    of_two: Vec<String>,
    next: usize,
}

impl Port {
    async fn open(connectors: usize, interval: &str) -> Self {
        let mut settings = vec![("POLL_INTERVAL", interval), ("STORM_BOTS", "0"), ("REOPEN_WITHIN", "0s")];
        settings.extend(["ALERT_AFTER", "OUTAGE_AFTER", "RECOVER_AFTER"].map(|patience| (patience, "0s")));
        let harbour = Harbour::with(Kind::Botswain, connectors, &settings).await;
        let seen = harbour.sandbox.discord.as_ref().unwrap().stand_in.witness();
        let of_two = of_two(harbour.fleet().state().connectors.into_iter().map(|panel| panel.connector));
        let mut port = Self { harbour, seen, of_two, next: 0 };
        port.is_quiet().await;
        port
    }

    async fn row(&mut self, name: &str, rounds: usize, losses: usize) {
        let (mut all, mut synced) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let mut took = Vec::new();
            for _ in 0..losses {
                took.push(self.loss().await);
            }
            all.push(Round::new(took));
            synced.push(fsync());
        }
        let share = |share| median(all.iter().map(|round| round.percentile(share))) / 1e3;
        let worst = all.iter().map(|round| round.percentile(1.0)).fold(0.0, f64::max) / 1e3;
        let (p50, p99) = (median(synced.iter().map(|s| s.0)), median(synced.iter().map(|s| s.1)));
        let (half, most) = (share(0.5), share(0.99));
        println!("{name:<26}{half:>10.2}{most:>10.2}{worst:>10.2}{:>24}", format!("{p50:.0}, {p99:.0}"));
    }

    /// Loses one of two connectors, and gets it back. How long it took until the alert was at Discord.
    async fn loss(&mut self) -> f64 {
        let connector = self.of_two[self.next % self.of_two.len()].clone();
        self.next += 1;
        // As it is in the field, nothing else is going on. (Where pushes are lost, a poll has just been: it is the worst case.)
        tokio::time::sleep(Duration::from_millis(rand::random_range(40..80))).await;
        while self.seen.try_recv().is_ok() {}
        let dropped = Timestamp::now();
        self.harbour.fleet().do_to(&connector, Deed::Drop).unwrap();
        let arrived = self.message("POST", &connector).await;
        let took = arrived - dropped.as_microsecond() as f64;
        self.harbour.fleet().do_to(&connector, Deed::Recover).unwrap();
        self.message("PATCH", "Resolved").await;
        took
    }

    /// Until a message that has this in it is posted or edited. When the request's last byte came, in microseconds.
    async fn message(&mut self, method: &str, text: &str) -> f64 {
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while let Some(seen) = self.seen.recv().await {
                if let Seen::Request(request) = seen
                    && request["method"] == method
                    && request["body"].to_string().contains(text)
                {
                    return request["arrived_us"].as_f64().unwrap();
                }
            }
            panic!("the stand-in is gone");
        });
        waited.await.unwrap_or_else(|_| panic!("no {method} with {text}"))
    }

    async fn is_quiet(&mut self) {
        while tokio::time::timeout(QUIET, self.seen.recv()).await.is_ok() {}
    }
}

/// One connector of each bot in Production that has two, both of them healthy.
fn of_two(connectors: impl Iterator<Item = Connector>) -> Vec<String> {
    let mut bots: BTreeMap<String, Vec<Connector>> = BTreeMap::new();
    for connector in connectors.filter(|connector| connector.environment == "Production") {
        bots.entry(connector.bot.id.clone()).or_default().push(connector);
    }
    let is_healthy =
        |c: &Connector| [&c.agent, &c.conversational_cloud, &c.bot_server] == ["Online", "Connected", "Connected"];
    let two = bots.into_values().filter(|of| of.len() == 2 && of.iter().all(is_healthy));
    two.map(|of| of[0].id.clone()).collect()
}
