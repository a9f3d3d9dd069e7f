//! People act: run a command, press, select, send a modal, write. What the real client would not send is not sent.
use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    input::{Bad, Input},
    outcome::{Told, first_answer},
};
use crate::sandbox::discord::{
    refusal::{self, Refused},
    rules::items,
    shared::Shared,
    snowflake::Snowflake,
    world::{Place, Trigger, World, invocation, permissions as p},
};

/// From outside the guild: for tests of a bot that must refuse it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Elsewhere {
    #[default]
    No,
    OtherGuild,
    DirectMessage,
}

impl From<Elsewhere> for Place {
    fn from(elsewhere: Elsewhere) -> Self {
        match elsewhere {
            Elsewhere::No => Place::Guild,
            // Any id that is not the guild's.
            Elsewhere::OtherGuild => Place::OtherGuild(Snowflake(999_999_999_999_999_999)),
            Elsewhere::DirectMessage => Place::Direct,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunCommand {
    #[serde(rename = "as")]
    user: Snowflake,
    channel_id: Snowflake,
    name: String,
    #[serde(default)]
    options: Vec<Value>,
    #[serde(default)]
    elsewhere: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Press {
    #[serde(rename = "as")]
    user: Snowflake,
    channel_id: Snowflake,
    message_id: Snowflake,
    custom_id: String,
    #[serde(default)]
    forged: bool,
    #[serde(default)]
    elsewhere: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Select {
    #[serde(rename = "as")]
    user: Snowflake,
    channel_id: Snowflake,
    message_id: Snowflake,
    custom_id: String,
    values: Vec<Value>,
    #[serde(default)]
    forged: bool,
    #[serde(default)]
    elsewhere: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submit {
    #[serde(rename = "as")]
    user: Snowflake,
    interaction_id: Snowflake,
    custom_id: String,
    #[serde(default)]
    values: Map<String, Value>,
    #[serde(default)]
    forged: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    #[serde(rename = "as")]
    user: Snowflake,
    channel_id: Snowflake,
    content: String,
}

pub(super) async fn command(State(shared): State<Arc<Shared>>, Input(input): Input<RunCommand>) -> Told {
    let id = shared.act(|inner, now| {
        let data = command_data(&inner.world, &input, false)?;
        Ok::<_, Bad>(inner.world.begin(
            input.user,
            input.channel_id,
            input.elsewhere.into(),
            Trigger::Command { data },
            now,
        ))
    })?;
    first_answer(&shared, id).await
}

pub(super) async fn autocomplete(State(shared): State<Arc<Shared>>, Input(input): Input<RunCommand>) -> Told {
    let id = shared.act(|inner, now| {
        let data = command_data(&inner.world, &input, true)?;
        let option =
            invocation::focused(items(&data, "options")).and_then(|option| option["type"].as_u64()).unwrap_or(0);
        Ok::<_, Bad>(inner.world.begin(
            input.user,
            input.channel_id,
            input.elsewhere.into(),
            Trigger::Autocomplete { data, option },
            now,
        ))
    })?;
    first_answer(&shared, id).await
}

/// The `data` of a command, if this person may run it here and the options fit.
fn command_data(world: &World, input: &RunCommand, typing: bool) -> Result<Value, Bad> {
    in_sight(world, input.user, input.channel_id)?;
    if !world.may(input.user, input.channel_id, p::USE_APPLICATION_COMMANDS) {
        return Err(Bad::input("You may not use commands here."));
    }
    let usable = world.commands_for(input.user);
    let command = usable
        .iter()
        .find(|command| command.body.get("name").is_some_and(|name| *name == input.name.as_str()))
        .ok_or_else(|| format!("There is no command /{}.", input.name))?;
    let registered = items(&command.body, "options");
    let options = invocation::options(registered, &input.options, typing)?;
    if typing && invocation::registered_of(registered, &options).is_none_or(|option| option["autocomplete"] != true) {
        return Err(Bad::input("No option with autocomplete is focused."));
    }
    let mut data = json!({"id": command.id, "name": input.name, "type": 1, "options": options});
    if let Some(map) = data.as_object_mut() {
        if command.in_guild {
            map.insert("guild_id".into(), json!(world.guild.id));
        }
        let ids = invocation::named_ids(&options);
        if !ids.is_empty() {
            map.insert("resolved".into(), invocation::resolved(world, &ids));
        }
    }
    Ok(data)
}

pub(super) async fn press(State(shared): State<Arc<Shared>>, Input(input): Input<Press>) -> Told {
    let Press { user, channel_id, message_id, custom_id, forged, elsewhere } = input;
    component(&shared, (user, channel_id, message_id), &custom_id, None, forged, elsewhere).await
}

pub(super) async fn select(State(shared): State<Arc<Shared>>, Input(input): Input<Select>) -> Told {
    let Select { user, channel_id, message_id, custom_id, values, forged, elsewhere } = input;
    component(&shared, (user, channel_id, message_id), &custom_id, Some(values), forged, elsewhere).await
}

async fn component(
    shared: &Arc<Shared>,
    (user, channel, message): (Snowflake, Snowflake, Snowflake),
    custom_id: &str,
    values: Option<Vec<Value>>,
    forged: bool,
    elsewhere: Elsewhere,
) -> Told {
    let id = shared.act(|inner, now| {
        let world = &mut inner.world;
        if world.member(user).is_none() {
            return Err(Refused::from(refusal::UNKNOWN_MEMBER).into());
        }
        let found = world
            .messages
            .get(&message)
            .filter(|found| found.channel == channel)
            .ok_or(Refused::from(refusal::UNKNOWN_MESSAGE))?;
        let data = if forged {
            let kind = if values.is_some() { 3 } else { 2 };
            let mut data = json!({"custom_id": custom_id, "component_type": kind, "id": 1});
            if let (Some(values), Some(map)) = (values, data.as_object_mut()) {
                map.insert("values".into(), json!(values));
            }
            data
        } else {
            if !world.sees(user, found) {
                return Err(Refused::from(refusal::UNKNOWN_MESSAGE).into());
            }
            if world.channel(channel)?.thread.as_ref().is_some_and(|thread| thread.archived) {
                return Err(Bad::input("The thread is archived: its buttons do not work."));
            }
            let component = invocation::component(&found.components, custom_id)?;
            invocation::component_data(world, component, values.as_deref())?
        };
        Ok::<_, Bad>(world.begin(user, channel, elsewhere.into(), Trigger::Component { message, data }, now))
    })?;
    first_answer(shared, id).await
}

pub(super) async fn submit(State(shared): State<Arc<Shared>>, Input(input): Input<Submit>) -> Told {
    let id = shared.act(|inner, now| {
        let world = &mut inner.world;
        let opener =
            world.interactions.get(&input.interaction_id).ok_or(Refused::from(refusal::UNKNOWN_INTERACTION))?;
        let modal =
            opener.modal.as_ref().ok_or_else(|| Bad::input("This interaction was not answered with a modal."))?;
        if opener.user != input.user && !input.forged {
            return Err(Bad::input("The modal was shown to somebody else."));
        }
        let data = if input.forged {
            let rows: Vec<Value> = input
                .values
                .iter()
                .map(|(id, text)| json!({"type": 1, "components": [{"type": 4, "custom_id": id, "value": text}]}))
                .collect();
            json!({"custom_id": input.custom_id, "components": rows})
        } else {
            invocation::modal_data(modal, &input.custom_id, &input.values)?
        };
        let (channel, place) = (opener.channel, opener.place);
        Ok::<_, Bad>(world.begin(
            input.user,
            channel,
            place,
            Trigger::Modal { opener: input.interaction_id, data },
            now,
        ))
    })?;
    first_answer(&shared, id).await
}

pub(super) async fn write(State(shared): State<Arc<Shared>>, Input(input): Input<Write>) -> Told {
    shared.act(|inner, now| {
        in_sight(&inner.world, input.user, input.channel_id)?;
        let id = inner.world.person_posts(input.user, input.channel_id, &input.content, now)?;
        Ok(Json(inner.world.messages.get(&id).map_or(Value::Null, |message| inner.world.seen_message(message))))
    })
}

fn in_sight(world: &World, user: Snowflake, channel: Snowflake) -> Result<(), Bad> {
    if world.member(user).is_none() {
        return Err(Refused::from(refusal::UNKNOWN_MEMBER).into());
    }
    world.channel(channel)?;
    if world.may(user, channel, p::VIEW_CHANNEL) { Ok(()) } else { Err(Refused::from(refusal::UNKNOWN_CHANNEL).into()) }
}
