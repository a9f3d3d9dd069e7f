//! A mute's one message, and the summary at its end.

use super::super::custom_id::CustomId;
use super::Context;
use super::escape;
use super::limits;
use super::message::{Button, Embed, Look, Message};
use super::words;
use crate::domain::attention::Done;
use crate::domain::incident::Subject;
use crate::domain::mute::{Heard, Mute, MuteEnd, Scope, Summary};
use crate::domain::redundancy::Level;

/// "all of Production", "Billing Bot in Production", "Billing Bot everywhere".
pub(super) fn scope(of: &Scope) -> String {
    match (&of.bot, &of.environment) {
        (Some(bot), Some(environment)) => {
            format!("{} in {}", escape::name(&bot.name), escape::name(&environment.title()))
        }
        (Some(bot), None) => format!("{} everywhere", escape::name(&bot.name)),
        (None, Some(environment)) => format!("all of {}", escape::name(&environment.title())),
        (None, None) => "everything".to_owned(),
    }
}

/// "Unmute Production", of at most a button's label.
pub(super) fn unmute_label(of: &Scope) -> String {
    let place = of.environment.as_ref().map(|environment| escape::cut(&environment.title(), 24));
    match (&of.bot, place) {
        (Some(bot), Some(place)) => {
            let room = limits::BUTTON_LABEL.saturating_sub(escape::length(&place) + 11);
            format!("Unmute {} in {place}", escape::label(&bot.name, room))
        }
        (Some(bot), None) => format!("Unmute {} everywhere", escape::label(&bot.name, 60)),
        (None, place) => format!("Unmute {}", place.as_deref().unwrap_or("everything")),
    }
}

/// The mute's message: whose, until when, why; once it is over, how it ended.
pub(super) fn message(mute: &Mute, context: &Context) -> Message {
    let what = scope(&mute.scope);
    let reason = format!("Reason: {}", escape::text(&mute.reason, 400));
    let whose = words::mention(&mute.by);
    let (title, colour, said) = match &mute.ended {
        None => {
            let until = format!("By {whose} until {} ({}).", words::moment(mute.until), words::relative(mute.until));
            let means = "Until then incidents here stand on their cards as ever, and ping nobody.".to_owned();
            let by = |done: &Done| format!("Prolonged by {} {}.", words::mention(&done.by), words::relative(done.at));
            let mut said = vec![until, means, reason];
            said.extend(mute.prolonged.as_ref().map(by));
            (format!("🔕 Muted: {what}"), words::GREY, said)
        }
        Some(end) => {
            let how = match end {
                MuteEnd::Over { .. } => "its time was over".to_owned(),
                MuteEnd::Unmuted(done) => format!("{} ended it", words::mention(&done.by)),
            };
            let lasted = words::between(mute.at, end.at());
            let ended = format!("Muted by {whose} for {lasted}; {how} {}.", words::relative(end.at()));
            (format!("🔔 No longer muted: {what}"), words::GREY, vec![ended, reason])
        }
    };
    let embed = Embed::new(&title, colour).footer(&footer(mute, context)).describe(said.iter().map(String::as_str));
    let unmute = Button::new(&CustomId::Unmute(mute.id.clone()), &unmute_label(&mute.scope), Look::Secondary);
    let buttons = if mute.ended.is_none() { vec![unmute] } else { Vec::new() };
    Message::of(embed).buttons(buttons)
}

/// The reply to it that tells what it kept quiet. It mentions the roles if something still stands that nobody has seen.
pub(super) fn summary(mute: &Mute, summary: &Summary, context: &Context) -> Message {
    let what = scope(&mute.scope);
    let all = summary.heard.len() + summary.more;
    let incidents = |count: usize| words::of(u32::try_from(count).unwrap_or(u32::MAX), "incident");
    let told = match (all, summary.open) {
        (0, _) => "nothing happened meanwhile".to_owned(),
        (all, 0) => format!("{} meanwhile, and all of it is over", incidents(all)),
        (all, open) => format!("{} meanwhile, and {open} still open", incidents(all)),
    };
    let headline = format!("🔔 No longer muted: {what}");
    let mut said = vec![format!("**{}.**", words::sentence(&told))];
    let mut left = all;
    let mut used = 0;
    for heard in &summary.heard {
        let line = line(heard);
        used += escape::length(&line) + 1;
        if used > limits::DESCRIPTION - 600 {
            break;
        }
        said.push(line);
        left -= 1;
    }
    if left > 0 {
        said.push(format!("… and {left} more; `/bots alerts` lists those that are open."));
    }
    let colour = if summary.open > 0 { words::ORANGE } else { words::GREEN };
    let embed = Embed::new(&headline, colour).footer(&footer(mute, context)).describe(said.iter().map(String::as_str));
    let message = Message::of(embed);
    if !summary.ping {
        return message;
    }
    let roles = &mute.scope.terms(&context.policy).alert_roles;
    message.mentioning(roles, &format!("{headline}: {} still open", summary.open))
}

fn line(heard: &Heard) -> String {
    let what = match &heard.subject {
        Subject::Failover { bot, environment } => {
            format!("**{}** in {}", escape::name(&bot.name), escape::name(&environment.title()))
        }
        Subject::NeverRedundant { environment } => {
            format!("Bots in {} that never were redundant", escape::name(&environment.title()))
        }
        Subject::Load { environment } => {
            format!("More conversations than is advised in {}", escape::name(&environment.title()))
        }
        Subject::Storm => "Many bots at once".to_owned(),
        Subject::Blind => "The fleet could not be seen".to_owned(),
    };
    let reference = heard.incident.reference();
    match heard.resolved_at {
        Some(at) => format!("✅ {what}: lasted {} (incident {reference})", words::between(heard.opened_at, at)),
        None => {
            let face = words::level_face(heard.level.unwrap_or(Level::Unknown));
            let state = heard.level.map_or_else(|| "open".to_owned(), |_| face.word.to_lowercase());
            let opened = words::relative(heard.opened_at);
            format!("{} {what}: {state}, opened {opened} (incident {reference})", face.icon)
        }
    }
}

fn footer(mute: &Mute, context: &Context) -> String {
    format!("ref {} · mute {}", context.reference, mute.id.reference())
}
