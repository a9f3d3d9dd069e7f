//! Which roles have which rights: what is said of everything, of an environment, and of a bot there, the nearest first.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::At;
use crate::domain::action::Verb;
use crate::domain::audit::Handling;
use crate::domain::connector::Environment;
use crate::domain::ids::{BotId, RoleId};

/// What somebody may have a right to. (Everybody may look.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Do this to connectors.
    Change(Verb),
    /// Take incidents on, and leave them in peace for a while.
    Acknowledge,
    /// Keep alerts from pinging for a while.
    Mute,
    /// Keep everybody from taking anything away for a while.
    Freeze,
    /// Agree, as the second person, to what somebody else wants to do.
    Approve,
    /// Do without the second person, in an emergency. Only where it is said by name: nobody has it by having every right, or by
    /// managing the server.
    BreakGlass,
}

impl Right {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Acknowledge, Self::Mute, Self::Freeze, Self::Approve, Self::BreakGlass];
        Verb::ALL.into_iter().map(Self::Change).chain(others)
    }

    /// Its word in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Change(verb) => verb.word(),
            Self::Acknowledge => Handling::Acknowledge.word(),
            Self::Mute => Handling::Mute.word(),
            Self::Freeze => Handling::Freeze.word(),
            Self::Approve => "approve",
            Self::BreakGlass => "break_glass",
        }
    }

    /// Whether only those roles have it that are named for it, and nobody where none are.
    pub fn is_by_name_only(self) -> bool {
        self == Self::BreakGlass
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all().find(|right| right.word() == word)
    }
}

impl From<Handling> for Right {
    fn from(handling: Handling) -> Self {
        match handling {
            Handling::Acknowledge | Handling::GiveBack | Handling::Snooze | Handling::Unsnooze => Self::Acknowledge,
            // Where they stand is for those who act on what they show.
            Handling::Board | Handling::Unboard => Self::Acknowledge,
            Handling::Mute | Handling::Unmute => Self::Mute,
            Handling::Freeze | Handling::Unfreeze => Self::Freeze,
        }
    }
}

/// What is said of one place. No roles at all stand for the members who manage the server; for a right that is by name only, for
/// nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// The roles that have every right that is not named below; `None` says nothing.
    pub operators: Option<Vec<RoleId>>,
    /// The roles that have this right.
    pub by_right: BTreeMap<Right, Vec<RoleId>>,
}

impl Grants {
    /// Every right to these roles.
    pub fn to(roles: &[RoleId]) -> Self {
        Self { operators: Some(roles.to_vec()), by_right: BTreeMap::new() }
    }

    fn of(&self, right: Right) -> Option<&[RoleId]> {
        let operators = self.operators.as_ref().filter(|_| !right.is_by_name_only());
        self.by_right.get(&right).or(operators).map(Vec::as_slice)
    }
}

/// What is said of an environment, and of its bots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnGrants {
    /// Of the environment.
    pub all: Grants,
    /// Of single bots.
    pub bots: BTreeMap<BotId, Grants>,
}

/// Who may do what, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authority {
    /// What is said of everything.
    pub everywhere: Grants,
    /// What is said of single environments.
    pub places: BTreeMap<Environment, OwnGrants>,
}

/// Of what a rule is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The bot in this environment.
    OfBot,
    /// The environment.
    OfEnvironment,
    /// Everything, or nothing at all.
    OfEverything,
}

/// The rule that holds for a right at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// The roles that may; none stand for the members who manage the server (of a right that is by name only: for nobody).
    pub roles: &'a [RoleId],
    /// Of what it is said.
    pub from: Said,
}

/// Roles that could take a bot down, and not bring it up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranding {
    /// Where; `None` is what is said of everything.
    pub environment: Option<Environment>,
    /// The bot of which it is said.
    pub bot: Option<BotId>,
    /// What they may.
    pub verb: Verb,
    /// The roles; none stand for the members who manage the server.
    pub roles: Vec<RoleId>,
}

impl Authority {
    /// The rule that holds: of the bot, of its environment, of everything, the first that says anything of this right.
    pub fn rule(&self, right: Right, at: At<'_>) -> Rule<'_> {
        let place = self.places.get(at.environment);
        let bot = place.zip(at.bot).and_then(|(place, bot)| place.bots.get(bot));
        let said = [
            (bot, Said::OfBot),
            (place.map(|place| &place.all), Said::OfEnvironment),
            (Some(&self.everywhere), Said::OfEverything),
        ];
        let first = said.into_iter().find_map(|(grants, from)| Some((grants?.of(right)?, from)));
        let (roles, from) = first.unwrap_or((&[], Said::OfEverything));
        Rule { roles, from }
    }

    /// Every role that is named anywhere.
    pub fn roles(&self) -> BTreeSet<RoleId> {
        let places = self.places.values().flat_map(|place| std::iter::once(&place.all).chain(place.bots.values()));
        let grants = std::iter::once(&self.everywhere).chain(places);
        grants.flat_map(|said| said.operators.iter().chain(said.by_right.values()).flatten()).copied().collect()
    }

    /// The environment as such, and each bot of it of which anything is said.
    pub fn ruled_in<'a>(&'a self, environment: &'a Environment) -> impl Iterator<Item = At<'a>> {
        let bots = self.places.get(environment).into_iter().flat_map(|place| place.bots.keys());
        std::iter::once(At::environment(environment)).chain(bots.map(|bot| At::bot(environment, bot)))
    }

    /// Whoever could take something away without the right to start it again, which must not be. (LivePerson has roles
    /// that can stop a bot and not start it: an outage that nobody who caused it can end.)
    pub fn stranding(&self) -> Vec<Stranding> {
        // What is said of everything is the rule of a place of which nothing is said.
        let nowhere = Environment::new("");
        let everywhere = std::iter::once((At::environment(&nowhere), false));
        let places = self.places.keys().flat_map(|place| self.ruled_in(place)).map(|at| (at, true));
        everywhere.chain(places).flat_map(|(at, named)| self.stranding_at(at, named)).collect()
    }

    fn stranding_at(&self, at: At<'_>, named: bool) -> Vec<Stranding> {
        let start = self.rule(Right::Change(Verb::Start), at).roles;
        let strands = |verb: &Verb| {
            let roles = self.rule(Right::Change(*verb), at).roles;
            let stranded: Vec<_> = roles.iter().filter(|role| !start.contains(role)).copied().collect();
            // Whoever manages the server need not have a role that may start.
            (!stranded.is_empty() || roles.is_empty() != start.is_empty()).then_some((*verb, stranded))
        };
        let verbs = Verb::ALL.into_iter().filter(|verb| verb.takes_away());
        let found = verbs.filter_map(|verb| strands(&verb)).map(|(verb, roles)| Stranding {
            environment: named.then(|| at.environment.clone()),
            bot: at.bot.cloned(),
            verb,
            roles,
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(operators: Option<u64>, by_right: &[(Right, &[u64])]) -> Grants {
        let of = |(right, roles): &(Right, &[u64])| (*right, roles.iter().map(|role| RoleId(*role)).collect());
        Grants { operators: operators.map(|role| vec![RoleId(role)]), by_right: by_right.iter().map(of).collect() }
    }

    #[test]
    fn the_nearest_rule_holds_and_of_one_place_the_one_that_names_the_right() {
        let (production, billing) = (Environment::new("production"), BotId::new("billing"));
        let stop = Right::Change(Verb::Stop);
        let own = OwnGrants {
            all: grants(Some(2), &[(stop, &[3])]),
            bots: BTreeMap::from([(billing.clone(), grants(None, &[(Right::Mute, &[4])]))]),
        };
        let authority = Authority {
            everywhere: grants(Some(1), &[(Right::Mute, &[9])]),
            places: BTreeMap::from([(production.clone(), own)]),
        };
        let demo = Environment::new("demo");
        let (bot, place, elsewhere) =
            (At::bot(&production, &billing), At::environment(&production), At::environment(&demo));
        for (right, at, role, from) in [
            (Right::Mute, bot, 4, Said::OfBot),
            (stop, bot, 3, Said::OfEnvironment),
            (stop, place, 3, Said::OfEnvironment),
            (Right::Mute, place, 2, Said::OfEnvironment),
            (Right::Mute, elsewhere, 9, Said::OfEverything),
            (stop, elsewhere, 1, Said::OfEverything),
        ] {
            assert_eq!(authority.rule(right, at), Rule { roles: &[RoleId(role)], from }, "{right:?} {at:?}");
        }
        let nobody = Authority::default();
        assert_eq!(nobody.rule(stop, place), Rule { roles: &[], from: Said::OfEverything });
    }

    #[test]
    fn p4_nobody_may_do_without_the_second_person_unless_that_is_said_by_name_and_the_nearest_place_may_take_it_back() {
        let (demo, production) = (Environment::new("demo"), Environment::new("production"));
        let own = |by_right: &[(Right, &[u64])]| OwnGrants { all: grants(Some(2), by_right), bots: BTreeMap::new() };
        let of =
            |authority: &Authority, place| authority.rule(Right::BreakGlass, At::environment(place)).roles.to_vec();
        let places = BTreeMap::from([(production.clone(), own(&[]))]);
        let none = Authority { everywhere: grants(Some(1), &[]), places };
        assert_eq!((of(&none, &production), of(&none, &demo)), (vec![], vec![]));
        let places = BTreeMap::from([(demo.clone(), own(&[(Right::BreakGlass, &[])]))]);
        let some = Authority { everywhere: grants(Some(1), &[(Right::BreakGlass, &[5])]), places };
        assert_eq!((of(&some, &production), of(&some, &demo)), (vec![RoleId(5)], vec![]));
    }

    #[test]
    fn whoever_may_stop_must_be_able_to_start_again() {
        let (stop, start) = (Right::Change(Verb::Stop), Right::Change(Verb::Start));
        let stranded = |grants: Grants| {
            let own = OwnGrants { all: Grants::default(), bots: BTreeMap::from([(BotId::new("billing"), grants)]) };
            let places = BTreeMap::from([(Environment::new("production"), own)]);
            let found = Authority { everywhere: Grants::to(&[RoleId(1)]), places }.stranding();
            found.into_iter().map(|found| (found.verb, found.roles)).collect::<Vec<_>>()
        };
        assert_eq!(stranded(grants(None, &[(stop, &[1])])), []);
        assert_eq!(stranded(grants(None, &[(start, &[1, 2])])), []);
        assert_eq!(stranded(grants(None, &[(stop, &[1, 2])])), [(Verb::Stop, vec![RoleId(2)])]);
        assert_eq!(stranded(grants(None, &[(stop, &[])])), [(Verb::Stop, vec![])], "whoever manages the server");
        let only_start = stranded(grants(None, &[(start, &[2])]));
        let others = [Verb::Stop, Verb::Redeploy, Verb::Restart].map(|verb| (verb, vec![RoleId(1)]));
        assert_eq!(only_start, others);
        let found = Authority { everywhere: grants(Some(1), &[(start, &[2])]), ..Authority::default() }.stranding();
        assert_eq!(found.first().map(|found| &found.environment), Some(&None));
    }

    #[test]
    fn every_word_reads_back() {
        for right in Right::all() {
            assert_eq!(Right::from_word(right.word()), Some(right));
        }
        assert_eq!(Right::from_word("look"), None);
    }
}
