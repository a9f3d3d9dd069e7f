//! What somebody sees, as it happens: server-sent events.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>
use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{Query, State},
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt, future, stream};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::{input::Eyes, look};
use crate::sandbox::discord::{
    shared::{Inner, Shared},
    snowflake::Snowflake,
    world::{PeopleEvent, permissions::VIEW_CHANNEL},
};

pub(super) async fn stream(
    State(shared): State<Arc<Shared>>,
    Query(eyes): Query<Eyes>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // Subscribed before the number is read, so that nothing falls between.
    let receiver = shared.people();
    let number = shared.look(Inner::last_event);
    let hello = stream::once(future::ready(Ok(event(number, &json!({"type": "hello"})))));
    let closed = shared.closed.clone().cancelled_owned();
    let rest = stream::unfold((receiver, shared, eyes.user), |(mut receiver, shared, user)| async move {
        loop {
            let told = match receiver.recv().await {
                Ok((n, happened)) => shared.look(|inner| render(inner, &happened, user)).map(|body| event(n, &body)),
                // Fallen behind: the watcher is told to read everything anew.
                Err(RecvError::Lagged(_)) => {
                    Some(event(shared.look(Inner::last_event), &json!({"type": "hello", "lagged": true})))
                }
                Err(RecvError::Closed) => return None,
            };
            if let Some(told) = told {
                return Some((Ok(told), (receiver, shared, user)));
            }
        }
    });
    Sse::new(hello.chain(rest).take_until(closed)).keep_alive(KeepAlive::default())
}

fn event(number: u64, body: &Value) -> Event {
    Event::default().id(number.to_string()).data(body.to_string())
}

/// The event as this person hears it, if they do.
fn render(inner: &Inner, happened: &PeopleEvent, user: Option<Snowflake>) -> Option<Value> {
    let world = &inner.world;
    let sees = |channel: Snowflake| {
        user.is_none_or(|user| world.channel(channel).is_err() || world.may(user, channel, VIEW_CHANNEL))
    };
    let concerns = |only: Option<Snowflake>| user.is_none_or(|user| only.is_none_or(|only| only == user));
    match happened {
        PeopleEvent::Message { kind, channel, only_for, message } => {
            (sees(*channel) && concerns(*only_for)).then(|| json!({"type": kind, "message": message}))
        }
        PeopleEvent::MessageDelete { channel, only_for, id } => (sees(*channel) && concerns(*only_for))
            .then(|| json!({"type": "message_delete", "channel_id": channel, "id": id})),
        PeopleEvent::Interaction { user: of, body } => concerns(Some(*of)).then(|| body.clone()),
        PeopleEvent::Channel { kind, id, body } => {
            let shown = world.channel(*id).map_or_else(|_| body.clone(), |channel| look::channel(world, channel, user));
            Some(json!({"type": kind, "channel": shown}))
        }
        PeopleEvent::Commands => {
            let commands: Vec<&Value> = match user {
                Some(user) => world.commands_for(user).into_iter().map(|command| &command.body).collect(),
                None => world.commands.iter().map(|command| &command.body).collect(),
            };
            Some(json!({"type": "commands", "commands": commands}))
        }
        PeopleEvent::Member { id } => {
            world.member(*id).map(|member| json!({"type": "member", "member": look::member(world, member)}))
        }
        PeopleEvent::Left { id } => Some(json!({"type": "member_left", "id": id})),
        PeopleEvent::Gateway { connected } => Some(json!({"type": "gateway", "connected": connected})),
    }
}
