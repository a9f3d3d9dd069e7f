//! The calls that change something: the same call, each time it is made, under the key that was written down for it.

use super::Runner;
use crate::domain::action::Action;
use crate::domain::authority::Person;
use crate::domain::connector::Revision;
use crate::domain::ids::ConnectorId;
use crate::domain::operation::doubt::Doubt;
use crate::domain::operation::{Operation, Step};
use crate::lifecycle::{Change, LifecycleError, ServiceOperation};

/// What the service is asked for, and for whom.
pub(super) struct Call<'a> {
    connector: &'a ConnectorId,
    action: &'a Action,
    key: &'a str,
    revision: Option<&'a Revision>,
    requester: &'a Person,
    reason: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// That of an operation's step.
    ///
    /// # Errors
    /// If there is no such step.
    pub(super) fn of_step(operation: &'a Operation, step: usize) -> Result<Self, LifecycleError> {
        let there_is_none = || LifecycleError::malformed("a step that is not there");
        let target = operation.target(step).ok_or_else(there_is_none)?;
        let Step { action, key, revision, .. } = operation.steps.get(step).ok_or_else(there_is_none)?;
        Ok(Self {
            connector: &target.connector,
            action,
            key,
            revision: revision.as_ref(),
            requester: &operation.requester,
            reason: operation.reason.as_deref(),
        })
    }

    /// One that was made long ago.
    pub(super) fn of_doubt(doubt: &'a Doubt) -> Self {
        let Doubt { connector, action, key, requester, reason, .. } = doubt;
        Self { connector, action, key, revision: None, requester, reason: reason.as_deref() }
    }
}

impl Runner {
    /// Makes a call.
    pub(super) async fn begin(&self, call: &Call<'_>) -> Result<ServiceOperation, LifecycleError> {
        let by = requested_by(call.requester);
        self.lifecycle.begin(&change(call, &by)).await
    }

    /// Uses a call's key up. What was accepted under it before; nothing will be any more.
    pub(super) async fn withdraw(&self, call: &Call<'_>) -> Result<Option<ServiceOperation>, LifecycleError> {
        let by = requested_by(call.requester);
        self.lifecycle.withdraw(&change(call, &by)).await
    }
}

/// Who wants it, for the service's own records.
fn requested_by(person: &Person) -> String {
    format!("{} (Discord {})", person.name, person.id)
}

fn change<'a>(call: &Call<'a>, requested_by: &'a str) -> Change<'a> {
    let Call { connector, action, key, revision, reason, .. } = *call;
    Change { connector, action, revision, key, requested_by, reason }
}
