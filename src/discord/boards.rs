//! The boards kept true: whenever the fleet was read, each one that is on is held against what is seen, and written anew if
//! it says something else.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::board::{Board, CHECKED_EVERY, Shown};
use crate::domain::policy::{Picture, Policy};
use crate::store::{Store, StoreError};

/// How long after a change boards are written: alerts go first, and what changes at once is one edit.
const AFTER_YOU: Duration = Duration::from_secs(2);
/// The longest sleep: a board that was just put up is filled by then.
const LOOK: Duration = Duration::from_secs(10);
/// How many polls may fail until a board says so: a single one is no news.
const PATIENCE: u32 = 2;

/// Keeps the boards.
#[derive(Debug)]
pub struct Boards {
    store: Store,
    picture: watch::Receiver<Arc<Picture>>,
    policy: Policy,
    poll_interval: Duration,
    /// Rung when there is something to deliver.
    delivery: Arc<Notify>,
}

impl Boards {
    /// A keeper of the boards in `store`.
    pub fn new(
        store: Store,
        picture: watch::Receiver<Arc<Picture>>,
        policy: Policy,
        poll_interval: Duration,
        delivery: Arc<Notify>,
    ) -> Self {
        Self { store, picture, policy, poll_interval, delivery }
    }

    /// Keeps them until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut failing = false;
        while !shutdown.is_cancelled() {
            let written = self.step(Timestamp::now()).await;
            match &written {
                Ok(_) => {}
                Err(error) if failing => tracing::debug!(%error, "the boards can still not be kept"),
                Err(error) => tracing::warn!(%error, "the boards could not be kept"),
            }
            failing = written.is_err();
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = self.picture.changed() => if changed.is_err() {
                    // Nothing will be read any more; the monitor's end is told by itself.
                    shutdown.cancelled().await;
                },
                () = tokio::time::sleep(LOOK) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(AFTER_YOU) => {}
            }
        }
    }

    /// Holds each board that is on against what is seen; how many are to be edited.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn step(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let picture = self.picture.borrow_and_update().clone();
        if picture.fleet.read_at().is_none() {
            return Ok(0);
        }
        let mut written = 0;
        for board in self.store.boards().await? {
            let seen = Shown::of(&picture, &self.policy, &board.environment, self.poll_interval, now);
            if board.has_news(&seen) && !self.may_pass(&board, &picture, now) {
                self.store.say_board(&Board { shown: Some(seen), ..board }, now).await?;
                written += 1;
            }
        }
        if written > 0 {
            self.delivery.notify_one();
        }
        Ok(written)
    }

    /// Whether what could not be read may come with the next poll, and the board can wait for that.
    fn may_pass(&self, board: &Board, picture: &Picture, now: Timestamp) -> bool {
        let since = |at: Timestamp| now.duration_since(at).unsigned_abs();
        let patience = self.poll_interval.saturating_mul(PATIENCE);
        let is_recent = picture.fleet.blind_since().is_some_and(|at| since(at) < patience);
        is_recent && board.shown.as_ref().is_some_and(|shown| since(shown.checked_at) < CHECKED_EVERY + patience)
    }
}
