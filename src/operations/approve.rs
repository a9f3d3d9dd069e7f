//! The second person: who asked confirms, somebody else agrees to exactly that plan, and only then it is carried out.

use jiff::Timestamp;

use super::{Asker, Operations, Settled, Trouble};
use crate::domain::authority::{At, Person, Right};
use crate::domain::ids::{Id, RoleId};
use crate::domain::plan::Plan;
use crate::domain::request::{Refusal, Request, RequestState};
use crate::store::requests::Settled as Claimed;

impl Operations {
    /// The roles of whom a second person must agree to a plan, if the policy of any environment that it touches says so.
    pub(super) fn second_person(&self, plan: &Plan) -> Option<Vec<RoleId>> {
        let needs =
            |at: &At<'_>| self.rules.policy.terms(&plan.bot.id, at.environment).second_person.contains(&plan.verb);
        let first = plan.places().into_iter().find(needs)?;
        Some(self.rules.authority.rule(Right::Approve, first).roles.to_vec())
    }

    /// Lets what its requester confirmed wait for a second person, for everybody to see.
    pub(super) async fn propose(&self, request: Request, now: Timestamp) -> Result<Settled, Trouble> {
        let expires_at = now.saturating_add(self.rules.policy.approval_ttl).unwrap_or(Timestamp::MAX);
        let request = Request { expires_at, ..request };
        match self.store.propose_request(&request, now).await? {
            Claimed::Now => {
                tracing::info!(request = %request.id, by = %request.requester.id, "waits for a second person");
                self.wake.delivery.notify_one();
                Ok(Settled::Proposed)
            }
            Claimed::Before(Some(state)) if state != RequestState::Asked => {
                Ok(Settled::Refused(Refusal::Settled { state }))
            }
            Claimed::Before(_) => self.settle_expired(&request, now).await,
        }
    }

    /// Takes the press of a second person: judged at the click, held against a fresh reading, and claimed once.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn approve(&self, asker: &Asker, id: &Id, now: Timestamp) -> Result<Settled, Trouble> {
        let Some(request) = self.store.request(id).await? else {
            self.record_refused(asker, "a button of an unknown request", now).await?;
            return Ok(Settled::Refused(Refusal::Unknown));
        };
        let plan = match &request.plan {
            Some(plan) if request.state == RequestState::Proposed => plan.clone(),
            _ => return Ok(Settled::Refused(Refusal::Settled { state: request.state })),
        };
        if request.is_expired(now) {
            return self.settle_expired(&request, now).await;
        }
        if let Err(refusal) = self.may_approve(asker, &request, &plan) {
            // The request is none of theirs to end: it waits on for somebody who may.
            let why = format!("agreeing to {}'s request: {}", request.requester.name, super::record::why(&refusal));
            self.record_refused(asker, &why, now).await?;
            return Ok(Settled::Refused(refusal));
        }
        let fresh = match self.judge_click(&request, &plan, Ok(()), || Ok(()), now).await? {
            Ok(fresh) => fresh,
            Err(settled) => return Ok(settled),
        };
        let approved = Request { approved_by: Some(Person::from(&asker.member)), ..request };
        self.carry_out(&approved, &plan, &fresh, now).await
    }

    fn may_approve(&self, asker: &Asker, request: &Request, plan: &Plan) -> Result<(), Refusal> {
        if request.requester.id == asker.member.id {
            return Err(Refusal::OwnRequest);
        }
        let judged = self.rules.authority.judge(&asker.member, Right::Approve, plan.places());
        judged.map_err(|denied| Refusal::Denied { denied })
    }
}
