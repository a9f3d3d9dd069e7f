//! What people did about an incident, on its card and in detail; the replies that say it again; the buttons to it.

use jiff::Timestamp;

use super::super::custom_id::CustomId;
use super::Context;
use super::escape;
use super::incident::{embed, footer, headline, named, now_stands, status_buttons};
use super::message::{Button, Embed, Look, Message, Select};
use super::words;
use crate::domain::attention::{Attention, Due, Snooze, SnoozeEnd, is_said_again};
use crate::domain::ids::GuildId;
use crate::domain::incident::Incident;

/// The value of the snooze menu's last option: the form is opened.
pub const CUSTOM: &str = "custom";

/// What stands on the card: who has it, until when it is left in peace, what mutes it.
pub(super) fn lines(incident: &Incident) -> Vec<String> {
    let attention = &incident.attention;
    let mut said = Vec::new();
    match (&attention.acknowledged, incident.resolved_at()) {
        (Some(done), None) => {
            said.push(format!("🙋 {} has it, since {}.", words::mention(&done.by), words::relative(done.at)));
        }
        (Some(done), Some(_)) => said.push(format!(
            "🙋 Acknowledged by {} after {}.",
            words::mention(&done.by),
            words::between(incident.opened_at, done.at)
        )),
        (None, _) => {}
    }
    if incident.resolved_at().is_some() {
        return said;
    }
    if let Some(done) = &attention.given_back {
        said.push(format!("🙌 {} gave it back {}: nobody has it.", words::mention(&done.by), words::relative(done.at)));
    }
    if let (Some(at), None) = (attention.escalated_at, &attention.acknowledged) {
        said.push(format!("📣 Escalated {}: nobody has acknowledged it.", words::relative(at)));
    }
    if let Some(Snooze { by, until, .. }) = attention.snooze() {
        said.push(format!(
            "😴 Snoozed by {} until {}: until then it is not said again, unless it gets worse.",
            words::mention(by),
            words::moment(*until)
        ));
    }
    if let Some(hush) = &attention.muted {
        said.push(format!(
            "🔕 Muted by {} until {}: it pings nobody. Reason: {}",
            words::mention(&hush.by),
            words::moment(hush.until),
            escape::text(&hush.reason, 200)
        ));
    }
    said
}

/// The field of the card with these lines; none where there is nothing to say.
pub(super) fn field(embed: Embed, incident: &Incident) -> Embed {
    let lines = lines(incident);
    if lines.is_empty() { embed } else { embed.field("Attention", &lines.join("\n"), false) }
}

/// Acknowledge or give back, and end the snooze: what can be done next. Nothing of what is over, or of what nobody is woken for.
pub(super) fn buttons(incident: &Incident) -> Vec<Button> {
    if incident.resolved_at().is_some() || !is_said_again(&incident.subject) {
        return Vec::new();
    }
    let id = || incident.id.clone();
    let attention = &incident.attention;
    let taking = match attention.acknowledged {
        None => Button::new(&CustomId::Acknowledge(id()), "Acknowledge incident", Look::Primary),
        Some(_) => Button::new(&CustomId::GiveBack(id()), "Give incident back", Look::Secondary),
    };
    let unsnooze = attention.snooze().is_some();
    let unsnooze = unsnooze.then(|| Button::new(&CustomId::Unsnooze(id()), "End snooze", Look::Secondary));
    std::iter::once(taking).chain(unsnooze).collect()
}

/// The button to all that is known of it.
pub(super) fn details_button(incident: &Incident) -> Option<Button> {
    let open = incident.resolved_at().is_none() && is_said_again(&incident.subject);
    open.then(|| Button::new(&CustomId::Incident(incident.id.clone()), "Incident details", Look::Secondary))
}

/// The menu to snooze it, while it is not.
pub(super) fn menu(message: Message, incident: &Incident) -> Message {
    let is_open = incident.resolved_at().is_none() && is_said_again(&incident.subject);
    if !is_open || incident.attention.snooze().is_some() {
        return message;
    }
    // The values are understood as if somebody had typed them.
    let menu = Select::new(&CustomId::Snooze(incident.id.clone()), "Snooze incident: no reminders until …")
        .option("15m", "Snooze for 15 minutes", "")
        .option("1h", "Snooze for 1 hour", "")
        .option("4h", "Snooze for 4 hours", "")
        .option("tomorrow 9:00", "Snooze until tomorrow 9:00", "At night, that is the coming morning")
        .option(CUSTOM, "Snooze until …", "Type for how long, or until what time of day");
    message.select(menu)
}

/// The reply to the card that says that it still stands.
pub(super) fn again(incident: &Incident, due: Due, at: Timestamp, context: &Context) -> Message {
    let (headline, colour) = headline(incident);
    let stands = now_stands(incident);
    let lasted = words::between(incident.opened_at, at);
    let attention = &incident.attention;
    let mut said = vec![match due {
        Due::Reminder => format!("**Still so after {lasted}:** {stands}"),
        Due::Awake => {
            let whose = attention.snoozed.as_ref().map(|snooze| format!(" by {}", words::mention(&snooze.by)));
            format!("**The snooze{} is over, and it is still so after {lasted}:** {stands}", whose.unwrap_or_default())
        }
        Due::Escalation => format!("**Nobody has acknowledged it, and it is still so after {lasted}:** {stands}"),
    }];
    said.extend(named(incident).take(3));
    said.push(match &attention.acknowledged {
        Some(done) => format!("{} has it. The card is above: it can be snoozed there.", words::mention(&done.by)),
        None => "Nobody has it. It can be snoozed on its card, above.".to_owned(),
    });
    let embed = Embed::new("", colour).footer(&footer(incident, context)).describe(said.iter().map(String::as_str));
    let roles = match due {
        Due::Escalation => incident.escalation_roles(&context.policy),
        Due::Awake | Due::Reminder => incident.alert_roles(&context.policy),
    };
    Message::of(embed).buttons(on_a_reply(incident)).mentioning(&roles, &headline)
}

/// What can be pressed on a reply that calls: whoever was called need not look for the card first. Once somebody has it, that is
/// what an old button says.
pub(super) fn on_a_reply(incident: &Incident) -> Vec<Button> {
    let mut row = if incident.attention.acknowledged.is_none() { buttons(incident) } else { Vec::new() };
    row.extend(details_button(incident));
    row
}

/// All that is known of an incident, for one person; `link` leads to its card. What they may not do has no buttons.
pub fn details(incident: &Incident, may: bool, link: Option<&str>, guild: GuildId) -> Message {
    let mut embed = embed(incident, guild);
    embed.push_field("What happened to it", &history(incident, link).join("\n"), false);
    let mut message = Message::of(embed);
    let mut row = if may { buttons(incident) } else { Vec::new() };
    row.extend(status_buttons(incident));
    let all = CustomId::Alerts { environment: None, page: 0 };
    row.push(Button::new(&all, "All open incidents", Look::Secondary));
    message = message.buttons(row);
    if may { menu(message, incident) } else { message }
}

fn history(incident: &Incident, link: Option<&str>) -> Vec<String> {
    let Attention { acknowledged, given_back, snoozed, escalated_at, said: replies, .. } = &incident.attention;
    let mut said = vec![format!("Opened {}.", words::moment(incident.opened_at))];
    said.extend(
        acknowledged
            .iter()
            .map(|done| format!("Acknowledged by {} {}.", words::mention(&done.by), words::moment(done.at))),
    );
    said.extend(
        given_back.iter().map(|done| format!("Given back by {} {}.", words::mention(&done.by), words::moment(done.at))),
    );
    if let Some(Snooze { by, at, until, ended }) = snoozed {
        let ended = match ended {
            None => String::new(),
            Some(SnoozeEnd::Over) => "; that is over".to_owned(),
            Some(SnoozeEnd::Worse) => "; that ended when it got worse or came back".to_owned(),
            Some(SnoozeEnd::Unsnoozed(done)) => {
                format!("; {} ended that {}", words::mention(&done.by), words::moment(done.at))
            }
        };
        let (whom, at, until) = (words::mention(by), words::moment(*at), words::moment(*until));
        said.push(format!("Snoozed by {whom} {at} until {until}{ended}."));
    }
    said.extend(escalated_at.iter().map(|at| format!("Escalated {}.", words::moment(*at))));
    if *replies > 0 {
        let times = if *replies == 1 { "once".to_owned() } else { format!("{replies} times") };
        said.push(format!("Said again {times} so far."));
    }
    said.extend(incident.resolved_at().iter().map(|at| format!("Ended {}.", words::moment(*at))));
    said.extend(link.map(|link| format!("[Its card]({link})")));
    said
}
