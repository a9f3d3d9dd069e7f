//! When something is an incident, when it changes, when it is over, and whom that calls: `(state, observation, patience, now)`
//! to the state after it and the reason. Pure.
//!
//! What is known is waited for in both directions, so that a blip is no alert and a moment's peace no recovery; what is
//! unknown counts for neither. All that is waited for stands in the incident, so a restart goes on where it was.

mod opening;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;

use self::opening::{Suspicion, suspect};
use super::ids::{ChannelId, Id, MessageId};
use super::incident::{Ending, Facts, Incident, Phase, Severity, Subject};
use super::notice::Call;
use super::policy::Terms;
use super::redundancy::Level;

/// What is seen of a subject now.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The subject.
    pub subject: Subject,
    /// What is seen.
    pub facts: Facts,
    /// Whether it is an incident, apart from what an operator announced.
    pub standing: Standing,
    /// How bad it is, unless all of it was announced by who did it through us: only that pings.
    pub unannounced: Severity,
    /// Since when it has been looked at without a gap: before that it may have been anything.
    pub watched_since: Timestamp,
    /// What seems to have ended it, if it is well.
    pub ended_by: Option<Ending>,
}

/// Whether what is seen is an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Incident,
    /// It is not.
    Well,
    /// It cannot be told now: what is open stays open, and nothing is opened.
    Undecided,
}

impl Standing {
    /// The standing of a bot's level.
    pub fn of(level: Level) -> Self {
        match level {
            Level::Outage | Level::AtRisk => Self::Incident,
            Level::Redundant | Level::NeverRedundant | Level::NotInUse => Self::Well,
            Level::Unknown | Level::Starting => Self::Undecided,
        }
    }
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// Until something is an incident.
    pub alert_after: Duration,
    /// Until an outage is one, if that is sooner: nobody takes conversations meanwhile.
    pub outage_after: Duration,
    /// Until it is over.
    pub recover_after: Duration,
    /// Until what comes back is another one.
    pub reopen_within: Duration,
}

impl Patience {
    /// What the terms say.
    pub fn of(terms: &Terms) -> Self {
        let Terms { alert_after, outage_after, recover_after, reopen_within, .. } = *terms;
        Self { alert_after, outage_after, recover_after, reopen_within }
    }

    /// With what is only seen once it has lasted: it is an incident at once.
    pub fn with_what_has_lasted(terms: &Terms) -> Self {
        Self { alert_after: Duration::ZERO, outage_after: Duration::ZERO, ..Self::of(terms) }
    }

    fn until_alert(&self, severity: Severity) -> Duration {
        match severity {
            Severity::Outage => self.alert_after.min(self.outage_after),
            Severity::Quiet | Severity::AtRisk => self.alert_after,
        }
    }
}

/// What is known of a subject from before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past<'a> {
    /// The incident that is open or suspected.
    pub open: Option<&'a Incident>,
    /// The last one that is over, with where its card stands. It is looked at only if [`is_confirmed`].
    pub last: Option<(&'a Incident, Option<(ChannelId, MessageId)>)>,
    /// The storm that is on, if this is what a storm can take up.
    pub storm: Option<&'a Id>,
}

/// What an observation means.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The state after it.
    pub after: After,
    /// Why, for the log.
    pub reason: Reason,
    /// Whom it calls.
    pub call: Call,
    /// Whether what its card says has changed.
    pub shown: bool,
    /// When there is more to say if nothing else is seen until then.
    pub due: Option<Timestamp>,
}

/// The state after an observation.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// As it was.
    Same,
    /// This.
    Is(Box<Incident>),
    /// The one that was over is open again, and what was suspected is part of it.
    Back(Box<Incident>),
    /// Nothing was wrong for long enough.
    Forgotten,
}

/// Why the state is what it is after an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// All is as it was.
    Nothing,
    /// It is bad, and not yet for long enough.
    Suspected,
    /// It was suspected, and was well again before it was an incident.
    Forgotten,
    /// It is an incident.
    Opened,
    /// It is an incident, and part of a storm.
    Swept,
    /// It is the same incident as one that was over a short time ago.
    Back,
    /// What was seen of it changed.
    Changed,
    /// It is worse than was announced, and for long enough to say so.
    Worse,
    /// It is well, and not yet for long enough.
    Recovering,
    /// It cannot be told any more whether it is well.
    Unseen,
    /// It fell again before it was over.
    Relapsed,
    /// The storm on whose card it stood is over, and it is not.
    LeftBehind,
    /// It has been well for long enough.
    Resolved,
}

impl Reason {
    /// The word for the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing new",
            Self::Suspected => "suspected",
            Self::Forgotten => "suspected in vain",
            Self::Opened => "opened",
            Self::Swept => "opened in a storm",
            Self::Back => "opened again",
            Self::Changed => "changed",
            Self::Worse => "got worse",
            Self::Recovering => "looks well",
            Self::Unseen => "cannot be told",
            Self::Relapsed => "fell again",
            Self::LeftBehind => "outlasted its storm",
            Self::Resolved => "resolved",
        }
    }
}

impl Judged {
    fn same(due: Option<Timestamp>) -> Self {
        Self { after: After::Same, reason: Reason::Nothing, call: Call::Nobody, shown: false, due }
    }

    /// A change that nobody is called for; `shown` if its card says so.
    fn quiet(incident: Incident, reason: Reason, shown: bool, due: Option<Timestamp>) -> Self {
        Self { after: After::Is(Box::new(incident)), reason, call: Call::Nobody, shown, due }
    }

    fn calling(after: After, reason: Reason, call: Call) -> Self {
        Self { after, reason, call, shown: true, due: None }
    }
}

/// Decides what an observation means.
///
/// Only what got worse by itself calls anybody (P7): the severity of what no operator announced is held against the worst
/// that was announced.
#[must_use]
pub fn decide(past: Past<'_>, seen: &Observation, patience: &Patience, now: Timestamp) -> Judged {
    match past.open.map(|open| (open, &open.phase)) {
        None | Some((_, Phase::Suspected { .. })) => suspect(past, seen, patience, now),
        Some((open, Phase::Open)) => stands(past, open, seen, patience, now),
        Some((open, Phase::Recovering { since, .. })) => recovers(past, open, *since, seen, patience, now),
        Some((_, Phase::Resolved { .. })) => Judged::same(None),
    }
}

/// Whether what is seen makes an incident of what was none: then the last one on the subject matters.
pub fn is_confirmed(open: Option<&Incident>, seen: &Observation, patience: &Patience, now: Timestamp) -> bool {
    let suspicion = Suspicion::of(open, now);
    seen.standing == Standing::Incident
        && suspicion.is_some_and(|suspicion| suspicion.fell(now).is_confirmed(seen.unannounced, patience, now))
}

/// An incident is open.
fn stands(past: Past<'_>, open: &Incident, seen: &Observation, patience: &Patience, now: Timestamp) -> Judged {
    match seen.standing {
        Standing::Well => recovers(past, open, now, seen, patience, now),
        Standing::Undecided if open.facts == seen.facts => Judged::same(None),
        Standing::Undecided => {
            Judged::quiet(Incident { facts: seen.facts.clone(), ..open.clone() }, Reason::Changed, true, None)
        }
        Standing::Incident => goes_on(past, open, seen, patience, now),
    }
}

/// An incident is open, or falls again, and may have got worse.
fn goes_on(past: Past<'_>, open: &Incident, seen: &Observation, patience: &Patience, now: Timestamp) -> Judged {
    let fell = open.phase != Phase::Open;
    let left_behind = open.storm.is_some() && open.storm.as_ref() != past.storm;
    let is_worse = seen.unannounced > open.announced;
    let worse_since = is_worse.then(|| open.worse_since.unwrap_or(now));
    let worse_due = worse_since.map(|since| later(since, patience.until_alert(seen.unannounced)));
    let changed = open.facts != seen.facts;
    if !fell && !left_behind && !changed && worse_since == open.worse_since && worse_due.is_none_or(|due| due > now) {
        return Judged::same(worse_due);
    }
    let unannounced = seen.unannounced;
    let mut incident = Incident { phase: Phase::Open, facts: seen.facts.clone(), worse_since, ..open.clone() };
    if fell {
        incident.flaps = incident.flaps.saturating_add(1);
    }
    if left_behind {
        incident.storm = None;
        incident.attention.rearm(now);
        incident.announced = unannounced;
        incident.worse_since = None;
        let call = if unannounced > Severity::Quiet { Call::Card } else { Call::Nobody };
        return Judged::calling(After::Is(Box::new(incident)), Reason::LeftBehind, call);
    }
    if let Some(since) = worse_since.filter(|_| worse_due.is_some_and(|due| due <= now)) {
        incident.attention.announce(unannounced, since, now);
        incident.announced = unannounced;
        incident.worse_since = None;
        if incident.storm.is_some() {
            // The storm's card says how bad it is.
            return Judged::quiet(incident, Reason::Worse, false, None);
        }
        incident.replies = incident.replies.saturating_add(1);
        return Judged::calling(After::Is(Box::new(incident)), Reason::Worse, Call::Worse);
    }
    let reason = if fell { Reason::Relapsed } else { Reason::Changed };
    Judged::quiet(incident, reason, fell || changed, worse_due)
}

/// An incident looks well since then, or did.
fn recovers(
    past: Past<'_>,
    open: &Incident,
    since: Timestamp,
    seen: &Observation,
    patience: &Patience,
    now: Timestamp,
) -> Judged {
    let by = match &open.phase {
        Phase::Recovering { by, .. } => by.as_ref().or(seen.ended_by.as_ref()).cloned(),
        _ => seen.ended_by.clone(),
    };
    let then = |phase| Incident { phase, facts: seen.facts.clone(), worse_since: None, ..open.clone() };
    match seen.standing {
        Standing::Incident => goes_on(past, open, seen, patience, now),
        // What is unknown is no time of being well.
        Standing::Undecided => {
            let waits = then(Phase::Recovering { since: now, by });
            let shown = open.facts != seen.facts;
            if waits == *open { Judged::same(None) } else { Judged::quiet(waits, Reason::Unseen, shown, None) }
        }
        Standing::Well => {
            let due = later(since.max(seen.watched_since), patience.recover_after);
            if due <= now {
                return Judged::quiet(then(Phase::Resolved { at: since, by }), Reason::Resolved, true, None);
            }
            if open.phase != Phase::Open && open.facts == seen.facts {
                return Judged::same(Some(due));
            }
            Judged::quiet(then(Phase::Recovering { since, by }), Reason::Recovering, true, Some(due))
        }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
