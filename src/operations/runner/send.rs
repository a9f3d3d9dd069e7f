//! Sending a step: what may keep it from being sent is looked at first, and it is written down before it is sent.

use jiff::Timestamp;

use super::calls::Call;
use super::{LOOK_WHILE_PAUSED, Move, Runner, TRY_AGAIN_AFTER, doubt, fail, set, take_answer};
use crate::discord_api::ApiError;
use crate::domain::action::Action;
use crate::domain::authority::Right;
use crate::domain::freeze::holding;
use crate::domain::operation::guiding::Weighed;
use crate::domain::operation::{Operation, StepFailure, StepState, Target};
use crate::lifecycle::Carried;
use crate::lifecycle::contract::ProblemKind;
use crate::store::StoreError;
use crate::store::operations::{Lease, Saved, Then};

impl Runner {
    /// Writes down that the step is being sent, then sends it. `None` when the lease was lost meanwhile.
    pub(super) async fn send(
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
        let answer = match Call::of_step(operation, step) {
            Ok(call) => self.begin(&call).await,
            Err(error) => Err(error),
        };
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
