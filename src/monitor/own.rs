//! What operators announced by doing it through us: which connectors that explains, and how far. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::action::Action;
use crate::domain::connector::{Connector, Environment};
use crate::domain::fleet::Fleet;
use crate::domain::ids::{BotId, ConnectorId};
use crate::domain::incident::OwnDoing;
use crate::domain::operation::{Ended, Operation, Outcome, Step, StepState, Target};
use crate::domain::policy::Policy;

/// How far the lifecycle service's clock may be from ours before an operation there counts as a later one.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The last operations through us on each connector, newest first.
#[derive(Debug, Default)]
pub(super) struct OwnDoings {
    by_connector: BTreeMap<ConnectorId, Vec<Known>>,
    by_bot: BTreeMap<BotId, BTreeSet<ConnectorId>>,
    next_overrun: Option<Timestamp>,
}

#[derive(Debug)]
struct Known {
    operation: Arc<Operation>,
    /// Which of its connectors it is here.
    on: usize,
    overran: bool,
}

impl OwnDoings {
    /// The last operations as the store has them, in any order.
    pub(super) fn new(operations: Vec<Operation>, policy: &Policy, now: Timestamp) -> Self {
        let mut own = Self::default();
        for operation in operations {
            let place = operation.to.as_ref().unwrap_or(&operation.environment);
            let ends = operation.overruns_at(policy.terms(&operation.bot.id, place).start_grace);
            let overran = !operation.is_over() && ends <= now;
            if !operation.is_over() && !overran {
                own.next_overrun = Some(own.next_overrun.map_or(ends, |next| next.min(ends)));
            }
            let operation = Arc::new(operation);
            for (on, Target { connector, .. }) in operation.targets.iter().enumerate() {
                own.by_bot.entry(operation.bot.id.clone()).or_default().insert(connector.clone());
                let known = Known { operation: Arc::clone(&operation), on, overran };
                own.by_connector.entry(connector.clone()).or_default().push(known);
            }
        }
        for of in own.by_connector.values_mut() {
            of.sort_by_key(|known| std::cmp::Reverse(known.operation.opened_at));
        }
        own
    }

    /// When the next one of those that are under way takes longer than it may.
    pub(super) fn next_overrun(&self) -> Option<Timestamp> {
        self.next_overrun
    }

    /// What brought this connector up since then, if that was done through us.
    pub(super) fn brought_up(&self, connector: &ConnectorId, since: Timestamp) -> Option<OwnDoing> {
        let known = self.by_connector.get(connector)?.first()?;
        let starts = |step: &&Step| matches!(step.action, Action::Start);
        let start = known.steps().find(starts)?;
        let brought = match &known.operation.ended {
            Some(ended) => ended.outcome == Outcome::Done && ended.at >= since,
            // A poll may see it up before the runner does.
            None => !matches!(start.state, StepState::Waiting | StepState::NotTaken),
        };
        brought.then(|| OwnDoing { under_way: false, ..doing(known) })
    }

    /// What explains that this connector is not healthy.
    ///
    /// Explained is what is being done now, and a connector that is down because that is where its last operation through us
    /// left it. What runs and does not work is nobody's doing, and so is what somebody stopped later, elsewhere.
    pub(super) fn of(&self, connector: &Connector) -> Option<OwnDoing> {
        let known = self.by_connector.get(&connector.id)?.first()?;
        let operation = &known.operation;
        if !touches(operation, &connector.environment) {
            return None;
        }
        let under_way = operation.ended.is_none() && known.is_at_it();
        let left_down = connector.is_down()
            && known.last_done().is_some_and(|step| step.action.takes_away() && !is_later_than(connector, step));
        (under_way || left_down).then(|| doing(known))
    }

    /// The connectors of a bot that operations moved away from this environment; they are elsewhere now.
    pub(super) fn moved_away<'a>(
        &'a self,
        bot: &'a BotId,
        environment: &'a Environment,
        fleet: &'a Fleet,
    ) -> impl Iterator<Item = (&'a Target, OwnDoing)> {
        let is_elsewhere = |known: &Known| {
            let sighting = known.target().and_then(|target| fleet.connector(&target.connector));
            sighting.is_some_and(|s| s.connector.environment != *environment)
        };
        let moved_it = move |known: &&Known| {
            let operation = &known.operation;
            operation.bot.id == *bot
                && operation.environment == *environment
                && (operation.ended.is_none() || known.was_moved())
                && is_elsewhere(known)
        };
        self.last_here(bot, environment).filter(moved_it).filter_map(|known| Some((known.target()?, doing(known))))
    }

    /// How many healthy connectors the last operation on this bot left here by its own account: what everybody was told.
    pub(super) fn announced(&self, bot: &BotId, environment: &Environment) -> Option<u32> {
        let last = self
            .last_here(bot, environment)
            .map(|known| &known.operation)
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
            // A start has given nothing before it is done, and what is restarted is missing for a while.
            last.guidance.lowest.unwrap_or(u32::MAX).min(last.healthy_after).min(last.healthy_before)
        })
    }

    /// The last operation on each connector of a bot that touched this environment.
    fn last_here<'a>(&'a self, bot: &BotId, environment: &'a Environment) -> impl Iterator<Item = &'a Known> {
        let connectors = self.by_bot.get(bot).into_iter().flatten();
        let of = connectors.filter_map(|connector| self.by_connector.get(connector));
        of.filter_map(move |of| of.iter().find(|known| touches(&known.operation, environment)))
    }
}

fn touches(operation: &Operation, environment: &Environment) -> bool {
    operation.environment == *environment || operation.to.as_ref() == Some(environment)
}

impl Known {
    /// Whether the operation is at this connector now. (Of several that take their turn, one that drops before or after its
    /// own dropped by itself.)
    fn is_at_it(&self) -> bool {
        let begun = self.steps().any(|step| step.state != StepState::Waiting);
        !self.operation.is_rolling() || (begun && self.steps().any(|step| !step.is_closed()))
    }

    fn target(&self) -> Option<&Target> {
        self.operation.targets.get(self.on)
    }

    /// What is or was done to this connector.
    fn steps(&self) -> impl DoubleEndedIterator<Item = &Step> {
        self.operation.steps_on(self.on)
    }

    fn last_done(&self) -> Option<&Step> {
        self.steps().rev().find(|step| step.state == StepState::Done)
    }

    fn was_moved(&self) -> bool {
        self.steps().any(|step| matches!(step.action, Action::Redeploy { .. }) && step.state == StepState::Done)
    }
}

/// Whether the service knows of a later operation than this step of ours.
fn is_later_than(connector: &Connector, step: &Step) -> bool {
    let last = connector.last_operation.as_ref().and_then(|last| last.at);
    let (Some(last), Some(ended)) = (last, step.ended_at) else {
        return false;
    };
    ended.saturating_add(CLOCK_SLACK).is_ok_and(|ended| last > ended)
}

fn doing(Known { operation, overran, .. }: &Known) -> OwnDoing {
    OwnDoing {
        by: operation.requester.clone(),
        verb: operation.verb,
        operation: operation.id.clone(),
        under_way: operation.ended.is_none(),
        overran: *overran,
        glass: operation.glass.as_ref().map(|glass| glass.why.clone()),
    }
}
