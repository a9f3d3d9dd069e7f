//! One look at the fleet through the lifecycle service, and what is remembered of looking.

use std::collections::BTreeMap;
use std::future::Future;

use jiff::Timestamp;

use crate::domain::connector::{Connector, Revision};
use crate::domain::fleet::{Fleet, Malformed, Reading};
use crate::domain::ids::ConnectorId;
use crate::domain::incident::Blindness;
use crate::lifecycle::{ErrorKind, Etag, FleetAnswer, FleetRead, LifecycleClient, LifecycleError};
use crate::tally::Tally;

/// Readings without a gap that it takes until what none of them had is gone.
const GONE_AFTER: u32 = 2;

/// The eye on the fleet.
#[derive(Debug)]
pub(super) struct Eye {
    pub(super) lifecycle: LifecycleClient,
    pub(super) fleet: Fleet,
    /// Of the last reading, as long as nothing but readings went into the fleet since.
    pub(super) etag: Option<Etag>,
    /// What was glimpsed since the fleet was last asked for: the answer may be of a moment before it.
    pub(super) glimpsed: BTreeMap<ConnectorId, Connector>,
    whole: u32,
    seen_well_at: Option<Timestamp>,
    trouble: Option<String>,
    cause: String,
    blindness: Blindness,
    malformed: Vec<Malformed>,
    tally: Tally,
}

impl Eye {
    pub(super) fn new(lifecycle: LifecycleClient) -> Self {
        Self {
            lifecycle,
            fleet: Fleet::default(),
            etag: None,
            glimpsed: BTreeMap::new(),
            whole: 0,
            seen_well_at: None,
            trouble: None,
            cause: String::new(),
            blindness: Blindness::default(),
            malformed: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// How looks ended: `unchanged`, `read`, `partly_read`, `failed`.
    pub(super) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Asks for the fleet. What is glimpsed until the answer is taken in is not undone by it.
    pub(super) fn ask(&mut self) -> impl Future<Output = Result<FleetAnswer, LifecycleError>> + Send + use<> {
        self.glimpsed.clear();
        let (lifecycle, etag) = (self.lifecycle.clone(), self.etag.clone());
        async move { lifecycle.fleet(etag.as_ref()).await }
    }

    /// Takes in the answer. What could not be read is unknown from now on. Gives what it said of connectors and is not what
    /// was glimpsed meanwhile: which of the two is the older, only another look can tell.
    pub(super) fn take_in(
        &mut self,
        answer: Result<FleetAnswer, LifecycleError>,
        now: Timestamp,
    ) -> Vec<(ConnectorId, Revision)> {
        let mut unsure = Vec::new();
        match answer {
            // A tag is only given for a reading in which nothing was missing.
            Ok(FleetAnswer::NotModified) => {
                self.fleet.unchanged(now);
                self.trouble = None;
                self.tally.count("unchanged");
            }
            Ok(FleetAnswer::Read(mut read)) => {
                unsure = self.keep_glimpsed(&mut read);
                self.etag = read.etag.clone().filter(|_| unsure.is_empty());
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
                    self.blindness = blindness(error.kind());
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
        unsure
    }

    fn keep_glimpsed(&self, read: &mut FleetRead) -> Vec<(ConnectorId, Revision)> {
        let mut unsure = Vec::new();
        for connector in &mut read.connectors {
            let Some(glimpsed) = self.glimpsed.get(&connector.id) else { continue };
            if glimpsed.revision != connector.revision {
                let other = std::mem::replace(connector, glimpsed.clone());
                unsure.extend(other.revision.map(|revision| (other.id, revision)));
            }
        }
        unsure
    }

    fn take(&mut self, reading: Reading, now: Timestamp) {
        self.trouble = partly(&reading);
        if let Some(trouble) = &self.trouble {
            self.cause.clone_from(trouble);
            self.blindness = if reading.complete { Blindness::Malformed } else { Blindness::Incomplete };
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

    /// In which way we cannot see, of which [`Eye::cause`] tells more.
    pub(super) fn blindness(&self) -> Blindness {
        self.blindness
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

/// Who has to mend it: that is what tells one kind from another.
fn blindness(kind: &ErrorKind) -> Blindness {
    match kind {
        ErrorKind::Unauthorized => Blindness::Unauthorised,
        ErrorKind::Malformed(_) | ErrorKind::TooLarge(_) | ErrorKind::Redirected(_) => Blindness::Malformed,
        ErrorKind::Stale(_) => Blindness::Stale,
        ErrorKind::Unreachable
        | ErrorKind::Timeout
        | ErrorKind::Interrupted
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Unavailable { .. }
        | ErrorKind::Refused(_)
        | ErrorKind::Server(_)
        | ErrorKind::CircuitOpen(_) => Blindness::Unreachable,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::connector::tests::connector;
    use crate::lifecycle::Settings;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn as_of(name: &str, revision: &str) -> Connector {
        Connector { revision: Some(Revision(revision.to_owned())), ..connector(name, "Billing Bot", "production") }
    }

    fn read(connectors: Vec<Connector>) -> Result<FleetAnswer, LifecycleError> {
        Ok(FleetAnswer::Read(FleetRead { etag: None, connectors, malformed: Vec::new(), complete: true }))
    }

    fn eye() -> Eye {
        let settings = Settings::new("http://127.0.0.1:9/".parse().unwrap(), "t".into());
        let mut eye = Eye::new(LifecycleClient::new(settings).unwrap());
        eye.take_in(read(vec![as_of("one", "r1"), as_of("two", "r1")]), at(0));
        eye
    }

    fn revision<'a>(eye: &'a Eye, name: &str) -> &'a str {
        &eye.fleet().connector(&ConnectorId::new(name)).unwrap().connector.revision.as_ref().unwrap().0
    }

    #[test]
    fn an_answer_does_not_undo_what_was_glimpsed_while_it_was_on_its_way() {
        let mut eye = eye();
        drop(eye.ask());
        eye.take_glimpse(vec![as_of("one", "r2")], at(31));
        let unsure = eye.take_in(read(vec![as_of("one", "r1"), as_of("two", "r9")]), at(30));
        assert_eq!((revision(&eye, "one"), revision(&eye, "two")), ("r2", "r9"));
        assert_eq!(unsure, [(ConnectorId::new("one"), Revision("r1".to_owned()))], "it is to be looked at again");
    }

    #[test]
    fn what_was_glimpsed_before_it_was_asked_for_is_older_than_the_answer() {
        let mut eye = eye();
        eye.take_glimpse(vec![as_of("one", "r2")], at(29));
        drop(eye.ask());
        assert_eq!(eye.take_in(read(vec![as_of("one", "r3"), as_of("two", "r1")]), at(30)), []);
        assert_eq!(revision(&eye, "one"), "r3");
    }
}
