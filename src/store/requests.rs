//! Requests: written when they are asked, settled once.

use jiff::Timestamp;

use super::batch::{Batch, Ran, Statement};
use super::operations::{begin, hold};
use super::outbox::message;
use super::pace::count;
use super::writer::Who;
use super::{Store, StoreError, audit, body, millis, to_json};
use crate::domain::audit::Entry;
use crate::domain::ids::Id;
use crate::domain::notice::{Notice, Slot};
use crate::domain::operation::Operation;
use crate::domain::pace::{Counted, TooMany};
use crate::domain::request::{Request, RequestState};

/// What became of an attempt to keep what was chosen.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Kept {
    /// It is written.
    Now,
    /// Nothing is written: all was chosen or settled before. This is what stands.
    Before(Option<Box<Request>>),
}

/// What became of an attempt to settle a request.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Settled {
    /// This attempt settled it.
    Now,
    /// It was settled before, or is not there.
    Before(Option<RequestState>),
}

/// What became of an attempt to confirm a request.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Confirmed {
    /// This attempt confirmed it, and its operation is written.
    Now,
    /// It was settled before, expired, or is not there.
    Before(Option<RequestState>),
    /// Another operation holds what this one needs.
    Busy(Box<Operation>),
    /// As many were begun lately as there may be.
    TooMany(TooMany),
}

impl Store {
    /// Writes a request, new or with more chosen, as long as something is left to choose: a plan that was shown stays.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn save_request(&self, request: &Request) -> Result<Kept, StoreError> {
        let written = Statement::new(
            "INSERT INTO requests (id, state, expires_at, body) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at, body = excluded.body \
             WHERE requests.state = 'choosing'",
        )
        .bind(request.id.as_str())
        .bind(request.state.word())
        .bind(millis(request.expires_at))
        .bind(to_json("requests", request)?);
        Ok(match self.write(Batch::default().claim(written), Who::Awaited).await? {
            Ran::Stopped(_) => Kept::Before(self.request(&request.id).await?.map(Box::new)),
            Ran::All(_) => Kept::Now,
        })
    }

    /// A request; its state is the store's word on it.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn request(&self, id: &Id) -> Result<Option<Request>, StoreError> {
        let row = sqlx::query("SELECT body FROM requests WHERE id = $1").bind(id.as_str()).fetch_optional(&self.reads);
        row.await?.map(|row| body("requests", &row)).transpose()
    }

    /// Settles a request in any way but confirming it, with its audit record.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn settle_request(
        &self,
        request: &Request,
        to: RequestState,
        entry: &Entry,
    ) -> Result<Settled, StoreError> {
        let batch = Batch::default().claim(claim(request, to, None)?).then(audit::statement(entry)?);
        let batch = tell(batch, request, to, entry.at)?;
        Ok(match self.write(batch, Who::Awaited).await? {
            Ran::Stopped(_) => Settled::Before(self.state_of(&request.id).await?),
            Ran::All(_) => Settled::Now,
        })
    }

    /// Confirms a request: it is settled, and its operation, what that holds, as what it is `counted`, and its message are
    /// written, all or none.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn confirm_request(
        &self,
        request: &Request,
        operation: &Operation,
        counted: &[Counted],
        now: Timestamp,
    ) -> Result<Confirmed, StoreError> {
        // Whoever holds what it needs may have ended by the time we look who that is: then it is free, or somebody else's.
        const TRIES: usize = 10;
        for _ in 0..TRIES {
            let batch = Batch::default().claim(claim(request, RequestState::Confirmed, Some(now))?);
            let scopes = operation.scopes();
            let batch = count(hold(batch, operation, &scopes), counted, &operation.id, now);
            let batch = begin(batch, operation, now)?;
            let batch = tell(batch, request, RequestState::Confirmed, now)?;
            match self.write(batch, Who::Awaited).await? {
                Ran::All(_) => return Ok(Confirmed::Now),
                Ran::Stopped(0) => return Ok(Confirmed::Before(self.state_of(&request.id).await?)),
                Ran::Stopped(place) => {
                    if let Some(scope) = scopes.get(place - 1) {
                        if let Some(holder) = self.holder(scope).await? {
                            return Ok(Confirmed::Busy(Box::new(holder)));
                        }
                    } else if let Some(too_many) = self.too_many(counted, now).await? {
                        return Ok(Confirmed::TooMany(too_many));
                    }
                }
            }
        }
        Err(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// Lets a request that its requester confirms wait for a second person until it expires, and says so where it was asked.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn propose_request(&self, request: &Request, now: Timestamp) -> Result<Settled, StoreError> {
        let proposed = Request { state: RequestState::Proposed, ..request.clone() };
        let claim = Statement::new(
            "UPDATE requests SET state = 'proposed', expires_at = $1, body = $2 \
             WHERE id = $3 AND state = 'asked' AND expires_at > $4",
        )
        .bind(millis(request.expires_at))
        .bind(to_json("requests", &proposed)?)
        .bind(request.id.as_str())
        .bind(millis(now));
        let batch = Batch::default().claim(claim).then(said(&proposed, now)?);
        Ok(match self.write(batch, Who::Awaited).await? {
            Ran::Stopped(_) => Settled::Before(self.state_of(&request.id).await?),
            Ran::All(_) => Settled::Now,
        })
    }

    /// Open requests whose time is over, at most `limit`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn overdue_requests(&self, now: Timestamp, limit: u32) -> Result<Vec<Request>, StoreError> {
        let rows = sqlx::query(
            "SELECT body FROM requests WHERE state IN ('choosing', 'asked', 'proposed') AND expires_at <= $1 \
             ORDER BY expires_at LIMIT $2",
        )
        .bind(millis(now))
        .bind(i64::from(limit))
        .fetch_all(&self.reads)
        .await?;
        rows.iter().map(|row| body("requests", row)).collect()
    }

    async fn state_of(&self, id: &Id) -> Result<Option<RequestState>, StoreError> {
        Ok(self.request(id).await?.map(|request| request.state))
    }
}

/// The claim: one conditional write. `before` is given where an expired request may no longer be settled this way.
fn claim(request: &Request, to: RequestState, before: Option<Timestamp>) -> Result<Statement, StoreError> {
    let settled = Request { state: to, ..request.clone() };
    // What waits for a second person has a message, which must be told: whoever did not know of it may not settle it.
    let sql = match request.state {
        RequestState::Proposed => {
            "UPDATE requests SET state = $1, body = $2 WHERE id = $3 AND state = 'proposed' AND expires_at > $4"
        }
        _ => {
            "UPDATE requests SET state = $1, body = $2 WHERE id = $3 AND state IN ('choosing', 'asked') AND expires_at > $4"
        }
    };
    Ok(Statement::new(sql)
        .bind(to.word())
        .bind(to_json("requests", &settled)?)
        .bind(request.id.as_str())
        .bind(before.map_or(i64::MIN, millis)))
}

/// Adds what the message of a request that waited for a second person says once it is settled.
fn tell(batch: Batch, request: &Request, to: RequestState, now: Timestamp) -> Result<Batch, StoreError> {
    Ok(match request.state {
        RequestState::Proposed => batch.then(said(&Request { state: to, ..request.clone() }, now)?),
        _ => batch,
    })
}

fn said(request: &Request, now: Timestamp) -> Result<Statement, StoreError> {
    let told = Notice::Approval { request: request.clone() };
    message(&Slot::Approval(request.id.clone()), request.channel, &told, now)
}
