//! What may still be carried out of an operation that is over: a call whose answer was lost, and of which nobody knows whether
//! the service has it, or will.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Operation, Step, StepFailure, StepState};
use crate::domain::action::Action;
use crate::domain::authority::Person;
use crate::domain::ids::{ConnectorId, Id};

/// A call of ours that takes something away, and whose outcome is not known though its operation is over. Until the service
/// says that nothing more comes of it, nobody counts on its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The idempotency key of the call.
    pub key: String,
    /// The operation that it was a step of.
    pub operation: Id,
    /// The connector.
    pub connector: ConnectorId,
    /// What was called.
    pub action: Action,
    /// Who asked for it.
    pub requester: Person,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

impl Operation {
    /// What may still be carried out of it once it is over.
    pub fn doubts(&self) -> impl Iterator<Item = Doubt> {
        let ended = self.ended.as_ref().map(|ended| ended.at);
        let steps = self.steps.iter().filter(|step| step.action.takes_away() && step.is_doubtful());
        steps.filter_map(move |step| {
            Some(Doubt {
                key: step.key.clone(),
                operation: self.id.clone(),
                connector: self.targets.get(step.on)?.connector.clone(),
                action: step.action.clone(),
                requester: self.requester.clone(),
                reason: self.reason.clone(),
                since: ended?,
            })
        })
    }
}

impl Step {
    fn is_doubtful(&self) -> bool {
        let unknown = matches!(
            &self.state,
            StepState::Failed { why: StepFailure::OutcomeUnknown }
                | StepState::Left { why: Some(StepFailure::OutcomeUnknown) }
        );
        unknown || self.in_doubt
    }
}
