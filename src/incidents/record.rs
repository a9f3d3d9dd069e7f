//! The words of the audit about what people did to alerts: one record for each press or command.

use jiff::Timestamp;

use super::Refused;
use crate::domain::attention::{SnoozeEnd, Unchanged};
use crate::domain::audit::{Entry, Handling, Verdict};
use crate::domain::authority::Person;
use crate::domain::incident::{Incident, Subject};
use crate::domain::mute::Scope;
use crate::operations::{Asker, denial};

pub(super) fn done(asker: &Asker, handling: Handling, target: &str, reason: Option<&str>, now: Timestamp) -> Entry {
    Entry {
        about: format!("interaction:{}", asker.interaction),
        at: now,
        person: Person::from(&asker.member),
        verb: None,
        handling: Some(handling),
        target: target.to_owned(),
        verdict: Verdict::Done,
        why: "written".to_owned(),
        reason: reason.map(str::to_owned),
        operation: None,
    }
}

pub(super) fn refused(asker: &Asker, handling: Handling, target: &str, refused: &Refused, now: Timestamp) -> Entry {
    Entry { verdict: Verdict::Denied, why: why(refused), ..done(asker, handling, target, None, now) }
}

pub(super) fn incident(incident: &Incident) -> String {
    let about = match &incident.subject {
        Subject::Failover { bot, environment } => format!("{} in {environment}", bot.name),
        Subject::NeverRedundant { environment } => format!("never redundant in {environment}"),
        Subject::Blind => "being blind".to_owned(),
        Subject::Storm => "a storm".to_owned(),
        Subject::Load { environment } => format!("load in {environment}"),
    };
    format!("incident {} ({about})", incident.id)
}

pub(super) fn scope(scope: &Scope) -> String {
    match (&scope.bot, &scope.environment) {
        (Some(bot), Some(environment)) => format!("{} in {environment}", bot.name),
        (Some(bot), None) => format!("{} everywhere", bot.name),
        (None, Some(environment)) => format!("all of {environment}"),
        (None, None) => "everything".to_owned(),
    }
}

fn why(refused: &Refused) -> String {
    match refused {
        Refused::Denied(denied) => denial(denied),
        Refused::Unknown => "unknown incident or mute".to_owned(),
        Refused::Unchanged(Unchanged::Over { .. }) => "the incident is over".to_owned(),
        Refused::Unchanged(Unchanged::Acknowledged(done)) => format!("{} was first", done.by.name),
        Refused::Unchanged(Unchanged::Snoozed { by, .. }) => format!("snoozed before by {}", by.name),
        Refused::Unchanged(Unchanged::NotSnoozed(Some(SnoozeEnd::Unsnoozed(done)))) => {
            format!("{} was first", done.by.name)
        }
        Refused::Unchanged(Unchanged::NotSnoozed(_)) => "not snoozed".to_owned(),
        Refused::NotATime { said, why } => format!("no time to put it off until: {said:?} ({why:?})"),
        Refused::NotFound { what } => format!("not found: {what}"),
        Refused::NothingNamed => "neither an environment nor a bot was named".to_owned(),
        Refused::NoReason => "no reason was given".to_owned(),
        Refused::MutedBefore(mute) => format!("muted before by {}", mute.by.name),
        Refused::MuteOver(_) => "the mute is over".to_owned(),
        Refused::NotMuted => "no such mute is on".to_owned(),
    }
}
