//! Who goes first to SQLite's one connection: whom a person waits for, before what nobody waits for.
//!
//! A press confirms in one transaction, and what it sets going takes ten. Without this they would stand in one line. PostgreSQL
//! has a connection for each.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::AnyPool;
use tokio::sync::{Mutex, MutexGuard, Notify};

/// How long those whom somebody waits for may keep one of the others waiting: an alert is three of them. It is as long as a
/// crowd of presses needs.
const LONGEST: Duration = Duration::from_millis(50);

/// The two lines.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// One of the others at a time, so that no more than one of them is ever in front.
    others: Mutex<()>,
    awaited: AtomicUsize,
    passed: Notify,
}

/// Somebody waits for what is done while this is held.
pub(crate) struct Awaited<'a>(&'a Lanes);

/// The connection, for something that nobody waits for.
pub(super) struct Other<'a> {
    pool: &'a AnyPool,
    _turn: Option<MutexGuard<'a, ()>>,
}

impl Lanes {
    pub(super) fn awaited(&self) -> Awaited<'_> {
        self.awaited.fetch_add(1, Ordering::SeqCst);
        Awaited(self)
    }

    /// Lets those pass whom somebody waits for.
    async fn turn(&self) -> MutexGuard<'_, ()> {
        let turn = self.others.lock().await;
        let nobody = async {
            loop {
                let passed = self.passed.notified();
                if self.awaited.load(Ordering::SeqCst) == 0 {
                    return;
                }
                passed.await;
            }
        };
        // In vain only if so much is asked that they would never have their turn.
        tokio::time::timeout(LONGEST, nobody).await.ok();
        turn
    }
}

impl<'a> Other<'a> {
    pub(super) async fn of(pool: &'a AnyPool, lanes: Option<&'a Lanes>) -> Self {
        let turn = match lanes {
            Some(lanes) => Some(lanes.turn().await),
            None => None,
        };
        Self { pool, _turn: turn }
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.0.awaited.fetch_sub(1, Ordering::SeqCst);
        self.0.passed.notify_waiters();
    }
}

impl Deref for Other<'_> {
    type Target = AnyPool;

    fn deref(&self) -> &AnyPool {
        self.pool
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_lets_pass_whom_somebody_waits_for() {
        let lanes = Lanes::default();
        let (first, second) = (lanes.awaited(), lanes.awaited());
        let mut other = pin!(lanes.turn());
        assert!(poll!(other.as_mut()).is_pending());
        drop(first);
        assert!(poll!(other.as_mut()).is_pending(), "another one still waits");
        drop(second);
        let turn = other.await;
        let mut next = pin!(lanes.turn());
        assert!(poll!(next.as_mut()).is_pending(), "one at a time is in front");
        drop(turn);
        drop(next.await);
    }

    #[tokio::test]
    async fn however_many_press_the_others_have_their_turn() {
        let lanes = Lanes::default();
        let _press = lanes.awaited();
        drop(lanes.turn().await);
    }
}
