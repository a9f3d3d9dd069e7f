//! `/bots history` and the buttons of its ranges: acknowledged, read, drawn beside everything else, and shown to the person
//! alone.

use std::time::Duration;

use jiff::Timestamp;

use super::super::Front;
use super::super::lookup;
use super::super::render::history::{self, FILE, Shown};
use super::super::render::{Message, refusal, status};
use super::answer::{AnswerError, Attached};
use super::guard::Incoming;
use crate::domain::audit::filter::since;
use crate::domain::connector::Environment;
use crate::domain::fleet::BotView;
use crate::domain::history::{LONGEST, SHORTEST, Span};
use crate::domain::ids::{ConnectorId, Key};
use crate::domain::incident::Subject;
use crate::domain::policy::Picture;
use crate::history::patience;
use crate::operations::Trouble;
use crate::store::StoreError;

/// What is shown if nothing else is asked for.
const USUAL: &str = "24h";
/// Operations on each connector that are looked through.
const OPERATIONS_EACH: u32 = 50;

impl Front {
    /// The history that a command asks for.
    pub(super) async fn history(
        &self,
        incoming: &Incoming<'_>,
        environment: Option<&str>,
        bot: Option<&str>,
        range: Option<&str>,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, false).await?;
        let (picture, now) = (self.picture.borrow().clone(), Timestamp::now());
        let range = range.unwrap_or(USUAL);
        let from =
            since(range, &self.policy.timezone, now).filter(|from| is_kept(now.duration_since(*from).unsigned_abs()));
        let message = match (self.view_named(&picture, environment.unwrap_or_default(), bot.unwrap_or_default()), from)
        {
            (Err(message), _) => *message,
            (Ok(_), None) => history::not_a_range(range),
            (Ok(view), Some(from)) => return self.show_history(incoming, &view, Span { from, until: now }).await,
        };
        incoming.reply.edit(&message).await
    }

    /// The history that a button asks for.
    pub(super) async fn history_again(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        (environment, bot): (&Key, &Key),
        hours: u16,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, private).await?;
        let (picture, now) = (self.picture.borrow().clone(), Timestamp::now());
        let range = Duration::from_secs(u64::from(hours) * 3600);
        let found = lookup::environment_by_key(&picture.fleet, environment);
        let place = found.as_ref().map(Environment::as_str).unwrap_or_default();
        let found = self.view_named(&picture, place, bot.as_str());
        let message = match (found, now.checked_sub(range)) {
            (Ok(view), Ok(from)) if is_kept(range) => {
                return self.show_history(incoming, &view, Span { from, until: now }).await;
            }
            (Err(message), _) => *message,
            // No button of ours says so.
            (Ok(_), _) => refusal::unknown_press(),
        };
        incoming.reply.edit(&message).await
    }

    /// The one bot that was named, as it is there now; or the sentence that says what names nothing.
    fn view_named(&self, picture: &Picture, environment: &str, bot: &str) -> Result<BotView, Box<Message>> {
        let not_found = || Box::new(status::not_found(bot, &[]));
        let (place, id) = self.named(picture, environment, Some(bot))?;
        id.and_then(|id| picture.fleet.bot(&id, &place).cloned()).ok_or_else(not_found)
    }

    async fn show_history(&self, incoming: &Incoming<'_>, view: &BotView, span: Span) -> Result<(), AnswerError> {
        let shown = match self.seen(view, span).await {
            Ok(shown) => shown,
            Err(error) => {
                let message = self.trouble(incoming, &Trouble::from(error));
                return incoming.reply.edit(&message).await;
            }
        };
        if incoming.lacks_files {
            let unattached = history::Drawn::Forbidden { channel: incoming.asker.channel };
            return incoming.reply.edit(&history::message(&shown, unattached)).await;
        }
        let (zone, drawn) = (self.policy.timezone.clone(), shown.clone());
        let picture = tokio::task::spawn_blocking(move || drawn.picture(&zone)).await;
        let (interaction, alt) = (incoming.asker.interaction, shown.alt());
        let bytes = match picture {
            Ok(Ok(bytes)) => bytes,
            failed => {
                tracing::error!(interaction, why = ?failed.map(|drawn| drawn.map(|_| ())), "a history could not be drawn");
                return incoming.reply.edit(&history::message(&shown, history::Drawn::Failed)).await;
            }
        };
        let attached = Attached { name: FILE, alt: &alt, bytes };
        match incoming.reply.edit_with(&history::message(&shown, history::Drawn::Attached), attached).await {
            Err(AnswerError::Refused(why)) => {
                tracing::warn!(interaction, why, "a history's picture could not be attached");
                incoming.reply.edit(&history::message(&shown, history::Drawn::Failed)).await
            }
            sent => sent,
        }
    }

    async fn seen(&self, view: &BotView, span: Span) -> Result<Shown, StoreError> {
        let (bot, environment) = (view.bot.clone(), view.environment.clone());
        let subject = Subject::Failover { bot: bot.clone(), environment: environment.clone() };
        let (history, incidents) = tokio::join!(
            self.store.history(&bot.id, &environment, span, patience(self.poll_interval)),
            self.store.incidents_on(&subject, span),
        );
        let (history, incidents) = (history?, incidents?);
        let connectors: Vec<ConnectorId> = history.lanes.iter().map(|lane| lane.connector.clone()).collect();
        let mut operations = self.store.last_operations(&connectors, OPERATIONS_EACH).await?;
        operations.retain(|operation| {
            let here = operation.environment == environment || operation.to.as_ref() == Some(&environment);
            here && operation.bot.id == bot.id && span.from <= operation.opened_at
        });
        operations.sort_by(|a, b| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)));
        // One on several connectors is one.
        operations.dedup_by(|a, b| a.id == b.id);
        let minimum = self.policy.minimum(&bot.id, &environment);
        Ok(Shown { bot, environment, history, minimum, operations, incidents })
    }
}

fn is_kept(range: Duration) -> bool {
    // "90 days" spans a change of the clock.
    (SHORTEST..=LONGEST + SHORTEST).contains(&range)
}
