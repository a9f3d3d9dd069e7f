//! When a message that could not be sent is tried again. Pure: times are arguments.

use std::collections::HashMap;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use jiff::Timestamp;

use crate::discord_api::{ApiError, THREAD_ARCHIVED, THREAD_LOCKED, TOO_MANY_OLD_EDITS, UNKNOWN_MESSAGE};
use crate::domain::ids::ChannelId;

/// The longest wait between two attempts while Discord or the way to it is in trouble.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// The wait between two attempts at what only a person can mend: a channel or a permission that is gone.
pub(in crate::discord) const UNTIL_MENDED: Duration = Duration::from_secs(300);
/// How often an old message is tried to be edited before another one goes on from it. (Discord is said to take three such
/// edits in 20 s in each channel.)
const OLD_EDIT_TRIES: u32 = 3;

/// What follows on a failure.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::discord) enum Then {
    /// Keep the route, or every route, quiet for this long.
    Quiet {
        /// For how long.
        wait: Duration,
        /// Whether every route.
        global: bool,
    },
    /// Try again after this long.
    Again(Duration),
    /// Try again after this long, and say once that a person is needed.
    Mend(Duration),
    /// The message is gone: make it anew.
    Anew,
    /// The message takes no more edits: another one goes on from it.
    Continue,
    /// It cannot succeed, however often it is tried.
    GiveUp,
}

impl Then {
    /// How the attempt ended, in a word for the metrics.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Quiet { .. } => "rate_limited",
            Self::Again(_) => "failed",
            Self::Mend(_) => "refused",
            Self::Anew => "deleted",
            Self::Continue => "continued",
            Self::GiveUp => "gave_up",
        }
    }
}

/// What follows on `error`, after this many failures in a row.
pub(in crate::discord) fn after(error: &ApiError, failures: u32) -> Then {
    match error {
        ApiError::RateLimited { retry_after, global } => Then::Quiet { wait: *retry_after, global: *global },
        // Another one in its place is for everybody to see, so it is waited for as often as that takes about a minute.
        ApiError::TooManyOldEdits { retry_after } if failures < OLD_EDIT_TRIES && *retry_after <= MAX_BACKOFF => {
            Then::Again(*retry_after)
        }
        ApiError::TooManyOldEdits { .. } => Then::Continue,
        ApiError::Server(_) | ApiError::Unreachable { .. } | ApiError::Malformed(_) => Then::Again(backoff(failures)),
        ApiError::Unauthorized => Then::Mend(UNTIL_MENDED),
        ApiError::Refused { code, status, .. } => match (*code, *status) {
            (Some(UNKNOWN_MESSAGE), _) => Then::Anew,
            (Some(TOO_MANY_OLD_EDITS), _) => Then::Continue,
            (_, 403 | 404) => Then::Mend(UNTIL_MENDED),
            // Something between us and Discord, or Discord in haste: none of it is about what was sent.
            (_, 300..400 | 408 | 409 | 425) => Then::Again(backoff(failures)),
            // An archived or locked thread is opened again by a person.
            (Some(THREAD_ARCHIVED | THREAD_LOCKED), _) => Then::Mend(UNTIL_MENDED),
            _ => Then::GiveUp,
        },
    }
}

fn backoff(failures: u32) -> Duration {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(MAX_BACKOFF / 2)
        .without_max_times()
        // Up to as much again.
        .with_jitter()
        .build()
        .nth(usize::try_from(failures.min(10)).unwrap_or(10))
        .unwrap_or(MAX_BACKOFF)
        .min(MAX_BACKOFF)
}

/// A route that Discord limits by itself: posting and editing have budgets of their own in each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::discord) enum Route {
    /// Posting, and reading back before it.
    Post(ChannelId),
    /// Editing.
    Edit(ChannelId),
    /// Starting threads on messages.
    Threads(ChannelId),
}

/// What Discord asked to be kept quiet. Losing it costs one more 429.
#[derive(Debug, Default)]
pub(in crate::discord) struct Quiet {
    everything: Option<Timestamp>,
    routes: HashMap<Route, Timestamp>,
}

impl Quiet {
    /// Keeps one route quiet, or every route.
    pub(in crate::discord) fn keep(&mut self, route: Route, global: bool, until: Timestamp) {
        if global {
            self.everything = self.everything.max(Some(until));
        } else {
            let held = self.routes.entry(route).or_insert(until);
            *held = until.max(*held);
        }
    }

    /// Until when everything is quiet.
    pub(in crate::discord) fn everything(&self, now: Timestamp) -> Option<Timestamp> {
        self.everything.filter(|until| *until > now)
    }

    /// Until when this route is quiet.
    pub(in crate::discord) fn route(&mut self, route: Route, now: Timestamp) -> Option<Timestamp> {
        self.routes.retain(|_, until| *until > now);
        self.routes.get(&route).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: u32) -> ApiError {
        ApiError::Refused { status, code: Some(code), message: String::new() }
    }

    #[test]
    fn only_what_is_wrong_with_the_message_itself_is_given_up() {
        assert_eq!(after(&refused(400, 50_035), 0), Then::GiveUp);
        assert_eq!(after(&refused(413, 40_005), 0), Then::GiveUp);
        for (status, code) in [(404, 10_003), (403, 50_001), (403, 50_013), (400, 50_083), (400, 160_005)] {
            assert_eq!(after(&refused(status, code), 0), Then::Mend(UNTIL_MENDED), "{code}");
        }
        assert_eq!(after(&ApiError::Unauthorized, 0), Then::Mend(UNTIL_MENDED));
        assert_eq!(after(&refused(404, 10_008), 3), Then::Anew);
    }

    #[test]
    fn an_old_message_is_waited_for_about_a_minute_and_then_left() {
        let wait = Duration::from_secs(20);
        let error = ApiError::TooManyOldEdits { retry_after: wait };
        assert_eq!(
            [0, 1, 2].map(|failures| after(&error, failures)),
            [Then::Again(wait), Then::Again(wait), Then::Again(wait)]
        );
        assert_eq!(after(&error, 3), Then::Continue);
        assert_eq!(after(&ApiError::TooManyOldEdits { retry_after: Duration::from_secs(3600) }, 0), Then::Continue);
        assert_eq!(after(&refused(400, 30_046), 0), Then::Continue);
    }

    #[test]
    fn p1_waits_grow_to_a_minute_and_never_end() {
        for (failures, least, most) in [(0, 1, 2), (3, 8, 16), (9, 30, 60), (5000, 30, 60)] {
            let Then::Again(wait) = after(&ApiError::Server(503), failures) else { panic!("it is tried again") };
            let seconds = wait.as_secs();
            assert!((least..=most).contains(&seconds), "{failures}: {wait:?}");
        }
    }

    #[test]
    fn a_quiet_route_holds_no_other_and_a_global_one_holds_all() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (post, edit) = (Route::Post(ChannelId(1)), Route::Edit(ChannelId(1)));
        let mut quiet = Quiet::default();
        quiet.keep(edit, false, at(10));
        assert_eq!((quiet.route(edit, at(9)), quiet.route(post, at(9))), (Some(at(10)), None));
        assert_eq!(quiet.route(edit, at(10)), None);
        quiet.keep(post, true, at(30));
        quiet.keep(post, true, at(20));
        assert_eq!((quiet.everything(at(29)), quiet.everything(at(30))), (Some(at(30)), None));
    }
}
