//! Mutes: for a while nothing of an environment, or of a bot, pings anybody. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attention::{Done, Hush, is_said_again};
use super::authority::{At, Person};
use super::connector::{Bot, Environment};
use super::ids::{ChannelId, Id};
use super::incident::{Facts, Incident, Severity, Subject};
use super::policy::{Policy, Terms};
use super::redundancy::Level;

/// How many incidents a summary names one by one.
const NAMED: usize = 30;

/// What a mute covers: an environment, a bot wherever it is, or a bot in an environment. Never that we cannot see.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The environment; `None` is each.
    pub environment: Option<Environment>,
    /// The bot; `None` is each.
    pub bot: Option<Bot>,
}

impl Scope {
    /// The name under which the store keeps it. At most one mute is on for each.
    pub fn name(&self) -> String {
        match (&self.environment, &self.bot) {
            (Some(environment), Some(bot)) => format!("bot:{environment}:{}", bot.id),
            (Some(environment), None) => format!("environment:{environment}"),
            (None, Some(bot)) => format!("everywhere:{}", bot.id),
            (None, None) => "everything".to_owned(),
        }
    }

    /// Where whoever mutes it needs the right to; `None` is each environment.
    pub fn at(&self) -> Option<At<'_>> {
        let environment = self.environment.as_ref()?;
        Some(At { environment, bot: self.bot.as_ref().map(|bot| &bot.id) })
    }

    /// What holds for it: where its messages stand, and whom its summary calls.
    pub fn terms<'a>(&self, policy: &'a Policy) -> &'a Terms {
        match (&self.environment, &self.bot) {
            (Some(environment), Some(bot)) => policy.terms(&bot.id, environment),
            (Some(environment), None) => policy.terms_in(environment),
            (None, _) => policy.everywhere(),
        }
    }

    /// Whether it covers an incident: a storm only if it covers every environment of it, and no notice that pings nobody as it is.
    pub fn covers(&self, incident: &Incident) -> bool {
        let here = |environment: &Environment| self.environment.as_ref().is_none_or(|muted| muted == environment);
        match &incident.subject {
            Subject::Failover { bot, environment } => {
                here(environment) && self.bot.as_ref().is_none_or(|muted| muted.id == bot.id)
            }
            Subject::Storm => match &incident.facts {
                Facts::Storm(storm) => {
                    self.bot.is_none()
                        && !storm.places.is_empty()
                        && storm.places.iter().all(|at| here(&at.environment))
                }
                _ => false,
            },
            Subject::Blind | Subject::NeverRedundant { .. } | Subject::Load { .. } => false,
        }
    }
}

/// A mute, as the store keeps it and its message shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Its id.
    pub id: Id,
    /// What it covers.
    pub scope: Scope,
    /// Whose it is.
    pub by: Person,
    /// Why, in the words of the owner, or of who prolonged it last.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Where its message and its summary stand.
    pub channel: ChannelId,
    /// Who prolonged it last, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prolonged: Option<Done>,
    /// How it ended, if it is over.
    pub ended: Option<MuteEnd>,
}

/// How a mute ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum MuteEnd {
    /// Its time was over.
    Over {
        /// When that was seen.
        at: Timestamp,
    },
    /// Somebody ended it.
    Unmuted(Done),
}

impl MuteEnd {
    /// When.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Over { at } | Self::Unmuted(Done { at, .. }) => *at,
        }
    }
}

impl Mute {
    /// The mute as a card shows it.
    pub fn hush(&self) -> Hush {
        Hush { mute: self.id.clone(), by: self.by.clone(), until: self.until, reason: self.reason.clone() }
    }

    /// The same, for as long and for the reason that somebody asked for now; `None` if that ends no later.
    pub fn prolonged_as(&self, asked: &Self) -> Option<Self> {
        let done = Done { by: asked.by.clone(), at: asked.at };
        let longer =
            || Self { until: asked.until, reason: asked.reason.clone(), prolonged: Some(done), ..self.clone() };
        (asked.until > self.until).then(longer)
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

/// The mute that covers an incident now: of several, the one that ends last.
pub fn covering<'a>(mutes: &'a [Mute], incident: &Incident, now: Timestamp) -> Option<&'a Mute> {
    let on = mutes.iter().filter(|mute| mute.ended.is_none() && !mute.is_over(now) && mute.scope.covers(incident));
    on.max_by_key(|mute| (mute.until, mute.at))
}

/// What was kept quiet by a mute, told when it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Those that still stand, worst first, then those that ended. Not more than can be read.
    pub heard: Vec<Heard>,
    /// How many are left out.
    pub more: usize,
    /// How many of all still stand.
    pub open: usize,
    /// Whether something still stands that would have pinged, and that nobody has seen.
    pub ping: bool,
}

/// An incident that a mute kept quiet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The incident.
    pub incident: Id,
    /// What it is about.
    pub subject: Subject,
    /// A bot's level when the mute ended.
    pub level: Option<Level>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ended, if it is over.
    pub resolved_at: Option<Timestamp>,
}

impl Summary {
    /// Sums up the incidents that a mute covered while they stood.
    pub fn of(incidents: &[Incident]) -> Self {
        let mut sorted: Vec<_> = incidents.iter().collect();
        sorted.sort_by_key(|incident| (incident.resolved_at().is_some(), badness(incident), incident.opened_at));
        let heard = sorted.iter().take(NAMED).map(|incident| Heard::from(*incident)).collect();
        let open: Vec<_> = sorted.iter().filter(|incident| incident.resolved_at().is_none()).collect();
        Self {
            heard,
            more: sorted.len().saturating_sub(NAMED),
            open: open.len(),
            ping: open.iter().any(|incident| is_unseen(incident)),
        }
    }
}

/// Whether it would ping, and nobody took it on or left it in peace meanwhile.
fn is_unseen(incident: &Incident) -> bool {
    let attention = &incident.attention;
    let taken = attention.acknowledged.is_some() || attention.snooze().is_some();
    is_said_again(&incident.subject) && incident.announced > Severity::Quiet && !taken
}

/// How bad an open incident is: the worst first, and being blind before all, since it hides the rest.
pub fn badness(incident: &Incident) -> u8 {
    match &incident.facts {
        Facts::Blind(_) => 0,
        Facts::Storm(_) => 1,
        Facts::Failover(facts) => match facts.level {
            Level::Outage => 1,
            Level::AtRisk => 2,
            Level::Unknown => 3,
            Level::Starting => 4,
            Level::NeverRedundant | Level::NotInUse | Level::Redundant => 5,
        },
        Facts::NeverRedundant { .. } => 6,
        Facts::Load { .. } => 7,
    }
}

impl From<&Incident> for Heard {
    fn from(incident: &Incident) -> Self {
        Self {
            incident: incident.id.clone(),
            subject: incident.subject.clone(),
            level: match &incident.facts {
                Facts::Failover(facts) => Some(facts.level),
                _ => None,
            },
            opened_at: incident.opened_at,
            resolved_at: incident.resolved_at(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::attention::Wish;
    use super::super::ids::{BotId, UserId};
    use super::super::incident::{Blind, Blindness, Failover, Phase, Storm, StormPlace};
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn bot(id: &str) -> Bot {
        Bot { id: BotId::new(id), name: format!("{id} Bot") }
    }

    fn subject(bot_id: &str, environment: &str) -> Subject {
        Subject::Failover { bot: bot(bot_id), environment: Environment::new(environment) }
    }

    fn mute(environment: Option<&str>, of: Option<&str>, until: i64) -> Mute {
        Mute {
            id: Id::random(),
            scope: Scope { environment: environment.map(Environment::new), bot: of.map(bot) },
            by: Person { id: UserId(1), name: "Olga".into() },
            reason: "new settings".into(),
            at: at(0),
            until: at(until),
            channel: ChannelId(9),
            prolonged: None,
            ended: None,
        }
    }

    fn incident(level: Level, announced: Severity) -> Incident {
        let facts = Failover { level, healthy: 1, total: 2, minimum: 2, lines: Vec::new() };
        Incident { announced, ..Incident::new(subject("billing", "production"), Facts::Failover(facts), at(0)) }
    }

    #[test]
    fn a_mute_covers_what_it_names_and_never_that_we_cannot_see() {
        let of = |subject| Incident { subject, ..incident(Level::AtRisk, Severity::AtRisk) };
        let never = Subject::NeverRedundant { environment: Environment::new("production") };
        let all = [subject("billing", "production"), subject("billing", "demo"), subject("faq", "production"), never];
        let all = all.map(of);
        let place = |name: &str| StormPlace { environment: Environment::new(name), broken: 5, out: 1, of: 9 };
        let storm = |places: &[&str]| {
            let facts = Storm { places: places.iter().map(|name| place(name)).collect(), ..Storm::default() };
            Incident::new(Subject::Storm, Facts::Storm(facts), at(0))
        };
        let blind = Blind { since: at(0), seen_well_at: None, why: String::new(), kind: Blindness::default() };
        let blind = Incident::new(Subject::Blind, Facts::Blind(blind), at(0));
        for (of, covered, storms) in [
            (mute(Some("production"), None, 9), [true, false, true, false], [true, false]),
            (mute(None, Some("billing"), 9), [true, true, false, false], [false, false]),
            (mute(Some("production"), Some("billing"), 9), [true, false, false, false], [false, false]),
        ] {
            assert_eq!(all.each_ref().map(|incident| of.scope.covers(incident)), covered, "{:?}", of.scope);
            let of_storms = [storm(&["production"]), storm(&["production", "demo"])];
            assert_eq!(of_storms.map(|incident| of.scope.covers(&incident)), storms, "{:?}", of.scope);
            assert!(!of.scope.covers(&blind));
        }
    }

    #[test]
    fn of_several_mutes_the_one_that_ends_last_is_shown_and_one_that_is_over_covers_nothing() {
        let billing = incident(Level::AtRisk, Severity::AtRisk);
        let mutes = [mute(Some("production"), None, 100), mute(None, Some("billing"), 200)];
        assert_eq!(covering(&mutes, &billing, at(50)), Some(&mutes[1]));
        assert_eq!(covering(&mutes, &billing, at(199)), Some(&mutes[1]));
        assert_eq!(covering(&mutes, &billing, at(200)), None);
        let ended = [Mute { ended: Some(MuteEnd::Over { at: at(10) }), ..mutes[0].clone() }];
        assert_eq!(covering(&ended, &billing, at(50)), None);
    }

    #[test]
    fn a_summary_is_worst_first_and_pings_only_for_what_nobody_has_seen() {
        let over =
            Incident { phase: Phase::Resolved { at: at(9), by: None }, ..incident(Level::Redundant, Severity::Outage) };
        let (risk, outage) = (incident(Level::AtRisk, Severity::AtRisk), incident(Level::Outage, Severity::Outage));
        let summary = Summary::of(&[over.clone(), risk.clone(), outage.clone()]);
        let order: Vec<_> = summary.heard.iter().map(|heard| &heard.incident).collect();
        assert_eq!(order, [&outage.id, &risk.id, &over.id]);
        assert_eq!((summary.open, summary.more, summary.ping), (2, 0, true));
        assert!(!Summary::of(std::slice::from_ref(&over)).ping);
        assert!(!Summary::of(&[incident(Level::AtRisk, Severity::Quiet)]).ping, "an operator announced it");
        let olga = Person { id: UserId(1), name: "Olga".into() };
        let taken = Incident { attention: risk.take(Wish::Acknowledge, &olga, at(5)).unwrap(), ..risk };
        assert!(!Summary::of(&[taken]).ping, "somebody has it");
        let many: Vec<_> = (0..NAMED + 5).map(|_| incident(Level::AtRisk, Severity::AtRisk)).collect();
        let summary = Summary::of(&many);
        assert_eq!((summary.heard.len(), summary.more, summary.open), (NAMED, 5, NAMED + 5));
    }
}
