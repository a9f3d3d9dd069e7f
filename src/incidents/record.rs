//! The words of the audit about what people did to alerts: one record for each press or command.

use jiff::Timestamp;

use super::Refused;
use crate::domain::attention::{SnoozeEnd, Unchanged};
use crate::domain::audit::{Entry, Handling, Touched, Verdict};
use crate::domain::authority::Person;
use crate::domain::connector::Environment;
use crate::domain::ids::Id;
use crate::domain::incident::{Incident, Subject};
use crate::domain::mute::Scope;
use crate::operations::{Asker, denial};

/// What a record is about, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    words: String,
    touched: Vec<Touched>,
    incident: Option<Id>,
}

pub(super) fn done(asker: &Asker, handling: Handling, about: &About, reason: Option<&str>, now: Timestamp) -> Entry {
    let interaction = format!("interaction:{}", asker.interaction);
    Entry {
        handling: Some(handling),
        target: about.words.clone(),
        reason: reason.map(str::to_owned),
        touched: about.touched.clone(),
        incident: about.incident.clone(),
        channel: Some(asker.channel),
        ..Entry::new(interaction, Person::from(&asker.member), Verdict::Done, "written", now)
    }
}

pub(super) fn refused(asker: &Asker, handling: Handling, about: &About, refused: &Refused, now: Timestamp) -> Entry {
    Entry { verdict: Verdict::Denied, why: why(refused), ..done(asker, handling, about, None, now) }
}

pub(super) fn incident(incident: &Incident) -> About {
    let (about, bot) = match &incident.subject {
        Subject::Failover { bot, environment } => (format!("{} in {environment}", bot.name), Some(bot)),
        Subject::NeverRedundant { environment } => (format!("never redundant in {environment}"), None),
        Subject::Blind => ("being blind".to_owned(), None),
        Subject::Storm => ("a storm".to_owned(), None),
        Subject::Load { environment } => (format!("load in {environment}"), None),
    };
    let environment = incident.subject.environment();
    About {
        words: format!("incident {} ({about})", incident.id),
        touched: environment.map(|environment| Touched::of(bot, Some(environment))).into_iter().collect(),
        incident: Some(incident.id.clone()),
    }
}

pub(super) fn scope(scope: &Scope) -> About {
    let words = match (&scope.bot, &scope.environment) {
        (Some(bot), Some(environment)) => format!("{} in {environment}", bot.name),
        (Some(bot), None) => format!("{} everywhere", bot.name),
        (None, Some(environment)) => format!("all of {environment}"),
        (None, None) => "everything".to_owned(),
    };
    let touched = vec![Touched::of(scope.bot.as_ref(), scope.environment.as_ref())];
    About { words, touched, incident: None }
}

pub(super) fn board(environment: &Environment) -> About {
    let touched = vec![Touched::of(None, Some(environment))];
    About { words: format!("board of {environment}"), touched, incident: None }
}

fn why(refused: &Refused) -> String {
    match refused {
        Refused::Denied(denied) => denial(denied),
        Refused::Unknown => "unknown incident or mute".to_owned(),
        Refused::Unchanged(Unchanged::Over { .. }) => "the incident is over".to_owned(),
        Refused::Unchanged(Unchanged::Acknowledged(done)) => format!("{} was first", done.by.name),
        Refused::Unchanged(Unchanged::NobodyHasIt(Some(done))) => format!("{} gave it back before", done.by.name),
        Refused::Unchanged(Unchanged::NobodyHasIt(None)) => "nobody has it".to_owned(),
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
        Refused::BoardBefore(board) => format!("put up before by {}", board.by.name),
        Refused::BoardOver => "the board was taken down before".to_owned(),
        Refused::CannotPost { .. } => "the bot may not post in that channel".to_owned(),
    }
}
