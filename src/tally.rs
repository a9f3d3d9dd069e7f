//! Counts of what happened, by how it ended: each part keeps its own, and `metrics` shows them.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

/// Upper bounds of a duration's buckets, in seconds. Discord waits three for a first answer.
const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0];

/// How often something ended how. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Tally(pub(crate) Family<[(&'static str, &'static str); 1], Counter>);

impl Tally {
    /// Counts one that ended so.
    pub fn count(&self, outcome: &'static str) {
        self.0.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// How many ended so.
    pub fn of(&self, outcome: &'static str) -> u64 {
        self.0.get_or_create(&[("outcome", outcome)]).get()
    }
}

/// A metric's one label: its name, and its value.
type Label = [(&'static str, &'static str); 1];

/// How long something took, and how it ended, for each kind of it. Clones share the counts.
#[derive(Clone, Debug)]
pub struct Durations {
    pub(crate) outcomes: Family<[(&'static str, &'static str); 2], Counter>,
    pub(crate) seconds: Family<Label, Histogram, fn() -> Histogram>,
}

impl Default for Durations {
    fn default() -> Self {
        Self { outcomes: Family::default(), seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)) }
    }
}

impl Durations {
    /// Takes in that one of this kind took so long, and ended so.
    pub fn observe(&self, kind: &'static str, outcome: &'static str, took: std::time::Duration) {
        self.outcomes.get_or_create(&[("kind", kind), ("outcome", outcome)]).inc();
        self.seconds.get_or_create(&[("kind", kind)]).observe(took.as_secs_f64());
    }
}
