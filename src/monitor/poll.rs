//! One look at the fleet through the lifecycle service, and what is remembered of looking.

use jiff::Timestamp;

use crate::domain::fleet::{Fleet, Malformed, Reading};
use crate::lifecycle::{ErrorKind, Etag, FleetAnswer, LifecycleClient};
use crate::tally::Tally;

/// Readings without a gap that it takes until what none of them had is gone.
const GONE_AFTER: u32 = 2;

/// The eye on the fleet.
#[derive(Debug)]
pub(super) struct Eye {
    lifecycle: LifecycleClient,
    fleet: Fleet,
    etag: Option<Etag>,
    whole: u32,
    seen_well_at: Option<Timestamp>,
    trouble: Option<String>,
    cause: String,
    malformed: Vec<Malformed>,
    tally: Tally,
}

impl Eye {
    pub(super) fn new(lifecycle: LifecycleClient) -> Self {
        Self {
            lifecycle,
            fleet: Fleet::default(),
            etag: None,
            whole: 0,
            seen_well_at: None,
            trouble: None,
            cause: String::new(),
            malformed: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// How looks ended: `unchanged`, `read`, `partly_read`, `failed`.
    pub(super) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Looks at the fleet. What could not be read is unknown from now on.
    pub(super) async fn look(&mut self, now: Timestamp) {
        match self.lifecycle.fleet(self.etag.as_ref()).await {
            // A tag is only given for a reading in which nothing was missing.
            Ok(FleetAnswer::NotModified) => {
                self.fleet.unchanged(now);
                self.trouble = None;
                self.tally.count("unchanged");
            }
            Ok(FleetAnswer::Read(read)) => {
                self.etag.clone_from(&read.etag);
                self.take(read.into(), now);
                self.tally.count(if self.trouble.is_none() { "read" } else { "partly_read" });
            }
            Err(error) => {
                self.tally.count("failed");
                if self.trouble.is_none() {
                    tracing::warn!(%error, "the fleet could not be read");
                } else {
                    tracing::debug!(%error, "the fleet could still not be read");
                }
                // That we leave the service alone for a moment is no cause, and its seconds change with each poll.
                if !matches!(error.kind(), ErrorKind::CircuitOpen(_)) || self.cause.is_empty() {
                    self.cause = first_sentence(&error.person());
                }
                self.trouble = Some(error.person());
                self.fleet.could_not_read(now);
            }
        }
        if self.sees_all() {
            self.whole = self.whole.saturating_add(1);
            self.seen_well_at = Some(now);
            self.cause.clear();
        }
    }

    fn take(&mut self, reading: Reading, now: Timestamp) {
        self.trouble = partly(&reading);
        if let Some(trouble) = &self.trouble {
            self.cause.clone_from(trouble);
        }
        if reading.malformed != self.malformed {
            for record in &reading.malformed {
                tracing::warn!(id = ?record.id, why = record.why, "a record of the fleet could not be read");
            }
            self.malformed.clone_from(&reading.malformed);
        }
        self.fleet.read(reading, now);
    }

    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Why the last look failed, in whole or in part, for people.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Why we cannot see, in one sentence that stays the same while the cause does.
    pub(super) fn cause(&self) -> &str {
        &self.cause
    }

    /// When everything could be read last.
    pub(super) fn seen_well_at(&self) -> Option<Timestamp> {
        self.seen_well_at
    }

    /// Whether anything was ever read.
    pub(super) fn read_once(&self) -> bool {
        self.fleet.read_at().is_some()
    }

    /// Whether everything could be read just now.
    pub(super) fn sees_all(&self) -> bool {
        self.read_once() && self.fleet.blind_since().is_none()
    }

    /// Whether what is not there now is gone: that takes two complete readings.
    pub(super) fn sees_what_is_gone(&self) -> bool {
        self.sees_all() && self.whole >= GONE_AFTER
    }
}

fn partly(reading: &Reading) -> Option<String> {
    let bad = reading.malformed.len();
    match (reading.complete, bad) {
        (true, 0) => None,
        (true, 1) => Some("One record of the fleet cannot be understood.".to_owned()),
        (true, _) => Some(format!("{bad} records of the fleet cannot be understood.")),
        (false, _) => Some("A part of the fleet did not come.".to_owned()),
    }
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or_else(|| text.to_owned(), |(first, _)| format!("{first}."))
}
