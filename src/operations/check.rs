//! The click is held against how things are then: the same is planned again from a fresh reading.

use jiff::Timestamp;

use super::Operations;
use crate::domain::action::Verb;
use crate::domain::connector::Connector;
use crate::domain::ids::ConnectorId;
use crate::domain::operation::scopes;
use crate::domain::plan::{Drift, Known, Plan};
use crate::domain::request::{Refusal, Request};
use crate::store::StoreError;

impl Operations {
    /// Reads the bot again, plans the same again, and holds it against what was shown. The connectors as they were read; none,
    /// where a start goes on blind: the service judges it.
    pub(super) async fn check_again(
        &self,
        request: &Request,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<Result<Vec<Connector>, Refusal>, StoreError> {
        // While an operation is at the bot, what is read of it may be otherwise a moment later.
        let scopes = scopes(plan.verb, plan.connectors.iter().map(|planned| &planned.connector), &plan.places());
        if let Some(other) = self.store.holder_of_any(&scopes).await? {
            return Ok(Err(Refusal::Busy { by: other.requester, verb: other.verb, operation: other.id }));
        }
        // Before the fleet is read: what is settled by then shows in it.
        let doubted = self.doubted().await?;
        let left = request.expires_at.duration_since(now).unsigned_abs();
        let reading = match tokio::time::timeout(left, self.lifecycle.connectors_of(&plan.bot.id)).await {
            Ok(Ok(reading)) => reading,
            Ok(Err(_)) if request.verb == Verb::Start => return Ok(Ok(Vec::new())),
            Ok(Err(error)) => return Ok(Err(Refusal::CannotRead { why: error.person() })),
            Err(_) => return Ok(Err(Refusal::Expired)),
        };
        let uncertain = !reading.complete || !reading.malformed.is_empty();
        let known = Known { connectors: &reading.connectors, uncertain, doubted: &doubted };
        let drifts = plan.drift(&plan.again(known, &self.rules.policy, now));
        let unseen = uncertain && drifts.iter().any(|drift| matches!(drift, Drift::Gone { .. }));
        Ok(match (drifts.as_slice(), request.verb) {
            ([], _) => Ok(reading.connectors),
            (_, Verb::Start) if unseen => Ok(reading.connectors),
            _ if unseen => Err(Refusal::CannotRead { why: "Only a part of the fleet came.".to_owned() }),
            _ => Err(Refusal::Drifted { drifts }),
        })
    }

    /// The connectors that an earlier call of ours may take away yet.
    pub(super) async fn doubted(&self) -> Result<Vec<ConnectorId>, StoreError> {
        Ok(self.store.doubts().await?.into_iter().map(|doubt| doubt.connector).collect())
    }
}
