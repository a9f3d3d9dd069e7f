//! `/bots freeze`, `/bots unfreeze`, and the button of a freeze's message.

use jiff::Timestamp;

use super::super::Front;
use super::super::render::{Message, freeze};
use super::answer::AnswerError;
use super::guard::Incoming;
use crate::domain::ids::Id;
use crate::operations::{FreezeAnswer, ToFreeze, Trouble};

impl Front {
    pub(super) async fn freeze(&self, incoming: &Incoming<'_>, said: &ToFreeze) -> Result<(), AnswerError> {
        self.begin(incoming, false).await?;
        let answer = self.operations.freeze(&incoming.asker, said, Timestamp::now()).await;
        incoming.reply.edit(&self.freeze_answered(incoming, &answer)).await
    }

    pub(super) async fn unfreeze(&self, incoming: &Incoming<'_>, environment: &str) -> Result<(), AnswerError> {
        self.begin(incoming, false).await?;
        let answer = self.operations.unfreeze(&incoming.asker, environment, Timestamp::now()).await;
        incoming.reply.edit(&self.freeze_answered(incoming, &answer)).await
    }

    /// The freeze that a button names.
    pub(super) async fn end_freeze(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        freeze: &Id,
    ) -> Result<(), AnswerError> {
        self.begin(incoming, private).await?;
        let answer = self.operations.end_freeze(&incoming.asker, freeze, Timestamp::now()).await;
        self.beside(incoming, private, &self.freeze_answered(incoming, &answer)).await
    }

    fn freeze_answered(&self, incoming: &Incoming<'_>, answer: &Result<FreezeAnswer, Trouble>) -> Message {
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        match answer {
            Ok(FreezeAnswer::On(on)) => {
                tracing::warn!(interaction = id, %user, freeze = %on.id, environment = %on.environment, until = %on.until, "frozen");
                freeze::frozen(on)
            }
            Ok(FreezeAnswer::Over(over)) => {
                tracing::info!(interaction = id, %user, freeze = %over.id, environment = %over.environment, "unfrozen");
                freeze::unfrozen(over)
            }
            Ok(FreezeAnswer::Refused(refused)) => {
                tracing::info!(interaction = id, %user, ?refused, "freeze: refused");
                freeze::refused(refused)
            }
            Err(trouble) => self.trouble(incoming, trouble),
        }
    }
}
