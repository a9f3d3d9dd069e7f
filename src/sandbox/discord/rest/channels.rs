//! Channels and threads. <https://docs.discord.com/developers/resources/channel>
use serde_json::{Value, json};

use super::{Answer, Result, routes::Call};
use crate::sandbox::discord::snowflake::Snowflake;

pub(super) fn get(call: &Call<'_>, channel: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| {
        inner.world.bot_must(channel, 0)?;
        Ok(Answer::ok(inner.world.channel_json(inner.world.channel(channel)?)))
    })
}

pub(super) fn change(call: &Call<'_>, channel: Snowflake) -> Result<Answer> {
    call.shared.act(|inner, now| {
        inner.world.bot_changes_channel(channel, call.body, now)?;
        Ok(Answer::ok(inner.world.channel_json(inner.world.channel(channel)?)))
    })
}

pub(super) fn delete(call: &Call<'_>, channel: Snowflake) -> Result<Answer> {
    call.shared.act(|inner, _| Ok(Answer::ok(inner.world.bot_deletes_channel(channel)?)))
}

pub(super) fn typing(call: &Call<'_>, channel: Snowflake) -> Result<Answer> {
    call.shared.act(|inner, now| {
        inner.world.bot_types(channel, now)?;
        Ok(Answer::no_content())
    })
}

pub(super) fn start_thread(call: &Call<'_>, channel: Snowflake, message: Option<Snowflake>) -> Result<Answer> {
    call.shared.act(|inner, now| {
        let id = match message {
            Some(message) => inner.world.start_thread_from(channel, message, call.body, now)?,
            None => inner.world.start_thread(channel, call.body, now)?,
        };
        Ok(Answer::created(inner.world.channel_json(inner.world.channel(id)?)))
    })
}

pub(super) fn archived_threads(call: &Call<'_>, channel: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| {
        inner.world.bot_must(channel, 0)?;
        let found = inner.world.channels.iter().filter(|other| {
            other.parent == Some(channel) && other.thread.as_ref().is_some_and(|thread| thread.archived)
        });
        let threads: Vec<Value> = found.map(|thread| inner.world.channel_json(thread)).collect();
        Ok(Answer::ok(json!({"threads": threads, "members": [], "has_more": false})))
    })
}
