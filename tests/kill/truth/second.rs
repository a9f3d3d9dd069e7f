//! What must hold of the second person, and of the glass that is broken in their place.

use botswain::domain::operation::Operation;
use botswain::domain::request::RequestState;

use super::{Evidence, Not};
use crate::message::Message;
use crate::second::{WHY, needs_a_second_person};

impl Evidence {
    /// P3, P4: what needs a second person is begun because one agreed who did not ask, or because the glass was broken by
    /// somebody who may; what needs none has neither; and what is done is what was agreed to.
    pub(super) fn nothing_is_begun_without_its_second_person(&self) -> Result<(), Not> {
        for operation in &self.ledger.operations {
            let needed = needs_a_second_person(operation);
            let requester = operation.requester.id;
            let right = match (&operation.approved_by, &operation.glass) {
                (Some(second), None) => needed && second.id != requester && second.id.0 != self.viewer,
                (None, Some(glass)) => needed && requester.0 == self.breaks_glass && glass.why == WHY,
                (None, None) => !needed,
                (Some(_), Some(_)) => false,
            };
            always!(right, "P4: not agreed to by whom it needs: {operation:?}");
            let request = self.ledger.requests.iter().find(|request| request.id == operation.request);
            let Some(plan) = request.and_then(|request| request.plan.as_ref()) else {
                return Err(Not::Ever(format!("P3: nobody was shown a plan: {operation:?}")));
            };
            always!(operation.plan == Some(plan.digest()), "P3: another plan was agreed to: {plan:?} {operation:?}");
            let planned: Vec<_> = plan.connectors.iter().flat_map(|planned| &planned.steps).collect();
            let steps: Vec<_> = operation.steps.iter().map(|step| &step.action).collect();
            always!(planned == steps, "P3: other steps were agreed to: {plan:?} {operation:?}");
        }
        Ok(())
    }

    /// P6: what waited for a second person stands on a message that says how it ended.
    pub(super) fn what_waits_says_how_it_stands(&self) -> Result<(), Not> {
        for request in &self.ledger.requests {
            let slot = format!("approval:{}", request.id);
            let row = self.ledger.outbox.iter().find(|row| row.slot == slot);
            let waited = request.state == RequestState::Proposed || request.approved_by.is_some();
            always!(row.is_some() || !waited, "P6: nobody sees that it waits: {request:?}");
            let Some(message) = row.and_then(|row| self.message(row.message)) else { continue };
            let said = match request.state {
                RequestState::Choosing | RequestState::Asked => {
                    return Err(Not::Ever(format!("P6: it waits, and is not confirmed: {request:?}")));
                }
                RequestState::Proposed => "Waits for a second person",
                RequestState::Confirmed if request.glass.is_some() => "Begun without a second person",
                RequestState::Confirmed => "Approved: ",
                RequestState::Cancelled => "Withdrawn: ",
                RequestState::Expired => "Expired: ",
                RequestState::Refused => "Not carried out: ",
            };
            in_the_end!(message.says(said), "P6: {message:?} does not say how it stands: {request:?}");
            let asks = message.button("Approve: ").is_some();
            in_the_end!(asks == request.state.is_open(), "P6: {message:?} asks, and {request:?}");
        }
        Ok(())
    }

    /// P10: broken glass is marked in the one record, and told where alerts come in one message, from beginning to end.
    pub(super) fn broken_glass_is_told_once(&self) -> Result<(), Not> {
        for entry in &self.ledger.audit {
            let of_request = |operation: &&Operation| operation.request.to_string() == entry.about;
            let operation = self.ledger.operations.iter().find(of_request);
            let broken = operation.is_none_or(|operation| operation.glass == entry.glass);
            always!(broken, "P10: {entry:?} is not marked as it was: {operation:?}");
        }
        for operation in &self.ledger.operations {
            let of_this = |message: &&Message| {
                message.says("Glass broken: ") && message.says(&format!("operation {}", operation.id.reference()))
            };
            let told: Vec<_> = self.messages.iter().filter(of_this).collect();
            let wanted = usize::from(operation.glass.is_some());
            in_the_end!(told.len() == wanted, "P10: glass, told {} times: {operation:?}", told.len());
            for message in told {
                always!(message.channel() == self.alert_channel, "P10: not told where alerts come: {message:?}");
                let over = !message.says("⏳ Begun") && message.says(WHY);
                in_the_end!(over == operation.is_over(), "P10: {message:?} does not say how it went: {operation:?}");
            }
        }
        Ok(())
    }

    fn message(&self, id: Option<u64>) -> Option<&Message> {
        let id = id?.to_string();
        self.messages.iter().find(|message| message.id() == id)
    }
}
