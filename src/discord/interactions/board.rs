//! `/bots board`, and the button that takes a board down.

use jiff::Timestamp;

use super::super::Front;
use super::super::render::board;
use super::answer::AnswerError;
use super::guard::Incoming;
use crate::domain::ids::Id;
use crate::domain::notice::Slot;
use crate::incidents::{BoardAnswer, Refused};
use crate::operations::Trouble;

impl Front {
    pub(super) async fn board(&self, incoming: &Incoming<'_>, environment: Option<&str>) -> Result<(), AnswerError> {
        self.begin(incoming, false).await?;
        let now = Timestamp::now();
        let answer = self.incidents.put_up_board(&incoming.asker, environment, &incoming.lacks, now).await;
        self.say_board(incoming, answer).await
    }

    pub(super) async fn take_down_board(&self, incoming: &Incoming<'_>, id: &Id) -> Result<(), AnswerError> {
        // The board is everybody's: what comes of the press is said beside it.
        self.begin(incoming, false).await?;
        let answer = self.incidents.take_down_board(&incoming.asker, id, Timestamp::now()).await;
        self.say_board(incoming, answer).await
    }

    async fn say_board(
        &self,
        incoming: &Incoming<'_>,
        answer: Result<BoardAnswer, Trouble>,
    ) -> Result<(), AnswerError> {
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        let message = match answer {
            Ok(BoardAnswer::Up(up)) => {
                tracing::info!(interaction = id, %user, board = %up.id, environment = %up.environment, "a board was put up");
                board::up(&up)
            }
            Ok(BoardAnswer::Down(down)) => {
                tracing::info!(interaction = id, %user, board = %down.id, environment = %down.environment, "a board was taken down");
                board::down(&down)
            }
            Ok(BoardAnswer::Refused(refused)) => {
                tracing::info!(interaction = id, %user, ?refused, "board: refused");
                let link = match &refused {
                    Refused::BoardBefore(other) => self.link_to(&Slot::Board(other.id.clone())).await,
                    _ => None,
                };
                board::refused(&refused, link.as_deref(), user)
            }
            Err(trouble) => self.trouble(incoming, &trouble),
        };
        incoming.reply.edit(&message).await
    }
}
