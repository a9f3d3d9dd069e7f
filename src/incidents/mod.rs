//! Use cases about incidents: people take them on, leave them in peace for a while, mute what they know of. Each is judged
//! at its press, written once, and recorded.
//!
//! Nothing here knows Discord's interactions, and nothing here decides when something is said again: that is the monitor's.

mod boards;
mod mutes;
mod record;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

pub use self::boards::BoardAnswer;
pub use self::mutes::{MuteAnswer, ToMute, UnmuteAnswer};
use crate::domain::attention::{Unchanged, Wish};
use crate::domain::audit::Handling;
use crate::domain::authority::{At, Authority, Denied, Member, Person, Right};
use crate::domain::board::Board;
use crate::domain::connector::Environment;
use crate::domain::freeze::Freeze;
use crate::domain::ids::{Id, RoleId};
use crate::domain::incident::{Incident, Subject};
use crate::domain::mute::{Mute, badness};
use crate::domain::policy::{Picture, Policy};
use crate::domain::setup::Permission;
use crate::domain::when::{self, NotATime};
use crate::operations::{Asker, Trouble, Wake};
use crate::store::Store;
use crate::store::incidents::{Changed, Kept};

/// The longest snooze. What is to be quiet for longer is a mute, which has a reason and is told when it ends.
pub const LONGEST_SNOOZE: Duration = Duration::from_secs(7 * 86_400);

/// The use cases. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Incidents {
    store: Store,
    picture: watch::Receiver<Arc<Picture>>,
    rules: Arc<Rules>,
    wake: Wake,
}

/// What the use cases are ruled by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who may act.
    pub authority: Authority,
    /// Which environments there are, where their alerts are posted, and in which time zone times of day are said.
    pub policy: Policy,
}

/// What became of a press about an incident.
#[derive(Clone, Debug)]
pub enum Handled {
    /// It is done: the incident as it is kept now.
    Done(Box<Incident>),
    /// Nothing was done.
    Refused(Refused),
}

/// Why nothing was done; each has its sentence on screen and its words in the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The person may not.
    Denied(Denied),
    /// No such incident or mute is known.
    Unknown,
    /// Somebody was first.
    Unchanged(Unchanged),
    /// What was typed is no time until which something could be put off.
    NotATime {
        /// What was typed.
        said: String,
        /// What is wrong with it.
        why: NotATime,
    },
    /// There is no such environment or bot, or more than one.
    NotFound {
        /// What was looked for, in the person's words.
        what: String,
    },
    /// Neither an environment nor a bot was named.
    NothingNamed,
    /// No reason was given.
    NoReason,
    /// The same is muted already.
    MutedBefore(Box<Mute>),
    /// The mute is over already.
    MuteOver(Box<Mute>),
    /// No mute is on that fits.
    NotMuted,
    /// This board of the same stands in the channel already.
    BoardBefore(Box<Board>),
    /// The board was taken down already.
    BoardOver,
    /// We may not post in that channel.
    CannotPost {
        /// What is missing for that.
        lacks: Vec<Permission>,
    },
}

/// The open incidents, and the mutes that are on.
#[derive(Clone, Debug, Default)]
pub struct OpenAlerts {
    /// Worst first, then the oldest.
    pub incidents: Vec<Incident>,
    /// Those that end first before the others.
    pub mutes: Vec<Mute>,
    /// What keeps everybody from taking anything away somewhere.
    pub freezes: Vec<Freeze>,
}

/// What a person asks of an incident, in their words.
#[derive(Clone, Copy, Debug)]
pub enum Ask<'a> {
    /// Take it on.
    Acknowledge,
    /// Have it no longer.
    GiveBack,
    /// Leave it in peace: for so long, or until then.
    Snooze(&'a str),
    /// Not any more.
    Unsnooze,
}

impl Ask<'_> {
    /// What it is called in the record.
    pub fn handling(self) -> Handling {
        match self {
            Self::Acknowledge => Handling::Acknowledge,
            Self::GiveBack => Handling::GiveBack,
            Self::Snooze(_) => Handling::Snooze,
            Self::Unsnooze => Handling::Unsnooze,
        }
    }
}

impl Incidents {
    /// The use cases over a store and the published picture of the fleet.
    pub fn new(store: Store, picture: watch::Receiver<Arc<Picture>>, rules: Rules, wake: Wake) -> Self {
        Self { store, picture, rules: Arc::new(rules), wake }
    }

    /// The time zone in which times of day are said.
    pub fn zone(&self) -> &TimeZone {
        &self.rules.policy.timezone
    }

    /// Whether `member` may take on what is about this, from what the interaction says of them.
    ///
    /// # Errors
    /// Why not.
    pub fn may(&self, member: &Member, subject: &Subject) -> Result<(), Denied> {
        match subject.at() {
            Some(at) => self.rules.authority.judge(member, Right::Acknowledge, [at]),
            None => self.rules.authority.judge_any(member, Right::Acknowledge, &self.environments()),
        }
    }

    /// Does what a person asks of an incident, if they may and nobody was first.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn handle(&self, asker: &Asker, id: &Id, ask: Ask<'_>, now: Timestamp) -> Result<Handled, Trouble> {
        let handling = ask.handling();
        // Whoever else changes it meanwhile, the monitor included, makes this read it again; each round somebody is done.
        loop {
            let kept = match self.judged(asker, id, handling, now).await? {
                Ok(kept) => kept,
                Err(refused) => return Ok(Handled::Refused(refused)),
            };
            let incident = &kept.incident;
            let after = match self.taken(asker, incident, ask, now) {
                Ok(after) => after,
                Err(refused) => return self.refuse(asker, Some(incident), handling, refused, now).await,
            };
            let incident = Incident { attention: after, ..incident.clone() };
            let mut entry = record::done(asker, handling, &record::incident(&incident), None, now);
            entry.allowed_by = Some(self.by_which(&asker.member, Right::Acknowledge, incident.subject.at()));
            if self.store.handle_incident(&kept, &incident.attention, &entry, now).await? == Changed::Now {
                self.wake.delivery.notify_one();
                return Ok(Handled::Done(Box::new(incident)));
            }
        }
    }

    /// The incident, if the person may do something about it, which is not done yet: for a form that asks on.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn may_handle(
        &self,
        asker: &Asker,
        id: &Id,
        handling: Handling,
        now: Timestamp,
    ) -> Result<Handled, Trouble> {
        Ok(match self.judged(asker, id, handling, now).await? {
            Ok(kept) => Handled::Done(Box::new(kept.incident)),
            Err(refused) => Handled::Refused(refused),
        })
    }

    /// An incident as it is kept now, open or over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn incident(&self, id: &Id) -> Result<Option<Incident>, Trouble> {
        Ok(self.store.incident(id).await?.map(|kept| kept.incident))
    }

    /// What is open, in one environment or in all. What is about all of them is always there.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(&self, environment: Option<&Environment>) -> Result<OpenAlerts, Trouble> {
        let here = |of: Option<&Environment>| environment.is_none() || of.is_none() || of == environment;
        let open = self.store.open_incidents().await?.into_iter().map(|kept| kept.incident);
        let shown = |incident: &Incident| incident.has_own_card() && here(incident.subject.environment());
        let mut incidents: Vec<_> = open.filter(shown).collect();
        incidents.sort_by_key(|incident| (badness(incident), incident.opened_at));
        let mut mutes = self.store.mutes().await?;
        mutes.retain(|mute| here(mute.scope.environment.as_ref()));
        Ok(OpenAlerts { incidents, mutes, freezes: self.store.freezes().await? })
    }

    /// The open incident, if the person may do something about it; otherwise the refusal, recorded.
    async fn judged(
        &self,
        asker: &Asker,
        id: &Id,
        handling: Handling,
        now: Timestamp,
    ) -> Result<Result<Kept, Refused>, Trouble> {
        let kept = self.store.incident(id).await?;
        let refused = match &kept {
            None => Refused::Unknown,
            Some(Kept { incident, .. }) => match (self.may(&asker.member, &incident.subject), incident.resolved_at()) {
                (Err(denied), _) => Refused::Denied(denied),
                (Ok(()), Some(at)) => Refused::Unchanged(Unchanged::Over { at }),
                (Ok(()), None) => return Ok(kept.ok_or(Refused::Unknown)),
            },
        };
        let incident = kept.as_ref().map(|kept| &kept.incident);
        match self.refuse(asker, incident, handling, refused, now).await? {
            Handled::Refused(refused) => Ok(Err(refused)),
            Handled::Done(_) => Ok(Err(Refused::Unknown)),
        }
    }

    /// By which roles the person may do something here, or, where that is about every environment, in any of them.
    fn by_which(&self, member: &Member, right: Right, at: Option<At<'_>>) -> Vec<RoleId> {
        let authority = &self.rules.authority;
        match at {
            Some(at) => authority.by_which(member, right, [at]),
            None => authority.by_which(member, right, self.environments().iter().map(At::environment)),
        }
    }

    fn taken(
        &self,
        asker: &Asker,
        incident: &Incident,
        ask: Ask<'_>,
        now: Timestamp,
    ) -> Result<crate::domain::attention::Attention, Refused> {
        let wish = match ask {
            Ask::Acknowledge => Wish::Acknowledge,
            Ask::GiveBack => Wish::GiveBack,
            Ask::Unsnooze => Wish::Unsnooze,
            Ask::Snooze(said) => Wish::Snooze(self.until(said, LONGEST_SNOOZE, now)?),
        };
        incident.take(wish, &Person::from(&asker.member), now).map_err(Refused::Unchanged)
    }

    fn until(&self, said: &str, most: Duration, now: Timestamp) -> Result<Timestamp, Refused> {
        when::until(said, &self.rules.policy.timezone, most, now)
            .map_err(|why| Refused::NotATime { said: said.to_owned(), why })
    }

    async fn refuse(
        &self,
        asker: &Asker,
        incident: Option<&Incident>,
        handling: Handling,
        refused: Refused,
        now: Timestamp,
    ) -> Result<Handled, Trouble> {
        let about = incident.map(record::incident).unwrap_or_default();
        self.store.record(&record::refused(asker, handling, &about, &refused, now)).await?;
        Ok(Handled::Refused(refused))
    }

    /// Every environment that there is: by a connector there, or by the settings.
    fn environments(&self) -> Vec<Environment> {
        let mut known = self.picture.borrow().fleet.environments();
        known.extend(self.rules.policy.watched.iter().chain(&self.rules.policy.named).cloned());
        known.sort();
        known.dedup();
        known
    }
}
