//! The click, judged: whose request it is, whether it still stands, who may, what keeps everybody from it, what is to be typed, and
//! how things are by then. In this one order, whoever presses.

use jiff::Timestamp;

use super::{Asker, Operations, Settled, Trouble};
use crate::domain::authority::Denied;
use crate::domain::connector::Connector;
use crate::domain::freeze::holding;
use crate::domain::pace::Counted;
use crate::domain::plan::Plan;
use crate::domain::request::{Refusal, Request, RequestState};
use crate::store::StoreError;
use crate::store::pressed::InTheWay;

impl Operations {
    /// The request that was pressed, if it is known and `asker` owns it; otherwise the refusal, recorded.
    pub(super) async fn owned(
        &self,
        asker: &Asker,
        request: Option<Request>,
        now: Timestamp,
    ) -> Result<Result<Request, Refusal>, Trouble> {
        let Some(request) = request else {
            self.record_refused(asker, "a button of an unknown request", now).await?;
            return Ok(Err(Refusal::Unknown));
        };
        if request.requester.id != asker.member.id {
            self.record_refused(asker, &format!("a button of {}'s request", request.requester.name), now).await?;
            return Ok(Err(Refusal::SomebodyElses { owner: request.requester }));
        }
        Ok(Ok(request))
    }

    /// The request that was pressed, if `asker` owns it, it stands in `state`, and its time is not over.
    pub(super) async fn pressable(
        &self,
        asker: &Asker,
        request: Option<Request>,
        state: RequestState,
        now: Timestamp,
    ) -> Result<Result<Request, Refusal>, Trouble> {
        let request = match self.owned(asker, request, now).await? {
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
        way: &InTheWay,
        now: Timestamp,
    ) -> Result<Result<Vec<Connector>, Settled>, Trouble> {
        if let Err(denied) = may {
            return Ok(Err(self.settle_refused(request, Refusal::Denied { denied }, now).await?));
        }
        if let Some(refusal) = self.kept_from(request, plan, way, now).await? {
            return Ok(Err(self.settle_refused(request, refusal, now).await?));
        }
        if let Err(settled) = said() {
            return Ok(Err(settled));
        }
        match self.check_again(request, plan, way, now).await? {
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
        way: &InTheWay,
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        if !request.verb.takes_away() {
            return Ok(None);
        }
        let environments = plan.places().into_iter().map(|at| at.environment);
        if let Some(freeze) = holding(&way.freezes, environments, now) {
            return Ok(Some(Refusal::Frozen { freeze: Box::new(freeze.clone()) }));
        }
        Ok(self.store.too_many(&self.counted(request, plan), now).await?.map(|too_many| Refusal::TooMany { too_many }))
    }

    /// As what it is counted, if it takes anything away.
    pub(super) fn counted(&self, request: &Request, plan: &Plan) -> Vec<Counted> {
        if !request.verb.takes_away() {
            return Vec::new();
        }
        self.rules.policy.limits.counted(request.requester.id, plan.places().into_iter().map(|at| at.environment))
    }
}
