//! Messages are edited and deleted.
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{check_form, kept};
use crate::sandbox::discord::{
    event::EventKind,
    refusal::{self, Refused, form_error},
    rules::{
        self, given,
        message::{self as form, Before, Door, Upload},
    },
    snowflake::{self, Snowflake},
    world::{Message, PeopleEvent, World, intents, mentions, permissions as p},
};

impl World {
    /// `PATCH /channels/{id}/messages/{id}`: the bot edits a message of its own.
    pub(crate) fn bot_edits(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        body: &Value,
        uploads: Vec<Upload>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.bot_must(channel, 0)?;
        let message = self.public_message(channel, id)?;
        if message.author != self.bot {
            return Err(refusal::NOT_THE_AUTHOR.into());
        }
        if self.channel(channel)?.thread.as_ref().is_some_and(|thread| thread.archived) {
            return Err(refusal::THREAD_ARCHIVED.into());
        }
        self.edit(id, body, uploads, Door::Edit, now)
    }

    /// A message that is not private, in this channel.
    pub(crate) fn public_message(&self, channel: Snowflake, id: Snowflake) -> Result<&Message, Refused> {
        let found = self.messages.get(&id).filter(|message| message.channel == channel && message.only_for.is_none());
        found.ok_or_else(|| refusal::UNKNOWN_MESSAGE.into())
    }

    /// Edits, whichever door the edit came by. Nobody is notified, but mentions are parsed again.
    pub(crate) fn edit(
        &mut self,
        id: Snowflake,
        body: &Value,
        uploads: Vec<Upload>,
        door: Door,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let message = self.messages.get(&id).ok_or(refusal::UNKNOWN_MESSAGE)?.clone();
        let before = Before {
            flags: message.flags,
            files: message.attachments.iter().map(|file| (file.id, file.name.clone())).collect(),
        };
        check_form(body, &uploads, door, &before)?;
        let mut next = message.clone();
        if body.get("content").is_some() {
            next.content = given(body, "content").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        }
        if body.get("content").is_some() || given(body, "allowed_mentions").is_some() {
            let allowed = mentions::allow(mentions::in_text(&next.content), given(body, "allowed_mentions"));
            next.mentions = self.resolve(allowed, message.author, message.channel);
        }
        if body.get("embeds").is_some() {
            next.embeds = kept::embeds(body);
        }
        if body.get("components").is_some() {
            next.components = kept::components(body);
        }
        if let Some(list) = body.get("attachments") {
            let listed = list.as_array().map_or(&[][..], Vec::as_slice);
            next.attachments.retain(|file| listed.iter().any(|item| snowflake::parse(&item["id"]) == Some(file.id)));
        }
        let flags = given(body, "flags").and_then(Value::as_u64).unwrap_or(0);
        let settable = form::SUPPRESS_EMBEDS | form::COMPONENTS_V2;
        next.flags = (message.flags & !form::LOADING) | (flags & settable);
        if next.content.is_empty()
            && next.embeds.is_empty()
            && next.attachments.is_empty()
            && uploads.is_empty()
            && next.components.is_empty()
        {
            return Err(refusal::EMPTY_MESSAGE.into());
        }
        if next.flags & form::COMPONENTS_V2 != 0 && !(next.content.is_empty() && next.embeds.is_empty()) {
            let why = "Content and embeds must be cleared when a message turns to Components V2";
            return Err(form_error("flags", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", why));
        }
        self.count_old_edit(&message, now)?;
        self.remark_on_mentions(body);
        next.attachments.extend(self.store(body, uploads, now));
        // The first text of a deferred answer is its making, not an edit that people see.
        next.edited = (message.flags & form::LOADING == 0).then_some(now);
        self.announce(&next, EventKind::MessageUpdate, "message_update");
        self.messages.insert(id, next);
        self.settle_by_message(id, now);
        Ok(())
    }

    /// Error 30046: messages older than an hour may be edited only so often.
    pub(super) fn count_old_edit(&mut self, message: &Message, now: Timestamp) -> Result<(), Refused> {
        let old = now.duration_since(message.id.created_at()) > SignedDuration::from_secs(rules::OLD_MESSAGE_SECONDS);
        if !old {
            return Ok(());
        }
        let window = SignedDuration::from_secs(rules::OLD_EDIT_WINDOW_SECONDS);
        let edits = &mut self.channel_mut(message.channel)?.old_edits;
        edits.retain(|at| now.duration_since(*at) < window);
        if edits.len() >= rules::OLD_EDITS {
            let first = edits.first().copied().unwrap_or(now);
            let wait = window.as_secs_f64() - now.duration_since(first).as_secs_f64();
            return Err(Refused { retry_after: Some(wait.max(0.1)), ..refusal::TOO_MANY_OLD_EDITS.into() });
        }
        edits.push(now);
        Ok(())
    }

    /// `DELETE /channels/{id}/messages/{id}` by the bot.
    pub(crate) fn bot_deletes(&mut self, channel: Snowflake, id: Snowflake) -> Result<(), Refused> {
        self.bot_must(channel, 0)?;
        let own = self.public_message(channel, id)?.author == self.bot;
        if !own {
            self.bot_must(channel, p::MANAGE_MESSAGES)?;
        }
        if self.channel(channel)?.thread.as_ref().is_some_and(|thread| thread.archived) {
            return Err(refusal::THREAD_ARCHIVED.into());
        }
        self.delete(id)
    }

    /// Takes a message away, whoever does it.
    pub(crate) fn delete(&mut self, id: Snowflake) -> Result<(), Refused> {
        let message = self.messages.remove(&id).ok_or(refusal::UNKNOWN_MESSAGE)?;
        for file in &message.attachments {
            self.files.remove(&file.id);
        }
        self.tell_people(PeopleEvent::MessageDelete { channel: message.channel, only_for: message.only_for, id });
        if message.only_for.is_none() {
            let data = json!({"id": id, "channel_id": message.channel, "guild_id": self.guild.id});
            self.tell_bot(message.channel, EventKind::MessageDelete, data, intents::GUILD_MESSAGES);
        }
        Ok(())
    }
}
