//! Where the gateway is, who the bot is, and its commands.
use serde_json::{Value, json};

use super::{Answer, Result, routes::Call};
use crate::sandbox::discord::{refusal, snowflake::Snowflake, world::World};

pub(super) fn gateway(call: &Call<'_>) -> Result<Answer> {
    let address = call.shared.look(|inner| inner.public_address.clone());
    Ok(Answer::ok(json!({"url": format!("ws://{address}/gateway")})))
}

pub(super) fn gateway_bot(call: &Call<'_>) -> Result<Answer> {
    let address = call.shared.look(|inner| inner.public_address.clone());
    Ok(Answer::ok(json!({
        "url": format!("ws://{address}/gateway"), "shards": 1,
        "session_start_limit": {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1},
    })))
}

pub(super) fn current_user(call: &Call<'_>) -> Result<Answer> {
    Ok(Answer::ok(call.shared.look(|inner| {
        let mut user = inner.world.user_json(inner.world.bot);
        if let Some(map) = user.as_object_mut() {
            map.insert("verified".into(), json!(true));
            map.insert("mfa_enabled".into(), json!(true));
            map.insert("locale".into(), json!("en-US"));
            map.insert("premium_type".into(), json!(0));
        }
        user
    })))
}

pub(super) fn application(call: &Call<'_>) -> Result<Answer> {
    Ok(Answer::ok(call.shared.look(|inner| {
        let world = &inner.world;
        json!({
            "id": world.application, "name": world.bot_name, "icon": null, "description": "", "summary": "", "type": null,
            "bot": world.user_json(world.bot), "bot_public": false, "bot_require_code_grant": false, "verify_key": "0".repeat(64),
            "flags": 0, "hook": true, "owner": world.user_json(world.guild.owner), "team": null, "redirect_uris": [],
            "interactions_endpoint_url": null, "role_connections_verification_url": null, "integration_types_config": {"0": {}},
            "approximate_guild_count": 1, "approximate_user_install_count": 0, "tags": [], "rpc_origins": [],
            "flags_new": "0", "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "eligible_oauth2_scopes": [],
        })
    })))
}

/// Whether the commands are the guild's; refuses what is not there.
fn scope(world: &World, application: Snowflake, guild: Option<Snowflake>) -> Result<bool> {
    if application != world.application {
        return Err(refusal::UNKNOWN_APPLICATION.into());
    }
    match guild {
        Some(id) if id != world.guild.id => Err(refusal::MISSING_ACCESS.into()),
        found => Ok(found.is_some()),
    }
}

pub(super) fn commands(call: &Call<'_>, application: Snowflake, guild: Option<Snowflake>) -> Result<Answer> {
    call.shared.look(|inner| {
        let in_guild = scope(&inner.world, application, guild)?;
        Ok(Answer::ok(Value::Array(inner.world.commands_of(in_guild))))
    })
}

pub(super) fn overwrite(call: &Call<'_>, application: Snowflake, guild: Option<Snowflake>) -> Result<Answer> {
    call.shared.act(|inner, now| {
        let in_guild = scope(&inner.world, application, guild)?;
        Ok(Answer::ok(Value::Array(inner.world.overwrite_commands(in_guild, call.body, now)?)))
    })
}

pub(super) fn upsert(call: &Call<'_>, application: Snowflake, guild: Option<Snowflake>) -> Result<Answer> {
    call.shared.act(|inner, now| {
        let in_guild = scope(&inner.world, application, guild)?;
        let (new, command) = inner.world.upsert_command(in_guild, call.body, now)?;
        Ok(if new { Answer::created(command) } else { Answer::ok(command) })
    })
}

pub(super) fn command(
    call: &Call<'_>,
    application: Snowflake,
    guild: Option<Snowflake>,
    id: Snowflake,
) -> Result<Answer> {
    call.shared.look(|inner| {
        let in_guild = scope(&inner.world, application, guild)?;
        Ok(Answer::ok(inner.world.command(in_guild, id)?.body.clone()))
    })
}

pub(super) fn edit(call: &Call<'_>, application: Snowflake, guild: Option<Snowflake>, id: Snowflake) -> Result<Answer> {
    call.shared.act(|inner, now| {
        let in_guild = scope(&inner.world, application, guild)?;
        Ok(Answer::ok(inner.world.edit_command(in_guild, id, call.body, now)?))
    })
}

pub(super) fn delete(
    call: &Call<'_>,
    application: Snowflake,
    guild: Option<Snowflake>,
    id: Snowflake,
) -> Result<Answer> {
    call.shared.act(|inner, _| {
        let in_guild = scope(&inner.world, application, guild)?;
        inner.world.delete_command(in_guild, id)?;
        Ok(Answer::no_content())
    })
}
