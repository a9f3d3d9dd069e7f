//! What a plan means for its bot in one environment, counted from one reading of the fleet.

use serde::{Deserialize, Serialize};

use super::{Known, Planned};
use crate::domain::action::Action;
use crate::domain::connector::{Connector, Environment};
use crate::domain::ids::ConnectorId;
use crate::domain::policy::Terms;

/// What a change means for the bot in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Where.
    pub environment: Environment,
    /// Healthy connectors of the bot there now.
    pub healthy_now: u32,
    /// The least number of healthy ones while it is carried out, its end included.
    pub lowest: u32,
    /// Healthy ones afterwards.
    pub healthy_after: u32,
    /// All connectors of the bot there now.
    pub total: u32,
    /// The least number of healthy ones wanted there; 0 where nothing is asked.
    pub minimum: u32,
    /// Conversations in progress on what is stopped there, which wait until it is started again: `None` where a load is not
    /// known.
    pub left_waiting: Option<u32>,
    /// Conversations of the healthy ones there now: `None` where a load is not known.
    pub conversations: Option<u32>,
    /// The most conversations for each healthy connector there that need no advice.
    pub load_limit: u32,
    /// What could not be read, so that a count may be too low.
    pub uncertain: bool,
    /// Healthy ones that an earlier call may take away yet, by name. Where the change costs anything, they are not counted
    /// among those that remain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_doubt: Vec<String>,
}

impl Impact {
    /// Counts what `planned`, carried out in this order, does to a bot in `environment`.
    pub(super) fn count(environment: &Environment, planned: &[Planned], known: Known<'_>, terms: &Terms) -> Self {
        let here = |c: &&Connector| c.environment == *environment;
        let healthy: Vec<_> = known.connectors.iter().filter(here).filter(|c| c.is_healthy()).collect();
        let plans = |c: &Connector| planned.iter().find(|planned| planned.connector == c.id);
        let stopped = |c: &&Connector| plans(c).is_some_and(|planned| planned.steps.contains(&Action::Stop));
        let stopped = known.connectors.iter().filter(here).filter(stopped);
        let doubtful = |c: &&Connector| c.under_way.is_some() || known.doubted.contains(&c.id);
        let doubtful: Vec<_> = known.connectors.iter().filter(here).filter(doubtful).map(|c| &c.id).collect();
        let is_doubtful = |c: &&Connector| doubtful.contains(&&c.id);
        let (own, others): (Vec<&Connector>, Vec<_>) =
            healthy.iter().copied().filter(is_doubtful).partition(|c| plans(c).is_some());
        let (mut lowest, mut healthy_after) = course(environment, planned, &healthy, &[]);
        // One of its own may be down while it is the turn of another.
        let (doubted, _) = course(environment, planned, &healthy, &doubtful);
        let mut in_doubt = Vec::new();
        // What costs nothing is made no worse by what others may cost.
        let costs = lowest < whole(healthy.len()) || doubted < whole(healthy.len() - own.len() - others.len());
        if costs {
            in_doubt.extend(others.iter().map(|c| c.name.clone()));
            let sure = lowest.saturating_sub(whole(others.len()));
            in_doubt.extend(own.iter().filter(|_| doubted < sure).map(|c| c.name.clone()));
            (lowest, healthy_after) = (doubted, healthy_after.saturating_sub(whole(others.len())));
        }
        Self {
            environment: environment.clone(),
            healthy_now: whole(healthy.len()),
            lowest,
            healthy_after,
            total: whole(known.connectors.iter().filter(here).count()),
            minimum: terms.minimum,
            left_waiting: sum(stopped),
            conversations: sum(healthy.iter().copied()),
            load_limit: terms.load,
            uncertain: known.uncertain,
            in_doubt,
        }
    }

    /// How many healthy connectors it costs, for a while or for longer.
    pub fn cost(&self) -> u32 {
        self.healthy_now.saturating_sub(self.lowest)
    }

    /// Whether it takes the bot from its minimum, or more, to less.
    pub fn crosses_minimum(&self) -> bool {
        self.healthy_now >= self.minimum && self.lowest < self.minimum
    }

    /// Whether the bot is below its minimum at some time, and has fewer then than now.
    pub fn goes_below(&self) -> bool {
        self.lowest < self.minimum && self.cost() > 0
    }

    /// Whether it takes the bot offline here, for a while or for longer.
    pub fn takes_offline(&self) -> bool {
        self.lowest == 0 && self.healthy_now > 0
    }

    /// How many conversations each of `healthy` connectors would have of those that there are now, if they were shared out.
    pub fn load_of_each(&self, healthy: u32) -> Option<u32> {
        self.conversations.filter(|_| healthy > 0).map(|all| all.div_ceil(healthy))
    }

    /// The load of each that remains, where that is more than is advised and more than now.
    pub fn overload(&self) -> Option<u32> {
        let then = self.load_of_each(self.lowest)?;
        (self.cost() > 0 && self.load_limit > 0 && then > self.load_limit).then_some(then)
    }
}

/// The lowest count of healthy connectors on the way, and the last; what is `doubtful` is not counted.
fn course(
    environment: &Environment,
    planned: &[Planned],
    healthy: &[&Connector],
    doubtful: &[&ConnectorId],
) -> (u32, u32) {
    let counts = |id: &&ConnectorId| !doubtful.contains(id);
    let mut up: Vec<&ConnectorId> = healthy.iter().map(|c| &c.id).filter(counts).collect();
    let mut lowest = up.len();
    for Planned { connector, steps, .. } in planned {
        let mut is_here = !steps.iter().any(|step| matches!(step, Action::Redeploy { to } if to == environment));
        for step in steps {
            match step {
                Action::Stop => up.retain(|id| *id != connector),
                Action::Redeploy { to } => is_here = to == environment,
                Action::Start if is_here && counts(&connector) && !up.contains(&connector) => up.push(connector),
                Action::Start => {}
            }
            lowest = lowest.min(up.len());
        }
    }
    (whole(lowest), whole(up.len()))
}

fn sum<'a>(connectors: impl Iterator<Item = &'a Connector>) -> Option<u32> {
    connectors.map(|c| c.conversations).try_fold(0_u32, |sum, load| Some(sum.saturating_add(load?)))
}

fn whole(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
