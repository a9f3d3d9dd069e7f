//! Calls in doubt: what may be on its way still is withdrawn before a step is held back; and what operations left in doubt is
//! asked after until the service says that nothing more comes of it.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::calls::Call;
use super::look::Looked;
use super::{Move, Runner, doubt, fail};
use crate::domain::operation::doubt::Doubt;
use crate::domain::operation::{Look, Operation, StepFailure};
use crate::lifecycle::{LifecycleError, OperationState};
use crate::store::StoreError;

/// How often it is looked for what is in doubt.
const SETTLE_EVERY: Duration = Duration::from_secs(2);
/// How long what is not settled is left alone.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How much is asked after at a time.
const AT_A_TIME: u32 = 20;

impl Runner {
    /// Asks the service after everything in doubt that is due. What it knows nothing of is withdrawn.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn settle_doubts(&self, now: Timestamp) -> Result<(), StoreError> {
        for doubt in self.store.due_doubts(now, AT_A_TIME).await? {
            match self.is_over(&doubt).await {
                Ok(true) => {
                    tracing::info!(operation = %doubt.operation, connector = %doubt.connector, "nothing is in doubt any more");
                    self.store.end_doubt(&doubt).await?;
                }
                Ok(false) => self.store.postpone_doubt(&doubt, ASK_AGAIN_AFTER, now).await?,
                Err(error) => {
                    tracing::warn!(operation = %doubt.operation, connector = %doubt.connector, %error, "a doubt stays");
                    let wait = error.retry_after().unwrap_or_default().max(ASK_AGAIN_AFTER);
                    self.store.postpone_doubt(&doubt, wait, now).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether nothing more comes of a call.
    async fn is_over(&self, doubt: &Doubt) -> Result<bool, LifecycleError> {
        let of_service = match self.lifecycle.operation_by_key(&doubt.key).await? {
            Some(of_service) => Some(of_service),
            None => self.withdraw(&Call::of_doubt(doubt)).await?,
        };
        Ok(of_service.is_none_or(|of_service| of_service.state != OperationState::Running))
    }

    /// Does not send a step. If a call of it may be on its way still, that must come to nothing before it can be said so.
    pub(super) async fn hold_back(
        &self,
        operation: &mut Operation,
        step: usize,
        why: StepFailure,
        now: Timestamp,
    ) -> Move {
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

    /// Settles what is in doubt until `shutdown`.
    pub(super) async fn settle_until(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.settle_doubts(Timestamp::now()).await {
                tracing::error!(%error, "what is in doubt could not be settled");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(SETTLE_EVERY) => {}
            }
        }
    }
}
