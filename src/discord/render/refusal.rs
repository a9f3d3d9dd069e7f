//! Why something was not done, to the person who asked: what is so, and what they can do next.

use super::super::custom_id::CustomId;
use super::escape;
use super::freeze;
use super::message::{Button, Look, Message};
use super::words;
use crate::domain::action::CannotDo;
use crate::domain::authority::Denied;
use crate::domain::ids::Id;
use crate::domain::pace::{TooMany, WINDOW, Whose};
use crate::domain::plan::{Drift, Impact};
use crate::domain::request::{Refusal, RequestState};

/// The refusal as a message. `link` leads to the operation that is in the way, where its message is known.
pub fn refusal(refusal: &Refusal, link: Option<&str>) -> Message {
    Message::text(&format!("⛔ {}", sentence(refusal, link)))
}

/// A refusal of a request that is known: with a button that plans the same again, where that may help.
pub fn of_request(refusal: &Refusal, link: Option<&str>, request: &Id) -> Message {
    let message = self::refusal(refusal, link);
    if !refusal.may_be_planned_again() {
        return message;
    }
    message.buttons(vec![Button::new(&CustomId::PlanAgain(request.clone()), "Plan again", Look::Primary)])
}

fn sentence(refusal: &Refusal, link: Option<&str>) -> String {
    match refusal {
        Refusal::Denied { denied } => denial(denied),
        Refusal::SomebodyElses { owner } => {
            format!(
                "This prompt belongs to {}; only they can answer it. Run the command yourself to ask.",
                words::mention(owner)
            )
        }
        Refusal::CannotDo { why, connector } => cannot(why, &escape::name(connector)),
        Refusal::NotFound { what } => format!(
            "No environment, bot or connector goes by “{}” now, or more than one does. Pick one of the suggestions.",
            escape::name(what)
        ),
        Refusal::Gone { what } => format!(
            "{} is not there any more: it was removed or moved since this was shown. Nothing was done; run the command \
             again to see what is there now.",
            what.as_deref().map_or_else(|| "What you chose".to_owned(), escape::name)
        ),
        Refusal::NothingToChoose { verb } => {
            format!("Nothing here can be {} now: no connector is in a state that allows it.", words::past(*verb))
        }
        Refusal::OwnRequest => {
            "You asked for this yourself, so somebody else must agree to it. You can withdraw it.".to_owned()
        }
        Refusal::Expired => "This prompt has expired, and nothing was done. Run the command again.".to_owned(),
        Refusal::Settled { state } => settled(*state).to_owned(),
        Refusal::Unknown => {
            "This button belongs to nothing that is known any more. Nothing was done; run the command again.".to_owned()
        }
        Refusal::Drifted { drifts } => {
            let mut said: Vec<_> = drifts.iter().map(drift).collect();
            said.push("Nothing was done; plan it again to see what it means now.".to_owned());
            said.join(" ")
        }
        Refusal::Mistyped { wanted } => format!(
            "That was not “{}”, so nothing was done. The prompt stands: press its button again to type it once more.",
            escape::name(wanted)
        ),
        Refusal::Unexplained => {
            "Say why it cannot wait: whoever would have had to agree reads it. Nothing was done; press the \
                                 button again."
                .to_owned()
        }
        Refusal::NoGlass => {
            "Nobody else must agree to this, so there is no glass to break: confirm it as it is.".to_owned()
        }
        Refusal::CannotRead { why } => format!(
            "The state could not be read just now, so nothing was done. {} Try again when it answers.",
            escape::text(why, 300)
        ),
        Refusal::Busy { by, verb, operation } => format!(
            "{} was first: a {} of the same bot is under way, and only one may be at a time. Wait for its end{}. (ref {})",
            words::mention(by),
            verb.word(),
            link.map(|link| format!(": {link}")).unwrap_or_default(),
            operation.reference()
        ),
        Refusal::Frozen { freeze } => freeze::refusal(freeze),
        Refusal::TooMany { too_many } => crowded(too_many),
        Refusal::NotReady => {
            "The fleet has not been read yet, so nothing can be judged. Try again in a moment.".to_owned()
        }
    }
}

pub(super) fn denial(denied: &Denied) -> String {
    match denied {
        Denied::NeedsRole { right, environment, of_bot, roles } => {
            // Named as mentions, which show the role's name; they notify nobody, as `allowed_mentions` says.
            let names: Vec<_> = roles.iter().take(20).map(|role| format!("<@&{role}>")).collect();
            let of_bot = if *of_bot { "of this bot " } else { "" };
            let what = if right.is_by_name_only() { "" } else { "anything " };
            format!(
                "You may not {} {what}{of_bot}in {}. Those with {} may.",
                words::right(*right),
                escape::name(&environment.title()),
                names.join(" or ")
            )
        }
        Denied::NeedsManageServer { right, environment } => format!(
            "You may not {} anything in {}. No roles are configured for that, so only members who can manage the server \
             may; whoever runs Botswain can set OPERATOR_ROLE_IDS.",
            words::right(*right),
            escape::name(&environment.title())
        ),
        Denied::Nobody { right, environment } => format!(
            "Nobody may {} in {}: no role is named for it. Whoever runs Botswain can set BREAK_GLASS_ROLE_IDS.",
            words::right(*right),
            escape::name(&environment.title())
        ),
        Denied::CannotTell => {
            "Discord did not say enough to tell whether you may do this, so the answer is no. Try again in a moment."
                .to_owned()
        }
    }
}

fn crowded(too_many: &TooMany) -> String {
    let within = format!("{} within {}", words::of(too_many.most, "change"), words::duration(WINDOW));
    let whose = match &too_many.whose {
        Whose::Person => format!("You have begun {within}"),
        Whose::Environment { environment } => {
            format!("In {} people have begun {within}", escape::name(&environment.title()))
        }
    };
    format!(
        "{whose}, which is as many as are allowed, so that a stuck finger is no outage. Nothing was done; try again {}. \
         Starting is always possible.",
        words::relative(too_many.again_at)
    )
}

fn cannot(why: &CannotDo, connector: &str) -> String {
    match why {
        CannotDo::AlreadyStopped => format!("{connector} does not run, so there is nothing to stop."),
        CannotDo::AlreadyRunning => {
            format!("{connector} runs already, or is trying to. If it does not come up, stop it and start it again.")
        }
        CannotDo::SameEnvironment => format!("{connector} is in that environment already. Choose another one."),
    }
}

fn settled(state: RequestState) -> &'static str {
    match state {
        RequestState::Confirmed => "This was confirmed before; it runs once, and this press did nothing more.",
        RequestState::Cancelled => "This was cancelled before, and nothing was done. Run the command again.",
        RequestState::Expired => "This prompt has expired, and nothing was done. Run the command again.",
        RequestState::Refused => "This was refused before, and nothing was done. Run the command again.",
        RequestState::Choosing => "This is not complete yet: choose what is still asked.",
        RequestState::Proposed => "This was confirmed before, and waits for a second person, who must agree.",
        RequestState::Asked => "All is chosen: confirm or cancel the prompt.",
    }
}

fn drift(drift: &Drift) -> String {
    match drift {
        Drift::Gone { connector } => {
            format!("{} is not there any more: it was removed or moved since you were asked.", escape::name(connector))
        }
        Drift::Changed { connector, now } => format!(
            "{} has changed since you were asked: it is now “{}”.",
            escape::name(connector),
            words::condition_face(*now).word.to_lowercase()
        ),
        Drift::Worse { stated, now } => worse(stated, now),
    }
}

fn worse(stated: &Impact, now: &Impact) -> String {
    let place = escape::name(&now.environment.title());
    let counts = |impact: &Impact| match impact.lowest < impact.healthy_now.min(impact.healthy_after) {
        true => format!("{} → {} → {}", impact.healthy_now, impact.lowest, impact.healthy_after),
        false => format!("{} → {}", impact.healthy_now, impact.healthy_after),
    };
    let mut said = Vec::new();
    if counts(stated) != counts(now) {
        said.push(format!("you were told {} healthy connectors, and now it would be {}", counts(stated), counts(now)));
    }
    if stated.minimum != now.minimum {
        said.push(format!("{} are wanted there now", now.minimum));
    }
    if let Some((told, waiting)) = stated.left_waiting.zip(now.left_waiting).filter(|(told, waiting)| told < waiting) {
        said.push(format!("{waiting} conversations would be left waiting, not {told}"));
    }
    let new = now.in_doubt.iter().filter(|name| !stated.in_doubt.contains(name));
    let names: Vec<_> = new.map(|name| escape::name(name)).collect();
    if !names.is_empty() {
        said.push(format!("an earlier change of {} may be carried out yet", names.join(", ")));
    }
    if now.uncertain && !stated.uncertain {
        said.push("part of the fleet cannot be read".to_owned());
    }
    format!("It would mean more in {place} than you were told: {}.", said.join("; "))
}

/// A form could not be opened: Discord takes one only as the first answer, and this press came too late for that.
pub fn press_again() -> Message {
    Message::text("⏳ This press came too late to open its form, and nothing was done. Press the button again.")
}

/// Not in our guild.
pub fn elsewhere() -> Message {
    Message::text("⛔ Botswain answers only in the channels of its own server. Nothing was done.")
}

/// A button or command that this version does not know.
pub fn unknown_press() -> Message {
    Message::text("⛔ This button is old, or none of Botswain's. Nothing was done; run the command again.")
}

/// Something of ours failed.
pub fn trouble(person: &str) -> Message {
    Message::text(&format!("⚠️ {}", escape::cut(person, 1900)))
}

/// Something of ours failed, and only the reference is known.
pub fn unreadable(reference: &str) -> Message {
    Message::text(&format!(
        "⚠️ Botswain could not read what Discord sent, so nothing was done. Try again; if it stays, tell whoever runs \
         Botswain (ref {reference})."
    ))
}
