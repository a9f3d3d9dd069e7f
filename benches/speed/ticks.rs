//! One look of the monitor at fleets of growing size: nothing changed, one load, every load, and everything
//! dropped.

use std::time::Instant;

use botswain::lifecycle::{LifecycleClient, Settings};
use botswain::monitor::{Bells, Monitor, Ticked, Watch};
use botswain::sandbox::lifecycle::{Deed, FleetSeed, LifecycleSimulator, Mode, Order, Patch};
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use jiff::Timestamp;

use crate::Measure;
use crate::figures::{fsync, median, micros};

/// A loss is an incident at once, and each bot's its own.
const AT_ONCE: [(&str, &str); 3] = [("ALERT_AFTER", "0s"), ("OUTAGE_AFTER", "0s"), ("STORM_BOTS", "0")];
/// With more connectors it is not measured what it takes to open an incident on each bot: that is the disk's time.
const DROPPED: usize = 10_000;

pub async fn measure(measure: Measure) {
    let (p50, p99) = fsync();
    println!("\nOne tick of the monitor: ms, and µs for each connector; fsync p50 {p50:.0} µs, p99 {p99:.0} µs");
    println!(
        "{:<14}{:>20}{:>22}{:>22}{:>34}",
        "connectors", "unchanged", "one load changed", "every load changed", "every one dropped (incidents)"
    );
    let sizes = [100, 1_000, 10_000, 100_000].into_iter().filter(|count| *count <= measure.connectors * 10);
    for connectors in sizes {
        let mut looks: [Vec<f64>; 4] = Default::default();
        let mut opened = 0;
        for _ in 0..measure.rounds {
            let mut watch = Tower::build(connectors).await;
            watch.look().await;
            looks[0].push(watch.look().await.0);
            watch.change(1, load);
            looks[1].push(watch.look().await.0);
            watch.change(connectors, load);
            looks[2].push(watch.look().await.0);
            if connectors <= DROPPED {
                watch.change(connectors, |_| Deed::Drop);
                let (took, ticked) = watch.look().await;
                looks[3].push(took);
                opened = ticked.opened;
            }
            watch.tear_down().await;
        }
        let [unchanged, one, all, dropped] = looks.map(|looks| {
            if looks.is_empty() {
                return "–".to_owned();
            }
            let took = median(looks);
            format!("{:.1} ms ({:.1} µs)", took / 1e3, took / connectors as f64)
        });
        println!("{connectors:<14}{unchanged:>20}{one:>22}{all:>22}{:>34}", format!("{dropped} ({opened})"));
    }
}

/// Another load than ever before.
fn load(n: u32) -> Deed {
    Deed::Set(Box::new(Patch { conversations: Some(Some(n)), ..Patch::default() }))
}

struct Tower {
    sandbox: Sandbox,
    store: Store,
    monitor: Monitor,
}

impl Tower {
    async fn build(connectors: usize) -> Self {
        let mut options = Options::default();
        options.fleet.fleet = FleetSeed::Generated(connectors);
        options.fleet.mode = Mode::Explicit;
        let sandbox = Sandbox::start(options).await.unwrap();
        let config = sandbox.config(&AT_ONCE).unwrap();
        let store = Store::open(&config.database_url).await.unwrap();
        let lifecycle = LifecycleClient::new(Settings::new(config.lifecycle.url, config.lifecycle.token)).unwrap();
        let watch = Watch { policy: config.policy, poll_interval: config.poll_interval };
        let (monitor, _) = Monitor::new(store.clone(), lifecycle, watch, Bells::default());
        Self { sandbox, store, monitor }
    }

    async fn look(&mut self) -> (f64, Ticked) {
        let began = Instant::now();
        let ticked = self.monitor.tick(Timestamp::now()).await.unwrap();
        (micros(began.elapsed()), ticked)
    }

    fn change(&self, count: usize, deed: impl Fn(u32) -> Deed) {
        let fleet: &LifecycleSimulator = &self.sandbox.lifecycle.as_ref().unwrap().stand_in;
        for (n, panel) in (1_000..).zip(fleet.state().connectors.into_iter().take(count)) {
            fleet.do_to(&panel.connector.id, Order::from(deed(n + count as u32))).unwrap();
        }
    }

    async fn tear_down(self) {
        self.store.close().await;
        self.sandbox.stop().await;
    }
}
