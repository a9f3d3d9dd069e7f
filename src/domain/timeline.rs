//! What happened to an incident, one thing after the other, as the thread of its card tells it: read off each change. Pure.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::action::Verb;
use super::attention::{Attention, Hush, SnoozeEnd};
use super::authority::Person;
use super::connector::Environment;
use super::incident::{Blindness, Ending, Facts, Incident, Phase, Severity};
use super::operation::{Operation, Outcome};
use super::redundancy::Level;

/// Something that happened, and when it was written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "was")]
pub enum Happening {
    /// It has a card of its own from now on.
    Opened {
        /// How it stood.
        stands: Stands,
        /// Whether the card calls the roles.
        calls: bool,
        /// Whether it stood on a storm's card before, and outlasted it.
        outlasted: bool,
    },
    /// It was over, and is back.
    Back {
        /// How it stood.
        stands: Stands,
        /// Whether a reply calls the roles.
        calls: bool,
    },
    /// It stands otherwise.
    Changed {
        /// How it stood.
        stands: Stands,
        /// In which way.
        turn: Turn,
        /// Whether a reply calls the roles.
        calls: bool,
    },
    /// It looks well.
    Recovering {
        /// How it stood.
        stands: Stands,
    },
    /// It fell again after it had looked well.
    Flapped {
        /// How it stood.
        stands: Stands,
        /// How often it has by now.
        times: u32,
    },
    /// It is over.
    Resolved {
        /// Since when it stood.
        from: Timestamp,
        /// When it ended.
        at: Timestamp,
        /// What ended it, where something is known to have been done.
        by: Option<Ending>,
    },
    /// Somebody has it.
    Acknowledged {
        /// Who.
        by: Person,
    },
    /// What somebody had acknowledged was something else: nobody has it any more.
    Released,
    /// Whoever had it has it no longer.
    GivenBack {
        /// Who gave it back.
        by: Person,
    },
    /// Somebody wants it left in peace.
    Snoozed {
        /// Who.
        by: Person,
        /// Until when.
        until: Timestamp,
    },
    /// A snooze ended.
    SnoozeEnded {
        /// How.
        how: SnoozeEnd,
    },
    /// A mute covers it, or covers it for longer.
    Muted {
        /// Which one.
        hush: Hush,
    },
    /// No mute covers it any more.
    Unmuted,
    /// It was reminded of.
    Reminded,
    /// It was escalated.
    Escalated,
    /// Somebody acts on a connector of its bot, through us.
    Began {
        /// What is done.
        deed: Deed,
        /// Why it was begun without the second person whom it needs, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        glass: Option<String>,
    },
    /// What left it so was begun without the second person whom it needs, before this was open.
    GlassBroken {
        /// Who did not wait.
        by: Person,
        /// Why, in their words.
        why: String,
    },
    /// That ended.
    Ended {
        /// What was done.
        deed: Deed,
        /// How it ended.
        outcome: Outcome,
    },
    /// It had failed on its way, and somebody left stopped what it had stopped.
    LeftStopped {
        /// What was done.
        deed: Deed,
        /// Who left it so.
        by: Person,
    },
}

/// In which way something stands otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// There is less left, or more is broken.
    Worse,
    /// There is more left, or less is broken.
    Better,
    /// Neither: it can be told, or not any more.
    Otherwise,
}

/// How an incident stood, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "about")]
pub enum Stands {
    /// A bot in an environment.
    Bot {
        /// Its level.
        level: Level,
        /// Healthy connectors.
        healthy: u32,
        /// Connectors known.
        total: u32,
        /// Healthy connectors wanted.
        minimum: u32,
        /// Connectors that could not be read.
        unread: u32,
    },
    /// Many bots that failed at once.
    Storm {
        /// How many are broken.
        broken: u32,
        /// Of how many.
        of: u32,
    },
    /// Bots that are listed on one card.
    Listed {
        /// How many.
        bots: u32,
    },
    /// Being blind.
    Blind {
        /// In which way.
        kind: Blindness,
    },
}

/// What somebody does to a connector through us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Who.
    pub by: Person,
    /// What.
    pub verb: Verb,
    /// To which connector: its name.
    pub connector: String,
    /// Whose connector that is: the bot's name. Empty in what was written before it was told.
    #[serde(default)]
    pub bot: String,
    /// For a redeploy: where it goes.
    pub to: Option<Environment>,
}

impl Stands {
    /// How it stands by what was seen.
    pub fn of(facts: &Facts) -> Self {
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        match facts {
            Facts::Failover(facts) => Self::Bot {
                level: facts.level,
                healthy: facts.healthy,
                total: facts.total,
                minimum: facts.minimum,
                unread: count(facts.lines.iter().filter(|line| line.unread).count()),
            },
            Facts::Storm(storm) => Self::Storm { broken: storm.broken(), of: storm.of() },
            Facts::NeverRedundant { bots } => Self::Listed { bots: count(bots.len()) },
            Facts::Load { bots } => Self::Listed { bots: count(bots.len()) },
            Facts::Blind(blind) => Self::Blind { kind: blind.kind },
        }
    }

    /// In which way it turned to `after`; `None` if it stands as it stood.
    fn turn(&self, after: &Self) -> Option<Turn> {
        match (self, after) {
            (
                Self::Bot { level: old_level, healthy: old_healthy, .. },
                Self::Bot { level: new_level, healthy: new_healthy, .. },
            ) => {
                if old_level == new_level && old_healthy == new_healthy {
                    None
                } else if (*old_level == Level::Unknown) != (*new_level == Level::Unknown) {
                    Some(Turn::Otherwise)
                } else {
                    let badness = Severity::of(*new_level).cmp(&Severity::of(*old_level));
                    Some(turned(new_healthy.cmp(old_healthy).reverse().then(badness)))
                }
            }
            (Self::Storm { broken: old, .. }, Self::Storm { broken: new, .. })
            | (Self::Listed { bots: old }, Self::Listed { bots: new })
                if old != new =>
            {
                Some(turned(new.cmp(old)))
            }
            (Self::Blind { kind: old }, Self::Blind { kind: new }) if old != new => Some(Turn::Otherwise),
            _ => None,
        }
    }
}

/// Which turn it is if there is so much more that is bad.
fn turned(bad: Ordering) -> Turn {
    match bad {
        Ordering::Greater => Turn::Worse,
        Ordering::Less => Turn::Better,
        Ordering::Equal => Turn::Otherwise,
    }
}

/// What happened between an incident as it was (`None` if it is new) and as it is now; nothing while it has no card of its
/// own.
pub fn between(before: Option<&Incident>, after: &Incident) -> Vec<Happening> {
    if !after.has_own_card() {
        return Vec::new();
    }
    let was_silent = Attention::default();
    let with_card = before.filter(|before| before.has_own_card());
    let mut happened = match with_card {
        Some(before) => passed(before, after),
        None => {
            let calls = after.announced > Severity::Quiet && after.attention.muted.is_none();
            let outlasted = before.is_some_and(|before| before.storm.is_some());
            let opened = Happening::Opened { stands: Stands::of(&after.facts), calls, outlasted };
            std::iter::once(opened).chain(glass_broken(&after.facts)).collect()
        }
    };
    attended(with_card.map_or(&was_silent, |before| &before.attention), &after.attention, &mut happened);
    happened
}

/// What an operation is doing, or how it ended.
pub fn of_operation(operation: &Operation) -> Happening {
    let deed = Deed {
        by: operation.requester.clone(),
        verb: operation.verb,
        connector: operation.targets.names(),
        bot: operation.bot.name.clone(),
        to: operation.to.clone(),
    };
    match (&operation.ended, &operation.guidance.left_stopped) {
        (None, _) => Happening::Began { deed, glass: operation.glass.as_ref().map(|glass| glass.why.clone()) },
        (Some(_), Some(left)) => Happening::LeftStopped { deed, by: left.by.clone() },
        (Some(ended), None) => Happening::Ended { deed, outcome: ended.outcome },
    }
}

/// What was seen of it.
fn passed(before: &Incident, after: &Incident) -> Vec<Happening> {
    let stands = Stands::of(&after.facts);
    let calls = after.replies > before.replies && after.attention.muted.is_none();
    let worse = |stands| Happening::Changed { stands, turn: Turn::Worse, calls: true };
    match (&before.phase, &after.phase) {
        (Phase::Resolved { .. }, Phase::Open | Phase::Recovering { .. }) => {
            std::iter::once(Happening::Back { stands, calls }).chain(glass_broken(&after.facts)).collect()
        }
        (Phase::Resolved { .. }, _) => Vec::new(),
        (_, Phase::Resolved { at, by }) => {
            vec![Happening::Resolved { from: began(after), at: *at, by: by.clone() }]
        }
        (Phase::Recovering { .. }, Phase::Open) => {
            let again = Happening::Flapped { stands: stands.clone(), times: after.flaps };
            std::iter::once(again).chain(calls.then(|| worse(stands))).collect()
        }
        (Phase::Open, Phase::Recovering { .. }) => vec![Happening::Recovering { stands }],
        (Phase::Open, Phase::Open) if calls => vec![worse(stands)],
        (Phase::Open, Phase::Open) => {
            let turn = Stands::of(&before.facts).turn(&stands);
            turn.map(|turn| Happening::Changed { stands, turn, calls: false }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// For what of it somebody did not wait for a second person, each operation once.
fn glass_broken(facts: &Facts) -> Vec<Happening> {
    let Facts::Failover(facts) = facts else { return Vec::new() };
    let mut known = BTreeSet::new();
    let own = facts.lines.iter().filter_map(|line| line.own.as_ref()).filter(|own| known.insert(&own.operation));
    let broken = own.filter_map(|own| Some(Happening::GlassBroken { by: own.by.clone(), why: own.glass.clone()? }));
    broken.collect()
}

/// Since when it stood. How long we were blind is counted from the first failed reading.
fn began(incident: &Incident) -> Timestamp {
    if let Facts::Blind(blind) = &incident.facts { blind.since } else { incident.opened_at }
}

/// What people did about it, and what was said of it again.
fn attended(before: &Attention, after: &Attention, happened: &mut Vec<Happening>) {
    match (&before.acknowledged, &after.acknowledged) {
        (old, Some(done)) if old.as_ref() != Some(done) => {
            happened.push(Happening::Acknowledged { by: done.by.clone() });
        }
        (Some(_), None) => happened.push(match &after.given_back {
            Some(done) => Happening::GivenBack { by: done.by.clone() },
            None => Happening::Released,
        }),
        _ => {}
    }
    if let Some(snooze) = &after.snoozed {
        let known = before.snoozed.as_ref().filter(|known| known.at == snooze.at && known.by == snooze.by);
        if known.is_none() {
            happened.push(Happening::Snoozed { by: snooze.by.clone(), until: snooze.until });
        }
        let has_ended = snooze.ended.as_ref().filter(|_| known.is_none_or(|known| known.ended.is_none()));
        happened.extend(has_ended.map(|how| Happening::SnoozeEnded { how: how.clone() }));
    }
    match (&before.muted, &after.muted) {
        (old, Some(hush)) if old.as_ref().is_none_or(|old| (&old.mute, old.until) != (&hush.mute, hush.until)) => {
            happened.push(Happening::Muted { hush: hush.clone() });
        }
        (Some(_), None) => happened.push(Happening::Unmuted),
        _ => {}
    }
    if after.reminded_at.is_some() && after.reminded_at != before.reminded_at {
        happened.push(Happening::Reminded);
    }
    if after.escalated_at.is_some() && after.escalated_at != before.escalated_at {
        happened.push(Happening::Escalated);
    }
}

#[cfg(test)]
mod tests {
    use super::super::attention::{Done, Wish};
    use super::super::connector::{Bot, Condition, Environment};
    use super::super::ids::{BotId, ConnectorId, Id, UserId};
    use super::super::incident::{Failover, Line, OwnDoing, Storm, StormPlace, Subject};
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn facts(level: Level, healthy: u32) -> Facts {
        Facts::Failover(Failover { level, healthy, total: 3, minimum: 2, lines: Vec::new() })
    }

    fn incident() -> Incident {
        let bot = Bot { id: BotId::new("billing"), name: "Billing".into() };
        let subject = Subject::Failover { bot, environment: Environment::new("production") };
        Incident { announced: Severity::AtRisk, ..Incident::new(subject, facts(Level::AtRisk, 1), at(0)) }
    }

    fn olga() -> Person {
        Person { id: UserId(1), name: "Olga".into() }
    }

    fn words(before: Option<&Incident>, after: &Incident) -> Vec<String> {
        let word = |happening: &Happening| {
            let body = serde_json::to_value(happening).unwrap();
            let turn = body["turn"].as_str().map(|turn| format!(" {turn}")).unwrap_or_default();
            let calls = if body["calls"] == true { ", called" } else { "" };
            format!("{}{turn}{calls}", body["was"].as_str().unwrap())
        };
        let happened = between(before, after);
        for happening in &happened {
            let body = serde_json::to_string(happening).unwrap();
            assert_eq!(
                serde_json::from_str::<Happening>(&body).unwrap(),
                *happening,
                "p6: it is read as it was written"
            );
        }
        happened.iter().map(word).collect()
    }

    #[test]
    fn each_change_of_what_is_seen_is_one_thing_that_happened() {
        let open = incident();
        let quiet = Incident { announced: Severity::Quiet, ..open.clone() };
        let worse = Incident { facts: facts(Level::Outage, 0), ..open.clone() };
        let said = Incident { announced: Severity::Outage, replies: 1, ..worse.clone() };
        let unknown = Incident { facts: facts(Level::Unknown, 1), ..open.clone() };
        let phase = Phase::Recovering { since: at(5), by: None };
        let well = Incident { phase, facts: facts(Level::Redundant, 2), ..open.clone() };
        let fell = Incident { flaps: 1, ..open.clone() };
        let over = Incident { phase: Phase::Resolved { at: at(5), by: None }, ..well.clone() };
        let back = Incident { replies: 1, flaps: 1, ..open.clone() };
        let suspected = Incident { phase: Phase::Suspected { since: at(0), well_since: None }, ..open.clone() };
        for (before, after, expected) in [
            (None, &open, vec!["opened, called"]),
            (Some(&suspected), &quiet, vec!["opened"]),
            (None, &suspected, vec![]),
            (Some(&open), &open, vec![]),
            (Some(&open), &worse, vec!["changed worse"]),
            (Some(&worse), &said, vec!["changed worse, called"]),
            (Some(&worse), &open, vec!["changed better"]),
            (Some(&open), &unknown, vec!["changed otherwise"]),
            (Some(&open), &well, vec!["recovering"]),
            (Some(&well), &fell, vec!["flapped"]),
            (Some(&well), &over, vec!["resolved"]),
            (Some(&over), &over, vec![]),
            (Some(&over), &back, vec!["back, called"]),
        ] {
            assert_eq!(words(before, after), expected, "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn that_the_glass_was_broken_for_what_left_it_so_is_told_as_it_opens_and_comes_back() {
        let line = |name: &str, glass: Option<&str>| Line {
            connector: ConnectorId::new(name),
            name: name.into(),
            condition: Some(Condition::Stopped),
            words: None,
            since: None,
            moved_to: None,
            starting: false,
            unread: false,
            last_operation: None,
            own: Some(OwnDoing {
                by: olga(),
                verb: Verb::Stop,
                operation: "ab12cd34ab12cd34".parse().unwrap(),
                under_way: false,
                overran: false,
                glass: glass.map(str::to_owned),
            }),
        };
        let lines = vec![line("billing-1", Some("it lies")), line("billing-2", Some("it lies"))];
        let with = |lines| {
            let facts = Failover { level: Level::AtRisk, healthy: 1, total: 3, minimum: 2, lines };
            Incident { facts: Facts::Failover(facts), ..incident() }
        };
        let open = with(lines);
        assert_eq!(words(None, &open), ["opened, called", "glass_broken"], "once for one operation");
        assert_eq!(words(None, &with(vec![line("billing-1", None)])), ["opened, called"]);
        assert_eq!(words(Some(&incident()), &open), [""; 0], "what begins while it is open is told as it begins");
        let over = Incident { phase: Phase::Resolved { at: at(5), by: None }, ..incident() };
        assert_eq!(words(Some(&over), &open), ["back", "glass_broken"]);
    }

    #[test]
    fn a_storm_tells_how_many_and_what_outlasts_it_tells_that() {
        let storm = |broken| {
            let place = StormPlace { environment: Environment::new("production"), broken, out: 0, of: 9 };
            let facts = Facts::Storm(Storm { places: vec![place], ..Storm::default() });
            Incident { announced: Severity::AtRisk, ..Incident::new(Subject::Storm, facts, at(0)) }
        };
        let (few, many) = (storm(4), storm(7));
        let many = Incident { id: few.id.clone(), ..many };
        assert_eq!(words(Some(&few), &many), ["changed worse"]);
        assert_eq!(words(Some(&many), &few), ["changed better"]);
        let swept = Incident { storm: Some(Id::random()), ..incident() };
        assert_eq!(words(None, &swept), [""; 0]);
        let Happening::Opened { outlasted, .. } = &between(Some(&swept), &incident())[0] else { panic!("it opened") };
        assert!(outlasted);
    }

    #[test]
    fn what_people_do_and_what_is_said_again_is_told_each_once() {
        let open = incident();
        let with = |attention: Attention| Incident { attention, ..incident() };
        let acknowledged = with(open.take(Wish::Acknowledge, &olga(), at(1)).unwrap());
        let snoozed = with(acknowledged.take(Wish::Snooze(at(99)), &olga(), at(2)).unwrap());
        let awake = with(snoozed.take(Wish::Unsnooze, &olga(), at(3)).unwrap());
        let again = with(awake.take(Wish::Snooze(at(99)), &olga(), at(4)).unwrap());
        assert_eq!(words(Some(&open), &acknowledged), ["acknowledged"]);
        assert_eq!(words(Some(&acknowledged), &snoozed), ["snoozed"]);
        assert_eq!(words(Some(&snoozed), &awake), ["snooze_ended"]);
        assert_eq!(words(Some(&awake), &again), ["snoozed"]);
        let mut rearmed = again.attention.clone();
        rearmed.rearm(at(5));
        assert_eq!(words(Some(&again), &with(rearmed)), ["released", "snooze_ended"]);
        let hush = Hush { mute: Id::random(), by: olga(), until: at(50), reason: "x".into() };
        let muted = with(Attention { muted: Some(hush), ..Attention::default() });
        assert_eq!(words(Some(&open), &muted), ["muted"]);
        assert_eq!(words(Some(&muted), &open), ["unmuted"]);
        assert_eq!(words(None, &muted), ["opened", "muted"]);
        let said = |reminded_at, escalated_at| with(Attention { reminded_at, escalated_at, ..Attention::default() });
        assert_eq!(words(Some(&open), &said(Some(at(7)), Some(at(7)))), ["reminded", "escalated"]);
        assert_eq!(words(Some(&said(Some(at(7)), None)), &said(Some(at(8)), None)), ["reminded"]);
        let known = with(Attention { acknowledged: Some(Done { by: olga(), at: at(1) }), ..Attention::default() });
        assert_eq!(words(Some(&known), &known), [""; 0]);
    }
}
