//! Plans as the store has them: as they are written now, and as they were written while a plan had one connector.

use serde::Deserialize;

use super::{Impact, Plan, Planned};
use crate::domain::action::{Action, Verb};
use crate::domain::connector::{Bot, Condition, Environment};
use crate::domain::ids::ConnectorId;

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Stored {
    Now {
        verb: Verb,
        bot: Bot,
        environment: Environment,
        to: Option<Environment>,
        connectors: Vec<Planned>,
        impacts: Vec<Impact>,
    },
    OfOne {
        connector: ConnectorId,
        connector_name: String,
        bot: Bot,
        environment: Environment,
        to: Option<Environment>,
        steps: Vec<Action>,
        impact: ImpactOfOne,
        condition: Condition,
    },
}

#[derive(Deserialize)]
pub(super) struct ImpactOfOne {
    healthy_now: u32,
    healthy_after: u32,
    total_now: u32,
    minimum: u32,
    left_waiting: Option<u32>,
    target: Option<(u32, u32)>,
    uncertain: bool,
}

impl From<Stored> for Plan {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Now { verb, bot, environment, to, connectors, impacts } => {
                Self { verb, bot, environment, to, connectors, impacts }
            }
            Stored::OfOne { connector, connector_name, bot, environment, to, steps, impact, condition } => Self {
                verb: verb_of(&steps),
                bot,
                impacts: impact.in_each(&environment, to.as_ref()),
                environment,
                to,
                connectors: vec![Planned { connector, name: connector_name, condition, steps }],
            },
        }
    }
}

fn verb_of(steps: &[Action]) -> Verb {
    let moves = steps.iter().any(|step| matches!(step, Action::Redeploy { .. }));
    match steps {
        _ if moves => Verb::Redeploy,
        [Action::Stop] => Verb::Stop,
        _ => Verb::Start,
    }
}

impl ImpactOfOne {
    fn in_each(self, environment: &Environment, to: Option<&Environment>) -> Vec<Impact> {
        let source = Impact {
            environment: environment.clone(),
            healthy_now: self.healthy_now,
            lowest: self.healthy_after.min(self.healthy_now),
            healthy_after: self.healthy_after,
            total: self.total_now,
            minimum: self.minimum,
            left_waiting: self.left_waiting,
            conversations: None,
            load_limit: 0,
            uncertain: self.uncertain,
            in_doubt: Vec::new(),
        };
        let target = to.zip(self.target).map(|(to, (now, after))| Impact {
            environment: to.clone(),
            healthy_now: now,
            lowest: now.min(after),
            healthy_after: after,
            total: now,
            minimum: 0,
            left_waiting: Some(0),
            ..source.clone()
        });
        std::iter::once(source).chain(target).collect()
    }
}
