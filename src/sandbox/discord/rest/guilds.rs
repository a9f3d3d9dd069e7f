//! The guild and its people. <https://docs.discord.com/developers/resources/guild>
use serde_json::{Value, json};

use super::{Answer, Result, routes::Call};
use crate::sandbox::discord::{
    refusal::{self, form_error},
    snowflake::Snowflake,
    world::{World, intents, wire},
};

/// 10004 for a guild that the bot is not in.
fn the(world: &World, guild: Snowflake) -> Result<&World> {
    if guild == world.guild.id { Ok(world) } else { Err(refusal::UNKNOWN_GUILD.into()) }
}

pub(super) fn get(call: &Call<'_>, guild: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| Ok(Answer::ok(the(&inner.world, guild)?.guild_json())))
}

pub(super) fn mine(call: &Call<'_>) -> Result<Answer> {
    call.shared.look(|inner| {
        let world = &inner.world;
        let permissions = world.guild_permissions(world.bot).to_string();
        Ok(Answer::ok(json!([{
            "id": world.guild.id, "name": world.guild.name, "icon": null, "banner": null, "owner": false, "permissions": permissions, "features": [],
        }])))
    })
}

pub(super) fn user(call: &Call<'_>, user: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| {
        let member = inner.world.member(user).ok_or(refusal::UNKNOWN_USER)?;
        Ok(Answer::ok(wire::user(member)))
    })
}

pub(super) fn channels(call: &Call<'_>, guild: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| {
        let world = the(&inner.world, guild)?;
        Ok(Answer::ok(
            world
                .channels
                .iter()
                .filter(|channel| channel.thread.is_none())
                .map(|channel| world.channel_json(channel))
                .collect(),
        ))
    })
}

pub(super) fn active_threads(call: &Call<'_>, guild: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| {
        let world = the(&inner.world, guild)?;
        let open =
            world.channels.iter().filter(|channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived));
        let threads: Vec<Value> = open.map(|channel| world.channel_json(channel)).collect();
        Ok(Answer::ok(json!({"threads": threads, "members": [], "has_more": false})))
    })
}

pub(super) fn roles(call: &Call<'_>, guild: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| Ok(Answer::ok(Value::Array(the(&inner.world, guild)?.roles_json()))))
}

pub(super) fn member(call: &Call<'_>, guild: Snowflake, user: Snowflake) -> Result<Answer> {
    call.shared.look(|inner| {
        let member = the(&inner.world, guild)?.member(user).ok_or(refusal::UNKNOWN_MEMBER)?;
        Ok(Answer::ok(wire::member(member)))
    })
}

pub(super) fn own_member(call: &Call<'_>, guild: Snowflake) -> Result<Answer> {
    let bot = call.shared.look(|inner| inner.world.bot);
    member(call, guild, bot)
}

fn limit(call: &Call<'_>) -> Result<usize> {
    match call.query.get("limit").map(|text| text.parse()) {
        None => Ok(1),
        Some(Ok(limit @ 1..=1000)) => Ok(limit),
        Some(_) => Err(form_error("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 1000.")),
    }
}

/// The whole list needs the privileged intent, over REST too.
pub(super) fn members(call: &Call<'_>, guild: Snowflake) -> Result<Answer> {
    let limit = limit(call)?;
    let after = call.query.get("after").and_then(|id| id.parse().ok()).unwrap_or(Snowflake(0));
    let privileged = call.shared.options.privileged_intents & intents::GUILD_MEMBERS != 0;
    call.shared.look(|inner| {
        let world = the(&inner.world, guild)?;
        if !privileged {
            return Err(refusal::MISSING_ACCESS.into());
        }
        let mut found: Vec<_> = world.members.iter().filter(|member| member.id > after).collect();
        found.sort_by_key(|member| member.id);
        Ok(Answer::ok(found.into_iter().take(limit).map(wire::member).collect()))
    })
}

pub(super) fn search(call: &Call<'_>, guild: Snowflake) -> Result<Answer> {
    let limit = limit(call)?;
    let Some(query) = call.query.get("query").map(|query| query.to_lowercase()) else {
        return Err(form_error("query", "BASE_TYPE_REQUIRED", "This field is required"));
    };
    call.shared.look(|inner| {
        let world = the(&inner.world, guild)?;
        let fits = world.members.iter().filter(|member| {
            member.username.to_lowercase().starts_with(&query) || member.global_name.to_lowercase().starts_with(&query)
        });
        Ok(Answer::ok(fits.take(limit).map(wire::member).collect()))
    })
}
