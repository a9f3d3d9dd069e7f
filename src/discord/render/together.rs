//! The cards that are about more than one bot: a storm, grouped notices, and being blind.

use super::super::custom_id::{CustomId, environment_key};
use super::escape;
use super::incident::listed;
use super::message::{Button, Look};
use super::words;
use crate::domain::connector::{Bot, Environment};
use crate::domain::incident::{
    Advice, Blind, Blindness, BotCount, Facts, Incident, Phase, Storm, StormBot, StormPlace, Subject,
};
use crate::domain::load::MOST_CONVERSATIONS;

/// What the card is headed by.
pub(super) fn headline(incident: &Incident) -> (String, u32) {
    let resolved = incident.resolved_at().is_some();
    match (&incident.subject, &incident.facts) {
        (Subject::NeverRedundant { environment }, _) => {
            let place = escape::name(&environment.title());
            if resolved {
                (format!("✅ Never redundant: no bot in {place} is left on the list"), words::GREEN)
            } else {
                (format!("🟡 Never redundant: bots in {place}"), words::YELLOW)
            }
        }
        (Subject::Load { environment }, _) => {
            let place = escape::name(&environment.title());
            if resolved {
                (format!("✅ The load in {place} is as advised"), words::GREEN)
            } else {
                (format!("📈 Load: more connectors are advised in {place}"), words::YELLOW)
            }
        }
        (_, Facts::Storm(storm)) => storm_headline(incident, storm),
        _ if resolved => ("✅ The fleet can be seen again".to_owned(), words::GREEN),
        (_, Facts::Blind(_)) if looks_well(incident) => {
            ("🔵 Recovering: the fleet is read again".to_owned(), words::BLUE)
        }
        (_, Facts::Blind(blind)) => {
            let why = match blind.kind {
                Blindness::Unreachable => "🙈 Blind: the lifecycle service cannot be read",
                Blindness::Unauthorised => "🔑 Blind: the lifecycle service refuses our token",
                Blindness::Malformed => "🧩 Blind: the lifecycle service cannot be understood",
                Blindness::Incomplete => "🧩 Blind: a part of the fleet does not come",
                Blindness::Stale => "🕰️ Blind: the lifecycle service shows what is long past",
            };
            (why.to_owned(), words::ORANGE)
        }
        _ => ("🙈 Blind: the fleet cannot be seen".to_owned(), words::ORANGE),
    }
}

/// What the card says, but for its history.
pub(super) fn paragraphs(incident: &Incident) -> Vec<String> {
    match &incident.facts {
        Facts::NeverRedundant { bots } => never_redundant(incident, bots),
        Facts::Load { bots } => load(incident, bots),
        Facts::Storm(storm) => storm_paragraphs(incident, storm),
        Facts::Blind(blind) => blindness(incident, blind),
        Facts::Failover(_) => Vec::new(),
    }
}

/// What a reply says that calls because it got worse.
pub(super) fn got_worse(facts: &Facts) -> String {
    match facts {
        Facts::Storm(storm) => format!("It got worse: {}.", scope(storm)),
        _ => "It got worse.".to_owned(),
    }
}

/// One sentence of how it stands, for a reply that says it again.
pub(super) fn now_stands(facts: &Facts) -> String {
    match facts {
        Facts::Storm(storm) => format!("{}.", scope(storm)),
        Facts::Blind(_) => "an outage now could go unseen.".to_owned(),
        _ => String::new(),
    }
}

/// Ways to look on.
pub(super) fn buttons(incident: &Incident) -> Vec<Button> {
    let status = |environment: &Environment| {
        let id = CustomId::Status { environment: environment_key(environment), bot: None };
        let label = format!("Status of {}", escape::label(&environment.title(), 60));
        Button::new(&id, &label, Look::Secondary)
    };
    match (&incident.subject, &incident.facts) {
        (Subject::NeverRedundant { environment } | Subject::Load { environment }, _) => vec![status(environment)],
        (_, Facts::Storm(storm)) => storm.places.iter().take(5).map(|place| status(&place.environment)).collect(),
        _ => Vec::new(),
    }
}

fn storm_headline(incident: &Incident, storm: &Storm) -> (String, u32) {
    let count = format!("{} of {} failed at once", storm.broken(), words::of(storm.of(), "bot"));
    match incident.phase {
        Phase::Resolved { .. } => {
            (format!("✅ The storm is over: {} had failed at once", words::of(storm.peak, "bot")), words::GREEN)
        }
        Phase::Recovering { .. } => ("🔵 The storm calms down".to_owned(), words::BLUE),
        _ if is_most(storm) => (format!("🌩️ Storm over most of the fleet: {count}"), words::RED),
        _ => (format!("🌩️ Storm: {count}"), words::RED),
    }
}

fn looks_well(incident: &Incident) -> bool {
    matches!(incident.phase, Phase::Recovering { .. })
}

fn is_most(storm: &Storm) -> bool {
    storm.broken().saturating_mul(2) > storm.of()
}

/// "3 of 40 bots in Production (2 of them out), 1 of 5 bots in Demo".
fn scope(storm: &Storm) -> String {
    let place = |place: &StormPlace| {
        let of = words::of(place.of, "bot");
        let out = if place.out > 0 { format!(" ({} with nothing left)", place.out) } else { String::new() };
        format!("{} of {of} in {}{out}", place.broken, escape::name(&place.environment.title()))
    };
    let (named, rest) = storm.places.split_at(storm.places.len().min(8));
    let mut parts: Vec<_> = named.iter().map(place).collect();
    if !rest.is_empty() {
        parts.push(format!("and {} in other environments", rest.iter().map(|place| place.broken).sum::<u32>()));
    }
    parts.join(", ")
}

fn storm_paragraphs(incident: &Incident, storm: &Storm) -> Vec<String> {
    if incident.resolved_at().is_some() {
        return vec![format!(
            "At its worst {} were broken. What was still broken at its end has a card of its own.",
            words::of(storm.peak, "bot")
        )];
    }
    let question = if is_most(storm) {
        "**Is the platform down?** That is most of the fleet: look at LivePerson's status page before anything is \
         restarted."
    } else {
        "**Is the platform down?** So many bots seldom fail by themselves: look at LivePerson's status page, and for what \
         they share."
    };
    let mut said = vec![format!("**{}.**", scope(storm)), question.to_owned()];
    let own = match storm.with_own_cards {
        0 => String::new(),
        1 => " One of them has a card of its own, from before.".to_owned(),
        count => format!(" {count} of them have cards of their own, from before."),
    };
    said.push(format!("While it lasts they stand here; what outlasts it gets a card of its own.{own}"));
    let swept = storm.broken().saturating_sub(storm.with_own_cards);
    let unnamed = usize::try_from(swept).unwrap_or(usize::MAX).saturating_sub(storm.bots.len());
    listed(&mut said, storm.bots.iter().map(storm_bot), "in the storm");
    if unnamed > 0 && !said.last().is_some_and(|line| line.starts_with('…')) {
        said.push(format!("… and {unnamed} more"));
    }
    said
}

fn storm_bot(bot: &StormBot) -> String {
    let face = words::level_face(bot.level);
    let (name, place) = (escape::name(&bot.bot.name), escape::name(&bot.environment.title()));
    format!("{} **{name}** in {place}: {} of {} healthy", face.icon, bot.healthy, bot.total)
}

fn never_redundant(incident: &Incident, bots: &[BotCount]) -> Vec<String> {
    if incident.resolved_at().is_some() || bots.is_empty() {
        let none = "Every bot here has had the healthy connectors that are wanted, or has an alert of its own.";
        return vec![none.to_owned()];
    }
    let count = words::of(u32::try_from(bots.len()).unwrap_or(u32::MAX), "bot");
    let cost = if bots.iter().all(|bot| bot.healthy <= 1) {
        "one failure, and nothing is left"
    } else {
        "less failover is there than is asked"
    };
    let mut said = vec![format!("{count} never had as many healthy connectors as are wanted: {cost}.")];
    let names = Names::of(bots.iter().map(|count| &count.bot));
    let line = |count: &BotCount| {
        let BotCount { bot, healthy, total, minimum } = count;
        format!("🟡 **{}**: {healthy} of {total} healthy, {minimum} wanted", names.tell(bot))
    };
    listed(&mut said, bots.iter().map(line), "never redundant");
    said
}

fn load(incident: &Incident, bots: &[Advice]) -> Vec<String> {
    if incident.resolved_at().is_some() || bots.is_empty() {
        return vec!["No bot here has more conversations for each healthy connector than is advised.".to_owned()];
    }
    let count = words::of(u32::try_from(bots.len()).unwrap_or(u32::MAX), "bot");
    let has = if bots.len() == 1 { "has" } else { "have" };
    let mut said = vec![format!("{count} {has} more conversations for each healthy connector than is advised.")];
    let names = Names::of(bots.iter().map(|advice| &advice.bot));
    let line = |advice: &Advice| {
        let name = names.tell(&advice.bot);
        let (there, wanted) = (words::of(advice.healthy, "healthy connector"), advice.wanted.max(advice.healthy + 1));
        if advice.full {
            format!(
                "⛔ **{name}**: one of {there} is at {MOST_CONVERSATIONS} conversations, beyond which none is assigned; \
                 {wanted} would do"
            )
        } else {
            format!("📈 **{name}**: {there}; {wanted} would do, at {} conversations each", advice.load)
        }
    };
    listed(&mut said, bots.iter().map(line), "with too many conversations");
    said
}

/// Names of bots, with the ids of those that bear the same.
struct Names<'a>(std::collections::HashMap<&'a str, u32>);

impl<'a> Names<'a> {
    fn of(bots: impl Iterator<Item = &'a Bot>) -> Self {
        let mut counts = std::collections::HashMap::new();
        for bot in bots {
            *counts.entry(bot.name.as_str()).or_default() += 1;
        }
        Self(counts)
    }

    fn tell(&self, bot: &Bot) -> String {
        if self.0.get(bot.name.as_str()).is_some_and(|count| *count > 1) {
            escape::name(&format!("{} ({})", escape::cut(&bot.name, 36), escape::cut(bot.id.as_str(), 20)))
        } else {
            escape::name(&bot.name)
        }
    }
}

fn blindness(incident: &Incident, blind: &Blind) -> Vec<String> {
    if incident.resolved_at().is_some() {
        return vec!["All of it is read again.".to_owned()];
    }
    if looks_well(incident) {
        return vec!["All of it is read again, and what happened meanwhile is judged.".to_owned()];
    }
    let seen =
        blind.seen_well_at.map(|at| format!(" It was last seen whole {}.", words::relative(at))).unwrap_or_default();
    let what = match blind.kind {
        Blindness::Unreachable | Blindness::Unauthorised => "Nothing of the fleet can be read",
        Blindness::Malformed => "Part or all of the fleet cannot be understood",
        Blindness::Incomplete => "Only a part of the fleet can be read",
        Blindness::Stale => "What can be read of the fleet is old",
    };
    let who = match blind.kind {
        Blindness::Unreachable => "Whoever runs the lifecycle service should look at it.",
        Blindness::Unauthorised => "Whoever installed Botswain has to set LIFECYCLE_TOKEN right.",
        Blindness::Malformed => {
            "Whoever installed Botswain should check LIFECYCLE_URL and the service behind it; the log says what could not \
             be understood."
        }
        Blindness::Incomplete => "Whoever runs the lifecycle service should look at why its pages are missing.",
        Blindness::Stale => "Whoever runs the lifecycle service should look at its own connection to the platform.",
    };
    vec![
        format!("**{what}: an outage now could go unseen.** It began {}.{seen}", words::relative(blind.since)),
        escape::text(&blind.why, 600),
        format!("Bots Status in LivePerson still shows it. {who}"),
    ]
}
