//! What can be done to a connector, and what it would mean for its bot.

use serde::{Deserialize, Serialize};

use super::connector::{Condition, Connector, Environment};

/// What a person may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Stop Agent: conversations in progress are left as they are until it is started again.
    Stop,
    /// Start Agent: can take a few minutes.
    Start,
    /// Re-deploy Agent: move a stopped connector to another environment.
    Redeploy,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stop, Self::Start, Self::Redeploy];

    /// The word of the command: `stop`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Redeploy => "redeploy",
        }
    }

    /// The word on a button: `Stop`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Stop => "Stop",
            Self::Start => "Start",
            Self::Redeploy => "Redeploy",
        }
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.word() == word)
    }

    /// Whether it may leave less running than there was (a start only ever gives back).
    pub fn takes_away(self) -> bool {
        self != Self::Start
    }
}

/// One call to the lifecycle service that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// Stop Agent.
    Stop,
    /// Start Agent.
    Start,
    /// Re-deploy Agent.
    Redeploy {
        /// The environment to move to.
        to: Environment,
    },
}

impl Action {
    /// The verb that it belongs to.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Stop => Verb::Stop,
            Self::Start => Verb::Start,
            Self::Redeploy { .. } => Verb::Redeploy,
        }
    }

    /// Whether it takes something away (a start only ever gives back).
    pub fn takes_away(&self) -> bool {
        !matches!(self, Self::Start)
    }

    /// Whether `connector`, as just read, shows that this was reached.
    pub fn is_reached(&self, connector: &Connector) -> bool {
        match self {
            Self::Stop => connector.is_down(),
            Self::Start => connector.is_healthy(),
            Self::Redeploy { to } => connector.environment == *to,
        }
    }
}

/// Why a connector in this state cannot take this action; each has its sentence on screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum CannotDo {
    /// It is stopped already.
    AlreadyStopped,
    /// It runs already (or tries to).
    AlreadyRunning,
    /// It is in the target environment already.
    SameEnvironment,
}

/// What a redeploy, stop or start of this connector takes: the steps, in order. `starting` says whether it is on its way
/// up after a start.
///
/// A connector must be stopped to be redeployed, and is still stopped afterwards (LivePerson, "Bots Status"): one that
/// runs is stopped, moved and started again as one operation; one that is down is only moved. One that hangs (dropped, or
/// Online without a connection) is helped by a stop and a start (LivePerson, on a failed connection).
///
/// # Errors
/// Why there is nothing to do or nothing that the service would do.
pub fn steps(
    verb: Verb,
    to: Option<&Environment>,
    connector: &Connector,
    starting: bool,
) -> Result<Vec<Action>, CannotDo> {
    match verb {
        Verb::Stop if connector.is_down() => Err(CannotDo::AlreadyStopped),
        Verb::Stop => Ok(vec![Action::Stop]),
        Verb::Start if connector.is_down() => Ok(vec![Action::Start]),
        Verb::Start if starting || connector.is_healthy() => Err(CannotDo::AlreadyRunning),
        Verb::Start => Ok(vec![Action::Stop, Action::Start]),
        Verb::Redeploy => {
            let to = to.filter(|to| **to != connector.environment).ok_or(CannotDo::SameEnvironment)?;
            let redeploy = Action::Redeploy { to: to.clone() };
            Ok(if connector.is_down() { vec![redeploy] } else { vec![Action::Stop, redeploy, Action::Start] })
        }
    }
}

/// What a change means for the bot, counted from one reading of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Healthy connectors of the bot in the connector's environment now.
    pub healthy_now: u32,
    /// Healthy connectors there afterwards.
    pub healthy_after: u32,
    /// All connectors of the bot there now.
    pub total_now: u32,
    /// The least number of healthy connectors wanted there; 0 where nothing is asked.
    pub minimum: u32,
    /// Conversations that will wait until the connector is started again: `None` when the load is not known.
    pub left_waiting: Option<u32>,
    /// For a redeploy: healthy connectors of the bot in the target environment, now and after.
    pub target: Option<(u32, u32)>,
    /// What could not be read, so that a count may be too low.
    pub uncertain: bool,
}

impl Impact {
    /// Counts what `steps` do to `connector`, one of `peers` (all connectors of its bot, in every environment).
    pub fn count(steps: &[Action], connector: &Connector, peers: &[Connector], minimum: u32, uncertain: bool) -> Self {
        let here = |c: &&Connector| c.environment == connector.environment;
        let healthy_in =
            |environment: &Environment| count(peers.iter().filter(|c| c.environment == *environment && c.is_healthy()));
        let healthy_now = healthy_in(&connector.environment);
        let others = count(peers.iter().filter(here).filter(|c| c.is_healthy() && c.id != connector.id));
        let target_of = steps.iter().find_map(|step| match step {
            Action::Redeploy { to } => Some(to),
            Action::Stop | Action::Start => None,
        });
        let starts = steps.last() == Some(&Action::Start);
        let leaves = target_of.is_some() || !starts;
        let healthy_after = if leaves { others } else { others + 1 };
        let stops = steps.contains(&Action::Stop);
        Self {
            healthy_now,
            healthy_after,
            total_now: count(peers.iter().filter(here)),
            minimum,
            left_waiting: if stops { connector.conversations } else { Some(0) },
            target: target_of.map(|to| (healthy_in(to), healthy_in(to) + u32::from(starts))),
            uncertain,
        }
    }

    /// Whether this is worse than what was `stated` when the person was asked: it costs more healthy connectors, fewer
    /// are left while it costs any, or less can be seen.
    pub fn is_worse_than(&self, stated: &Self) -> bool {
        self.cost() > stated.cost()
            || (self.cost() > 0 && self.healthy_after < stated.healthy_after)
            || (self.uncertain && !stated.uncertain)
    }

    fn cost(&self) -> u32 {
        self.healthy_now.saturating_sub(self.healthy_after)
    }

    /// Whether the change takes the bot below its minimum, or further below it.
    pub fn crosses_minimum(&self) -> bool {
        self.healthy_after < self.minimum && self.healthy_after < self.healthy_now
    }

    /// Whether the change takes the bot offline in this environment.
    pub fn takes_offline(&self) -> bool {
        self.healthy_after == 0 && self.healthy_now > 0
    }
}

/// Whether a fresh reading still shows a connector in the condition in which a plan met it.
pub fn still_stands(then: Condition, now: Condition) -> bool {
    let running = |c: Condition| !matches!(c, Condition::Stopped | Condition::ReadyToStart);
    running(then) == running(now)
}

fn count<'a>(connectors: impl Iterator<Item = &'a Connector>) -> u32 {
    u32::try_from(connectors.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::connector::tests::connector;
    use super::super::connector::{AgentStatus, Link};
    use super::*;

    fn stopped(name: &str) -> Connector {
        Connector { agent: AgentStatus::Stopped, ..connector(name, "Billing Bot", "production") }
    }

    #[test]
    fn a_running_connector_is_redeployed_as_stop_redeploy_start_and_a_stopped_one_only_moved() {
        let demo = Environment::new("demo");
        let redeploy = Action::Redeploy { to: demo.clone() };
        let runs = connector("billing-1", "Billing Bot", "production");
        assert_eq!(
            steps(Verb::Redeploy, Some(&demo), &runs, false),
            Ok(vec![Action::Stop, redeploy.clone(), Action::Start])
        );
        assert_eq!(steps(Verb::Redeploy, Some(&demo), &stopped("billing-1"), false), Ok(vec![redeploy]));
        let same = Environment::new("Production");
        assert_eq!(steps(Verb::Redeploy, Some(&same), &runs, false), Err(CannotDo::SameEnvironment));
    }

    #[test]
    fn a_connector_that_hangs_is_started_by_a_stop_and_a_start_but_not_while_it_comes_up() {
        let hangs =
            Connector { agent: AgentStatus::NotConnected, ..connector("billing-1", "Billing Bot", "production") };
        assert_eq!(steps(Verb::Start, None, &hangs, false), Ok(vec![Action::Stop, Action::Start]));
        assert_eq!(steps(Verb::Start, None, &hangs, true), Err(CannotDo::AlreadyRunning));
        assert_eq!(steps(Verb::Start, None, &stopped("billing-1"), false), Ok(vec![Action::Start]));
    }

    #[test]
    fn a_stop_of_one_of_two_leaves_one_and_its_conversations_wait() {
        let one = connector("billing-1", "Billing Bot", "production");
        let two = connector("billing-2", "Billing Bot", "production");
        let other = connector("billing-3", "Billing Bot", "demo");
        let impact = Impact::count(&[Action::Stop], &one, &[one.clone(), two, other], 2, false);
        assert_eq!((impact.healthy_now, impact.healthy_after, impact.left_waiting), (2, 1, Some(12)));
        assert!(impact.crosses_minimum() && !impact.takes_offline());
    }

    #[test]
    fn stopping_what_is_not_healthy_crosses_nothing() {
        let broken =
            Connector { bot_server: Link::NotConnected, ..connector("billing-1", "Billing Bot", "production") };
        let two = connector("billing-2", "Billing Bot", "production");
        let impact = Impact::count(&[Action::Stop], &broken, &[broken.clone(), two], 2, false);
        assert_eq!((impact.healthy_now, impact.healthy_after), (1, 1));
        assert!(!impact.crosses_minimum());
    }

    #[test]
    fn a_redeploy_counts_both_environments() {
        let one = connector("billing-1", "Billing Bot", "production");
        let demo = connector("billing-9", "Billing Bot", "demo");
        let steps = steps(Verb::Redeploy, Some(&demo.environment), &one, false).unwrap();
        let impact = Impact::count(&steps, &one, &[one.clone(), demo], 2, false);
        assert_eq!((impact.healthy_now, impact.healthy_after, impact.target), (1, 0, Some((1, 2))));
        assert!(impact.takes_offline());
    }

    #[test]
    fn losing_a_peer_between_the_question_and_the_click_is_worse() {
        let one = connector("billing-1", "Billing Bot", "production");
        let two = connector("billing-2", "Billing Bot", "production");
        let stated = Impact::count(&[Action::Stop], &one, &[one.clone(), two], 2, false);
        let now = Impact::count(&[Action::Stop], &one, &[one.clone(), stopped("billing-2")], 2, false);
        assert!(now.is_worse_than(&stated));
        assert!(!stated.is_worse_than(&now));
    }
}
