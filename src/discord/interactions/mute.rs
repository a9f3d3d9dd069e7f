//! `/bots mute`, `/bots unmute`, and the button of a mute's message.

use jiff::Timestamp;

use super::super::Front;
use super::super::render::{alerts, handled};
use super::answer::AnswerError;
use super::guard::Incoming;
use crate::domain::ids::Id;
use crate::incidents::{MuteAnswer, Refused, ToMute, UnmuteAnswer};
use crate::operations::Trouble;

impl Front {
    pub(super) async fn mute(&self, incoming: &Incoming<'_>, said: &ToMute) -> Result<(), AnswerError> {
        self.begin(incoming, false).await?;
        let answer = self.incidents.mute(&incoming.asker, said, Timestamp::now()).await;
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        let message = match &answer {
            Ok(MuteAnswer::On(mute)) => {
                tracing::warn!(interaction = id, %user, mute = %mute.id, scope = mute.scope.name(), until = %mute.until, "muted");
                handled::muted(mute)
            }
            Ok(MuteAnswer::Refused(refused)) => {
                tracing::info!(interaction = id, %user, ?refused, "mute: refused");
                handled::refused(refused, user)
            }
            Err(trouble) => self.trouble(incoming, trouble),
        };
        incoming.reply.edit(&message).await
    }

    pub(super) async fn unmute(
        &self,
        incoming: &Incoming<'_>,
        environment: Option<&str>,
        bot: Option<&str>,
    ) -> Result<(), AnswerError> {
        self.begin(incoming, false).await?;
        let answer = self.incidents.unmute(&incoming.asker, environment, bot, Timestamp::now()).await;
        self.say_unmuted(incoming, false, answer).await
    }

    /// The mute that a button or a menu names.
    pub(super) async fn end_mute(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        mute: Option<&Id>,
    ) -> Result<(), AnswerError> {
        self.begin(incoming, private).await?;
        let answer = match mute {
            Some(mute) => self.incidents.end_mute(&incoming.asker, mute, Timestamp::now()).await,
            None => {
                self.record_refused(incoming, "a menu of mutes without a choice").await;
                Ok(UnmuteAnswer::Refused(Refused::Unknown))
            }
        };
        self.say_unmuted(incoming, private, answer).await
    }

    async fn say_unmuted(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        answer: Result<UnmuteAnswer, Trouble>,
    ) -> Result<(), AnswerError> {
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        match &answer {
            Ok(UnmuteAnswer::Over(mute)) => {
                tracing::info!(interaction = id, %user, mute = %mute.id, scope = mute.scope.name(), "unmuted");
                incoming.reply.edit(&handled::unmuted(mute)).await
            }
            Ok(UnmuteAnswer::Choose(mutes)) => incoming.reply.edit(&alerts::which_mute(mutes)).await,
            Ok(UnmuteAnswer::Refused(refused)) => {
                tracing::info!(interaction = id, %user, ?refused, "unmute: refused");
                self.beside(incoming, private, &handled::refused(refused, user)).await
            }
            Err(trouble) => {
                let message = self.trouble(incoming, trouble);
                self.beside(incoming, private, &message).await
            }
        }
    }
}
