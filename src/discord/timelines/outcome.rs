//! What follows when a timeline could not be told. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::Attempt;
use crate::discord::delivery::pace::{Then, UNTIL_MENDED, after};
use crate::discord_api::{ApiError, TOO_MANY_THREADS, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE};
use crate::store::timeline::Telling;

/// The longest pause between two attempts at what only a person can mend.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// What could not be told for so long is news to nobody.
const OLD: Duration = Duration::from_secs(86_400);

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Keep the route, or every route, quiet for this long.
    Quiet { wait: Duration, global: bool },
    /// Try again after this long.
    Again(Duration),
    /// Try again after this long, and say once that a person is needed.
    Mend(Duration),
    /// Somebody deleted the thread: try to start another one.
    ThreadGone,
    /// Somebody deleted the card: it is to be posted anew.
    CardGone,
    /// These lines are not told.
    LeaveOut,
}

impl Next {
    /// How the attempt ended, in a word for the metrics.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Quiet { .. } => "rate_limited",
            Self::Again(_) => "failed",
            Self::Mend(_) => "refused",
            Self::ThreadGone | Self::CardGone => "deleted",
            Self::LeaveOut => "left_out",
        }
    }
}

/// What follows on `error`.
pub(super) fn next(telling: &Telling, error: &ApiError, attempt: Attempt, now: Timestamp) -> Next {
    match after(error, telling.attempts) {
        Then::Quiet { wait, global } => return Next::Quiet { wait, global },
        Then::Again(wait) => return Next::Again(wait),
        _ => {}
    }
    let is_over = telling.incident.resolved_at().is_some();
    match (attempt, error) {
        // What nobody looks at any more is not brought back.
        (Attempt::Start, ApiError::Refused { code: Some(UNKNOWN_MESSAGE), .. }) if is_over => Next::LeaveOut,
        (Attempt::Start, ApiError::Refused { code: Some(UNKNOWN_MESSAGE), .. }) => Next::CardGone,
        // Another one cannot always be started on the same message: then this comes again, and it is left at that.
        (Attempt::Tell | Attempt::Reopen, ApiError::Refused { code: Some(UNKNOWN_CHANNEL), .. }) => {
            if telling.attempts == 0 { Next::ThreadGone } else { Next::LeaveOut }
        }
        // It is locked, or stays archived.
        (Attempt::Reopen, ApiError::Refused { .. }) => Next::LeaveOut,
        (_, ApiError::Unauthorized | ApiError::Refused { status: 403 | 404, .. })
        | (_, ApiError::Refused { code: Some(TOO_MANY_THREADS), .. }) => slowly(telling, now),
        // The channel can have no threads, the thread is locked, or the lines themselves are not taken.
        _ => Next::LeaveOut,
    }
}

/// Slower each time, and not for ever.
fn slowly(telling: &Telling, now: Timestamp) -> Next {
    let since = telling.lines.first().map_or(now, |line| line.at);
    if now.duration_since(since) >= jiff::SignedDuration::try_from(OLD).unwrap_or(jiff::SignedDuration::MAX) {
        return Next::LeaveOut;
    }
    let times = 1_u32.checked_shl(telling.attempts).unwrap_or(u32::MAX);
    Next::Mend(UNTIL_MENDED.saturating_mul(times).min(LONGEST_PAUSE))
}
