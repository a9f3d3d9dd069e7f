//! An incident's one card, and the reply that says that it got worse.

use super::super::custom_id::{CustomId, environment_key};
use super::escape::{self, length};
use super::limits;
use super::message::{Button, Embed, Look, Message};
use super::status::{look, verb_and_object};
use super::words;
use super::{Context, attention, freeze, together};
use crate::domain::action::Verb;
use crate::domain::connector::{Condition, Environment};
use crate::domain::freeze::Freeze;
use crate::domain::ids::GuildId;
use crate::domain::incident::{Ending, Facts, Failover, Incident, Line, OwnDoing, Phase, Subject};
use crate::domain::judging::Standing;
use crate::domain::redundancy::Level;

/// How much of a card's description the list may take.
const LIST: usize = limits::DESCRIPTION - 600;

/// The card; it mentions the roles if `ping` says so (which notifies them only when it is first posted).
pub(super) fn card(incident: &Incident, ping: bool, context: &Context) -> Message {
    let embed = embed(incident, context.guild).footer(&footer(incident, context));
    let frozen =
        frozen(incident, &context.freezes).map(|freeze| format!("{}\nStarting stays possible.", freeze::line(freeze)));
    let embed = embed.describe(frozen.iter().map(String::as_str));
    let mut row = attention::buttons(incident);
    row.extend(attention::details_button(incident));
    row.extend(status_buttons(incident));
    let message = attention::menu(Message::of(embed).buttons(start_buttons(incident)).buttons(row), incident);
    if ping { message.mentioning(&incident.alert_roles(&context.policy), &headline(incident).0) } else { message }
}

/// What keeps everybody from taking anything away there, while it is open.
pub(super) fn frozen<'a>(incident: &Incident, freezes: &'a [Freeze]) -> Option<&'a Freeze> {
    let environment = incident.subject.environment().filter(|_| incident.resolved_at().is_none())?;
    freezes.iter().find(|freeze| freeze.ended.is_none() && freeze.environment == *environment)
}

/// What is said of it, on the card and in detail.
pub(super) fn embed(incident: &Incident, guild: GuildId) -> Embed {
    let (headline, colour) = headline(incident);
    let paragraphs = paragraphs(incident, guild);
    attention::field(Embed::new(&headline, colour).describe(paragraphs.iter().map(String::as_str)), incident)
}

/// The reply to the card: it got worse than was announced, and says so to those whom it concerns.
pub(super) fn worse(incident: &Incident, context: &Context) -> Message {
    let (headline, colour) = headline(incident);
    let text = match &incident.facts {
        Facts::Failover(facts) => format!("It got worse: {}.", counts(facts)),
        facts => together::got_worse(facts),
    };
    let embed = Embed::new("", colour).footer(&footer(incident, context)).describe([text.as_str()]);
    Message::of(embed)
        .buttons(attention::on_a_reply(incident))
        .mentioning(&incident.alert_roles(&context.policy), &headline)
}

/// The reply to the card: what was said to be over is back.
pub(super) fn back(incident: &Incident, context: &Context) -> Message {
    let (headline, colour) = headline(incident);
    let how = match &incident.facts {
        Facts::Failover(facts) => format!(": {}", counts(facts)),
        _ => String::new(),
    };
    let text = format!("It was resolved, and it is back{how}.");
    let paragraphs = [Some(text), flaps(incident)];
    let embed = Embed::new("", colour).footer(&footer(incident, context));
    let embed = embed.describe(paragraphs.iter().flatten().map(String::as_str));
    Message::of(embed)
        .buttons(attention::on_a_reply(incident))
        .mentioning(&incident.alert_roles(&context.policy), &headline)
}

/// What the card shows, in a message that is not the card: `note` says why it is there. Nothing can be pressed on it.
pub(super) fn beside_card(incident: &Incident, ping: bool, note: &str, context: &Context) -> Message {
    let (headline, colour) = headline(incident);
    let paragraphs = paragraphs(incident, context.guild);
    let said = std::iter::once(note).chain(paragraphs.iter().map(String::as_str));
    let message = Message::of(Embed::new(&headline, colour).footer(&footer(incident, context)).describe(said));
    if ping { message.mentioning(&incident.alert_roles(&context.policy), &headline) } else { message }
}

/// The incident in one line.
pub(super) fn line(incident: &Incident) -> String {
    let (headline, _) = headline(incident);
    match &incident.facts {
        Facts::Failover(facts) => format!("**{headline}**: {}", counts(facts)),
        _ => format!("**{headline}**"),
    }
}

/// The message's own reference, by which it is found again, and the incident's, which is in the log.
pub(super) fn footer(incident: &Incident, context: &Context) -> String {
    let incident = format!("incident {}", incident.id.reference());
    // What no row of the outbox stands behind has no reference.
    if context.reference.is_empty() { incident } else { format!("ref {} · {incident}", context.reference) }
}

/// What it is about, whatever has become of it.
pub(super) fn subject(incident: &Incident) -> String {
    match &incident.subject {
        Subject::Failover { bot, environment } => {
            format!("**{} in {}**", escape::name(&bot.name), escape::name(&environment.title()))
        }
        Subject::NeverRedundant { environment } => {
            format!("**Bots in {} that never were redundant**", escape::name(&environment.title()))
        }
        Subject::Load { environment } => format!("**Load in {}**", escape::name(&environment.title())),
        Subject::Storm => "**Many bots at once**".to_owned(),
        Subject::Blind => "**The fleet cannot be seen**".to_owned(),
    }
}

/// What a card is headed by: state, bot and environment.
pub(super) fn headline(incident: &Incident) -> (String, u32) {
    let (Subject::Failover { bot, environment }, Facts::Failover(facts)) = (&incident.subject, &incident.facts) else {
        return together::headline(incident);
    };
    let what = format!("{} in {}", escape::name(&bot.name), escape::name(&environment.title()));
    let looks_well = matches!(incident.phase, Phase::Recovering { .. }) && Standing::of(facts.level) == Standing::Well;
    if incident.resolved_at().is_some() {
        (format!("✅ Resolved: {what}"), words::GREEN)
    } else if looks_well {
        (format!("🔵 Recovering: {what}"), words::BLUE)
    } else {
        let face = words::level_face(facts.level);
        (format!("{} {}: {what}", face.icon, face.word), face.colour)
    }
}

fn paragraphs(incident: &Incident, guild: GuildId) -> Vec<String> {
    let mut said = match &incident.facts {
        Facts::Failover(facts) => failover(incident, facts),
        _ => together::paragraphs(incident),
    };
    said.extend(history(incident, guild));
    said
}

/// How it came to stand as it does: since when, how often it fell, what was before it, how long it took and what ended it.
fn history(incident: &Incident, guild: GuildId) -> Vec<String> {
    let mut said = Vec::new();
    // How long we were blind is counted from the first failed reading, not from when that became an incident.
    let began = if let Facts::Blind(blind) = &incident.facts { blind.since } else { incident.opened_at };
    match &incident.phase {
        Phase::Resolved { at, .. } => {
            said.push(format!("Lasted {}, ended {}.", words::between(began, *at), words::relative(*at)));
        }
        Phase::Recovering { .. } => {
            said.push(format!(
                "Opened {}. It is resolved once it has stayed well.",
                words::relative(incident.opened_at)
            ));
        }
        Phase::Open | Phase::Suspected { .. } => said.push(match incident.back_at {
            None => format!("Opened {}.", words::relative(incident.opened_at)),
            Some(back) => {
                let (opened, back) = (words::relative(incident.opened_at), words::relative(back));
                format!("Opened {opened}, was resolved, and came back {back}.")
            }
        }),
    }
    let ended_by = match &incident.phase {
        Phase::Resolved { by, .. } | Phase::Recovering { by, .. } => by.as_ref(),
        _ => None,
    };
    said.extend(ended_by.map(|by| format!("What ended it: {}.", ending(by))));
    said.extend(flaps(incident));
    if let Some(before) = &incident.before {
        let ended = words::relative(before.ended_at);
        said.push(match before.card {
            Some((channel, message)) => {
                let link = words::link(guild, channel, message);
                format!("It happened before: [that alert]({link}) ended {ended}.")
            }
            None => format!("It happened before, and ended {ended}."),
        });
    }
    said
}

/// One sentence of how it stands, for a reply.
pub(super) fn now_stands(incident: &Incident) -> String {
    match &incident.facts {
        Facts::Failover(facts) => format!("{}.", counts(facts)),
        facts => together::now_stands(facts),
    }
}

/// The connectors that are named on its card, each in its line.
pub(super) fn named(incident: &Incident) -> impl Iterator<Item = String> {
    let lines = if let Facts::Failover(facts) = &incident.facts { facts.lines.as_slice() } else { &[] };
    lines.iter().map(line_text)
}

/// How often it fell again. A bot that does so often is not helped by waiting.
fn flaps(incident: &Incident) -> Option<String> {
    // A list that was empty for a moment is nobody's trouble.
    let is_list = matches!(incident.subject, Subject::NeverRedundant { .. } | Subject::Load { .. });
    let often = match incident.flaps {
        0 => return None,
        _ if is_list => return None,
        1 => "It fell again once after it had looked well.".to_owned(),
        flaps => format!("🔁 Flapping: it fell again {flaps} times after it had looked well."),
    };
    let is_open = incident.resolved_at().is_none();
    let advice = matches!(incident.subject, Subject::Failover { .. }) && is_open && incident.flaps > 1;
    let advice = if advice { " Two connectors that share one bot user push each other out like this." } else { "" };
    Some(format!("{often}{advice}"))
}

pub(super) fn ending(by: &Ending) -> String {
    match by {
        Ending::Doing(own) => own_doing(own),
        Ending::Elsewhere { what, who: Some(who) } => {
            format!("{} by {}, not through Botswain", escape::text(what, 40), escape::name(who))
        }
        Ending::Elsewhere { what, who: None } => format!("{}, not through Botswain", escape::text(what, 40)),
    }
}

fn counts(facts: &Failover) -> String {
    let unread = facts.lines.iter().filter(|line| line.unread).count();
    let unread = u32::try_from(unread).unwrap_or(u32::MAX);
    words::impact(facts.level, facts.healthy, facts.total, facts.minimum, unread)
}

fn failover(incident: &Incident, facts: &Failover) -> Vec<String> {
    let mut said = vec![format!("**{}.**", words::sentence(&counts(facts)))];
    if incident.resolved_at().is_none() && facts.level == Level::Unknown {
        said.push("What it is now cannot be told; the incident stays open until it can.".to_owned());
    }
    listed(&mut said, facts.lines.iter().map(line_text), "not healthy");
    said
}

/// Adds as many lines as there is room for, then how many are left out.
pub(super) fn listed(said: &mut Vec<String>, lines: impl ExactSizeIterator<Item = String>, what: &str) {
    let mut used: usize = said.iter().map(|line| length(line) + 1).sum();
    let mut left = lines.len();
    for line in lines {
        used += length(&line) + 1;
        if used > LIST {
            said.push(format!("… and {left} more, {what}"));
            return;
        }
        said.push(line);
        left -= 1;
    }
}

fn line_text(line: &Line) -> String {
    let name = escape::name(&line.name);
    if line.unread {
        return format!("❔ **{name}** could not be read.");
    }
    let Some(condition) = line.condition else { return gone(line, &name) };
    let changed = words::changed(line.since);
    let mut text = match (&line.own, stopped_elsewhere(line, condition)) {
        (Some(own), _) if own.verb == Verb::Stop && !own.under_way && condition == Condition::Stopped => {
            format!("⚫ **{name}** was {}{changed}.", own_doing(own))
        }
        (_, Some(by)) => format!("⚫ **{name}** was stopped{by}{changed}, not through Botswain."),
        _ if line.starting => format!("🔵 **{name}** is starting{changed}{}.", who(line)),
        _ => {
            let face = words::condition_face(condition);
            format!("{} **{name}** is {}{changed}{}.", face.icon, face.word.to_lowercase(), who(line))
        }
    };
    let tells = matches!(condition, Condition::OnlineNotConnected | Condition::UnknownWord);
    if let (true, Some([agent, cloud, server])) = (tells, &line.words) {
        text.push('\n');
        text.push_str(&words::statuses(agent, cloud, server));
    }
    text
}

/// A connector that is not here any more, or never will be again.
fn gone(line: &Line, name: &str) -> String {
    match (&line.own, &line.moved_to) {
        (Some(own), _) => format!("➡️ **{name}** is no longer in this environment; {}.", own_doing(own)),
        (None, Some(to)) => {
            let to = escape::name(&to.title());
            let by = line.last_operation.as_ref().and_then(|(_, by)| by.as_deref());
            let by = by.map(|by| format!(" by {}", escape::name(by))).unwrap_or_default();
            format!("➡️ **{name}** is no longer in this environment; it was moved to {to}{by}, not through Botswain.")
        }
        (None, None) => {
            format!(
                "🚫 **{name}** is gone: it is no longer in this environment, as two complete readings in a row say."
            )
        }
    }
}

/// Who stopped it, as far as the lifecycle service knows, if that was not done through us.
fn stopped_elsewhere(line: &Line, condition: Condition) -> Option<String> {
    let (what, by) = line.last_operation.as_ref().filter(|_| line.own.is_none() && condition == Condition::Stopped)?;
    let by = by.as_deref().map(|by| format!(" by {}", escape::name(by))).unwrap_or_default();
    what.to_lowercase().contains("stop").then_some(by)
}

/// Who did it: what was done through us is named by us; the rest as the lifecycle service tells it.
fn who(line: &Line) -> String {
    if let Some(own) = &line.own {
        return format!("; {}", own_doing(own));
    }
    match &line.last_operation {
        Some((what, Some(by))) => format!("; last operation: {} by {}", escape::text(what, 40), escape::name(by)),
        Some((what, None)) => format!("; last operation: {}", escape::text(what, 40)),
        None => String::new(),
    }
}

fn own_doing(own: &OwnDoing) -> String {
    let who = words::mention(&own.by);
    let reference = own.operation.reference();
    if own.under_way {
        let late = if own.overran { ", and it takes longer than it may" } else { "" };
        format!("{who} is {} it (ref {reference}){late}", words::present(own.verb).to_lowercase())
    } else {
        format!("{} by {who} (ref {reference})", words::past(own.verb))
    }
}

/// Buttons that start what is stopped.
fn start_buttons(incident: &Incident) -> Vec<Button> {
    match (&incident.subject, &incident.facts) {
        (Subject::Failover { environment, .. }, Facts::Failover(facts)) if incident.resolved_at().is_none() => {
            let stopped = facts.lines.iter().filter(|line| can_start(line));
            stopped.take(10).map(|line| start_button(line, environment)).collect()
        }
        _ => Vec::new(),
    }
}

/// Buttons to what it is about, as it is now.
pub(super) fn status_buttons(incident: &Incident) -> Vec<Button> {
    let Subject::Failover { bot, environment } = &incident.subject else { return together::buttons(incident) };
    let id = CustomId::Status { environment: environment_key(environment), bot: Some(bot.id.key()) };
    vec![Button::new(&id, &format!("Status of {}", escape::label(&bot.name, 60)), Look::Secondary)]
}

fn can_start(line: &Line) -> bool {
    // What is dropped is helped by a start, too: it is stopped first.
    let helps = line.condition.is_some_and(|c| !matches!(c, Condition::Healthy | Condition::UnknownWord));
    helps && !line.unread && !line.starting && !line.own.as_ref().is_some_and(|own| own.under_way)
}

fn start_button(line: &Line, environment: &Environment) -> Button {
    let id = CustomId::Ask { verb: Verb::Start, connector: line.connector.key() };
    Button::new(&id, &verb_and_object(Verb::Start, &line.name, environment), look(Verb::Start, false))
}
