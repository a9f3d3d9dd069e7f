//! How many changes are too many in a short time, so that a stuck finger is no outage. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::connector::Environment;
use super::ids::UserId;
use super::operation::Operation;

/// The time in which changes are counted.
pub const WINDOW: Duration = Duration::from_secs(600);

/// The most changes that take something away within [`WINDOW`]; nought is no limit. What gives back is never counted: a start
/// that restores service must not wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of one person, everywhere.
    pub per_person: u32,
    /// Of all people together, in one environment.
    pub per_environment: u32,
}

/// Whose changes are too many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Whose {
    /// This person's.
    Person,
    /// Everybody's together, in this environment.
    Environment {
        /// Which.
        environment: Environment,
    },
}

/// Too many changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooMany {
    /// Whose.
    pub whose: Whose,
    /// The most that there may be within [`WINDOW`].
    pub most: u32,
    /// When there is room for one more.
    pub again_at: Timestamp,
}

impl Limits {
    /// Judges whether one more change may begin: by `person`, in `environments`, after the operations that were begun
    /// lately (at least all of [`WINDOW`]).
    ///
    /// # Errors
    /// What is too much already, and until when: of several, what lasts longest.
    pub fn judge<'a>(
        &self,
        lately: &[Operation],
        person: UserId,
        environments: impl IntoIterator<Item = &'a Environment>,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        let took_away: Vec<_> = lately.iter().filter(|operation| operation.verb.takes_away()).collect();
        let theirs = took_away.iter().filter(|operation| operation.requester.id == person);
        let mut found = vec![
            full(self.per_person, theirs.map(|o| o.opened_at), now).map(|at| (Whose::Person, self.per_person, at)),
        ];
        for environment in environments {
            let touches = |operation: &&&Operation| {
                operation.environment == *environment || operation.to.as_ref() == Some(environment)
            };
            let here = took_away.iter().filter(touches).map(|o| o.opened_at);
            let whose = Whose::Environment { environment: environment.clone() };
            found.push(full(self.per_environment, here, now).map(|at| (whose, self.per_environment, at)));
        }
        match found.into_iter().flatten().max_by_key(|(.., at)| *at) {
            Some((whose, most, again_at)) => Err(TooMany { whose, most, again_at }),
            None => Ok(()),
        }
    }
}

/// When there is room again, if there is none now.
fn full(most: u32, begun: impl Iterator<Item = Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let leaves = begun.map(|at| at.saturating_add(WINDOW).unwrap_or(Timestamp::MAX));
    let mut counted: Vec<_> = leaves.filter(|leaves| *leaves > now).collect();
    counted.sort();
    let too_many = counted.len().checked_sub(most).filter(|_| most > 0)?;
    counted.get(too_many).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn there_is_room_again_when_as_many_have_left_as_are_too_many() {
        let begun = || [at(30), at(10), at(20)].into_iter();
        assert_eq!(full(3, begun(), at(40)), Some(at(610)));
        assert_eq!(full(2, begun(), at(40)), Some(at(620)));
        assert_eq!(full(4, begun(), at(40)), None);
        assert_eq!(full(3, begun(), at(610)), None, "the first has left");
        assert_eq!(full(0, begun(), at(40)), None, "nought is no limit");
    }
}
