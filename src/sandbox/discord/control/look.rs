//! Looking: at the guild as somebody sees it, and at what the stand-in wrote down.
use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Bad, Eyes};
use crate::sandbox::discord::{
    refusal,
    shared::Shared,
    snowflake::Snowflake,
    world::{Channel, Member, World, permissions as p, wire},
};

pub(super) async fn state(State(shared): State<Arc<Shared>>, Query(eyes): Query<Eyes>) -> Result<Json<Value>, Bad> {
    shared.look(|inner| {
        let world = &inner.world;
        if eyes.user.is_some_and(|user| world.member(user).is_none()) {
            return Err(refusal::Refused::from(refusal::UNKNOWN_MEMBER).into());
        }
        let commands: Vec<&Value> = match eyes.user {
            Some(user) => world.commands_for(user).into_iter().map(|command| &command.body).collect(),
            None => world.commands.iter().map(|command| &command.body).collect(),
        };
        let roles: Vec<Value> = world
            .roles
            .iter()
            .map(|role| json!({"id": role.id, "name": role.name, "color": role.color, "mentionable": role.mentionable, "permissions": role.permissions.to_string()}))
            .collect();
        Ok(Json(json!({
            "guild": {"id": world.guild.id, "name": world.guild.name, "owner_id": world.guild.owner},
            "application": {"id": world.application, "name": world.bot_name, "bot_user_id": world.bot},
            "commands": commands,
            "roles": roles,
            "members": world.members.iter().map(|found| member(world, found)).collect::<Vec<_>>(),
            "channels": world.channels.iter().map(|found| channel(world, found, eyes.user)).collect::<Vec<_>>(),
            "connected": inner.sessions.connected(),
            "now_ms": shared.now().as_millisecond(),
            "last_event": inner.last_event(),
        })))
    })
}

/// A member as `/state` shows it.
pub(super) fn member(world: &World, member: &Member) -> Value {
    json!({"user": wire::user(member), "roles": member.roles, "permissions": world.guild_permissions(member.id).to_string()})
}

/// A channel as `/state` shows it.
pub(super) fn channel(world: &World, channel: &Channel, user: Option<Snowflake>) -> Value {
    let thread = channel.thread.as_ref();
    let send = if thread.is_some() { p::SEND_IN_THREADS } else { p::SEND_MESSAGES };
    json!({
        "id": channel.id, "name": channel.name, "type": channel.kind, "parent_id": channel.parent, "topic": channel.topic,
        "archived": thread.is_some_and(|thread| thread.archived), "locked": thread.is_some_and(|thread| thread.locked),
        "visible": user.is_none_or(|user| world.may(user, channel.id, p::VIEW_CHANNEL)),
        "sendable": user.is_none_or(|user| world.may(user, channel.id, send)),
    })
}

pub(super) async fn messages(
    State(shared): State<Arc<Shared>>,
    Path(channel): Path<Snowflake>,
    Query(eyes): Query<Eyes>,
) -> Result<Json<Value>, Bad> {
    shared.look(|inner| {
        let world = &inner.world;
        world.channel(channel)?;
        let seen = world
            .messages
            .values()
            .filter(|message| message.channel == channel && eyes.user.is_none_or(|user| world.sees(user, message)));
        Ok(Json(seen.map(|message| world.seen_message(message)).collect()))
    })
}

pub(super) async fn interaction(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<Snowflake>,
) -> Result<Json<Value>, Bad> {
    shared.look(|inner| {
        let found = inner.world.interactions.get(&id).ok_or(refusal::Refused::from(refusal::UNKNOWN_INTERACTION))?;
        Ok(Json(super::outcome::told(&inner.world, found)))
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

pub(super) async fn requests(State(shared): State<Arc<Shared>>, Query(After { after }): Query<After>) -> Json<Value> {
    Json(shared.look(|inner| {
        inner.requests.iter().filter(|request| request.n > after).map(|request| json!(request)).collect()
    }))
}

pub(super) async fn forget_requests(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.act(|inner, _| inner.requests.clear());
    StatusCode::NO_CONTENT
}

pub(super) async fn pings(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|inner| json!(inner.world.pings)))
}

pub(super) async fn forget_pings(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.act(|inner, _| inner.world.pings.clear());
    StatusCode::NO_CONTENT
}

pub(super) async fn violations(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|inner| json!(inner.violations)))
}

pub(super) async fn forget_violations(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.act(|inner, _| inner.violations.clear());
    StatusCode::NO_CONTENT
}
