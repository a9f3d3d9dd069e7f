//! The gateway: a WebSocket that speaks gateway version 10 in JSON.
//! <https://docs.discord.com/developers/events/gateway>
pub(crate) mod sessions;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::sessions::{Frame, NoResume};
use super::{
    event::EventKind,
    rules::{given, items},
    shared::{Inner, Shared},
    snowflake,
    world::{Effect, PeopleEvent, intents, wire},
};

/// Close codes. <https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>
mod close {
    pub(super) const UNKNOWN_OPCODE: u16 = 4001;
    pub(super) const DECODE_ERROR: u16 = 4002;
    pub(super) const NOT_AUTHENTICATED: u16 = 4003;
    pub(super) const AUTHENTICATION_FAILED: u16 = 4004;
    pub(super) const ALREADY_AUTHENTICATED: u16 = 4005;
    pub(super) const INVALID_SEQ: u16 = 4007;
    pub(super) const INVALID_INTENTS: u16 = 4013;
    pub(super) const DISALLOWED_INTENTS: u16 = 4014;
}

/// Bits that name no intent.
const NO_INTENT: u64 = !((1 << 26) - 1);
/// Ids in one member request.
const MEMBER_IDS: usize = 100;

/// `GET /gateway`.
pub(crate) async fn connect(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(shared, socket))
}

async fn serve(shared: Arc<Shared>, mut socket: WebSocket) {
    let (sender, mut frames) = mpsc::unbounded_channel();
    let hello = json!({"op": 10, "s": null, "t": null, "d": {"heartbeat_interval": shared.options.heartbeat_interval.as_millis(), "_trace": []}});
    let connection = shared.act(|inner, _| {
        let connection = inner.sessions.connect(sender);
        inner.sessions.greet(connection, hello.to_string());
        connection
    });
    let closed = shared.closed.clone();
    loop {
        tokio::select! {
            () = closed.cancelled() => break,
            frame = frames.recv() => match frame {
                Some(Frame::Text(text)) => if socket.send(Message::text(text)).await.is_err() { break },
                Some(Frame::Close(code)) => { say_goodbye(&mut socket, code).await; break }
                Some(Frame::Break) | None => break,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => shared.act(|inner, _| hear(&shared, inner, connection, &text)),
                Some(Ok(Message::Binary(bytes))) => shared.act(|inner, _| hear(&shared, inner, connection, &String::from_utf8_lossy(&bytes))),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            },
        }
    }
    shared.act(|inner, _| {
        let identified = inner.sessions.is_identified(connection);
        inner.sessions.disconnect(connection);
        if identified {
            tell_connected(inner);
        }
    });
}

/// Sends a close frame and waits a moment for the other side to take it.
async fn say_goodbye(socket: &mut WebSocket, code: Option<u16>) {
    let frame = code.map(|code| CloseFrame { code, reason: "".into() });
    if socket.send(Message::Close(frame)).await.is_ok() {
        let drain = async { while let Some(Ok(_)) = socket.recv().await {} };
        // Whoever does not answer a goodbye is left anyhow.
        tokio::time::timeout(Duration::from_secs(2), drain).await.ok();
    }
}

fn tell_connected(inner: &mut Inner) {
    let connected = inner.sessions.connected();
    inner.world.effects.push(Effect::People(PeopleEvent::Gateway { connected }));
}

/// One frame from the bot.
fn hear(shared: &Shared, inner: &mut Inner, connection: u64, text: &str) {
    if inner.sessions.deaf {
        return;
    }
    let close = |inner: &Inner, code| inner.sessions.frame(connection, Frame::Close(Some(code)));
    let Ok(frame) = serde_json::from_str::<Value>(text) else {
        return close(inner, close::DECODE_ERROR);
    };
    let identified = inner.sessions.is_identified(connection);
    let data = frame.get("d").unwrap_or(&Value::Null);
    match frame.get("op").and_then(Value::as_u64) {
        Some(1) => {
            if !inner.sessions.mute_acks {
                inner
                    .sessions
                    .frame(connection, Frame::Text(json!({"op": 11, "s": null, "t": null, "d": null}).to_string()));
            }
        }
        Some(2 | 6) if identified => close(inner, close::ALREADY_AUTHENTICATED),
        Some(2 | 6) if inner.reject_token || data["token"].as_str().is_none_or(str::is_empty) => {
            close(inner, close::AUTHENTICATION_FAILED)
        }
        Some(2) => match identify(shared, inner, connection, data) {
            Ok(()) => tell_connected(inner),
            Err(code) => close(inner, code),
        },
        Some(6) => {
            let session = data["session_id"].as_str().unwrap_or_default();
            match inner.sessions.resume(connection, session, data["seq"].as_u64().unwrap_or(0)) {
                Ok(()) => tell_connected(inner),
                Err(NoResume::UnknownSession) => inner.sessions.frame(connection, invalid_session(false)),
                Err(NoResume::InvalidSeq) => close(inner, close::INVALID_SEQ),
            }
        }
        Some(3 | 4 | 8 | 31) if !identified => close(inner, close::NOT_AUTHENTICATED),
        Some(3 | 4 | 31) => {}
        Some(8) => request_members(inner, connection, data),
        _ => close(inner, close::UNKNOWN_OPCODE),
    }
}

/// Opcode 9.
pub(crate) fn invalid_session(resumable: bool) -> Frame {
    Frame::Text(json!({"op": 9, "s": null, "t": null, "d": resumable}).to_string())
}

/// Opcode 7.
pub(crate) fn reconnect() -> Frame {
    Frame::Text(json!({"op": 7, "s": null, "t": null, "d": null}).to_string())
}

fn identify(shared: &Shared, inner: &mut Inner, connection: u64, data: &Value) -> Result<(), u16> {
    let asked = data["intents"].as_u64().filter(|bits| bits & NO_INTENT == 0).ok_or(close::INVALID_INTENTS)?;
    if asked & intents::PRIVILEGED & !shared.options.privileged_intents != 0 {
        return Err(close::DISALLOWED_INTENTS);
    }
    let world = &inner.world;
    let mut user = world.user_json(world.bot);
    if let Some(map) = user.as_object_mut() {
        map.insert("verified".into(), json!(true));
        map.insert("mfa_enabled".into(), json!(true));
        map.insert("email".into(), Value::Null);
    }
    let (guild, create) = (world.guild.id, world.guild_create_json());
    let address = inner.public_address.clone();
    let application = json!({"id": world.application, "flags": 0});
    inner.sessions.identify(connection, asked, |session| {
        json!({
            "v": 10, "user": user, "guilds": [{"id": guild, "unavailable": true}], "session_id": session,
            "session_type": "normal", "resume_gateway_url": format!("ws://{address}/gateway"), "shard": given(data, "shard").unwrap_or(&json!([0, 1])),
            "application": application, "private_channels": [], "relationships": [], "presences": [], "geo_ordered_rtc_regions": [],
            "user_settings": {}, "_trace": [],
        })
    });
    if asked & intents::GUILDS != 0 {
        inner.sessions.send_to(connection, EventKind::GuildCreate, &create);
    }
    Ok(())
}

/// Opcode 8. <https://docs.discord.com/developers/events/gateway-events#request-guild-members>
fn request_members(inner: &mut Inner, connection: u64, data: &Value) {
    let world = &inner.world;
    if snowflake::parse(&data["guild_id"]) != Some(world.guild.id) {
        return;
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    if let Some(ids) = given(data, "user_ids") {
        let single = [ids.clone()];
        let ids = if ids.is_array() { items(data, "user_ids") } else { &single[..] };
        for id in ids.iter().take(MEMBER_IDS) {
            match snowflake::parse(id).and_then(|id| world.member(id)) {
                Some(member) => found.push(wire::member(member)),
                None => missing.push(id.clone()),
            }
        }
    } else {
        let query = data["query"].as_str().unwrap_or_default().to_lowercase();
        let limit = data["limit"].as_u64().unwrap_or(0);
        // The whole list is for those with the intent; Discord leaves such a request unanswered otherwise.
        if query.is_empty() && limit == 0 && inner.sessions.intents(connection) & intents::GUILD_MEMBERS == 0 {
            return;
        }
        let fits = world.members.iter().filter(|member| member.username.to_lowercase().starts_with(&query));
        let limit = if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
        found.extend(fits.take(limit).map(wire::member));
    }
    let mut chunk =
        json!({"guild_id": world.guild.id, "members": found, "chunk_index": 0, "chunk_count": 1, "not_found": missing});
    if let (Some(nonce), Some(map)) =
        (given(data, "nonce").and_then(Value::as_str).filter(|nonce| nonce.len() <= 32), chunk.as_object_mut())
    {
        map.insert("nonce".into(), json!(nonce));
    }
    inner.sessions.send_to(connection, EventKind::GuildMembersChunk, &chunk);
}
