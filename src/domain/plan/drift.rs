//! What became worse between a plan that a person was shown and the same planned again at the click.

use serde::{Deserialize, Serialize};

use super::{Impact, Plan, Unplanned};
use crate::domain::action::Verb;
use crate::domain::connector::Condition;

/// How much more may be left waiting than was said: conversations come and go all the time.
const WAITING_MORE: u32 = 10;

/// One thing that is not as the person was told. Each has its sentence on screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "drift")]
pub enum Drift {
    /// A connector is not there any more.
    Gone {
        /// Its name.
        connector: String,
    },
    /// A connector's state is another, so that the steps would not do what they were to do.
    Changed {
        /// Its name.
        connector: String,
        /// Its condition now.
        now: Condition,
    },
    /// It would cost more.
    Worse {
        /// What was stated.
        stated: Impact,
        /// What it would be now.
        now: Impact,
    },
}

impl Plan {
    /// What is worse in `fresh`, the same planned again, than in this, which a person was shown.
    ///
    /// A start is never worse: it only ever gives back.
    pub fn drift(&self, fresh: &Result<Self, Unplanned>) -> Vec<Drift> {
        let fresh = match fresh {
            Ok(fresh) => fresh,
            Err(Unplanned::Gone(id)) => {
                let known = self.connectors.iter().find(|planned| planned.connector == *id);
                let connector = known.map_or_else(|| id.to_string(), |planned| planned.name.clone());
                return vec![Drift::Gone { connector }];
            }
            Err(Unplanned::CannotDo { connector, condition, .. }) => {
                return vec![Drift::Changed { connector: connector.clone(), now: *condition }];
            }
        };
        let pairs = self.connectors.iter().zip(&fresh.connectors);
        let moved = pairs.filter(|(then, now)| then.steps != now.steps || runs(then.condition) != runs(now.condition));
        let changed = moved.map(|(_, now)| Drift::Changed { connector: now.name.clone(), now: now.condition });
        let pairs = self.impacts.iter().zip(&fresh.impacts).filter(|_| self.verb != Verb::Start);
        let worse = pairs.filter(|(stated, now)| now.is_worse_than(stated));
        let worse = worse.map(|(stated, now)| Drift::Worse { stated: stated.clone(), now: now.clone() });
        changed.chain(worse).collect()
    }
}

impl Impact {
    /// Whether this is worse than what was `stated` when the person was asked: it costs more healthy connectors, fewer are
    /// left while it costs any, a minimum is missed that was kept, many more conversations wait, or less can be seen.
    pub fn is_worse_than(&self, stated: &Self) -> bool {
        let fewer = self.lowest < stated.lowest || self.healthy_after < stated.healthy_after;
        let more_wait = self
            .left_waiting
            .zip(stated.left_waiting)
            .is_some_and(|(now, stated)| now > stated.saturating_add(WAITING_MORE.max(stated / 4)));
        self.cost() > stated.cost()
            || (self.cost() > 0 && fewer)
            || (self.goes_below() && !stated.goes_below())
            || more_wait
            || (self.uncertain && !stated.uncertain)
    }
}

fn runs(condition: Condition) -> bool {
    !matches!(condition, Condition::Stopped | Condition::ReadyToStart)
}
