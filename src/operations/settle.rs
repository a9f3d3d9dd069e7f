//! How a request comes to its end: confirmed and carried out, cancelled, refused, or overdue; each once, with its record.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Answer, Asker, EXPIRE_EVERY, Operations, Settled, Trouble, record};
use crate::domain::audit::Verdict;
use crate::domain::authority::Right;
use crate::domain::connector::Connector;
use crate::domain::ids::Id;
use crate::domain::operation::Operation;
use crate::domain::plan::{Consent, Plan};
use crate::domain::request::{Refusal, Request, RequestState};
use crate::store::StoreError;
use crate::store::requests::{Confirmed, Settled as Claimed};

impl Operations {
    /// Takes a confirming press: judged again, held against a fresh reading, and claimed once. Where the plan wants something
    /// typed, it is not there yet: see [`Self::confirm_typed`].
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn confirm(&self, asker: &Asker, request: &Id, now: Timestamp) -> Result<Settled, Trouble> {
        self.settle(asker, request, None, now).await
    }

    /// Takes what was typed to confirm: the click that is judged, held against a fresh reading, and claimed once.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn confirm_typed(
        &self,
        asker: &Asker,
        request: &Id,
        typed: &str,
        now: Timestamp,
    ) -> Result<Settled, Trouble> {
        self.settle(asker, request, Some(typed), now).await
    }

    async fn settle(
        &self,
        asker: &Asker,
        request: &Id,
        typed: Option<&str>,
        now: Timestamp,
    ) -> Result<Settled, Trouble> {
        let request = match self.pressable(asker, request, RequestState::Asked, now).await? {
            Ok(request) => request,
            Err(refusal) => return Ok(Settled::Refused(refusal)),
        };
        let Some(plan) = request.plan.clone() else {
            return Ok(Settled::Refused(Refusal::Unknown));
        };
        let places = plan.places();
        let said = || match (plan.consent(), typed) {
            (Consent::Typed(wanted), None) => Err(Settled::Unsaid { request: Box::new(request.clone()), wanted }),
            (Consent::Typed(wanted), Some(text)) if !plan.is_typed(text) => {
                Err(Settled::Refused(Refusal::Mistyped { wanted }))
            }
            _ => Ok(()),
        };
        let may = self.may(&asker.member, request.verb, &places);
        let fresh = match self.judge_click(&request, &plan, may, said, now).await? {
            Ok(fresh) => fresh,
            Err(settled) => return Ok(settled),
        };
        let by = self.rules.authority.by_which(&asker.member, Right::Change(request.verb), places);
        let second_person = self.second_person(&plan).or(request.second_person.clone());
        let request = Request { allowed_by: Some(by), second_person, ..request };
        if request.second_person.is_some() {
            return self.propose(request, now).await;
        }
        self.carry_out(&request, &plan, &fresh, now).await
    }

    /// Begins what was agreed to by all who must, if nobody else settled it and nothing holds what it needs.
    pub(super) async fn carry_out(
        &self,
        request: &Request,
        plan: &Plan,
        seen: &[Connector],
        now: Timestamp,
    ) -> Result<Settled, Trouble> {
        let operation = Operation::new(request, plan, seen, now);
        match self.store.confirm_request(request, &operation, &self.counted(request, plan), now).await? {
            Confirmed::Now => {
                tracing::info!(
                    request = %request.id, operation = %operation.id, by = %request.requester.id, verb = request.verb.word(),
                    connectors = operation.targets.names(), environment = %plan.environment, plan = operation.plan,
                    "confirmed"
                );
                self.wake.runner.notify_one();
                self.wake.delivery.notify_one();
                Ok(Settled::Begun(Box::new(operation)))
            }
            Confirmed::Before(Some(state)) if !state.is_open() => Ok(Settled::Refused(Refusal::Settled { state })),
            Confirmed::Before(_) => self.settle_expired(request, now).await,
            Confirmed::Busy(other) => {
                let refusal =
                    Refusal::Busy { by: other.requester.clone(), verb: other.verb, operation: other.id.clone() };
                self.settle_refused(request, refusal, now).await
            }
            Confirmed::TooMany(too_many) => self.settle_refused(request, Refusal::TooMany { too_many }, now).await,
        }
    }

    /// Takes a cancelling press.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn cancel(&self, asker: &Asker, request: &Id, now: Timestamp) -> Result<Settled, Trouble> {
        let request = match self.owned(asker, request, now).await? {
            Ok(request) => request,
            Err(refusal) => return Ok(Settled::Refused(refusal)),
        };
        let entry = record::of_request(&request, Verdict::Cancelled, "cancelled by the requester", now);
        Ok(match self.store.settle_request(&request, RequestState::Cancelled, &entry).await? {
            Claimed::Now => {
                self.wake.delivery.notify_one();
                Settled::Cancelled
            }
            Claimed::Before(Some(state)) => Settled::Refused(Refusal::Settled { state }),
            Claimed::Before(None) => Settled::Refused(Refusal::Unknown),
        })
    }

    /// Ends requests whose time is over, each with its record. How many there were.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn expire(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut ended = 0;
        for request in self.store.overdue_requests(now, 100).await? {
            let entry = record::of_request(&request, Verdict::Expired, overdue(&request), now);
            if self.store.settle_request(&request, RequestState::Expired, &entry).await? == Claimed::Now {
                self.wake.delivery.notify_one();
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Ends overdue requests and freezes until `shutdown`.
    pub async fn expire_until(self, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.expire(Timestamp::now()).await {
                tracing::error!(%error, "overdue requests could not be ended");
            }
            if let Err(error) = self.thaw(Timestamp::now()).await {
                tracing::error!(%error, "overdue freezes could not be ended");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EXPIRE_EVERY) => {}
            }
        }
    }

    pub(super) async fn refuse(&self, request: &Request, refusal: Refusal, now: Timestamp) -> Result<Answer, Trouble> {
        let entry = record::of_refusal(request, &refusal, now);
        match self.store.settle_request(request, RequestState::Refused, &entry).await? {
            Claimed::Now => {}
            // Of a request that was never kept, only the record stays.
            Claimed::Before(None) => {
                self.store.record(&entry).await?;
            }
            // Its record is, or will be, that of how it was settled.
            Claimed::Before(Some(state)) => return Ok(Answer::Refused(Refusal::Settled { state })),
        }
        Ok(Answer::Refused(refusal))
    }

    pub(super) async fn settle_refused(
        &self,
        request: &Request,
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<Settled, Trouble> {
        if refusal == Refusal::Expired {
            return self.settle_expired(request, now).await;
        }
        let entry = record::of_refusal(request, &refusal, now);
        Ok(match self.store.settle_request(request, RequestState::Refused, &entry).await? {
            Claimed::Now | Claimed::Before(None) => Settled::Refused(refusal),
            Claimed::Before(Some(state)) => Settled::Refused(Refusal::Settled { state }),
        })
    }

    pub(super) async fn settle_expired(&self, request: &Request, now: Timestamp) -> Result<Settled, Trouble> {
        let entry = record::of_request(request, Verdict::Expired, overdue(request), now);
        Ok(match self.store.settle_request(request, RequestState::Expired, &entry).await? {
            Claimed::Now | Claimed::Before(None | Some(RequestState::Expired)) => Settled::Refused(Refusal::Expired),
            Claimed::Before(Some(state)) => Settled::Refused(Refusal::Settled { state }),
        })
    }
}

/// What nobody did in time.
fn overdue(request: &Request) -> &'static str {
    match request.state {
        RequestState::Proposed => "no second person agreed in time",
        _ => "nobody confirmed in time",
    }
}
