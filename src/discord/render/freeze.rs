//! A freeze's one message, what it says on a status, and the answers to those who freeze and unfreeze.

use super::super::custom_id::CustomId;
use super::Context;
use super::escape;
use super::handled::not_a_time;
use super::message::{Button, Embed, Look, Message};
use super::refusal::denial;
use super::words;
use crate::domain::freeze::{Freeze, FreezeEnd};
use crate::operations::FreezeRefused;

/// The freeze's message: whose, until when, why; once it is over, how it ended.
pub(super) fn message(freeze: &Freeze, context: &Context) -> Message {
    let place = place(freeze);
    let reason = format!("Reason: {}", escape::text(&freeze.reason, 400));
    let whose = words::mention(&freeze.by);
    let (title, said) = match &freeze.ended {
        None => {
            let until =
                format!("By {whose} until {} ({}).", words::moment(freeze.until), words::relative(freeze.until));
            let means =
                "Until then nothing here is stopped, redeployed or restarted. Starting stays possible.".to_owned();
            (format!("🧊 Frozen: {place}"), vec![until, means, reason])
        }
        Some(end) => {
            let how = match end {
                FreezeEnd::Over { .. } => "its time was over".to_owned(),
                FreezeEnd::Unfrozen(done) => format!("{} ended it", words::mention(&done.by)),
            };
            let lasted = words::between(freeze.at, end.at());
            let ended = format!("Frozen by {whose} for {lasted}; {how} {}.", words::relative(end.at()));
            (format!("💧 No longer frozen: {place}"), vec![ended, reason])
        }
    };
    let footer = format!("ref {} · freeze {}", context.reference, freeze.id.reference());
    let embed = Embed::new(&title, words::BLUE).footer(&footer).describe(said.iter().map(String::as_str));
    let label = format!("Unfreeze {}", escape::label(&freeze.environment.title(), 60));
    let unfreeze = Button::new(&CustomId::Unfreeze(freeze.id.clone()), &label, Look::Secondary);
    Message::of(embed).buttons(freeze.ended.is_none().then_some(unfreeze).into_iter().collect())
}

/// What a status says while its environment is frozen.
pub(super) fn line(freeze: &Freeze) -> String {
    let reason = escape::text(&freeze.reason, 120);
    let (whose, until) = (words::mention(&freeze.by), words::relative(freeze.until));
    format!("🧊 **Frozen** by {whose}, ends {until}: {reason}")
}

/// Why nothing is taken away now, and who may end that.
pub(super) fn refusal(freeze: &Freeze) -> String {
    format!(
        "{} is frozen by {} until {} ({}): “{}”. Nothing is stopped, redeployed or restarted there before; starting stays \
         possible. Whoever may freeze can end it with `/bots unfreeze`.",
        place(freeze),
        words::mention(&freeze.by),
        words::moment(freeze.until),
        words::relative(freeze.until),
        escape::text(&freeze.reason, 400)
    )
}

/// It is frozen.
pub fn frozen(freeze: &Freeze) -> Message {
    Message::text(&format!(
        "🧊 Frozen: {} until {} ({}). It stands in <#{}>, where it can be ended.",
        place(freeze),
        words::moment(freeze.until),
        words::relative(freeze.until),
        freeze.channel
    ))
}

/// It is no longer frozen.
pub fn unfrozen(freeze: &Freeze) -> Message {
    Message::text(&format!("💧 No longer frozen: {}.", place(freeze)))
}

/// Nothing was done, and why.
pub fn refused(refused: &FreezeRefused) -> Message {
    Message::text(&format!("⛔ {}", sentence(refused)))
}

fn sentence(refused: &FreezeRefused) -> String {
    match refused {
        FreezeRefused::Denied(denied) => denial(denied),
        FreezeRefused::NotFound { what } => {
            format!("No environment goes by “{}”. Pick one of the suggestions.", escape::name(what))
        }
        FreezeRefused::NotATime { said, why } => not_a_time(said, *why),
        FreezeRefused::NoReason => "Say why: the reason is what everybody reads who is refused meanwhile.".to_owned(),
        FreezeRefused::FrozenBefore(freeze) => format!(
            "{} was first: {} is frozen until {}. End that freeze to begin another one.",
            words::mention(&freeze.by),
            place(freeze),
            words::moment(freeze.until)
        ),
        FreezeRefused::Over(freeze) => match &freeze.ended {
            Some(FreezeEnd::Unfrozen(done)) => {
                format!("{} was first: that freeze was ended {}.", words::mention(&done.by), words::relative(done.at))
            }
            _ => "That freeze is over already.".to_owned(),
        },
        FreezeRefused::NotFrozen { environment } => {
            format!("{} is not frozen.", escape::name(&environment.title()))
        }
        FreezeRefused::Unknown => "This belongs to no freeze that is known any more. Nothing was done.".to_owned(),
    }
}

fn place(freeze: &Freeze) -> String {
    escape::name(&freeze.environment.title())
}
