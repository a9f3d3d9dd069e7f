//! What a person is asked in private: menus for what was left out, and the prompt that is the contract.

use super::super::custom_id::CustomId;
use super::escape;
use super::limits;
use super::message::{Button, Embed, Look, Message, Select};
use super::status::{look, verb_and_object};
use super::words;
use crate::domain::action::{Action, Impact, Verb};
use crate::domain::ids::{ChannelId, Id};
use crate::domain::request::{Plan, Request, RequestState};
use crate::operations::{Menu, Part};

/// Asks for what was left out, 25 choices to a page.
pub fn menu(menu: &Menu, page: u16) -> Message {
    let request = &menu.request;
    let pages = menu.choices.len().div_ceil(limits::OPTIONS).max(1);
    let page = usize::from(page).min(pages - 1);
    let question = match (menu.part, request.verb) {
        (Part::Environment, verb) => format!("{} a connector: in which environment?", verb.title()),
        (Part::Bot, verb) => format!("{} a connector: of which bot?", verb.title()),
        (Part::Connector, verb) => format!("{} which connector?", verb.title()),
        (Part::Target, _) => "Redeploy it to which environment?".to_owned(),
    };
    let number = u16::try_from(page).unwrap_or(u16::MAX);
    let id = CustomId::Pick { request: request.id.clone(), part: menu.part, page: number };
    let placeholder = match menu.part {
        Part::Environment | Part::Target => "Choose an environment",
        Part::Bot => "Choose a bot",
        Part::Connector => "Choose a connector",
    };
    let mut select = Select::new(&id, placeholder);
    for choice in menu.choices.iter().skip(page * limits::OPTIONS).take(limits::OPTIONS) {
        select = select.option(&choice.value, &choice.label, &choice.description);
    }
    let mut lines =
        vec![format!("Nothing happens before you confirm. This closes {}.", words::relative(request.expires_at))];
    if pages > 1 {
        let all = menu.choices.len();
        lines.push(format!("Page {} of {pages}, {all} in all. Naming it in the command finds it faster.", page + 1));
    }
    let embed =
        Embed::new(&question, words::BLUE).footer(&reference(&request.id)).describe(lines.iter().map(String::as_str));
    let turn = |to: usize| CustomId::Page {
        request: request.id.clone(),
        part: menu.part,
        page: u16::try_from(to).unwrap_or(u16::MAX),
    };
    let mut buttons = Vec::new();
    if pages > 1 {
        // Two buttons of one message must not carry one id, so the ends of the book lead round to each other.
        let (back, on) = ((page + pages - 1) % pages, (page + 1) % pages);
        if back != on {
            buttons.push(Button::new(&turn(back), &format!("Page {}", back + 1), Look::Secondary));
        }
        buttons.push(Button::new(&turn(on), &format!("Page {}", on + 1), Look::Secondary));
    }
    buttons.push(Button::new(&CustomId::Cancel(request.id.clone()), "Cancel", Look::Secondary));
    Message::of(embed).select(select).buttons(buttons)
}

/// The prompt: what would be done, what it means, until when it can be agreed to.
pub fn confirmation(request: &Request, plan: &Plan) -> Message {
    let what = verb_and_object(request.verb, &plan.connector_name, &plan.environment);
    let connector = escape::name(&plan.connector_name);
    let (bot, place) = (escape::name(&plan.bot.name), escape::name(&plan.environment.title()));
    let title = match &plan.to {
        Some(to) => format!("Redeploy {connector} from {place} to {}?", escape::name(&to.title())),
        None => format!("{} {connector} in {place}?", request.verb.title()),
    };
    let colour = match request.verb {
        Verb::Start => words::GREEN,
        Verb::Redeploy if !plan.steps.contains(&Action::Stop) => words::BLUE,
        Verb::Stop | Verb::Redeploy => words::RED,
    };
    let paragraphs = told(request.verb, plan, &bot, &place);
    let mut embed = Embed::new(&title, colour)
        .footer(&reference(&request.id))
        .describe(paragraphs.iter().map(String::as_str))
        .field("Bot", &bot, true)
        .field("Environment", &place, true)
        .field("Connector", &connector, true)
        .field("Healthy connectors", &counts(&plan.impact, &place), true);
    if let (Some((now, after)), Some(to)) = (plan.impact.target, &plan.to) {
        let place = escape::name(&to.title());
        embed = embed.field(&format!("Healthy in {place}"), &format!("**{now}** now → **{after}** after"), true);
    }
    if plan.steps.contains(&Action::Stop) {
        embed = embed.field("Conversations left waiting", &waiting(plan.impact.left_waiting), true);
    }
    if let Some(reason) = &request.reason {
        embed = embed.field("Reason", &escape::text(reason, 400), false);
    }
    embed = embed.field("Expires", &words::relative(request.expires_at), true);
    let label = match &plan.to {
        Some(to) => format!("Redeploy {} to {}", escape::label(&plan.connector_name, 36), escape::cut(&to.title(), 24)),
        None => what,
    };
    Message::of(embed).buttons(vec![
        Button::new(
            &CustomId::Confirm(request.id.clone()),
            &label,
            look(request.verb, plan.steps.contains(&Action::Stop)),
        ),
        Button::new(&CustomId::Cancel(request.id.clone()), "Cancel", Look::Secondary),
    ])
}

/// What the person must be told in plain words before they agree.
fn told(verb: Verb, plan: &Plan, bot: &str, place: &str) -> Vec<String> {
    let impact = &plan.impact;
    let mut said = Vec::new();
    if impact.takes_offline() {
        said.push(format!("⛔ **This takes {bot} offline in {place}: no healthy connector is left.**"));
    } else if impact.crosses_minimum() {
        let left = impact.healthy_after;
        said.push(format!(
            "⚠️ **This takes {bot} below its minimum in {place}: {left} healthy, {} wanted.** {}",
            impact.minimum,
            if left == 1 { "No failover is left." } else { "Less failover is left than is asked." }
        ));
    } else if verb != Verb::Start && impact.healthy_now == impact.healthy_after {
        said.push("It is not healthy now, so no failover is lost.".to_owned());
    }
    if impact.uncertain {
        said.push("❔ Part of the fleet could not be read: the counts may be too low.".to_owned());
    }
    match verb {
        Verb::Start if plan.steps.len() > 1 => said.push(
            "It hangs, so it is stopped and started again, as one operation. It can take a few minutes until it is seen \
             healthy."
                .to_owned(),
        ),
        Verb::Start => said.push("It can take a few minutes until it is seen healthy.".to_owned()),
        Verb::Stop => said.push("It stays stopped until somebody starts it again.".to_owned()),
        Verb::Redeploy if plan.steps.len() > 1 => {
            let steps: Vec<_> = plan.steps.iter().map(words::action).collect();
            said.push(format!("It runs, so this is one operation of {} steps: {}.", steps.len(), steps.join(" → ")));
        }
        Verb::Redeploy => {
            said.push("It is stopped, and stays stopped after the move: starting it is a step of its own.".to_owned())
        }
    }
    said
}

fn counts(impact: &Impact, place: &str) -> String {
    let wanted = match impact.minimum {
        0 => format!("of {}; none asked in {place}", impact.total_now),
        minimum => format!("of {}; {minimum} wanted", impact.total_now),
    };
    format!("**{}** now → **{}** after ({wanted})", impact.healthy_now, impact.healthy_after)
}

fn waiting(left: Option<u32>) -> String {
    match left {
        Some(0) => "none".to_owned(),
        Some(count) => format!("**{count}**, left as they are until it is started again"),
        None => "not known: those in progress are left as they are until it is started again".to_owned(),
    }
}

/// The prompt after it was settled: what became of it, and no buttons.
pub fn settled(state: RequestState, channel: ChannelId, request: &Id) -> Message {
    let (icon, text) = match state {
        RequestState::Confirmed => ("✅", format!("Confirmed. Its progress stands in <#{channel}>.")),
        RequestState::Cancelled => ("🚫", "Cancelled. Nothing was done.".to_owned()),
        RequestState::Expired => {
            ("⌛", "Expired before it was confirmed. Nothing was done; run the command again.".to_owned())
        }
        RequestState::Refused => ("⛔", "Refused. Nothing was done.".to_owned()),
        RequestState::Choosing | RequestState::Asked => ("⏳", "Still open.".to_owned()),
    };
    Message::text(&format!("{icon} {text} (ref {})", request.reference()))
}

/// The prompt after it was confirmed where we may not post, so that nobody waits for a message that does not come.
pub fn begun_unseen(channel: ChannelId, request: &Id) -> Message {
    Message::text(&format!(
        "⚠️ Confirmed, and under way. But Botswain may not post in <#{channel}>, so its progress does not show there: look \
         with `/bots status`. It needs View Channel, Send Messages (in threads: Send Messages in Threads) and Embed Links; \
         once somebody grants them, the message follows within minutes. (ref {})",
        request.reference()
    ))
}

/// The footer by which a message, the log and the audit are found.
pub(super) fn reference(id: &Id) -> String {
    format!("ref {}", id.reference())
}
