//! Many bots at once: which of them a storm takes up, and what its card says of them. Pure.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::observe::Lookout;
use super::round::{Case, Open};
use crate::domain::connector::Environment;
use crate::domain::ids::ChannelId;
use crate::domain::incident::{Facts, Incident, Phase, Severity, Storm, StormBot, StormPlace, Subject};
use crate::domain::judging::{Observation, Reason, Standing};
use crate::domain::notice::Call;
use crate::domain::redundancy::Level;
use crate::domain::storm::{AT_ONCE, Sky};

/// How many bots are named on the card: more than fit on it are only counted.
const NAMED: usize = 40;

/// How a bot's case is part of a storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It has become an incident just now, by itself, with a card of its own unless a storm takes it up.
    Newly,
    /// It became one lately, and has a card of its own.
    Lately,
    /// It stands on the storm's card.
    Swept,
}

/// Which part a case has in the storm that is on, or in one that would begin now.
pub(super) fn part_of(case: &Case<'_>, storm: Option<&Incident>, now: Timestamp) -> Option<Part> {
    let newly = matches!(case.judged.reason, Reason::Opened | Reason::Back) && case.judged.call != Call::Nobody;
    if newly { Some(Part::Newly) } else { part_of_kept(case.incident()?, storm, now) }
}

/// Which part an incident has that was not looked at now.
fn part_of_kept(incident: &Incident, storm: Option<&Incident>, now: Timestamp) -> Option<Part> {
    let of_bot = matches!(incident.subject, Subject::Failover { .. });
    if !of_bot || incident.phase != Phase::Open || incident.announced == Severity::Quiet {
        return None;
    }
    if let Some(swept_by) = &incident.storm {
        return storm.is_some_and(|storm| storm.id == *swept_by).then_some(Part::Swept);
    }
    // Counted from when the storm began, so that nothing changes merely because time passes.
    let from = storm.map_or(now, |storm| storm.back_at.unwrap_or(storm.opened_at));
    let opened = incident.back_at.unwrap_or(incident.opened_at);
    let at_once = opened.checked_add(AT_ONCE).is_ok_and(|until| from <= until);
    at_once.then_some(Part::Lately)
}

/// What is seen of a storm: one that is on, or one that begins with what has just failed. `None` if there is none.
///
/// Bots that were not looked at now are as they are kept.
pub(super) fn observe(
    cases: &[Case<'_>],
    open: &Open,
    in_use: &BTreeMap<Environment, u32>,
    threshold: u32,
    lookout: &Lookout<'_>,
) -> Option<Observation> {
    let (storm, now) = (open.incident(&Subject::Storm), lookout.now);
    let judged: Vec<_> = cases.iter().filter_map(|case| Some((part_of(case, storm, now)?, case.incident()?))).collect();
    if storm.is_none() && !judged.iter().any(|(part, _)| *part == Part::Newly) {
        return None;
    }
    let looked_at: HashSet<_> = cases.iter().filter_map(Case::kept).map(|incident| &incident.id).collect();
    let others = open.all().map(|kept| &kept.incident).filter(|incident| !looked_at.contains(&incident.id));
    let others = others.filter_map(|incident| Some((part_of_kept(incident, storm, now)?, incident)));
    let parts: Vec<_> = judged.into_iter().chain(others).collect();
    let count = |wanted| u32::try_from(parts.iter().filter(|(part, _)| *part == wanted).count()).unwrap_or(u32::MAX);
    let sky = Sky {
        threshold,
        in_use: in_use.values().sum(),
        newly: count(Part::Newly),
        lately: count(Part::Lately),
        swept: count(Part::Swept),
    };
    let standing = match storm {
        Some(_) => sky.of_storm(),
        None if sky.begins() => Standing::Incident,
        None => return None,
    };
    // What has a card of its own is said there.
    let mut bots: Vec<_> = parts.iter().filter(|(part, _)| *part != Part::Lately).filter_map(bot).collect();
    let unannounced =
        if bots.iter().any(|bot| bot.level == Level::Outage) { Severity::Outage } else { Severity::AtRisk };
    bots.sort_by(|a, b| key(a).cmp(&key(b)));
    bots.truncate(NAMED);
    let known = match storm.map(|storm| &storm.facts) {
        Some(Facts::Storm(known)) => known.peak,
        _ => 0,
    };
    let facts = Storm { places: places(&parts, in_use), peak: known, bots, with_own_cards: sky.lately };
    let facts = Storm { peak: known.max(facts.broken()), ..facts };
    Some(Observation {
        subject: Subject::Storm,
        facts: Facts::Storm(facts),
        standing,
        unannounced,
        watched_since: lookout.watched_since,
        ended_by: None,
    })
}

/// The channel in which the bots of a storm that begins now would be posted, if that is one.
pub(super) fn channel(cases: &[Case<'_>], now: Timestamp) -> Option<ChannelId> {
    let mut channels = cases.iter().filter(|case| part_of(case, None, now) == Some(Part::Newly)).map(Case::channel);
    let first = channels.next()?;
    channels.all(|channel| channel == first).then_some(first)
}

fn key(bot: &StormBot) -> (Level, &Environment, &str, &str) {
    (bot.level, &bot.environment, &bot.bot.name, bot.bot.id.as_str())
}

fn bot((_, incident): &(Part, &Incident)) -> Option<StormBot> {
    match (&incident.subject, &incident.facts) {
        (Subject::Failover { bot, environment }, Facts::Failover(facts)) => Some(StormBot {
            bot: bot.clone(),
            environment: environment.clone(),
            level: facts.level,
            healthy: facts.healthy,
            total: facts.total,
        }),
        _ => None,
    }
}

/// The environments in which bots are broken, each with its counts.
fn places(parts: &[(Part, &Incident)], in_use: &BTreeMap<Environment, u32>) -> Vec<StormPlace> {
    let mut places: BTreeMap<&Environment, StormPlace> = BTreeMap::new();
    for (_, incident) in parts {
        let Subject::Failover { environment, .. } = &incident.subject else { continue };
        let of = in_use.get(environment).copied().unwrap_or(0);
        let empty = || StormPlace { environment: environment.clone(), broken: 0, out: 0, of };
        let place = places.entry(environment).or_insert_with(empty);
        place.broken += 1;
        place.out += u32::from(matches!(&incident.facts, Facts::Failover(facts) if facts.level == Level::Outage));
    }
    places.into_values().collect()
}
