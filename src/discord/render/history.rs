//! How a bot did over time: the picture, and beside it what it comes to in words.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::custom_id::{CustomId, environment_key};
use super::chart::{Chart, Unpainted};
use super::escape;
use super::message::{Button, Embed, Look, Message};
use super::setup::{self, Medium};
use super::words::{self, BLUE};
use crate::domain::action::Verb;
use crate::domain::connector::{Bot, Environment};
use crate::domain::history::{Figures, History, LONGEST, SHORTEST, Span};
use crate::domain::ids::ChannelId;
use crate::domain::incident::{Incident, Phase};
use crate::domain::operation::Operation;
use crate::domain::setup::Permission;

/// The picture's file.
pub const FILE: &str = "history.png";
/// Characters of a picture's alternative text
/// (<https://discord.com/developers/docs/resources/message#attachment-object>).
const ALT: usize = 1024;
/// Events that are listed beside the picture, the last ones.
const EVENTS: usize = 8;
/// The ranges that buttons offer, in hours.
const RANGES: [(u16, &str); 5] =
    [(1, "Last hour"), (24, "Last 24 hours"), (168, "Last 7 days"), (720, "Last 30 days"), (2160, "Last 90 days")];

/// All that is shown of a history.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The bot.
    pub bot: Bot,
    /// The environment.
    pub environment: Environment,
    /// What was seen.
    pub history: History,
    /// The least number of healthy connectors wanted now; 0 where nothing is asked.
    pub minimum: u32,
    /// Operations on its connectors in this time, the oldest first.
    pub operations: Vec<Operation>,
    /// Incidents on the bot that were open in this time, the oldest first.
    pub incidents: Vec<Incident>,
}

impl Shown {
    fn figures(&self) -> Figures {
        self.history.figures(self.minimum, &self.incidents)
    }

    fn title(&self) -> String {
        format!("{}{}", self.bot.name, self.of_what())
    }

    /// " in Production: the last 24 hours".
    fn of_what(&self) -> String {
        format!(" in {}: {}", self.environment.title(), range(self.history.span.length()))
    }

    /// The picture as a PNG. It takes some milliseconds of a processor.
    ///
    /// # Errors
    /// If the font or the encoder fails, which no input makes them.
    pub fn picture(&self, zone: &TimeZone) -> Result<Vec<u8>, Unpainted> {
        let until = self.history.span.until;
        let operations: Vec<(Timestamp, Verb)> = self.operations.iter().map(|o| (o.opened_at, o.verb)).collect();
        let of =
            |incident: &Incident| Span { from: incident.opened_at, until: incident.resolved_at().unwrap_or(until) };
        let incidents: Vec<_> = self.incidents.iter().filter(|incident| is_one(incident)).map(of).collect();
        let (bot, title) = ((self.bot.name.as_str(), self.bot.id.as_str()), self.of_what());
        let (history, minimum) = (&self.history, self.minimum);
        Chart { bot, title: &title, history, minimum, operations: &operations, incidents: &incidents, zone }.png()
    }

    /// What whoever cannot see the picture is told in its place.
    pub fn alt(&self) -> String {
        let figures = self.figures();
        let said = [
            format!("Healthy connectors over time. {}.", escape::plain(&self.title())),
            format!("Uptime {}.", uptime(&figures)),
            if self.minimum > 0 {
                format!("Below the minimum of {} for {}.", self.minimum, words::duration(figures.below))
            } else {
                String::new()
            },
            format!("Longest outage {}.", words::duration(figures.longest_outage)),
            format!("{}, {}.", words::of(figures.drops, "drop"), words::of(figures.incidents, "incident")),
        ];
        escape::cut(&escape::plain(&said.join(" ")), ALT)
    }
}

fn is_one(incident: &Incident) -> bool {
    !matches!(incident.phase, Phase::Suspected { .. })
}

/// What becomes of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// It comes with the message.
    Attached,
    /// It could not be drawn, or Discord would not take it.
    Failed,
    /// No file may be attached there.
    Forbidden {
        /// Where.
        channel: ChannelId,
    },
}

/// The message beside the picture.
pub fn message(shown: &Shown, picture: Drawn) -> Message {
    let figures = shown.figures();
    let place = escape::name(&shown.environment.title());
    let range = range(shown.history.span.length());
    let title = format!("📈 {} in {place}: {range}", escape::name(&shown.bot.name));
    let mut lines = Vec::new();
    match picture {
        Drawn::Attached => {}
        Drawn::Failed => {
            lines.push("⚠️ The picture could not be drawn or attached; the figures are these.".to_owned());
        }
        Drawn::Forbidden { channel } => {
            let lacks = setup::names(&[Permission::AttachFiles], Medium::Discord);
            lines.push(format!(
                "⚠️ Botswain lacks {lacks} in <#{channel}>, so it shows no picture; the figures are these."
            ));
        }
    }
    lines.extend(unseen(shown, &figures));
    lines.extend(events(shown));
    let mut embed = Embed::new(&title, BLUE).describe(lines.iter().map(String::as_str));
    let below = match shown.minimum {
        0 => "no minimum is asked".to_owned(),
        minimum => format!("**{}** (minimum {minimum})", words::duration(figures.below)),
    };
    let mean = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), words::duration);
    for (name, value) in [
        ("Uptime", format!("**{}**", uptime(&figures))),
        ("Below the minimum", below),
        ("Longest outage", words::duration(figures.longest_outage)),
        ("Drops", format!("{} (nobody stopped it)", figures.drops)),
        ("Incidents", figures.incidents.to_string()),
        ("Mean time to acknowledge", mean(figures.to_acknowledge)),
        ("Mean time to recover", mean(figures.to_recover)),
    ] {
        embed.push_field(name, &value, true);
    }
    if picture == Drawn::Attached {
        embed = embed.picture(FILE);
    }
    let (environment, bot) = (environment_key(&shown.environment), shown.bot.id.key());
    let to = |hours| CustomId::History { environment: environment.clone(), bot: bot.clone(), hours };
    let ranges = RANGES.map(|(hours, label)| {
        let is_this = shown.history.span.length() == Duration::from_secs(u64::from(hours) * 3600);
        Button::new(&to(hours), label, if is_this { Look::Primary } else { Look::Secondary })
    });
    let now = CustomId::Status { environment: environment.clone(), bot: Some(bot.clone()) };
    Message::of(embed).buttons(ranges.into()).buttons(vec![Button::new(&now, "How it is now", Look::Secondary)])
}

/// What is not known of the time.
fn unseen(shown: &Shown, figures: &Figures) -> Option<String> {
    let all = shown.history.span.length();
    if figures.seen.is_zero() {
        return Some("❔ Nothing was seen of it in this time.".to_owned());
    }
    // What is less than a look apart is no gap.
    let gap = all.saturating_sub(figures.seen);
    (gap > all / 100).then(|| {
        let (seen, all) = (words::duration(figures.seen), range(all));
        format!("❔ It was seen for {seen} of {all}; the figures are of that time.")
    })
}

/// What happened, the last first.
fn events(shown: &Shown) -> Vec<String> {
    let mut events: Vec<(Timestamp, String)> = Vec::new();
    for operation in &shown.operations {
        let what = format!(
            "{} {} by {}",
            escape::name(&operation.targets.names()),
            words::past(operation.verb),
            words::mention(&operation.requester)
        );
        events.push((operation.opened_at, what));
    }
    for incident in shown.incidents.iter().filter(|incident| is_one(incident)) {
        let lasted = match incident.resolved_at() {
            Some(at) => format!("incident, over after {}", words::between(incident.opened_at, at)),
            None => "incident, open".to_owned(),
        };
        events.push((incident.opened_at, lasted));
    }
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let more = events.len().saturating_sub(EVENTS);
    let mut lines: Vec<_> =
        events.iter().take(EVENTS).map(|(at, what)| format!("{} · {what}", words::moment(*at))).collect();
    if more > 0 {
        lines.push(format!("… and {more} more before that"));
    }
    lines
}

/// "99.982 %", never rounded up to all of it.
fn uptime(figures: &Figures) -> String {
    figures.uptime().map_or_else(
        || "not known".to_owned(),
        |millionths| match (millionths / 10_000, millionths % 10_000 / 10) {
            (whole, 0) => format!("{whole} %"),
            (whole, part) => format!("{whole}.{part:03} %"),
        },
    )
}

/// "the last 24 hours".
fn range(length: Duration) -> String {
    match length.as_secs() / 3600 {
        1 => "the last hour".to_owned(),
        hours @ ..=72 => format!("the last {hours} hours"),
        hours => format!("the last {} days", hours / 24),
    }
}

/// What was typed is no range of which there is a history.
pub fn not_a_range(said: &str) -> Message {
    let (least, most) = (SHORTEST.as_secs() / 3600, LONGEST.as_secs() / 86_400);
    Message::text(&format!(
        "“{}” is no range of which a history is kept: say how far back, from {least} h to {most} days: 6h, 7 days, 2027-01-15.",
        escape::text(said, 60)
    ))
}
