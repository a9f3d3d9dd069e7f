//! What came of a press about an incident or a mute, to the person who pressed: one sentence each.

use super::escape;
use super::message::Message;
use super::mute::scope;
use super::refusal::denial;
use super::setup::{self, Medium};
use super::words;
use crate::domain::attention::{Snooze, SnoozeEnd, Unchanged};
use crate::domain::audit::Handling;
use crate::domain::ids::UserId;
use crate::domain::incident::Incident;
use crate::domain::mute::{Mute, MuteEnd};
use crate::domain::when::NotATime;
use crate::incidents::Refused;

/// It is done.
pub fn done(handling: Handling, incident: &Incident) -> Message {
    let text = match (handling, incident.attention.snooze()) {
        (Handling::Snooze, Some(Snooze { until, .. })) => format!(
            "😴 Snoozed until {} ({}): until then it is not said again, unless it gets worse. The card shows it.",
            words::moment(*until),
            words::relative(*until)
        ),
        (Handling::GiveBack, _) => {
            "🙌 You have given it back: nobody has it. It is escalated if nobody acknowledges it in time.".to_owned()
        }
        (Handling::Unsnooze, _) => "The snooze is over: reminders go on.".to_owned(),
        _ => "🙋 You have it: it is not escalated. You are still reminded while it stands, unless you snooze it."
            .to_owned(),
    };
    Message::text(&text)
}

/// It is muted.
pub fn muted(mute: &Mute) -> Message {
    let word = if mute.prolonged.is_some() { "Still muted" } else { "Muted" };
    Message::text(&format!(
        "🔕 {word}: {} until {} ({}). It stands in <#{}>, where it can be ended.",
        scope(&mute.scope),
        words::moment(mute.until),
        words::relative(mute.until),
        mute.channel
    ))
}

/// It is no longer muted.
pub fn unmuted(mute: &Mute) -> Message {
    let what = scope(&mute.scope);
    Message::text(&format!("🔔 No longer muted: {what}. What was kept quiet is told in <#{}>.", mute.channel))
}

/// Nothing was done, and why; to this person.
pub fn refused(refused: &Refused, to: UserId) -> Message {
    Message::text(&format!("⛔ {}", sentence(refused, to)))
}

fn sentence(refused: &Refused, to: UserId) -> String {
    match refused {
        Refused::Denied(denied) => denial(denied),
        Refused::Unknown => {
            "This belongs to nothing that is known any more. Nothing was done; `/bots alerts` shows what is open."
                .to_owned()
        }
        Refused::Unchanged(unchanged) => first(unchanged, to),
        Refused::NotATime { said, why } => not_a_time(said, *why),
        Refused::NotFound { what } => format!(
            "No environment or bot goes by “{}” now, or more than one does. Pick one of the suggestions.",
            escape::name(what)
        ),
        Refused::NothingNamed => "Say what to mute: an environment (`env`), a bot (`bot`), or both.".to_owned(),
        Refused::NoReason => "Say why: the reason stands on every card that is muted.".to_owned(),
        Refused::MutedBefore(mute) => format!(
            "{} was first: {} is muted until {}. Say a later time to prolong that, or end it.",
            words::mention(&mute.by),
            scope(&mute.scope),
            words::moment(mute.until)
        ),
        Refused::MuteOver(mute) => match &mute.ended {
            Some(MuteEnd::Unmuted(done)) => {
                format!("{} was first: that mute was ended {}.", words::mention(&done.by), words::relative(done.at))
            }
            Some(end) => format!("That mute is over since {}.", words::relative(end.at())),
            None => "That mute is over.".to_owned(),
        },
        Refused::BoardBefore(board) => {
            format!("{} was first: that board is on its way into this channel already.", words::mention(&board.by))
        }
        Refused::BoardOver => "That board was taken down already.".to_owned(),
        Refused::CannotPost { lacks } => format!(
            "Botswain lacks {} here, so no board was put up: grant it, or ask in another channel.",
            setup::names(lacks, Medium::Discord)
        ),
        Refused::NotMuted => "No such mute is on. `/bots alerts` lists those that are.".to_owned(),
    }
}

fn first(unchanged: &Unchanged, to: UserId) -> String {
    match unchanged {
        Unchanged::Acknowledged(done) if done.by.id == to => {
            format!("You have it already, since {}.", words::relative(done.at))
        }
        Unchanged::Over { at } => {
            format!("That incident is over since {}. Nothing is left to do.", words::relative(*at))
        }
        Unchanged::Acknowledged(done) => {
            format!("{} was first: they have it since {}.", words::mention(&done.by), words::relative(done.at))
        }
        Unchanged::NobodyHasIt(Some(done)) => {
            format!("{} gave it back {}: nobody has it.", words::mention(&done.by), words::relative(done.at))
        }
        Unchanged::NobodyHasIt(None) => "Nobody has it: there is nothing to give back.".to_owned(),
        Unchanged::Snoozed { by, until } => format!(
            "{} was first: it is snoozed until {}. End that snooze to choose another time.",
            words::mention(by),
            words::moment(*until)
        ),
        Unchanged::NotSnoozed(Some(SnoozeEnd::Unsnoozed(done))) => {
            format!("{} was first: the snooze was ended {}.", words::mention(&done.by), words::relative(done.at))
        }
        Unchanged::NotSnoozed(Some(SnoozeEnd::Worse)) => {
            "It got worse or came back, and that ended the snooze.".to_owned()
        }
        Unchanged::NotSnoozed(_) => "It is not snoozed any more.".to_owned(),
    }
}

pub(super) fn not_a_time(said: &str, why: NotATime) -> String {
    let said = escape::name(said);
    match why {
        NotATime::NotUnderstood => format!(
            "“{said}” is no time that Botswain understands. Write how long, such as 45m, 2h 30m or 3 days, or a time of \
             day, such as 14:30 or tomorrow 9:00."
        ),
        NotATime::TooSoon => format!("“{said}” is over already, or in less than a minute. Say a later time."),
        NotATime::TooLate { most } => {
            let days = u32::try_from(most.as_secs() / 86_400).unwrap_or(u32::MAX);
            format!("“{said}” is too far away: at most {} are possible.", words::of(days, "day"))
        }
    }
}
