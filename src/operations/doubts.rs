//! What operations left in doubt is asked after until the service says that nothing more comes of it.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Runner;
use crate::domain::operation::doubt::Doubt;
use crate::lifecycle::{Change, LifecycleError, OperationState};
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
            None => self.withdraw(doubt).await?,
        };
        Ok(of_service.is_none_or(|of_service| of_service.state != OperationState::Running))
    }

    async fn withdraw(&self, doubt: &Doubt) -> Result<Option<crate::lifecycle::ServiceOperation>, LifecycleError> {
        let requested_by = format!("{} (Discord {})", doubt.requester.name, doubt.requester.id);
        let change = Change {
            connector: &doubt.connector,
            action: &doubt.action,
            revision: None,
            key: &doubt.key,
            requested_by: &requested_by,
            reason: doubt.reason.as_deref(),
        };
        self.lifecycle.withdraw(&change).await
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
