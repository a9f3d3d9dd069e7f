//! A stand-in for Discord: REST v10 and gateway v10 for an unmodified client library, as strict as Discord, with a control
//! interface by which people, tests and the page act. What Discord refuses is refused here, with Discord's status, code and
//! body; a message that passes here and fails on Discord is a defect of the stand-in.
//!
//! # The rooms
//!
//! * `world`: the guild as it stands. No sockets, no clock: `now` is an argument. What the outside must hear is left in `effects`.
//! * `rules`: Discord's limits as constants beside the page that states them, and pure checks of a body against them.
//! * `refusal`: Discord's codes, and the tree of what is wrong with a form.
//! * `shared`: one lock around the world, the sessions, the faults and the logs, so that everything has one order.
//! * `rest`, `gateway`: what the bot reaches. `faults` is what goes wrong there on demand; `event` lists the gateway's events.
//! * `control`: what people, tests and the page reach; `witness`: who looks on from inside the process.
//!
//! # Where it is stricter than Discord, on purpose
//!
//! * A key that Discord does not document is refused (`STAND_IN_UNKNOWN_KEY`): Discord ignores it, and what it should have said is lost.
//!   What client libraries send along switched off (`tts`, `enforce_nonce`) passes.
//! * A file that an embed points at must be attached; a flag that has no effect where it is sent is refused.
//! * Polls, stickers and forwarding are refused, because nothing here checks them.
//! * Text without `allowed_mentions` is accepted, as on Discord, and stands under `/violations`.
//!
//! # What is deliberately absent
//!
//! Rate-limit buckets of its own (the headers always leave room; a fault answers 429), the IDENTIFY budget, compression of
//! the gateway, direct message channels, voice, reactions, pins. Every token is taken, as long as it is sent as `Bot …`.
//!
//! # Control interface
//!
//! JSON over HTTP, relative to where `control` is mounted (`/control/discord`). Ids are decimal strings; `as` is a user's id.
//! Success is 200 with a body or 204 without; anything wrong is 400 (404 for what is not there) with `{"message"}`. Unknown
//! keys of a body are refused.
//!
//! Looking. `as` may be left out in each of these: then everything is shown, private messages included.
//!
//! * `GET /state?as=U`: `{guild: {id, name, owner_id}, application: {id, name, bot_user_id}, commands: [as registered; only those
//!   the member may use], roles: [{id, name, color, mentionable, permissions}], members: [{user, roles, permissions}],
//!   channels: [{id, name, type, parent_id, topic, archived, locked, visible, sendable}], connected, now_ms, last_event}`.
//! * `GET /channels/{channel}/messages?as=U`: oldest first. Discord's message object, and `ephemeral`, `thinking` (deferred, nothing
//!   yet), `pinged` and `pinged_roles` (ids of those notified), `interaction: {user, name}` for an answer (`name` is empty for a
//!   component's).
//! * `GET /events?as=U`: server-sent events; `id` is a running number, `data` one of
//!   `{type: "hello"}` (first, and again with `lagged: true` when the watcher fell behind and must read anew),
//!   `{type: "message_create" | "message_update", message}`, `{type: "message_delete", channel_id, id}`,
//!   `{type: "interaction", id, state: "waiting" | "thinking" | "answered" | "failed", outcome, channel_id, error?}`,
//!   `{type: "modal", interaction_id, modal}`, `{type: "channel_create" | "channel_update" | "channel_delete", channel}`,
//!   `{type: "commands", commands}`, `{type: "member", member}`, `{type: "member_left", id}`, `{type: "gateway", connected}`.
//!   Interactions and modals go to whom they belong.
//!
//! Acting. Each answers when the bot has given its first answer, or when its time is over:
//! `{interaction_id, state, outcome: "message" | "deferred" | "update" | "deferred_update" | "modal" | "choices" | "failed",
//! first_us, settled_us, message?, follow_ups?, modal?, choices?, error?}`: how long after the interaction was sent its first answer
//! was read, and what it promised was there (microseconds, or null). What the real client would not send is 400, and the bot hears nothing.
//!
//! * `POST /commands` `{as, channel_id, name, options: [{name, options? | value}]}`; types are filled in.
//! * `POST /autocomplete` the same, one option with `focused: true`.
//! * `POST /press` `{as, channel_id, message_id, custom_id, forged?}`; `POST /select` with `values: […]` as well. With `forged: true`
//!   the interaction is sent whatever the message holds and whoever sees it (the message must exist).
//! * `POST /submit` `{as, interaction_id, custom_id, values: {custom_id: text}, forged?}`; `interaction_id` is the one that was answered
//!   with the modal. What is left out keeps its preset.
//! * Commands, autocomplete, presses and selections take `elsewhere: "other_guild" | "direct_message"`: the interaction then says it
//!   comes from there.
//! * `POST /wait` `{interaction_id, timeout_ms}`: waits until the interaction is answered (a deferred answer filled) or failed;
//!   `GET /interactions/{interaction}`: how it stands now. Both answer like the acts.
//! * `POST /messages` `{as, channel_id, content}`: a person writes; answers the message.
//!
//! Changing the world behind the bot's back:
//!
//! * `PUT /members/{member}/roles` `{roles}`; `DELETE /members/{member}`: leaves the guild.
//! * `DELETE /channels/{channel}/messages/{message}`; `DELETE /channels/{channel}`.
//! * `PUT /channels/{channel}/permissions` `{role_or_user_id, type: 0 | 1 | "role" | "member", allow?, deny?}`: sets the overwrite; without
//!   bits it is removed. `PUT /channels/{thread}/thread` `{archived?, locked?}`.
//! * `POST /clock` `{advance_ms}`: moves the stand-in's clock forward (3 seconds, 15 minutes, nonces, old edits, idle threads); answers `{now_ms}`.
//!
//! Faults:
//!
//! * `POST /faults` `{kind, route?, times?, …}` answers `{id}`. `route` is `POST /channels/{id}/messages` (ids and tokens as any `{…}`, or
//!   real ones; without a method: every method); absent, every route. `times` absent: until it is taken away. Kinds:
//!   `rate_limit` `{retry_after: 1.0, global: false, headers: true}`, `server_error` `{status: 502}`, `refuse` `{status, code, message, retry_after?}`,
//!   `hang` `{ms?}` (not answered; after `ms`, or when the fault is taken away, the connection closes), `drop` (closed, nothing carried
//!   out), `drop_after` (carried out, then closed), `slow` `{ms}`.
//! * `GET /faults`; `DELETE /faults[?route=…]`.
//! * `POST /gateway` `{action, …}`: `drop`, `close` `{code: 1000}`, `close_without_code`, `invalid_session` `{resumable: false}`, `reconnect`,
//!   `mute_acks` `{on: true}`, `deaf` `{on: true}` (connections are accepted, nothing is answered, nothing sent; events are kept), `reject_token`
//!   `{on: true}` (connections are closed with 4004, REST answers 401), `garbage_event` (`{text}`: a frame as it is; or `{event, data}`),
//!   `dispatch` `{event, data}`. It answers like `GET /gateway`: `{connected, connections, identified, resumed, mute_acks, deaf,
//!   reject_token}`: `connections` are open now, the other numbers count accepted IDENTIFYs and RESUMEs.
//!
//! What was written down (each with `DELETE` to forget it):
//!
//! * `GET /requests?after=N`: `[{n, at_ms, arrived_us, method, path (decoded), route, body, files?, status, answer?}]`, status 0 where the connection was closed.
//! * `GET /pings`: `[{message_id, channel_id, user_id, via: "user" | "role" | "everyone" | "reply", role_id?}]`.
//! * `GET /violations`: `[{route, code, message, errors?}]`, everything that was refused by a rule (not by a fault), and remarks with code 0.
mod control;
mod event;
mod faults;
mod gateway;
mod refusal;
mod rest;
mod rules;
mod seed;
mod shared;
mod snowflake;
mod witness;
mod world;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, get},
};
use tokio::sync::mpsc::UnboundedReceiver;

use self::shared::Shared;
pub use self::{
    event::EventKind,
    seed::{Seed, SeedChannel, SeedMember, SeedRole},
    snowflake::Snowflake,
    witness::Seen,
};

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The world at the start.
    pub seed: Seed,
    /// How long the bot may take for the first answer to an interaction: 3 s on Discord.
    pub interaction_deadline: Duration,
    /// What HELLO asks of the bot: 41.25 s on Discord.
    pub heartbeat_interval: Duration,
    /// How long a nonce that is enforced is known. Discord's documentation says "a few minutes".
    pub nonce_memory: Duration,
    /// Which privileged intents are switched on in the developer portal (gateway bits); none by default.
    pub privileged_intents: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: Seed::default(),
            interaction_deadline: Duration::from_secs(rules::FIRST_ANSWER_SECONDS),
            heartbeat_interval: Duration::from_millis(41_250),
            nonce_memory: Duration::from_secs(rules::NONCE_SECONDS),
            privileged_intents: 0,
        }
    }
}

/// A handle to a stand-in; clones share it.
#[derive(Clone, Debug)]
pub struct DiscordStandIn {
    shared: Arc<Shared>,
}

impl DiscordStandIn {
    /// A stand-in at its start. Nothing listens yet: mount the routers, then say where with `set_public_address`.
    pub fn new(options: Options) -> Self {
        DiscordStandIn { shared: Arc::new(Shared::new(options)) }
    }

    /// What the bot reaches: `/api/v10/…`, `/gateway`, and `/attachments/…`. Serve it with `TCP_NODELAY`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/api/v10/{*rest}", any(rest::serve))
            .route("/gateway", get(gateway::connect))
            .route("/gateway/", get(gateway::connect))
            .route("/attachments/{channel}/{id}/{name}", get(rest::download))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&self.shared))
    }

    /// The control interface, to be nested where people reach it.
    pub fn control(&self) -> Router {
        control::router(Arc::clone(&self.shared))
    }

    /// Where the stand-in listens: what `GET /gateway` answers (`ws://address/gateway`), and where files are downloaded.
    pub fn set_public_address(&self, address: SocketAddr) {
        self.shared.act(|inner, _| {
            inner.public_address = address.to_string();
            inner.world.base_url = format!("http://{address}");
        });
    }

    /// Everything that goes over the bot's wires from now on, for who runs the stand-in in its own process.
    pub fn witness(&self) -> UnboundedReceiver<Seen> {
        self.shared.look(|inner| inner.sessions.witnesses.add())
    }

    /// Ends event streams, gateway connections and hanging requests, so that a server can stop gracefully.
    pub fn close(&self) {
        self.shared.closed.cancel();
    }
}
