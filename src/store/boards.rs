//! Boards: one that is on for each environment in each channel, each with its message.

use jiff::Timestamp;

use super::batch::{Batch, Ran, Statement};
use super::outbox::message;
use super::writer::Who;
use super::{Store, StoreError, audit, body, to_json};
use crate::domain::audit::Entry;
use crate::domain::board::Board;
use crate::domain::ids::Id;
use crate::domain::notice::{Notice, Slot};

/// How often what was overtaken between looking and writing is tried anew.
const TRIES: usize = 20;

/// Those that are on.
pub(super) const ON: &str = "SELECT body FROM boards WHERE is_on = 1";

/// What became of an attempt to put a board up.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Placed {
    /// It is written, and so is its message.
    Now,
    /// This one of the same environment is on in the channel already.
    Before(Box<Board>),
}

impl Store {
    /// The boards that are on, the oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn boards(&self) -> Result<Vec<Board>, StoreError> {
        let rows = sqlx::query(ON).fetch_all(&self.reads).await?;
        let mut boards = rows.iter().map(|row| body("boards", row)).collect::<Result<Vec<Board>, _>>()?;
        boards.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(boards)
    }

    /// A board, whether it is on or over.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn board(&self, id: &Id) -> Result<Option<Board>, StoreError> {
        let row = sqlx::query("SELECT body FROM boards WHERE id = $1").bind(id.as_str()).fetch_optional(&self.reads);
        row.await?.map(|row| body("boards", &row)).transpose()
    }

    /// Writes a board, its message and its audit record, unless one of the same place is on.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn place_board(&self, board: &Board, entry: &Entry, now: Timestamp) -> Result<Placed, StoreError> {
        let place = board.place();
        let claim = Statement::new(
            "INSERT INTO boards (id, place, is_on, body) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (place) WHERE is_on = 1 DO NOTHING",
        )
        .bind(board.id.as_str())
        .bind(place.as_str())
        .bind(to_json("boards", board)?);
        let batch = Batch::default().claim(claim).then(said(board, now)?).then(audit::statement(entry)?);
        for _ in 0..TRIES {
            if matches!(self.write(batch.clone(), Who::Awaited).await?, Ran::All(_)) {
                return Ok(Placed::Now);
            }
            // The one that was on may be over by the time we look which it is.
            let row = sqlx::query("SELECT body FROM boards WHERE place = $1 AND is_on = 1").bind(&place);
            if let Some(row) = row.fetch_optional(&self.reads).await? {
                return Ok(Placed::Before(Box::new(body("boards", &row)?)));
            }
        }
        Err(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// Writes what a board shows now, with its message, if it is on. Only one process does so, after another.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn say_board(&self, board: &Board, now: Timestamp) -> Result<(), StoreError> {
        let shown = Statement::new("UPDATE boards SET body = $1 WHERE id = $2 AND is_on = 1")
            .bind(to_json("boards", board)?)
            .bind(board.id.as_str());
        // One that was ended meanwhile says so, and nothing else.
        let (Ran::All(_) | Ran::Stopped(_)) =
            self.write(Batch::default().claim(shown).then(said(board, now)?), Who::Other).await?;
        Ok(())
    }

    /// Ends a board that is on, with its message and its audit record; whether it was this that ended it.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn end_board(&self, ended: &Board, entry: &Entry, now: Timestamp) -> Result<bool, StoreError> {
        let over = Statement::new("UPDATE boards SET is_on = 0, body = $1 WHERE id = $2 AND is_on = 1")
            .bind(to_json("boards", ended)?)
            .bind(ended.id.as_str());
        let batch = Batch::default().claim(over).then(said(ended, now)?).then(audit::statement(entry)?);
        Ok(matches!(self.write(batch, Who::Awaited).await?, Ran::All(_)))
    }
}

fn said(board: &Board, now: Timestamp) -> Result<Statement, StoreError> {
    message(&Slot::Board(board.id.clone()), board.channel, &Notice::Board { board: board.clone() }, now)
}
