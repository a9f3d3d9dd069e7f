//! What can be done to a connector, and which steps it takes.

use serde::{Deserialize, Serialize};

use super::connector::{Connector, Environment};

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
    /// Restart Agents: stop, then start; several one after the other.
    Restart,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Stop, Self::Start, Self::Redeploy, Self::Restart];

    /// The word of the command: `stop`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Redeploy => "redeploy",
            Self::Restart => "restart",
        }
    }

    /// The word on a button: `Stop`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Stop => "Stop",
            Self::Start => "Start",
            Self::Redeploy => "Redeploy",
            Self::Restart => "Restart",
        }
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.word() == word)
    }

    /// Whether it can be asked for several connectors of a bot at once.
    pub fn takes_several(self) -> bool {
        match self {
            Self::Stop | Self::Start | Self::Restart => true,
            Self::Redeploy => false,
        }
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
/// up after a start; `then_start` whether one that is moved while it is down is to be started there.
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
    then_start: bool,
) -> Result<Vec<Action>, CannotDo> {
    match verb {
        Verb::Stop if connector.is_down() => Err(CannotDo::AlreadyStopped),
        Verb::Stop => Ok(vec![Action::Stop]),
        // What is stopped is started; that is no restart.
        Verb::Restart if connector.is_down() => Err(CannotDo::AlreadyStopped),
        Verb::Restart => Ok(vec![Action::Stop, Action::Start]),
        Verb::Start if connector.is_down() => Ok(vec![Action::Start]),
        Verb::Start if starting || connector.is_healthy() => Err(CannotDo::AlreadyRunning),
        Verb::Start => Ok(vec![Action::Stop, Action::Start]),
        Verb::Redeploy => {
            let to = to.filter(|to| **to != connector.environment).ok_or(CannotDo::SameEnvironment)?;
            let redeploy = Action::Redeploy { to: to.clone() };
            Ok(match connector.is_down() {
                true if then_start => vec![redeploy, Action::Start],
                true => vec![redeploy],
                false => vec![Action::Stop, redeploy, Action::Start],
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::connector::AgentStatus;
    use super::super::connector::tests::connector;
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
            steps(Verb::Redeploy, Some(&demo), &runs, false, false),
            Ok(vec![Action::Stop, redeploy.clone(), Action::Start])
        );
        assert_eq!(steps(Verb::Redeploy, Some(&demo), &stopped("billing-1"), false, false), Ok(vec![redeploy]));
        assert_eq!(
            steps(Verb::Redeploy, Some(&demo), &stopped("billing-1"), false, true),
            Ok(vec![Action::Redeploy { to: demo.clone() }, Action::Start]),
            "where that is asked for"
        );
        let same = Environment::new("Production");
        assert_eq!(steps(Verb::Redeploy, Some(&same), &runs, false, false), Err(CannotDo::SameEnvironment));
    }

    #[test]
    fn a_connector_that_hangs_is_started_by_a_stop_and_a_start_but_not_while_it_comes_up() {
        let hangs =
            Connector { agent: AgentStatus::NotConnected, ..connector("billing-1", "Billing Bot", "production") };
        assert_eq!(steps(Verb::Start, None, &hangs, false, false), Ok(vec![Action::Stop, Action::Start]));
        assert_eq!(steps(Verb::Start, None, &hangs, true, false), Err(CannotDo::AlreadyRunning));
        assert_eq!(steps(Verb::Start, None, &stopped("billing-1"), false, false), Ok(vec![Action::Start]));
    }
}
