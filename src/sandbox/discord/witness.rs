//! For those who look on from inside the process: every request with its answer, and every event, as it happens. A watcher
//! that reads the logs afterwards misses what was forgotten meanwhile; this one misses nothing.
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Something that went over the bot's wires.
#[derive(Clone, Debug)]
pub enum Seen {
    /// A request and its answer, as `GET /requests` of the control interface shows it.
    Request(Value),
    /// An event as it was put on the gateway; not those that were ordered through the control interface.
    Event(String),
}

/// All who look on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witnesses(Arc<Mutex<Vec<UnboundedSender<Seen>>>>);

impl Witnesses {
    /// Another one, from now on.
    pub(crate) fn add(&self) -> UnboundedReceiver<Seen> {
        let (sender, receiver) = unbounded_channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Tells those who are still there; nothing is made for nobody.
    pub(crate) fn tell(&self, seen: impl Fn() -> Seen) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|witness| witness.send(seen()).is_ok());
    }
}
