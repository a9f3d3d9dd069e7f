//! Looking how steps stand: the service is asked, the connector is read, and what comes back is taken in.

use std::time::Duration;

use jiff::Timestamp;

use super::calls::Call;
use super::{
    LOOK_EVERY, LOOK_WHILE_PAUSED, Move, Runner, TRY_AGAIN_AFTER, doubt, fail, in_its_time, name, set, take_answer,
};
use crate::domain::connector::Connector;
use crate::domain::operation::{Look, Operation, Seen, StepFailure, StepState};
use crate::lifecycle::{LifecycleError, OperationState, ServiceOperation, Word};

/// What was seen of a step.
pub(super) enum Looked {
    /// What became of its key; `None` if the service does not know it.
    ByKey(Option<ServiceOperation>),
    /// What was accepted under its key before that was used up; nothing will be any more.
    Withdrawn(Option<ServiceOperation>),
    /// How the service's operation goes.
    Operation(ServiceOperation),
    /// Its connector.
    Connector(Box<Connector>),
}

impl Runner {
    /// Reads a connector that somebody else changed, so that it is said what they made of it. The operation goes on without,
    /// if it cannot be read.
    pub(super) async fn look_what_happened(&self, operation: &mut Operation, step: usize, now: Timestamp) {
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
    pub(super) async fn look(
        &self,
        operation: &mut Operation,
        looks: Vec<Look>,
        grace: Duration,
        now: Timestamp,
    ) -> Move {
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

    pub(super) async fn ask(&self, operation: &Operation, look: Look) -> (usize, Result<Looked, LifecycleError>) {
        let step = look.step();
        let key = operation.steps.get(step).map(|step| step.key.as_str()).unwrap_or_default();
        let answer = match (look, operation.target(step)) {
            (Look::AskAfter { .. }, _) => self.lifecycle.operation_by_key(key).await.map(Looked::ByKey),
            (Look::Withdraw { .. }, _) => match Call::of_step(operation, step) {
                Ok(call) => self.withdraw(&call).await.map(Looked::Withdrawn),
                Err(error) => Err(error),
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
    pub(super) fn take(
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

/// Whether the service says that somebody else changed the connector meanwhile.
fn was_superseded(answer: &ServiceOperation) -> bool {
    matches!(answer.state, OperationState::Failed { superseded: true, .. })
}
