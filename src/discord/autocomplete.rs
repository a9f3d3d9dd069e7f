//! What is offered while a command is typed: from memory, with live state, and only what makes sense for the verb and what
//! the person may do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::commands::{Given, OptionName, Subcommand};
use super::lookup;
use super::render::escape::{self, label};
use super::render::limits;
use super::render::record::outcomes;
use super::render::words::connector_plain;
use crate::domain::action::Verb;
use crate::domain::audit::actions;
use crate::domain::audit::filter::BREAK_GLASS;
use crate::domain::authority::{At, Person, Right, Rights};
use crate::domain::connector::Environment;
use crate::domain::fleet::{BotView, Sight, Sighting};
use crate::domain::policy::{Picture, Policy};

/// One choice of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// What the person reads: plain text, at most 100 characters.
    pub name: String,
    /// What comes back: a short name of ours, at most 100 characters.
    pub value: String,
}

impl Offer {
    fn new(value: String, name: &str) -> Self {
        Self { name: label(name, limits::CHOICE), value }
    }
}

/// What is being typed.
#[derive(Clone, Debug)]
pub struct Typing<'a> {
    /// The subcommand.
    pub sub: Subcommand,
    /// The option that is being typed.
    pub option: OptionName,
    /// What is typed so far.
    pub text: &'a str,
    /// What is filled in elsewhere.
    pub given: &'a Given,
    /// What the person who types may do.
    pub rights: Rights<'a>,
}

impl Typing<'_> {
    /// Whether the person may do this there. (Everybody may look.)
    fn may(&self, at: At<'_>) -> bool {
        self.sub.needs().is_none_or(|right| self.rights.has(right, at))
    }
}

/// At most 25 choices for what is being typed. Names are looked at before anything is made of them, and no more of them
/// than it takes: this is asked at every key that somebody presses.
pub fn offers(picture: &Picture, policy: &Policy, people: &[Person], typing: &Typing<'_>) -> Vec<Offer> {
    let typed = typing.text.trim().to_lowercase();
    match typing.option {
        OptionName::Env => named(environments(picture, typing), &typed),
        OptionName::Bot => bots(picture, typing, &typed),
        OptionName::Connector => connectors(picture, typing, &typed),
        OptionName::To => named(targets(picture, policy, typing), &typed),
        OptionName::For | OptionName::Until => how_long(&typed),
        OptionName::Since | OptionName::Range => how_far_back(&typed),
        OptionName::Person => named(people.iter().map(of_person).collect(), &typed),
        OptionName::Outcome => {
            named(outcomes().map(|(verdict, words)| Offer::new(verdict.word().to_owned(), words)).collect(), &typed)
        }
        OptionName::Action => {
            let words = actions().chain([BREAK_GLASS]);
            named(words.map(|word| Offer::new(word.to_owned(), word)).collect(), &typed)
        }
        OptionName::Reason => Vec::new(),
    }
}

/// Usual times, by the words in which they are understood; any other may be typed.
fn how_long(typed: &str) -> Vec<Offer> {
    let usual = [
        ("15m", "15 minutes"),
        ("1h", "1 hour"),
        ("4h", "4 hours"),
        ("8h", "8 hours"),
        ("24h", "24 hours"),
        ("tomorrow 9:00", "Until tomorrow 9:00"),
    ];
    of_these(&usual, typed)
}

/// The same for how far back.
fn how_far_back(typed: &str) -> Vec<Offer> {
    let usual = [
        ("1h", "The last hour"),
        ("24h", "The last 24 hours"),
        ("7 days", "The last 7 days"),
        ("30 days", "The last 30 days"),
        ("90 days", "The last 90 days"),
    ];
    of_these(&usual, typed)
}

fn of_these(usual: &[(&str, &str)], typed: &str) -> Vec<Offer> {
    let offers = usual.iter().filter(|(value, name)| holds(name, typed) || value.starts_with(typed));
    offers.map(|(value, name)| Offer::new((*value).to_owned(), name)).collect()
}

fn of_person(person: &Person) -> Offer {
    Offer::new(person.id.to_string(), &person.name)
}

fn named(offers: Vec<Offer>, typed: &str) -> Vec<Offer> {
    let matches = offers.into_iter().filter(|offer| holds(&offer.name, typed) || offer.value == typed);
    matches.take(limits::CHOICES).collect()
}

/// Whether `name` holds what is typed, in whatever case.
fn holds(name: &str, typed: &str) -> bool {
    typed.is_empty() || name.to_lowercase().contains(typed)
}

/// Whether a connector makes sense for the subcommand.
fn fits(sub: Subcommand, sighting: &Sighting) -> bool {
    let connector = &sighting.connector;
    match sub {
        Subcommand::Change(_) if sighting.sight == Sight::Missing => false,
        Subcommand::Change(Verb::Stop | Verb::Restart) => !connector.is_down(),
        Subcommand::Change(Verb::Start) => !connector.is_healthy(),
        _ => true,
    }
}

/// Whether the person may do it to this bot, and to any of its connectors here.
fn any_fits(typing: &Typing<'_>, view: &BotView) -> bool {
    let may = typing.may(At::bot(&view.environment, &view.bot.id));
    may && view.sightings.iter().any(|sighting| fits(typing.sub, sighting))
}

fn environments(picture: &Picture, typing: &Typing<'_>) -> Vec<Offer> {
    let frozen = |environment: &Environment| picture.freezes.iter().any(|freeze| freeze.environment == *environment);
    let fit = |environment: &Environment| match typing.sub {
        Subcommand::Freeze => typing.rights.has_over_all(Right::Freeze, environment),
        Subcommand::Unfreeze => typing.rights.has_over_all(Right::Freeze, environment) && frozen(environment),
        _ => picture.fleet.bots_in(environment).iter().any(|view| any_fits(typing, view)),
    };
    let found = picture.fleet.environments().into_iter().filter(fit);
    found.map(|environment| of_environment(picture, &environment)).collect()
}

fn of_environment(picture: &Picture, environment: &Environment) -> Offer {
    let views = picture.fleet.bots_in(environment);
    let (healthy, total) = views.iter().fold((0, 0), |(h, t), view| (h + view.healthy(), t + view.total()));
    let unread: usize = views.iter().flat_map(|view| &view.sightings).filter(|s| s.sight != Sight::Fresh).count();
    let title = escape::cut(&environment.title(), 50);
    let name = match (total, unread) {
        (0, _) => title,
        (_, 0) => format!("{title} — {healthy} of {total} connectors healthy"),
        (_, unread) => format!("{title} — {healthy} of {total} connectors healthy, {unread} could not be read"),
    };
    Offer::new(environment.key_or_word(), &name)
}

fn bots(picture: &Picture, typing: &Typing<'_>, typed: &str) -> Vec<Offer> {
    let fleet = &picture.fleet;
    let chosen = chosen_environment(picture, typing);
    let places = chosen.clone().map_or_else(|| fleet.environments(), |environment| vec![environment]);
    let mut offered = BTreeSet::new();
    let here = chosen.as_ref().map_or(fleet.bots(), |environment| fleet.bots_in(environment));
    let taken_before = fleet.bot_by(typed);
    let matches =
        here.iter().filter(|view| holds(&view.bot.name, typed) || Some(&view.bot.id) == taken_before.as_ref());
    // A value stands for a bot, so a bot of two environments is offered once, with both counts.
    let once = matches.filter(|view| any_fits(typing, view)).filter(|view| offered.insert(view.bot.id.clone()));
    let of = |view: &Arc<BotView>| {
        let everywhere = places.iter().filter_map(|place| fleet.bot(&view.bot.id, place));
        let fit = everywhere.filter(|view| any_fits(typing, view));
        let counts: Vec<_> = fit.map(|view| counts(view, chosen.is_none())).collect();
        let mut namesakes = places.iter().flat_map(|place| fleet.bots_named(place, &view.bot.name));
        let twins = namesakes.any(|other| other.bot.id != view.bot.id);
        let name = escape::cut(&escape::plain(&view.bot.name), 45);
        let id = if twins { format!(" ({})", escape::cut(view.bot.id.as_str(), 16)) } else { String::new() };
        Offer::new(view.bot.id.key().to_string(), &format!("{name}{id} — {}", counts.join(", ")))
    };
    once.take(limits::CHOICES).map(of).collect()
}

fn counts(view: &BotView, with_place: bool) -> String {
    let place = if with_place { format!(" in {}", escape::cut(&view.environment.title(), 20)) } else { String::new() };
    match view.unread() {
        0 => format!("{} of {} healthy{place}", view.healthy(), view.total()),
        unread => format!("{} of {} healthy{place}, {unread} unread", view.healthy(), view.total()),
    }
}

/// Connectors in the order of their bots, and of each bot in the order of their names.
fn connectors(picture: &Picture, typing: &Typing<'_>, typed: &str) -> Vec<Offer> {
    let fleet = &picture.fleet;
    let environment = chosen_environment(picture, typing);
    let bot = typing.given.get(OptionName::Bot).map(|text| lookup::bots(fleet, environment.as_ref(), text));
    let here = environment.as_ref().map_or(fleet.bots(), |environment| fleet.bots_in(environment));
    let chosen = |view: &&Arc<BotView>| bot.as_ref().is_none_or(|bots| bots.contains(&view.bot.id));
    let by_name = |view: &Arc<BotView>| {
        let mut sightings = view.sightings.clone();
        sightings.sort_by_cached_key(|s| (s.connector.name.to_lowercase(), s.connector.id.clone()));
        sightings
    };
    let may = |view: &&Arc<BotView>| typing.may(At::bot(&view.environment, &view.bot.id));
    let found = here.iter().filter(chosen).filter(may).flat_map(by_name).filter(|sighting| fits(typing.sub, sighting));
    let taken_before = fleet.connector_by(typed).map(|connector| &connector.id);
    let matches = found.filter(|s| holds(&s.connector.name, typed) || Some(&s.connector.id) == taken_before);
    let offered: Vec<_> = matches.take(limits::CHOICES).collect();
    let mut namesakes: BTreeMap<&str, usize> = offered.iter().map(|s| (s.connector.name.as_str(), 0)).collect();
    for sighting in here.iter().filter(chosen).flat_map(|view| &view.sightings) {
        if let Some(count) = namesakes.get_mut(sighting.connector.name.as_str()) {
            *count += 1;
        }
    }
    let of = |sighting: &Arc<Sighting>| {
        let connector = &sighting.connector;
        let name = escape::cut(&escape::plain(&connector.name), 36);
        let id = if namesakes.get(connector.name.as_str()).is_some_and(|count| *count > 1) {
            format!(" ({})", escape::cut(connector.id.as_str(), 12))
        } else {
            String::new()
        };
        let place = match environment {
            Some(_) => String::new(),
            None => format!(" in {}", escape::cut(&connector.environment.title(), 16)),
        };
        let state = match sighting.sight {
            Sight::Fresh => connector_plain(connector),
            Sight::Unread | Sight::Missing => "could not be read".to_owned(),
        };
        Offer::new(connector.id.key().to_string(), &format!("{name}{id}{place} — {state}"))
    };
    offered.iter().map(of).collect()
}

fn targets(picture: &Picture, policy: &Policy, typing: &Typing<'_>) -> Vec<Offer> {
    let mut environments: BTreeSet<_> = picture.fleet.environments().into_iter().collect();
    environments.extend(policy.watched.iter().cloned());
    environments.extend(["demo", "production"].map(Environment::new));
    let connector = typing.given.get(OptionName::Connector).and_then(|text| lookup::connector(&picture.fleet, text));
    let here = connector.map(|c| c.environment.clone()).or_else(|| chosen_environment(picture, typing));
    let bot = connector.map(|c| &c.bot.id);
    let may = |environment: &&Environment| typing.may(At { environment, bot });
    environments.iter().filter(|e| Some(*e) != here.as_ref()).filter(may).map(|e| of_environment(picture, e)).collect()
}

fn chosen_environment(picture: &Picture, typing: &Typing<'_>) -> Option<Environment> {
    lookup::environment(&picture.fleet, typing.given.get(OptionName::Env)?)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::authority::{Authority, Grants, Member, OwnGrants};
    use crate::domain::connector::tests::connector;
    use crate::domain::connector::{AgentStatus, Bot, Connector};
    use crate::domain::fleet::Reading;
    use crate::domain::ids::{BotId, ConnectorId, RoleId, UserId};
    use crate::domain::policy::tests::policy;

    fn picture(connectors: Vec<Connector>) -> Picture {
        let mut picture = Picture::default();
        picture.fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, Timestamp::UNIX_EPOCH);
        picture
    }

    fn fleet() -> Picture {
        picture(vec![
            connector("billing-1", "Billing Bot", "production"),
            Connector { agent: AgentStatus::Stopped, ..connector("billing-2", "Billing Bot", "production") },
            connector("faq-1", "FAQ Bot", "production"),
            connector("faq-9", "FAQ Bot", "demo"),
        ])
    }

    /// 7 may act everywhere but on the FAQ Bot in Production, which is 9's.
    fn operators() -> Authority {
        let bots = BTreeMap::from([(BotId::new("FAQ Bot"), Grants::to(&[RoleId(9)]))]);
        let places = BTreeMap::from([(Environment::new("production"), OwnGrants { all: Grants::default(), bots })]);
        Authority { everywhere: Grants::to(&[RoleId(7)]), places }
    }

    fn member(role: u64) -> Member {
        Member { id: UserId(1), name: "Olga".into(), roles: vec![RoleId(role)], manages_guild: Some(false) }
    }

    fn names(
        picture: &Picture,
        sub: Subcommand,
        option: OptionName,
        text: &str,
        given: &[(&str, &str)],
    ) -> Vec<String> {
        let given = Given::new(given.iter().copied());
        let (authority, member) =
            (Authority { everywhere: Grants::to(&[RoleId(7)]), ..Authority::default() }, member(7));
        let rights = Rights { authority: &authority, member: &member };
        let offers = offers(picture, &policy(), &[], &Typing { sub, option, text, given: &given, rights });
        offers.into_iter().map(|offer| offer.name).collect()
    }

    #[test]
    fn bots_are_offered_with_their_live_state_and_only_where_the_verb_makes_sense() {
        let (start, stop) = (Subcommand::Change(Verb::Start), Subcommand::Change(Verb::Stop));
        let production = [("env", "Production")];
        assert_eq!(
            names(&fleet(), stop, OptionName::Bot, "", &production),
            ["Billing Bot — 1 of 2 healthy", "FAQ Bot — 1 of 1 healthy"]
        );
        assert_eq!(names(&fleet(), start, OptionName::Bot, "", &production), ["Billing Bot — 1 of 2 healthy"]);
        assert_eq!(names(&fleet(), stop, OptionName::Bot, "faq", &production), ["FAQ Bot — 1 of 1 healthy"]);
        assert_eq!(
            names(&fleet(), stop, OptionName::Bot, "faq", &[]),
            ["FAQ Bot — 1 of 1 healthy in Demo, 1 of 1 healthy in Production"]
        );
    }

    #[test]
    fn connectors_are_narrowed_by_what_is_filled_in() {
        let stop = Subcommand::Change(Verb::Stop);
        let key = BotId::new("Billing Bot").key();
        let given = [("env", "production"), ("bot", key.as_str())];
        assert_eq!(names(&fleet(), stop, OptionName::Connector, "", &given), ["billing-1 — Online, 12 conversations"]);
        let start = Subcommand::Change(Verb::Start);
        assert_eq!(names(&fleet(), start, OptionName::Connector, "", &given), ["billing-2 — Stopped"]);
        let redeploy = Subcommand::Change(Verb::Redeploy);
        assert_eq!(
            names(&fleet(), redeploy, OptionName::To, "", &[("connector", "billing-1")]),
            ["Demo — 1 of 1 connectors healthy"]
        );
        assert_eq!(names(&fleet(), stop, OptionName::Connector, "", &[("bot", "nobody")]), Vec::<String>::new());
    }

    #[test]
    fn only_what_the_person_may_do_is_offered_and_everything_to_look_at() {
        let (fleet, authority) = (fleet(), operators());
        let values = |role, sub, option, given: &[(&str, &str)]| {
            let (member, given) = (member(role), Given::new(given.iter().copied()));
            let rights = Rights { authority: &authority, member: &member };
            let typing = Typing { sub, option, text: "", given: &given, rights };
            let offers = offers(&fleet, &policy(), &[], &typing);
            offers.into_iter().map(|offer| offer.name.split(" — ").next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let stop = Subcommand::Change(Verb::Stop);
        assert_eq!(values(9, stop, OptionName::Env, &[]), ["Production"]);
        assert_eq!(values(9, stop, OptionName::Bot, &[]), ["FAQ Bot"]);
        assert_eq!(values(7, stop, OptionName::Connector, &[("env", "production")]), ["billing-1"]);
        assert_eq!(values(8, stop, OptionName::Connector, &[]), Vec::<String>::new());
        assert_eq!(values(8, Subcommand::Status, OptionName::Env, &[]), ["Demo", "Production"]);
        let redeploy = Subcommand::Change(Verb::Redeploy);
        assert_eq!(values(7, redeploy, OptionName::To, &[("connector", "faq-9")]), Vec::<String>::new());
        assert_eq!(values(7, redeploy, OptionName::To, &[("connector", "billing-1")]), ["Demo"]);
        assert_eq!(values(7, Subcommand::Freeze, OptionName::Env, &[]), ["Demo"], "not over all of Production");
        assert_eq!(values(7, Subcommand::Unfreeze, OptionName::Env, &[]), Vec::<String>::new(), "nothing is frozen");
    }

    #[test]
    fn two_bots_with_one_name_are_told_apart() {
        let twin = |id: &str| Connector {
            bot: Bot { id: BotId::new(id), name: "Twin".into() },
            ..connector(id, "Twin", "production")
        };
        let picture = picture(vec![twin("a"), twin("b")]);
        assert_eq!(
            names(&picture, Subcommand::Status, OptionName::Bot, "", &[("env", "production")]),
            ["Twin (a) — 1 of 1 healthy", "Twin (b) — 1 of 1 healthy"]
        );
    }

    proptest! {
        #[test]
        fn offers_keep_discords_limits_whatever_the_names(
            names in proptest::collection::vec(("\\PC{0,300}", "\\PC{0,300}", "\\PC{0,60}"), 0..40),
            text in "\\PC{0,3}",
        ) {
            let connectors = names.iter().enumerate().map(|(n, (name, bot, environment))| Connector {
                id: ConnectorId::new(format!("{n}{name}")),
                ..connector(name, bot, environment)
            });
            let picture = picture(connectors.collect());
            let person = |(n, (name, ..)): (u64, &(String, String, String))| Person { id: UserId(u64::MAX - n), name: name.clone() };
            let people: Vec<_> = (0..).zip(&names).map(person).collect();
            for sub in Subcommand::ALL {
                for option in OptionName::ALL {
                    let given = Given::default();
                    let (authority, member) = (operators(), member(7));
                    let rights = Rights { authority: &authority, member: &member };
                    let offers = offers(&picture, &policy(), &people, &Typing { sub, option, text: &text, given: &given, rights });
                    prop_assert!(offers.len() <= limits::CHOICES);
                    for offer in offers {
                        prop_assert!((1..=limits::CHOICE).contains(&escape::length(&offer.name)));
                        prop_assert!((1..=limits::CHOICE).contains(&offer.value.len()), "{:?}", offer.value);
                    }
                }
            }
        }
    }
}
