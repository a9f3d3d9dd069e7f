//! What may be asked of a connector, and how each operation runs its course.
use rand::RngExt;

use super::{Carried, Due, KeyRecord, Model, Trouble};
use crate::lifecycle::contract::{
    Action, Connector, Event, KEY_RETENTION_HOURS, LastOperation, NewOperation, Operation, OperationState, Problem,
    ProblemKind, words,
};

const HOUR_MS: i64 = 3_600_000;
/// How long a dropped connector takes to recover by itself, where the model makes things happen.
const RECOVERY_MS: i64 = 60_000;

/// The precondition of a change: which revisions it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Whatever there is.
    Any,
    /// One of these.
    Revisions(Vec<String>),
}

/// How a change was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The operation, or the refusal.
    pub outcome: Result<Operation, Box<Problem>>,
    /// Whether the key had been judged before.
    pub replayed: bool,
}

impl Model {
    /// Judges a change: its key first, then whether it may be, and carries it out if so. Refusals are kept under the key like acceptances.
    pub fn begin(&mut self, connector: &str, key: &str, if_match: Option<&IfMatch>, asked: NewOperation) -> Answer {
        let oldest = self.now - (KEY_RETENTION_HOURS + 1) * HOUR_MS;
        self.keys.retain(|_, record| record.at_ms >= oldest);
        if let Some(record) = self.keys.get(key) {
            return Answer { outcome: self.replay(record, connector, &asked), replayed: true };
        }
        let outcome = match self.judge(connector, if_match, &asked) {
            Ok(()) => Ok(self.accept(connector, key, &asked)),
            Err(problem) => Err(problem),
        };
        self.keys.insert(
            key.to_owned(),
            KeyRecord {
                connector: connector.to_owned(),
                action: asked.action(),
                target: asked.target_environment().map(str::to_owned),
                outcome: outcome.as_ref().map(|op| op.id.clone()).map_err(Clone::clone),
                at_ms: self.now,
            },
        );
        Answer { outcome, replayed: false }
    }

    fn replay(&self, record: &KeyRecord, connector: &str, asked: &NewOperation) -> Result<Operation, Box<Problem>> {
        let same = record.connector == connector
            && record.action == asked.action()
            && record.target.as_deref() == asked.target_environment();
        if !same {
            return Err(refuse(
                ProblemKind::IdempotencyKeyReused,
                "This key came with another change before: use a new key for a new change.",
            ));
        }
        let id = record.outcome.as_ref().map_err(Clone::clone)?;
        let found = self.operations.get(id).cloned();
        found.ok_or_else(|| refuse(ProblemKind::Internal, "The operation was lost."))
    }

    fn judge(&self, id: &str, if_match: Option<&IfMatch>, asked: &NewOperation) -> Result<(), Box<Problem>> {
        let connector =
            self.connector(id).ok_or_else(|| refuse(ProblemKind::UnknownConnector, "No connector has this id."))?;
        if let Some(operation) = &connector.operation_id {
            let mut problem =
                refuse(ProblemKind::OperationInProgress, format!("{operation} is under way: wait until it is over."));
            problem.operation_id = Some(operation.clone());
            return Err(problem);
        }
        if let Some(IfMatch::Revisions(revisions)) = if_match
            && !revisions.contains(&connector.revision)
        {
            let mut problem = refuse(
                ProblemKind::RevisionMismatch,
                format!("Its revision is {} now: read it again.", connector.revision),
            );
            problem.revision = Some(connector.revision.clone());
            return Err(problem);
        }
        self.judge_state(connector, asked)
    }

    fn judge_state(&self, connector: &Connector, asked: &NewOperation) -> Result<(), Box<Problem>> {
        let agent = connector.agent.as_str();
        let says = format!("{} is {agent}.", connector.name);
        let idle = agent == words::STOPPED || agent == words::READY_TO_START;
        let runs = agent == words::ONLINE || agent == words::NOT_CONNECTED;
        match asked.action() {
            Action::Stop if idle => Err(refuse(ProblemKind::NotRunning, says)),
            Action::Stop => Ok(()),
            Action::Start if idle => Ok(()),
            Action::Start if runs => Err(refuse(ProblemKind::AlreadyRunning, says)),
            Action::Start => Err(refuse(ProblemKind::NotStopped, says)),
            Action::Redeploy if agent != words::STOPPED => Err(refuse(ProblemKind::NotStopped, says)),
            Action::Redeploy => {
                let target = asked.target_environment().unwrap_or_default();
                if target.eq_ignore_ascii_case(&connector.environment) {
                    let detail = format!("{} is in {target}.", connector.name);
                    return Err(refuse(ProblemKind::SameEnvironment, detail));
                }
                match self.environment(target) {
                    Some(_) => Ok(()),
                    None => Err(refuse(ProblemKind::UnknownEnvironment, "No environment has this name.")),
                }
            }
        }
    }

    /// An environment as it is spelled here.
    fn environment(&self, name: &str) -> Option<String> {
        let stands_in = self.entries.values().map(|entry| &entry.connector.environment);
        let mut all = self.settings.environments.iter().chain(stands_in);
        all.find(|known| known.eq_ignore_ascii_case(name)).cloned()
    }

    fn accept(&mut self, connector: &str, key: &str, asked: &NewOperation) -> Operation {
        self.operation_count += 1;
        let id = format!("op-{}", self.operation_count);
        let target_environment = asked.target_environment().and_then(|name| self.environment(name));
        let operation = Operation {
            id: id.clone(),
            connector_id: connector.to_owned(),
            action: asked.action().word().to_owned(),
            target_environment: target_environment.clone(),
            state: OperationState::Accepted.word().to_owned(),
            idempotency_key: key.to_owned(),
            requested_by: asked.requested_by().to_owned(),
            reason: asked.reason().map(str::to_owned),
            created_ms: self.now,
            updated_ms: self.now,
            problem: None,
        };
        self.carried.push(Carried {
            connector: connector.to_owned(),
            action: asked.action(),
            target_environment,
            key: key.to_owned(),
            by: asked.requested_by().to_owned(),
            at_ms: self.now,
            operation: id.clone(),
        });
        self.operations.insert(id.clone(), operation.clone());
        self.emit(Event::OperationChanged { operation: Box::new(operation.clone()) });
        self.change(connector, |c| c.operation_id = Some(id.clone()));
        let running = self.takes(self.settings.timings.running);
        self.schedule(running, Due::Run(id));
        operation
    }

    /// A duration with some chance in it, where chance has a part.
    fn takes(&mut self, ms: i64) -> i64 {
        if !self.lively {
            return ms;
        }
        let fifth = ms / 5;
        ms + self.rng.random_range(-fifth..=fifth)
    }

    pub(super) fn carry_out(&mut self, due: Due) {
        match due {
            Due::Run(operation) => self.run(&operation),
            Due::Finish(operation) => self.finish(&operation),
            Due::Online { connector, epoch, operation } if self.undisturbed(&connector, epoch) => {
                self.online(&connector, operation)
            }
            Due::GiveUp { connector, epoch, operation: Some(operation) } if self.undisturbed(&connector, epoch) => {
                let detail = "It is Not Connected still: look at its details, or stop it and start it again.";
                let problem = Problem::new(ProblemKind::StartTimedOut, detail);
                self.end(&operation, Err(problem));
            }
            Due::Cloud { connector, epoch } if self.undisturbed(&connector, epoch) => {
                self.change(&connector, |c| {
                    c.conversational_cloud = words::CONNECTED.to_owned();
                });
            }
            Due::Recover { connector, epoch } if self.undisturbed(&connector, epoch) => {
                self.recover(&connector);
            }
            Due::Online { .. } | Due::GiveUp { .. } | Due::Cloud { .. } | Due::Recover { .. } => {}
            Due::Drift => self.drift(),
            Due::Happening => self.happen(),
        }
    }

    fn undisturbed(&self, connector: &str, epoch: u64) -> bool {
        self.entries.get(connector).is_some_and(|entry| entry.epoch == epoch && !entry.vanished)
    }

    /// An accepted operation gets under way.
    fn run(&mut self, id: &str) {
        let Some(operation) = self.open_operation(id) else {
            return;
        };
        self.set_state(id, OperationState::Running, None);
        let timings = self.settings.timings;
        match operation.action.as_str() {
            "start" => {
                self.start(&operation.connector_id, &operation.requested_by, Some(id));
            }
            "stop" => {
                let takes = self.takes(timings.stop - timings.running);
                self.schedule(takes, Due::Finish(id.to_owned()));
            }
            _ => {
                let takes = self.takes(timings.redeploy - timings.running);
                self.schedule(takes, Due::Finish(id.to_owned()));
            }
        }
    }

    /// A start begins, with an operation or behind our back: Not Connected first, and then as its trouble has it.
    pub(super) fn start(&mut self, connector: &str, by: &str, operation: Option<&str>) {
        let fails = self.fails_by_chance();
        let Some(entry) = self.entries.get(connector) else {
            return;
        };
        let (trouble, epoch) = (entry.trouble, entry.epoch);
        let last = self.last_operation("Started", Some(by));
        self.change(connector, |c| {
            c.agent = words::NOT_CONNECTED.to_owned();
            c.conversational_cloud = words::NOT_CONNECTED.to_owned();
            c.bot_server = words::NOT_CONNECTED.to_owned();
            c.last_operation = last;
        });
        let timings = self.settings.timings;
        let operation = operation.map(str::to_owned);
        let connector = connector.to_owned();
        match (trouble, operation) {
            (Some(Trouble::NeverComesUp), operation) => {
                let due = Due::GiveUp { connector, epoch, operation };
                self.schedule(timings.start_timeout - timings.running, due);
            }
            (Some(Trouble::StartRefused), operation) => {
                let takes = self.takes(timings.online - timings.running);
                if let Some(operation) = operation {
                    self.schedule(takes, Due::Finish(operation));
                }
            }
            (_, Some(operation)) if fails => {
                let takes = self.takes(timings.online - timings.running);
                self.schedule(takes, Due::Finish(operation));
            }
            (_, operation) => {
                let takes = self.takes(timings.online - timings.running);
                let due = Due::Online { connector, epoch, operation };
                self.schedule(takes, due);
            }
        }
    }

    fn online(&mut self, connector: &str, operation: Option<String>) {
        let Some(entry) = self.entries.get(connector) else {
            return;
        };
        let (trouble, epoch) = (entry.trouble, entry.epoch);
        self.change(connector, |c| {
            c.agent = words::ONLINE.to_owned();
            c.bot_server = words::CONNECTED.to_owned();
        });
        if let Some(operation) = operation {
            self.end(&operation, Ok(()));
        }
        if trouble != Some(Trouble::NeverConnects) {
            let timings = self.settings.timings;
            let takes = self.takes(timings.cloud - timings.online);
            let connector = connector.to_owned();
            self.schedule(takes, Due::Cloud { connector, epoch });
        }
    }

    /// A stop or a redeploy is done; a start gets here only to fail.
    fn finish(&mut self, id: &str) {
        let Some(operation) = self.open_operation(id) else {
            return;
        };
        if operation.action == Action::Start.word() {
            let detail = "401 unauthorized: the bot user was created by somebody else, or is disabled.";
            return self.end(id, Err(Problem::new(ProblemKind::AgentRefused, detail)));
        }
        if self.fails_by_chance() {
            let detail = "The platform gave up, and left the connector as it was.";
            return self.end(id, Err(Problem::new(ProblemKind::Internal, detail)));
        }
        let by = Some(operation.requested_by.as_str());
        if operation.action == Action::Stop.word() {
            let last = self.last_operation("Stopped", by);
            self.change(&operation.connector_id, |c| {
                stop(c);
                c.last_operation = last;
            });
        } else {
            let last = self.last_operation("Redeployed", by);
            self.change(&operation.connector_id, |c| {
                if let Some(target) = operation.target_environment {
                    c.environment = target;
                }
                c.last_operation = last;
            });
        }
        self.end(id, Ok(()));
    }

    fn fails_by_chance(&mut self) -> bool {
        let rate = self.settings.failure_rate.clamp(0.0, 1.0);
        rate > 0.0 && self.rng.random_bool(rate)
    }

    fn open_operation(&self, id: &str) -> Option<Operation> {
        let operation = self.operations.get(id)?;
        let over = OperationState::parse(&operation.state).is_some_and(OperationState::is_over);
        (!over).then(|| operation.clone())
    }

    fn end(&mut self, id: &str, outcome: Result<(), Problem>) {
        let Some(operation) = self.open_operation(id) else {
            return;
        };
        match outcome {
            Ok(()) => self.set_state(id, OperationState::Succeeded, None),
            Err(problem) => self.set_state(id, OperationState::Failed, Some(problem)),
        }
        self.change(&operation.connector_id, |c| c.operation_id = None);
    }

    fn set_state(&mut self, id: &str, state: OperationState, problem: Option<Problem>) {
        if let Some(operation) = self.operations.get_mut(id) {
            operation.state = state.word().to_owned();
            operation.updated_ms = self.now;
            operation.problem = problem;
            let operation = Box::new(operation.clone());
            self.emit(Event::OperationChanged { operation });
        }
    }

    pub(super) fn last_operation(&self, what: &str, by: Option<&str>) -> Option<LastOperation> {
        Some(LastOperation { what: what.to_owned(), by: by.map(str::to_owned), at_ms: self.now })
    }

    /// Somebody changes the connector behind an operation's back: what was due no longer is, and the operation fails.
    pub(super) fn interfere(&mut self, connector: &str) {
        let Some(entry) = self.entries.get_mut(connector) else {
            return;
        };
        entry.epoch += 1;
        if let Some(operation) = entry.connector.operation_id.clone() {
            let detail = "It was changed from elsewhere while the operation was under way.";
            self.end(&operation, Err(Problem::new(ProblemKind::Superseded, detail)));
        }
    }

    fn drift(&mut self) {
        if let Some(every) = self.settings.drift_every {
            self.schedule(every, Due::Drift);
        }
        if !self.lively {
            return;
        }
        for id in self.healthy() {
            let step = self.rng.random_range(-3_i32..=3);
            self.change(&id, |c| {
                c.conversations = c.conversations.map(|n| n.saturating_add_signed(step).min(999));
            });
        }
    }

    fn happen(&mut self) {
        if let Some(every) = self.settings.happenings_every {
            self.schedule(every, Due::Happening);
        }
        let healthy = self.healthy();
        if !self.lively || healthy.is_empty() {
            return;
        }
        let chosen = self.rng.random_range(0..healthy.len());
        if let Some(id) = healthy.get(chosen) {
            self.drop_connection(id);
            let epoch = self.entries.get(id).map_or(0, |entry| entry.epoch);
            let connector = id.clone();
            self.schedule(RECOVERY_MS, Due::Recover { connector, epoch });
        }
    }

    fn healthy(&self) -> Vec<String> {
        let healthy = self.connectors().filter(|c| {
            c.agent == words::ONLINE && c.conversational_cloud == words::CONNECTED && c.bot_server == words::CONNECTED
        });
        healthy.map(|c| c.id.clone()).collect()
    }
}

fn refuse(kind: ProblemKind, detail: impl Into<String>) -> Box<Problem> {
    Box::new(Problem::new(kind, detail))
}

/// Stopped: its connections are gone, its conversations are left waiting.
pub(super) fn stop(connector: &mut Connector) {
    connector.agent = words::STOPPED.to_owned();
    connector.conversational_cloud = words::NOT_CONNECTED.to_owned();
    connector.bot_server = words::NOT_CONNECTED.to_owned();
}
