//! Changing the world behind the bot's back, and throwing faults.
use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Bad, Input};
use crate::sandbox::discord::{
    faults::Fault,
    gateway::{self, sessions::Frame},
    refusal,
    shared::Shared,
    snowflake::Snowflake,
    world::{Effect, PeopleEvent, permissions::Overwrite},
};

type Done = Result<StatusCode, Bad>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    roles: Vec<Snowflake>,
}

pub(super) async fn roles(
    State(shared): State<Arc<Shared>>,
    Path(member): Path<Snowflake>,
    Input(input): Input<Roles>,
) -> Done {
    shared.act(|inner, _| inner.world.set_roles(member, input.roles))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn leave(State(shared): State<Arc<Shared>>, Path(member): Path<Snowflake>) -> Done {
    shared.act(|inner, _| inner.world.leaves(member))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn delete_message(
    State(shared): State<Arc<Shared>>,
    Path((channel, message)): Path<(Snowflake, Snowflake)>,
) -> Done {
    shared.act(|inner, _| {
        let here = inner.world.messages.get(&message).is_some_and(|found| found.channel == channel);
        if here { inner.world.delete(message) } else { Err(refusal::UNKNOWN_MESSAGE.into()) }
    })?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn delete_channel(State(shared): State<Arc<Shared>>, Path(channel): Path<Snowflake>) -> Done {
    shared.act(|inner, _| inner.world.delete_channel(channel))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Permissions {
    role_or_user_id: Snowflake,
    /// 0 or `"role"`, 1 or `"member"`.
    r#type: Value,
    #[serde(default)]
    allow: Option<Value>,
    #[serde(default)]
    deny: Option<Value>,
}

fn bits(value: Option<&Value>) -> Result<u64, Bad> {
    match value {
        None => Ok(0),
        Some(value) => value
            .as_u64()
            .or_else(|| value.as_str()?.parse().ok())
            .ok_or_else(|| Bad::input("Permission bits are a decimal string.")),
    }
}

pub(super) async fn permissions(
    State(shared): State<Arc<Shared>>,
    Path(channel): Path<Snowflake>,
    Input(input): Input<Permissions>,
) -> Done {
    let for_member = match (&input.r#type, input.r#type.as_str()) {
        (_, Some("member")) => true,
        (_, Some("role")) => false,
        (kind, _) if *kind == 0 || *kind == 1 => *kind == 1,
        _ => return Err(Bad::input("type is 0 or \"role\", 1 or \"member\".")),
    };
    let (allow, deny) = (bits(input.allow.as_ref())?, bits(input.deny.as_ref())?);
    shared.act(|inner, _| {
        let id = input.role_or_user_id;
        let known = if for_member { inner.world.member(id).is_some() } else { inner.world.role(id).is_some() };
        if !known {
            return Err(Bad::input("There is no such role or member."));
        }
        Ok(inner.world.set_overwrite(channel, Overwrite { id, for_member, allow, deny })?)
    })?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThreadState {
    archived: Option<bool>,
    locked: Option<bool>,
}

pub(super) async fn thread(
    State(shared): State<Arc<Shared>>,
    Path(channel): Path<Snowflake>,
    Input(input): Input<ThreadState>,
) -> Done {
    shared.act(|inner, now| inner.world.set_thread(channel, input.archived, input.locked, now))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn add_fault(State(shared): State<Arc<Shared>>, Input(fault): Input<Fault>) -> Json<Value> {
    Json(json!({"id": shared.act(|inner, _| inner.faults.add(fault))}))
}

pub(super) async fn faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|inner| json!(inner.faults.list())))
}

#[derive(Debug, Deserialize)]
pub(super) struct OfRoute {
    route: Option<String>,
}

pub(super) async fn clear_faults(
    State(shared): State<Arc<Shared>>,
    Query(OfRoute { route }): Query<OfRoute>,
) -> StatusCode {
    shared.act(|inner, _| match route {
        Some(route) => inner.faults.clear_route(&route),
        None => inner.faults.clear(),
    });
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clock {
    advance_ms: i64,
}

pub(super) async fn clock(State(shared): State<Arc<Shared>>, Input(input): Input<Clock>) -> Json<Value> {
    shared.advance(input.advance_ms);
    let deadline = shared.options.interaction_deadline;
    shared.act(|inner, now| {
        inner.world.expire_late(now, deadline);
        inner.world.archive_idle(now);
    });
    Json(json!({"now_ms": shared.now().as_millisecond()}))
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(super) enum Action {
    Drop,
    Close {
        code: Option<u16>,
    },
    CloseWithoutCode,
    InvalidSession {
        #[serde(default)]
        resumable: bool,
    },
    Reconnect,
    MuteAcks {
        #[serde(default = "yes")]
        on: bool,
    },
    Deaf {
        #[serde(default = "yes")]
        on: bool,
    },
    RejectToken {
        #[serde(default = "yes")]
        on: bool,
    },
    GarbageEvent {
        event: Option<String>,
        data: Option<Value>,
        text: Option<String>,
    },
    /// Sends any event: for tests of what a library makes of it.
    Dispatch {
        event: String,
        data: Value,
    },
}

pub(super) async fn gateway(State(shared): State<Arc<Shared>>, Input(action): Input<Action>) -> Json<Value> {
    shared.act(|inner, _| {
        let sessions = &mut inner.sessions;
        match action {
            Action::Drop => sessions.frame_all(&Frame::Break),
            Action::Close { code } => sessions.frame_all(&Frame::Close(Some(code.unwrap_or(1000)))),
            Action::CloseWithoutCode => sessions.frame_all(&Frame::Close(None)),
            Action::InvalidSession { resumable } => {
                if !resumable {
                    sessions.forget_all();
                    let gone = Effect::People(PeopleEvent::Gateway { connected: false });
                    inner.world.effects.push(gone);
                }
                sessions.frame_all(&gateway::invalid_session(resumable));
            }
            Action::Reconnect => sessions.frame_all(&gateway::reconnect()),
            Action::MuteAcks { on } => sessions.mute_acks = on,
            Action::Deaf { on } => sessions.set_deaf(on),
            Action::RejectToken { on } => {
                inner.reject_token = on;
                if on {
                    sessions.frame_all(&Frame::Close(Some(4004)));
                }
            }
            Action::GarbageEvent { text: Some(text), .. } => sessions.frame_all(&Frame::Text(text)),
            Action::GarbageEvent { event, data, .. } => {
                let event = event.unwrap_or_else(|| "INTERACTION_CREATE".into());
                sessions.garbage(&event, &data.unwrap_or_else(|| json!({"id": "garbage"})));
            }
            Action::Dispatch { event, data } => sessions.garbage(&event, &data),
        }
    });
    gateway_state(State(shared)).await
}

pub(super) async fn gateway_state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.look(|inner| {
        let sessions = &inner.sessions;
        json!({
            "connected": sessions.connected(), "connections": sessions.connections(), "identified": sessions.identified, "resumed": sessions.resumed,
            "mute_acks": sessions.mute_acks, "deaf": sessions.deaf, "reject_token": inner.reject_token,
        })
    }))
}
