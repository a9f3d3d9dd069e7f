//! An operation: confirmed steps, carried out one after the other, each written down before it is tried.

pub mod doubt;
pub mod guiding;
pub mod leaving;
mod targets;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::guiding::Guidance;
pub use self::targets::{Seen, Target, Targets};
use super::action::{Action, Verb};
use super::authority::{At, Person};
use super::connector::{Bot, Connector, Environment, Revision};
use super::glass::Glass;
use super::ids::{ChannelId, ConnectorId, Id, RoleId};
use super::plan::Plan;
use super::progress::{Progress, Usual};
use super::request::Request;

/// How long a stop or a redeploy may take until its end is seen. (A start has the start grace.)
pub const STEP_DEADLINE: Duration = Duration::from_secs(120);
/// What may pass between the steps of an operation, all together.
const BETWEEN_STEPS: Duration = Duration::from_secs(60);

/// An operation, as the store keeps it and its public message shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id.
    pub id: Id,
    /// The request that was confirmed.
    pub request: Id,
    /// Who confirmed it.
    pub requester: Person,
    /// What was asked for.
    pub verb: Verb,
    /// Its connectors.
    #[serde(flatten)]
    pub targets: Targets,
    /// Their bot.
    pub bot: Bot,
    /// Where they were.
    pub environment: Environment,
    /// For a redeploy: where they go.
    pub to: Option<Environment>,
    /// Why, in the requester's words.
    pub reason: Option<String>,
    /// Where its message stands.
    pub channel: ChannelId,
    /// What is called, in order.
    pub steps: Vec<Step>,
    /// Healthy connectors of the bot when it was confirmed.
    pub healthy_before: u32,
    /// Healthy connectors that the person was told would be left there: what this operation announced.
    pub healthy_after: u32,
    /// For a redeploy: healthy connectors of the bot in the target environment when it was confirmed.
    pub healthy_in_target: Option<u32>,
    /// When it was confirmed.
    pub opened_at: Timestamp,
    /// The digest of the plan that was agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// By which of the requester's roles it was allowed; none of them: because they manage the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<Vec<RoleId>>,
    /// The second person who agreed to it, if one had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Person>,
    /// That its requester did not wait for the second person, if one had to agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Glass>,
    /// How it goes on between its steps.
    #[serde(default, skip_serializing_if = "Guidance::is_plain")]
    pub guidance: Guidance,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which of the operation's connectors it is about.
    #[serde(default)]
    pub on: usize,
    /// What is called.
    pub action: Action,
    /// The idempotency key under which it is called, by whoever calls it, however often.
    pub key: String,
    /// The revision that the connector must still have.
    pub revision: Option<Revision>,
    /// Where it stands.
    pub state: StepState,
    /// Whether a call of it may be on its way still: it was sent, and the service did not know of it when it was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// The service's id of what it did, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_service: Option<String>,
    /// For a start that was begun: how far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// When it was begun.
    pub began_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Written down, about to be sent: after a crash nobody knows whether it was, so the service is asked by key.
    Sending,
    /// Sent, and the answer was lost.
    Uncertain,
    /// Asked after, and the service does not know the key: nothing was carried out, so it may be sent again.
    NotTaken,
    /// Taken by the service as this operation of its own.
    Accepted {
        /// The service's operation id.
        operation: String,
    },
    /// The service says that it is done; not seen on the connector yet.
    Watching {
        /// The service's operation id.
        operation: String,
    },
    /// Seen on the connector.
    Done,
    /// Left as it is, because somebody said so.
    Left {
        /// Why it did not come to its end by itself; `None` if it was not begun.
        why: Option<StepFailure>,
    },
    /// It failed.
    Failed {
        /// Why.
        why: StepFailure,
    },
}

/// Why a step failed; each has its sentence on screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum StepFailure {
    /// The lifecycle service refused, or said that it failed, in these words.
    Refused {
        /// The sentence for people.
        said: String,
    },
    /// It could not be sent at all, for as long as the step may take.
    NotSent {
        /// The sentence for people.
        said: String,
    },
    /// The service said that it is done, and it was not seen in time.
    NotSeen,
    /// The answer was lost, and the service could not be asked in time.
    OutcomeUnknown,
    /// The person who confirmed has lost the role since (judged before each further stop or redeploy).
    RoleLost,
    /// It could not be told whether the person still has the role.
    RoleUnknown,
    /// The environment was frozen meanwhile (judged before each step that takes something away).
    Frozen,
    /// The process was stopped, or another step took so long, that this one was not begun in time.
    TooLate,
    /// As it was read just before the first of it was to be sent, it would have cost more than was agreed to.
    CostsMore {
        /// How many healthy connectors it would have left.
        left: u32,
        /// How many were agreed to.
        agreed: u32,
    },
}

impl StepFailure {
    /// It was not carried out, and no call of it will be.
    pub fn not_reached() -> Self {
        Self::NotSent { said: "The lifecycle service could not be reached.".into() }
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
}

/// The outcome of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step was seen to have reached its end.
    Done,
    /// A step failed; the operation stayed where it was.
    Failed,
    /// Nobody could say whether a step was carried out.
    Unknown,
    /// Somebody ended it before all of it was done; what was stopped was started again.
    Halted,
    /// It failed on its way, and somebody left stopped what it had stopped.
    LeftStopped,
}

/// What is to be done next for an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Write down that this step is being sent, then send it. (`judge_again`: fetch the requester's roles first.)
    Send {
        /// The step's place.
        step: usize,
        /// Whether the requester's authority is judged again before: each further stop or redeploy.
        judge_again: bool,
    },
    /// Look how these steps stand, all at once: there is one of each connector at most.
    Look(Vec<Look>),
    /// The step's time is up.
    GiveUp {
        /// The step's place.
        step: usize,
        /// What is to be said of it.
        why: StepFailure,
    },
    /// Nothing is left that could be done.
    End(Outcome),
}

/// How to see what became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Ask the service for what became of this step's key.
    AskAfter {
        /// The step's place.
        step: usize,
    },
    /// Ask the service how its operation goes.
    Follow {
        /// The step's place.
        step: usize,
        /// The service's operation id.
        operation: String,
    },
    /// Use the step's key up, so that no call of it that is still on its way is carried out any more.
    Withdraw {
        /// The step's place.
        step: usize,
    },
    /// Read the connector, and see whether the step's end shows.
    Watch {
        /// The step's place.
        step: usize,
    },
}

impl Look {
    /// The step's place.
    pub fn step(&self) -> usize {
        match self {
            Self::AskAfter { step } | Self::Follow { step, .. } | Self::Withdraw { step } | Self::Watch { step } => {
                *step
            }
        }
    }
}

impl Operation {
    /// The operation that a confirmed request becomes. `seen` are its connectors as they were read at the click, as far as
    /// they could be: each one's first step must meet it as it was then.
    pub fn new(request: &Request, plan: &Plan, seen: &[Connector], now: Timestamp) -> Self {
        let id = Id::random();
        let mut steps = Vec::new();
        for (on, planned) in plan.connectors.iter().enumerate() {
            let known = seen.iter().find(|connector| connector.id == planned.connector);
            for (place, action) in planned.steps.iter().enumerate() {
                let revision = known.filter(|_| place == 0).and_then(|connector| connector.revision.clone());
                steps.push(Step::new(on, action.clone(), format!("botswain-{id}-{}", steps.len()), revision));
            }
        }
        let target = |connector: &ConnectorId, name: &str| Target {
            connector: connector.clone(),
            name: name.to_owned(),
            before: seen.iter().find(|seen| seen.id == *connector).map(Seen::from),
            seen: None,
        };
        let (source, goal) = (plan.impacts.first(), plan.impacts.get(1));
        Self {
            steps,
            id,
            request: request.id.clone(),
            requester: request.requester.clone(),
            verb: request.verb,
            targets: plan.connectors.iter().map(|planned| target(&planned.connector, &planned.name)).collect(),
            bot: plan.bot.clone(),
            environment: plan.environment.clone(),
            to: plan.to.clone(),
            reason: request.reason.clone(),
            channel: request.channel,
            healthy_before: source.map_or(0, |source| source.healthy_now),
            healthy_after: source.map_or(0, |source| source.healthy_after),
            healthy_in_target: goal.map(|goal| goal.healthy_now),
            opened_at: now,
            plan: Some(plan.digest()),
            allowed_by: request.allowed_by.clone(),
            approved_by: request.approved_by.clone(),
            glass: request.glass.clone(),
            guidance: Guidance { lowest: source.map(|source| source.lowest), ..Guidance::default() },
            ended: None,
        }
    }

    /// The connector that a step is about.
    pub fn target(&self, step: usize) -> Option<&Target> {
        self.targets.get(self.steps.get(step)?.on)
    }

    /// Takes in how a step's connector was seen just now; whether that is news.
    pub fn saw(&mut self, step: usize, seen: Seen) -> bool {
        let on = self.steps.get(step).map(|step| step.on);
        let Some(target) = on.and_then(|on| self.targets.get_mut(on)) else { return false };
        let is_news = target.seen.as_ref() != Some(&seen);
        target.seen = Some(seen);
        is_news
    }

    /// The steps of one of its connectors, in order.
    pub fn steps_on(&self, on: usize) -> impl DoubleEndedIterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.on == on)
    }

    /// What is to be done next. `start_grace` is how long a start may take until the connector is seen healthy.
    pub fn next(&self, start_grace: Duration, now: Timestamp) -> Next {
        let mut looks = Vec::new();
        for (place, step) in self.open() {
            match self.next_of(place, step, start_grace, now) {
                Ok(look) => looks.push(look),
                Err(next) => return next,
            }
        }
        if looks.is_empty() { Next::End(self.outcome()) } else { Next::Look(looks) }
    }

    /// The steps that are to be done or looked at now: of each connector the first that is not over, and none behind one that
    /// failed. Where the connectors take turns, it is only one.
    pub fn open(&self) -> impl Iterator<Item = (usize, &Step)> {
        let first_of = |on: usize| {
            let mut steps = self.steps.iter().enumerate().filter(move |(_, step)| step.on == on);
            steps.find(|(_, step)| !step.is_closed())
        };
        let fails = |(_, step): &(usize, &Step)| matches!(step.state, StepState::Failed { .. });
        // In turn, the first that is not over is the one; if it failed, nothing more is done.
        let at_once = if self.is_side_by_side() { self.targets.len() } else { 1 };
        (0..self.targets.len()).filter_map(first_of).take(at_once).filter(move |found| !fails(found))
    }

    /// Whether its connectors need not wait for each other: a stop or a start of one takes nothing from another's.
    fn is_side_by_side(&self) -> bool {
        matches!(self.verb, Verb::Stop | Verb::Start)
    }

    fn next_of(&self, place: usize, step: &Step, start_grace: Duration, now: Timestamp) -> Result<Look, Next> {
        if self.is_stale(place, now) {
            // What was about to be sent waited for the requester's roles.
            let why = if step.began_at.is_some() { step.given_up() } else { StepFailure::TooLate };
            return Err(Next::GiveUp { step: place, why });
        }
        let left = self.time_left(step, start_grace, now);
        match &step.state {
            // A call that is late could be carried out after the operation ended, and after others counted on what it takes away.
            StepState::NotTaken if left.is_zero() && step.in_doubt => Ok(Look::Withdraw { step: place }),
            // Nothing was carried out, so there is nothing to look for. Whatever else is overdue is looked for once more.
            StepState::Waiting | StepState::NotTaken if left.is_zero() => {
                Err(Next::GiveUp { step: place, why: step.given_up() })
            }
            // Whoever asked for what a second person agreed to later was last judged when they asked.
            StepState::Waiting => {
                let later = place > 0 || self.approved_by.is_some();
                Err(Next::Send { step: place, judge_again: later && step.action.takes_away() })
            }
            StepState::NotTaken => Err(Next::Send { step: place, judge_again: step.action.takes_away() }),
            StepState::Sending | StepState::Uncertain => Ok(Look::AskAfter { step: place }),
            StepState::Accepted { operation } => Ok(Look::Follow { step: place, operation: operation.clone() }),
            StepState::Watching { .. } => Ok(Look::Watch { step: place }),
            StepState::Done | StepState::Left { .. } | StepState::Failed { .. } => Err(Next::End(self.outcome())),
        }
    }

    /// How it ended, once nothing is left to do: as badly as the worst of its steps.
    fn outcome(&self) -> Outcome {
        let failed = |step: &Step| match &step.state {
            StepState::Failed { why: StepFailure::OutcomeUnknown } => Some(Outcome::Unknown),
            StepState::Failed { .. } | StepState::Left { why: Some(_) } => Some(Outcome::Failed),
            _ => None,
        };
        let ends: Vec<_> = self.steps.iter().filter_map(failed).collect();
        let unknown = ends.iter().find(|end| **end == Outcome::Unknown);
        let otherwise = if self.guidance.halted_by.is_some() { Outcome::Halted } else { Outcome::Done };
        unknown.or(ends.first()).copied().unwrap_or(otherwise)
    }

    /// Whether a step that takes something away was left lying for so long that it would come as a surprise now. (A start
    /// that restores service is never too late.)
    fn is_stale(&self, place: usize, now: Timestamp) -> bool {
        let Some(step) = self.steps.get(place) else {
            return false;
        };
        // Side by side, a connector's first step waits for nobody but the ones that are sent just before it.
        let waits_for = |before: &&Step| !self.is_side_by_side() || before.on == step.on;
        let before = place.checked_sub(1).and_then(|before| self.steps.get(before)).filter(waits_for);
        let ready_at = before.map_or(Some(self.opened_at), |before| before.ended_at);
        let ready_at = ready_at.max(self.guidance.resumed_at);
        if self.guidance.paused.is_some() {
            return step.state == StepState::Waiting && self.is_forgotten(now);
        }
        step.state == StepState::Waiting
            && step.action.takes_away()
            && ready_at.is_some_and(|at| now.duration_since(at).unsigned_abs() >= STEP_DEADLINE)
    }

    /// The first step that is under way or failed; `None` when all are done.
    pub fn current(&self) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| !step.is_closed())
    }

    /// The steps that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&Step, &StepFailure)> {
        self.steps.iter().filter_map(|step| match &step.state {
            StepState::Failed { why } => Some((step, why)),
            _ => None,
        })
    }

    /// Takes in that time goes by. Whether its message has something new to show.
    pub fn advance(&mut self, now: Timestamp) -> bool {
        let mut shows = false;
        for step in &mut self.steps {
            // Each goes on, whatever the others have to show.
            let is_open = !matches!(step.state, StepState::Done | StepState::Failed { .. });
            shows |= is_open && step.advance(now);
        }
        shows
    }

    /// How long a step may still take, or the operation wait for somebody; nothing when its time is up.
    pub fn time_left(&self, step: &Step, start_grace: Duration, now: Timestamp) -> Duration {
        if let Some(paused) = &self.guidance.paused {
            return guiding::PATIENCE.saturating_sub(now.duration_since(paused.since).unsigned_abs());
        }
        let began = step.began_at.map(|began| self.guidance.resumed_at.map_or(began, |at| began.max(at)));
        let took = began.map(|began| now.duration_since(began).unsigned_abs());
        step.deadline(start_grace).saturating_sub(took.unwrap_or_default())
    }

    /// When it has taken longer than all of its steps may: by then it should have ended one way or the other.
    pub fn overruns_at(&self, start_grace: Duration) -> Timestamp {
        let steps: Duration = self.steps.iter().map(|step| step.deadline(start_grace)).sum();
        self.opened_at.checked_add(steps.saturating_add(BETWEEN_STEPS)).unwrap_or(Timestamp::MAX)
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Where it acts: a redeploy in its source and its target.
    pub fn places(&self) -> Vec<At<'_>> {
        std::iter::once(&self.environment).chain(&self.to).map(|place| At::bot(place, &self.bot.id)).collect()
    }

    /// What must not be touched by two operations at once: each connector, and, but for a start, the bot in each
    /// environment that is touched. Always in the same order, so that two that claim them at once do not wait for each other.
    pub fn scopes(&self) -> Vec<String> {
        scopes(self.verb, self.targets.iter().map(|target| &target.connector), &self.places())
    }
}

/// What must not be touched by two operations at once where this is done to these connectors in these places: see
/// [`Operation::scopes`].
pub fn scopes<'a>(verb: Verb, connectors: impl Iterator<Item = &'a ConnectorId>, places: &[At<'_>]) -> Vec<String> {
    let mut scopes: Vec<_> = connectors.map(|connector| format!("connector:{connector}")).collect();
    if verb != Verb::Start {
        let bots = places.iter().filter_map(|at| Some(format!("bot:{}:{}", at.environment, at.bot?)));
        scopes.extend(bots);
    }
    scopes.sort();
    scopes
}

impl Step {
    fn new(on: usize, action: Action, key: String, revision: Option<Revision>) -> Self {
        let state = StepState::Waiting;
        let (in_doubt, of_service, progress) = (false, None, None);
        Self { on, action, key, revision, state, in_doubt, of_service, progress, began_at: None, ended_at: None }
    }

    /// Takes a start as begun, which usually takes so long.
    pub fn begin_start(&mut self, usual: Option<Usual>) {
        self.progress.get_or_insert(Progress { usual, parts: 0 });
    }

    fn advance(&mut self, now: Timestamp) -> bool {
        let (Some(progress), Some(began)) = (self.progress, self.began_at) else { return false };
        let elapsed = now.duration_since(began).try_into().unwrap_or_default();
        let next = progress.after(elapsed);
        self.progress = Some(next);
        next != progress
    }

    /// Whether it was begun and has not ended.
    pub fn is_under_way(&self) -> bool {
        !self.is_closed() && !matches!(self.state, StepState::Waiting | StepState::Failed { .. })
    }

    /// How long this step may take.
    pub fn deadline(&self, start_grace: Duration) -> Duration {
        match self.action {
            Action::Start => start_grace,
            Action::Stop | Action::Redeploy { .. } => STEP_DEADLINE,
        }
    }

    /// What is to be said when its time is up.
    pub fn given_up(&self) -> StepFailure {
        match self.state {
            StepState::Watching { .. } => StepFailure::NotSeen,
            StepState::Waiting => StepFailure::RoleUnknown,
            StepState::NotTaken if !self.in_doubt => StepFailure::not_reached(),
            _ => StepFailure::OutcomeUnknown,
        }
    }
}
