//! The runner: carries confirmed operations through their steps, one persisted transition at a time.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Operations, Rules, Wake, record};
use crate::discord_api::{ApiError, DiscordApi};
use crate::domain::action::Action;
use crate::domain::audit::Entry;
use crate::domain::authority::Right;
use crate::domain::connector::Connector;
use crate::domain::freeze::holding;
use crate::domain::ids::GuildId;
use crate::domain::notice::Slot;
use crate::domain::operation::guiding::Weighed;
use crate::domain::operation::{Ended, Look, Next, Operation, Outcome, Seen, Step, StepFailure, StepState, Target};
use crate::lifecycle::contract::ProblemKind;
use crate::lifecycle::{Carried, Change, LifecycleClient, LifecycleError, OperationState, ServiceOperation, Word};
use crate::store::operations::{Lease, Leased, Saved, Then};
use crate::store::{Store, StoreError};

/// How long a lease lasts: longer than the longest call to the lifecycle service.
const LEASE: Duration = Duration::from_secs(60);
/// How often an operation of the service, or a connector, is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether what an operation waits for has come about by itself.
const LOOK_WHILE_PAUSED: Duration = Duration::from_secs(5);
/// How long to wait after a call that failed.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How long the loop sleeps when nothing is due and nobody wakes it.
const IDLE: Duration = Duration::from_secs(5);
/// How many operations are carried on at once, so that one slow call holds up no other.
const WORKERS: usize = 4;

/// What one step of the runner came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// One operation was carried on; there may be more to do.
    Worked,
    /// Nothing is due.
    Idle,
}

/// The runner. Cheap to clone: clones share the work by leases.
#[derive(Clone, Debug)]
pub struct Runner {
    pub(super) store: Store,
    pub(super) lifecycle: LifecycleClient,
    discord: DiscordApi,
    guild: GuildId,
    rules: Arc<Rules>,
    wake: Wake,
}

/// What is to be saved after a transition.
enum Move {
    /// The operation changed, and goes on at once.
    On,
    /// The operation changed, and is looked at again later.
    Later(Duration),
    /// Nothing changed; look again later.
    Same(Duration),
}

impl Runner {
    /// A runner for what `operations` begin.
    pub fn new(operations: &Operations, discord: DiscordApi, guild: GuildId) -> Self {
        Self {
            store: operations.store.clone(),
            lifecycle: operations.lifecycle.clone(),
            discord,
            guild,
            rules: Arc::clone(&operations.rules),
            wake: operations.wake.clone(),
        }
    }

    /// Runs until `shutdown`; a transition that was begun is finished.
    pub async fn run(self, shutdown: CancellationToken) {
        let workers = (0..WORKERS).map(|_| self.clone().work(shutdown.clone()));
        tokio::join!(futures_util::future::join_all(workers), self.clone().settle_until(shutdown.clone()));
    }

    async fn work(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let pause = match self.step(Timestamp::now()).await {
                Ok(Stepped::Worked) => continue,
                Ok(Stepped::Idle) => self.until_due().await,
                Err(error) => {
                    tracing::error!(%error, "an operation could not be carried on");
                    TRY_AGAIN_AFTER
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.wake.runner.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn until_due(&self) -> Duration {
        match self.store.next_operation_due().await {
            Ok(Some(due)) => due.duration_since(Timestamp::now()).try_into().unwrap_or(Duration::ZERO).min(IDLE),
            Ok(None) => IDLE,
            Err(error) => {
                tracing::error!(%error, "the store cannot say when an operation is due");
                IDLE
            }
        }
    }

    /// Carries one due operation on by one transition.
    ///
    /// # Errors
    /// If the store cannot be read or written; the operation is then where it was.
    pub async fn step(&self, now: Timestamp) -> Result<Stepped, StoreError> {
        let Some(Leased { mut operation, lease }) = self.store.lease_operation(LEASE, now).await? else {
            return Ok(Stepped::Idle);
        };
        if let Some(told) = lease.told() {
            operation.hear(told);
            tracing::info!(operation = %operation.id, by = %told.by.id, wish = told.wish.word(), "somebody said how it goes on");
        }
        // A redeploy ends with its start where it moved to.
        let place = operation.to.as_ref().unwrap_or(&operation.environment);
        let grace = self.rules.policy.terms(&operation.bot.id, place).start_grace;
        let next = operation.next(grace, now);
        tracing::debug!(operation = %operation.id, ?next, "carrying on");
        let went = match next {
            Next::End(outcome) => return self.end(operation, &lease, outcome, now).await,
            Next::Send { step, judge_again } => {
                match self.send(&mut operation, &lease, step, judge_again, now).await? {
                    Some(went) => in_its_time(&mut operation, step, went, grace, now),
                    None => return Ok(Stepped::Worked),
                }
            }
            Next::Look(looks) => self.look(&mut operation, looks, grace, now).await,
            Next::GiveUp { step, why } => fail(&mut operation, step, why, now),
        };
        let shows = operation.advance(now) || lease.told().is_some();
        let went = match (went, shows) {
            (Move::Same(due), true) => Move::Later(due),
            (went, _) => went,
        };
        match went {
            Move::Same(due) => self.store.postpone_operation(&operation.id, &lease, due, now).await?,
            Move::On => self.save(&operation, &lease, Then::Release { due: Duration::ZERO }, now).await?,
            Move::Later(due) => self.save(&operation, &lease, Then::Release { due }, now).await?,
        }
        Ok(Stepped::Worked)
    }

    async fn save(
        &self,
        operation: &Operation,
        lease: &Lease,
        then: Then<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.store.save_operation(operation, lease, then, now).await? == Saved::LeaseLost {
            tracing::warn!(operation = %operation.id, "somebody else carries this operation on");
        }
        self.wake.delivery.notify_one();
        Ok(())
    }

    async fn end(
        &self,
        mut operation: Operation,
        lease: &Lease,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Stepped, StoreError> {
        operation.ended = Some(Ended { at: now, outcome });
        let stands = self.store.place_of(&Slot::Operation(operation.id.clone())).await?;
        let entry =
            Entry { message: stands.map(|(_, message)| message), ..record::of_operation(&operation, outcome, now) };
        self.save(&operation, lease, Then::End { entry: &entry }, now).await?;
        for target in operation.targets.iter() {
            self.wake.monitor.named(target.connector.clone(), Word::Changed);
        }
        tracing::info!(operation = %operation.id, request = %operation.request, ?outcome, why = %entry.why, "operation ended");
        Ok(Stepped::Worked)
    }

    /// Writes down that the step is being sent, then sends it. `None` when the lease was lost meanwhile.
    async fn send(
        &self,
        operation: &mut Operation,
        lease: &Lease,
        step: usize,
        judge_again: bool,
        now: Timestamp,
    ) -> Result<Option<Move>, StoreError> {
        // First what may have to wait for long, so that the roles are those of the moment at which it is sent.
        if operation.is_to_be_weighed(step)
            && let Err(stay) = self.weigh(operation, step, now).await
        {
            return Ok(Some(stay));
        }
        if self.is_frozen(operation, step, now).await? {
            return Ok(Some(self.hold_back(operation, step, StepFailure::Frozen, now).await));
        }
        if judge_again && let Err(stay) = self.judge_again(operation, step, now).await {
            return Ok(Some(stay));
        }
        let place = operation.to.as_ref().unwrap_or(&operation.environment);
        let Some(current) = operation.steps.get_mut(step) else {
            return Ok(Some(Move::On));
        };
        if current.action == Action::Start {
            current.begin_start(self.store.usual_start(&operation.bot.id, place).await?);
        }
        current.began_at = current.began_at.or(Some(now));
        current.state = StepState::Sending;
        if self.store.save_operation(operation, lease, Then::Hold, now).await? == Saved::LeaseLost {
            return Ok(None);
        }
        self.wake.delivery.notify_one();
        let answer = self.begin(operation, step).await;
        Ok(Some(match answer {
            Ok(of_service) => {
                take_answer(operation, step, of_service, now);
                Move::On
            }
            Err(error) => {
                tracing::warn!(operation = %operation.id, step, %error, carried = ?error.carried(), "a step met an error");
                match (error.carried(), error.is_final()) {
                    (Carried::Maybe, _) => set(operation, step, StepState::Uncertain),
                    (Carried::No, true) => {
                        let in_doubt = operation.steps.get(step).is_some_and(|step| step.in_doubt);
                        doubt(operation, step, in_doubt && !error.was_judged());
                        if error.problem().is_some_and(tells_of_meddling) {
                            self.look_what_happened(operation, step, now).await;
                        }
                        return Ok(Some(fail(operation, step, StepFailure::Refused { said: error.person() }, now)));
                    }
                    (Carried::No, false) => set(operation, step, StepState::NotTaken),
                }
                Move::Later(error.retry_after().unwrap_or(TRY_AGAIN_AFTER))
            }
        }))
    }

    async fn begin(&self, operation: &Operation, step: usize) -> Result<ServiceOperation, LifecycleError> {
        let by = requested_by(operation);
        let change =
            change(operation, step, &by).ok_or_else(|| LifecycleError::malformed("a step that is not there"))?;
        self.lifecycle.begin(&change).await
    }

    /// Whether a step that takes something away is kept from being sent by a freeze. What an operation gives back is never kept.
    async fn is_frozen(&self, operation: &Operation, step: usize, now: Timestamp) -> Result<bool, StoreError> {
        let takes_away =
            operation.verb.takes_away() && operation.steps.get(step).is_some_and(|s| s.action.takes_away());
        if !takes_away {
            return Ok(false);
        }
        let environments = operation.places().into_iter().map(|at| at.environment);
        Ok(holding(&self.store.freezes().await?, environments, now).is_some())
    }

    /// Judges the requester's authority again, from roles fetched now. `Err` is what becomes of the step if not.
    async fn judge_again(&self, operation: &mut Operation, step: usize, now: Timestamp) -> Result<(), Move> {
        let member = match self.discord.member(self.guild, operation.requester.id).await {
            Ok(Some(member)) => member,
            Ok(None) => return Err(self.hold_back(operation, step, StepFailure::RoleLost, now).await),
            Err(error) => {
                tracing::warn!(operation = %operation.id, %error, "the requester's roles could not be fetched");
                if let Some(current) = operation.steps.get_mut(step) {
                    current.began_at = current.began_at.or(Some(now));
                }
                let wait = match error {
                    ApiError::RateLimited { retry_after, .. } => retry_after,
                    _ => TRY_AGAIN_AFTER,
                };
                return Err(Move::Later(wait));
            }
        };
        let mut rights = vec![Right::Change(operation.verb)];
        rights.extend(operation.glass.as_ref().map(|_| Right::BreakGlass));
        let judge = |right| self.rules.authority.judge(&member, right, operation.places());
        let judged = rights.into_iter().try_for_each(judge);
        match judged {
            Ok(()) => Ok(()),
            Err(_) => Err(self.hold_back(operation, step, StepFailure::RoleLost, now).await),
        }
    }

    /// Does not send a step. If a call of it may be on its way still, that must come to nothing before it can be said so.
    async fn hold_back(&self, operation: &mut Operation, step: usize, why: StepFailure, now: Timestamp) -> Move {
        if !operation.steps.get(step).is_some_and(|step| step.in_doubt) {
            return fail(operation, step, why, now);
        }
        match self.ask(operation, Look::Withdraw { step }).await.1 {
            Ok(Looked::Withdrawn(None)) => {
                doubt(operation, step, false);
                fail(operation, step, why, now)
            }
            answer => self.take(operation, step, answer, now),
        }
    }

    /// Looks whether a stop still costs no more than was agreed to. `Err` is what becomes of it if not.
    async fn weigh(&self, operation: &mut Operation, step: usize, now: Timestamp) -> Result<(), Move> {
        // Before the fleet is read: what is settled by then shows in it.
        let doubted: Vec<_> = match self.store.doubts().await {
            Ok(doubts) => doubts.into_iter().map(|doubt| doubt.connector).collect(),
            Err(error) => {
                tracing::warn!(operation = %operation.id, step, %error, "what is in doubt could not be read");
                return Err(Move::Same(TRY_AGAIN_AFTER));
            }
        };
        // What could not be read does not count as healthy.
        let connectors = match self.lifecycle.connectors_of(&operation.bot.id).await {
            Ok(reading) => reading.connectors,
            Err(error) => {
                tracing::warn!(operation = %operation.id, step, %error, "the bot could not be read before a stop");
                operation.could_not_weigh(step);
                return Err(Move::Later(error.retry_after().unwrap_or(TRY_AGAIN_AFTER)));
            }
        };
        match operation.weigh(step, &connectors, &doubted, now) {
            // The first must meet its connector as it was at the click.
            Weighed::GoOn if step == 0 || !operation.is_rolling() => Ok(()),
            Weighed::GoOn => {
                // It was weighed as it is now, not as it was at the click.
                let is_it = |target: &Target| connectors.iter().find(|connector| connector.id == target.connector);
                let revision = operation.target(step).and_then(is_it).and_then(|connector| connector.revision.clone());
                if let Some(current) = operation.steps.get_mut(step) {
                    current.revision = revision.or(current.revision.take());
                }
                Ok(())
            }
            Weighed::Waits => Err(Move::Later(LOOK_WHILE_PAUSED)),
            Weighed::WaitsStill => Err(Move::Same(LOOK_WHILE_PAUSED)),
            Weighed::Fails(why) => Err(self.hold_back(operation, step, why, now).await),
        }
    }

    /// Reads a connector that somebody else changed, so that it is said what they made of it. The operation goes on without,
    /// if it cannot be read.
    async fn look_what_happened(&self, operation: &mut Operation, step: usize, now: Timestamp) {
        let Some(id) = operation.target(step).map(|target| target.connector.clone()) else { return };
        match self.lifecycle.connector(&id).await {
            Ok(connector) => {
                operation.saw(step, Seen::from(&connector));
                operation.note_meddling(step, &connector, now);
            }
            Err(error) => {
                tracing::warn!(operation = %operation.id, step, %error, "what somebody else did could not be read");
            }
        }
    }

    /// Looks how steps of different connectors stand, all at once, so that no slow answer holds up another.
    async fn look(&self, operation: &mut Operation, looks: Vec<Look>, grace: Duration, now: Timestamp) -> Move {
        let shown: &Operation = operation;
        let asked = looks.into_iter().map(|look| self.ask(shown, look));
        let answers = futures_util::future::join_all(asked).await;
        let mut went = None;
        for (step, answer) in answers {
            if matches!(&answer, Ok(Looked::Operation(answer)) if was_superseded(answer)) {
                self.look_what_happened(operation, step, now).await;
            }
            let one = self.take(operation, step, answer, now);
            let one = in_its_time(operation, step, one, grace, now);
            went = Some(match went {
                Some(before) => Move::and(before, one),
                None => one,
            });
        }
        went.unwrap_or(Move::On)
    }

    async fn ask(&self, operation: &Operation, look: Look) -> (usize, Result<Looked, LifecycleError>) {
        let step = look.step();
        let key = operation.steps.get(step).map(|step| step.key.as_str()).unwrap_or_default();
        let by = requested_by(operation);
        let answer = match (look, operation.target(step)) {
            (Look::AskAfter { .. }, _) => self.lifecycle.operation_by_key(key).await.map(Looked::ByKey),
            (Look::Withdraw { .. }, _) => match change(operation, step, &by) {
                Some(change) => self.lifecycle.withdraw(&change).await.map(Looked::Withdrawn),
                None => Err(LifecycleError::malformed("a step that is not there")),
            },
            (Look::Follow { operation, .. }, _) => self.lifecycle.operation(&operation).await.map(Looked::Operation),
            (Look::Watch { .. }, Some(target)) => self
                .lifecycle
                .connector(&target.connector)
                .await
                .map(|connector| Looked::Connector(Box::new(connector))),
            (Look::Watch { .. }, None) => Err(LifecycleError::malformed("a step that is about no connector")),
        };
        (step, answer)
    }

    /// Takes in how a step stands.
    fn take(
        &self,
        operation: &mut Operation,
        step: usize,
        answer: Result<Looked, LifecycleError>,
        now: Timestamp,
    ) -> Move {
        match answer {
            Ok(Looked::Withdrawn(None)) => {
                doubt(operation, step, false);
                fail(operation, step, StepFailure::not_reached(), now)
            }
            Ok(Looked::ByKey(Some(of_service)) | Looked::Withdrawn(Some(of_service))) => {
                name(operation, step, &of_service.id);
                set(operation, step, StepState::Accepted { operation: of_service.id });
                Move::On
            }
            Ok(Looked::ByKey(None)) => {
                set(operation, step, StepState::NotTaken);
                doubt(operation, step, true);
                Move::On
            }
            Ok(Looked::Operation(answer)) if answer.state == OperationState::Running => Move::Same(LOOK_EVERY),
            Ok(Looked::Operation(answer)) => {
                take_answer(operation, step, answer, now);
                Move::On
            }
            Ok(Looked::Connector(connector)) => self.saw(operation, step, *connector, now),
            Err(error) => {
                tracing::warn!(operation = %operation.id, step, %error, "what became of a step could not be read");
                Move::Same(error.retry_after().unwrap_or(TRY_AGAIN_AFTER))
            }
        }
    }

    fn saw(&self, operation: &mut Operation, step: usize, connector: Connector, now: Timestamp) -> Move {
        let meddled = operation.is_meddled_with(step, &connector) && operation.note_meddling(step, &connector, now);
        let changed = operation.saw(step, Seen::from(&connector)) || meddled;
        let Some(current) = operation.steps.get_mut(step) else {
            return Move::On;
        };
        if current.action.is_reached(&connector) {
            let on = current.on;
            current.state = StepState::Done;
            current.ended_at = Some(now);
            // What follows must meet the connector as this step left it.
            if let Some(following) = operation.steps.iter_mut().skip(step + 1).find(|step| step.on == on) {
                following.revision = connector.revision;
            }
            operation.guidance.paused = None;
            self.wake.monitor.named(connector.id, Word::Changed);
            return Move::On;
        }
        let again = if operation.guidance.paused.is_some() { LOOK_WHILE_PAUSED } else { LOOK_EVERY };
        if changed { Move::Later(again) } else { Move::Same(again) }
    }
}

/// What was seen of a step.
enum Looked {
    /// What became of its key; `None` if the service does not know it.
    ByKey(Option<ServiceOperation>),
    /// What was accepted under its key before that was used up; nothing will be any more.
    Withdrawn(Option<ServiceOperation>),
    /// How the service's operation goes.
    Operation(ServiceOperation),
    /// Its connector.
    Connector(Box<Connector>),
}

impl Move {
    /// What is to be saved after both: what changed is saved, and whoever is due first is looked at first.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::On, _) | (_, Self::On) => Self::On,
            (Self::Same(one), Self::Same(other)) => Self::Same(one.min(other)),
            (Self::Same(one) | Self::Later(one), Self::Same(other) | Self::Later(other)) => Self::Later(one.min(other)),
        }
    }
}

/// However long we are asked to wait, a step ends in its time; and not before it was looked for once more.
fn in_its_time(operation: &mut Operation, step: usize, went: Move, grace: Duration, now: Timestamp) -> Move {
    let left = operation.steps.get(step).map_or(Duration::ZERO, |step| operation.time_left(step, grace, now));
    match went {
        Move::Same(_) | Move::Later(_) if left.is_zero() => give_up(operation, step, now),
        Move::Same(due) => Move::Same(due.min(left)),
        Move::Later(due) => Move::Later(due.min(left)),
        Move::On => Move::On,
    }
}

/// Whether the service says that somebody else changed the connector meanwhile.
fn was_superseded(answer: &ServiceOperation) -> bool {
    matches!(answer.state, OperationState::Failed { superseded: true, .. })
}

/// Takes what the service says of its operation.
fn take_answer(operation: &mut Operation, step: usize, answer: ServiceOperation, now: Timestamp) {
    name(operation, step, &answer.id);
    match answer.state {
        OperationState::Running => set(operation, step, StepState::Accepted { operation: answer.id }),
        OperationState::Succeeded => set(operation, step, StepState::Watching { operation: answer.id }),
        OperationState::Failed { said, .. } => {
            fail(operation, step, StepFailure::Refused { said }, now);
        }
    }
}

/// Keeps what the service calls it, for the record. Its key is used up with that.
fn name(operation: &mut Operation, step: usize, id: &str) {
    if let Some(current) = operation.steps.get_mut(step) {
        current.of_service = Some(id.to_owned());
        current.in_doubt = false;
    }
}

fn doubt(operation: &mut Operation, step: usize, in_doubt: bool) {
    if let Some(current) = operation.steps.get_mut(step) {
        current.in_doubt = in_doubt;
    }
}

/// Who wants it, for the service's own records.
fn requested_by(operation: &Operation) -> String {
    format!("{} (Discord {})", operation.requester.name, operation.requester.id)
}

/// What a step asks the service for.
fn change<'a>(operation: &'a Operation, step: usize, requested_by: &'a str) -> Option<Change<'a>> {
    let Step { action, key, revision, .. } = operation.steps.get(step)?;
    Some(Change {
        connector: &operation.target(step)?.connector,
        action,
        revision: revision.as_ref(),
        key,
        requested_by,
        reason: operation.reason.as_deref(),
    })
}

fn set(operation: &mut Operation, step: usize, state: StepState) {
    if let Some(current) = operation.steps.get_mut(step) {
        current.state = state;
    }
}

fn give_up(operation: &mut Operation, step: usize, now: Timestamp) -> Move {
    match operation.steps.get(step).map(|step| step.given_up()) {
        Some(why) => fail(operation, step, why, now),
        None => Move::On,
    }
}

/// Whether a refusal tells that somebody else changed the connector since it was last read.
fn tells_of_meddling(problem: ProblemKind) -> bool {
    matches!(
        problem,
        ProblemKind::RevisionMismatch
            | ProblemKind::AlreadyRunning
            | ProblemKind::NotRunning
            | ProblemKind::NotStopped
            | ProblemKind::OperationInProgress
    )
}

fn fail(operation: &mut Operation, step: usize, why: StepFailure, now: Timestamp) -> Move {
    if operation.pause_at(step, &why, now) {
        return Move::Later(LOOK_WHILE_PAUSED);
    }
    operation.guidance.paused = None;
    if let Some(current) = operation.steps.get_mut(step) {
        current.state = StepState::Failed { why };
        current.ended_at = Some(now);
    }
    Move::On
}
