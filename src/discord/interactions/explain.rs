//! `/bots explain`: why the person may or may not do something, and why a bot is or is not in alert.

use jiff::Timestamp;

use super::super::Front;
use super::super::render::explain;
use super::answer::AnswerError;
use super::guard::Incoming;

impl Front {
    pub(super) async fn explain(
        &self,
        incoming: &Incoming<'_>,
        environment: &str,
        bot: Option<&str>,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, false).await?;
        let picture = self.picture.borrow().clone();
        let message = match self.named(&picture, environment, bot) {
            Ok((environment, bot)) => {
                let member = &incoming.asker.member;
                match self.operations.explain(member, &environment, bot.as_ref(), Timestamp::now()).await {
                    Ok(explained) => explain::explained(&explained),
                    Err(trouble) => self.trouble(incoming, &trouble),
                }
            }
            Err(message) => *message,
        };
        incoming.reply.edit(&message).await
    }
}
