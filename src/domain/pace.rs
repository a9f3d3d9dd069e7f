//! How many changes are too many in a short time, so that a stuck finger is no outage. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::connector::Environment;
use super::ids::UserId;

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

/// Changes that are counted together, and how many of them there may be within [`WINDOW`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Whose.
    pub whose: Whose,
    /// The most that there may be; nought is any number.
    pub most: u32,
    /// The name under which they are counted.
    pub scope: String,
}

impl Limits {
    /// As what a change is counted that takes something away: by `person`, in each of `environments`.
    pub fn counted<'a>(&self, person: UserId, environments: impl IntoIterator<Item = &'a Environment>) -> Vec<Counted> {
        let theirs = Counted { whose: Whose::Person, most: self.per_person, scope: format!("person:{person}") };
        let there = |environment: &Environment| Counted {
            whose: Whose::Environment { environment: environment.clone() },
            most: self.per_environment,
            scope: format!("environment:{environment}"),
        };
        std::iter::once(theirs).chain(environments.into_iter().map(there)).collect()
    }
}

impl Counted {
    /// What is said when there is no room; `last` is when the newest but `most` - 1 of them was begun: with it there are too many,
    /// and without it there is room for one.
    pub fn too_many(&self, last: Timestamp) -> TooMany {
        let again_at = last.saturating_add(WINDOW).unwrap_or(Timestamp::MAX);
        TooMany { whose: self.whose.clone(), most: self.most, again_at }
    }
}

/// After when a change was begun that is still counted.
pub fn counted_since(now: Timestamp) -> Timestamp {
    now.saturating_sub(WINDOW).unwrap_or(Timestamp::MIN)
}
