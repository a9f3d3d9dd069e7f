//! An incident's one card, and the reply that says that it got worse.

use super::super::custom_id::{CustomId, environment_key};
use super::Context;
use super::escape::{self, length};
use super::limits;
use super::message::{Button, Embed, Look, Message};
use super::status::{look, verb_and_object};
use super::words;
use crate::domain::action::Verb;
use crate::domain::connector::{Bot, Condition, Environment};
use crate::domain::incident::{Blind, BotCount, Facts, Failover, Incident, Line, OwnDoing, Subject};
use crate::domain::redundancy::Level;

/// How much of a card's description the list may take.
const LIST: usize = limits::DESCRIPTION - 600;

/// The card; it mentions the roles if `ping` says so (which notifies them only when it is first posted).
pub(super) fn card(incident: &Incident, ping: bool, context: &Context) -> Message {
    let (headline, colour) = headline(incident);
    let paragraphs = paragraphs(incident);
    let embed = Embed::new(&headline, colour)
        .footer(&footer(incident, context))
        .describe(paragraphs.iter().map(String::as_str));
    let message = Message::of(embed).buttons(buttons(incident));
    if ping { message.mentioning(roles(incident, context), &headline) } else { message }
}

/// The reply to the card: it got worse than was announced, and says so to those whom it concerns.
pub(super) fn worse(incident: &Incident, context: &Context) -> Message {
    let (headline, colour) = headline(incident);
    let text = match &incident.facts {
        Facts::Failover(facts) => format!("It got worse: {}.", counts(facts)),
        Facts::NeverRedundant { .. } | Facts::Blind(_) => "It got worse.".to_owned(),
    };
    let embed = Embed::new("", colour).footer(&footer(incident, context)).describe([text.as_str()]);
    Message::of(embed).mentioning(roles(incident, context), &headline)
}

/// What the card shows, in a message that is not the card: `note` says why it is there. Nothing can be pressed on it.
pub(super) fn beside_card(incident: &Incident, ping: bool, note: &str, context: &Context) -> Message {
    let (headline, colour) = headline(incident);
    let paragraphs = paragraphs(incident);
    let said = std::iter::once(note).chain(paragraphs.iter().map(String::as_str));
    let message = Message::of(Embed::new(&headline, colour).footer(&footer(incident, context)).describe(said));
    if ping { message.mentioning(roles(incident, context), &headline) } else { message }
}

/// The incident in one line.
pub(super) fn line(incident: &Incident) -> String {
    let (headline, _) = headline(incident);
    match &incident.facts {
        Facts::Failover(facts) => format!("**{headline}**: {}", counts(facts)),
        Facts::NeverRedundant { .. } | Facts::Blind(_) => format!("**{headline}**"),
    }
}

/// The message's own reference, by which it is found again, and the incident's, which is in the log.
fn footer(incident: &Incident, context: &Context) -> String {
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
        Subject::Blind => "**The fleet cannot be seen**".to_owned(),
    }
}

pub(super) fn roles<'a>(incident: &Incident, context: &'a Context) -> &'a [crate::domain::ids::RoleId] {
    let environment = match &incident.subject {
        Subject::Failover { environment, .. } | Subject::NeverRedundant { environment } => Some(environment),
        Subject::Blind => None,
    };
    let own = environment.and_then(|environment| context.alert_roles_by_environment.get(environment));
    own.unwrap_or(&context.alert_roles)
}

fn headline(incident: &Incident) -> (String, u32) {
    let resolved = incident.resolved_at.is_some();
    match (&incident.subject, &incident.facts) {
        (Subject::Failover { bot, environment }, facts) => {
            let what = format!("{} in {}", escape::name(&bot.name), escape::name(&environment.title()));
            let level = if let Facts::Failover(facts) = facts { facts.level } else { Level::Unknown };
            let face = words::level_face(level);
            if resolved {
                (format!("✅ Resolved: {what}"), words::GREEN)
            } else {
                (format!("{} {}: {what}", face.icon, face.word), face.colour)
            }
        }
        (Subject::NeverRedundant { environment }, _) => {
            let place = escape::name(&environment.title());
            if resolved {
                (format!("✅ Every bot in {place} has been redundant"), words::GREEN)
            } else {
                (format!("🟡 Never redundant: bots in {place}"), words::YELLOW)
            }
        }
        (Subject::Blind, _) if resolved => ("✅ The fleet can be seen again".to_owned(), words::GREEN),
        (Subject::Blind, _) => ("🙈 Blind: the fleet cannot be seen".to_owned(), words::ORANGE),
    }
}

fn paragraphs(incident: &Incident) -> Vec<String> {
    let mut said = match &incident.facts {
        Facts::Failover(facts) => failover(incident, facts),
        Facts::NeverRedundant { bots } => never_redundant(incident, bots),
        Facts::Blind(blind) => blindness(incident, blind),
    };
    // How long we were blind is counted from the first failed reading, not from when that became an incident.
    let began = if let Facts::Blind(blind) = &incident.facts { blind.since } else { incident.opened_at };
    said.push(match incident.resolved_at {
        None => format!("Opened {}.", words::relative(incident.opened_at)),
        Some(at) => format!("Lasted {}, ended {}.", words::between(began, at), words::relative(at)),
    });
    said
}

fn counts(facts: &Failover) -> String {
    let unread = facts.lines.iter().filter(|line| line.unread).count();
    let unread = u32::try_from(unread).unwrap_or(u32::MAX);
    words::impact(facts.level, facts.healthy, facts.total, facts.minimum, unread)
}

fn failover(incident: &Incident, facts: &Failover) -> Vec<String> {
    let mut said = vec![format!("**{}.**", words::sentence(&counts(facts)))];
    if incident.resolved_at.is_none() && facts.level == Level::Unknown {
        said.push("What it is now cannot be told; the incident stays open until it can.".to_owned());
    }
    listed(&mut said, facts.lines.iter().map(line_text), "not healthy");
    said
}

/// Adds as many lines as there is room for, then how many are left out.
fn listed(said: &mut Vec<String>, lines: impl ExactSizeIterator<Item = String>, what: &str) {
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
    let Some(condition) = line.condition else {
        return match &line.own {
            Some(own) => format!("➡️ **{name}** is no longer in this environment; {}.", own_doing(own)),
            None => format!("❔ **{name}** is no longer in this environment."),
        };
    };
    let changed = words::changed(line.since);
    let mut text = match &line.own {
        Some(own) if own.verb == Verb::Stop && !own.under_way && condition == Condition::Stopped => {
            format!("⚫ **{name}** was {}{changed}.", own_doing(own))
        }
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
        format!("{who} is {} it (ref {reference})", words::present(own.verb).to_lowercase())
    } else {
        format!("{} by {who} (ref {reference})", words::past(own.verb))
    }
}

fn never_redundant(incident: &Incident, bots: &[BotCount]) -> Vec<String> {
    if incident.resolved_at.is_some() {
        return vec!["No bot here is left that has never had the healthy connectors that are wanted.".to_owned()];
    }
    let count = words::of(u32::try_from(bots.len()).unwrap_or(u32::MAX), "bot");
    let cost = if bots.iter().all(|bot| bot.healthy <= 1) {
        "one failure, and nothing is left"
    } else {
        "less failover is there than is asked"
    };
    let mut said = vec![format!("{count} never had as many healthy connectors as are wanted: {cost}.")];
    listed(
        &mut said,
        bots.iter().map(|bot| {
            format!(
                "🟡 **{}**: {} of {} healthy, {} wanted",
                bot_name(bots, &bot.bot),
                bot.healthy,
                bot.total,
                bot.minimum
            )
        }),
        "never redundant",
    );
    said
}

fn bot_name(bots: &[BotCount], bot: &Bot) -> String {
    if bots.iter().filter(|other| other.bot.name == bot.name).count() > 1 {
        escape::name(&format!("{} ({})", escape::cut(&bot.name, 36), escape::cut(bot.id.as_str(), 20)))
    } else {
        escape::name(&bot.name)
    }
}

fn blindness(incident: &Incident, blind: &Blind) -> Vec<String> {
    if incident.resolved_at.is_some() {
        return vec!["All of it is read again.".to_owned()];
    }
    let seen =
        blind.seen_well_at.map(|at| format!(" It was last seen whole {}.", words::relative(at))).unwrap_or_default();
    vec![
        format!(
            "**Part or all of the fleet cannot be read: an outage now could go unseen.** It began {}.{seen}",
            words::relative(blind.since)
        ),
        escape::text(&blind.why, 600),
        "Bots Status in LivePerson still shows it. Whoever runs Botswain should look at the lifecycle service."
            .to_owned(),
    ]
}

/// Buttons that do something: start what is stopped, and look.
fn buttons(incident: &Incident) -> Vec<Button> {
    match (&incident.subject, &incident.facts) {
        (Subject::Failover { bot, environment }, Facts::Failover(facts)) => {
            let mut buttons = Vec::new();
            if incident.resolved_at.is_none() {
                let stopped = facts.lines.iter().filter(|line| can_start(line));
                buttons.extend(stopped.take(10).map(|line| start_button(line, environment)));
            }
            let id = CustomId::Status { environment: environment_key(environment), bot: Some(bot.id.key()) };
            buttons.push(Button::new(&id, &format!("Status of {}", escape::label(&bot.name, 60)), Look::Secondary));
            buttons
        }
        (Subject::NeverRedundant { environment }, _) => {
            let id = CustomId::Status { environment: environment_key(environment), bot: None };
            let label = format!("Status of {}", escape::label(&environment.title(), 60));
            vec![Button::new(&id, &label, Look::Secondary)]
        }
        _ => Vec::new(),
    }
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
