//! What went wrong with a call to the lifecycle service: for the log, for the person, and whether it may have been carried out.
use std::fmt;
use std::time::Duration;

use super::contract::{Problem, ProblemKind};
use crate::domain::action::Verb;
use crate::domain::ids::ConnectorId;

/// How much of a text from outside stands in a message of ours, in characters.
const QUOTED: usize = 200;

/// Whether the action that was asked for may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// Surely not, and it will not be.
    No,
    /// Perhaps: ask for the operation by its key, or send the same again with the same key.
    Maybe,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// No connection came about.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The connection ended before the answer did.
    Interrupted,
    /// The token was refused.
    Unauthorized,
    /// Too many requests.
    RateLimited {
        /// When to try again, if the service said.
        retry_after: Option<Duration>,
    },
    /// The service cannot take requests now.
    Unavailable {
        /// When to try again, if the service said.
        retry_after: Option<Duration>,
    },
    /// The service says no, and why.
    Refused(Problem),
    /// The answer is not what the contract says (the text is for the log).
    Malformed(String),
    /// The answer is longer than this many bytes.
    TooLarge(usize),
    /// The service failed, with this status.
    Server(u16),
    /// The answer sends us elsewhere, with this status.
    Redirected(u16),
    /// The service shows what was the case so long ago.
    Stale(Duration),
    /// It failed too often in a row; not asked for so long.
    CircuitOpen(Duration),
}

/// What was being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doing {
    Reading(&'static str),
    Changing { verb: Verb, connector: ConnectorId },
}

/// Why a call to the lifecycle service came to nothing.
///
/// `Display` is for the log; [`LifecycleError::person`] is for the person. Neither has the token or an address in it.
#[derive(Clone, PartialEq, Eq)]
pub struct LifecycleError(Box<Inside>);

#[derive(Clone, PartialEq, Eq)]
struct Inside {
    doing: Doing,
    kind: ErrorKind,
    carried: Carried,
    cause: Option<String>,
}

impl LifecycleError {
    pub(super) fn new(doing: Doing, kind: ErrorKind, carried: Carried) -> Self {
        let carried = match doing {
            Doing::Reading(_) => Carried::No,
            Doing::Changing { .. } => carried,
        };
        Self(Box::new(Inside { doing, kind, carried, cause: None }))
    }

    pub(super) fn because(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Something that cannot be put into a request; nothing was sent.
    pub fn malformed(why: &str) -> Self {
        let kind = ErrorKind::Malformed(why.to_owned());
        Self::new(Doing::Reading("nothing"), kind, Carried::No)
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Whether the action may have been carried out; [`Carried::No`] for everything that only reads.
    pub fn carried(&self) -> Carried {
        self.0.carried
    }

    /// Which refusal of the contract it is, if it is one.
    pub fn problem(&self) -> Option<ProblemKind> {
        match self.kind() {
            ErrorKind::Refused(problem) => problem.kind(),
            _ => None,
        }
    }

    /// Whether the same call would meet the same answer: the service judged it, or somebody must change the settings first.
    pub fn is_final(&self) -> bool {
        matches!(self.kind(), ErrorKind::Refused(_) | ErrorKind::Unauthorized | ErrorKind::Redirected(_))
    }

    /// Whether the service judged what was asked for, and refused it: its key is used up by that.
    pub fn was_judged(&self) -> bool {
        matches!(self.kind(), ErrorKind::Refused(problem) if matches!(problem.status, 404 | 409 | 412 | 422))
    }

    /// When the service (or the circuit breaker) would have us try again, if it said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind() {
            ErrorKind::RateLimited { retry_after } | ErrorKind::Unavailable { retry_after } => *retry_after,
            ErrorKind::CircuitOpen(wait) => Some(*wait),
            _ => None,
        }
    }

    /// Whether another attempt within the same call has a chance.
    pub(super) fn is_passing(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Unreachable
                | ErrorKind::Timeout
                | ErrorKind::Interrupted
                | ErrorKind::RateLimited { .. }
                | ErrorKind::Unavailable { .. }
                | ErrorKind::Server(_)
        )
    }

    /// Whether it tells against the service's health.
    pub(super) fn is_failure(&self) -> bool {
        match self.kind() {
            ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Interrupted
            | ErrorKind::Unavailable { .. }
            | ErrorKind::Malformed(_)
            | ErrorKind::TooLarge(_)
            | ErrorKind::Server(_)
            | ErrorKind::Redirected(_) => true,
            ErrorKind::Unauthorized
            | ErrorKind::RateLimited { .. }
            | ErrorKind::Refused(_)
            | ErrorKind::Stale(_)
            | ErrorKind::CircuitOpen(_) => false,
        }
    }

    /// What happened and what to do, in whole sentences. Plain text: it may quote the service, so escape it where markdown renders.
    pub fn person(&self) -> String {
        let mut sentences = vec![self.happened()];
        if let Doing::Changing { verb, .. } = &self.0.doing {
            sentences.push(match self.carried() {
                Carried::No => "Nothing was changed.".to_owned(),
                Carried::Maybe => format!(
                    "It is not known whether the connector {}: look at its status before you try again.",
                    was(*verb)
                ),
            });
        }
        sentences.extend(self.advice());
        sentences.join(" ")
    }

    fn happened(&self) -> String {
        match self.kind() {
            ErrorKind::Unreachable => "The lifecycle service could not be reached.".to_owned(),
            ErrorKind::Timeout => "The lifecycle service did not answer in time.".to_owned(),
            ErrorKind::Interrupted => {
                "The connection to the lifecycle service broke before its answer was complete.".to_owned()
            }
            ErrorKind::Unauthorized => "The lifecycle service refused our token.".to_owned(),
            ErrorKind::RateLimited { .. } => {
                "The lifecycle service was asked too often and wants us to wait.".to_owned()
            }
            ErrorKind::Unavailable { .. } => "The lifecycle service takes no requests at the moment.".to_owned(),
            ErrorKind::Refused(problem) => self.refused(problem),
            ErrorKind::Malformed(_) => "The lifecycle service gave an answer that cannot be understood.".to_owned(),
            ErrorKind::TooLarge(_) => "The lifecycle service gave an answer that is far too long.".to_owned(),
            ErrorKind::Server(status) => {
                format!("The lifecycle service had an error of its own ({status}).")
            }
            ErrorKind::Redirected(_) => {
                "The lifecycle service sent us to another address, and we do not follow.".to_owned()
            }
            ErrorKind::Stale(_) => "The lifecycle service shows what was the case some time ago, not now.".to_owned(),
            ErrorKind::CircuitOpen(_) => {
                "The lifecycle service failed several times in a row, so we leave it alone for a moment.".to_owned()
            }
        }
    }

    fn refused(&self, problem: &Problem) -> String {
        match problem.kind() {
            Some(ProblemKind::NotStopped) => match &self.0.doing {
                Doing::Changing { verb: Verb::Redeploy, .. } => {
                    "The connector is not stopped, and only a stopped connector can be redeployed: stop it first."
                        .to_owned()
                }
                _ => "The connector is neither Stopped nor Ready to Start.".to_owned(),
            },
            Some(ProblemKind::AlreadyRunning) => "The connector is running already.".to_owned(),
            Some(ProblemKind::NotRunning) => "The connector is not running.".to_owned(),
            Some(ProblemKind::OperationInProgress) => match &problem.operation_id {
                Some(id) => {
                    format!("Another operation is under way on the connector ({}): wait until it is over.", cut(id))
                }
                None => "Another operation is under way on the connector: wait until it is over.".to_owned(),
            },
            Some(ProblemKind::SameEnvironment) => "The connector is in that environment already.".to_owned(),
            Some(ProblemKind::UnknownEnvironment) => "The lifecycle service does not have that environment.".to_owned(),
            Some(ProblemKind::UnknownConnector) => {
                "The lifecycle service does not have that connector (any more): look at the status again.".to_owned()
            }
            Some(ProblemKind::UnknownOperation) => {
                "The lifecycle service does not know of that operation (any more).".to_owned()
            }
            Some(ProblemKind::RevisionMismatch) => {
                "The connector has changed since it was read: look at its status again.".to_owned()
            }
            _ => format!("The lifecycle service refused: {}.", said(problem)),
        }
    }

    fn advice(&self) -> Option<String> {
        let sentence = match self.kind() {
            ErrorKind::Refused(_) => return None,
            ErrorKind::Unauthorized => "Whoever installed Botswain has to set LIFECYCLE_TOKEN right.".to_owned(),
            ErrorKind::Redirected(_) | ErrorKind::TooLarge(_) | ErrorKind::Malformed(_) => {
                "Whoever installed Botswain should check LIFECYCLE_URL, and the service behind it.".to_owned()
            }
            _ if self.carried() == Carried::Maybe => return None,
            _ => match self.retry_after() {
                Some(wait) => format!("Try again in {}.", seconds(wait)),
                None => "Try again in a moment; if it goes on, tell whoever runs the service.".to_owned(),
            },
        };
        Some(sentence)
    }
}

fn was(verb: Verb) -> &'static str {
    match verb {
        Verb::Stop => "was stopped",
        Verb::Start => "was started",
        Verb::Redeploy => "was redeployed",
        Verb::Restart => "was restarted",
    }
}

fn seconds(wait: Duration) -> String {
    match wait.as_millis().div_ceil(1_000) {
        0 | 1 => "a second".to_owned(),
        n => format!("{n} seconds"),
    }
}

/// What a problem says, cut short.
pub(super) fn said(problem: &Problem) -> String {
    let texts = [problem.detail.as_deref(), Some(problem.title.as_str())];
    let found = texts.into_iter().flatten().map(str::trim).find(|text| !text.is_empty());
    match found {
        Some(text) => cut(text).trim_end_matches('.').to_owned(),
        None => format!("status {}", problem.status),
    }
}

/// A text from outside, on one line and cut short on a character border.
pub(super) fn cut(text: &str) -> String {
    let mut short: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED).collect();
    if text.chars().nth(QUOTED).is_some() {
        short.push('…');
    }
    short
}

impl fmt::Display for LifecycleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.doing {
            Doing::Reading(what) => write!(f, "reading {what}: ")?,
            Doing::Changing { verb, connector } => {
                write!(f, "{} {}: ", verb.word(), cut(connector.as_str()))?;
            }
        }
        match self.kind() {
            ErrorKind::Unreachable => write!(f, "no connection")?,
            ErrorKind::Timeout => write!(f, "no answer in time")?,
            ErrorKind::Interrupted => write!(f, "the connection broke")?,
            ErrorKind::Unauthorized => write!(f, "the token was refused")?,
            ErrorKind::RateLimited { retry_after } => {
                write!(f, "rate limited, retry after {retry_after:?}")?;
            }
            ErrorKind::Unavailable { retry_after } => {
                write!(f, "unavailable, retry after {retry_after:?}")?;
            }
            ErrorKind::Refused(problem) => {
                let slug = problem.kind().map(ProblemKind::slug);
                let slug = slug.map_or_else(|| cut(&problem.type_uri), str::to_owned);
                write!(f, "refused ({slug}, status {}): {}", problem.status, said(problem))?;
            }
            ErrorKind::Malformed(why) => write!(f, "malformed answer: {}", cut(why))?,
            ErrorKind::TooLarge(limit) => write!(f, "answer longer than {limit} bytes")?,
            ErrorKind::Server(status) => write!(f, "status {status}")?,
            ErrorKind::Redirected(status) => write!(f, "redirected (status {status})")?,
            ErrorKind::Stale(age) => write!(f, "what it shows is {age:?} old")?,
            ErrorKind::CircuitOpen(wait) => write!(f, "circuit open for {wait:?} more")?,
        }
        if let Some(cause) = &self.0.cause {
            write!(f, " ({})", cut(cause))?;
        }
        if self.carried() == Carried::Maybe {
            write!(f, "; may have been carried out")?;
        }
        Ok(())
    }
}

impl fmt::Debug for LifecycleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LifecycleError({self})")
    }
}

impl std::error::Error for LifecycleError {}
