//! Muting and unmuting: an environment, a bot, or a bot in an environment, by somebody who may act in all of it.

use std::time::Duration;

use jiff::Timestamp;

use super::record::About;
use super::{Incidents, Refused, record};
use crate::domain::attention::Done;
use crate::domain::audit::Handling;
use crate::domain::authority::{At, Denied, Member, Person, Right};
use crate::domain::connector::Bot;
use crate::domain::fleet::Fleet;
use crate::domain::ids::Id;
use crate::domain::mute::{Mute, MuteEnd, Scope};
use crate::operations::{Asker, Trouble, find_bot, find_environment};
use crate::store::mutes::{Muted, Unmuted};

/// The longest mute: one that nobody remembers would hide an outage.
const LONGEST_MUTE: Duration = Duration::from_secs(30 * 86_400);

/// What a command said, as it was typed or picked.
#[derive(Clone, Debug, Default)]
pub struct ToMute {
    /// The environment.
    pub environment: Option<String>,
    /// The bot.
    pub bot: Option<String>,
    /// For how long, or until when.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What a wish to mute came to.
#[derive(Clone, Debug)]
pub enum MuteAnswer {
    /// It is on.
    On(Box<Mute>),
    /// Nothing was done.
    Refused(Refused),
}

/// What a wish to unmute came to.
#[derive(Clone, Debug)]
pub enum UnmuteAnswer {
    /// It is over.
    Over(Box<Mute>),
    /// More than one fits: choose.
    Choose(Vec<Mute>),
    /// Nothing was done.
    Refused(Refused),
}

impl Incidents {
    /// Mutes what was named, if the person may act in all of it; what is muted already, for longer.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn mute(&self, asker: &Asker, said: &ToMute, now: Timestamp) -> Result<MuteAnswer, Trouble> {
        let handling = Handling::Mute;
        let mute = match self.to_be_muted(asker, said, now) {
            Ok(mute) => mute,
            Err(refusal) => {
                let (about, refused) = *refusal;
                self.store.record(&record::refused(asker, handling, &about, &refused, now)).await?;
                return Ok(MuteAnswer::Refused(refused));
            }
        };
        let about = record::scope(&mute.scope);
        let mut entry = record::done(asker, handling, &about, Some(&mute.reason), now);
        entry.allowed_by = Some(self.by_which(&asker.member, Right::Mute, mute.scope.at()));
        // Whoever else ends or prolongs it meanwhile makes this look again; each round somebody is done.
        loop {
            let other = match self.store.mute(&mute, &entry, now).await? {
                Muted::Now => {
                    self.ring();
                    return Ok(MuteAnswer::On(Box::new(mute)));
                }
                Muted::Before(other) => other,
            };
            let Some(longer) = other.prolonged_as(&mute) else {
                let refused = Refused::MutedBefore(other);
                self.store.record(&record::refused(asker, handling, &about, &refused, now)).await?;
                return Ok(MuteAnswer::Refused(refused));
            };
            if self.store.prolong_mute(&other, &longer, &entry, now).await? {
                self.ring();
                return Ok(MuteAnswer::On(Box::new(longer)));
            }
        }
    }

    /// Ends the mute that was named; of nothing at all, the only one.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn unmute(
        &self,
        asker: &Asker,
        environment: Option<&str>,
        bot: Option<&str>,
        now: Timestamp,
    ) -> Result<UnmuteAnswer, Trouble> {
        let mut mutes = self.store.mutes().await?;
        let picture = self.picture.borrow().clone();
        match self.scope(&picture.fleet, environment, bot) {
            Ok(scope) => mutes.retain(|mute| mute.scope.name() == scope.name()),
            Err(Refused::NothingNamed) => {}
            Err(refused) => return self.not_unmuted(asker, &About::default(), refused, now).await,
        }
        match mutes.as_slice() {
            [] => self.not_unmuted(asker, &About::default(), Refused::NotMuted, now).await,
            [only] => self.end_mute(asker, &only.id, now).await,
            _ => Ok(UnmuteAnswer::Choose(mutes)),
        }
    }

    /// Ends this mute.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn end_mute(&self, asker: &Asker, id: &Id, now: Timestamp) -> Result<UnmuteAnswer, Trouble> {
        let Some(mute) = self.store.mute_of(id).await? else {
            return self.not_unmuted(asker, &About::default(), Refused::Unknown, now).await;
        };
        let about = record::scope(&mute.scope);
        if let Err(denied) = self.may_mute(&asker.member, &mute.scope) {
            return self.not_unmuted(asker, &about, Refused::Denied(denied), now).await;
        }
        let end = MuteEnd::Unmuted(Done { by: Person::from(&asker.member), at: now });
        let mut entry = record::done(asker, Handling::Unmute, &about, None, now);
        entry.allowed_by = Some(self.by_which(&asker.member, Right::Mute, mute.scope.at()));
        match self.store.end_mute(id, end, Some(&entry), now).await? {
            Unmuted::Now(mute) => {
                self.ring();
                Ok(UnmuteAnswer::Over(mute))
            }
            Unmuted::Before(Some(mute)) => self.not_unmuted(asker, &about, Refused::MuteOver(mute), now).await,
            Unmuted::Before(None) => self.not_unmuted(asker, &about, Refused::Unknown, now).await,
        }
    }

    async fn not_unmuted(
        &self,
        asker: &Asker,
        about: &About,
        refused: Refused,
        now: Timestamp,
    ) -> Result<UnmuteAnswer, Trouble> {
        self.store.record(&record::refused(asker, Handling::Unmute, about, &refused, now)).await?;
        Ok(UnmuteAnswer::Refused(refused))
    }

    /// The mute that was asked for; or why not, with what it was about as far as that is known.
    fn to_be_muted(&self, asker: &Asker, said: &ToMute, now: Timestamp) -> Result<Mute, Box<(About, Refused)>> {
        let picture = self.picture.borrow().clone();
        let scope = self
            .scope(&picture.fleet, said.environment.as_deref(), said.bot.as_deref())
            .map_err(|refused| Box::new((About::default(), refused)))?;
        let about = record::scope(&scope);
        let refuse = |refused| Box::new((about.clone(), refused));
        self.may_mute(&asker.member, &scope).map_err(|denied| refuse(Refused::Denied(denied)))?;
        let until = said.until.as_deref().unwrap_or_default();
        let until = self.until(until, LONGEST_MUTE, now).map_err(refuse)?;
        let reason = said.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| refuse(Refused::NoReason))?.to_owned();
        let channel = scope.terms(&self.rules.policy).alert_channel;
        Ok(Mute {
            id: Id::random(),
            scope,
            by: Person::from(&asker.member),
            reason,
            at: now,
            until,
            channel,
            prolonged: None,
            ended: None,
        })
    }

    fn scope(&self, fleet: &Fleet, environment: Option<&str>, bot: Option<&str>) -> Result<Scope, Refused> {
        let not_found = |what: &str| Refused::NotFound { what: what.to_owned() };
        let environment = environment
            .map(|text| find_environment(self.environments(), text).ok_or_else(|| not_found(text)))
            .transpose()?;
        let bot = bot
            .map(|text| find_bot(fleet, environment.as_ref(), text).ok_or_else(|| not_found(text)))
            .transpose()?
            .map(|id| {
                let named = fleet.bots().iter().find(|view| view.bot.id == id).map(|view| view.bot.name.clone());
                Bot { name: named.unwrap_or_else(|| id.to_string()), id }
            });
        match (&environment, &bot) {
            (None, None) => Err(Refused::NothingNamed),
            _ => Ok(Scope { environment, bot }),
        }
    }

    /// Judged in every environment that it reaches into.
    fn may_mute(&self, member: &Member, scope: &Scope) -> Result<(), Denied> {
        let authority = &self.rules.authority;
        // A bot may come to any environment.
        let reached = scope.environment.clone().map_or_else(|| self.environments(), |environment| vec![environment]);
        if reached.is_empty() {
            return Err(Denied::CannotTell);
        }
        reached.iter().try_for_each(|environment| match &scope.bot {
            Some(bot) => authority.judge(member, Right::Mute, [At::bot(environment, &bot.id)]),
            None => authority.judge_all_of(member, Right::Mute, environment),
        })
    }

    /// The monitor shows it on the cards that it is about; the delivery says it.
    fn ring(&self) {
        self.wake.monitor.again();
        self.wake.delivery.notify_one();
    }
}
