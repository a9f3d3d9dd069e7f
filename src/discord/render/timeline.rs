//! An incident's timeline: the name of its card's thread, and what is told there, a line for each thing that happened.

use super::escape::{self, cut, length};
use super::limits;
use super::message::Message;
use super::words;
use crate::domain::action::Verb;
use crate::domain::attention::SnoozeEnd;
use crate::domain::ids::ChannelId;
use crate::domain::incident::{Blindness, Incident, Subject};
use crate::domain::operation::Outcome;
use crate::domain::redundancy::Level;
use crate::domain::timeline::{Deed, Entry, Happening, Stands, Turn};

/// The longest line, so that as many as go into one message fit in it.
const LINE: usize = 230;

/// What the thread of an incident's card is called: what it is about, and not how it stands, so that the name stays true.
/// Plain text, since a name does not render.
pub fn name(incident: &Incident) -> String {
    let name = match &incident.subject {
        Subject::Failover { bot, environment } => {
            let (bot, place) = (escape::label(&bot.name, escape::NAME), escape::plain(&environment.title()));
            format!("{bot} in {place}")
        }
        Subject::NeverRedundant { environment } => {
            format!("Never redundant in {}", escape::plain(&environment.title()))
        }
        Subject::Load { environment } => format!("Load in {}", escape::plain(&environment.title())),
        Subject::Storm => "Many bots at once".to_owned(),
        Subject::Blind => "The fleet cannot be seen".to_owned(),
    };
    cut(&name, limits::THREAD_NAME)
}

/// A message of the timeline of what is about this; it mentions nobody. `continues` is the thread of the card before, which is told first.
pub fn part(about: &Subject, entries: &[Entry], continues: Option<ChannelId>) -> Message {
    let before =
        continues.map(|thread| format!("↪️ The card was posted anew. What happened before stands in <#{thread}>."));
    let mut text = String::new();
    for line in before.into_iter().chain(entries.iter().map(|entry| line(about, entry))) {
        if length(&text) + length(&line) < limits::CONTENT {
            text.push_str(if text.is_empty() { "" } else { "\n" });
            text.push_str(&line);
        }
    }
    Message::text(&text)
}

fn line(about: &Subject, entry: &Entry) -> String {
    // Names are cut before they are escaped, so this cuts nothing but what nobody foresaw.
    cut(&format!("<t:{}:T> {}", entry.at.as_second(), happened(about, &entry.what)), LINE)
}

fn happened(about: &Subject, what: &Happening) -> String {
    match what {
        Happening::Opened { stands, calls, outlasted } => {
            let how = if *outlasted { "Opened, since it outlasted the storm" } else { "Opened" };
            format!("{} **{how}**: {}. {}", icon(stands), said(stands), called(*calls))
        }
        Happening::Back { stands, calls } => {
            format!("{} **Back** after it was resolved: {}. {}", icon(stands), said(stands), called(*calls))
        }
        Happening::Changed { stands, turn, calls } => {
            let calls = if *calls { " Those who are on call were called." } else { "" };
            let (icon, word) = match turn {
                Turn::Worse => (icon(stands), "Worse"),
                Turn::Better => ("📈", "Better"),
                Turn::Otherwise => (icon(stands), "Changed"),
            };
            format!("{icon} **{word}**: {}.{calls}", said(stands))
        }
        Happening::Recovering { stands } => {
            format!("🔵 **Looks well**: {}. It is resolved once that lasts.", said(stands))
        }
        Happening::Flapped { stands, times } => {
            let times = if *times == 1 { String::new() } else { format!(", for the {times}. time") };
            format!("🔁 **Fell again**{times}: {}.", said(stands))
        }
        Happening::Resolved { from, at, by } => {
            let by = by.as_ref().map(|by| format!(" What ended it: {}.", super::incident::ending(by)));
            let by = by.filter(|by| length(by) <= LINE - 80);
            format!("✅ **Resolved** after {}.{}", words::between(*from, *at), by.unwrap_or_default())
        }
        Happening::Began { deed, glass } => {
            let glass = glass.as_ref().map(|why| format!(" {}", glass_broken(why))).unwrap_or_default();
            format!("🛠️ {} began to {}.{glass}", words::mention(&deed.by), doing(about, deed))
        }
        Happening::GlassBroken { by, why } => format!("{} By {}.", glass_broken(why), words::mention(by)),
        Happening::Ended { deed, outcome } => {
            let how = match outcome {
                Outcome::Done => "is done",
                Outcome::Failed => "**failed**",
                Outcome::Unknown => "ended, and **nobody can say how**",
                Outcome::Halted => "was ended before all of it was done",
                Outcome::LeftStopped => "**failed**, and it was left stopped",
            };
            format!("🛠️ What {} began, to {}, {how}.", words::mention(&deed.by), doing(about, deed))
        }
        Happening::LeftStopped { deed, by } => {
            let connector = object(about, deed);
            format!("⏹️ **Left stopped** by {}: {connector}, after it could not be redeployed.", words::mention(by))
        }
        attention => attended(attention),
    }
}

/// What people did, and what was said again.
fn attended(what: &Happening) -> String {
    match what {
        Happening::Acknowledged { by } => format!("🙋 **Acknowledged** by {}.", words::mention(by)),
        Happening::Released => "🙌 **Nobody has it any more**: what was acknowledged was something else.".to_owned(),
        Happening::GivenBack { by } => format!("🙌 **Given back** by {}: nobody has it.", words::mention(by)),
        Happening::Snoozed { by, until } => {
            format!("😴 **Snoozed** by {} until {}.", words::mention(by), words::moment(*until))
        }
        Happening::SnoozeEnded { how: SnoozeEnd::Over } => "⏰ **The snooze is over**.".to_owned(),
        Happening::SnoozeEnded { how: SnoozeEnd::Worse } => {
            "⏰ **The snooze ended**, since what was snoozed was something else.".to_owned()
        }
        Happening::SnoozeEnded { how: SnoozeEnd::Unsnoozed(done) } => {
            format!("⏰ **The snooze was ended** by {}.", words::mention(&done.by))
        }
        Happening::Muted { hush } => {
            let (whom, until) = (words::mention(&hush.by), words::moment(hush.until));
            format!("🔕 **Muted** by {whom} until {until}: {}", escape::text(&hush.reason, 60))
        }
        Happening::Unmuted => "🔔 **No longer muted**.".to_owned(),
        Happening::Reminded => "🔁 **Reminded**: it still stands.".to_owned(),
        Happening::Escalated => "📣 **Escalated**: nobody has acknowledged it.".to_owned(),
        _ => String::new(),
    }
}

/// That somebody did not wait for the second person, and why.
fn glass_broken(why: &str) -> String {
    format!("{} **Glass broken**: “{}”.", super::glass::ICON, escape::text(why, 60))
}

fn called(calls: bool) -> &'static str {
    if calls { "Those who are on call were called." } else { "Nobody was called." }
}

/// To what it is done.
fn object(about: &Subject, deed: &Deed) -> String {
    let connector = escape::text(&deed.connector, 40);
    // A bot's own thread bears its name.
    if matches!(about, Subject::Storm) && !deed.bot.is_empty() {
        return format!("{connector} of {}", escape::text(&deed.bot, 40));
    }
    connector
}

fn doing(about: &Subject, deed: &Deed) -> String {
    let connector = object(about, deed);
    match (deed.verb, &deed.to) {
        (Verb::Stop, _) => format!("stop {connector}"),
        (Verb::Start, _) => format!("start {connector}"),
        (Verb::Restart, _) => format!("restart {connector}"),
        (Verb::Redeploy, None) => format!("redeploy {connector}"),
        (Verb::Redeploy, Some(to)) => format!("redeploy {connector} to {}", escape::text(&to.title(), 30)),
    }
}

fn icon(stands: &Stands) -> &'static str {
    match stands {
        Stands::Bot { level, .. } => words::level_face(*level).icon,
        Stands::Storm { .. } => "🌩️",
        Stands::Listed { .. } => words::level_face(Level::NeverRedundant).icon,
        Stands::Blind { .. } => words::level_face(Level::Unknown).icon,
    }
}

fn said(stands: &Stands) -> String {
    match *stands {
        Stands::Bot { level, healthy, total, minimum, unread } => words::impact(level, healthy, total, minimum, unread),
        Stands::Storm { broken, of } => format!("{broken} of {} broken", words::of(of, "bot")),
        Stands::Listed { bots } => words::of(bots, "bot"),
        Stands::Blind { kind } => match kind {
            Blindness::Unreachable => "the lifecycle service does not answer",
            Blindness::Unauthorised => "the lifecycle service refuses our token",
            Blindness::Malformed => "what the lifecycle service answers cannot be understood",
            Blindness::Incomplete => "a part of the fleet does not come",
            Blindness::Stale => "the lifecycle service answers with what it knew long ago",
        }
        .to_owned(),
    }
}
