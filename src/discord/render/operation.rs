//! An operation's one public message: who asked for what, how far it is, and how it ended.

mod guidance;

use std::time::Duration;

pub use self::guidance::{changed_since, heard, is_over, left_stopped, left_stopped_before};
use super::super::custom_id::{CustomId, environment_key};
use super::escape;
use super::glass;
use super::message::{Button, Embed, Look, Message};
use super::status::{look, verb_and_object};
use super::words::{self, Face};
use crate::domain::action::{Action, Verb};
use crate::domain::connector::{AgentStatus, Environment, Link};
use crate::domain::operation::{Operation, Outcome, Seen, Step, StepFailure, StepState, Target};
use crate::domain::progress::{PARTS, Progress};

/// The operation as it stands.
pub(super) fn message(operation: &Operation, reference: &str) -> Message {
    let place = escape::name(&operation.environment.title());
    let to = operation.to.as_ref().map(|to| format!(" to {}", escape::name(&to.title()))).unwrap_or_default();
    let verb = operation.verb;
    let face = face(operation);
    let what = format!("{} in {place}{to}", object(operation));
    let title = match operation.ended.as_ref().map(|ended| ended.outcome) {
        None => format!("{} {} {what}", face.icon, words::present(verb)),
        Some(Outcome::Done) => format!("{} {} {what}", face.icon, words::sentence(words::past(verb))),
        Some(Outcome::Failed) => format!("{} Failed: {} of {what}", face.icon, verb.word()),
        Some(Outcome::Unknown) => format!("{} Outcome unknown: {} of {what}", face.icon, verb.word()),
        Some(Outcome::Halted) => format!("{} Ended early: {} of {what}", face.icon, verb.word()),
        Some(Outcome::LeftStopped) => format!("{} Left stopped: {} of {what}", face.icon, verb.word()),
    };
    let lines = lines(operation);
    let mut embed = Embed::new(&title, face.colour)
        .footer(&format!("ref {reference} · operation {}", operation.id.reference()))
        .describe(lines.iter().map(String::as_str));
    if let Some(seen) = starting(operation) {
        embed = embed
            .field("Online yet?", &yet(seen.agent == AgentStatus::Online, seen.agent.word()), true)
            .field("Conversational Cloud yet?", &link(&seen.conversational_cloud), true)
            .field("Bot Server yet?", &link(&seen.bot_server), true);
    }
    if let Some(reason) = &operation.reason {
        embed = embed.field("Reason", &escape::text(reason, 400), false);
    }
    if let Some(ended) = &operation.ended {
        embed = match &*operation.targets {
            [one] => embed.field("Where it is now", &left(operation, one), false),
            several => {
                let lines: Vec<_> = several.iter().map(left_line).collect();
                embed.field("Where they are now", &lines.join("\n"), false)
            }
        };
        if let Some(next) = next(operation, ended.outcome) {
            embed = embed.field("What to do next", &next, false);
        }
    }
    Message::of(embed).buttons(buttons(operation))
}

/// What it is about: the connector, or how many of which bot.
fn object(operation: &Operation) -> String {
    match &*operation.targets {
        [one] => escape::name(&one.name),
        several => format!("{} connectors of {}", several.len(), escape::name(&operation.bot.name)),
    }
}

/// How the connector stands that comes up now, where there is no other.
fn starting(operation: &Operation) -> Option<&Seen> {
    let (_, step) = operation.current().filter(|_| !operation.is_over())?;
    let [one] = &*operation.targets else { return None };
    one.seen.as_ref().filter(|_| step.action == Action::Start)
}

fn face(operation: &Operation) -> Face {
    let (icon, word, colour) = match operation.ended.as_ref().map(|ended| ended.outcome) {
        None if operation.guidance.paused.is_some() => ("✋", "Waiting for you", words::ORANGE),
        None => ("⏳", "Under way", words::BLUE),
        Some(Outcome::Done) => ("✅", "Done", words::GREEN),
        Some(Outcome::Failed) => ("❌", "Failed", words::RED),
        Some(Outcome::Unknown) => ("❔", "Outcome unknown", words::ORANGE),
        Some(Outcome::Halted) => ("🛑", "Ended early", words::ORANGE),
        Some(Outcome::LeftStopped) => ("⏹️", "Left stopped", words::GREY),
    };
    // What went well is as plain to see as what did not, where the glass was broken for it.
    let goes_well = matches!(operation.ended.as_ref().map(|ended| ended.outcome), None | Some(Outcome::Done));
    let colour = if operation.glass.is_some() && goes_well { words::PURPLE } else { colour };
    Face { icon, word, colour }
}

fn lines(operation: &Operation) -> Vec<String> {
    let asked = format!(
        "Of **{}**, asked by {} {}.",
        escape::name(&operation.bot.name),
        words::mention(&operation.requester),
        words::relative(operation.opened_at)
    );
    let mut lines = vec![asked];
    lines.extend(operation.glass.as_ref().map(|glass| glass::said(&operation.requester, glass)));
    lines.extend(operation.approved_by.as_ref().map(|second| format!("🤝 {} agreed to it.", words::mention(second))));
    let several = operation.targets.len() > 1;
    for (place, step) in operation.steps.iter().enumerate() {
        let of = operation.target(place).filter(|_| several);
        lines.push(step_line(of.map(|target| escape::name(&target.name)).as_deref(), step));
        lines.extend(step.progress.as_ref().filter(|_| step.is_under_way()).map(bar));
    }
    lines.extend(guidance::lines(operation));
    if let Some(ended) = &operation.ended {
        lines.push(format!("Took {}.", words::between(operation.opened_at, ended.at)));
    }
    lines
}

/// How a step stands; `of` is its connector, where there are several.
fn step_line(of: Option<&str>, step: &Step) -> String {
    let what = words::action(&step.action);
    let what = of.map_or_else(|| what.clone(), |of| format!("{of} · {what}"));
    let since = step.began_at.map(|at| format!(", begun {}", words::relative(at))).unwrap_or_default();
    match &step.state {
        StepState::Waiting => format!("▫️ {what}"),
        StepState::Sending => format!("⏳ {what}: being sent{since}"),
        StepState::Uncertain => format!("⏳ {what}: the answer was lost, asking what became of it{since}"),
        StepState::NotTaken => format!("⏳ {what}: it was not taken, sending it again{since}"),
        StepState::Accepted { .. } => format!("⏳ {what}: taken by the lifecycle service{since}"),
        StepState::Watching { .. } => format!("⏳ {what}: said to be done, not seen yet{since}"),
        StepState::Done => {
            let took =
                step.began_at.zip(step.ended_at).map(|(from, to)| format!(" after {}", words::between(from, to)));
            format!("✅ {what}: seen{}", took.unwrap_or_default())
        }
        StepState::Left { why: None } => format!("⏭️ {what}: not begun"),
        StepState::Left { why: Some(why) } => format!("⏭️ {what}: left as it is, since {}", failure(why)),
        StepState::Failed { why: StepFailure::OutcomeUnknown } => {
            format!("❔ {what}: {}", failure(&StepFailure::OutcomeUnknown))
        }
        StepState::Failed { why } => format!("❌ {what}: {}", failure(why)),
    }
}

/// How far a start is, against what it usually takes.
fn bar(progress: &Progress) -> String {
    let Some(usual) = progress.usual else {
        return "-# How long a start of this bot usually takes is not known yet.".to_owned();
    };
    let full = usize::from(progress.parts.min(PARTS));
    let bar = format!("{}{}", "▰".repeat(full), "▱".repeat(usize::from(PARTS) - full));
    let starts = words::of(usual.of, "earlier start");
    let took = words::duration(usual.takes.max(Duration::from_secs(1)));
    if progress.is_late() {
        format!("{bar} longer than usual: {took}, by {starts}")
    } else {
        format!("{bar} usually {took}, by {starts}")
    }
}

pub(super) fn failure(why: &StepFailure) -> String {
    match why {
        StepFailure::Refused { said } => format!("the lifecycle service refused. {}", escape::text(said, 300)),
        StepFailure::NotSent { said } => format!("it could not be sent. {}", escape::text(said, 300)),
        StepFailure::NotSeen => "the service says that it is done, but it was not seen in time.".to_owned(),
        StepFailure::OutcomeUnknown => {
            "the answer was lost, and nobody could be asked in time whether it was carried out.".to_owned()
        }
        StepFailure::RoleLost => "not begun: who asked for it has lost the role for it since.".to_owned(),
        StepFailure::RoleUnknown => "not begun: it could not be told whether who asked for it still may.".to_owned(),
        StepFailure::Frozen => "not begun: the environment was frozen meanwhile.".to_owned(),
        StepFailure::TooLate => "not begun in time, so it was not begun at all.".to_owned(),
        StepFailure::CostsMore { left, agreed } => format!(
            "not begun: it would have left **{left}** healthy, and **{agreed}** was the least that was agreed to."
        ),
    }
}

fn yet(is: bool, word: &str) -> String {
    let icon = if is { "✅ yes" } else { "⏳ not yet" };
    format!("{icon} ({})", escape::text(word, 40))
}

fn link(link: &Link) -> String {
    yet(*link == Link::Connected, link.word())
}

/// Where a connector is now, as far as it was seen; else as far as the steps tell.
fn place_now<'a>(operation: &'a Operation, on: usize, target: &'a Target) -> &'a Environment {
    let moved = operation.steps_on(on).rev().find_map(|step| match (&step.action, &step.state) {
        (Action::Redeploy { to }, StepState::Done) => Some(to),
        _ => None,
    });
    let seen = target.seen.as_ref().map(|seen| &seen.environment);
    seen.or(moved).unwrap_or(&operation.environment)
}

/// One of several, in a line.
fn left_line(target: &Target) -> String {
    let name = escape::name(&target.name);
    match &target.seen {
        Some(seen) => {
            let place = escape::name(&seen.environment.title());
            format!("{name}: **{}** in {place}", escape::text(seen.agent.word(), 40))
        }
        None => format!("{name}: not read since"),
    }
}

fn left(operation: &Operation, target: &Target) -> String {
    let name = escape::name(&target.name);
    match &target.seen {
        Some(seen) => format!(
            "{name} is in **{}**, as last seen.\n{}",
            escape::name(&place_now(operation, 0, target).title()),
            words::statuses(seen.agent.word(), seen.conversational_cloud.word(), seen.bot_server.word())
        ),
        None => format!("{name} has not been read since: its status tells."),
    }
}

fn next(operation: &Operation, outcome: Outcome) -> Option<String> {
    let down = operation.targets.iter().any(|target| target.seen.as_ref().is_some_and(Seen::is_down));
    let failed = operation.current().and_then(|(_, step)| match &step.state {
        StepState::Failed { why } => Some((&step.action, why)),
        _ => None,
    });
    Some(match (outcome, failed) {
        (Outcome::Done, _) if operation.verb == Verb::Stop => {
            "Its conversations are left as they are until it is started again.".to_owned()
        }
        (Outcome::Done, _) if operation.verb == Verb::Redeploy && down => {
            "It is still stopped after the move: starting it is a step of its own.".to_owned()
        }
        (Outcome::Done | Outcome::Halted, _) => return None,
        (Outcome::LeftStopped, _) => "It stays stopped until somebody starts it, and alerts about it go on.".to_owned(),
        (Outcome::Unknown, _) => {
            "Look at its status before anything else: it may or may not have been carried out. Then ask again if needed.".to_owned()
        }
        (Outcome::Failed, Some((Action::Start, StepFailure::NotSeen))) => {
            "It did not come up in time. Look at its details in LivePerson; “failed connection”: wait, then stop and start it; \
             “401 unauthorized”: its bot user was made by somebody else."
                .to_owned()
        }
        (Outcome::Failed, Some((_, StepFailure::RoleLost | StepFailure::RoleUnknown))) => {
            "Somebody who may can go on from here.".to_owned()
        }
        (Outcome::Failed, _) if down && operation.verb == Verb::Redeploy => {
            "It is stopped, and stays so until somebody decides: go on, start it where it was, or leave it stopped. What \
             changes anything asks before."
                .to_owned()
        }
        (Outcome::Failed, _) if down => "It is stopped now: start it, or try the same again.".to_owned(),
        (Outcome::Failed, _) => "Look at its status, then try again.".to_owned(),
    })
}

fn buttons(operation: &Operation) -> Vec<Button> {
    let Some(ended) = &operation.ended else { return guidance::buttons(operation) };
    let stopped = operation.verb == Verb::Stop && ended.outcome == Outcome::Done;
    let mut buttons = Vec::new();
    let mut place = &operation.environment;
    for (on, target) in operation.targets.iter().enumerate() {
        place = place_now(operation, on, target);
        if ended.outcome == Outcome::Unknown {
            continue;
        }
        let failed_to_move = operation.to.as_ref().filter(|_| ended.outcome == Outcome::Failed);
        if let Some(to) = failed_to_move.filter(|to| *to != place) {
            buttons.push(moving(target, to, "Try again: move to"));
        }
        let hangs = failed_to_move.is_some() && target.seen.is_some();
        if target.seen.as_ref().map_or(stopped, Seen::is_down) || (hangs && failed_to_move == Some(place)) {
            let id = CustomId::Ask { verb: Verb::Start, connector: target.connector.key() };
            let label = verb_and_object(Verb::Start, &target.name, place);
            buttons.push(Button::new(&id, &label, look(Verb::Start, false)));
        }
        if failed_to_move == Some(place) {
            buttons.push(moving(target, &operation.environment, "Back to"));
        }
    }
    if operation.can_be_left_stopped() {
        let names: Vec<_> = operation.stopped().map(|target| target.name.as_str()).collect();
        let label = format!("Leave {} stopped", escape::label(&names.join(", "), 40));
        buttons.push(Button::new(&CustomId::LeaveStopped(operation.id.clone()), &label, Look::Secondary));
    }
    let id = CustomId::Status { environment: environment_key(place), bot: Some(operation.bot.id.key()) };
    let label = format!("Status of {}", escape::label(&operation.bot.name, 60));
    buttons.push(Button::new(&id, &label, Look::Secondary));
    buttons
}

/// Moves a connector, and starts it there.
fn moving(target: &Target, to: &Environment, how: &str) -> Button {
    let id = CustomId::Move { connector: target.connector.key(), to: environment_key(to) };
    let label = format!("{how} {} and start {}", escape::cut(&to.title(), 20), escape::label(&target.name, 24));
    Button::new(&id, &label, Look::Primary)
}
