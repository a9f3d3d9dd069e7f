//! Freezes: for a while nothing of an environment is stopped, moved or restarted. Starting stays possible. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attention::Done;
use super::authority::Person;
use super::connector::Environment;
use super::ids::{ChannelId, Id};

/// A freeze, as the store keeps it and its message shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Its id.
    pub id: Id,
    /// What is frozen. At most one freeze is on for each.
    pub environment: Environment,
    /// Whose it is.
    pub by: Person,
    /// Why, in the owner's words.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Where its message stands.
    pub channel: ChannelId,
    /// How it ended, if it is over.
    pub ended: Option<FreezeEnd>,
}

/// How a freeze ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum FreezeEnd {
    /// Its time was over.
    Over {
        /// When that was seen.
        at: Timestamp,
    },
    /// Somebody ended it.
    Unfrozen(Done),
}

impl FreezeEnd {
    /// When.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Over { at } | Self::Unfrozen(Done { at, .. }) => *at,
        }
    }
}

impl Freeze {
    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

/// The freeze that holds in any of these environments now: of several, the one that ends last.
pub fn holding<'a, 'e>(
    freezes: &'a [Freeze],
    environments: impl IntoIterator<Item = &'e Environment>,
    now: Timestamp,
) -> Option<&'a Freeze> {
    let environments: Vec<_> = environments.into_iter().collect();
    let holds = |freeze: &&Freeze| {
        freeze.ended.is_none() && !freeze.is_over(now) && environments.contains(&&freeze.environment)
    };
    freezes.iter().filter(holds).max_by_key(|freeze| freeze.until)
}

#[cfg(test)]
mod tests {
    use super::super::ids::UserId;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn freeze(environment: &str, until: i64) -> Freeze {
        Freeze {
            id: Id::random(),
            environment: Environment::new(environment),
            by: Person { id: UserId(1), name: "Olga".into() },
            reason: "the sale".into(),
            at: at(0),
            until: at(until),
            channel: ChannelId(9),
            ended: None,
        }
    }

    #[test]
    fn a_freeze_holds_where_it_is_until_it_ends_and_of_two_the_one_that_ends_last_is_named() {
        let freezes = [freeze("production", 100), freeze("demo", 200)];
        let (demo, production, staging) =
            (Environment::new("demo"), Environment::new("production"), Environment::new("staging"));
        assert_eq!(holding(&freezes, [&production], at(99)), Some(&freezes[0]));
        assert_eq!(holding(&freezes, [&production], at(100)), None);
        assert_eq!(holding(&freezes, [&production, &demo], at(50)), Some(&freezes[1]));
        assert_eq!(holding(&freezes, [&staging], at(50)), None);
        let ended = [Freeze { ended: Some(FreezeEnd::Over { at: at(10) }), ..freezes[0].clone() }];
        assert_eq!(holding(&ended, [&production], at(50)), None);
    }
}
