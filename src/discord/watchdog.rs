//! Is the gateway still with us? Judged from what was heard and when, so that a deaf or spinning client is replaced.
//!
//! serenity does not tell the age of the last acknowledged heartbeat, and a gateway that fell silent looks like a guild in
//! which nothing happens. So after a while of quiet we ask something that is always answered with an event: for the bot's
//! own member (which needs no privileged intent). Silence after that is deafness.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The times by which the watchdog judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long it may be quiet before we ask.
    pub quiet: Duration,
    /// How long the answer may take.
    pub answer: Duration,
    /// How long a new client may take until it is ready.
    pub connect: Duration,
    /// The same, when it was not ready several times in a row: Discord grants 1000 IDENTIFYs a day.
    pub connect_when_failing: Duration,
}

impl Default for Patience {
    /// Deaf is found after 12 s and replaced within another: back within 20 s. An IDENTIFY that is never answered is
    /// repeated 960 times a day at most.
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(5),
            answer: Duration::from_secs(7),
            connect: Duration::from_secs(10),
            connect_when_failing: Duration::from_secs(90),
        }
    }
}

/// How many clients in a row may fail to become ready before we have more patience.
const FAILURES: u32 = 6;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Fine,
    /// Ask for the bot's own member: it has been quiet.
    Probe,
    /// Replace the client.
    Restart(Deafness),
}

/// Why a client is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Deafness {
    /// It was connected, and a question stayed without an answer.
    #[error("Discord's gateway answers nothing any more")]
    Silent,
    /// It did not become ready in time.
    #[error("Discord's gateway did not greet us in time")]
    NeverReady,
}

/// The watchdog, fed by the listener and asked by the gateway's loop.
pub(super) type SharedWatchdog = Arc<Mutex<Watchdog>>;

pub(super) fn lock(watchdog: &SharedWatchdog) -> MutexGuard<'_, Watchdog> {
    watchdog.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The watchdog over one client after the other.
#[derive(Clone, Debug)]
pub struct Watchdog {
    patience: Patience,
    since: Instant,
    heard_at: Option<Instant>,
    asked_at: Option<Instant>,
    failures: u32,
}

impl Watchdog {
    /// A watchdog over a client that is starting now.
    pub fn new(patience: Patience, now: Instant) -> Self {
        Self { patience, since: now, heard_at: None, asked_at: None, failures: 0 }
    }

    /// Takes in that the client is ready: the gateway greeted us.
    pub fn ready(&mut self, now: Instant) {
        self.failures = 0;
        self.heard_at = Some(now);
        self.asked_at = None;
    }

    /// Takes in that something was heard.
    pub fn heard(&mut self, now: Instant) {
        if self.heard_at.is_some() {
            self.heard_at = Some(now);
            self.asked_at = None;
        }
    }

    /// Takes in that the client was replaced by a new one.
    pub fn replaced(&mut self, now: Instant) {
        if self.heard_at.is_none() {
            self.failures = self.failures.saturating_add(1);
        }
        *self = Self { failures: self.failures, ..Self::new(self.patience, now) };
    }

    /// What is to be done now. (A probe is asked for once, until something is heard.)
    pub fn judge(&mut self, now: Instant) -> Verdict {
        let Some(heard_at) = self.heard_at else {
            let patience =
                if self.failures < FAILURES { self.patience.connect } else { self.patience.connect_when_failing };
            return if now.duration_since(self.since) >= patience {
                Verdict::Restart(Deafness::NeverReady)
            } else {
                Verdict::Fine
            };
        };
        match self.asked_at {
            Some(asked) if now.duration_since(asked) >= self.patience.answer => Verdict::Restart(Deafness::Silent),
            Some(_) => Verdict::Fine,
            None if now.duration_since(heard_at) >= self.patience.quiet => {
                self.asked_at = Some(now);
                Verdict::Probe
            }
            None => Verdict::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dog() -> (Watchdog, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        (Watchdog::new(Patience::default(), start), move |seconds| start + Duration::from_secs(seconds))
    }

    #[test]
    fn quiet_is_asked_after_once_and_an_answer_settles_it() {
        let (mut dog, at) = dog();
        dog.ready(at(1));
        assert_eq!(dog.judge(at(5)), Verdict::Fine);
        assert_eq!(dog.judge(at(6)), Verdict::Probe);
        assert_eq!(dog.judge(at(7)), Verdict::Fine);
        dog.heard(at(8));
        assert_eq!(dog.judge(at(12)), Verdict::Fine);
        assert_eq!(dog.judge(at(13)), Verdict::Probe);
    }

    #[test]
    fn a_question_without_an_answer_is_deafness_well_within_20_seconds() {
        let (mut dog, at) = dog();
        dog.ready(at(0));
        assert_eq!(dog.judge(at(5)), Verdict::Probe);
        assert_eq!(dog.judge(at(11)), Verdict::Fine);
        assert_eq!(dog.judge(at(12)), Verdict::Restart(Deafness::Silent));
    }

    #[test]
    fn a_client_that_is_never_greeted_is_replaced_and_later_with_more_patience() {
        let (mut dog, at) = dog();
        let mut now = 0;
        for _ in 0..FAILURES {
            assert_eq!(dog.judge(at(now + 9)), Verdict::Fine);
            assert_eq!(dog.judge(at(now + 10)), Verdict::Restart(Deafness::NeverReady));
            now += 10;
            dog.replaced(at(now));
        }
        assert_eq!(dog.judge(at(now + 89)), Verdict::Fine);
        assert_eq!(dog.judge(at(now + 90)), Verdict::Restart(Deafness::NeverReady));
        dog.ready(at(now + 91));
        dog.replaced(at(now + 100));
        assert_eq!(dog.judge(at(now + 110)), Verdict::Restart(Deafness::NeverReady), "a greeting forgives");
    }

    #[test]
    fn what_is_heard_before_the_greeting_is_no_greeting() {
        let (mut dog, at) = dog();
        dog.heard(at(9));
        assert_eq!(dog.judge(at(10)), Verdict::Restart(Deafness::NeverReady));
    }
}
