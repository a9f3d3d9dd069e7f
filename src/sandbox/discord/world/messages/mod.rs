//! Messages: made, edited, deleted, read; and who is notified.
mod edit;
mod files;
mod kept;
mod notify;
mod read;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Effect, Message, PeopleEvent, World, intents,
    mentions::{self},
    permissions as p, wire,
};
use crate::sandbox::discord::{
    event::EventKind,
    refusal::{self, FormErrors, Refused, form_error},
    rules::{
        embeds, given, items,
        message::{self as form, Before, Door, Upload},
    },
    snowflake::{self, Snowflake},
};

/// An ordinary message.
pub(crate) const DEFAULT: u8 = 0;
/// An answer to another message, or to a press.
pub(crate) const REPLY: u8 = 19;
/// The answer to a slash command.
pub(crate) const CHAT_INPUT_COMMAND: u8 = 20;

pub(crate) use self::read::Window;

/// What stands around a new message, beside its body.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) channel: Snowflake,
    pub(crate) author: Snowflake,
    pub(crate) kind: u8,
    pub(crate) only_for: Option<Snowflake>,
    pub(crate) metadata: Option<Value>,
    pub(crate) invoked: Option<(String, Snowflake)>,
    pub(crate) reference: Option<(Snowflake, Snowflake)>,
}

/// Holds a body against the rules. In a callback the faults stand under `data`.
pub(crate) fn check_form(body: &Value, uploads: &[Upload], door: Door, before: &Before) -> Result<(), Refused> {
    let mut errors = FormErrors::default();
    form::check(&mut errors, body, uploads, door, before);
    errors.finish().map_err(|refused| {
        if matches!(door, Door::Callback | Door::Update) {
            let errors = refused.errors.map(|tree| json!({"data": tree}));
            return Refused { errors, ..refused };
        }
        refused
    })
}

/// Whether a body, with its files, would show anything.
pub(super) fn shows_something(body: &Value, uploads: &[Upload]) -> bool {
    given(body, "content").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
        || items(body, "embeds").iter().any(|embed| !embeds::is_empty(embed))
        || !items(body, "sticker_ids").is_empty()
        || given(body, "poll").is_some()
        || !uploads.is_empty()
        || !items(body, "components").is_empty()
}

impl World {
    /// `POST /channels/{id}/messages`: the bot speaks.
    pub(crate) fn bot_posts(
        &mut self,
        channel: Snowflake,
        body: &Value,
        uploads: Vec<Upload>,
        now: Timestamp,
    ) -> Result<Snowflake, Refused> {
        self.bot_must(channel, 0)?;
        check_form(body, &uploads, Door::Create, &Before::default())?;
        self.bot_may_write(channel, body, &uploads)?;
        if !shows_something(body, &uploads) {
            return Err(refusal::EMPTY_MESSAGE.into());
        }
        let nonce = given(body, "nonce").cloned();
        let key = nonce
            .as_ref()
            .filter(|_| body["enforce_nonce"] == true)
            .map(|nonce| (self.bot, nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned)));
        if let Some((id, at)) = key.as_ref().and_then(|key| self.nonces.get(key)).copied()
            && now.duration_since(at).unsigned_abs() < self.nonce_memory
        {
            // The earlier message is the answer, wherever it stands; if it is gone, so is the answer.
            return self.messages.get(&id).map(|message| message.id).ok_or_else(|| refusal::UNKNOWN_MESSAGE.into());
        }
        let reference = self.checked_reference(channel, body)?;
        self.remark_on_mentions(body);
        let frame = Frame {
            channel,
            author: self.bot,
            kind: if reference.is_some() { REPLY } else { DEFAULT },
            only_for: None,
            metadata: None,
            invoked: None,
            reference,
        };
        self.wake_thread(channel, now)?;
        let id = self.place(frame, body, uploads, now);
        if let Some(key) = key {
            self.nonces.insert(key, (id, now));
        }
        Ok(id)
    }

    /// A body with text but without `allowed_mentions` would ping whomever the text names.
    pub(crate) fn remark_on_mentions(&mut self, body: &Value) {
        let text = given(body, "content").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if text && given(body, "allowed_mentions").is_none() {
            self.remarks.push("allowed_mentions missing");
        }
    }

    fn bot_may_write(&self, channel: Snowflake, body: &Value, uploads: &[Upload]) -> Result<(), Refused> {
        let found = self.channel(channel)?;
        let send = if found.thread.is_some() { p::SEND_IN_THREADS } else { p::SEND_MESSAGES };
        self.bot_must(channel, send)?;
        if found.thread.as_ref().is_some_and(|thread| thread.locked) && !self.may(self.bot, channel, p::MANAGE_THREADS)
        {
            return Err(refusal::THREAD_LOCKED.into());
        }
        if !items(body, "embeds").is_empty() {
            self.bot_must(channel, p::EMBED_LINKS)?;
        }
        if !uploads.is_empty() {
            self.bot_must(channel, p::ATTACH_FILES)?;
        }
        if body["tts"] == true {
            self.bot_must(channel, p::SEND_TTS)?;
        }
        Ok(())
    }

    /// <https://docs.discord.com/developers/resources/message#message-reference-structure>
    fn checked_reference(&self, channel: Snowflake, body: &Value) -> Result<Option<(Snowflake, Snowflake)>, Refused> {
        let Some(reference) = given(body, "message_reference") else {
            return Ok(None);
        };
        let Some(id) = snowflake::parse(&reference["message_id"]) else {
            return Err(form_error("message_reference.message_id", "BASE_TYPE_REQUIRED", "This field is required"));
        };
        if given(reference, "channel_id").is_some_and(|named| snowflake::parse(named) != Some(channel)) {
            return Err(form_error(
                "message_reference",
                "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
                "Cannot reply to a message in a different channel",
            ));
        }
        if !self.may(self.bot, channel, p::READ_MESSAGE_HISTORY) {
            return Err(refusal::NO_HISTORY_TO_REPLY.into());
        }
        match self.messages.get(&id).filter(|message| message.channel == channel && message.only_for.is_none()) {
            Some(_) => Ok(Some((channel, id))),
            None if reference["fail_if_not_exists"] == false => Ok(None),
            None => Err(form_error("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")),
        }
    }

    /// A person writes.
    pub(crate) fn person_posts(
        &mut self,
        author: Snowflake,
        channel: Snowflake,
        content: &str,
        now: Timestamp,
    ) -> Result<Snowflake, Refused> {
        let thread = self.channel(channel)?.thread.is_some();
        if !self.may(author, channel, if thread { p::SEND_IN_THREADS } else { p::SEND_MESSAGES }) {
            return Err(refusal::MISSING_PERMISSIONS.into());
        }
        let body = json!({"content": content});
        check_form(&body, &[], Door::Create, &Before::default())?;
        if !shows_something(&body, &[]) {
            return Err(refusal::EMPTY_MESSAGE.into());
        }
        self.wake_thread(channel, now)?;
        let frame =
            Frame { channel, author, kind: DEFAULT, only_for: None, metadata: None, invoked: None, reference: None };
        Ok(self.place(frame, &body, Vec::new(), now))
    }

    /// Puts a checked message into its channel, notifies whom it names, and tells everybody.
    pub(crate) fn place(&mut self, frame: Frame, body: &Value, uploads: Vec<Upload>, now: Timestamp) -> Snowflake {
        let id = self.ids.next(now);
        let allowed = given(body, "allowed_mentions");
        let content = given(body, "content").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let mentions = self.resolve(mentions::allow(mentions::in_text(&content), allowed), frame.author, frame.channel);
        let attachments = self.store(body, uploads, now);
        let flags = given(body, "flags").and_then(Value::as_u64).unwrap_or(0) & !form::EPHEMERAL;
        let ephemeral = if frame.only_for.is_some() { form::EPHEMERAL } else { 0 };
        let message = Message {
            id,
            channel: frame.channel,
            author: frame.author,
            kind: frame.kind,
            content,
            embeds: kept::embeds(body),
            components: kept::components(body),
            attachments,
            flags: flags | ephemeral,
            tts: body["tts"] == true,
            nonce: given(body, "nonce").cloned(),
            edited: None,
            reference: frame.reference,
            mentions,
            only_for: frame.only_for,
            metadata: frame.metadata,
            invoked: frame.invoked,
        };
        self.notify(&message, mentions::replied_user(allowed));
        if message.only_for.is_none()
            && let Ok(channel) = self.channel_mut(message.channel)
        {
            channel.last_message = Some(id);
        }
        self.announce(&message, EventKind::MessageCreate, "message_create");
        self.messages.insert(id, message);
        id
    }

    /// Tells people and, where it may hear of it, the bot. Private messages do not go over the gateway.
    pub(crate) fn announce(&mut self, message: &Message, event: EventKind, kind: &'static str) {
        let people = PeopleEvent::Message {
            kind,
            channel: message.channel,
            only_for: message.only_for,
            message: self.seen_message(message),
        };
        self.tell_people(people);
        if message.only_for.is_none() {
            let data = self.message_event_json(message);
            self.tell_bot(message.channel, event, data, intents::GUILD_MESSAGES);
        }
    }

    /// The bot types.
    pub(crate) fn bot_types(&mut self, channel: Snowflake, now: Timestamp) -> Result<(), Refused> {
        let thread = self.channel(channel)?.thread.is_some();
        self.bot_must(channel, if thread { p::SEND_IN_THREADS } else { p::SEND_MESSAGES })?;
        let member = self.member(self.bot).map(wire::member);
        let data = json!({"channel_id": channel, "guild_id": self.guild.id, "user_id": self.bot, "timestamp": now.as_second(), "member": member});
        self.effects.push(Effect::Dispatch { event: EventKind::TypingStart, data, intents: intents::MESSAGE_TYPING });
        Ok(())
    }
}
