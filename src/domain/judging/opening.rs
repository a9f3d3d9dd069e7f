//! From a suspicion to an incident: a new one, a storm's, or the last one once more.

use jiff::Timestamp;

use super::{After, Judged, Observation, Past, Patience, Reason, Standing, later};
use crate::domain::ids::{ChannelId, MessageId};
use crate::domain::incident::{Before, Incident, Phase, Severity};
use crate::domain::notice::Call;

/// What falls this often without having been well for long in between is an incident, however soon it comes back each time:
/// two connectors on one bot agent kick each other out, and never stay away for as long as is waited for.
const FALLS: u32 = 3;

/// What is suspected on a subject on which nothing is open.
#[derive(Clone, Copy)]
pub(super) struct Suspicion {
    since: Timestamp,
    well_since: Option<Timestamp>,
    falls: u32,
}

impl Suspicion {
    /// What was suspected, or would be from now on; `None` if there is more than a suspicion.
    pub(super) fn of(open: Option<&Incident>, now: Timestamp) -> Option<Self> {
        match open.map(|open| (&open.phase, open.flaps)) {
            None => Some(Self { since: now, well_since: None, falls: 1 }),
            Some((Phase::Suspected { since, well_since }, flaps)) => {
                Some(Self { since: *since, well_since: *well_since, falls: flaps.saturating_add(1) })
            }
            Some(_) => None,
        }
    }

    /// It is bad now: what was well meanwhile has fallen again.
    pub(super) fn fell(self, now: Timestamp) -> Self {
        match self.well_since {
            None => self,
            Some(_) => Self { since: now, well_since: None, falls: self.falls.saturating_add(1) },
        }
    }

    fn due(self, severity: Severity, patience: &Patience) -> Timestamp {
        later(self.since, patience.until_alert(severity))
    }

    pub(super) fn is_confirmed(self, severity: Severity, patience: &Patience, now: Timestamp) -> bool {
        self.falls >= FALLS || self.due(severity, patience) <= now
    }

    fn phase(self) -> Phase {
        Phase::Suspected { since: self.since, well_since: self.well_since }
    }
}

pub(super) fn suspect(past: Past<'_>, seen: &Observation, patience: &Patience, now: Timestamp) -> Judged {
    let Some(before) = Suspicion::of(past.open, now) else { return Judged::same(None) };
    let suspicion = match (seen.standing, past.open) {
        (Standing::Incident, _) => before.fell(now),
        (_, None) => return Judged::same(None),
        (Standing::Well, _) => {
            let well_since = before.well_since.unwrap_or(now);
            let due = later(well_since.max(seen.watched_since), patience.recover_after);
            if due <= now {
                return Judged { after: After::Forgotten, reason: Reason::Forgotten, ..Judged::same(None) };
            }
            return keep(past.open, Suspicion { well_since: Some(well_since), ..before }, seen, Some(due));
        }
        // What is unknown is no time of being well.
        (Standing::Undecided, _) => {
            let well_since = before.well_since.map(|_| now);
            return keep(past.open, Suspicion { well_since, ..before }, seen, None);
        }
    };
    if suspicion.is_confirmed(seen.unannounced, patience, now) {
        return confirm(past, suspicion, seen, patience, now);
    }
    let due = suspicion.due(seen.unannounced, patience);
    match past.open {
        Some(_) => keep(past.open, suspicion, seen, Some(due)),
        None => {
            let fresh =
                Incident { phase: suspicion.phase(), ..Incident::new(seen.subject.clone(), seen.facts.clone(), now) };
            Judged::quiet(fresh, Reason::Suspected, false, Some(due))
        }
    }
}

/// Goes on suspecting.
fn keep(open: Option<&Incident>, suspicion: Suspicion, seen: &Observation, due: Option<Timestamp>) -> Judged {
    let phase = suspicion.phase();
    match open {
        Some(open) if open.phase != phase || open.facts != seen.facts => {
            let flaps = suspicion.falls.saturating_sub(1);
            let suspected = Incident { phase, flaps, facts: seen.facts.clone(), ..open.clone() };
            Judged::quiet(suspected, Reason::Suspected, false, due)
        }
        _ => Judged::same(due),
    }
}

/// It is an incident: a new one, a storm's, or the last one once more.
fn confirm(past: Past<'_>, suspicion: Suspicion, seen: &Observation, patience: &Patience, now: Timestamp) -> Judged {
    let unannounced = seen.unannounced;
    let pings = unannounced > Severity::Quiet;
    let flaps = suspicion.falls.saturating_sub(1);
    let swept = past.storm.filter(|_| pings);
    if let (Some((last, _)), None) = (past.last, swept)
        && last.storm.is_none()
        && last.resolved_at().is_some_and(|at| suspicion.since < later(at, patience.reopen_within))
    {
        return back(last, flaps, seen, patience, now);
    }
    let fresh = match past.open {
        Some(open) => Incident { facts: seen.facts.clone(), ..open.clone() },
        None => Incident::new(seen.subject.clone(), seen.facts.clone(), now),
    };
    let mut incident = Incident {
        phase: Phase::Open,
        announced: unannounced,
        flaps,
        storm: swept.cloned(),
        before: past.last.and_then(|(last, card)| before(last, card)),
        ..fresh
    };
    incident.attention.rearm(now);
    let (reason, call) = match swept {
        Some(_) => (Reason::Swept, Call::Nobody),
        None => (Reason::Opened, if pings { Call::Card } else { Call::Nobody }),
    };
    Judged::calling(After::Is(Box::new(incident)), reason, call)
}

fn before(last: &Incident, card: Option<(ChannelId, MessageId)>) -> Option<Before> {
    let incident = last.storm.as_ref().unwrap_or(&last.id).clone();
    last.resolved_at().map(|ended_at| Before { incident, ended_at, card })
}

/// The same incident is open again.
///
/// It was said to be over, so whoever heard that is told that it is not: once in the time within which it is the same one.
/// Falling more often than that is what its card says, and its reminders.
fn back(last: &Incident, flaps: u32, seen: &Observation, patience: &Patience, now: Timestamp) -> Judged {
    let pings = seen.unannounced > Severity::Quiet;
    let lately = last.back_said_at.is_some_and(|at| now < later(at, patience.reopen_within));
    let says = pings && (!lately || seen.unannounced > last.announced);
    let mut incident = Incident {
        phase: Phase::Open,
        facts: seen.facts.clone(),
        flaps: last.flaps.saturating_add(flaps).saturating_add(1),
        back_at: Some(now),
        worse_since: None,
        ..last.clone()
    };
    match (pings, says) {
        // What an operator announced is quiet, and if it overruns it is not.
        (false, _) => {
            incident.announced = Severity::Quiet;
            incident.attention.rearm(now);
        }
        (true, false) => {}
        (true, true) => {
            incident.announced = seen.unannounced;
            incident.attention.rearm(now);
            incident.back_said_at = Some(now);
            incident.replies = incident.replies.saturating_add(1);
        }
    }
    let call = if says { Call::Back } else { Call::Nobody };
    Judged::calling(After::Back(Box::new(incident)), Reason::Back, call)
}
