//! What is asked of each bot and environment, and the picture of the fleet that is judged by it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::connector::Environment;
use super::fleet::{BotView, Fleet};
use super::ids::BotId;
use super::redundancy::{Level, judge};

/// How many healthy connectors are wanted, and how long a start may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The least number of healthy connectors where nothing else is said.
    pub minimum: u32,
    /// The environments in which it is asked for. Elsewhere nothing is asked.
    pub watched: Vec<Environment>,
    /// Environments that the settings name in any way: they are there, though nothing may be deployed to them yet.
    pub named: Vec<Environment>,
    /// Environments with a minimum of their own (which makes them watched).
    pub by_environment: BTreeMap<Environment, u32>,
    /// Bots with a minimum of their own in an environment.
    pub by_bot: BTreeMap<(Environment, BotId), u32>,
    /// How long a connector may take from its start until it is healthy.
    pub start_grace: Duration,
}

impl Policy {
    /// The least number of healthy connectors wanted of a bot; 0 where nothing is asked.
    pub fn minimum(&self, bot: &BotId, environment: &Environment) -> u32 {
        let of_bot = self.by_bot.get(&(environment.clone(), bot.clone()));
        let elsewhere = if self.watched.contains(environment) { self.minimum } else { 0 };
        *of_bot.or_else(|| self.by_environment.get(environment)).unwrap_or(&elsewhere)
    }
}

/// The fleet as the whole process sees it now: rebuilt by the first poll, and published by the monitor.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The fleet.
    pub fleet: Fleet,
    /// The highest count of healthy connectors ever seen of each bot in each environment (the store's copy outlives us).
    pub highest: BTreeMap<(BotId, Environment), u32>,
    /// Why the last poll failed, in the lifecycle client's sentence for people; `None` when it did not.
    pub trouble: Option<String>,
}

impl Picture {
    /// The highest count of healthy connectors ever seen of this bot here.
    pub fn highest(&self, view: &BotView) -> u32 {
        let seen = self.highest.get(&(view.bot.id.clone(), view.environment.clone()));
        seen.copied().unwrap_or(0).max(view.healthy())
    }

    /// The level of a bot.
    pub fn level(&self, view: &BotView, policy: &Policy, now: Timestamp) -> Level {
        let minimum = policy.minimum(&view.bot.id, &view.environment);
        judge(view, minimum, self.highest(view), policy.start_grace, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_outranks_its_environment_and_nothing_is_asked_elsewhere() {
        let (demo, production) = (Environment::new("demo"), Environment::new("production"));
        let (billing, faq) = (BotId::new("billing"), BotId::new("faq"));
        let policy = Policy {
            minimum: 2,
            watched: vec![production.clone()],
            named: Vec::new(),
            by_environment: BTreeMap::new(),
            by_bot: BTreeMap::from([((production.clone(), faq.clone()), 1)]),
            start_grace: Duration::ZERO,
        };
        assert_eq!(policy.minimum(&billing, &production), 2);
        assert_eq!(policy.minimum(&faq, &production), 1);
        assert_eq!(policy.minimum(&faq, &demo), 0);
        let stricter = Policy { by_environment: BTreeMap::from([(demo.clone(), 1)]), ..policy };
        assert_eq!(stricter.minimum(&faq, &demo), 1);
    }
}
