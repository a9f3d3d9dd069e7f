//! What operators announced by doing it through us: which connectors that explains, and how far. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::action::Action;
use crate::domain::connector::{Connector, Environment};
use crate::domain::fleet::Fleet;
use crate::domain::ids::{BotId, ConnectorId};
use crate::domain::incident::OwnDoing;
use crate::domain::operation::{Ended, Operation, Outcome, Step, StepState};

/// How far the lifecycle service's clock may be from ours before an operation there counts as a later one.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The last operations through us on each connector, newest first.
#[derive(Debug, Default)]
pub(super) struct OwnDoings(BTreeMap<ConnectorId, Vec<Operation>>);

impl OwnDoings {
    /// The last operations as the store has them, in any order.
    pub(super) fn new(operations: Vec<Operation>) -> Self {
        let mut by_connector: BTreeMap<_, Vec<Operation>> = BTreeMap::new();
        for operation in operations {
            let of = by_connector.entry(operation.connector.clone()).or_default();
            of.push(operation);
        }
        for of in by_connector.values_mut() {
            of.sort_by_key(|operation| std::cmp::Reverse(operation.opened_at));
        }
        Self(by_connector)
    }

    /// What explains that this connector is not healthy.
    ///
    /// Explained is what is being done now, and a connector that is down because that is where its last operation through us
    /// left it. What runs and does not work is nobody's doing, and so is what somebody stopped later, elsewhere.
    pub(super) fn of(&self, connector: &Connector) -> Option<OwnDoing> {
        let operation = self.0.get(&connector.id)?.first()?;
        if !touches(operation, &connector.environment) {
            return None;
        }
        let under_way = operation.ended.is_none();
        let left_down = connector.is_down()
            && last_done(operation).is_some_and(|step| step.action.takes_away() && !is_later_than(connector, step));
        (under_way || left_down).then(|| doing(operation))
    }

    /// The operations that moved connectors of a bot away from this environment; they are elsewhere now.
    pub(super) fn moved_away<'a>(
        &'a self,
        bot: &'a BotId,
        environment: &'a Environment,
        fleet: &'a Fleet,
    ) -> impl Iterator<Item = (&'a Operation, OwnDoing)> {
        let is_elsewhere = |operation: &Operation| {
            let sighting = fleet.connector(&operation.connector);
            sighting.is_some_and(|s| s.connector.environment != *environment)
        };
        let moved_it = move |operation: &&Operation| {
            operation.bot.id == *bot
                && operation.environment == *environment
                && (operation.ended.is_none() || was_moved(operation))
                && is_elsewhere(operation)
        };
        self.last_here(environment).filter(moved_it).map(|operation| (operation, doing(operation)))
    }

    /// How many healthy connectors the last operation on this bot left here by its own account: what everybody was told.
    pub(super) fn announced(&self, bot: &BotId, environment: &Environment) -> Option<u32> {
        let last = self
            .last_here(environment)
            .filter(|operation| operation.bot.id == *bot)
            .max_by_key(|operation| operation.opened_at)?;
        if last.environment != *environment {
            // What moves in takes nothing from those that are here.
            return last.healthy_in_target;
        }
        let is_done = |ended: &Ended| ended.outcome == Outcome::Done;
        Some(if last.ended.as_ref().is_some_and(is_done) {
            last.healthy_after
        } else {
            // A start has given nothing before it is done.
            last.healthy_after.min(last.healthy_before)
        })
    }

    /// The last operation on each connector that touched this environment.
    fn last_here<'a>(&'a self, environment: &'a Environment) -> impl Iterator<Item = &'a Operation> {
        self.0.values().filter_map(move |of| of.iter().find(|operation| touches(operation, environment)))
    }
}

fn touches(operation: &Operation, environment: &Environment) -> bool {
    operation.environment == *environment || operation.to.as_ref() == Some(environment)
}

fn last_done(operation: &Operation) -> Option<&Step> {
    operation.steps.iter().rev().find(|step| step.state == StepState::Done)
}

fn was_moved(operation: &Operation) -> bool {
    operation.steps.iter().any(|step| matches!(step.action, Action::Redeploy { .. }) && step.state == StepState::Done)
}

/// Whether the service knows of a later operation than this step of ours.
fn is_later_than(connector: &Connector, step: &Step) -> bool {
    let last = connector.last_operation.as_ref().and_then(|last| last.at);
    let (Some(last), Some(ended)) = (last, step.ended_at) else {
        return false;
    };
    ended.saturating_add(CLOCK_SLACK).is_ok_and(|ended| last > ended)
}

fn doing(operation: &Operation) -> OwnDoing {
    OwnDoing {
        by: operation.requester.clone(),
        verb: operation.verb,
        operation: operation.id.clone(),
        under_way: operation.ended.is_none(),
        overran: false,
    }
}
