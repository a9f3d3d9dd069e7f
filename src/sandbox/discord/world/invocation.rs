//! What a person's client makes of an input before it sends it: which option goes where, whether it fits the registered
//! command, the component or the modal. What does not fit is told to the person and never reaches the bot.
use serde_json::{Map, Value, json};

use super::{World, wire};
use crate::sandbox::discord::{
    rules::{
        commands::{
            BOOLEAN, CHANNEL, INTEGER, MENTIONABLE, NUMBER, ROLE, STRING, SUB_COMMAND, SUB_COMMAND_GROUP, USER,
        },
        components::{self, BUTTON, STRING_SELECT, kind},
        given, items, length,
    },
    snowflake::{self, Snowflake},
};

/// Why an input is not sent.
pub(crate) type Unfit = String;

/// The options as Discord sends them, with their types; `typing` while a person still types (autocomplete).
pub(crate) fn options(registered: &[Value], given: &[Value], typing: bool) -> Result<Vec<Value>, Unfit> {
    let subs = registered.iter().any(|option| matches!(option["type"].as_u64(), Some(SUB_COMMAND | SUB_COMMAND_GROUP)));
    if subs {
        let [chosen] = given else {
            return Err("This command needs exactly one subcommand.".into());
        };
        let name = chosen["name"].as_str().unwrap_or_default();
        let sub = registered
            .iter()
            .find(|option| option["name"] == name)
            .ok_or_else(|| format!("There is no subcommand \"{name}\"."))?;
        let inner = options(items(sub, "options"), items(chosen, "options"), typing)?;
        return Ok(vec![json!({"name": name, "type": sub["type"], "options": inner})]);
    }
    let mut filled = Vec::new();
    for option in given {
        let name = option["name"].as_str().unwrap_or_default();
        let known = registered
            .iter()
            .find(|known| known["name"] == name)
            .ok_or_else(|| format!("There is no option \"{name}\"."))?;
        if filled.iter().any(|other: &Value| other["name"] == name) {
            return Err(format!("The option \"{name}\" is given twice."));
        }
        let focused = option["focused"] == true;
        if !focused {
            value(known, &option["value"]).map_err(|why| format!("{name}: {why}"))?;
        }
        let mut whole = json!({"name": name, "type": known["type"], "value": option["value"]});
        if let (true, Some(map)) = (focused && typing, whole.as_object_mut()) {
            map.insert("focused".into(), json!(true));
        }
        filled.push(whole);
    }
    let missing = registered
        .iter()
        .find(|known| known["required"] == true && !filled.iter().any(|option| option["name"] == known["name"]));
    match missing {
        Some(known) if !typing => Err(format!("The option {} is required.", known["name"])),
        _ => Ok(filled),
    }
}

fn value(option: &Value, value: &Value) -> Result<(), Unfit> {
    let fits = match option["type"].as_u64().unwrap_or(0) {
        STRING => value.is_string(),
        INTEGER => value.is_i64(),
        BOOLEAN => value.is_boolean(),
        USER | CHANNEL | ROLE | MENTIONABLE => snowflake::parse(value).is_some(),
        NUMBER => value.is_number(),
        _ => true,
    };
    if !fits {
        return Err(format!("{value} is not a value for this option."));
    }
    let choices = items(option, "choices");
    if !choices.is_empty() && !choices.iter().any(|choice| choice["value"] == *value) {
        return Err(format!("{value} is not one of the choices."));
    }
    if let Some(text) = value.as_str().filter(|_| option["type"] == STRING) {
        let size = u64::try_from(length(text)).unwrap_or(u64::MAX);
        let (min, max) = (option["min_length"].as_u64().unwrap_or(0), option["max_length"].as_u64().unwrap_or(6000));
        if size < min || size > max {
            return Err(format!("Must be between {min} and {max} in length."));
        }
    }
    if let Some(number) = value.as_f64() {
        let (min, max) =
            (option["min_value"].as_f64().unwrap_or(f64::MIN), option["max_value"].as_f64().unwrap_or(f64::MAX));
        if number < min || number > max {
            return Err(format!("Must be between {min} and {max}."));
        }
    }
    Ok(())
}

/// The option that is being typed, at whatever depth.
pub(crate) fn focused(options: &[Value]) -> Option<&Value> {
    options.iter().find_map(
        |option| {
            if option["focused"] == true { Some(option) } else { focused(items(option, "options")) }
        },
    )
}

/// The registered option of that path, to learn whether it offers autocomplete.
pub(crate) fn registered_of<'a>(registered: &'a [Value], options: &[Value]) -> Option<&'a Value> {
    options.iter().find_map(|option| {
        let known = registered.iter().find(|known| known["name"] == option["name"])?;
        if option["focused"] == true {
            Some(known)
        } else {
            registered_of(items(known, "options"), items(option, "options"))
        }
    })
}

/// The component with this custom id, if it can be pressed.
pub(crate) fn component<'a>(parts: &'a [Value], custom_id: &str) -> Result<&'a Value, Unfit> {
    let all = components::flatten(parts);
    let found = all.into_iter().find(|part| part["custom_id"] == custom_id);
    let found = found.ok_or_else(|| format!("The message has no component \"{custom_id}\"."))?;
    if found["disabled"] == true { Err("This component is disabled.".into()) } else { Ok(found) }
}

/// What a press or a selection sends.
pub(crate) fn component_data(world: &World, component: &Value, values: Option<&[Value]>) -> Result<Value, Unfit> {
    let found = kind(component);
    let mut data = json!({"custom_id": component["custom_id"], "component_type": found, "id": component["id"]});
    let Some(map) = data.as_object_mut() else {
        return Ok(data);
    };
    match values {
        None if found == BUTTON => Ok(data),
        Some(values) if components::is_select(found) => {
            let (min, max) =
                (component["min_values"].as_u64().unwrap_or(1), component["max_values"].as_u64().unwrap_or(1));
            let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
            if count < min || count > max {
                return Err(format!("Select between {min} and {max}."));
            }
            let unknown = values.iter().find(|value| {
                found == STRING_SELECT && !items(component, "options").iter().any(|option| option["value"] == **value)
            });
            if let Some(value) = unknown {
                return Err(format!("{value} is not one of the options."));
            }
            map.insert("values".into(), json!(values));
            if found != STRING_SELECT {
                let ids: Vec<Snowflake> = values.iter().filter_map(snowflake::parse).collect();
                map.insert("resolved".into(), resolved(world, &ids));
            }
            Ok(data)
        }
        None => Err("A select needs values.".into()),
        Some(_) => Err("This component takes no values.".into()),
    }
}

/// What a modal sends. `values` are the texts by custom id; what is left out keeps its preset.
pub(crate) fn modal_data(modal: &Value, custom_id: &str, values: &Map<String, Value>) -> Result<Value, Unfit> {
    if modal["custom_id"] != custom_id {
        return Err(format!("The modal is {}, not \"{custom_id}\".", modal["custom_id"]));
    }
    let mut rows = Vec::new();
    let mut known = Vec::new();
    for row in items(modal, "components") {
        let labelled = kind(row) == components::LABEL;
        let input = if labelled { given(row, "component") } else { items(row, "components").first() };
        let Some(input) = input else { continue };
        let id = input["custom_id"].as_str().unwrap_or_default();
        known.push(id);
        let text = values.get(id).or_else(|| given(input, "value")).and_then(Value::as_str).unwrap_or_default();
        let size = u64::try_from(length(text)).unwrap_or(u64::MAX);
        let (min, max) = (input["min_length"].as_u64().unwrap_or(0), input["max_length"].as_u64().unwrap_or(4000));
        if text.is_empty() && input["required"] != false {
            return Err(format!("{id}: This field is required."));
        }
        if !text.is_empty() && (size < min || size > max) {
            return Err(format!("{id}: Must be between {min} and {max} in length."));
        }
        let sent = json!({"type": input["type"], "id": 1, "custom_id": id, "value": text});
        rows.push(if labelled {
            json!({"type": components::LABEL, "id": 1, "component": sent})
        } else {
            json!({"type": 1, "id": 1, "components": [sent]})
        });
    }
    if let Some(stray) = values.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("The modal has no input \"{stray}\"."));
    }
    Ok(json!({"custom_id": custom_id, "components": rows}))
}

/// Users, members, roles and channels that a value names.
pub(crate) fn resolved(world: &World, ids: &[Snowflake]) -> Value {
    let (mut users, mut members, mut roles, mut channels) = (Map::new(), Map::new(), Map::new(), Map::new());
    for id in ids {
        let key = id.to_string();
        if let Some(member) = world.member(*id) {
            users.insert(key.clone(), wire::user(member));
            let mut partial = wire::partial_member(member);
            if let Some(map) = partial.as_object_mut() {
                map.insert("permissions".into(), json!(world.guild_permissions(*id).to_string()));
            }
            members.insert(key.clone(), partial);
        }
        if let Some((n, role)) = world.roles.iter().enumerate().find(|(_, role)| role.id == *id) {
            roles.insert(key.clone(), wire::role(role, n, world.bot));
        }
        if let Ok(channel) = world.channel(*id) {
            channels.insert(key, world.channel_json(channel));
        }
    }
    let all = [("users", users), ("members", members), ("roles", roles), ("channels", channels)];
    all.into_iter()
        .filter(|(_, map)| !map.is_empty())
        .map(|(key, map)| (key.to_owned(), Value::Object(map)))
        .collect::<Map<_, _>>()
        .into()
}

/// All ids that stand in options of the kinds that name something.
pub(crate) fn named_ids(options: &[Value]) -> Vec<Snowflake> {
    options
        .iter()
        .flat_map(|option| match option["type"].as_u64() {
            Some(USER | CHANNEL | ROLE | MENTIONABLE) => snowflake::parse(&option["value"]).into_iter().collect(),
            _ => named_ids(items(option, "options")),
        })
        .collect()
}
