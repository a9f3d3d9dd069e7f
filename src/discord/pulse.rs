//! The pulse of the gateway: what of it can be read from outside, for health and metrics.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// What of the gateway can be read from outside.
#[derive(Debug, Default)]
pub struct Pulse {
    connected: AtomicBool,
    registered: AtomicBool,
    heard_at: AtomicI64,
    undecoded: AtomicU64,
    replaced: AtomicU64,
    latency_us: AtomicU64,
}

impl Pulse {
    /// Whether the gateway greeted us and has answered since.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Whether the commands are registered.
    pub fn is_registered(&self) -> bool {
        self.registered.load(Ordering::Relaxed)
    }

    /// When an event was last heard.
    pub fn heard_at(&self) -> Option<Timestamp> {
        match self.heard_at.load(Ordering::Relaxed) {
            0 => None,
            millis => Timestamp::from_millisecond(millis).ok(),
        }
    }

    /// How many events could not be decoded.
    pub fn undecoded(&self) -> u64 {
        self.undecoded.load(Ordering::Relaxed)
    }

    /// How often the client was replaced.
    pub fn replaced(&self) -> u64 {
        self.replaced.load(Ordering::Relaxed)
    }

    /// How long the gateway took to acknowledge the last heartbeat; `None` before the first one.
    pub fn latency(&self) -> Option<Duration> {
        Some(self.latency_us.load(Ordering::Relaxed)).filter(|us| *us > 0).map(Duration::from_micros)
    }

    pub(super) fn set_latency(&self, latency: Duration) {
        self.latency_us.store(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    }

    pub(super) fn hear(&self, at: Timestamp) {
        self.heard_at.store(at.as_millisecond(), Ordering::Relaxed);
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
    }

    pub(super) fn set_registered(&self, registered: bool) {
        self.registered.store(registered, Ordering::Relaxed);
    }

    pub(super) fn count_undecoded(&self) -> u64 {
        self.undecoded.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn count_replaced(&self) -> u64 {
        self.replaced.fetch_add(1, Ordering::Relaxed) + 1
    }
}
