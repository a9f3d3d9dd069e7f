//! What must hold of every schedule.

use std::collections::{BTreeMap, BTreeSet};

use botswain::domain::audit::Verdict;
use botswain::domain::authority::Person;
use botswain::domain::connector::Environment;
use botswain::domain::ids::{Id, UserId};
use botswain::domain::operation::{Operation, Outcome, STEP_DEADLINE, StepFailure, StepState};
use botswain::domain::request::{Request, RequestState};
use botswain::sandbox::lifecycle::Carried;

use crate::ledger::Ledger;

/// A change that was sent: under which key, when the call that sent it was made, in events and in milliseconds, and when it was
/// let go on its way, in events. What was judged for it was judged in between.
#[derive(Clone, Debug)]
pub struct Sent {
    pub key: String,
    pub made: usize,
    pub made_at: i64,
    pub went: usize,
}

/// A press of somebody who would be the second person.
#[derive(Clone, Debug)]
pub struct Agreed {
    pub request: Id,
    pub by: UserId,
    /// Whether they might, when they pressed.
    pub may: bool,
}

/// Everything that tells the story of a schedule.
pub struct Evidence {
    pub ledger: Ledger,
    /// What the service really carried out.
    pub actions: Vec<Carried>,
    /// What was sent while the schedule held the gate.
    pub sent: Vec<Sent>,
    /// Who pressed to agree as the second person.
    pub agreed: Vec<Agreed>,
    /// When Olga lost her roles or was given them back, in events.
    pub roles: Vec<(usize, bool)>,
    /// Olga, who may break the glass, and Otto.
    pub operators: [UserId; 2],
    /// The connectors of each bot, and the lowest count of healthy ones that there was.
    pub lowest: Vec<(Vec<&'static str>, usize)>,
}

macro_rules! always {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err(format!($($said)+));
        }
    };
}

/// What the policy of the explored world says of an operation, in words of its own.
fn needs_a_second_person(operation: &Operation) -> bool {
    let is_in_production = |place: &Environment| place.as_str() == "production";
    let touches = std::iter::once(&operation.environment).chain(&operation.to).any(is_in_production);
    let of = (operation.bot.name.as_str(), operation.verb.word());
    touches && [("Billing Bot", "restart"), ("Orders Bot", "stop"), ("Orders Bot", "redeploy")].contains(&of)
}

impl Ledger {
    /// Whether nothing is open any more.
    pub fn is_at_rest(&self) -> bool {
        let is_open = |request: &Request| request.state.is_open();
        self.operations.iter().all(Operation::is_over) && !self.requests.iter().any(is_open) && self.doubts.is_empty()
    }
}

impl Evidence {
    pub fn judge(&self) -> Result<(), String> {
        self.every_action_was_confirmed_once()?;
        self.nothing_is_begun_without_its_second_person()?;
        self.nothing_is_begun_late_or_without_the_role()?;
        self.every_request_ends_in_one_record()?;
        self.one_operation_at_a_time()?;
        self.no_bot_falls_lower_than_was_said()
    }

    /// P3, P4: what was carried out stands in one operation of somebody who may, under the key that was written down.
    fn every_action_was_confirmed_once(&self) -> Result<(), String> {
        let mut known = BTreeSet::new();
        for operation in &self.ledger.operations {
            let request = self.ledger.requests.iter().find(|request| request.id == operation.request);
            let Some(request) = request else { return Err(format!("P3: no request: {operation:?}")) };
            always!(request.state == RequestState::Confirmed, "P3: {request:?} is carried out by {operation:?}");
            always!(operation.opened_at < request.expires_at, "P3: begun after its expiry: {request:?} {operation:?}");
            let may = self.operators.contains(&operation.requester.id);
            always!(may, "P4: carried out for somebody who may not: {operation:?}");
            known.extend(operation.steps.iter().map(|step| step.key.as_str()));
        }
        let mut carried = BTreeSet::new();
        for action in &self.actions {
            always!(known.contains(action.key.as_str()), "P3: under a key that is not written down: {action:?}");
            always!(carried.insert(action.key.as_str()), "P3: carried out twice: {action:?}");
        }
        for step in self.ledger.operations.iter().flat_map(|operation| &operation.steps) {
            let was = carried.contains(step.key.as_str());
            always!(was || step.state != StepState::Done, "P3: said to be done, and never carried out: {step:?}");
            let not_begun = matches!(
                step.state,
                StepState::Waiting
                    | StepState::Left { why: None }
                    | StepState::Failed {
                        why: StepFailure::NotSent { .. }
                            | StepFailure::TooLate
                            | StepFailure::RoleLost
                            | StepFailure::Frozen
                            | StepFailure::CostsMore { .. }
                    }
            );
            always!(!was || !not_begun, "P3: said not to be begun, and carried out: {step:?}");
        }
        Ok(())
    }

    /// P3, P4: what needs a second person is begun by the press of one who may at that press and did not ask, or with broken
    /// glass by the one who may do that; what needs none, by neither. And it is the plan that they were shown.
    fn nothing_is_begun_without_its_second_person(&self) -> Result<(), String> {
        for operation in &self.ledger.operations {
            let needed = needs_a_second_person(operation);
            let requester = operation.requester.id;
            let pressed = |second: &Person| {
                let theirs = |agreed: &&Agreed| agreed.request == operation.request && agreed.by == second.id;
                second.id != requester && self.agreed.iter().filter(theirs).any(|agreed| agreed.may)
            };
            let right = match (&operation.approved_by, &operation.glass) {
                (Some(second), None) => needed && pressed(second),
                (None, Some(_)) => needed && requester == self.operators[0],
                (None, None) => !needed,
                (Some(_), Some(_)) => false,
            };
            always!(right, "P4: not agreed to by whom it needs: {operation:?}");
            let request = self.ledger.requests.iter().find(|request| request.id == operation.request);
            let plan = request.and_then(|request| request.plan.as_ref());
            let Some(plan) = plan else { return Err(format!("P3: nobody was shown a plan: {operation:?}")) };
            let planned = plan.connectors.iter().flat_map(|planned| &planned.steps);
            let is_it = planned.eq(operation.steps.iter().map(|step| &step.action));
            let pinned = is_it && operation.plan == Some(plan.digest());
            always!(pinned, "P3: another plan was agreed to: {plan:?} {operation:?}");
        }
        Ok(())
    }

    /// P3: no step that takes something away is begun long after it was agreed to, and each further one only while the
    /// requester has the role.
    fn nothing_is_begun_late_or_without_the_role(&self) -> Result<(), String> {
        for operation in &self.ledger.operations {
            let mut ready_at = Some(operation.opened_at);
            for (place, step) in operation.steps.iter().enumerate() {
                let first = self.sent.iter().filter(|sent| sent.key == step.key).min_by_key(|sent| sent.made);
                if let (Some(first), Some(ready_at), true) = (first, ready_at, step.action.takes_away()) {
                    let late = first.made_at - ready_at.as_millisecond();
                    let most = i64::try_from(STEP_DEADLINE.as_millis()).unwrap();
                    always!(late < most, "P3: begun {late} ms after it could be: {step:?}");
                    let olgas = operation.requester.id == self.operators[0];
                    // Whoever asked for what a second person agreed to later is judged again before the first one, too.
                    let judged_again = place > 0 || operation.approved_by.is_some();
                    let before = self.roles.iter().rev().find(|(event, _)| *event < first.made);
                    let meanwhile =
                        self.roles.iter().any(|(event, has)| *has && (first.made..=first.went).contains(event));
                    let had = meanwhile || before.is_none_or(|(_, has)| *has);
                    always!(!judged_again || !olgas || had, "P3: begun after the role was lost: {step:?}");
                }
                ready_at = step.ended_at;
            }
        }
        Ok(())
    }

    /// P6, P10: nothing is left open, and each request has the one record that says how it ended.
    fn every_request_ends_in_one_record(&self) -> Result<(), String> {
        let mut records: BTreeMap<&str, Vec<Verdict>> = BTreeMap::new();
        for entry in &self.ledger.audit {
            records.entry(&entry.about).or_default().push(entry.verdict);
        }
        for request in &self.ledger.requests {
            let of: Vec<_> = self.ledger.operations.iter().filter(|o| o.request == request.id).collect();
            always!(of.len() <= 1, "P3: one request, two operations: {of:?}");
            let ended = of.first().and_then(|operation| operation.ended.as_ref());
            let due = match (request.state, ended) {
                (RequestState::Confirmed, Some(ended)) => match ended.outcome {
                    Outcome::Done => Verdict::Done,
                    Outcome::Failed | Outcome::LeftStopped => Verdict::Failed,
                    Outcome::Unknown => Verdict::OutcomeUnknown,
                    Outcome::Halted => Verdict::Cancelled,
                },
                (RequestState::Cancelled, None) => Verdict::Cancelled,
                (RequestState::Expired, None) => Verdict::Expired,
                (RequestState::Refused, None) => Verdict::Denied,
                (state, _) => return Err(format!("P3, P6: {state:?}, and its operation is {of:?}")),
            };
            let record = records.get(request.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            always!(record == [due], "P10: {request:?} ended as {due:?}, and has the records {record:?}");
        }
        Ok(())
    }

    /// No two operations hold the same at once.
    fn one_operation_at_a_time(&self) -> Result<(), String> {
        for (place, one) in self.ledger.operations.iter().enumerate() {
            for other in &self.ledger.operations[place + 1..] {
                let share = one.scopes().iter().any(|scope| other.scopes().contains(scope));
                // An operation is opened with the press, and written a moment later.
                let began = |operation: &Operation| operation.steps.iter().filter_map(|step| step.began_at).min();
                let ended = |operation: &Operation| operation.ended.as_ref().map(|ended| ended.at);
                let overlap = began(one) < ended(other) && began(other) < ended(one);
                let both = began(one).is_some() && began(other).is_some();
                always!(!(share && both && overlap), "P3, P11: two at once: {one:?} and {other:?}");
            }
        }
        Ok(())
    }

    /// P11: no bot has fewer healthy connectors than somebody was told and agreed to.
    fn no_bot_falls_lower_than_was_said(&self) -> Result<(), String> {
        for (connectors, lowest) in &self.lowest {
            let of_bot = |operation: &&Operation| {
                let name = operation.bot.name.to_lowercase();
                connectors[0].starts_with(name.trim_end_matches(" bot"))
            };
            let in_production = self.ledger.operations.iter().filter(of_bot);
            let told =
                in_production.filter(|operation| operation.environment.as_str() == "production").map(|operation| {
                    let during = operation.guidance.lowest.unwrap();
                    usize::try_from(during).unwrap()
                });
            let said = told.min().unwrap_or(usize::MAX).min(connectors.len());
            always!(*lowest >= said, "P11: {connectors:?} fell to {lowest}, and {said} was the least that was said");
        }
        Ok(())
    }
}
