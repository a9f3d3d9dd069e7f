//! The runner: carries confirmed operations through their steps, one persisted transition at a time.

mod calls;
mod doubts;
mod look;
mod send;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Operations, Rules, Wake, record};
use crate::discord_api::DiscordApi;
use crate::domain::audit::Entry;
use crate::domain::ids::GuildId;
use crate::domain::notice::Slot;
use crate::domain::operation::{Ended, Next, Operation, Outcome, StepFailure, StepState};
use crate::lifecycle::{LifecycleClient, OperationState, ServiceOperation, Word};
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
    store: Store,
    lifecycle: LifecycleClient,
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
