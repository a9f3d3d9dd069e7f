//! Why somebody may or may not do something now, and why a bot is or is not in alert: the rules and facts, gathered.

use jiff::Timestamp;

use super::{Operations, Trouble};
use crate::domain::action::Verb;
use crate::domain::authority::{At, Denied, Member, Right, grants::Said};
use crate::domain::connector::{Bot, Environment};
use crate::domain::freeze::{Freeze, holding};
use crate::domain::ids::{BotId, RoleId};
use crate::domain::incident::{Incident, Subject};
use crate::domain::operation::Operation;
use crate::domain::operation::doubt::Doubt;
use crate::domain::policy::Terms;
use crate::domain::redundancy::Level;

/// How decisions about an environment, or a bot there, come about for one person.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The environment.
    pub environment: Environment,
    /// What is known of the bot, if one was asked about.
    pub bot: Option<Watched>,
    /// Every right that there is.
    pub rights: Vec<Judged>,
    /// What needs a second person there.
    pub second_person: Vec<Verb>,
    /// The freeze that holds there.
    pub frozen: Option<Freeze>,
    /// The operations that are under way on the bot there; of an environment as such, on any bot.
    pub under_way: Vec<Operation>,
    /// What operations that are over may still do to connectors there: until that is known, nobody counts on those.
    pub in_doubt: Vec<InDoubt>,
}

/// A call whose outcome is not known, though its operation is over.
#[derive(Clone, Debug)]
pub struct InDoubt {
    /// The call.
    pub doubt: Doubt,
    /// The name of its connector.
    pub name: String,
}

/// How one right was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The right.
    pub right: Right,
    /// The roles that have it; none stand for the members who manage the server.
    pub roles: Vec<RoleId>,
    /// Of what that is said.
    pub from: Said,
    /// By which of their roles the person has it; or why not.
    pub judged: Result<Vec<RoleId>, Denied>,
}

/// A bot as the monitor judges it.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The bot.
    pub bot: Bot,
    /// Its level now.
    pub level: Level,
    /// Healthy connectors: surely, and at best.
    pub healthy: (u32, u32),
    /// All of its connectors there.
    pub total: u32,
    /// The most healthy connectors that were ever seen at once.
    pub highest: u32,
    /// What is asked of it, and how patiently.
    pub terms: Terms,
    /// Its incident, suspected or open.
    pub incident: Option<Incident>,
}

impl Operations {
    /// Gathers what a decision about this environment, or this bot there, comes from.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn explain(
        &self,
        member: &Member,
        environment: &Environment,
        bot: Option<&BotId>,
        now: Timestamp,
    ) -> Result<Explained, Trouble> {
        let (freezes, open) = (self.store.freezes().await?, self.store.open_operations().await?);
        let touches = |operation: &Operation| {
            let here = operation.environment == *environment || operation.to.as_ref() == Some(environment);
            here && bot.is_none_or(|bot| operation.bot.id == *bot)
        };
        Ok(Explained {
            environment: environment.clone(),
            bot: self.watched(environment, bot, now).await?,
            rights: Right::all().map(|right| self.judged(member, right, At { environment, bot })).collect(),
            second_person: match bot {
                Some(bot) => self.rules.policy.terms(bot, environment).second_person.clone(),
                None => self.rules.policy.terms_in(environment).second_person.clone(),
            },
            frozen: holding(&freezes, [environment], now).cloned(),
            in_doubt: self.in_doubt(touches).await?,
            under_way: open.into_iter().filter(touches).collect(),
        })
    }

    /// What operations of these may still do, though they are over.
    async fn in_doubt(&self, of: impl Fn(&Operation) -> bool) -> Result<Vec<InDoubt>, Trouble> {
        let mut found = Vec::new();
        for doubt in self.store.doubts().await? {
            let operation = self.store.operation(&doubt.operation).await?.filter(&of);
            let target = operation.iter().flat_map(|operation| operation.targets.iter());
            let named = target.into_iter().find(|target| target.connector == doubt.connector);
            found.extend(named.map(|target| InDoubt { name: target.name.clone(), doubt }));
        }
        Ok(found)
    }

    fn judged(&self, member: &Member, right: Right, at: At<'_>) -> Judged {
        let authority = &self.rules.authority;
        let rule = authority.rule(right, at);
        let judged = authority.judge(member, right, [at]).map(|()| authority.by_which(member, right, [at]));
        Judged { right, roles: rule.roles.to_vec(), from: rule.from, judged }
    }

    async fn watched(
        &self,
        environment: &Environment,
        bot: Option<&BotId>,
        now: Timestamp,
    ) -> Result<Option<Watched>, Trouble> {
        let picture = self.picture.borrow().clone();
        let Some(view) = bot.and_then(|bot| picture.fleet.bot(bot, environment)) else { return Ok(None) };
        let policy = &self.rules.policy;
        let subject = Subject::Failover { bot: view.bot.clone(), environment: environment.clone() };
        let incident = self.store.open_incidents_on(&[subject]).await?.into_iter().next();
        Ok(Some(Watched {
            bot: view.bot.clone(),
            level: picture.level(view, policy, now),
            healthy: (view.healthy(), view.healthy_at_best()),
            total: view.total(),
            highest: picture.highest(view),
            terms: policy.terms(&view.bot.id, environment).clone(),
            incident: incident.map(|kept| kept.incident),
        }))
    }
}
