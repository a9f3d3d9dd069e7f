//! The click, judged: whose request it is, whether it still stands, who may, what keeps everybody from it, what is to be typed, and
//! how things are by then. In this one order, whoever presses.

use jiff::Timestamp;

use super::{Asker, Operations, Settled, Trouble};
use crate::domain::authority::Denied;
use crate::domain::connector::Connector;
use crate::domain::ids::Id;
use crate::domain::pace::Counted;
use crate::domain::plan::Plan;
use crate::domain::request::{Refusal, Request, RequestState};
use crate::store::StoreError;

impl Operations {
    /// The request, if `asker` owns it; otherwise the refusal, recorded.
    pub(super) async fn owned(
        &self,
        asker: &Asker,
        id: &Id,
        now: Timestamp,
    ) -> Result<Result<Request, Refusal>, Trouble> {
        let Some(request) = self.store.request(id).await? else {
            self.record_refused(asker, "a button of an unknown request", now).await?;
            return Ok(Err(Refusal::Unknown));
        };
        if request.requester.id != asker.member.id {
            self.record_refused(asker, &format!("a button of {}'s request", request.requester.name), now).await?;
            return Ok(Err(Refusal::SomebodyElses { owner: request.requester }));
        }
        Ok(Ok(request))
    }

    /// The request, if `asker` owns it, it stands in `state`, and its time is not over.
    pub(super) async fn pressable(
        &self,
        asker: &Asker,
        id: &Id,
        state: RequestState,
        now: Timestamp,
    ) -> Result<Result<Request, Refusal>, Trouble> {
        let request = match self.owned(asker, id, now).await? {
            Ok(request) => request,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if request.state.is_open() && request.is_expired(now) {
            self.settle_expired(&request, now).await?;
            return Ok(Err(Refusal::Expired));
        }
        // A menu that is answered when its prompt stands already is answered with that.
        if request.state == state || (request.state == RequestState::Asked && state == RequestState::Choosing) {
            return Ok(Ok(request));
        }
        Ok(Err(Refusal::Settled { state: request.state }))
    }

    /// Judges a click that is to begin a plan: `may` is whether whoever presses may; `said` is asked for what keeps it from being
    /// judged any further just now, though all stands. The connectors as they were read at the click, or how that settled it.
    pub(super) async fn judge_click(
        &self,
        request: &Request,
        plan: &Plan,
        may: Result<(), Denied>,
        said: impl FnOnce() -> Result<(), Settled>,
        now: Timestamp,
    ) -> Result<Result<Vec<Connector>, Settled>, Trouble> {
        if let Err(denied) = may {
            return Ok(Err(self.settle_refused(request, Refusal::Denied { denied }, now).await?));
        }
        if let Some(refusal) = self.kept_from(request, plan, now).await? {
            return Ok(Err(self.settle_refused(request, refusal, now).await?));
        }
        if let Err(settled) = said() {
            return Ok(Err(settled));
        }
        match self.check_again(request, plan, now).await? {
            Ok(fresh) => Ok(Ok(fresh)),
            Err(refusal) => Ok(Err(self.settle_refused(request, refusal, now).await?)),
        }
    }

    /// What keeps everybody from carrying out a plan now, whoever may: a freeze, or too many changes just before. A start only
    /// ever gives back, so nothing keeps from it.
    pub(super) async fn kept_from(
        &self,
        request: &Request,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        if !request.verb.takes_away() {
            return Ok(None);
        }
        let counted = self.counted(request, plan);
        let environments = plan.places().into_iter().map(|at| at.environment);
        // Somebody waits for both, so they are read side by side.
        let (freeze, crowd) = tokio::join!(self.frozen(environments, now), self.store.too_many(&counted, now));
        if let Some(freeze) = freeze? {
            return Ok(Some(Refusal::Frozen { freeze: Box::new(freeze) }));
        }
        Ok(crowd?.map(|too_many| Refusal::TooMany { too_many }))
    }

    /// As what it is counted, if it takes anything away.
    pub(super) fn counted(&self, request: &Request, plan: &Plan) -> Vec<Counted> {
        if !request.verb.takes_away() {
            return Vec::new();
        }
        self.rules.policy.limits.counted(request.requester.id, plan.places().into_iter().map(|at| at.environment))
    }
}
