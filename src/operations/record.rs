//! The words of the audit: what is written about a request when it ends.

use jiff::Timestamp;

use super::Asker;
use crate::domain::audit::{Entry, Handling, Touched, Verdict};
use crate::domain::authority::{Denied, Person};
use crate::domain::connector::Environment;
use crate::domain::operation::{Operation, Outcome, StepFailure, StepState};
use crate::domain::pace::{TooMany, Whose};
use crate::domain::request::{Refusal, Request, Selection};

pub(super) fn of_request(request: &Request, verdict: Verdict, why: &str, now: Timestamp) -> Entry {
    Entry {
        verb: Some(request.verb),
        target: target_of(request),
        reason: request.reason.clone(),
        touched: touched_by(request).into_iter().collect(),
        channel: Some(request.channel),
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
        Outcome::Failed => Verdict::Failed,
        Outcome::Unknown => Verdict::OutcomeUnknown,
    };
    let why = operation.current().map_or_else(
        || "seen".to_owned(),
        |(_, step)| match &step.state {
            StepState::Failed { why } => {
                format!("{}: {}", step.action.verb().word(), failure(why))
            }
            _ => "left".to_owned(),
        },
    );
    Entry {
        verb: Some(operation.verb),
        target: format!("{} of {} in {}{to}", operation.connector_name, operation.bot.name, operation.environment),
        reason: operation.reason.clone(),
        operation: Some(operation.id.clone()),
        touched: vec![Touched {
            connector: Some(operation.connector.clone()),
            name: Some(operation.connector_name.clone()),
            to: operation.to.clone(),
            before: operation.before.clone(),
            after: operation.seen.clone(),
            service_operations: operation.steps.iter().filter_map(|step| step.of_service.clone()).collect(),
            ..Touched::of(Some(&operation.bot), Some(&operation.environment))
        }],
        channel: Some(operation.channel),
        allowed_by: operation.allowed_by.clone(),
        ..Entry::new(operation.request.to_string(), operation.requester.clone(), verdict, &why, now)
    }
}

/// What a request was about, as far as it was chosen.
fn touched_by(request: &Request) -> Option<Touched> {
    if let Some(plan) = &request.plan {
        return Some(Touched {
            connector: Some(plan.connector.clone()),
            name: Some(plan.connector_name.clone()),
            to: plan.to.clone(),
            ..Touched::of(Some(&plan.bot), Some(&plan.environment))
        });
    }
    let Selection { environment, bot, connector, to } = request.selection.clone();
    Some(Touched { environment, bot, connector, to, ..Touched::default() })
        .filter(|touched| *touched != Touched::default())
}

fn target_of(request: &Request) -> String {
    if let Some(plan) = &request.plan {
        let to = plan.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        return format!("{} of {} in {}{to}", plan.connector_name, plan.bot.name, plan.environment);
    }
    let selection = &request.selection;
    let parts = [
        selection.connector.as_ref().map(ToString::to_string),
        selection.bot.as_ref().map(ToString::to_string),
        selection.environment.as_ref().map(ToString::to_string),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" of ")
}

fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied { denied } => denial(denied),
        Refusal::SomebodyElses { owner } => format!("the request is {}'s", owner.name),
        Refusal::CannotDo { why, connector } => format!("{connector}: {why:?}"),
        Refusal::NotFound { what } => format!("not found: {what}"),
        Refusal::Gone { what } => format!("gone meanwhile: {}", what.as_deref().unwrap_or("what was chosen")),
        Refusal::NothingToChoose { .. } => "nothing there to choose".to_owned(),
        Refusal::Expired => "expired".to_owned(),
        Refusal::Settled { state } => format!("settled before: {}", state.word()),
        Refusal::Unknown => "unknown request".to_owned(),
        Refusal::Changed { now, .. } => format!("the connector changed meanwhile: {now:?}"),
        Refusal::Worse { stated, now } => format!(
            "the impact became worse: {} healthy afterwards, {} were stated",
            now.healthy_after, stated.healthy_after
        ),
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
    }
}
