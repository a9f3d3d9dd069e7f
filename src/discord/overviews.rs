//! The environments at a glance, made once for each reading: they are asked for far more often than the fleet is read, and
//! with thousands of connectors the making takes milliseconds that nobody should wait for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};
use tokio_util::sync::CancellationToken;

use super::Front;
use super::interactions::answer::private;
use super::render::Message;
use super::render::overview;
use super::render::status::View;
use crate::domain::connector::Environment;
use crate::domain::policy::Picture;
use crate::domain::tiles::Show;

/// How long after a change they are made, if nobody asks for them before: an alert that follows from it goes first, and of the
/// changes that an operation makes one after the other only the last is drawn.
const AFTER_YOU: Duration = Duration::from_millis(200);

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
            let message = overview::page(view, environment, Show::Everything, 0);
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
            tokio::time::sleep(AFTER_YOU).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::connector::tests::connector;
    use crate::domain::connector::{AgentStatus, Connector, LastOperation, Link};
    use crate::domain::fleet::Reading;
    use crate::domain::policy::Policy;
    use crate::domain::policy::Terms;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Two connectors, one of which was started at 990.
    fn picture() -> Arc<Picture> {
        let started = LastOperation { what: "started".into(), by: None, at: Some(at(990)) };
        let starting = Connector {
            agent: AgentStatus::NotConnected,
            conversational_cloud: Link::NotConnected,
            last_operation: Some(started),
            ..connector("billing-2", "Billing Bot", "production")
        };
        let connectors = vec![connector("billing-1", "Billing Bot", "production"), starting];
        let mut picture = Picture::default();
        picture.fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(1000));
        let bot = picture.fleet.bots()[0].clone();
        picture.highest.raise(&bot.bot.id, &bot.environment, 2);
        Arc::new(picture)
    }

    #[test]
    fn an_overview_is_kept_until_a_grace_ends_the_reading_gets_old_or_another_comes() {
        let production = Environment::new("production");
        let terms = Terms { minimum: 2, start_grace: Duration::from_secs(100), ..Terms::default() };
        let policy = Policy::new(terms, vec![production.clone()], BTreeMap::new());
        let (overviews, first) = (Overviews::default(), picture());
        let of = |picture: &Arc<Picture>, now| {
            let view = View { picture, policy: &policy, poll_interval: Duration::from_secs(60), now: at(now) };
            overviews.of(view, picture, &production)
        };
        let text = |overview: &Overview| overview.message.body().to_string();
        let starting = of(&first, 1000);
        assert!(text(&starting).contains("Starting"), "{starting:?}");
        assert!(Arc::ptr_eq(&starting, &of(&first, 1089)), "nothing changed, so nothing is made anew");
        let at_risk = of(&first, 1090);
        assert!(text(&at_risk).contains("At risk") && !text(&at_risk).contains("out of date"), "{at_risk:?}");
        let old = of(&first, 1180);
        assert!(text(&old).contains("out of date"), "{old:?}");
        assert!(!Arc::ptr_eq(&old, &of(&picture(), 1180)), "another reading");
        assert!(starting.written.get().contains("Starting"), "what is sent says the same");
    }
}
