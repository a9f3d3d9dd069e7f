//! Breaking the glass: whoever may, says why, and what they asked for is begun without the second person whom it needs. It
//! stands for that person's agreement and for nothing else, and it is said where alerts come.

use jiff::Timestamp;

use super::{Asker, Operations, Settled, Trouble, record};
use crate::domain::audit::{Entry, Verdict};
use crate::domain::authority::{Denied, Right};
use crate::domain::glass::Glass;
use crate::domain::ids::{ChannelId, Id};
use crate::domain::plan::{Consent, Plan};
use crate::domain::request::{Refusal, Request, RequestState};

/// What was typed to break the glass.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Why it cannot wait.
    pub why: String,
    /// What the plan wants typed, if it does.
    pub name: String,
}

impl Operations {
    /// Takes the press of whoever asked and does not wait for the second person; `form` is what they typed, once they did. It is
    /// judged at the click like any confirmation, held against a fresh reading, and claimed once. Who may not, ends nothing: it
    /// waits on for the second person.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn break_glass(
        &self,
        asker: &Asker,
        request: &Id,
        form: Option<&Form>,
        now: Timestamp,
    ) -> Result<Settled, Trouble> {
        let request = match self.owned(asker, request, now).await? {
            Ok(request) => request,
            Err(refusal) => return Ok(Settled::Refused(refusal)),
        };
        let plan = match &request.plan {
            Some(plan) if matches!(request.state, RequestState::Asked | RequestState::Proposed) => plan.clone(),
            _ => return Ok(Settled::Refused(Refusal::Settled { state: request.state })),
        };
        if request.is_expired(now) {
            return self.settle_expired(&request, now).await;
        }
        let glass = Glass { why: why(form), allowed_by: Vec::new(), said_in: self.alert_channels(&plan) };
        if let Err(refusal) = self.is_there_glass(asker, &request, &plan) {
            self.record_unbroken(asker, &request, glass, &refusal, now).await?;
            return Ok(Settled::Refused(refusal));
        }
        let allowed_by = self.rules.authority.by_which(&asker.member, Right::BreakGlass, plan.places());
        let glass = Glass { allowed_by, ..glass };
        let by = self.rules.authority.by_which(&asker.member, Right::Change(request.verb), plan.places());
        let broken = Request { glass: Some(glass), allowed_by: Some(by), ..request.clone() };
        let wanted = match plan.consent() {
            Consent::Typed(wanted) => Some(wanted),
            Consent::Press => None,
        };
        let said = || match form {
            None => Err(Settled::Unexplained { request: Box::new(request.clone()), wanted }),
            Some(form) if why(Some(form)).is_empty() => Err(Settled::Refused(Refusal::Unexplained)),
            Some(form) => match wanted.filter(|_| !plan.is_typed(&form.name)) {
                Some(wanted) => Err(Settled::Refused(Refusal::Mistyped { wanted })),
                None => Ok(()),
            },
        };
        let may = self.may(&asker.member, request.verb, &plan.places());
        let fresh = match self.judge_click(&broken, &plan, may, said, now).await? {
            Ok(fresh) => fresh,
            Err(settled) => return Ok(settled),
        };
        self.carry_out(&broken, &plan, &fresh, now).await
    }

    /// Whether somebody may do without the second person, wherever the plan acts.
    pub(super) fn may_break_glass(&self, asker: &Asker, plan: &Plan) -> Result<(), Denied> {
        self.rules.authority.judge(&asker.member, Right::BreakGlass, plan.places())
    }

    fn is_there_glass(&self, asker: &Asker, request: &Request, plan: &Plan) -> Result<(), Refusal> {
        if request.second_person.is_none() && self.second_person(plan).is_none() {
            return Err(Refusal::NoGlass);
        }
        self.may_break_glass(asker, plan).map_err(|denied| Refusal::Denied { denied })
    }

    /// The request goes on as it is, so what was refused has a record of its own.
    async fn record_unbroken(
        &self,
        asker: &Asker,
        request: &Request,
        glass: Glass,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let what = format!("breaking the glass for request {}: {}", request.id, record::why(refusal));
        let entry = record::of_request(request, Verdict::Denied, &what, now);
        let about = record::of_stranger(asker, &what, now).about;
        self.store.record(&Entry { about, glass: Some(Glass { said_in: Vec::new(), ..glass }), ..entry }).await?;
        Ok(())
    }

    /// Where alerts of what it touches come, each channel once.
    fn alert_channels(&self, plan: &Plan) -> Vec<ChannelId> {
        let mut channels = Vec::new();
        for at in plan.places() {
            let channel = self.rules.policy.terms(&plan.bot.id, at.environment).alert_channel;
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        channels
    }
}

fn why(form: Option<&Form>) -> String {
    form.map(|form| form.why.trim().to_owned()).unwrap_or_default()
}
