//! Messages of a channel. <https://docs.discord.com/developers/resources/message>
use serde_json::Value;

use super::{Answer, Result, routes::Call};
use crate::sandbox::discord::{
    refusal::form_error,
    snowflake::Snowflake,
    world::{Window, World, permissions::READ_MESSAGE_HISTORY},
};

fn answer(world: &World, id: Snowflake) -> Answer {
    Answer::ok(world.messages.get(&id).map_or(Value::Null, |message| world.message_json(message)))
}

pub(super) fn create(call: Call<'_>, channel: Snowflake) -> Result<Answer> {
    call.shared.act(|inner, now| {
        let id = inner.world.bot_posts(channel, call.body, call.uploads, now)?;
        Ok(answer(&inner.world, id))
    })
}

pub(super) fn edit(call: Call<'_>, channel: Snowflake, message: Snowflake) -> Result<Answer> {
    call.shared.act(|inner, now| {
        inner.world.bot_edits(channel, message, call.body, call.uploads, now)?;
        Ok(answer(&inner.world, message))
    })
}

pub(super) fn delete(call: &Call<'_>, channel: Snowflake, message: Snowflake) -> Result<Answer> {
    call.shared.act(|inner, _| {
        inner.world.bot_deletes(channel, message)?;
        Ok(Answer::no_content())
    })
}

pub(super) fn get(call: &Call<'_>, channel: Snowflake, message: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| {
        inner.world.bot_must(channel, READ_MESSAGE_HISTORY)?;
        inner.world.public_message(channel, message)?;
        Ok(answer(&inner.world, message))
    })
}

pub(super) fn list(call: &Call<'_>, channel: Snowflake) -> Result<Answer> {
    let limit = match call.query.get("limit").map(|limit| (limit, limit.parse())) {
        None => 50,
        Some((_, Ok(limit @ 1..=100))) => limit,
        Some((limit, _)) => {
            return Err(form_error(
                "limit",
                "NUMBER_TYPE_MAX",
                format!("int value {limit} should be between 1 and 100."),
            ));
        }
    };
    let mut window = Window::Newest;
    for key in ["around", "before", "after"] {
        let Some(text) = call.query.get(key) else {
            continue;
        };
        let id = text
            .parse()
            .map_err(|_| form_error(key, "NUMBER_TYPE_COERCE", format!("Value \"{text}\" is not snowflake.")))?;
        if !matches!(window, Window::Newest) {
            return Err(form_error(key, "STAND_IN_EXCLUSIVE", "around, before and after are mutually exclusive."));
        }
        window = match key {
            "around" => Window::Around(id),
            "before" => Window::Before(id),
            _ => Window::After(id),
        };
    }
    call.shared.look(|inner| {
        let found = inner.world.bot_reads(channel, window, limit)?;
        Ok(Answer::ok(found.into_iter().map(|message| inner.world.message_json(message)).collect()))
    })
}
