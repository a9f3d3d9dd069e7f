//! What is said where alerts come when the glass was broken; and how an operation and a request say it of themselves.

use super::super::custom_id::{CustomId, environment_key};
use super::escape;
use super::message::{Button, Embed, Look, Message};
use super::words;
use crate::domain::authority::Person;
use crate::domain::glass::Glass;
use crate::domain::operation::{Operation, Outcome};

/// What marks it everywhere.
pub(super) const ICON: &str = "🔨";

/// The message where alerts come: who did what without the second person, why, and how it went.
pub(super) fn message(operation: &Operation, reference: &str) -> Message {
    let bot = escape::name(&operation.bot.name);
    let place = escape::name(&operation.environment.title());
    let to = operation.to.as_ref().map(|to| format!(" to {}", escape::name(&to.title()))).unwrap_or_default();
    let title = format!("{ICON} Glass broken: {} of {bot} in {place}{to}", operation.verb.word());
    let lines = [
        operation.glass.as_ref().map(|glass| who(&operation.requester, glass)).unwrap_or_default(),
        standing(operation),
    ];
    let healthy = format!("**{}** before → **{}** afterwards", operation.healthy_before, operation.healthy_after);
    let embed = Embed::new(&title, words::PURPLE)
        .footer(&format!("ref {reference} · operation {}", operation.id.reference()))
        .describe(lines.iter().map(String::as_str))
        .field(if operation.targets.len() == 1 { "Connector" } else { "Connectors" }, &names(operation), true)
        .field(&format!("Healthy in {place}"), &healthy, true);
    let id =
        CustomId::Status { environment: environment_key(&operation.environment), bot: Some(operation.bot.id.key()) };
    let label = format!("Status of {}", escape::label(&operation.bot.name, 60));
    Message::of(embed).buttons(vec![Button::new(&id, &label, Look::Secondary)])
}

/// Who did without the second person, and why.
pub(super) fn who(by: &Person, glass: &Glass) -> String {
    let why = escape::text(&glass.why, 400);
    format!("{} did not wait for the second person whom this needs: “{why}”.", words::mention(by))
}

/// The same where nothing else says what it is.
pub(super) fn said(by: &Person, glass: &Glass) -> String {
    format!("{ICON} **Glass broken**: {}", who(by, glass))
}

fn names(operation: &Operation) -> String {
    escape::name(&operation.targets.names())
}

fn standing(operation: &Operation) -> String {
    let channel = operation.channel;
    let Some(ended) = &operation.ended else {
        let begun = words::relative(operation.opened_at);
        return format!("⏳ Begun {begun}. Its progress stands in <#{channel}>.");
    };
    let how = match ended.outcome {
        Outcome::Done => "✅ Done",
        Outcome::Failed => "❌ It failed",
        Outcome::Unknown => "❔ Its outcome is unknown",
        Outcome::Halted => "🛑 It was ended early",
        Outcome::LeftStopped => "⏹️ It failed, and was left stopped",
    };
    format!("{how}, {}. What was done stands in <#{channel}>.", words::relative(ended.at))
}
