//! What waits for a second person: one message for everybody to see, from the requester's confirmation to how it ended.

use super::super::custom_id::CustomId;
use super::escape;
use super::glass;
use super::message::{Button, Embed, Look, Message};
use super::prompt::{agree, break_glass, counts, told};
use super::status::look;
use super::words;
use crate::domain::ids::RoleId;
use crate::domain::plan::Plan;
use crate::domain::request::{Request, RequestState};

/// The most roles that are named.
const NAMED: usize = 10;

/// The message of a request that needs a second person.
pub(super) fn message(request: &Request, reference: &str) -> Message {
    let Some(plan) = &request.plan else {
        return Message::text("A request without a plan waits for nobody.");
    };
    let who = words::mention(&request.requester);
    let (icon, state, colour, said) = match request.state {
        RequestState::Confirmed if request.glass.is_some() => {
            let who = request.glass.as_ref().map(|glass| glass::who(&request.requester, glass)).unwrap_or_default();
            (
                glass::ICON,
                "Begun without a second person",
                words::PURPLE,
                format!("{who} Its progress stands in a message of its own."),
            )
        }
        RequestState::Confirmed => {
            let second = request.approved_by.as_ref().map(words::mention).unwrap_or_default();
            (
                "✅",
                "Approved",
                words::GREEN,
                format!("{second} agreed to it for {who}. Its progress stands in a message of its own."),
            )
        }
        RequestState::Cancelled => ("🚫", "Withdrawn", words::GREY, format!("{who} withdrew it. Nothing was done.")),
        RequestState::Expired => {
            ("⌛", "Expired", words::GREY, format!("Nobody agreed in time, so nothing was done. {who} can ask again."))
        }
        RequestState::Refused => (
            "⛔",
            "Not carried out",
            words::GREY,
            format!(
                "When somebody agreed, it was refused, as that person was told. Nothing was done; {who} can ask again."
            ),
        ),
        RequestState::Choosing | RequestState::Asked | RequestState::Proposed => {
            let roles = request.second_person.as_deref().unwrap_or_default();
            let until = words::relative(request.expires_at);
            let said =
                format!("{who} asks for it. One of {}, but not who asked, must agree; it ends {until}.", whom(roles));
            ("🤝", "Waits for a second person", words::YELLOW, said)
        }
    };
    let title = format!("{icon} {state}: {}", escape::name(&agree(plan)));
    let mut lines = vec![said];
    let open = request.state.is_open();
    if open {
        lines.extend(told(plan, &escape::name(&plan.bot.name)));
    }
    let footer = format!("ref {reference} · request {}", request.id.reference());
    let embed = Embed::new(&title, colour).footer(&footer).describe(lines.iter().map(String::as_str));
    let embed = of_plan(embed, request, plan);
    let buttons = if open { buttons(request, plan) } else { Vec::new() };
    Message::of(embed).buttons(buttons)
}

fn of_plan(mut embed: Embed, request: &Request, plan: &Plan) -> Embed {
    let names: Vec<_> = plan.names().map(escape::name).collect();
    embed = embed
        .field("Bot", &escape::name(&plan.bot.name), true)
        .field("Environment", &escape::name(&plan.environment.title()), true)
        .field(if names.len() == 1 { "Connector" } else { "Connectors" }, &names.join(", "), true);
    for impact in &plan.impacts {
        let name = format!("Healthy in {}", escape::name(&impact.environment.title()));
        embed = embed.field(&name, &counts(impact), true);
    }
    match &request.reason {
        Some(reason) => embed.field("Reason", &escape::text(reason, 400), false),
        None => embed,
    }
}

fn buttons(request: &Request, plan: &Plan) -> Vec<Button> {
    let approve = format!("Approve: {}", agree(plan));
    let mut buttons = vec![
        Button::new(&CustomId::Approve(request.id.clone()), &approve, look(plan.verb, plan.stops())),
        Button::new(&CustomId::Cancel(request.id.clone()), "Withdraw", Look::Secondary),
    ];
    buttons.extend(break_glass(request, plan));
    buttons
}

/// Those of whom one must agree. Named as mentions, which notify nobody, as `allowed_mentions` says.
pub(super) fn whom(roles: &[RoleId]) -> String {
    match roles {
        [] => "those who manage the server".to_owned(),
        roles => {
            let named: Vec<_> = roles.iter().take(NAMED).map(|role| format!("<@&{role}>")).collect();
            named.join(" or ")
        }
    }
}
