//! Use cases: a request is asked, narrowed with menus, confirmed, cancelled or expires; the runner carries it out.
//!
//! Nothing here knows Discord's interactions: the front acknowledges, calls, and renders what comes back.

mod approve;
mod check;
mod choose;
mod doubts;
mod explain;
mod freezes;
mod glass;
mod guide;
mod record;
mod runner;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub use self::choose::{Choice, Part, Said};
pub(crate) use self::choose::{find_bot, find_environment};
pub use self::explain::{Explained, InDoubt, Judged, Watched};
pub use self::freezes::{FreezeAnswer, FreezeRefused, ToFreeze};
pub use self::glass::Form;
pub use self::guide::{Guided, Left};
pub(crate) use self::record::denial;
pub use self::runner::{Runner, Stepped};
use crate::domain::action::Verb;
use crate::domain::audit::Verdict;
use crate::domain::authority::{At, Authority, Denied, Member, Person, Right, Rights};
use crate::domain::connector::Connector;
use crate::domain::ids::{ChannelId, ConnectorId, Id};
use crate::domain::operation::Operation;
use crate::domain::pace::Counted;
use crate::domain::plan::{Consent, Plan};
use crate::domain::policy::{Picture, Policy};
use crate::domain::request::{Refusal, Request, RequestState};
use crate::lifecycle::{LifecycleClient, Pushes};
use crate::store::requests::{Confirmed, Kept, Settled as Claimed};
use crate::store::{Store, StoreError};

use self::choose::Narrowed;

/// How often overdue requests are looked for; a press judges the time for itself.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);

/// How long a reading may take before something is planned from what is known.
const READ_AGAIN: Duration = Duration::from_secs(2);

/// The use cases. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Operations {
    store: Store,
    lifecycle: LifecycleClient,
    picture: watch::Receiver<Arc<Picture>>,
    rules: Arc<Rules>,
    wake: Wake,
}

/// What the use cases are ruled by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who may act.
    pub authority: Authority,
    /// What is asked of each bot.
    pub policy: Policy,
    /// How long a prompt may be confirmed.
    pub confirmation_ttl: Duration,
}

/// Whom to wake when something was written for them.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    /// The runner: an operation is due.
    pub runner: Arc<Notify>,
    /// The delivery: a message has something new to say.
    pub delivery: Arc<Notify>,
    /// The monitor: a connector changed by our own doing, so look at it now.
    pub monitor: Arc<Pushes>,
}

/// Who acts, and where.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The member, as Discord described them with this interaction.
    pub member: Member,
    /// The channel of the interaction.
    pub channel: ChannelId,
    /// The interaction's id: the name, in the record, of what never became a request.
    pub interaction: u64,
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Something was left out: choose it.
    Choose(Menu),
    /// All is known: confirm it. (Its plan is there, and its state is asked.)
    Confirm(Request),
    /// Nobody had to agree to it: this operation carries it out.
    Begun(Box<Operation>),
    /// It is not to be.
    Refused(Refusal),
}

/// A menu for what was left out.
#[derive(Clone, Debug)]
pub struct Menu {
    /// The request so far.
    pub request: Request,
    /// What is to be chosen.
    pub part: Part,
    /// All choices; the front pages them.
    pub choices: Vec<Choice>,
}

/// How a press settled a request.
#[derive(Clone, Debug)]
pub enum Settled {
    /// Confirmed: this operation carries it out.
    Begun(Box<Operation>),
    /// Confirmed, and it waits for a second person.
    Proposed,
    /// Cancelled.
    Cancelled,
    /// This is to be typed first: the plan says what it costs. Nothing was done, and the prompt stands.
    Unsaid {
        /// The request, with its plan.
        request: Box<Request>,
        /// What is to be typed.
        wanted: String,
    },
    /// Why it cannot wait for the second person is to be said first. Nothing was done, and all stands as it was.
    Unexplained {
        /// The request, with its plan.
        request: Box<Request>,
        /// What is to be typed besides, if anything.
        wanted: Option<String>,
    },
    /// Refused.
    Refused(Refusal),
}

/// Something of ours failed. `Display` is for the log, [`Trouble::person`] for the person; the reference ties them.
#[derive(Debug, thiserror::Error)]
#[error("{source} (ref {reference})")]
pub struct Trouble {
    reference: String,
    source: StoreError,
}

impl Trouble {
    /// What to look for in the log.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What the person reads.
    pub fn person(&self) -> String {
        format!(
            "Nothing was changed: Botswain could not write to its own database. Try again in a minute; if it stays, tell \
             whoever runs Botswain (ref {}).",
            self.reference
        )
    }
}

impl From<StoreError> for Trouble {
    fn from(source: StoreError) -> Self {
        Self { reference: Id::random().reference().to_owned(), source }
    }
}

impl Operations {
    /// The use cases over a store, a lifecycle service and the published picture of the fleet.
    pub fn new(
        store: Store,
        lifecycle: LifecycleClient,
        picture: watch::Receiver<Arc<Picture>>,
        rules: Rules,
        wake: Wake,
    ) -> Self {
        Self { store, lifecycle, picture, rules: Arc::new(rules), wake }
    }

    /// Whether `member` may do this at all of `places`, from what the interaction says of them. Where the bot is not known
    /// yet: whether they may do it there to any.
    ///
    /// # Errors
    /// Why not.
    pub fn may(&self, member: &Member, verb: Verb, places: &[At<'_>]) -> Result<(), Denied> {
        places.iter().try_for_each(|at| self.rights(member).judge(Right::Change(verb), *at))
    }

    /// What `member` may do, for what is offered.
    pub fn rights<'a>(&'a self, member: &'a Member) -> Rights<'a> {
        Rights { authority: &self.rules.authority, member }
    }

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
        if let Err(denied) = self.may(&asker.member, request.verb, &places) {
            return self.settle_refused(&request, Refusal::Denied { denied }, now).await;
        }
        if let Some(refusal) = self.kept_from(&request, &plan, now).await? {
            return self.settle_refused(&request, refusal, now).await;
        }
        if let Consent::Typed(wanted) = plan.consent() {
            match typed {
                None => return Ok(Settled::Unsaid { request: Box::new(request), wanted }),
                Some(text) if !plan.is_typed(text) => return Ok(Settled::Refused(Refusal::Mistyped { wanted })),
                Some(_) => {}
            }
        }
        let fresh = match self.check_again(&request, &plan, now).await? {
            Ok(fresh) => fresh,
            Err(refusal) => return self.settle_refused(&request, refusal, now).await,
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
    async fn carry_out(
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

    /// Records what never became a request: a press that names nothing we know, what came from where nobody may act, or
    /// what could not be acknowledged.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn record_refused(&self, asker: &Asker, what: &str, now: Timestamp) -> Result<(), Trouble> {
        self.store.record(&record::of_stranger(asker, what, now)).await?;
        Ok(())
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

    /// The request, if `asker` owns it; otherwise the refusal, recorded.
    async fn owned(&self, asker: &Asker, id: &Id, now: Timestamp) -> Result<Result<Request, Refusal>, Trouble> {
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
    async fn pressable(
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

    /// What keeps everybody from carrying out a plan now, whoever may: a freeze, or too many changes just before. A start only
    /// ever gives back, so nothing keeps from it.
    async fn kept_from(&self, request: &Request, plan: &Plan, now: Timestamp) -> Result<Option<Refusal>, StoreError> {
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
    fn counted(&self, request: &Request, plan: &Plan) -> Vec<Counted> {
        if !request.verb.takes_away() {
            return Vec::new();
        }
        self.rules.policy.limits.counted(request.requester.id, plan.places().into_iter().map(|at| at.environment))
    }

    async fn refuse(&self, request: &Request, refusal: Refusal, now: Timestamp) -> Result<Answer, Trouble> {
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

    async fn settle_refused(&self, request: &Request, refusal: Refusal, now: Timestamp) -> Result<Settled, Trouble> {
        if refusal == Refusal::Expired {
            return self.settle_expired(request, now).await;
        }
        let entry = record::of_refusal(request, &refusal, now);
        Ok(match self.store.settle_request(request, RequestState::Refused, &entry).await? {
            Claimed::Now | Claimed::Before(None) => Settled::Refused(refusal),
            Claimed::Before(Some(state)) => Settled::Refused(Refusal::Settled { state }),
        })
    }

    async fn settle_expired(&self, request: &Request, now: Timestamp) -> Result<Settled, Trouble> {
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

/// The connector of `id` in the picture, if it was there when the fleet was last read.
fn in_picture<'a>(picture: &'a Picture, id: &ConnectorId) -> Option<&'a Connector> {
    picture.fleet.connector(id).map(|sighting| &sighting.connector)
}
