//! The heartbeat: somebody outside is called for as long as whatever goes wrong would be seen and said, so that our silence is
//! noticed. Its address is a secret: whoever knows it can pretend to be us.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Client;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use crate::tally::Tally;
use crate::vitals::{Ailment, Vitals};

/// Until the connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Until the answer begins. No more of it is read.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How soon it is tried again after something was in the way.
const AGAIN: Duration = Duration::from_secs(5);

/// The heartbeat.
pub struct Heartbeat {
    vitals: Vitals,
    client: Client,
    url: SecretString,
    interval: Duration,
    /// Nothing is done before this.
    due: Option<Timestamp>,
    /// What was said of it last.
    said: Option<Kind>,
    tally: Tally,
}

/// What a step came to, without what changes from one to the next.
type Kind = (Discriminant<Beat>, Option<Discriminant<Ailment>>);

/// What one step came to.
#[derive(Debug)]
pub enum Beat {
    /// It is not time yet.
    NotDue,
    /// The one outside was called.
    Sent,
    /// It was called, and did not take it.
    Failed(NotTaken),
    /// It was not called: something that goes wrong now might go unseen or unsaid.
    Silent(Ailment),
}

/// Why a call was not taken. Its text never holds the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There was no connection.
    #[error("it cannot be reached")]
    NoConnection,
    /// There was no answer in time.
    #[error("it did not answer in time")]
    NoAnswer,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// It answered something else than success. (No redirect is followed.)
    #[error("it answered with HTTP {0}")]
    Refused(u16),
}

impl std::fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heartbeat").field("interval", &self.interval).field("due", &self.due).finish_non_exhaustive()
    }
}

impl Heartbeat {
    /// A heartbeat that calls `url` every `interval`.
    ///
    /// # Errors
    /// If the TLS library cannot be set up.
    pub fn new(vitals: Vitals, url: SecretString, interval: Duration) -> Result<Self, reqwest::Error> {
        let mut builder = crate::outgoing::client()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(HeaderValue::from_static(concat!("botswain/", env!("CARGO_PKG_VERSION"))));
        if url.expose_secret().starts_with("http:") {
            builder = builder.no_proxy();
        }
        Ok(Self { vitals, client: builder.build()?, url, interval, due: None, said: None, tally: Tally::default() })
    }

    /// How its beats ended: `sent`, `not_taken`, `held_back`.
    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Beats until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let now = Timestamp::now();
            self.step(now).await;
            let sleep = self.due.map_or(AGAIN, |due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(sleep.clamp(Duration::from_millis(100), self.interval)) => {}
            }
        }
    }

    /// Judges and calls, if it is time. Each change of what that comes to is said once.
    pub async fn step(&mut self, now: Timestamp) -> Beat {
        // A clock that was set back does not silence it.
        let waits = |due: Timestamp| due > now && due.duration_since(now).unsigned_abs() <= self.interval;
        if self.due.is_some_and(waits) {
            return Beat::NotDue;
        }
        let beat = match self.vitals.judge(now).await {
            Err(ailment) => Beat::Silent(ailment),
            Ok(()) => self.call().await.map_or_else(Beat::Failed, |()| Beat::Sent),
        };
        let wait = if matches!(beat, Beat::Sent) { self.interval } else { AGAIN.min(self.interval) };
        self.due = now.saturating_add(wait).ok();
        match &beat {
            Beat::NotDue => {}
            Beat::Sent => self.tally.count("sent"),
            Beat::Failed(_) => self.tally.count("not_taken"),
            Beat::Silent(_) => self.tally.count("held_back"),
        }
        self.say(&beat);
        beat
    }

    async fn call(&self) -> Result<(), NotTaken> {
        let answer = self.client.get(self.url.expose_secret()).send().await.map_err(|error| not_taken(&error))?;
        if answer.status().is_success() { Ok(()) } else { Err(NotTaken::Refused(answer.status().as_u16())) }
    }

    fn say(&mut self, beat: &Beat) {
        let ailment = match beat {
            Beat::Silent(ailment) => Some(discriminant(ailment)),
            _ => None,
        };
        let kind = (discriminant(beat), ailment);
        if self.said.replace(kind) == Some(kind) {
            return;
        }
        match beat {
            Beat::NotDue => {}
            Beat::Sent => tracing::info!("the heartbeat is taken"),
            Beat::Failed(why) => {
                tracing::error!(%why, "the heartbeat is not taken: look at HEARTBEAT_URL, and at the way there")
            }
            Beat::Silent(why) => tracing::error!(%why, "the heartbeat is held back"),
        }
    }
}

fn not_taken(error: &reqwest::Error) -> NotTaken {
    if error.is_timeout() {
        NotTaken::NoAnswer
    } else if error.is_connect() {
        NotTaken::NoConnection
    } else {
        NotTaken::Broken
    }
}
