//! What must hold, whenever the program was killed: the database, the chat and the service tell one story.

use std::collections::{BTreeMap, BTreeSet};

use botswain::audit::verify::Verified;
use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::incident::Subject;
use botswain::domain::operation::{Operation, Outcome, StepFailure, StepState};
use botswain::domain::request::RequestState;
use botswain::sandbox::lifecycle::Carried;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::ledger::Ledger;
use crate::message::Message;

/// How long after its time an open request may still wait for its end.
const EXPIRY_SLACK: SignedDuration = SignedDuration::from_secs(30);
/// The healthy connectors that each bot of the team's is to have.
pub const MINIMUM: usize = 2;

/// Why it does not hold.
#[derive(Debug)]
pub enum Not {
    /// It may yet.
    Yet(String),
    /// It never will.
    Ever(String),
}

/// Everything that tells the story.
pub struct Evidence {
    pub ledger: Ledger,
    /// Whether the chain of the record is whole.
    pub chain: Verified,
    /// What the service really carried out.
    pub actions: Vec<Carried>,
    /// Healthy connectors in Production by bot.
    pub healthy: BTreeMap<String, usize>,
    /// The bot's own messages: no answers to interactions.
    pub messages: Vec<Message>,
    /// The messages in each card's thread.
    pub threads: BTreeMap<String, Vec<Message>>,
    pub pings: Vec<Value>,
    pub violations: Vec<Value>,
    pub viewer: u64,
    /// The one operator who may do without a second person.
    pub breaks_glass: u64,
    pub on_call: String,
    pub alert_channel: String,
}

macro_rules! always {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err(Not::Ever(format!($($said)+)));
        }
    };
}

macro_rules! in_the_end {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err(Not::Yet(format!($($said)+)));
        }
    };
}

mod second;

impl Evidence {
    pub fn judge(&self, now: Timestamp) -> Result<(), Not> {
        self.every_action_was_confirmed_once()?;
        self.nothing_is_begun_without_its_second_person()?;
        self.every_request_ends_in_one_record(now)?;
        self.the_record_is_whole()?;
        self.every_message_stands_once()?;
        self.what_waits_says_how_it_stands()?;
        self.broken_glass_is_told_once()?;
        self.every_line_is_told_once()?;
        self.incidents_tell_the_truth()?;
        self.nobody_else_is_pinged()
    }

    /// P3, P4: what the service carried out stands in exactly one operation, under the key that was written down.
    fn every_action_was_confirmed_once(&self) -> Result<(), Not> {
        let mut by_key: BTreeMap<&str, &Operation> = BTreeMap::new();
        for operation in &self.ledger.operations {
            for step in &operation.steps {
                let twice = by_key.insert(&step.key, operation).is_some();
                always!(!twice, "P3: two steps share the key {}", step.key);
            }
        }
        let mut seen = BTreeSet::new();
        for action in &self.actions {
            let known = by_key.get(action.key.as_str());
            always!(known.is_some(), "P3: carried out under a key that is not written down: {action:?}");
            always!(seen.insert(&action.key), "P3: carried out twice: {action:?}");
        }
        for operation in &self.ledger.operations {
            let request = self.ledger.requests.iter().find(|request| request.id == operation.request);
            let Some(request) = request else {
                return Err(Not::Ever(format!("P3: an operation without a request: {operation:?}")));
            };
            always!(request.state == RequestState::Confirmed, "P3: {request:?} is carried out by {operation:?}");
            always!(operation.opened_at < request.expires_at, "P3: begun after its expiry: {request:?} {operation:?}");
            always!(operation.requester.id.0 != self.viewer, "P4: a viewer's request is carried out: {operation:?}");
            for step in &operation.steps {
                let carried = seen.contains(&step.key);
                match &step.state {
                    StepState::Done => always!(carried, "P3: said to be done, and never carried out: {operation:?}"),
                    StepState::Waiting
                    | StepState::Left { why: None }
                    | StepState::Failed {
                        why: StepFailure::NotSent { .. } | StepFailure::TooLate | StepFailure::RoleLost,
                    } => always!(!carried, "P3: said not to be sent, and carried out: {operation:?}"),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// P6, P10: nothing is left open, and each request has the record that says how it ended.
    fn every_request_ends_in_one_record(&self, now: Timestamp) -> Result<(), Not> {
        let records: BTreeMap<_, _> = self.ledger.audit.iter().map(|entry| (entry.about.clone(), entry)).collect();
        for operation in &self.ledger.operations {
            in_the_end!(operation.ended.is_some(), "P6: an operation is left open: {operation:?}");
            let says_so = |entry: &&Entry| {
                let of_this = entry.operation.as_ref() == Some(&operation.id) && entry.why.contains("leave stopped");
                of_this && entry.verdict == Verdict::Done
            };
            let said = self.ledger.audit.iter().filter(says_so).count();
            let left = usize::from(operation.guidance.left_stopped.is_some());
            always!(said == left, "P10: left stopped by {left}, and {said} records say so: {operation:?}");
        }
        for request in &self.ledger.requests {
            let operation = self.ledger.operations.iter().find(|operation| operation.request == request.id);
            let record = records.get(&request.id.to_string()).map(|entry| entry.verdict);
            let due = match (request.state, operation.and_then(|operation| operation.ended.as_ref())) {
                (RequestState::Choosing | RequestState::Asked | RequestState::Proposed, _) => None,
                (RequestState::Confirmed, Some(ended)) => Some(match ended.outcome {
                    Outcome::Done => Verdict::Done,
                    Outcome::Failed | Outcome::LeftStopped => Verdict::Failed,
                    Outcome::Unknown => Verdict::OutcomeUnknown,
                    Outcome::Halted => Verdict::Cancelled,
                }),
                (RequestState::Confirmed, None) => {
                    return Err(Not::Ever(format!("P6: confirmed, and its operation is lost: {request:?}")));
                }
                (RequestState::Cancelled, _) => Some(Verdict::Cancelled),
                (RequestState::Expired, _) => Some(Verdict::Expired),
                (RequestState::Refused, _) => Some(Verdict::Denied),
            };
            always!(record == due, "P10: {request:?} has the record {record:?}, and ended as {due:?}");
            let overdue = due.is_none() && now > request.expires_at + EXPIRY_SLACK;
            in_the_end!(!overdue, "P10: it expired, and nobody ended it: {request:?}");
        }
        Ok(())
    }

    /// P10: the chain is whole at every moment, and every record comes to its place in it.
    fn the_record_is_whole(&self) -> Result<(), Not> {
        always!(self.chain.is_whole(), "P10: {}", self.chain.report());
        in_the_end!(self.chain.unsealed.is_empty(), "P10: {}", self.chain.report());
        Ok(())
    }

    /// P1, P2: each operation and incident stands on one message, each message has one row, and says what it must.
    fn every_message_stands_once(&self) -> Result<(), Not> {
        let mut rows = BTreeMap::new();
        for row in &self.ledger.outbox {
            always!(row.gave_up.is_none(), "P1: given up: {} {:?}", row.slot, row.gave_up);
            in_the_end!(!row.waits, "P1: not delivered: {}", row.slot);
            let Some(message) = row.message else {
                return Err(Not::Yet(format!("P1: not posted: {}", row.slot)));
            };
            let other = rows.insert(message, row);
            always!(other.is_none(), "P2: two rows stand on message {message}: {}", row.slot);
        }
        let slots: BTreeSet<_> = self.ledger.outbox.iter().map(|row| row.slot.as_str()).collect();
        for operation in &self.ledger.operations {
            always!(slots.contains(format!("operation:{}", operation.id).as_str()), "P1: no message: {operation:?}");
        }
        for incident in &self.ledger.incidents {
            always!(slots.contains(format!("card:{}", incident.id).as_str()), "P1: no card: {incident:?}");
        }
        for message in &self.messages {
            let id: u64 = message.id().parse().unwrap();
            let Some(row) = rows.remove(&id) else {
                return Err(Not::Ever(format!("P2: a message that no row knows, so it is said twice: {message:?}")));
            };
            let reference: botswain::domain::ids::Id = row.reference.parse().unwrap();
            always!(message.says(reference.reference()), "P2: {} is not on {message:?}", row.slot);
        }
        let lost: Vec<_> = rows.values().map(|row| &row.slot).collect();
        always!(lost.is_empty(), "P1: said to be posted, and not there: {lost:?}");
        Ok(())
    }

    /// P2: what happened to an incident is told in its card's thread, each line in one message, and nothing else is there.
    fn every_line_is_told_once(&self) -> Result<(), Not> {
        let mut parts: BTreeMap<&str, BTreeMap<u64, usize>> = BTreeMap::new();
        for (card, message) in &self.ledger.told {
            let Some(message) = message else { return Err(Not::Yet(format!("P1: a line of {card} is not told"))) };
            *parts.entry(card).or_default().entry(*message).or_default() += 1;
        }
        for incident in &self.ledger.incidents {
            let told = parts.remove(incident.id.as_str()).unwrap_or_default();
            always!(!told.is_empty(), "P1: nothing is told of {incident:?}");
            let there = self.threads.get(incident.id.as_str()).cloned().unwrap_or_default();
            let lines = |message: &Message| message.text().lines().filter(|line| line.starts_with("<t:")).count();
            let there: BTreeMap<u64, usize> =
                there.iter().map(|message| (message.id().parse().unwrap(), lines(message))).collect();
            in_the_end!(there == told, "P2: {incident:?} is told as {told:?}, and there stands {there:?}");
        }
        Ok(())
    }

    /// P1, P5: a card is open for each bot that has too few healthy connectors, and for no other.
    fn incidents_tell_the_truth(&self) -> Result<(), Not> {
        for (bot, healthy) in &self.healthy {
            let of_bot = |subject: &Subject| {
                matches!(subject, Subject::Failover { bot: of, environment }
                if of.name == *bot && environment.as_str() == "production")
            };
            let all = self.ledger.incidents.iter().filter(|incident| of_bot(&incident.subject));
            let open: Vec<_> = all.clone().filter(|incident| incident.resolved_at().is_none()).collect();
            always!(open.len() <= 1, "P2: {bot} has two open incidents: {open:?}");
            let wanted = usize::from(*healthy < MINIMUM);
            in_the_end!(open.len() == wanted, "P1, P5: {bot} has {healthy} healthy, and {} open", open.len());
            always!(bot != "Survey Bot" || all.count() == 0, "P5: nothing ever happened to the Survey Bot");
        }
        for incident in &self.ledger.incidents {
            let card =
                self.messages.iter().find(|message| message.says(&format!("incident {}", incident.id.reference())));
            let Some(card) = card else { return Err(Not::Ever(format!("P1: no card shows {incident:?}"))) };
            let resolved = card.says("Resolved");
            always!(resolved == incident.resolved_at().is_some(), "P1: {card:?} does not say how {incident:?} stands");
        }
        Ok(())
    }

    /// P8: only the role on call, only for alerts, once for each message.
    fn nobody_else_is_pinged(&self) -> Result<(), Not> {
        let mut pinged = BTreeSet::new();
        for ping in &self.pings {
            let configured =
                ping["role_id"] == self.on_call.as_str() && ping["channel_id"] == self.alert_channel.as_str();
            always!(configured, "P8: {ping}");
            let once = pinged.insert((ping["message_id"].to_string(), ping["user_id"].to_string()));
            always!(once, "P2: pinged twice: {ping}");
        }
        always!(self.violations.is_empty(), "Discord would have refused it: {:#?}", self.violations);
        Ok(())
    }
}
