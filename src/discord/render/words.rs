//! The words that several messages share: states with their icon and colour, times, counts, conditions.

use std::time::Duration;

use jiff::Timestamp;

use super::escape;
use crate::domain::action::{Action, Verb};
use crate::domain::authority::{Person, Right};
use crate::domain::board::Line;
use crate::domain::connector::{Condition, Connector};
use crate::domain::fleet::{BotView, Sight, Sighting};
use crate::domain::ids::{ChannelId, GuildId, MessageId};
use crate::domain::redundancy::Level;

/// How a state looks: always an icon and a word, the colour besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) icon: &'static str,
    pub(super) word: &'static str,
    pub(super) colour: u32,
}

pub(super) const RED: u32 = 0x00d8_3c3e;
pub(super) const ORANGE: u32 = 0x00e6_7e22;
pub(super) const YELLOW: u32 = 0x00f1_c40f;
pub(super) const GREEN: u32 = 0x002e_cc71;
pub(super) const BLUE: u32 = 0x0034_98db;
/// Only for what was done without the second person whom it needs.
pub(super) const PURPLE: u32 = 0x009b_59b6;
pub(super) const GREY: u32 = 0x0095_a5a6;

const fn face(icon: &'static str, word: &'static str, colour: u32) -> Face {
    Face { icon, word, colour }
}

/// How a bot's level looks.
pub(super) fn level_face(level: Level) -> Face {
    match level {
        Level::Outage => face("🔴", "Outage", RED),
        Level::AtRisk => face("🟠", "At risk", ORANGE),
        Level::Unknown => face("❔", "Unknown", GREY),
        Level::NeverRedundant => face("🟡", "Never redundant", YELLOW),
        Level::Starting => face("🔵", "Starting", BLUE),
        Level::NotInUse => face("⚪", "Not in use", GREY),
        Level::Redundant => face("🟢", "Redundant", GREEN),
    }
}

/// What a bot's look is made from, where no minimum is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    healthy: u32,
    total: u32,
    unread: u32,
    /// Whether all of it is stopped or was never started.
    down: bool,
}

impl From<&BotView> for Seen {
    fn from(view: &BotView) -> Self {
        let down = view.sightings.iter().all(|s| s.connector.is_down());
        Self { healthy: view.healthy(), total: view.total(), unread: view.unread(), down }
    }
}

impl From<&Line> for Seen {
    fn from(line: &Line) -> Self {
        Self { healthy: line.healthy, total: line.total, unread: line.unread, down: line.down }
    }
}

/// How a bot looks. Where no minimum is asked, it is said what is seen, not what it is worth.
pub(super) fn bot_face(level: Level, seen: Seen, minimum: u32) -> Face {
    if minimum > 0 {
        return level_face(level);
    }
    if seen.unread > 0 {
        level_face(Level::Unknown)
    } else if seen.healthy == seen.total {
        face("🟢", "All healthy", GREEN)
    } else if seen.down {
        face("⚪", "Not running", GREY)
    } else if seen.healthy == 0 {
        face("🟠", "None healthy", ORANGE)
    } else {
        face("🟡", "Partly healthy", YELLOW)
    }
}

/// One sentence of impact: what the counts mean.
pub(super) fn impact(level: Level, healthy: u32, total: u32, minimum: u32, unread: u32) -> String {
    let counts = format!("{healthy} of {total} healthy");
    // A record of nobody knows which bot may be of this one.
    let may_be_more = level == Level::Unknown || (level == Level::AtRisk && healthy == 0);
    if may_be_more && unread == 0 {
        return format!("{healthy} of {total} seen healthy, and what the rest are cannot be told");
    }
    if unread > 0 {
        let best = healthy.saturating_add(unread).min(total.max(healthy));
        let verb = if unread == 1 { "record" } else { "records" };
        return format!("between {healthy} and {best} of {total} healthy: {unread} {verb} could not be read");
    }
    if minimum == 0 {
        return counts;
    }
    match level {
        Level::Outage => format!("{counts}: nothing is left to take conversations"),
        Level::AtRisk if healthy == 1 => format!("{counts}: no failover left"),
        Level::AtRisk => format!("{counts}, {minimum} wanted: less failover than asked"),
        Level::NeverRedundant => format!("{counts}: it never had the {minimum} that are wanted"),
        Level::Starting => format!("{counts}, one is starting"),
        Level::NotInUse => format!("{}, stopped or never started, and not seen running yet", of(total, "connector")),
        Level::Redundant | Level::Unknown => format!("{counts}, {minimum} wanted"),
    }
}

/// How bad a face is: the worst first.
pub(super) fn rank(face: Face) -> u8 {
    match face.word {
        "Outage" => 0,
        "At risk" => 1,
        "None healthy" => 2,
        "Unknown" => 3,
        "Never redundant" => 4,
        "Partly healthy" => 5,
        "Starting" => 6,
        "Never started" | "Not running" => 7,
        _ => 8,
    }
}

/// Whether a face is one that somebody should look at.
pub(super) fn is_trouble(face: Face) -> bool {
    rank(face) < 6
}

/// When something changed last, where that is known.
pub(super) fn changed(at: Option<Timestamp>) -> String {
    at.map(|at| format!(" (last change {})", relative(at))).unwrap_or_default()
}

/// The first letter in upper case.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// How a connector looks.
pub(super) fn condition_face(condition: Condition) -> Face {
    match condition {
        Condition::Healthy => face("🟢", "Healthy", GREEN),
        Condition::OnlineNotConnected => face("🟠", "Online, but not connected", ORANGE),
        Condition::NotConnected => face("🔴", "Not connected", RED),
        Condition::UnknownWord => face("❔", "In a state that we do not know", GREY),
        Condition::Stopped => face("⚫", "Stopped", GREY),
        Condition::ReadyToStart => face("⚪", "Ready to start", GREY),
    }
}

/// How a connector looks, with how sure we are of it.
pub(super) fn sighting_face(sighting: &Sighting, starting: bool) -> Face {
    match sighting.sight {
        Sight::Unread => face("❔", "Could not be read", GREY),
        Sight::Missing => face("❔", "Missing from the last reading", GREY),
        Sight::Fresh if starting => face("🔵", "Starting", BLUE),
        Sight::Fresh => condition_face(sighting.connector.condition()),
    }
}

/// A connector in a few plain words, for a menu or a suggestion: "Online, 12 conversations".
pub(crate) fn connector_plain(connector: &Connector) -> String {
    let state = match connector.condition() {
        Condition::Healthy | Condition::Stopped | Condition::ReadyToStart | Condition::NotConnected => {
            connector.agent.word().to_owned()
        }
        Condition::OnlineNotConnected => "Online, but not connected".to_owned(),
        Condition::UnknownWord => format!(
            "{}, cloud {}, server {}",
            connector.agent.word(),
            connector.conversational_cloud.word(),
            connector.bot_server.word()
        ),
    };
    match connector.conversations {
        Some(count) if !connector.is_down() => format!("{state}, {}", of(count, "conversation")),
        _ => state,
    }
}

/// The three statuses under their names.
pub(super) fn statuses(agent: &str, cloud: &str, server: &str) -> String {
    let word = |text| escape::text(text, 40);
    format!(
        "Bot Agent Connector: **{}** · Conversational Cloud: **{}** · Bot Server: **{}**",
        word(agent),
        word(cloud),
        word(server)
    )
}

/// "1 connector", "2 connectors".
pub(super) fn of(count: u32, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A time as each reader's client shows it: "5 minutes ago".
pub(super) fn relative(at: Timestamp) -> String {
    format!("<t:{}:R>", at.as_second())
}

/// A moment as each reader's client shows it, in their own time zone: "15 January 2027 09:00".
pub(super) fn moment(at: Timestamp) -> String {
    format!("<t:{}:f>", at.as_second())
}

/// A person: a mention (which notifies nobody, as `allowed_mentions` says) shows the name that they bear now.
pub(super) fn mention(person: &Person) -> String {
    format!("<@{}>", person.id)
}

/// Where a message stands.
pub(super) fn link(guild: GuildId, channel: ChannelId, message: MessageId) -> String {
    format!("https://discord.com/channels/{guild}/{channel}/{message}")
}

/// How long something took: "3 min 20 s".
pub(super) fn duration(took: Duration) -> String {
    let seconds = took.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, 0) => format!("{minutes} min"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

/// The time between two moments.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    duration(to.duration_since(from).unsigned_abs())
}

/// What an action does, for a list of steps: "Redeploy to Demo".
pub(super) fn action(action: &Action) -> String {
    match action {
        Action::Stop => "Stop".to_owned(),
        Action::Start => "Start".to_owned(),
        Action::Redeploy { to } => format!("Redeploy to {}", escape::name(&to.title())),
    }
}

/// "stopped", "started", "redeployed".
pub(super) fn past(verb: Verb) -> &'static str {
    match verb {
        Verb::Stop => "stopped",
        Verb::Start => "started",
        Verb::Redeploy => "redeployed",
        Verb::Restart => "restarted",
    }
}

/// "stop", "acknowledge or snooze", "mute or unmute".
pub(super) fn right(right: Right) -> &'static str {
    match right {
        Right::Change(verb) => verb.word(),
        Right::Acknowledge => "acknowledge or snooze",
        Right::Mute => "mute or unmute",
        Right::Freeze => "freeze or unfreeze",
        Right::Approve => "approve",
        Right::BreakGlass => "break the glass",
    }
}

/// "Stopping", "Starting", "Redeploying".
pub(super) fn present(verb: Verb) -> &'static str {
    match verb {
        Verb::Stop => "Stopping",
        Verb::Start => "Starting",
        Verb::Redeploy => "Redeploying",
        Verb::Restart => "Restarting",
    }
}
