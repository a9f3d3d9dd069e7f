//! Boards: put up where somebody asks, and taken down again, by those who may act on what they show.

use jiff::Timestamp;

use super::record::{self, About};
use super::{Incidents, Refused};
use crate::domain::attention::Done;
use crate::domain::audit::Handling;
use crate::domain::authority::{At, Member, Person, Right};
use crate::domain::board::Board;
use crate::domain::connector::Environment;
use crate::domain::ids::Id;
use crate::domain::setup::Permission;
use crate::operations::{Asker, Trouble, find_environment};
use crate::store::boards::Placed;

/// What a wish about a board came to.
#[derive(Clone, Debug)]
pub enum BoardAnswer {
    /// It is up.
    Up(Box<Board>),
    /// It is down.
    Down(Box<Board>),
    /// Nothing was done.
    Refused(Refused),
}

impl Incidents {
    /// Puts a board of an environment up in the channel in which it was asked for, if nothing is lacking to post there.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn put_up_board(
        &self,
        asker: &Asker,
        environment: Option<&str>,
        lacks: &[Permission],
        now: Timestamp,
    ) -> Result<BoardAnswer, Trouble> {
        let handling = Handling::Board;
        let text = environment.unwrap_or_default();
        let Some(environment) = find_environment(self.environments(), text) else {
            let refused = Refused::NotFound { what: text.to_owned() };
            return self.no_board(asker, handling, &About::default(), refused, now).await;
        };
        let about = record::board(&environment);
        if let Err(refused) = self.may_board(&asker.member, &environment) {
            return self.no_board(asker, handling, &about, refused, now).await;
        }
        if !lacks.is_empty() {
            let refused = Refused::CannotPost { lacks: lacks.to_vec() };
            return self.no_board(asker, handling, &about, refused, now).await;
        }
        let board = Board {
            id: Id::random(),
            environment,
            channel: asker.channel,
            by: Person::from(&asker.member),
            at: now,
            shown: None,
            ended: None,
        };
        let mut entry = record::done(asker, handling, &about, None, now);
        entry.allowed_by =
            Some(self.by_which(&asker.member, Right::Acknowledge, Some(At::environment(&board.environment))));
        match self.store.place_board(&board, &entry, now).await? {
            Placed::Now => {
                self.wake.delivery.notify_one();
                Ok(BoardAnswer::Up(Box::new(board)))
            }
            Placed::Before(other) => self.no_board(asker, handling, &about, Refused::BoardBefore(other), now).await,
        }
    }

    /// Takes a board down.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn take_down_board(&self, asker: &Asker, id: &Id, now: Timestamp) -> Result<BoardAnswer, Trouble> {
        let handling = Handling::Unboard;
        let Some(board) = self.store.board(id).await? else {
            return self.no_board(asker, handling, &About::default(), Refused::Unknown, now).await;
        };
        let about = record::board(&board.environment);
        if let Err(refused) = self.may_board(&asker.member, &board.environment) {
            return self.no_board(asker, handling, &about, refused, now).await;
        }
        let ended = Board { ended: Some(Done { by: Person::from(&asker.member), at: now }), ..board };
        let mut entry = record::done(asker, handling, &about, None, now);
        entry.allowed_by =
            Some(self.by_which(&asker.member, Right::Acknowledge, Some(At::environment(&ended.environment))));
        if self.store.end_board(&ended, &entry, now).await? {
            self.wake.delivery.notify_one();
            return Ok(BoardAnswer::Down(Box::new(ended)));
        }
        self.no_board(asker, handling, &about, Refused::BoardOver, now).await
    }

    fn may_board(&self, member: &Member, environment: &Environment) -> Result<(), Refused> {
        self.rules.authority.judge_some_of(member, Right::Acknowledge, environment).map_err(Refused::Denied)
    }

    async fn no_board(
        &self,
        asker: &Asker,
        handling: Handling,
        about: &About,
        refused: Refused,
        now: Timestamp,
    ) -> Result<BoardAnswer, Trouble> {
        self.store.record(&record::refused(asker, handling, about, &refused, now)).await?;
        Ok(BoardAnswer::Refused(refused))
    }
}
