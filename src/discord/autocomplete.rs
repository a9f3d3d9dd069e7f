//! What is offered while a command is typed: from memory, with live state, and only what makes sense for the verb.

use std::collections::BTreeSet;

use serde::Serialize;

use super::commands::{Given, OptionName, Subcommand};
use super::lookup;
use super::render::escape::{self, label};
use super::render::limits;
use super::render::words::connector_plain;
use crate::domain::action::Verb;
use crate::domain::connector::{Connector, Environment};
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
}

/// At most 25 choices for what is being typed.
pub fn offers(picture: &Picture, policy: &Policy, typing: &Typing<'_>) -> Vec<Offer> {
    let fit: Vec<_> = picture.fleet.sightings().filter(|s| fits(typing.sub, s)).collect();
    let all = match typing.option {
        OptionName::Env => environments(picture, &fit),
        OptionName::Bot => bots(picture, typing, &fit),
        OptionName::Connector => connectors(picture, typing, &fit),
        OptionName::To => targets(picture, policy, typing),
        OptionName::Reason => Vec::new(),
    };
    let typed = typing.text.trim().to_lowercase();
    let matches = all.into_iter().filter(|offer| offer.name.to_lowercase().contains(&typed) || offer.value == typed);
    matches.take(limits::CHOICES).collect()
}

/// Whether a connector makes sense for the subcommand.
fn fits(sub: Subcommand, sighting: &Sighting) -> bool {
    let connector = &sighting.connector;
    match sub {
        Subcommand::Status => true,
        _ if sighting.sight == Sight::Missing => false,
        Subcommand::Change(Verb::Stop) => !connector.is_down(),
        Subcommand::Change(Verb::Start) => !connector.is_healthy(),
        Subcommand::Change(Verb::Redeploy) => true,
    }
}

fn environments(picture: &Picture, fit: &[&Sighting]) -> Vec<Offer> {
    let found: BTreeSet<_> = fit.iter().map(|s| &s.connector.environment).collect();
    found.into_iter().map(|environment| of_environment(picture, environment)).collect()
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

fn bots(picture: &Picture, typing: &Typing<'_>, fit: &[&Sighting]) -> Vec<Offer> {
    let environment = chosen_environment(picture, typing);
    let views: Vec<_> = picture
        .fleet
        .bots()
        .into_iter()
        .filter(|view| environment.as_ref().is_none_or(|environment| view.environment == *environment))
        .filter(|view| {
            fit.iter().any(|s| s.connector.bot.id == view.bot.id && s.connector.environment == view.environment)
        })
        .collect();
    let mut offered = BTreeSet::new();
    let mut offers = Vec::new();
    for view in &views {
        // A value stands for a bot, so a bot of two environments is offered once, with both counts.
        if !offered.insert(&view.bot.id) {
            continue;
        }
        let everywhere: Vec<_> = views.iter().filter(|other| other.bot.id == view.bot.id).collect();
        let counts: Vec<_> = everywhere.iter().map(|view| counts(view, environment.is_none())).collect();
        let twins = views.iter().any(|other| other.bot.name == view.bot.name && other.bot.id != view.bot.id);
        let name = escape::cut(&escape::plain(&view.bot.name), 45);
        let id = if twins { format!(" ({})", escape::cut(view.bot.id.as_str(), 16)) } else { String::new() };
        offers.push(Offer::new(view.bot.id.key().to_string(), &format!("{name}{id} — {}", counts.join(", "))));
    }
    offers
}

fn counts(view: &BotView, with_place: bool) -> String {
    let place = if with_place { format!(" in {}", escape::cut(&view.environment.title(), 20)) } else { String::new() };
    match view.unread() {
        0 => format!("{} of {} healthy{place}", view.healthy(), view.total()),
        unread => format!("{} of {} healthy{place}, {unread} unread", view.healthy(), view.total()),
    }
}

fn connectors(picture: &Picture, typing: &Typing<'_>, fit: &[&Sighting]) -> Vec<Offer> {
    let environment = chosen_environment(picture, typing);
    let bots = typing.given.get(OptionName::Bot).map(|text| lookup::bots(&picture.fleet, environment.as_ref(), text));
    let chosen = |connector: &Connector| {
        environment.as_ref().is_none_or(|environment| connector.environment == *environment)
            && bots.as_ref().is_none_or(|bots| bots.contains(&connector.bot.id))
    };
    let mut found: Vec<_> = fit.iter().filter(|s| chosen(&s.connector)).collect();
    found.sort_by_key(|s| (s.connector.name.to_lowercase(), s.connector.environment.clone(), s.connector.id.clone()));
    let twins = |name: &str| found.iter().filter(|s| s.connector.name == name).count() > 1;
    let of = |sighting: &&&Sighting| {
        let connector = &sighting.connector;
        let name = escape::cut(&escape::plain(&connector.name), 36);
        let id = if twins(&connector.name) {
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
    found.iter().map(of).collect()
}

fn targets(picture: &Picture, policy: &Policy, typing: &Typing<'_>) -> Vec<Offer> {
    let mut environments: BTreeSet<_> = picture.fleet.environments().into_iter().collect();
    environments.extend(policy.watched.iter().cloned());
    environments.extend(["demo", "production"].map(Environment::new));
    let connector = typing.given.get(OptionName::Connector).and_then(|text| lookup::connector(&picture.fleet, text));
    let here = connector.map(|c| c.environment.clone()).or_else(|| chosen_environment(picture, typing));
    environments.iter().filter(|e| Some(*e) != here.as_ref()).map(|e| of_environment(picture, e)).collect()
}

fn chosen_environment(picture: &Picture, typing: &Typing<'_>) -> Option<Environment> {
    lookup::environment(&picture.fleet, typing.given.get(OptionName::Env)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::connector::tests::connector;
    use crate::domain::connector::{AgentStatus, Bot};
    use crate::domain::fleet::Reading;
    use crate::domain::ids::{BotId, ConnectorId};

    fn policy() -> Policy {
        Policy {
            minimum: 2,
            watched: vec![Environment::new("production")],
            named: Vec::new(),
            by_environment: Default::default(),
            by_bot: Default::default(),
            start_grace: Duration::from_secs(300),
        }
    }

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

    fn names(
        picture: &Picture,
        sub: Subcommand,
        option: OptionName,
        text: &str,
        given: &[(&str, &str)],
    ) -> Vec<String> {
        let given = Given::new(given.iter().copied());
        let offers = offers(picture, &policy(), &Typing { sub, option, text, given: &given });
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
            for sub in Subcommand::ALL {
                for option in [OptionName::Env, OptionName::Bot, OptionName::Connector, OptionName::To] {
                    let given = Given::default();
                    let offers = offers(&picture, &policy(), &Typing { sub, option, text: &text, given: &given });
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
