//! How an operation goes on between its steps: it waits and asks where one of several connectors does not come back, or where
//! the next step would cost more than was agreed to; and people may end it before all of it is done.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::leaving::LeftStopped;
use super::{Operation, Seen, Step, StepFailure, StepState};
use crate::domain::action::{Action, Verb};
use crate::domain::authority::Person;
use crate::domain::connector::{Connector, LastOperation};
use crate::domain::ids::{ConnectorId, Id};

/// How long an operation waits for somebody to say how it goes on.
pub const PATIENCE: Duration = Duration::from_secs(1_800);
/// How many changes from elsewhere an operation tells of.
const MOST_MEDDLING: usize = 3;

/// What is known of an operation beside its steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guidance {
    /// The least number of healthy connectors that was agreed to, where it was confirmed; `None` for an operation of a version
    /// that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest: Option<u32>,
    /// Why it waits for somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
    /// When somebody last said that it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<Timestamp>,
    /// Who ended it before all of it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halted_by: Option<Person>,
    /// Who left stopped what it had stopped when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_stopped: Option<LeftStopped>,
    /// What somebody else did to its connectors meanwhile, the first of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meddling: Vec<Meddling>,
}

impl Guidance {
    /// Whether there is nothing to keep.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// Why an operation waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: Obstacle,
}

/// What keeps an operation from going on by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "obstacle")]
pub enum Obstacle {
    /// The connector that was started does not come back.
    NotBack {
        /// What was said of its start.
        why: StepFailure,
    },
    /// The next stop would leave fewer healthy connectors than was agreed to.
    TooFew {
        /// How many it would leave.
        left: u32,
        /// How many were agreed to.
        agreed: u32,
    },
}

/// What somebody says to an operation that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Give the connector that does not come back as much time again.
    WaitOn,
    /// Leave that connector as it is, and go on with the next.
    Skip,
    /// Begin nothing more. What is stopped is still started.
    Halt,
}

impl Wish {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WaitOn, Self::Skip, Self::Halt];

    /// The word that a custom id carries, and the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::WaitOn => "wait",
            Self::Skip => "skip",
            Self::Halt => "halt",
        }
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wish| wish.word() == word)
    }
}

/// A wish, as the store keeps it until the operation takes it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its own name, so that the same is not taken in twice.
    pub id: Id,
    /// What is wished.
    pub wish: Wish,
    /// By whom.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// What somebody else did to a connector while an operation was at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meddling {
    /// When it was noticed.
    pub at: Timestamp,
    /// The connector's name.
    pub connector: String,
    /// How it was found.
    pub seen: Seen,
    /// The last operation on it, as the service knows it.
    pub last: Option<LastOperation>,
}

impl Operation {
    /// Whether connectors take their turn, each only when the one before is back.
    pub fn is_rolling(&self) -> bool {
        self.verb == Verb::Restart && self.targets.len() > 1
    }

    /// Whether somebody can still say that nothing more is to be begun: some step that takes away was not begun.
    pub fn can_be_halted(&self) -> bool {
        let is_left = |step: &Step| step.state == StepState::Waiting && step.action.takes_away();
        let began = self.steps.iter().any(|step| step.state != StepState::Waiting);
        !self.is_over() && self.guidance.halted_by.is_none() && began && self.steps.iter().any(is_left)
    }

    /// Takes in what somebody said. What does not fit any more changes nothing.
    pub fn hear(&mut self, told: &Told) {
        match (told.wish, self.guidance.paused.take()) {
            (Wish::WaitOn, Some(_)) => self.guidance.resumed_at = Some(told.at),
            (Wish::Skip, Some(Pause { why: Obstacle::NotBack { why }, .. })) => {
                self.guidance.resumed_at = Some(told.at);
                let current = self.steps.iter_mut().find(|step| !step.is_closed());
                if let Some(step) = current {
                    step.leave(Some(why), told.at);
                }
            }
            (Wish::Halt, paused) => self.halt(told, paused),
            (_, paused) => self.guidance.paused = paused,
        }
    }

    /// Leaves out whatever takes away and was not begun; what is stopped is still started.
    fn halt(&mut self, told: &Told, paused: Option<Pause>) {
        self.guidance.halted_by = Some(told.by.clone());
        if let Some(Pause { why: Obstacle::NotBack { why }, .. }) = paused
            && let Some(step) = self.steps.iter_mut().find(|step| !step.is_closed())
        {
            step.leave(Some(why), told.at);
        }
        for on in 0..self.targets.len() {
            let untouched = self.steps_on(on).all(|step| step.state == StepState::Waiting);
            let rest = self.steps.iter_mut().filter(|step| step.on == on && step.state == StepState::Waiting);
            for step in rest.filter(|step| untouched || step.action.takes_away()) {
                step.leave(None, told.at);
            }
        }
    }

    /// Waits and asks instead of failing, where a connector does not come back and others would be next. Whether it does.
    pub fn pause_at(&mut self, step: usize, why: &StepFailure, now: Timestamp) -> bool {
        let follows = self.steps.iter().skip(step + 1).any(|step| step.state == StepState::Waiting);
        let asked = self.guidance.paused.is_some();
        let rolling = self.is_rolling();
        let Some(current) = self.steps.get_mut(step) else { return false };
        if !rolling || !follows || asked || current.action != Action::Start {
            return false;
        }
        // It may come back yet: then it goes on by itself.
        current.state = StepState::Watching { operation: current.of_service.clone().unwrap_or_default() };
        self.guidance.paused = Some(Pause { since: now, why: Obstacle::NotBack { why: why.clone() } });
        true
    }

    /// Whether a step is to be weighed before it is sent: the first stop, since things may have moved between the reading at
    /// the click and the moment at which nobody else could act on the bot any more; and each further one that takes its turn.
    /// (Stops beside each other are weighed together, with the first of them.)
    pub fn is_to_be_weighed(&self, step: usize) -> bool {
        let stops = self.steps.get(step).is_some_and(|step| step.action == Action::Stop);
        self.verb.takes_away() && stops && (self.is_rolling() || self.is_first(step))
    }

    /// Whether nothing was begun before a step: there is none, or each would have cost too much.
    fn is_first(&self, step: usize) -> bool {
        let costs = |step: &Step| matches!(step.state, StepState::Failed { why: StepFailure::CostsMore { .. } });
        self.steps.iter().take(step).all(costs)
    }

    /// Judges whether a stop may be begun, by how the bot's connectors were read just now: it must not leave fewer healthy ones
    /// than was agreed to. If it would, the operation waits. Nobody counts on what is `doubted`: what an earlier call may take
    /// away yet.
    pub fn weigh(&mut self, step: usize, connectors: &[Connector], doubted: &[ConnectorId], now: Timestamp) -> Weighed {
        let (Some(agreed), Some(target)) = (self.guidance.lowest, self.target(step)) else { return Weighed::GoOn };
        let all_at_once = self.is_side_by_side();
        let goes =
            |c: &Connector| self.targets.iter().any(|one| one.connector == c.id && (all_at_once || one == target));
        let ours = |id: &String| self.steps.iter().any(|step| step.of_service.as_ref() == Some(id));
        let stays = |c: &Connector| c.under_way.as_ref().is_none_or(ours) && !doubted.contains(&c.id);
        let healthy = |c: &&Connector| c.environment == self.environment && c.is_healthy() && !goes(c) && stays(c);
        let left = u32::try_from(connectors.iter().filter(healthy).count()).unwrap_or(u32::MAX);
        let runs = connectors.iter().any(|c| goes(c) && c.is_healthy());
        // What is not healthy costs nothing.
        if left >= agreed || !runs {
            self.guidance.paused = None;
            return Weighed::GoOn;
        }
        if self.is_first(step) {
            return Weighed::Fails(StepFailure::CostsMore { left, agreed });
        }
        let why = Obstacle::TooFew { left, agreed };
        if self.guidance.paused.as_ref().is_some_and(|paused| paused.why == why) {
            return Weighed::WaitsStill;
        }
        let since = self.guidance.paused.as_ref().map_or(now, |paused| paused.since);
        self.guidance.paused = Some(Pause { since, why });
        Weighed::Waits
    }

    /// Takes in that the bot could not be read before a stop. If that stays so, the first was not sent because the service
    /// could not be reached; its time runs from when it was agreed to.
    pub fn could_not_weigh(&mut self, step: usize) {
        if let Some(first) = self.steps.first_mut().filter(|first| step == 0 && first.state == StepState::Waiting) {
            first.began_at = Some(self.opened_at);
            first.state = StepState::NotTaken;
        }
    }

    /// Whether nobody said for too long how it goes on.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        let since = self.guidance.paused.as_ref().map(|paused| paused.since);
        since.is_some_and(|since| now.duration_since(since).unsigned_abs() >= PATIENCE)
    }

    /// Whether what was read of a step's connector is what somebody else made of it since the step was begun.
    pub fn is_meddled_with(&self, step: usize, connector: &Connector) -> bool {
        let Some(Step { action, began_at: Some(began), .. }) = self.steps.get(step) else { return false };
        let last = connector.last_operation.as_ref();
        let later = last.is_some_and(|last| last.at.is_some_and(|at| at > *began));
        let elsewhere = connector.environment != self.environment && Some(&connector.environment) != self.to.as_ref();
        let undone = match action {
            Action::Stop => !connector.is_down() && last.is_some_and(|last| last.what.to_lowercase().contains("start")),
            Action::Start => connector.is_down(),
            Action::Redeploy { .. } => false,
        };
        elsewhere || (undone && later)
    }

    /// Keeps what somebody else did, once. Whether that is news.
    pub fn note_meddling(&mut self, step: usize, connector: &Connector, now: Timestamp) -> bool {
        let Some(name) = self.target(step).map(|target| target.name.clone()) else { return false };
        let (seen, last) = (Seen::from(connector), connector.last_operation.clone());
        let meddling = &mut self.guidance.meddling;
        let known = meddling.iter().any(|known| known.connector == name && known.last == last);
        let is_news = !known && meddling.len() < MOST_MEDDLING;
        if is_news {
            meddling.push(Meddling { at: now, connector: name, seen, last });
        }
        is_news
    }
}

/// What is to become of a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// It may be begun.
    GoOn,
    /// It waits from now on.
    Waits,
    /// It waits as it did.
    WaitsStill,
    /// It is the first, so nothing is begun at all: it is better asked for again.
    Fails(StepFailure),
}

impl Step {
    /// Whether nothing more is to be done about it.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, StepState::Done | StepState::Left { .. })
    }

    fn leave(&mut self, why: Option<StepFailure>, now: Timestamp) {
        self.state = StepState::Left { why };
        self.ended_at = Some(now);
    }
}
