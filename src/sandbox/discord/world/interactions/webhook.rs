//! What comes after the first answer, under the interaction's token.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages>
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Interaction, Outcome, State, answer::is_ephemeral};
use crate::sandbox::discord::{
    refusal::{self, Refused},
    rules::{
        self,
        message::{Before, Door, LOADING, Upload},
    },
    snowflake::Snowflake,
    world::{
        World,
        messages::{Frame, REPLY, check_form, shows_something},
    },
};

/// How many interactions back a deferred one is looked for.
const LATEST: usize = 256;

impl World {
    /// The interaction whose token this is, if the token still serves and there was a first answer.
    pub(super) fn by_token(
        &self,
        application: Snowflake,
        token: &str,
        now: Timestamp,
    ) -> Result<&Interaction, Refused> {
        let found =
            self.tokens.get(token).and_then(|id| self.interactions.get(id)).filter(|_| application == self.application);
        let found = found.ok_or(refusal::UNKNOWN_WEBHOOK)?;
        if now.duration_since(found.created) > SignedDuration::from_secs(rules::TOKEN_SECONDS) {
            return Err(refusal::WEBHOOK_TOKEN_EXPIRED.into());
        }
        if matches!(found.outcome, None | Some(Outcome::Choices | Outcome::Modal)) {
            return Err(refusal::UNKNOWN_WEBHOOK.into());
        }
        Ok(found)
    }

    /// A message under an interaction's token: `None` is `@original`.
    pub(crate) fn webhook_message(
        &self,
        application: Snowflake,
        token: &str,
        message: Option<Snowflake>,
        now: Timestamp,
    ) -> Result<Snowflake, Refused> {
        let interaction = self.by_token(application, token, now)?;
        let id = match message {
            None => interaction.original,
            Some(id) => Some(id).filter(|id| interaction.messages.contains(id) || interaction.original == Some(*id)),
        };
        id.filter(|id| self.messages.contains_key(id)).ok_or_else(|| refusal::UNKNOWN_MESSAGE.into())
    }

    /// `PATCH /webhooks/{application}/{token}/messages/…`.
    pub(crate) fn webhook_edits(
        &mut self,
        application: Snowflake,
        token: &str,
        message: Option<Snowflake>,
        body: &Value,
        uploads: Vec<Upload>,
        now: Timestamp,
    ) -> Result<Snowflake, Refused> {
        let id = self.webhook_message(application, token, message, now)?;
        self.edit(id, body, uploads, Door::FollowUpEdit, now)?;
        self.settle(token, now);
        Ok(id)
    }

    /// `DELETE /webhooks/{application}/{token}/messages/…`.
    pub(crate) fn webhook_deletes(
        &mut self,
        application: Snowflake,
        token: &str,
        message: Option<Snowflake>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let id = self.webhook_message(application, token, message, now)?;
        self.delete(id)?;
        self.settle(token, now);
        Ok(())
    }

    /// `POST /webhooks/{application}/{token}`. Right after a deferral it fills the deferred message, and the flag for a
    /// private message is not heeded, as Discord documents.
    pub(crate) fn follow_up(
        &mut self,
        application: Snowflake,
        token: &str,
        body: &Value,
        uploads: Vec<Upload>,
        now: Timestamp,
    ) -> Result<Snowflake, Refused> {
        let interaction = self.by_token(application, token, now)?.clone();
        let original = interaction
            .original
            .and_then(|id| self.messages.get(&id))
            .map(|message| (message.channel, message.id, message.flags));
        if let Some((_, id, _)) = original.filter(|(.., flags)| flags & LOADING != 0) {
            self.edit(id, body, uploads, Door::FollowUp, now)?;
            self.settle(token, now);
            return Ok(id);
        }
        self.channel(interaction.channel)?;
        check_form(body, &uploads, Door::FollowUp, &Before::default())?;
        if !shows_something(body, &uploads) {
            return Err(refusal::EMPTY_MESSAGE.into());
        }
        self.remark_on_mentions(body);
        let reference = original.map(|(channel, id, _)| (channel, id));
        let metadata = Some(self.metadata(&interaction, interaction.original));
        let frame = Frame { kind: REPLY, reference, metadata, ..self.frame(&interaction, is_ephemeral(body)) };
        let id = self.place(frame, body, uploads, now);
        if let Some(interaction) = self.interactions.get_mut(&interaction.id) {
            interaction.messages.push(id);
        }
        self.settle(token, now);
        Ok(id)
    }

    /// What was deferred has come.
    pub(super) fn settle(&mut self, token: &str, now: Timestamp) {
        let Some(interaction) = self.tokens.get(token).and_then(|id| self.interactions.get_mut(id)) else {
            return;
        };
        if interaction.state == State::Thinking {
            interaction.state = State::Answered;
            interaction.settled = Some(now);
            let id = interaction.id;
            self.tell_state(id);
        }
    }

    /// The same, where the bot edited the message by its own door instead of the token's.
    pub(in crate::sandbox::discord::world) fn settle_by_message(&mut self, message: Snowflake, now: Timestamp) {
        // Whoever still waits began lately; older interactions need no searching.
        let latest = self.interactions.values_mut().rev().take(LATEST);
        let waiting = latest.filter(|found| found.original == Some(message) && found.state == State::Thinking);
        let settled: Vec<Snowflake> = waiting
            .map(|found| {
                found.state = State::Answered;
                found.settled = Some(now);
                found.id
            })
            .collect();
        for id in settled {
            self.tell_state(id);
        }
    }
}
