//! The environments at a glance, made once for each reading: they are asked for far more often than the fleet is read, and
//! with thousands of connectors the making takes milliseconds that nobody should wait for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};
use tokio_util::sync::CancellationToken;

use super::Front;
use super::interactions::answer::private;
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
    overviews: BTreeMap<Environment, Arc<Overview>>,
}

/// An environment at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// As a message.
    pub message: Message,
    /// As the private answer to a command, in Discord's own words.
    pub(super) written: Box<RawValue>,
}

impl Overviews {
    /// An environment at a glance; `picture` is what `view` shows.
    pub fn of(&self, view: View<'_>, picture: &Arc<Picture>, environment: &Environment) -> Arc<Overview> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&made.of, picture) || view.now >= made.until {
            *made = Made { of: Arc::clone(picture), until: view.stands_until(), overviews: BTreeMap::new() };
        }
        let overview = made.overviews.entry(environment.clone()).or_insert_with(|| {
            let message = status::environment(view, environment);
            // Maps with text keys and finite numbers only: this cannot fail.
            let written = to_raw_value(&private(&message)).unwrap_or_else(|_| RawValue::NULL.to_owned());
            Arc::new(Overview { message, written })
        });
        Arc::clone(overview)
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
