//! The circuit breaker: after several failures in a row the service is left alone for a while, then tried by one call first.
//!
//! Pure: `now` is an argument.
use std::time::{Duration, Instant};

/// Lets calls through, or says how long to wait.
#[derive(Debug, Clone)]
pub struct Breaker {
    threshold: u32,
    open_for: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Calls go through; so many in a row failed.
    Closed { failures: u32 },
    /// No call goes through until then.
    Open { until: Instant },
    /// One call was let through to try; another may if nothing is heard of it by then.
    Trying { until: Instant },
}

impl Breaker {
    /// Opens after `threshold` failures in a row (at least 1), for `open_for`.
    pub fn new(threshold: u32, open_for: Duration) -> Self {
        Self { threshold: threshold.max(1), open_for, state: State::Closed { failures: 0 } }
    }

    /// Asks to make a call, whose outcome must then be told.
    ///
    /// # Errors
    ///
    /// How long to wait, while the circuit is open.
    pub fn ask(&mut self, now: Instant) -> Result<(), Duration> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until } | State::Trying { until } if now < until => Err(until.duration_since(now)),
            State::Open { .. } | State::Trying { .. } => {
                let until = now + self.open_for;
                self.state = State::Trying { until };
                Ok(())
            }
        }
    }

    /// The service answered sensibly, be it with a refusal.
    pub fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// The service did not answer, or not sensibly. Says whether this opened the circuit.
    pub fn failed(&mut self, now: Instant) -> bool {
        let failures = match self.state {
            State::Closed { failures } => failures + 1,
            State::Trying { .. } => self.threshold,
            // Calls that were under way when it opened.
            State::Open { .. } => return false,
        };
        if failures < self.threshold {
            self.state = State::Closed { failures };
            return false;
        }
        let until = now + self.open_for;
        self.state = State::Open { until };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN_FOR: Duration = Duration::from_secs(10);

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_says_how_long() {
        let now = Instant::now();
        let mut breaker = Breaker::new(3, OPEN_FOR);
        assert!(!breaker.failed(now));
        assert!(!breaker.failed(now));
        breaker.succeeded();
        assert!(!breaker.failed(now));
        assert!(!breaker.failed(now));
        assert_eq!(breaker.ask(now), Ok(()));
        assert!(breaker.failed(now));
        assert_eq!(breaker.ask(now + Duration::from_secs(4)), Err(Duration::from_secs(6)));
    }

    #[test]
    fn one_call_tries_first_and_its_outcome_decides() {
        let now = Instant::now();
        let mut breaker = Breaker::new(1, OPEN_FOR);
        assert!(breaker.failed(now));
        let later = now + OPEN_FOR;
        assert_eq!(breaker.ask(later), Ok(()));
        assert_eq!(breaker.ask(later), Err(OPEN_FOR));
        assert!(breaker.failed(later));
        let later = later + OPEN_FOR;
        assert_eq!(breaker.ask(later), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.ask(later), Ok(()));
        assert_eq!(breaker.ask(later), Ok(()));
    }

    #[test]
    fn a_try_of_which_nothing_is_heard_does_not_close_the_door_for_ever() {
        let now = Instant::now();
        let mut breaker = Breaker::new(1, OPEN_FOR);
        assert!(breaker.failed(now));
        assert_eq!(breaker.ask(now + OPEN_FOR), Ok(()));
        assert_eq!(breaker.ask(now + OPEN_FOR * 2), Ok(()));
    }
}
