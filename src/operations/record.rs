//! The words of the audit: what is written about a request when it ends.

use jiff::Timestamp;

use super::Asker;
use crate::domain::audit::{Entry, Handling, Touched, Verdict};
use crate::domain::authority::{Denied, Person};
use crate::domain::connector::Environment;
use crate::domain::glass::Glass;
use crate::domain::operation::guiding::Meddling;
use crate::domain::operation::{Operation, Outcome, StepFailure, StepState, Target};
use crate::domain::pace::{TooMany, Whose};
use crate::domain::plan::{Drift, Planned};
use crate::domain::request::{Refusal, Request, Selection};

pub(super) fn of_request(request: &Request, verdict: Verdict, why: &str, now: Timestamp) -> Entry {
    Entry {
        verb: Some(request.verb),
        target: target_of(request),
        reason: request.reason.clone(),
        touched: touched_by(request),
        channel: Some(request.channel),
        // Nothing came of it, so it was said nowhere.
        glass: request.glass.clone().map(|glass| Glass { said_in: Vec::new(), ..glass }),
        ..Entry::new(request.id.to_string(), request.requester.clone(), verdict, why, now)
    }
}

pub(super) fn of_refusal(request: &Request, refusal: &Refusal, now: Timestamp) -> Entry {
    of_request(request, Verdict::Denied, &why(refusal), now)
}

pub(super) fn of_stranger(asker: &Asker, what: &str, now: Timestamp) -> Entry {
    let about = format!("interaction:{}", asker.interaction);
    let entry = Entry::new(about, Person::from(&asker.member), Verdict::Denied, what, now);
    Entry { channel: Some(asker.channel), ..entry }
}

/// What came of a wish about a whole environment.
pub(super) fn of_handling(
    asker: &Asker,
    handling: Handling,
    environment: Option<&Environment>,
    verdict: Verdict,
    why: &str,
    now: Timestamp,
) -> Entry {
    Entry {
        handling: Some(handling),
        target: environment.map(|environment| format!("all of {environment}")).unwrap_or_default(),
        touched: environment.map(|environment| Touched::of(None, Some(environment))).into_iter().collect(),
        verdict,
        ..of_stranger(asker, why, now)
    }
}

pub(super) fn of_operation(operation: &Operation, outcome: Outcome, now: Timestamp) -> Entry {
    let to = operation.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
    let verdict = match outcome {
        Outcome::Done => Verdict::Done,
        Outcome::Failed | Outcome::LeftStopped => Verdict::Failed,
        Outcome::Unknown => Verdict::OutcomeUnknown,
        Outcome::Halted => Verdict::Cancelled,
    };
    let why = why_ended(operation);
    Entry {
        verb: Some(operation.verb),
        target: format!("{} of {} in {}{to}", operation.targets.names(), operation.bot.name, operation.environment),
        reason: operation.reason.clone(),
        operation: Some(operation.id.clone()),
        touched: operation.targets.iter().enumerate().map(|(on, target)| touched(operation, on, target)).collect(),
        channel: Some(operation.channel),
        allowed_by: operation.allowed_by.clone(),
        approved_by: operation.approved_by.clone(),
        glass: operation.glass.clone(),
        ..Entry::new(operation.request.to_string(), operation.requester.clone(), verdict, &why, now)
    }
}

/// What somebody said to an operation, in a word; the operation has a record of its own.
pub(super) fn of_wish(asker: &Asker, operation: &Operation, wish: &str, now: Timestamp) -> Entry {
    let why = format!("said to operation {}: {wish}", operation.id);
    Entry {
        verb: Some(operation.verb),
        target: format!("{} of {} in {}", operation.targets.names(), operation.bot.name, operation.environment),
        operation: Some(operation.id.clone()),
        ..Entry { verdict: Verdict::Done, ..of_stranger(asker, &why, now) }
    }
}

/// How it came to its end: what failed, who ended it early, and what somebody else did meanwhile.
fn why_ended(operation: &Operation) -> String {
    let mut said: Vec<_> = operation
        .steps
        .iter()
        .enumerate()
        .filter_map(|(place, step)| match &step.state {
            StepState::Failed { why } | StepState::Left { why: Some(why) } => {
                let of = operation.target(place).filter(|_| operation.targets.len() > 1);
                let of = of.map(|target| format!("{}: ", target.name)).unwrap_or_default();
                Some(format!("{of}{}: {}", step.action.verb().word(), failure(why)))
            }
            _ => None,
        })
        .collect();
    if let Some(by) = &operation.guidance.halted_by {
        said.push(format!("ended early by {} ({})", by.name, by.id));
    }
    if said.is_empty() {
        said.push("seen".to_owned());
    }
    for Meddling { connector, seen, last, .. } in &operation.guidance.meddling {
        let last = last.as_ref().map(|last| {
            let by = last.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            format!(", last operation {}{by}", last.what)
        });
        said.push(format!("changed from elsewhere meanwhile: {connector} {}{}", seen.agent, last.unwrap_or_default()));
    }
    said.join("; ")
}

fn touched(operation: &Operation, on: usize, target: &Target) -> Touched {
    Touched {
        connector: Some(target.connector.clone()),
        name: Some(target.name.clone()),
        to: operation.to.clone(),
        before: target.before.clone(),
        after: target.seen.clone(),
        service_operations: operation.steps_on(on).filter_map(|step| step.of_service.clone()).collect(),
        ..Touched::of(Some(&operation.bot), Some(&operation.environment))
    }
}

/// What a request was about, as far as it was chosen.
fn touched_by(request: &Request) -> Vec<Touched> {
    if let Some(plan) = &request.plan {
        let touched = |planned: &Planned| Touched {
            connector: Some(planned.connector.clone()),
            name: Some(planned.name.clone()),
            to: plan.to.clone(),
            ..Touched::of(Some(&plan.bot), Some(&plan.environment))
        };
        return plan.connectors.iter().map(touched).collect();
    }
    let Selection { environment, bot, connectors, to, .. } = request.selection.clone();
    let chosen = Touched { environment, bot, to, ..Touched::default() };
    if connectors.is_empty() {
        return Some(chosen).filter(|touched| *touched != Touched::default()).into_iter().collect();
    }
    let one = |connector| Touched { connector: Some(connector), ..chosen.clone() };
    connectors.into_iter().map(one).collect()
}

fn target_of(request: &Request) -> String {
    if let Some(plan) = &request.plan {
        let to = plan.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        let names: Vec<_> = plan.names().collect();
        return format!("{} of {} in {}{to}", names.join(", "), plan.bot.name, plan.environment);
    }
    let selection = &request.selection;
    let connectors: Vec<_> = selection.connectors.iter().map(ToString::to_string).collect();
    let parts = [
        Some(connectors.join(", ")).filter(|connectors| !connectors.is_empty()),
        selection.bot.as_ref().map(ToString::to_string),
        selection.environment.as_ref().map(ToString::to_string),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" of ")
}

pub(super) fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied { denied } => denial(denied),
        Refusal::SomebodyElses { owner } => format!("the request is {}'s", owner.name),
        Refusal::CannotDo { why, connector } => format!("{connector}: {why:?}"),
        Refusal::NotFound { what } => format!("not found: {what}"),
        Refusal::Gone { what } => format!("gone meanwhile: {}", what.as_deref().unwrap_or("what was chosen")),
        Refusal::NothingToChoose { .. } => "nothing there to choose".to_owned(),
        Refusal::OwnRequest => "a second person must agree, and that is not who asked".to_owned(),
        Refusal::Expired => "expired".to_owned(),
        Refusal::Settled { state } => format!("settled before: {}", state.word()),
        Refusal::Unknown => "unknown request".to_owned(),
        Refusal::Drifted { drifts } => drifts.iter().map(drift).collect::<Vec<_>>().join("; "),
        Refusal::Mistyped { .. } => "the bot's name was not typed".to_owned(),
        Refusal::Unexplained => "it was not said why it cannot wait".to_owned(),
        Refusal::NoGlass => "nobody else must agree to it".to_owned(),
        Refusal::CannotRead { .. } => "the state could not be read".to_owned(),
        Refusal::Busy { operation, .. } => format!("operation {operation} is under way"),
        Refusal::Frozen { freeze } => {
            format!("{} is frozen by {} until {}", freeze.environment, freeze.by.name, freeze.until)
        }
        Refusal::TooMany { too_many: TooMany { whose: Whose::Person, most, .. } } => {
            format!("more than {most} changes in a short time by the same person")
        }
        Refusal::TooMany { too_many: TooMany { whose: Whose::Environment { environment }, most, .. } } => {
            format!("more than {most} changes in a short time in {environment}")
        }
        Refusal::NotReady => "the fleet has not been read yet".to_owned(),
    }
}

fn drift(drift: &Drift) -> String {
    match drift {
        Drift::Gone { connector } => format!("{connector} is gone"),
        Drift::Changed { connector, now } => format!("{connector} changed meanwhile: {now:?}"),
        Drift::Worse { stated, now } => format!(
            "the impact in {} became worse: {} healthy at the lowest and {} afterwards, {} and {} were stated",
            now.environment, now.lowest, now.healthy_after, stated.lowest, stated.healthy_after
        ),
    }
}

/// Why somebody may not, in the words of the audit.
pub(crate) fn denial(denied: &Denied) -> String {
    match denied {
        Denied::NeedsRole { right, environment, of_bot: false, .. } => {
            format!("no role to {} in {environment}", right.word())
        }
        Denied::NeedsRole { right, environment, of_bot: true, .. } => {
            format!("no role to {} this bot in {environment}", right.word())
        }
        Denied::NeedsManageServer { right, environment } => {
            let right = right.word();
            format!("does not manage the server, and no role is configured to {right} in {environment}")
        }
        Denied::Nobody { right, environment } => {
            format!("nobody may {} in {environment}: no role is named for it", right.word())
        }
        Denied::CannotTell => "cannot tell the person's roles".to_owned(),
    }
}

fn failure(why: &StepFailure) -> String {
    match why {
        StepFailure::Refused { said } | StepFailure::NotSent { said } => said.clone(),
        StepFailure::NotSeen => "said to be done, and not seen in time".to_owned(),
        StepFailure::OutcomeUnknown => "nobody could say whether it was carried out".to_owned(),
        StepFailure::RoleLost => "the requester has lost the role".to_owned(),
        StepFailure::RoleUnknown => "the requester's roles could not be read".to_owned(),
        StepFailure::Frozen => "the environment was frozen".to_owned(),
        StepFailure::TooLate => "not begun in time".to_owned(),
        StepFailure::CostsMore { left, agreed } => {
            format!("would have left {left} healthy, and {agreed} were agreed to")
        }
    }
}
