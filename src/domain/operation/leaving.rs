//! Leaving stopped what a redeploy stopped and then could not move or start: nothing is done, and it is known who said so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Operation, Outcome, Seen, Target};
use crate::domain::action::Verb;
use crate::domain::authority::Person;

/// That somebody left it stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftStopped {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

impl Operation {
    /// Whether it waits for somebody to say what becomes of what it left stopped: a redeploy that failed on its way.
    pub fn can_be_left_stopped(&self) -> bool {
        let failed = self.ended.as_ref().is_some_and(|ended| ended.outcome == Outcome::Failed);
        self.verb == Verb::Redeploy && failed && self.stopped().next().is_some()
    }

    /// Its connectors that were stopped when they were last seen.
    pub fn stopped(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(|target| target.seen.as_ref().is_some_and(Seen::is_down))
    }

    /// The operation once somebody left stopped what it stopped; when it ended stays as it was. `None` if there is nothing to
    /// leave.
    pub fn left_stopped(&self, by: Person, at: Timestamp) -> Option<Self> {
        let mut left = self.clone();
        let ended = left.ended.as_mut().filter(|_| self.can_be_left_stopped())?;
        ended.outcome = Outcome::LeftStopped;
        left.guidance.left_stopped = Some(LeftStopped { by, at });
        Some(left)
    }
}
