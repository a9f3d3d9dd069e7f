//! What an operation's message says of how it goes on: why it waits, who ended it, what somebody else did, and its buttons.

use super::super::super::custom_id::CustomId;
use super::super::escape;
use super::super::message::{Button, Look, Message};
use super::super::words;
use super::failure;
use crate::domain::authority::Person;
use crate::domain::operation::Operation;
use crate::domain::operation::guiding::{Meddling, Obstacle, PATIENCE, Wish};

/// Why it waits, who ended it early, and what somebody else did meanwhile.
pub(super) fn lines(operation: &Operation) -> Vec<String> {
    let guidance = &operation.guidance;
    let mut lines: Vec<_> = guidance.meddling.iter().map(meddled).collect();
    if let Some(by) = &guidance.halted_by {
        lines.push(format!(
            "🛑 {} ended it: nothing more is begun, and what is stopped is started.",
            words::mention(by)
        ));
    }
    if let Some(left) = &guidance.left_stopped {
        lines.push(format!("⏹️ Left stopped by {} {}.", words::mention(&left.by), words::relative(left.at)));
    }
    if let Some(paused) = guidance.paused.as_ref().filter(|_| !operation.is_over()) {
        let name = current(operation);
        let why = match &paused.why {
            Obstacle::NotBack { why } => format!("**{name} does not come back**: {}", failure(why)),
            Obstacle::TooFew { left, agreed } => format!(
                "**Stopping {name} now would leave {left} healthy**, and {agreed} was the least that was agreed to."
            ),
        };
        let until = paused.since.saturating_add(PATIENCE).map(words::relative).unwrap_or_default();
        lines.push(format!("✋ {why} It goes on by itself once that is mended. If nobody decides, it ends {until}."));
    }
    lines
}

fn meddled(Meddling { connector, seen, last, .. }: &Meddling) -> String {
    let last = last.as_ref().map(|last| {
        let by = last.by.as_ref().map(|by| format!(" by {}", escape::text(by, 60))).unwrap_or_default();
        let at = last.at.map(|at| format!(" {}", words::relative(at))).unwrap_or_default();
        format!("; the last operation there is “{}”{by}{at}", escape::text(&last.what, 60))
    });
    format!(
        "⚠️ **Changed from elsewhere meanwhile**: {} was found {} in {}{}.",
        escape::name(connector),
        escape::text(seen.agent.word(), 40),
        escape::name(&seen.environment.title()),
        last.unwrap_or_default()
    )
}

fn current(operation: &Operation) -> String {
    let target = operation.current().and_then(|(place, _)| operation.target(place));
    target.map_or_else(|| "it".to_owned(), |target| escape::name(&target.name))
}

/// What may be said to it while it is under way.
pub(super) fn buttons(operation: &Operation) -> Vec<Button> {
    let button =
        |wish, label: &str, look| Button::new(&CustomId::Guide { operation: operation.id.clone(), wish }, label, look);
    let target = operation.current().and_then(|(place, _)| operation.target(place));
    let name = target.map(|target| escape::label(&target.name, 40)).unwrap_or_default();
    let end = || button(Wish::Halt, "End it here", Look::Secondary);
    match operation.guidance.paused.as_ref().map(|paused| &paused.why) {
        Some(Obstacle::NotBack { .. }) => vec![
            button(Wish::WaitOn, &format!("Wait on for {name}"), Look::Primary),
            button(Wish::Skip, &format!("Leave {name}, go on"), Look::Secondary),
            end(),
        ],
        Some(Obstacle::TooFew { .. }) => vec![button(Wish::WaitOn, "Wait on", Look::Primary), end()],
        None if operation.can_be_halted() => vec![end()],
        None => Vec::new(),
    }
}

/// To whoever said how it goes on.
pub fn heard(wish: Wish) -> Message {
    Message::text(match wish {
        Wish::WaitOn => "👍 It waits on: as long again as a start may take.",
        Wish::Skip => "👍 That connector is left as it is, and it goes on with the next.",
        Wish::Halt => "👍 Nothing more is begun. What is stopped by then is still started again.",
    })
}

/// To whoever said something to an operation that is over.
pub fn is_over() -> Message {
    Message::text("It is over already, so nothing was changed: its message says how it ended.")
}

/// To whoever left it stopped.
pub fn left_stopped() -> Message {
    Message::text(
        "👍 It is left stopped, and nothing more is done about it until somebody asks. Alerts about it go on.",
    )
}

/// To whoever wanted to leave stopped what somebody left so before.
pub fn left_stopped_before(by: &Person) -> Message {
    Message::text(&format!("Nothing was changed: {} has left it stopped already.", words::mention(by)))
}

/// To whoever wanted to leave stopped what is otherwise by now.
pub fn changed_since() -> Message {
    Message::text(
        "Nothing was changed: it is not stopped any more, or something was done about it since. Its status tells.",
    )
}
