//! Follows the service's event stream: opens it, takes up where it left off, and comes again, later each time.
//!
//! What fails here is no blindness: a push only makes sooner what the next poll finds. So it is said once, and no more.
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::convert::{is_addressable, object};
use super::error::{Carried, Doing, ErrorKind, LifecycleError, cut};
use super::pushes::{Pushes, Word};
use super::sse::{Frame, Parser};
use super::transport::{Following, Transport, lost};
use crate::domain::connector::Revision;
use crate::domain::ids::ConnectorId;

const EVENT_STREAM: &str = "text/event-stream";
const DOING: Doing = Doing::Reading("the event stream");
/// What a service asks for at least, when it asks for haste.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// The longest that a service that cannot be asked now (`Retry-After`) is left alone.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);
/// A stream that stood for so long was no failure.
const STEADY: Duration = Duration::from_secs(5);
/// Failures in a row after which it is said that the stream is down.
const DOWN_AFTER: u32 = 3;

/// How the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// It does not stand (yet).
    Down,
    /// It stands.
    Stands,
    /// The service does not offer one: it is polled only.
    NotOffered,
}

/// The stream of what changes.
#[derive(Debug)]
pub struct EventStream {
    transport: Transport,
    pushes: Arc<Pushes>,
    state: watch::Sender<StreamState>,
    last_id: Option<String>,
    retry: Option<Duration>,
    failures: u32,
    said: Said,
}

/// What was said last in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Stands,
    Down,
    NotOffered,
    Unauthorized,
}

/// Why the stream does not stand any more.
#[derive(Debug)]
enum Ended {
    /// It stood for this long.
    Cut(Duration, LifecycleError),
    /// It did not come about.
    Failed(LifecycleError),
    /// The service does not have it.
    NotOffered(LifecycleError),
    /// The service does not know where we left off.
    Forgotten(LifecycleError),
}

#[derive(Deserialize)]
struct Changed {
    connector: Named,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    revision: String,
}

#[derive(Deserialize)]
struct Removed {
    connector_id: String,
}

impl EventStream {
    pub(super) fn new(transport: Transport) -> Self {
        Self {
            transport,
            pushes: Arc::default(),
            state: watch::Sender::new(StreamState::Down),
            last_id: None,
            retry: None,
            failures: 0,
            said: Said::Nothing,
        }
    }

    /// What it tells.
    pub fn pushes(&self) -> Arc<Pushes> {
        Arc::clone(&self.pushes)
    }

    /// How it is, now and at each change.
    pub fn state(&self) -> watch::Receiver<StreamState> {
        self.state.subscribe()
    }

    /// Follows it until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) {
        loop {
            let ended = match self.open().await {
                Ok(response) => {
                    let opened = Instant::now();
                    self.say(Said::Stands, None);
                    self.state.send_replace(StreamState::Stands);
                    let why = self.read(response).await;
                    Ended::Cut(opened.elapsed(), why)
                }
                Err(ended) => ended,
            };
            let wait = self.judge(ended);
            tokio::time::sleep(wait).await;
        }
    }

    async fn open(&self) -> Result<Response, Ended> {
        let url = self.transport.at(&["events"]);
        let mut request = self.transport.get(url).header(ACCEPT, EVENT_STREAM);
        let last = self.last_id.as_ref().and_then(|id| HeaderValue::from_bytes(id.as_bytes()).ok());
        let resumes = last.is_some();
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = self.transport.open(&DOING, request).await.map_err(Ended::Failed)?;
        let status = response.status();
        if status == StatusCode::OK && is_event_stream(&response) {
            return Ok(response);
        }
        let error = match status {
            // Its body is of no interest, and may have no end.
            status if status.is_success() => malformed(&format!("status {} without a stream", status.as_u16())),
            _ => self.transport.refusal(&DOING, response).await,
        };
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => Ended::Failed(error),
            // It may be the id that is refused.
            status if resumes && status.is_client_error() => Ended::Forgotten(error),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE | StatusCode::GONE => {
                Ended::NotOffered(error)
            }
            StatusCode::NOT_IMPLEMENTED => Ended::NotOffered(error),
            status if status.is_success() => Ended::NotOffered(error),
            _ => Ended::Failed(error),
        })
    }

    /// Reads until it ends; says why it did.
    async fn read(&mut self, mut response: Response) -> LifecycleError {
        let idle = self.transport.settings.events.idle;
        let mut parser = Parser::default();
        let mut heard = Instant::now();
        let mut said = false;
        loop {
            let left = idle.saturating_sub(heard.elapsed());
            let chunk = match tokio::time::timeout(left, response.chunk()).await {
                // Bytes may come without end, and no line of them end.
                _ if left.is_zero() => return LifecycleError::new(DOING, ErrorKind::Timeout, Carried::No),
                Err(_) => return LifecycleError::new(DOING, ErrorKind::Timeout, Carried::No),
                Ok(Err(error)) => return lost(&DOING, error),
                Ok(Ok(None)) => return LifecycleError::new(DOING, ErrorKind::Interrupted, Carried::No),
                Ok(Ok(Some(chunk))) => chunk,
            };
            let lines = parser.lines();
            for frame in parser.feed(&chunk) {
                if let Err(why) = self.take(&frame) {
                    // The next poll finds what it was about.
                    if !std::mem::replace(&mut said, true) {
                        tracing::warn!(event = %cut(&frame.name), why, "an event could not be read");
                    }
                }
            }
            if parser.lines() > lines {
                heard = Instant::now();
            }
            if let Some(id) = parser.last_id() {
                self.last_id = Some(id.to_owned()).filter(|id| !id.is_empty());
            }
            self.retry = parser.retry().or(self.retry);
        }
    }

    fn take(&self, frame: &Frame) -> Result<(), String> {
        let data = || frame.data.as_deref().ok_or_else(|| "it is too long".to_owned());
        let named = |id: String| {
            if is_addressable(&id) { Ok(ConnectorId::new(id)) } else { Err("its id cannot be used".to_owned()) }
        };
        match frame.name.as_str() {
            "connector.changed" => {
                let Changed { connector } = object(data()?.as_bytes())?;
                self.pushes.named(named(connector.id)?, Word::Has(Revision(connector.revision)));
            }
            "connector.removed" => {
                let Removed { connector_id } = object(data()?.as_bytes())?;
                self.pushes.named(named(connector_id)?, Word::Gone);
            }
            "reset" => self.pushes.any(),
            // What happens to operations is asked by whoever carries them out; other words may come.
            _ => {}
        }
        Ok(())
    }

    /// How long to wait until it is opened again. What is to be known of it is said here.
    fn judge(&mut self, ended: Ended) -> Duration {
        let settings = &self.transport.settings.events;
        let (state, error) = match ended {
            Ended::Cut(stood, error) => {
                if stood >= STEADY {
                    self.failures = 0;
                }
                (StreamState::Down, error)
            }
            Ended::Failed(error) => (StreamState::Down, error),
            Ended::NotOffered(error) => (StreamState::NotOffered, error),
            Ended::Forgotten(error) => {
                self.last_id = None;
                self.pushes.any();
                (StreamState::Down, error)
            }
        };
        self.state.send_replace(state);
        if state == StreamState::NotOffered {
            let wait = jittered(settings.not_offered);
            self.say(Said::NotOffered, Some(&error));
            return wait;
        }
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let wait = jittered(settings.pause(self.retry, self.failures)).max(asked);
        self.failures = self.failures.saturating_add(1);
        tracing::debug!(%error, ?wait, failures = self.failures, "the event stream does not stand");
        match error.kind() {
            ErrorKind::Unauthorized => self.say(Said::Unauthorized, Some(&error)),
            _ if self.failures >= DOWN_AFTER => self.say(Said::Down, Some(&error)),
            _ => {}
        }
        wait
    }

    fn say(&mut self, what: Said, error: Option<&LifecycleError>) {
        if self.said == what {
            return;
        }
        self.said = what;
        let error = error.map(tracing::field::display);
        match what {
            Said::Nothing => {}
            Said::Stands => tracing::info!("the event stream stands, so that what changes is seen at once"),
            Said::Down => {
                tracing::warn!(error, "the event stream is down, so that what changes is found by polls only")
            }
            Said::NotOffered => {
                tracing::info!(error, "the lifecycle service offers no event stream, so that it is polled only");
            }
            Said::Unauthorized => {
                tracing::error!(
                    error,
                    "the event stream is refused to our token, so that what changes is found by polls only"
                );
            }
        }
    }
}

impl Following {
    /// How long to wait after so many failures in a row, when the service would have it be `retry`.
    fn pause(&self, retry: Option<Duration>, failures: u32) -> Duration {
        let first = retry.map_or(self.wait, |asked| asked.max(SHORTEST_WAIT));
        first.saturating_mul(2_u32.saturating_pow(failures)).min(self.longest_wait)
    }
}

fn is_event_stream(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(EVENT_STREAM)
}

fn malformed(why: &str) -> LifecycleError {
    LifecycleError::new(DOING, ErrorKind::Malformed(why.to_owned()), Carried::No)
}

/// From half of it to all of it, so that those who lost it together do not come together.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_the_service_is_heeded_within_bounds() {
        let following = Following::default();
        let pause =
            |retry: Option<u64>, failures| following.pause(retry.map(Duration::from_millis), failures).as_millis();
        let waits: Vec<_> = (0..8).map(|failures| pause(None, failures)).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!((pause(Some(0), 0), pause(Some(250), 0), pause(Some(250), 2)), (100, 250, 1_000));
        assert_eq!((pause(Some(u64::MAX), 0), pause(None, u32::MAX)), (60_000, 60_000));
        for _ in 0..100 {
            let wait = jittered(Duration::from_secs(10)).as_millis();
            assert!((5_000..=10_000).contains(&wait), "{wait}");
        }
    }
}
