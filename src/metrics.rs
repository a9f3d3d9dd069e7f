//! Metrics in Prometheus's text format: what each part counts, and how things stand at the moment of the scrape.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

use crate::discord::delivery::Channels;
use crate::domain::incident::{Facts, Incident, Phase};
use crate::domain::redundancy::Level;
use crate::store::StoreError;
use crate::store::incidents::Kept;
use crate::tally::{Durations, Tally};
use crate::vitals::Vitals;

/// The `Content-Type` of what is scraped.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// What the metrics are read off. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// How things stand.
    pub vitals: Vitals,
    /// How polls of the fleet ended.
    pub polls: Tally,
    /// How attempts to deliver a message ended.
    pub deliveries: Tally,
    /// How attempts to tell a timeline ended.
    pub timelines: Tally,
    /// Which channels take messages.
    pub channels: Channels,
    /// How interactions were answered.
    pub interactions: Durations,
    /// How heartbeats ended, if there is one.
    pub heartbeats: Option<Tally>,
}

/// A number of open incidents, by level and environment.
type OpenIncidents = Family<[(&'static str, String); 2], Gauge>;

impl Metrics {
    /// All of them as they are now. What cannot be read from the store is left out, and `botswain_store_writable` says so.
    ///
    /// # Errors
    /// If the text cannot be written.
    pub async fn scrape(&self, now: Timestamp) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("botswain");
        let version = Family::<_, Gauge>::default();
        version.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("build_info", "The version that runs", version);
        self.fleet(&mut registry, now);
        self.gateway(&mut registry);
        self.said(&mut registry);
        if let Err(error) = self.stored(&mut registry, now).await {
            tracing::warn!(%error, "the store cannot be read for the metrics");
        }
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry)?;
        Ok(text)
    }

    fn fleet(&self, registry: &mut Registry, now: Timestamp) {
        registry.register("fleet_polls", "Polls of the fleet, by how they ended", self.polls.0.clone());
        let read_at = self.vitals.picture.borrow().fleet.read_at();
        if let Some(read_at) = read_at {
            seconds(registry, "fleet_age", "How long ago the fleet was last read", since(now, read_at));
        }
        let fresh = self.vitals.polls_fresh(now);
        gauge(registry, "fleet_fresh", "1 if the fleet was read within three poll intervals", fresh.into());
    }

    fn gateway(&self, registry: &mut Registry) {
        let gateway = &self.vitals.gateway;
        let connected = gateway.is_connected().into();
        gauge(registry, "gateway_connected", "1 if Discord's gateway greeted us and has answered since", connected);
        if let Some(latency) = gateway.latency() {
            let help = "How long the gateway took to acknowledge the last heartbeat";
            seconds(registry, "gateway_heartbeat_latency", help, latency.as_secs_f64());
        }
        let replaced = gateway.replaced();
        counter(registry, "gateway_replacements", "Clients that were replaced because they heard nothing", replaced);
        counter(registry, "gateway_undecoded_events", "Events that could not be decoded", gateway.undecoded());
    }

    fn said(&self, registry: &mut Registry) {
        registry.register("deliveries", "Attempts to deliver a message, by how they ended", self.deliveries.0.clone());
        registry.register("timelines", "Attempts to tell a timeline, by how they ended", self.timelines.0.clone());
        let outcomes = self.interactions.outcomes.clone();
        registry.register("interactions", "Interactions, by kind and by how answering them ended", outcomes);
        let help = "How long an interaction took from being heard to its whole answer, by kind";
        registry.register_with_unit("interaction_duration", help, Unit::Seconds, self.interactions.seconds.clone());
        let unwritten = count(self.vitals.direct_alerts.unwritten());
        gauge(registry, "unwritten_alerts", "Alerts that could not be written down, and are said directly", unwritten);
        gauge(registry, "blocked_channels", "Channels that take no messages of ours", count(self.channels.blocked()));
        if let Some(heartbeats) = &self.heartbeats {
            registry.register("heartbeats", "Heartbeats, by how they ended", heartbeats.0.clone());
        }
    }

    async fn stored(&self, registry: &mut Registry, now: Timestamp) -> Result<(), StoreError> {
        let store = &self.vitals.store;
        let writable = store.check_writable().await;
        gauge(registry, "store_writable", "1 if the store can be written: a row was", writable.is_ok().into());
        let backlog = store.backlog().await?;
        let waiting = backlog.waiting.try_into().unwrap_or(i64::MAX);
        gauge(registry, "outbox_waiting_messages", "Messages that have something to say that is not said yet", waiting);
        let oldest = backlog.oldest.map_or(0.0, |oldest| since(now, oldest));
        seconds(registry, "outbox_oldest_age", "How long the oldest of them waits; 0 if none does", oldest);
        let given_up = backlog.given_up.try_into().unwrap_or(i64::MAX);
        gauge(registry, "outbox_given_up_messages", "Messages that Discord would not take", given_up);
        let lines = store.waiting_lines().await?.try_into().unwrap_or(i64::MAX);
        gauge(registry, "timeline_waiting_lines", "Lines of timelines that are not told yet", lines);
        let troubles = count(store.troubles().await?.len());
        gauge(registry, "alert_channel_troubles", "Channels into which alerts do not come", troubles);
        let open = OpenIncidents::default();
        let open_incidents = store.open_incidents().await?;
        let suspected = |kept: &&Kept| matches!(kept.incident.phase, Phase::Suspected { .. });
        for kept in open_incidents.iter().filter(|kept| !suspected(kept)) {
            let (level, environment) = labels(&kept.incident);
            open.get_or_create(&[("level", level.to_owned()), ("environment", environment)]).inc();
        }
        registry.register("open_incidents", "Open incidents, by level and environment", open);
        Ok(())
    }
}

/// How bad an incident is, and where.
fn labels(incident: &Incident) -> (&'static str, String) {
    let level = match &incident.facts {
        Facts::Failover(facts) => match facts.level {
            Level::Outage => "outage",
            Level::AtRisk => "at_risk",
            Level::NeverRedundant => "never_redundant",
            Level::Unknown => "unknown",
            Level::Starting => "starting",
            Level::NotInUse => "not_in_use",
            Level::Redundant => "redundant",
        },
        Facts::NeverRedundant { .. } => "never_redundant",
        Facts::Blind(_) => "blind",
        Facts::Storm(_) => "storm",
        Facts::Load { .. } => "load",
    };
    let environment = incident.subject.environment().map_or("", |environment| environment.as_str());
    (level, environment.to_owned())
}

fn since(now: Timestamp, then: Timestamp) -> f64 {
    now.duration_since(then).as_secs_f64().max(0.0)
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    registry.register(name, help, ConstGauge::new(value));
}

fn seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(value));
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstCounter::new(value));
}
