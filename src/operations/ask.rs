//! From a command to its prompt: what was said is understood, what was left out is asked, what is asked is planned.

use jiff::Timestamp;

use super::choose::{self, Narrowed};
use super::{Answer, Asker, Menu, Operations, Part, READ_AGAIN, Said, Settled, Trouble, record};
use crate::domain::action::Verb;
use crate::domain::audit::Verdict;
use crate::domain::authority::{At, Person};
use crate::domain::ids::Id;
use crate::domain::plan::Plan;
use crate::domain::policy::Picture;
use crate::domain::request::{Refusal, Request, RequestState};
use crate::store::requests::{Kept, Settled as Claimed};

impl Operations {
    /// Takes a new request, and answers with the next menu, the prompt, or a refusal.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn ask(&self, asker: &Asker, verb: Verb, said: Said, now: Timestamp) -> Result<Answer, Trouble> {
        let person = Person::from(&asker.member);
        let reason = said.reason.clone().filter(|reason| !reason.trim().is_empty());
        let mut request = Request::new(person, verb, reason, asker.channel, self.rules.confirmation_ttl, now);
        let picture = self.picture.borrow().clone();
        if picture.fleet.read_at().is_none() {
            return self.refuse(&request, Refusal::NotReady, now).await;
        }
        match choose::understand(&picture.fleet, &self.rules.policy, &said) {
            Ok(selection) => request.selection = selection,
            Err(refusal) => return self.refuse(&request, refusal, now).await,
        }
        self.narrow(asker, request, &picture, now).await
    }

    /// Takes what was chosen from a menu: of the connectors as many as the verb takes, of all else one.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn choose(
        &self,
        asker: &Asker,
        request: &Id,
        part: Part,
        values: &[String],
        now: Timestamp,
    ) -> Result<Answer, Trouble> {
        let mut request = match self.pressable(asker, request, RequestState::Choosing, now).await? {
            Ok(request) if part == Part::Connector && request.is_narrowed_by_its_prompt() => {
                match self.instead_of(asker, &request, now).await? {
                    Ok(anew) => anew,
                    Err(refusal) => return Ok(Answer::Refused(refusal)),
                }
            }
            Ok(request) if request.state == RequestState::Asked => return Ok(Answer::Confirm(request)),
            Ok(request) => request,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        let picture = self.picture.borrow().clone();
        let most = if part == Part::Connector && request.verb.takes_several() { values.len() } else { 1 };
        let values = values.get(..most).unwrap_or_default();
        if let Err(refusal) = choose::take(&picture.fleet, &self.rules.policy, &mut request.selection, part, values) {
            return self.refuse(&request, refusal, now).await;
        }
        self.narrow(asker, request, &picture, now).await
    }

    /// A new request for the same, in place of one whose prompt stands: that is cancelled, since a plan that was shown stays as it
    /// was, and a press that is on its way must not agree to another one.
    async fn instead_of(
        &self,
        asker: &Asker,
        request: &Request,
        now: Timestamp,
    ) -> Result<Result<Request, Refusal>, Trouble> {
        let entry = record::of_request(request, Verdict::Cancelled, "asked anew for some of them", now);
        match self.store.settle_request(request, RequestState::Cancelled, &entry).await? {
            Claimed::Now => {}
            Claimed::Before(Some(state)) => return Ok(Err(Refusal::Settled { state })),
            Claimed::Before(None) => return Ok(Err(Refusal::Unknown)),
        }
        let (person, reason) = (Person::from(&asker.member), request.reason.clone());
        let anew = Request::new(person, request.verb, reason, asker.channel, self.rules.confirmation_ttl, now);
        Ok(Ok(Request { selection: request.selection.clone(), ..anew }))
    }

    /// Answers an open request once more as it stands: the same menu (another page of it), or its prompt.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn again(&self, asker: &Asker, request: &Id, now: Timestamp) -> Result<Answer, Trouble> {
        let request = match self.pressable(asker, request, RequestState::Choosing, now).await? {
            Ok(request) if request.state == RequestState::Asked => return Ok(Answer::Confirm(request)),
            Ok(request) => request,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        let picture = self.picture.borrow().clone();
        self.narrow(asker, request, &picture, now).await
    }

    /// Asks anew for what a request of the same person asked for, from what can be read now. One that is still open is
    /// answered as it stands.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn plan_again(&self, asker: &Asker, request: &Id, now: Timestamp) -> Result<Answer, Trouble> {
        let before = match self.owned(asker, request, now).await? {
            Ok(before) if before.state.is_open() && !before.is_expired(now) => {
                return self.again(asker, request, now).await;
            }
            Ok(before) => before,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        let person = Person::from(&asker.member);
        let ttl = self.rules.confirmation_ttl;
        let anew = Request::new(person, before.verb, before.reason, asker.channel, ttl, now);
        let mut picture = Picture::clone(&self.picture.borrow());
        // What was refused at the click was held against a reading that the picture may not show yet.
        if let Some(bot) = &before.selection.bot
            && let Ok(Ok(reading)) = tokio::time::timeout(READ_AGAIN, self.lifecycle.connectors_of(bot)).await
        {
            picture.fleet.glimpse(reading.connectors, now);
        }
        self.narrow(asker, Request { selection: before.selection, ..anew }, &picture, now).await
    }

    async fn narrow(
        &self,
        asker: &Asker,
        mut request: Request,
        picture: &Picture,
        now: Timestamp,
    ) -> Result<Answer, Trouble> {
        let verb = request.verb;
        let may = |places: &[At<'_>]| self.may(&asker.member, verb, places);
        let doubted = self.doubted().await?;
        match choose::narrow(picture, &self.rules.policy, &mut request, may, &doubted, now) {
            Narrowed::Missing(part, choices) => {
                self.keep(request, |request| Answer::Choose(Menu { request, part, choices })).await
            }
            Narrowed::Planned(plan) => {
                if let Some(refusal) = self.kept_from(&request, &plan, now).await? {
                    return self.refuse(&request, refusal, now).await;
                }
                request.second_person = self.second_person(&plan);
                request.may_break_glass = request.second_person.is_some() && self.may_break_glass(asker, &plan).is_ok();
                request.plan = Some(*plan);
                request.state = RequestState::Asked;
                // The time to agree begins when the plan is shown.
                request.expires_at = now.saturating_add(self.rules.confirmation_ttl).unwrap_or(request.expires_at);
                let at_once = self.begins_at_once(&request);
                match self.keep(request, Answer::Confirm).await? {
                    Answer::Confirm(request) if at_once => self.begin_at_once(asker, &request.id, now).await,
                    other => Ok(other),
                }
            }
            Narrowed::Refused(refusal) => self.refuse(&request, refusal, now).await,
        }
    }

    /// Whether nobody has to agree to it: a start, where that is configured, of what need not be stopped for it.
    fn begins_at_once(&self, request: &Request) -> bool {
        let at_once = |plan: &Plan| self.rules.policy.terms(&plan.bot.id, &plan.environment).start_at_once;
        request.plan.as_ref().is_some_and(|plan| plan.verb == Verb::Start && !plan.stops() && at_once(plan))
    }

    /// Begins what nobody has to agree to, in the way in which all else is begun: judged, read again, claimed once.
    async fn begin_at_once(&self, asker: &Asker, request: &Id, now: Timestamp) -> Result<Answer, Trouble> {
        Ok(match self.confirm(asker, request, now).await? {
            Settled::Begun(operation) => Answer::Begun(operation),
            Settled::Refused(refusal) => Answer::Refused(refusal),
            Settled::Proposed => Answer::Refused(Refusal::Settled { state: RequestState::Proposed }),
            Settled::Cancelled => Answer::Refused(Refusal::Settled { state: RequestState::Cancelled }),
            // What something is to be typed for is asked as all else is.
            Settled::Unsaid { request, .. } | Settled::Unexplained { request, .. } => Answer::Confirm(*request),
        })
    }

    /// Keeps what was chosen, and answers with it. When another choice came first, the answer is what that came to: the
    /// message may show either last, and its button must do what it says.
    async fn keep(&self, request: Request, answer: impl FnOnce(Request) -> Answer) -> Result<Answer, Trouble> {
        Ok(match self.store.save_request(&request).await? {
            Kept::Now => answer(request),
            Kept::Before(Some(asked)) if asked.state == RequestState::Asked => Answer::Confirm(*asked),
            Kept::Before(Some(settled)) => Answer::Refused(Refusal::Settled { state: settled.state }),
            Kept::Before(None) => Answer::Refused(Refusal::Unknown),
        })
    }
}
