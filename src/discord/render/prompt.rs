//! What a person is asked in private: menus for what was left out, and the prompt that is the contract.

use super::super::custom_id::CustomId;
use super::approval;
use super::escape;
use super::glass;
use super::limits;
use super::message::{Button, Embed, Look, Message, Select};
use super::setup::{self, Medium};
use super::status::{look, verb_and_object};
use super::words;
use crate::domain::action::Verb;
use crate::domain::ids::{ChannelId, Id};
use crate::domain::plan::{Impact, Plan};
use crate::domain::request::{Request, RequestState};
use crate::domain::setup::Permission;
use crate::operations::{Menu, Part};

/// Asks for what was left out, 25 choices to a page.
pub fn menu(menu: &Menu, page: u16) -> Message {
    let request = &menu.request;
    let pages = menu.choices.len().div_ceil(limits::OPTIONS).max(1);
    let page = usize::from(page).min(pages - 1);
    let question = match (menu.part, request.verb) {
        (Part::Environment, verb) => format!("{} a connector: in which environment?", verb.title()),
        (Part::Bot, verb) => format!("{} a connector: of which bot?", verb.title()),
        (Part::Connector, verb) if verb.takes_several() => format!("{} which connectors?", verb.title()),
        (Part::Connector, verb) => format!("{} which connector?", verb.title()),
        (Part::Target, _) => "Redeploy it to which environment?".to_owned(),
    };
    let number = u16::try_from(page).unwrap_or(u16::MAX);
    let id = CustomId::Pick { request: request.id.clone(), part: menu.part, page: number };
    let several = menu.part == Part::Connector && request.verb.takes_several();
    let placeholder = match menu.part {
        Part::Environment | Part::Target => "Choose an environment",
        Part::Bot => "Choose a bot",
        Part::Connector if several => "Choose one or more connectors",
        Part::Connector => "Choose a connector",
    };
    let mut select = Select::new(&id, placeholder);
    for choice in menu.choices.iter().skip(page * limits::OPTIONS).take(limits::OPTIONS) {
        select = select.option(&choice.value, &choice.label, &choice.description);
    }
    if several {
        select = select.any_number();
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
    let (bot, place) = (escape::name(&plan.bot.name), escape::name(&plan.environment.title()));
    let what = match plan.connectors.as_slice() {
        [one] => escape::name(&one.name),
        several => format!("{} connectors of {bot}", several.len()),
    };
    let title = match &plan.to {
        Some(to) => format!("Redeploy {what} from {place} to {}?", escape::name(&to.title())),
        None => format!("{} {what} in {place}?", plan.verb.title()),
    };
    let colour = match plan.verb {
        Verb::Start => words::GREEN,
        Verb::Redeploy if !plan.stops() => words::BLUE,
        Verb::Stop | Verb::Redeploy | Verb::Restart => words::RED,
    };
    let mut paragraphs = told(plan, &bot);
    if let Some(roles) = &request.second_person {
        let whom = approval::whom(roles);
        paragraphs.push(format!(
            "🤝 It needs a second person: once you confirm, one of {whom} must agree. Nothing runs before."
        ));
        if request.may_break_glass {
            paragraphs.push(format!(
                "{} If it cannot wait, you may break the glass: you say why, it begins at once, and all of it is told where \
                 alerts come and marked in the record.",
                glass::ICON
            ));
        }
    }
    let names: Vec<_> = plan.names().map(escape::name).collect();
    let mut embed = Embed::new(&title, colour)
        .footer(&reference(&request.id))
        .describe(paragraphs.iter().map(String::as_str))
        .field("Bot", &bot, true)
        .field("Environment", &place, true)
        .field(if names.len() == 1 { "Connector" } else { "Connectors" }, &names.join(", "), true);
    for impact in &plan.impacts {
        let name = match impact.environment == plan.environment {
            true => "Healthy connectors".to_owned(),
            false => format!("Healthy in {}", escape::name(&impact.environment.title())),
        };
        embed = embed.field(&name, &counts(impact), true);
    }
    if let Some(source) = plan.impacts.first().filter(|_| plan.stops()) {
        embed = embed.field("Conversations left waiting", &waiting(source.left_waiting), true);
        if let Some(load) = load(source) {
            embed = embed.field("Load of those that remain", &load, true);
        }
    }
    if let Some(reason) = &request.reason {
        embed = embed.field("Reason", &escape::text(reason, 400), false);
    }
    embed = embed.field("Expires", &words::relative(request.expires_at), true);
    let mut buttons =
        vec![Button::new(&CustomId::Confirm(request.id.clone()), &agree(plan), look(plan.verb, plan.stops()))];
    buttons.extend(break_glass(request, plan));
    buttons.push(Button::new(&CustomId::Cancel(request.id.clone()), "Cancel", Look::Secondary));
    let message = Message::of(embed).buttons(buttons);
    if request.is_narrowed_by_its_prompt() { message.select(only_some(request, plan)) } else { message }
}

/// A menu of what the plan is about, of which some may be chosen in place of all: those that take their turn first, where there
/// are more than a menu holds. (The command takes any by name.)
fn only_some(request: &Request, plan: &Plan) -> Select {
    let id = CustomId::Pick { request: request.id.clone(), part: Part::Connector, page: 0 };
    let mut select = Select::new(&id, &format!("{} only some of them", plan.verb.title()));
    for planned in &plan.connectors {
        let state = words::condition_face(planned.condition).word;
        select = select.option(planned.connector.key().as_str(), &planned.name, state);
    }
    select.any_number()
}

/// What breaks the glass, where who asked may do that.
pub(super) fn break_glass(request: &Request, plan: &Plan) -> Option<Button> {
    let offered = request.may_break_glass && request.second_person.is_some();
    let label = format!("{} Break the glass: {}", glass::ICON, agree(plan));
    offered.then(|| Button::new(&CustomId::BreakGlass(request.id.clone()), &label, Look::Danger))
}

/// What stands on the button that agrees: verb and object.
pub(super) fn agree(plan: &Plan) -> String {
    let several = format!("{} connectors", plan.connectors.len());
    let what = match plan.connectors.as_slice() {
        [one] => one.name.as_str(),
        _ => &several,
    };
    match &plan.to {
        Some(to) => format!("Redeploy {} to {}", escape::label(what, 36), escape::cut(&to.title(), 24)),
        None => verb_and_object(plan.verb, what, &plan.environment),
    }
}

/// What the person must be told in plain words before they agree.
pub(super) fn told(plan: &Plan, bot: &str) -> Vec<String> {
    let mut said: Vec<_> = plan.impacts.iter().filter_map(|impact| cost(impact, bot)).collect();
    if said.is_empty() && plan.verb != Verb::Start {
        said.push(match plan.connectors.as_slice() {
            _ if plan.impacts.iter().any(|impact| impact.cost() > 0) => String::new(),
            [_] => "It is not healthy now, so no failover is lost.".to_owned(),
            _ => "None of them is healthy now, so no failover is lost.".to_owned(),
        });
    }
    if let Some((each, limit)) = plan.impacts.iter().find_map(|impact| Some((impact.overload()?, impact.load_limit))) {
        said.push(format!(
            "⚠️ About {each} conversations would come to each that remains; more than {limit} is advised against."
        ));
    }
    if plan.impacts.iter().any(|impact| impact.uncertain) {
        said.push("❔ Part of the fleet could not be read: the counts may be too low.".to_owned());
    }
    said.extend(plan.impacts.iter().filter_map(doubt));
    said.push(course(plan));
    said
}

/// What is lost in one environment, if that is more than it should be.
fn cost(impact: &Impact, bot: &str) -> Option<String> {
    let place = escape::name(&impact.environment.title());
    let back = if impact.healthy_after > impact.lowest { " for a while" } else { "" };
    if impact.takes_offline() {
        let left = if back.is_empty() { "no healthy connector is left" } else { "until one is healthy again" };
        return Some(format!("⛔ **This takes {bot} offline{back} in {place}: {left}.**"));
    }
    impact.goes_below().then(|| {
        format!(
            "⚠️ **This takes {bot} below its minimum{back} in {place}: {} healthy, {} wanted.** {}",
            impact.lowest,
            impact.minimum,
            if impact.lowest == 1 { "No failover is left." } else { "Less failover is left than is asked." }
        )
    })
}

/// What is not counted on, and why.
fn doubt(impact: &Impact) -> Option<String> {
    let names: Vec<_> = impact.in_doubt.iter().map(|name| escape::name(name)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "❔ **{}** may go down yet: an earlier change of it is not over, or nobody knows what became of it. So it is not \
             counted among those that remain.",
            names.join(", ")
        )
    })
}

/// How it goes on, and what follows.
fn course(plan: &Plan) -> String {
    let one = plan.connectors.first().filter(|_| plan.connectors.len() == 1);
    match (plan.verb, one) {
        (Verb::Start, Some(one)) if one.steps.len() > 1 => {
            "It hangs, so it is stopped and started again, as one operation. It can take a few minutes until it is seen \
             healthy."
                .to_owned()
        }
        (Verb::Start, Some(_)) => "It can take a few minutes until it is seen healthy.".to_owned(),
        (Verb::Start, None) if plan.stops() => {
            "They are started at once; those that hang are stopped first. It can take a few minutes until each is seen \
             healthy."
                .to_owned()
        }
        (Verb::Start, None) => {
            "They are started at once. It can take a few minutes until each is seen healthy.".to_owned()
        }
        (Verb::Stop, Some(_)) => "It stays stopped until somebody starts it again.".to_owned(),
        (Verb::Stop, None) => "They stay stopped until somebody starts them again.".to_owned(),
        (Verb::Restart, Some(_)) => {
            "It is stopped and started again, as one operation. It can take a few minutes until it is seen healthy."
                .to_owned()
        }
        (Verb::Restart, None) => "One at a time: each is stopped and started, and the next one only once it is seen healthy. \
             If one does not come back, it waits and asks."
            .to_owned(),
        (Verb::Redeploy, Some(one)) if one.steps.len() == 2 => {
            "It is stopped; it is moved and started there, as one operation.".to_owned()
        }
        (Verb::Redeploy, Some(one)) if one.steps.len() > 1 => {
            let steps: Vec<_> = one.steps.iter().map(words::action).collect();
            format!("It runs, so this is one operation of {} steps: {}.", steps.len(), steps.join(" → "))
        }
        (Verb::Redeploy, _) => {
            "It is stopped, and stays stopped after the move: starting it is a step of its own.".to_owned()
        }
    }
}

pub(super) fn counts(impact: &Impact) -> String {
    let wanted = match impact.minimum {
        0 => format!("of {}; none asked in {}", impact.total, escape::name(&impact.environment.title())),
        minimum => format!("of {}; {minimum} wanted", impact.total),
    };
    let lowest = match impact.lowest < impact.healthy_now.min(impact.healthy_after) {
        true => format!(" → **{}** at the lowest", impact.lowest),
        false => String::new(),
    };
    format!("**{}** now{lowest} → **{}** after ({wanted})", impact.healthy_now, impact.healthy_after)
}

fn waiting(left: Option<u32>) -> String {
    match left {
        Some(0) => "none".to_owned(),
        Some(count) => format!("**{count}**, left as they are until it is started again"),
        None => "not known: those in progress are left as they are until it is started again".to_owned(),
    }
}

/// What comes to each connector that remains, if what there is now is shared out among them.
fn load(impact: &Impact) -> Option<String> {
    let (now, then) = (impact.load_of_each(impact.healthy_now)?, impact.load_of_each(impact.lowest)?);
    (impact.cost() > 0).then(|| format!("about **{now}** each now → **{then}** each"))
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
        RequestState::Proposed => {
            ("🤝", format!("Confirmed. It waits in <#{channel}> for a second person; you can withdraw it there."))
        }
        RequestState::Choosing | RequestState::Asked => ("⏳", "Still open.".to_owned()),
    };
    Message::text(&format!("{icon} {text} (ref {})", request.reference()))
}

/// What a prompt says besides where its operation's message cannot be posted.
pub fn unseen(channel: ChannelId, lacks: &[Permission]) -> String {
    let lacks = setup::names(lacks, Medium::Discord);
    format!(
        "⚠️ Botswain lacks {lacks} in <#{channel}>, so nobody would see the progress here: grant it, or ask elsewhere."
    )
}

/// The prompt after it was confirmed where we may not post, so that nobody waits for a message that does not come.
pub fn begun_unseen(channel: ChannelId, lacks: &[Permission], request: &Id) -> Message {
    Message::text(&format!(
        "⚠️ Confirmed, and under way. But Botswain may not post in <#{channel}>, so its progress does not show there: look \
         with `/bots status`. It lacks {}; once somebody grants that, the message follows within minutes. (ref {})",
        setup::names(lacks, Medium::Discord),
        request.reference()
    ))
}

/// The footer by which a message, the log and the audit are found.
pub(super) fn reference(id: &Id) -> String {
    format!("ref {}", id.reference())
}
