//! `/bots explain`: why the person may or may not do something, and why a bot is or is not in alert.

use jiff::Timestamp;

use super::super::Front;
use super::super::lookup;
use super::super::render::{Message, explain, status};
use super::answer::AnswerError;
use super::guard::Incoming;
use crate::domain::connector::Environment;
use crate::domain::ids::BotId;

impl Front {
    pub(super) async fn explain(
        &self,
        incoming: &Incoming<'_>,
        environment: &str,
        bot: Option<&str>,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, false).await?;
        let message = match self.asked_about(environment, bot) {
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

    /// What was asked about; or the sentence that says what names nothing.
    fn asked_about(&self, environment: &str, bot: Option<&str>) -> Result<(Environment, Option<BotId>), Box<Message>> {
        let picture = self.picture.borrow().clone();
        if picture.fleet.read_at().is_none() {
            return Err(Box::new(status::not_ready(picture.trouble.as_deref())));
        }
        let found = self.environment_named(environment).ok_or_else(|| {
            let known: Vec<_> = picture.fleet.environments().iter().map(Environment::title).collect();
            Box::new(status::not_found(environment, &known))
        })?;
        let Some(name) = bot else { return Ok((found, None)) };
        match lookup::bots(&picture.fleet, Some(&found), name).as_slice() {
            [] => Err(Box::new(status::not_found(name, &[]))),
            [bot] => Ok((found, Some(bot.clone()))),
            _ => Err(Box::new(status::ambiguous(name))),
        }
    }
}
