//! The record: who, what, when, why, with what outcome, and where its message stands. A list to look through, and the messages
//! of the channel that mirrors it.

use super::super::custom_id::CustomId;
use super::escape;
use super::glass::ICON;
use super::message::{Button, Embed, Look, Message};
use super::words;
use crate::domain::audit::filter::{Filter, View};
use crate::domain::audit::{Entry, PRUNE, Touched, Verdict};
use crate::domain::ids::GuildId;
use crate::domain::notice::{MOST_RECORDS, Told};
use crate::domain::operation::Seen;

/// How many records are on a page: as many as fit with the longest names, and as one message of the mirror tells.
pub const PAGE: usize = MOST_RECORDS;
/// How much of a text from outside is shown, in characters.
const TARGET: usize = 90;
const WORDS: usize = 110;
const STATUS: usize = 20;
/// How many roles are named.
const ROLES: usize = 3;

/// A record, and where the message of what it is about stands.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The record.
    pub told: Told,
    /// The link.
    pub link: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The list.
    pub view: &'a View,
    /// The records, at most [`PAGE`].
    pub shown: &'a [Shown],
    /// Its number, from nought.
    pub number: u16,
    /// Whether there are older ones.
    pub more: bool,
}

/// A page of a list.
pub fn page(page: &Page<'_>) -> Message {
    let Page { view, shown, number, more } = page;
    let mut embed = Embed::new("📜 The record", words::GREY).footer("The last first. Only you see this.");
    let what = filter(&view.filter);
    let mut said = vec![if what.is_empty() { "Everything.".to_owned() } else { format!("Only {what}.") }];
    if shown.is_empty() {
        said.push(if *number == 0 { "Nothing that fits is recorded.".to_owned() } else { "No older ones.".to_owned() });
    }
    embed = embed.describe(said.iter().map(String::as_str));
    for Shown { told, link } in *shown {
        embed.push_field(&headline(&told.entry), &lines(told, link.as_deref()), false);
    }
    let to = |page| CustomId::Audit { view: view.id.clone(), page };
    let mut buttons = vec![Button::new(&CustomId::AuditAgain(view.id.clone()), "Show newest", Look::Secondary)];
    if let Some(newer) = number.checked_sub(1) {
        buttons.push(Button::new(&to(newer), "Show newer", Look::Secondary));
    }
    if let Some(older) = number.checked_add(1).filter(|_| *more) {
        buttons.push(Button::new(&to(older), "Show older", Look::Secondary));
    }
    Message::of(embed).buttons(buttons)
}

/// What a filter asks for: "done, stop, by Olga, in Production".
fn filter(filter: &Filter) -> String {
    let Filter { environment, bot, person, verdict, action, glass, since } = filter;
    let parts = [
        glass.then(|| "what the glass was broken for".to_owned()),
        verdict.map(|verdict| format!("“{}”", verdict_words(verdict).1)),
        action.as_ref().map(|action| format!("“{}”", escape::name(action))),
        person.as_ref().map(|person| format!("by {}", words::mention(person))),
        bot.as_ref().map(|bot| format!("of {}", escape::name(&bot.name))),
        environment.as_ref().map(|environment| format!("in {}", escape::name(&environment.title()))),
        since.map(|since| format!("since {}", words::moment(since))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn verdict_words(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Done => ("✅", "done"),
        Verdict::Failed => ("❌", "failed"),
        Verdict::Denied => ("⛔", "denied"),
        Verdict::Cancelled => ("🚫", "cancelled"),
        Verdict::Expired => ("⌛", "expired"),
        Verdict::OutcomeUnknown => ("❔", "outcome unknown"),
    }
}

/// The outcomes by their words, for whoever chooses one.
pub fn outcomes() -> impl Iterator<Item = (Verdict, &'static str)> {
    Verdict::ALL.into_iter().map(|verdict| (verdict, verdict_words(verdict).1))
}

fn headline(entry: &Entry) -> String {
    let (icon, outcome) = verdict_words(entry.verdict);
    let action = words::sentence(entry.action().unwrap_or("unknown action"));
    let target = if entry.target.trim().is_empty() {
        String::new()
    } else {
        format!(": {}", escape::text(&entry.target, TARGET))
    };
    format!("{icon} {} · {action}{target}", words::sentence(outcome))
}

fn lines(told: &Told, link: Option<&str>) -> String {
    let Told { seq, entry } = told;
    let who = if entry.action() == Some(PRUNE) {
        "Botswain itself".to_owned()
    } else {
        format!("{} ({})", words::mention(&entry.person), escape::text(&entry.person.name, 32))
    };
    let mut lines =
        vec![format!("{who} · {}", words::moment(entry.at)), format!("Why: {}", escape::text(&entry.why, WORDS))];
    lines.extend(entry.reason.as_ref().map(|reason| format!("Reason: {}", escape::text(reason, WORDS))));
    lines.extend(entry.touched.iter().find_map(states));
    lines.extend(entry.allowed_by.as_ref().map(|roles| match roles.len() {
        0 => "Allowed: manages the server".to_owned(),
        count => {
            let named: Vec<_> = roles.iter().take(ROLES).map(|role| format!("<@&{role}>")).collect();
            format!("Allowed by {}{}", named.join(" "), if count > ROLES { " …" } else { "" })
        }
    }));
    lines.extend(entry.glass.as_ref().map(|glass| format!("{ICON} Glass: {}", escape::text(&glass.why, WORDS))));
    lines.extend(entry.approved_by.as_ref().map(|second| format!("Second person: {}", words::mention(second))));
    let place = match (link, entry.channel) {
        (Some(link), _) => Some(format!("[message]({link})")),
        (None, Some(channel)) => Some(format!("<#{channel}>")),
        (None, None) => None,
    };
    let operation = entry.operation.as_ref().map(|operation| format!("operation {}", operation.reference()));
    let parts = [Some(format!("#{seq}")), operation, place];
    lines.push(parts.into_iter().flatten().collect::<Vec<_>>().join(" · "));
    lines.join("\n")
}

/// What a connector was like before and after, as far as it was seen.
fn states(touched: &Touched) -> Option<String> {
    let word = |seen: &Option<Seen>| {
        let shown = seen.as_ref().map(|seen| {
            let place = escape::text(&seen.environment.title(), STATUS);
            format!("{} in {place}", escape::text(seen.agent.word(), STATUS))
        });
        shown.unwrap_or_else(|| "not read".to_owned())
    };
    let seen = touched.before.is_some() || touched.after.is_some();
    seen.then(|| format!("Was: {} · is: {}", word(&touched.before), word(&touched.after)))
}

/// Some records, where the record is mirrored.
pub(super) fn mirrored(records: &[Told], guild: GuildId, reference: &str) -> Message {
    let mut embed = Embed::new("📜 Recorded", words::GREY).footer(&format!("ref {reference}"));
    for told in records {
        let link = link(&told.entry, guild);
        embed.push_field(&headline(&told.entry), &lines(told, link.as_deref()), false);
    }
    Message::of(embed)
}

/// A link to the message that a record itself names.
pub fn link(entry: &Entry, guild: GuildId) -> Option<String> {
    let (channel, message) = entry.channel.zip(entry.message)?;
    Some(format!("https://discord.com/channels/{guild}/{channel}/{message}"))
}

/// What was typed names nothing that could be looked for.
pub fn not_found(what: &str, text: &str) -> Message {
    Message::text(&format!("“{}” is no {what} that Botswain knows. Pick one of the suggestions.", escape::name(text)))
}

/// A list that was forgotten since.
pub fn forgotten() -> Message {
    Message::text("This list is too old to be turned. Ask for it again with `/bots audit`.")
}
