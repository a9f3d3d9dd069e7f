//! Answers to interactions, and what comes after them.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding>
use serde_json::Value;

use super::{Answer, Result, routes::Call};
use crate::sandbox::discord::{refusal, snowflake::Snowflake, world::World};

pub(super) fn callback(call: Call<'_>, id: Snowflake, token: &str) -> Result<Answer> {
    let with_response = call.flag("with_response");
    let deadline = call.shared.options.interaction_deadline;
    call.shared.act(|inner, _| {
        inner.world.answer(id, token, call.body, call.uploads, call.arrived, deadline)?;
        if !with_response {
            return Ok(Answer::no_content());
        }
        Ok(Answer::ok(inner.world.callback_json(id, call.body["type"].as_u64().unwrap_or(0))))
    })
}

fn answer(world: &World, id: Snowflake) -> Answer {
    Answer::ok(world.messages.get(&id).map_or(Value::Null, |message| world.message_json(message)))
}

/// `@original`, or a message's id.
fn named(message: &str) -> Result<Option<Snowflake>> {
    match message {
        "@original" => Ok(None),
        id => id.parse().map(Some).map_err(|_| refusal::UNKNOWN_MESSAGE.into()),
    }
}

pub(super) fn follow_up(call: Call<'_>, application: Snowflake, token: &str) -> Result<Answer> {
    call.shared.act(|inner, _| {
        let id = inner.world.follow_up(application, token, call.body, call.uploads, call.arrived)?;
        Ok(answer(&inner.world, id))
    })
}

pub(super) fn get(call: &Call<'_>, application: Snowflake, token: &str, message: &str) -> Result<Answer> {
    let message = named(message)?;
    let now = call.shared.now();
    call.shared.look(|inner| {
        let id = inner.world.webhook_message(application, token, message, now)?;
        Ok(answer(&inner.world, id))
    })
}

pub(super) fn edit(call: Call<'_>, application: Snowflake, token: &str, message: &str) -> Result<Answer> {
    let message = named(message)?;
    call.shared.act(|inner, _| {
        let id = inner.world.webhook_edits(application, token, message, call.body, call.uploads, call.arrived)?;
        Ok(answer(&inner.world, id))
    })
}

pub(super) fn delete(call: &Call<'_>, application: Snowflake, token: &str, message: &str) -> Result<Answer> {
    let message = named(message)?;
    call.shared.act(|inner, now| {
        inner.world.webhook_deletes(application, token, message, now)?;
        Ok(Answer::no_content())
    })
}
