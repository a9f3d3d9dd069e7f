//! The client of the lifecycle service: what the rest of the product asks of it.
use std::collections::HashSet;
use std::time::Instant;

use reqwest::header::{HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{StatusCode, Url};

use super::contract::{self, MAX_REASON, MAX_REQUESTED_BY, NewOperation, OperationList, ProblemKind};
use super::convert::{self, RawPage, Records, ServiceOperation, is_addressable};
use super::error::{Carried, Doing, ErrorKind, LifecycleError};
use super::events::EventStream;
use super::transport::{Reply, Settings, SettingsError, Transport};
use crate::domain::action::Action;
use crate::domain::connector::{Connector, Revision};
use crate::domain::fleet::{Malformed, Reading};
use crate::domain::ids::{BotId, ConnectorId};

/// The state of the whole fleet as one opaque word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(String);

/// What came of asking for the fleet.
#[derive(Debug, Clone)]
pub enum FleetAnswer {
    /// It is as it was when the tag was given.
    NotModified,
    /// It was read, at least in part.
    Read(FleetRead),
}

/// The fleet, or as much of it as came.
#[derive(Debug, Clone)]
pub struct FleetRead {
    /// To ask with the next time; only of a reading in which nothing was missing or malformed.
    pub etag: Option<Etag>,
    /// The connectors that could be read, ordered by id.
    pub connectors: Vec<Connector>,
    /// Records that could not be read, or came twice.
    pub malformed: Vec<Malformed>,
    /// Whether every page came.
    pub complete: bool,
}

impl From<FleetRead> for Reading {
    fn from(read: FleetRead) -> Self {
        Self { connectors: read.connectors, malformed: read.malformed, complete: read.complete }
    }
}

/// A change to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The connector.
    pub connector: &'a ConnectorId,
    /// What to do with it.
    pub action: &'a Action,
    /// The revision that it must still have.
    pub revision: Option<&'a Revision>,
    /// The idempotency key: the same for each attempt at this change, 1 to 255 visible ASCII characters.
    pub key: &'a str,
    /// Who wants it; cut to what the contract takes.
    pub requested_by: &'a str,
    /// Why; cut to what the contract takes.
    pub reason: Option<&'a str>,
}

/// The client. Clones share connections and the circuit breaker.
///
/// Reads are tried again; a change only where nothing can have been carried out. No redirect is followed, no proxy used, no address but
/// that of the settings gets the token, and no answer is read beyond its limit.
#[derive(Debug, Clone)]
pub struct LifecycleClient {
    transport: Transport,
}

impl LifecycleClient {
    /// A client of these settings; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the settings would send the token where it must not go, or make no sense.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Transport::new(settings).map(|transport| Self { transport })
    }

    /// The stream of what changes, to be followed; nothing is opened yet.
    pub fn events(&self) -> EventStream {
        EventStream::new(self.transport.clone())
    }

    /// Reads the fleet, all pages of one moment; with `etag`, only if it changed since.
    ///
    /// # Errors
    ///
    /// When not even the first page came, or what it shows is old. If a later one is missing, what came is given, as not
    /// complete.
    pub async fn fleet(&self, etag: Option<&Etag>) -> Result<FleetAnswer, LifecycleError> {
        let url = self.transport.at(&["connectors"]);
        self.pages(url, etag).await
    }

    /// Reads the connectors of one bot, in all environments.
    ///
    /// # Errors
    ///
    /// As [`LifecycleClient::fleet`].
    pub async fn connectors_of(&self, bot: &BotId) -> Result<FleetRead, LifecycleError> {
        let mut url = self.transport.at(&["connectors"]);
        url.query_pairs_mut().append_pair("bot", bot.as_str());
        match self.pages(url, None).await? {
            FleetAnswer::Read(mut read) => {
                read.connectors.retain(|connector| connector.bot.id == *bot);
                Ok(read)
            }
            FleetAnswer::NotModified => Err(LifecycleError::malformed("304 without a tag")),
        }
    }

    /// Reads one connector.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or there is none (`unknown-connector`).
    pub async fn connector(&self, id: &ConnectorId) -> Result<Connector, LifecycleError> {
        let doing = Doing::Reading("a connector");
        addressable(&doing, id.as_str())?;
        let url = self.transport.at(&["connectors", id.as_str()]);
        let read = |reply: Reply| {
            let connector = convert::connector(&reply.body)?;
            same(connector.id == *id, connector)
        };
        self.transport.call(&doing, self.transport.get(url), read).await
    }

    /// Asks for a change. It was accepted if there is an operation; then read that until it is over, and the connector after it.
    ///
    /// # Errors
    ///
    /// [`LifecycleError::carried`] says whether it may have been carried out all the same.
    pub async fn begin(&self, change: &Change<'_>) -> Result<ServiceOperation, LifecycleError> {
        let doing = Doing::Changing { verb: change.action.verb(), connector: change.connector.clone() };
        addressable(&doing, change.connector.as_str())?;
        let unsendable = |what: &str| {
            let kind = ErrorKind::Malformed(format!("{what} cannot be sent"));
            LifecycleError::new(doing.clone(), kind, Carried::No)
        };
        let body = serde_json::to_vec(&wire(change)).map_err(|_| unsendable("the change"))?;
        let key = HeaderValue::from_str(change.key).map_err(|_| unsendable("the key"))?;
        let url = self.transport.at(&["connectors", change.connector.as_str(), "operations"]);
        let mut request = self
            .transport
            .post(url)
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .body(body);
        if let Some(Revision(revision)) = change.revision {
            let tag = HeaderValue::from_str(&format!("\"{revision}\"")).map_err(|_| unsendable("the revision"))?;
            request = request.header(IF_MATCH, tag);
        }
        let read = |reply: Reply| {
            let operation: contract::Operation = reply.json()?;
            let ours = operation.idempotency_key == change.key && operation.connector_id == change.connector.as_str();
            same(ours && !operation.id.is_empty(), convert::operation(operation))
        };
        self.transport.call(&doing, request, read).await
    }

    /// Uses the key of a change up, so that no call with it that is still on its way is carried out any more: asks for the same
    /// once more, held to a revision that no connector has. What was accepted under the key before, if something was.
    ///
    /// # Errors
    ///
    /// When the service did not judge it: then a call may still be carried out.
    pub async fn withdraw(&self, change: &Change<'_>) -> Result<Option<ServiceOperation>, LifecycleError> {
        let no_revision = Revision(format!("withdrawn-{}", change.key));
        match self.begin(&Change { revision: Some(&no_revision), ..*change }).await {
            Ok(accepted) => Ok(Some(accepted)),
            Err(error) if error.was_judged() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads an operation.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or there is none (`unknown-operation`).
    pub async fn operation(&self, id: &str) -> Result<ServiceOperation, LifecycleError> {
        let doing = Doing::Reading("an operation");
        addressable(&doing, id)?;
        let url = self.transport.at(&["operations", id]);
        let read = |reply: Reply| {
            let operation: contract::Operation = reply.json()?;
            same(operation.id == id, convert::operation(operation))
        };
        self.transport.call(&doing, self.transport.get(url), read).await
    }

    /// Asks what was accepted under a key. Nothing means: nothing so far; to be sure, send the change again with its key.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    pub async fn operation_by_key(&self, key: &str) -> Result<Option<ServiceOperation>, LifecycleError> {
        let doing = Doing::Reading("the operation of a key");
        let mut url = self.transport.at(&["operations"]);
        url.query_pairs_mut().append_pair("idempotency_key", key);
        let read = |reply: Reply| {
            let list: OperationList = reply.json()?;
            let ours = list.items.len() <= 1 && list.items.iter().all(|op| op.idempotency_key == key);
            same(ours, list.items.into_iter().next().map(convert::operation))
        };
        self.transport.call(&doing, self.transport.get(url), read).await
    }

    async fn pages(&self, first: Url, etag: Option<&Etag>) -> Result<FleetAnswer, LifecycleError> {
        let doing = Doing::Reading("connectors");
        let deadline = Instant::now() + self.transport.settings.fleet_timeout;
        let mut again = true;
        loop {
            let mut request = self.transport.get(first.clone());
            if let Some(Etag(tag)) = etag
                && let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\""))
            {
                request = request.header(IF_NONE_MATCH, tag);
            }
            let read = |reply: Reply| match reply.status {
                StatusCode::NOT_MODIFIED if etag.is_some() => Ok((reply.age, None)),
                StatusCode::NOT_MODIFIED => Err("304 to a question without a tag".to_owned()),
                _ => reply.json::<RawPage>().map(|page| (reply.age, Some(page))),
            };
            let (age, page) = self.transport.call(&doing, request, read).await?;
            if age > self.transport.settings.stale_after {
                return Err(LifecycleError::new(doing, ErrorKind::Stale(age), Carried::No));
            }
            let Some(page) = page else { return Ok(FleetAnswer::NotModified) };
            match self.rest(&doing, page, deadline).await {
                // The moment expired under our hands: once more from the beginning.
                Err(Expired) if again => again = false,
                Err(Expired) => {
                    let kind = ErrorKind::Malformed("cursors expire at once".to_owned());
                    return Err(LifecycleError::new(doing, kind, Carried::No));
                }
                Ok(read) => return Ok(FleetAnswer::Read(read)),
            }
        }
    }

    /// All pages after the first. What cannot be had leaves the reading incomplete.
    async fn rest(&self, doing: &Doing, first: RawPage, deadline: Instant) -> Result<FleetRead, Expired> {
        let mut records = Records::default();
        let mut cursors = HashSet::new();
        let snapshot = first.snapshot.clone();
        let mut page = first;
        let mut count = 0;
        let complete = loop {
            count += page.items.len();
            page.items.iter().for_each(|record| records.take(record));
            let Some(cursor) = page.next_cursor else {
                break true;
            };
            let over = count > self.transport.settings.fleet_limit || Instant::now() >= deadline;
            if over || !cursors.insert(cursor.clone()) {
                tracing::warn!(count, "the fleet has more pages than can be read");
                break false;
            }
            page = match self.page(doing, &cursor).await {
                Ok(page) if page.snapshot == snapshot => page,
                Ok(_) => {
                    tracing::warn!("a page of the fleet shows another moment than the first");
                    break false;
                }
                Err(error) if error.problem() == Some(ProblemKind::CursorExpired) => {
                    return Err(Expired);
                }
                Err(error) => {
                    tracing::warn!(%error, "a page of the fleet is missing");
                    break false;
                }
            };
        };
        let (connectors, malformed) = records.finish();
        for record in &malformed {
            tracing::debug!(id = ?record.id, why = %record.why, "a malformed record");
        }
        let etag = (complete && malformed.is_empty()).then_some(Etag(snapshot));
        Ok(FleetRead { etag, connectors, malformed, complete })
    }

    async fn page(&self, doing: &Doing, cursor: &str) -> Result<RawPage, LifecycleError> {
        let mut url = self.transport.at(&["connectors"]);
        url.query_pairs_mut().append_pair("cursor", cursor);
        self.transport.call(doing, self.transport.get(url), |reply| reply.json()).await
    }
}

/// The moment that a cursor pinned is no longer kept.
struct Expired;

fn same<T>(is_same: bool, answer: T) -> Result<T, String> {
    is_same.then_some(answer).ok_or_else(|| "it is about something else".to_owned())
}

fn addressable(doing: &Doing, id: &str) -> Result<(), LifecycleError> {
    if is_addressable(id) {
        return Ok(());
    }
    let kind = ErrorKind::Malformed("an id that cannot stand in an address".to_owned());
    Err(LifecycleError::new(doing.clone(), kind, Carried::No))
}

fn wire(change: &Change<'_>) -> NewOperation {
    let short = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let requested_by = short(change.requested_by, MAX_REQUESTED_BY);
    let reason = change.reason.map(|reason| short(reason, MAX_REASON));
    match change.action {
        Action::Start => NewOperation::Start { requested_by, reason },
        Action::Stop => NewOperation::Stop { requested_by, reason },
        Action::Redeploy { to } => {
            NewOperation::Redeploy { target_environment: to.as_str().to_owned(), requested_by, reason }
        }
    }
}
