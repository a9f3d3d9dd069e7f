//! What is asked of each bot, how patiently it is judged and whom it may call; and the picture of the fleet that is judged by it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::action::Verb;
use super::connector::Environment;
use super::fleet::{BotView, Fleet};
use super::freeze::Freeze;
use super::ids::{BotId, ChannelId, RoleId};
use super::pace::Limits;
use super::redundancy::{Level, judge};

/// How long what needs a second person waits for one, where nothing is said.
const APPROVAL_TTL: Duration = Duration::from_secs(1800);

/// What holds for each bot: what is said of all, of its environment, and of the bot itself, the nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The environments in which a minimum is asked for. Elsewhere nothing is asked, unless the environment or the bot has a
    /// minimum of its own.
    pub watched: Vec<Environment>,
    /// Environments that the settings name in any way: they are there, though nothing may be deployed to them yet.
    pub named: Vec<Environment>,
    /// How many bots that fail at once are one storm; 0 is never.
    pub storm_bots: u32,
    /// How long what needs a second person waits for one.
    pub approval_ttl: Duration,
    /// How many changes within a short time are too many.
    pub limits: Limits,
    /// The time zone in which people here read "tomorrow at nine".
    pub timezone: TimeZone,
    everywhere: Terms,
    /// Where nothing is asked.
    elsewhere: Terms,
    places: BTreeMap<Environment, Place>,
}

/// What holds for one bot in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The least number of healthy connectors; 0 where nothing is asked.
    pub minimum: u32,
    /// The most concurrent conversations for each healthy connector that need no advice.
    pub load: u32,
    /// How long a connector may take from its start until it is healthy.
    pub start_grace: Duration,
    /// Whether a start is begun without asking to confirm it.
    pub start_at_once: bool,
    /// What somebody else must agree to before it is done.
    pub second_person: Vec<Verb>,
    /// How long too few must be healthy until that is an incident.
    pub alert_after: Duration,
    /// How long none may be healthy until that is an incident, if that is sooner.
    pub outage_after: Duration,
    /// How long a bot must be well until its incident is over.
    pub recover_after: Duration,
    /// How long after its end an incident is the same one if it comes back.
    pub reopen_within: Duration,
    /// How long an incident may be open until it is said again; `None` is never.
    pub remind_after: Option<Duration>,
    /// How long an incident may go unacknowledged until others are called; `None` is never.
    pub escalate_after: Option<Duration>,
    /// Where incidents are posted.
    pub alert_channel: ChannelId,
    /// The roles that an alert mentions.
    pub alert_roles: Vec<RoleId>,
    /// The roles that are called when nobody acknowledges.
    pub escalation_roles: Vec<RoleId>,
}

/// What an environment or a bot has of its own, in place of what holds around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of the same name of the terms")]
pub struct Own {
    pub minimum: Option<u32>,
    pub load: Option<u32>,
    pub start_grace: Option<Duration>,
    pub start_at_once: Option<bool>,
    pub second_person: Option<Vec<Verb>>,
    pub alert_after: Option<Duration>,
    pub outage_after: Option<Duration>,
    pub recover_after: Option<Duration>,
    pub reopen_within: Option<Duration>,
    pub remind_after: Option<Option<Duration>>,
    pub escalate_after: Option<Option<Duration>>,
    pub alert_channel: Option<ChannelId>,
    pub alert_roles: Option<Vec<RoleId>>,
    pub escalation_roles: Option<Vec<RoleId>>,
}

/// What an environment has of its own, and its bots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnOfEnvironment {
    /// For all bots here.
    pub all: Own,
    /// For single bots.
    pub bots: BTreeMap<BotId, Own>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    terms: Terms,
    bots: BTreeMap<BotId, Terms>,
}

impl Own {
    fn over(&self, around: &Terms) -> Terms {
        let own = self.clone();
        Terms {
            minimum: own.minimum.unwrap_or(around.minimum),
            load: own.load.unwrap_or(around.load),
            start_grace: own.start_grace.unwrap_or(around.start_grace),
            start_at_once: own.start_at_once.unwrap_or(around.start_at_once),
            second_person: own.second_person.unwrap_or_else(|| around.second_person.clone()),
            alert_after: own.alert_after.unwrap_or(around.alert_after),
            outage_after: own.outage_after.unwrap_or(around.outage_after),
            recover_after: own.recover_after.unwrap_or(around.recover_after),
            reopen_within: own.reopen_within.unwrap_or(around.reopen_within),
            remind_after: own.remind_after.unwrap_or(around.remind_after),
            escalate_after: own.escalate_after.unwrap_or(around.escalate_after),
            alert_channel: own.alert_channel.unwrap_or(around.alert_channel),
            alert_roles: own.alert_roles.unwrap_or_else(|| around.alert_roles.clone()),
            escalation_roles: own.escalation_roles.unwrap_or_else(|| around.escalation_roles.clone()),
        }
    }
}

/// Nothing is asked anywhere, nothing is waited for, and nobody is called.
impl Default for Policy {
    fn default() -> Self {
        Self::new(Terms::default(), Vec::new(), BTreeMap::new())
    }
}

impl Policy {
    /// A policy of what holds everywhere (its minimum: in the environments that are watched), and of what some places have of
    /// their own. It knows no storms and no limits, and its people live by UTC.
    pub fn new(everywhere: Terms, watched: Vec<Environment>, own: BTreeMap<Environment, OwnOfEnvironment>) -> Self {
        let elsewhere = Terms { minimum: 0, ..everywhere.clone() };
        let named = own.keys().cloned().collect();
        let mut places = BTreeMap::new();
        for (environment, own) in own {
            let around = if watched.contains(&environment) { &everywhere } else { &elsewhere };
            let terms = own.all.over(around);
            let bots = own.bots.into_iter().map(|(bot, own)| (bot, own.over(&terms))).collect();
            places.insert(environment, Place { terms, bots });
        }
        for environment in &watched {
            let plain = || Place { terms: everywhere.clone(), bots: BTreeMap::new() };
            places.entry(environment.clone()).or_insert_with(plain);
        }
        Self {
            watched,
            named,
            storm_bots: 0,
            limits: Limits::default(),
            approval_ttl: APPROVAL_TTL,
            timezone: TimeZone::UTC,
            everywhere,
            elsewhere,
            places,
        }
    }

    /// What holds for a bot in an environment.
    pub fn terms(&self, bot: &BotId, environment: &Environment) -> &Terms {
        let place = self.places.get(environment);
        place.map_or(&self.elsewhere, |place| place.bots.get(bot).unwrap_or(&place.terms))
    }

    /// What holds for an environment as a whole.
    pub fn terms_in(&self, environment: &Environment) -> &Terms {
        self.places.get(environment).map_or(&self.elsewhere, |place| &place.terms)
    }

    /// What holds for what is no bot's and no environment's.
    pub fn everywhere(&self) -> &Terms {
        &self.everywhere
    }

    /// Every set of terms that there is.
    pub fn all_terms(&self) -> impl Iterator<Item = &Terms> {
        let of_places = self.places.values().flat_map(|place| std::iter::once(&place.terms).chain(place.bots.values()));
        std::iter::once(&self.everywhere).chain(of_places)
    }

    /// The least number of healthy connectors wanted of a bot; 0 where nothing is asked.
    pub fn minimum(&self, bot: &BotId, environment: &Environment) -> u32 {
        self.terms(bot, environment).minimum
    }
}

/// The highest count of healthy connectors ever seen of each bot in each environment. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct HighestSeen(Arc<BTreeMap<Environment, HashMap<BotId, u32>>>);

impl HighestSeen {
    /// The highest count of this bot here; 0 if it was never seen.
    pub fn of(&self, bot: &BotId, environment: &Environment) -> u32 {
        self.0.get(environment).and_then(|bots| bots.get(bot)).copied().unwrap_or(0)
    }

    /// Takes in a count, and says whether it is higher than any before.
    pub fn raise(&mut self, bot: &BotId, environment: &Environment, healthy: u32) -> bool {
        let higher = healthy > self.of(bot, environment);
        if higher {
            Arc::make_mut(&mut self.0).entry(environment.clone()).or_default().insert(bot.clone(), healthy);
        }
        higher
    }
}

/// The fleet as the whole process sees it now: rebuilt by the first poll, and published by the monitor. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The fleet.
    pub fleet: Fleet,
    /// The highest counts ever seen (the store's copy outlives us).
    pub highest: HighestSeen,
    /// Why the last poll failed, in the lifecycle client's sentence for people; `None` when it did not.
    pub trouble: Option<String>,
    /// The freezes that were on then, for what is shown: whether something may be done, the store says.
    pub freezes: Arc<[Freeze]>,
}

impl Picture {
    /// The highest count of healthy connectors ever seen of this bot here.
    pub fn highest(&self, view: &BotView) -> u32 {
        self.highest.of(&view.bot.id, &view.environment).max(view.healthy())
    }

    /// The level of a bot.
    pub fn level(&self, view: &BotView, policy: &Policy, now: Timestamp) -> Level {
        let terms = policy.terms(&view.bot.id, &view.environment);
        judge(view, terms.minimum, self.highest(view), terms.start_grace, now)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two are asked of each bot in Production, a start takes at most five minutes, and nothing is waited for.
    pub(crate) fn policy() -> Policy {
        let terms = Terms { minimum: 2, load: 50, start_grace: Duration::from_secs(300), ..Terms::default() };
        Policy::new(terms, vec![Environment::new("production")], BTreeMap::new())
    }

    #[test]
    fn a_bot_outranks_its_environment_and_nothing_is_asked_elsewhere() {
        let (demo, production) = (Environment::new("demo"), Environment::new("production"));
        let (billing, faq) = (BotId::new("billing"), BotId::new("faq"));
        let asks = |minimum| Own { minimum: Some(minimum), ..Own::default() };
        let of_faq = OwnOfEnvironment { all: Own::default(), bots: BTreeMap::from([(faq.clone(), asks(1))]) };
        let own = BTreeMap::from([(production.clone(), of_faq)]);
        let everywhere = Terms { minimum: 2, ..Terms::default() };
        let policy = Policy::new(everywhere.clone(), vec![production.clone()], own.clone());
        assert_eq!(policy.minimum(&billing, &production), 2);
        assert_eq!(policy.minimum(&faq, &production), 1);
        assert_eq!(policy.minimum(&faq, &demo), 0);
        let of_demo = OwnOfEnvironment { all: asks(1), bots: BTreeMap::new() };
        let own = own.into_iter().chain([(demo.clone(), of_demo)]).collect();
        let stricter = Policy::new(everywhere, vec![production], own);
        assert_eq!(stricter.minimum(&faq, &demo), 1);
    }

    #[test]
    fn what_a_place_leaves_out_holds_as_around_it() {
        let production = Environment::new("production");
        let (billing, faq) = (BotId::new("billing"), BotId::new("faq"));
        let all = Own { alert_roles: Some(vec![RoleId(7)]), remind_after: Some(None), ..Own::default() };
        let of_faq = Own { alert_channel: Some(ChannelId(9)), minimum: Some(1), ..Own::default() };
        let own = OwnOfEnvironment { all, bots: BTreeMap::from([(faq.clone(), of_faq)]) };
        let terms = Terms {
            minimum: 2,
            alert_channel: ChannelId(8),
            alert_roles: vec![RoleId(6)],
            remind_after: Some(Duration::from_secs(60)),
            ..Terms::default()
        };
        let policy = Policy::new(terms, vec![production.clone()], BTreeMap::from([(production.clone(), own)]));
        let of = |bot| {
            let terms = policy.terms(bot, &production);
            (terms.minimum, terms.alert_channel, terms.alert_roles.clone(), terms.remind_after)
        };
        assert_eq!(of(&billing), (2, ChannelId(8), vec![RoleId(7)], None));
        assert_eq!(of(&faq), (1, ChannelId(9), vec![RoleId(7)], None));
        let demo = policy.terms(&faq, &Environment::new("demo"));
        assert_eq!((demo.minimum, &demo.alert_roles), (0, &vec![RoleId(6)]));
    }
}
