//! Freezing and unfreezing an environment, by somebody who has that right over all of it.

use std::time::Duration;

use jiff::Timestamp;

use super::choose::{environments, find_environment};
use super::{Asker, Operations, Trouble, record};
use crate::domain::attention::Done;
use crate::domain::audit::{Entry, Handling, Verdict};
use crate::domain::authority::{Denied, Person, Right};
use crate::domain::connector::Environment;
use crate::domain::freeze::{Freeze, FreezeEnd};
use crate::domain::ids::Id;
use crate::domain::when::{self, NotATime};
use crate::store::StoreError;
use crate::store::freezes::{Frozen, Unfrozen};

/// The longest freeze: one that nobody remembers keeps a team from its own bots.
const LONGEST_FREEZE: Duration = Duration::from_secs(30 * 86_400);

/// What a command said, as it was typed or picked.
#[derive(Clone, Debug, Default)]
pub struct ToFreeze {
    /// The environment.
    pub environment: Option<String>,
    /// Until when, or for how long.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What a wish to freeze or to unfreeze came to.
#[derive(Clone, Debug)]
pub enum FreezeAnswer {
    /// It is frozen.
    On(Box<Freeze>),
    /// It is frozen no longer.
    Over(Box<Freeze>),
    /// Nothing was done.
    Refused(FreezeRefused),
}

/// Why nothing was done; each has its sentence on screen and its words in the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FreezeRefused {
    /// The person may not.
    Denied(Denied),
    /// There is no such environment.
    NotFound {
        /// What was looked for, in the person's words.
        what: String,
    },
    /// What was typed is no time until which something could be frozen.
    NotATime {
        /// What was typed.
        said: String,
        /// What is wrong with it.
        why: NotATime,
    },
    /// No reason was given.
    NoReason,
    /// It is frozen already.
    FrozenBefore(Box<Freeze>),
    /// That freeze is over.
    Over(Box<Freeze>),
    /// It is not frozen.
    NotFrozen {
        /// Which.
        environment: Environment,
    },
    /// No such freeze is known.
    Unknown,
}

impl Operations {
    /// Freezes an environment.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn freeze(&self, asker: &Asker, said: &ToFreeze, now: Timestamp) -> Result<FreezeAnswer, Trouble> {
        let freeze = match self.to_be_frozen(asker, said, now) {
            Ok(freeze) => freeze,
            Err(refusal) => {
                let (environment, refused) = *refusal;
                return self.not_frozen(asker, Handling::Freeze, environment.as_ref(), refused, now).await;
            }
        };
        let entry = self.done(asker, Handling::Freeze, &freeze, now);
        match self.store.freeze(&freeze, &entry, now).await? {
            Frozen::Now => {
                self.ring();
                Ok(FreezeAnswer::On(Box::new(freeze)))
            }
            Frozen::Before(other) => {
                let refused = FreezeRefused::FrozenBefore(other);
                self.not_frozen(asker, Handling::Freeze, Some(&freeze.environment), refused, now).await
            }
        }
    }

    /// Ends the freeze of an environment.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn unfreeze(&self, asker: &Asker, environment: &str, now: Timestamp) -> Result<FreezeAnswer, Trouble> {
        let Some(environment) = self.environment(environment) else {
            let refused = FreezeRefused::NotFound { what: environment.to_owned() };
            return self.not_frozen(asker, Handling::Unfreeze, None, refused, now).await;
        };
        let freezes = self.store.freezes().await?;
        match freezes.iter().find(|freeze| freeze.environment == environment) {
            Some(freeze) => self.end_freeze(asker, &freeze.id, now).await,
            None => {
                let refused = FreezeRefused::NotFrozen { environment: environment.clone() };
                self.not_frozen(asker, Handling::Unfreeze, Some(&environment), refused, now).await
            }
        }
    }

    /// Ends this freeze.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn end_freeze(&self, asker: &Asker, id: &Id, now: Timestamp) -> Result<FreezeAnswer, Trouble> {
        let handling = Handling::Unfreeze;
        let Some(freeze) = self.store.freeze_of(id).await? else {
            return self.not_frozen(asker, handling, None, FreezeRefused::Unknown, now).await;
        };
        let environment = Some(&freeze.environment);
        if let Err(denied) = self.may_freeze(asker, &freeze.environment) {
            return self.not_frozen(asker, handling, environment, FreezeRefused::Denied(denied), now).await;
        }
        let end = FreezeEnd::Unfrozen(Done { by: Person::from(&asker.member), at: now });
        let entry = self.done(asker, handling, &freeze, now);
        match self.store.end_freeze(id, end, Some(&entry), now).await? {
            Unfrozen::Now(freeze) => {
                self.ring();
                Ok(FreezeAnswer::Over(freeze))
            }
            Unfrozen::Before(Some(other)) => {
                self.not_frozen(asker, handling, environment, FreezeRefused::Over(other), now).await
            }
            Unfrozen::Before(None) => self.not_frozen(asker, handling, environment, FreezeRefused::Unknown, now).await,
        }
    }

    /// Ends freezes whose time is over. How many there were.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn thaw(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut ended = 0;
        for freeze in self.store.freezes().await?.iter().filter(|freeze| freeze.is_over(now)) {
            if let Unfrozen::Now(_) = self.store.end_freeze(&freeze.id, FreezeEnd::Over { at: now }, None, now).await? {
                tracing::info!(freeze = freeze.id.reference(), environment = %freeze.environment, "its time is over");
                ended += 1;
            }
        }
        if ended > 0 {
            self.ring();
        }
        Ok(ended)
    }

    /// The freeze that was asked for; or why not, with the environment as far as that is known.
    fn to_be_frozen(
        &self,
        asker: &Asker,
        said: &ToFreeze,
        now: Timestamp,
    ) -> Result<Freeze, Box<(Option<Environment>, FreezeRefused)>> {
        let named = said.environment.as_deref().unwrap_or_default();
        let found = self.environment(named);
        let environment = found.ok_or_else(|| Box::new((None, FreezeRefused::NotFound { what: named.to_owned() })))?;
        let refuse = |refused| Box::new((Some(environment.clone()), refused));
        self.may_freeze(asker, &environment).map_err(|denied| refuse(FreezeRefused::Denied(denied)))?;
        let until = said.until.as_deref().unwrap_or_default();
        let until = when::until(until, &self.rules.policy.timezone, LONGEST_FREEZE, now)
            .map_err(|why| refuse(FreezeRefused::NotATime { said: until.to_owned(), why }))?;
        let reason = said.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| refuse(FreezeRefused::NoReason))?.to_owned();
        Ok(Freeze {
            id: Id::random(),
            channel: self.rules.policy.terms_in(&environment).alert_channel,
            environment,
            by: Person::from(&asker.member),
            reason,
            at: now,
            until,
            ended: None,
        })
    }

    fn may_freeze(&self, asker: &Asker, environment: &Environment) -> Result<(), Denied> {
        self.rules.authority.judge_all_of(&asker.member, Right::Freeze, environment)
    }

    fn environment(&self, named: &str) -> Option<Environment> {
        let picture = self.picture.borrow().clone();
        find_environment(environments(&picture.fleet, &self.rules.policy), named)
    }

    fn done(&self, asker: &Asker, handling: Handling, freeze: &Freeze, now: Timestamp) -> Entry {
        let places = self.rules.authority.ruled_in(&freeze.environment);
        Entry {
            reason: (handling == Handling::Freeze).then(|| freeze.reason.clone()),
            allowed_by: Some(self.rules.authority.by_which(&asker.member, Right::Freeze, places)),
            ..record::of_handling(asker, handling, Some(&freeze.environment), Verdict::Done, "written", now)
        }
    }

    async fn not_frozen(
        &self,
        asker: &Asker,
        handling: Handling,
        environment: Option<&Environment>,
        refused: FreezeRefused,
        now: Timestamp,
    ) -> Result<FreezeAnswer, Trouble> {
        let why = why(&refused);
        self.store.record(&record::of_handling(asker, handling, environment, Verdict::Denied, &why, now)).await?;
        Ok(FreezeAnswer::Refused(refused))
    }

    /// The monitor shows it on every status; the delivery says it.
    fn ring(&self) {
        self.wake.monitor.again();
        self.wake.delivery.notify_one();
    }
}

fn why(refused: &FreezeRefused) -> String {
    match refused {
        FreezeRefused::Denied(denied) => record::denial(denied),
        FreezeRefused::NotFound { what } => format!("not found: {what}"),
        FreezeRefused::NotATime { said, why } => format!("no time to freeze it until: {said:?} ({why:?})"),
        FreezeRefused::NoReason => "no reason was given".to_owned(),
        FreezeRefused::FrozenBefore(freeze) => format!("frozen before by {}", freeze.by.name),
        FreezeRefused::Over(_) => "the freeze is over".to_owned(),
        FreezeRefused::NotFrozen { .. } => "not frozen".to_owned(),
        FreezeRefused::Unknown => "unknown freeze".to_owned(),
    }
}
