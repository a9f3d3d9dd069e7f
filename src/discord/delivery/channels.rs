//! Which channels take what we send, as far as it was tried.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::lock;
use super::pace::Route;
use crate::discord_api::{
    ApiError, MISSING_ACCESS, MISSING_PERMISSIONS, THREAD_ARCHIVED, THREAD_LOCKED, UNKNOWN_CHANNEL,
};
use crate::domain::ids::ChannelId;
use crate::domain::trouble::{Obstacle, Passage};

/// What the last attempt in each channel came to. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    tried: Arc<Mutex<HashMap<ChannelId, Passage>>>,
    bell: Arc<Notify>,
}

impl Channels {
    /// How it is with a channel.
    pub fn passage(&self, channel: ChannelId) -> Passage {
        lock(&self.tried).get(&channel).cloned().unwrap_or(Passage::Untried)
    }

    /// How many take nothing.
    pub fn blocked(&self) -> usize {
        lock(&self.tried).values().filter(|passage| matches!(passage, Passage::Blocked(_))).count()
    }

    /// Waits until it is otherwise with one of them.
    pub async fn changed(&self) {
        self.bell.notified().await;
    }

    pub(super) fn note(&self, channel: ChannelId, passage: Passage) {
        if lock(&self.tried).insert(channel, passage.clone()) != Some(passage) {
            self.bell.notify_one();
        }
    }
}

/// What an error that only a person can mend says of the channel; `None` if it is not the channel's.
pub(super) fn obstacle(error: &ApiError, route: Route) -> Option<Obstacle> {
    let ApiError::Refused { code, message, .. } = error else { return None };
    match (*code, route) {
        (Some(UNKNOWN_CHANNEL), _) => Some(Obstacle::Gone),
        (Some(MISSING_ACCESS), _) => Some(Obstacle::NoAccess),
        (Some(MISSING_PERMISSIONS), _) => Some(Obstacle::NoPermission),
        (Some(THREAD_ARCHIVED | THREAD_LOCKED), _) => Some(Obstacle::Archived),
        // It may be about that one message.
        (_, Route::Edit(_) | Route::Threads(_)) => None,
        (_, Route::Post(_)) => Some(Obstacle::Refused { why: message.clone() }),
    }
}
