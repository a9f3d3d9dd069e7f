//! A plan: what a change would do, step by step, and what that would mean. Pure, made before anything is done.
//!
//! A prompt shows it, the store keeps it with its request, and what was agreed to is what is carried out: at the click the
//! same is planned from a fresh reading, and held against it ([`drift`]).

pub mod drift;
pub mod impact;
mod stored;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::drift::Drift;
pub use self::impact::Impact;
use super::action::{Action, CannotDo, Verb, steps};
use super::authority::At;
use super::connector::{Bot, Condition, Connector, Environment};
use super::ids::ConnectorId;
use super::policy::Policy;
use super::redundancy::is_starting;

/// What a prompt states, and what a confirming press agrees to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "stored::Stored")]
pub struct Plan {
    /// What is done.
    pub verb: Verb,
    /// The bot.
    pub bot: Bot,
    /// Where its connectors are.
    pub environment: Environment,
    /// For a redeploy: where they go.
    pub to: Option<Environment>,
    /// The connectors, in the order in which they take their turn. (Stops and starts need not wait for each other.)
    pub connectors: Vec<Planned>,
    /// What it means for the bot: in `environment`, then in `to`.
    pub impacts: Vec<Impact>,
}

/// What is done to one connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The connector.
    pub connector: ConnectorId,
    /// Its name.
    pub name: String,
    /// Its condition when this was planned.
    pub condition: Condition,
    /// What is called, in order.
    pub steps: Vec<Action>,
}

/// What is to be planned: connectors of one bot in one environment.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What is to be done.
    pub verb: Verb,
    /// The bot.
    pub bot: &'a Bot,
    /// Where its connectors are.
    pub environment: &'a Environment,
    /// For a redeploy: where they are to go.
    pub to: Option<&'a Environment>,
    /// The connectors.
    pub connectors: &'a [ConnectorId],
    /// For a redeploy: whether what is down is to be started where it goes.
    pub then_start: bool,
}

/// What is known of a bot.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// All its connectors, in every environment, as they were last read.
    pub connectors: &'a [Connector],
    /// Whether something was not read, so that counts may be too low.
    pub uncertain: bool,
    /// Connectors of which nobody knows what becomes of an earlier call of ours: see [`crate::domain::operation::doubt`].
    pub doubted: &'a [ConnectorId],
}

/// Why nothing can be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unplanned {
    /// A connector is not there (any more).
    Gone(ConnectorId),
    /// A connector's state does not allow it.
    CannotDo {
        /// Its name.
        connector: String,
        /// Its condition.
        condition: Condition,
        /// Why not.
        why: CannotDo,
    },
}

/// What must be agreed to besides the press of a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Nothing.
    Press,
    /// This is to be typed: the bot's name.
    Typed(String),
}

/// The longest name that a person is asked to type, in characters.
const TYPED: usize = 60;

impl Plan {
    /// Plans what is wanted.
    ///
    /// # Errors
    /// The first of the connectors that is not there, or with which that cannot be done.
    pub fn make(wanted: &Wanted<'_>, known: Known<'_>, policy: &Policy, now: Timestamp) -> Result<Self, Unplanned> {
        let to = wanted.to.filter(|_| wanted.verb == Verb::Redeploy);
        let grace = policy.terms(&wanted.bot.id, wanted.environment).start_grace;
        let plan_one = |id: &ConnectorId| {
            let is_it = |c: &&Connector| c.id == *id && c.environment == *wanted.environment;
            let connector = known.connectors.iter().find(is_it).ok_or_else(|| Unplanned::Gone(id.clone()))?;
            let (name, condition) = (connector.name.clone(), connector.condition());
            match steps(wanted.verb, to, connector, is_starting(connector, grace, now), wanted.then_start) {
                Ok(steps) => Ok(Planned { connector: id.clone(), name, condition, steps }),
                Err(why) => Err(Unplanned::CannotDo { connector: name, condition, why }),
            }
        };
        let connectors: Vec<_> = wanted.connectors.iter().map(plan_one).collect::<Result<_, _>>()?;
        let places = std::iter::once(wanted.environment).chain(to);
        let impact = |place| Impact::count(place, &connectors, known, policy.terms(&wanted.bot.id, place));
        Ok(Self {
            verb: wanted.verb,
            bot: wanted.bot.clone(),
            environment: wanted.environment.clone(),
            to: to.cloned(),
            impacts: places.map(impact).collect(),
            connectors,
        })
    }

    /// Plans the same again from what is known now.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub fn again(&self, known: Known<'_>, policy: &Policy, now: Timestamp) -> Result<Self, Unplanned> {
        let connectors: Vec<_> = self.connectors.iter().map(|planned| planned.connector.clone()).collect();
        let wanted = Wanted {
            verb: self.verb,
            bot: &self.bot,
            environment: &self.environment,
            to: self.to.as_ref(),
            connectors: &connectors,
            then_start: self.connectors.iter().all(|planned| planned.steps.last() == Some(&Action::Start)),
        };
        Self::make(&wanted, known, policy, now)
    }

    /// A name for exactly this plan, the same in every process: what was agreed to is pinned by it. (The first 128 bits of the
    /// SHA-256 of its JSON, whose fields have one order.)
    pub fn digest(&self) -> String {
        // Maps with text keys and whole numbers only: this cannot fail.
        let body = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(body).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where it acts: a redeploy in its source and its target.
    pub fn places(&self) -> Vec<At<'_>> {
        std::iter::once(&self.environment).chain(&self.to).map(|place| At::bot(place, &self.bot.id)).collect()
    }

    /// Its connectors' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.connectors.iter().map(|planned| planned.name.as_str())
    }

    /// What must be agreed to: who takes a bot below its minimum, or takes one offline of which a minimum is asked, types its
    /// name. So does, wherever it is, who restarts one so that it is offline for a while: a stop says what it does, and a restart
    /// is taken for something that keeps a bot up.
    pub fn consent(&self) -> Consent {
        let must_stay_up = |impact: &Impact| impact.minimum > 0 || self.verb == Verb::Restart;
        let weighs = |impact: &Impact| impact.crosses_minimum() || (must_stay_up(impact) && impact.takes_offline());
        if self.impacts.iter().any(weighs) { Consent::Typed(self.to_type()) } else { Consent::Press }
    }

    /// The bot's name as it can be typed; a short name of ours, where that cannot be.
    fn to_type(&self) -> String {
        let name = folded(&self.bot.name);
        let typable = !name.is_empty() && name.chars().count() <= TYPED && name.chars().all(|c| !c.is_control());
        if typable { name } else { self.bot.id.key().to_string() }
    }

    /// Whether a person typed what was to be typed; case and spaces aside.
    pub fn is_typed(&self, text: &str) -> bool {
        match self.consent() {
            Consent::Press => true,
            Consent::Typed(name) => folded(text).to_lowercase() == name.to_lowercase(),
        }
    }

    /// Whether any step takes something away from a bot that runs.
    pub fn stops(&self) -> bool {
        self.connectors.iter().any(|planned| planned.steps.contains(&Action::Stop))
    }
}

/// One space between words, and none around them.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
