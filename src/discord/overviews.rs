//! The environments at a glance, made once for each reading: they are asked for far more often than the fleet is read, and
//! with thousands of connectors the making takes milliseconds that nobody should wait for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Front;
use super::render::Message;
use super::render::status::{self, View};
use crate::domain::connector::Environment;
use crate::domain::policy::Picture;

/// What was made of the last picture. Losing it costs making it again.
#[derive(Clone, Debug, Default)]
pub struct Overviews(Arc<Mutex<Made>>);

#[derive(Debug, Default)]
struct Made {
    of: Arc<Picture>,
    until: Timestamp,
    messages: BTreeMap<Environment, Message>,
}

impl Overviews {
    /// An environment at a glance; `picture` is what `view` shows.
    pub fn of(&self, view: View<'_>, picture: &Arc<Picture>, environment: &Environment) -> Message {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&made.of, picture) || view.now >= made.until {
            let messages = BTreeMap::new();
            *made = Made { of: Arc::clone(picture), until: view.stands_until(), messages };
        }
        if let Some(message) = made.messages.get(environment) {
            return message.clone();
        }
        let message = status::environment(view, environment);
        made.messages.insert(environment.clone(), message.clone());
        message
    }
}

impl Front {
    /// Makes them as soon as the fleet was read, until `shutdown`.
    pub async fn keep_ready(mut self, shutdown: CancellationToken) {
        loop {
            let picture = self.picture.borrow_and_update().clone();
            for environment in picture.fleet.environments() {
                self.overviews.of(self.view(&picture), &picture, &environment);
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = self.picture.changed() => if changed.is_err() {
                    // Nothing will be read any more; the monitor's end is told by itself.
                    shutdown.cancelled().await;
                },
            }
        }
    }
}
