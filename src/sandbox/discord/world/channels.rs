//! Channels and threads. <https://docs.discord.com/developers/topics/threads>
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Channel, Effect, PRIVATE_THREAD, PUBLIC_THREAD, PeopleEvent, Thread, World, intents,
    permissions::{self as p, Overwrite},
};
use crate::sandbox::discord::{
    event::EventKind,
    refusal::{self, FormErrors, Refused},
    rules::{self, AUTO_ARCHIVE, CHANNEL_NAME, boolean, given, known_keys, number, text},
    snowflake::Snowflake,
};

/// How many threads of a guild may be open at once (<https://docs.discord.com/developers/topics/threads#active--archived-threads>).
const ACTIVE_THREADS: usize = 1000;

impl World {
    /// `POST /channels/{id}/messages/{id}/threads`. The thread takes the message's id.
    pub(crate) fn start_thread_from(
        &mut self,
        channel: Snowflake,
        message: Snowflake,
        body: &Value,
        now: Timestamp,
    ) -> Result<Snowflake, Refused> {
        self.bot_must(channel, p::CREATE_PUBLIC_THREADS)?;
        let parent = self.channel(channel)?;
        if parent.thread.is_some() {
            return Err(refusal::NOT_A_TEXT_CHANNEL.into());
        }
        self.public_message(channel, message)?;
        check_thread(body, &["name", "auto_archive_duration", "rate_limit_per_user"])?;
        if self.channel(message).is_ok() {
            return Err(refusal::THREAD_EXISTS.into());
        }
        self.room_for_a_thread()?;
        self.open_thread(message, channel, PUBLIC_THREAD, body, now);
        if let Some(mut starter) = self.messages.get(&message).cloned() {
            starter.flags |= rules::message::HAS_THREAD;
            self.announce(&starter, EventKind::MessageUpdate, "message_update");
            self.messages.insert(message, starter);
        }
        Ok(message)
    }

    /// `POST /channels/{id}/threads`: a thread without a message.
    pub(crate) fn start_thread(
        &mut self,
        channel: Snowflake,
        body: &Value,
        now: Timestamp,
    ) -> Result<Snowflake, Refused> {
        // Discord's default here is a private thread.
        let kind = if body["type"] == PUBLIC_THREAD { PUBLIC_THREAD } else { PRIVATE_THREAD };
        self.bot_must(
            channel,
            if kind == PUBLIC_THREAD { p::CREATE_PUBLIC_THREADS } else { p::CREATE_PRIVATE_THREADS },
        )?;
        if self.channel(channel)?.thread.is_some() {
            return Err(refusal::NOT_A_TEXT_CHANNEL.into());
        }
        check_thread(body, &["name", "auto_archive_duration", "rate_limit_per_user", "type", "invitable"])?;
        self.room_for_a_thread()?;
        let id = self.ids.next(now);
        self.open_thread(id, channel, kind, body, now);
        Ok(id)
    }

    fn room_for_a_thread(&self) -> Result<(), Refused> {
        let is_active = |channel: &&Channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived);
        let active = self.channels.iter().filter(is_active).count();
        if active < ACTIVE_THREADS { Ok(()) } else { Err(refusal::TOO_MANY_THREADS.into()) }
    }

    fn open_thread(&mut self, id: Snowflake, parent: Snowflake, kind: u8, body: &Value, now: Timestamp) {
        let thread = Thread {
            owner: self.bot,
            archived: false,
            locked: false,
            auto_archive: given(body, "auto_archive_duration").and_then(Value::as_u64).unwrap_or(1440),
            changed: now,
            created: now,
        };
        self.channels.push(Channel {
            id,
            name: body["name"].as_str().unwrap_or_default().to_owned(),
            kind,
            topic: String::new(),
            parent: Some(parent),
            overwrites: Vec::new(),
            thread: Some(thread),
            last_message: None,
            old_edits: Vec::new(),
        });
        self.announce_channel(id, EventKind::ThreadCreate, "channel_create");
    }

    /// `PATCH /channels/{id}`: a thread's name, `archived`, `locked`; a channel's name and topic.
    pub(crate) fn bot_changes_channel(&mut self, id: Snowflake, body: &Value, now: Timestamp) -> Result<(), Refused> {
        self.bot_must(id, 0)?;
        let channel = self.channel(id)?.clone();
        let Some(thread) = channel.thread else {
            return self.rename_channel(id, body);
        };
        check_thread_change(body)?;
        let own = thread.owner == self.bot;
        let manages = self.may(self.bot, id, p::MANAGE_THREADS);
        let unarchives = given(body, "archived") == Some(&json!(false));
        if thread.locked && !manages {
            return Err(refusal::THREAD_LOCKED.into());
        }
        if given(body, "locked").is_some() && !manages {
            // Locking is a moderator's, even on a thread of one's own.
            return Err(refusal::MISSING_PERMISSIONS.into());
        }
        if thread.archived && !unarchives {
            return Err(refusal::THREAD_ARCHIVED.into());
        }
        if !(own || manages || (unarchives && self.may(self.bot, id, p::SEND_IN_THREADS))) {
            return Err(refusal::MISSING_PERMISSIONS.into());
        }
        let found = self.channel_mut(id)?;
        if let Some(name) = given(body, "name").and_then(Value::as_str) {
            name.clone_into(&mut found.name);
        }
        if let Some(thread) = &mut found.thread {
            set(&mut thread.locked, body, "locked");
            let before = thread.archived;
            set(&mut thread.archived, body, "archived");
            if before != thread.archived {
                thread.changed = now;
            }
            thread.auto_archive =
                given(body, "auto_archive_duration").and_then(Value::as_u64).unwrap_or(thread.auto_archive);
        }
        self.announce_channel(id, EventKind::ThreadUpdate, "channel_update");
        Ok(())
    }

    fn rename_channel(&mut self, id: Snowflake, body: &Value) -> Result<(), Refused> {
        self.bot_must(id, p::MANAGE_CHANNELS)?;
        let mut errors = FormErrors::default();
        known_keys(&mut errors, body, "", &["name", "topic"]);
        text(&mut errors, body, "", "name", (1, CHANNEL_NAME), false);
        text(&mut errors, body, "", "topic", (0, 1024), false);
        errors.finish()?;
        let channel = self.channel_mut(id)?;
        for (field, key) in [(&mut channel.name, "name"), (&mut channel.topic, "topic")] {
            if let Some(value) = given(body, key).and_then(Value::as_str) {
                value.clone_into(field);
            }
        }
        self.announce_channel(id, EventKind::ChannelUpdate, "channel_update");
        Ok(())
    }

    /// A moderator archives, locks or opens a thread.
    pub(crate) fn set_thread(
        &mut self,
        id: Snowflake,
        archived: Option<bool>,
        locked: Option<bool>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let thread = self.channel_mut(id)?.thread.as_mut().ok_or(refusal::NOT_A_TEXT_CHANNEL)?;
        thread.archived = archived.unwrap_or(thread.archived);
        thread.locked = locked.unwrap_or(thread.locked);
        thread.changed = now;
        self.announce_channel(id, EventKind::ThreadUpdate, "channel_update");
        Ok(())
    }

    /// Archives the threads in which nothing was written for as long as each of them waits for that.
    pub(crate) fn archive_idle(&mut self, now: Timestamp) {
        let is_idle = |channel: &Channel| {
            let Some(thread) = channel.thread.as_ref().filter(|thread| !thread.archived) else { return false };
            let written = channel.last_message.map(|id| id.created_at());
            let last = written.map_or(thread.changed, |at| at.max(thread.changed));
            let idle = SignedDuration::from_mins(i64::try_from(thread.auto_archive).unwrap_or(i64::MAX));
            now.duration_since(last) >= idle
        };
        let idle: Vec<Snowflake> = self.channels.iter().filter(|channel| is_idle(channel)).map(|c| c.id).collect();
        for id in idle {
            // It is there: it was found just now.
            self.set_thread(id, Some(true), None, now).ok();
        }
    }

    /// Writing into an archived thread opens it again.
    pub(super) fn wake_thread(&mut self, id: Snowflake, now: Timestamp) -> Result<(), Refused> {
        let Some(thread) = &mut self.channel_mut(id)?.thread else {
            return Ok(());
        };
        if thread.archived {
            thread.archived = false;
            thread.changed = now;
            self.announce_channel(id, EventKind::ThreadUpdate, "channel_update");
        }
        Ok(())
    }

    /// Tells bot and people how a channel stands now.
    fn announce_channel(&mut self, id: Snowflake, event: EventKind, kind: &'static str) {
        let Ok(channel) = self.channel(id) else {
            return;
        };
        let mut body = self.channel_json(channel);
        self.tell_people(PeopleEvent::Channel { kind, id, body: body.clone() });
        if let (true, Some(map)) = (event == EventKind::ThreadCreate, body.as_object_mut()) {
            map.insert("newly_created".into(), json!(true));
        }
        self.tell_bot(id, event, body, intents::GUILDS);
    }

    /// `DELETE /channels/{id}` by the bot.
    pub(crate) fn bot_deletes_channel(&mut self, id: Snowflake) -> Result<Value, Refused> {
        let thread = self.channel(id)?.thread.is_some();
        self.bot_must(id, if thread { p::MANAGE_THREADS } else { p::MANAGE_CHANNELS })?;
        let body = self.channel_json(self.channel(id)?);
        self.delete_channel(id)?;
        Ok(body)
    }

    /// Takes a channel away with its threads and messages, whoever does it.
    pub(crate) fn delete_channel(&mut self, id: Snowflake) -> Result<(), Refused> {
        let channel = self.channel(id)?.clone();
        let threads: Vec<Snowflake> =
            self.channels.iter().filter(|other| other.parent == Some(id)).map(|other| other.id).collect();
        for thread in threads {
            self.delete_channel(thread)?;
        }
        let body = self.channel_json(&channel);
        let (event, data) = if channel.thread.is_some() {
            (
                EventKind::ThreadDelete,
                json!({"id": id, "guild_id": self.guild.id, "parent_id": channel.parent, "type": channel.kind}),
            )
        } else {
            (EventKind::ChannelDelete, body.clone())
        };
        self.tell_bot(id, event, data, intents::GUILDS);
        self.tell_people(PeopleEvent::Channel { kind: "channel_delete", id, body });
        self.channels.retain(|other| other.id != id);
        self.messages.retain(|_, message| message.channel != id);
        Ok(())
    }

    /// Sets (or, with both 0, removes) a channel's overwrite for a role or a member.
    pub(crate) fn set_overwrite(&mut self, channel: Snowflake, overwrite: Overwrite) -> Result<(), Refused> {
        let saw = self.may(self.bot, channel, p::VIEW_CHANNEL);
        let found = self.channel_mut(channel)?;
        found.overwrites.retain(|other| other.id != overwrite.id);
        if overwrite.allow != 0 || overwrite.deny != 0 {
            found.overwrites.push(overwrite);
        }
        let sees = self.may(self.bot, channel, p::VIEW_CHANNEL);
        let body = self.channel_json(self.channel(channel)?);
        self.tell_people(PeopleEvent::Channel { kind: "channel_update", id: channel, body: body.clone() });
        // A channel that falls out of sight is deleted as far as the bot can tell, and made when it comes back.
        let event = match (saw, sees) {
            (true, true) => EventKind::ChannelUpdate,
            (true, false) => EventKind::ChannelDelete,
            (false, true) => EventKind::ChannelCreate,
            (false, false) => return Ok(()),
        };
        self.effects.push(Effect::Dispatch { event, data: body, intents: intents::GUILDS });
        Ok(())
    }
}

fn set(flag: &mut bool, body: &Value, key: &str) {
    *flag = given(body, key).and_then(Value::as_bool).unwrap_or(*flag);
}

fn check_thread(body: &Value, known: &[&str]) -> Result<(), Refused> {
    let mut errors = FormErrors::default();
    known_keys(&mut errors, body, "", known);
    text(&mut errors, body, "", "name", (1, CHANNEL_NAME), true);
    auto_archive(&mut errors, body);
    errors.finish()
}

fn check_thread_change(body: &Value) -> Result<(), Refused> {
    let mut errors = FormErrors::default();
    let known = [
        "name",
        "archived",
        "auto_archive_duration",
        "locked",
        "invitable",
        "rate_limit_per_user",
        "flags",
        "applied_tags",
    ];
    known_keys(&mut errors, body, "", &known);
    text(&mut errors, body, "", "name", (1, CHANNEL_NAME), false);
    boolean(&mut errors, body, "", "archived");
    boolean(&mut errors, body, "", "locked");
    auto_archive(&mut errors, body);
    errors.finish()
}

fn auto_archive(errors: &mut FormErrors, body: &Value) {
    number(errors, body, "", "rate_limit_per_user", (0, 21600));
    if let Some(minutes) = given(body, "auto_archive_duration")
        && minutes.as_u64().is_none_or(|minutes| !AUTO_ARCHIVE.contains(&minutes))
    {
        errors.add("auto_archive_duration", "BASE_TYPE_CHOICES", format!("Value must be one of {AUTO_ARCHIVE:?}."));
    }
}
