//! Registered commands. <https://docs.discord.com/developers/interactions/application-commands>
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Command, PeopleEvent, World, permissions as p};
use crate::sandbox::discord::{
    refusal::{self, FormErrors, Refused, form_error},
    rules::{self, given, items, join},
    snowflake::Snowflake,
};

impl World {
    /// The commands of the guild, or the global ones.
    pub(crate) fn commands_of(&self, in_guild: bool) -> Vec<Value> {
        self.commands
            .iter()
            .filter(|command| command.in_guild == in_guild)
            .map(|command| command.body.clone())
            .collect()
    }

    /// `PUT …/commands`: these and no others. A command that stays keeps its id.
    pub(crate) fn overwrite_commands(
        &mut self,
        in_guild: bool,
        body: &Value,
        now: Timestamp,
    ) -> Result<Vec<Value>, Refused> {
        let Some(list) = body.as_array() else {
            return Err(form_error("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType."));
        };
        let mut errors = FormErrors::default();
        let mut names = BTreeSet::new();
        for (n, command) in list.iter().enumerate() {
            rules::commands::check(&mut errors, command, &n.to_string());
            let key = (command["type"].as_u64().unwrap_or(1), command["name"].as_str());
            if !names.insert(key) {
                errors.add(
                    join(&n.to_string(), "name"),
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                );
            }
        }
        if list.iter().filter(|command| given(command, "type").is_none_or(|kind| kind == 1)).count() > rules::COMMANDS {
            errors.add("", "BASE_TYPE_MAX_LENGTH", format!("Must be {} or fewer in length.", rules::COMMANDS));
        }
        errors.finish()?;
        let next: Vec<Command> = list.iter().map(|command| self.registered(in_guild, command, now)).collect();
        self.commands.retain(|command| command.in_guild != in_guild);
        self.commands.extend(next);
        self.tell_people(PeopleEvent::Commands);
        Ok(self.commands_of(in_guild))
    }

    /// `POST …/commands`: makes a command, or overwrites the one of that name. Says whether it is new.
    pub(crate) fn upsert_command(
        &mut self,
        in_guild: bool,
        body: &Value,
        now: Timestamp,
    ) -> Result<(bool, Value), Refused> {
        let mut errors = FormErrors::default();
        rules::commands::check(&mut errors, body, "");
        errors.finish()?;
        let command = self.registered(in_guild, body, now);
        let known = self.commands.iter().position(|other| other.id == command.id);
        if known.is_none() && self.commands_of(in_guild).len() >= rules::COMMANDS {
            return Err(refusal::Refused::from(refusal::Refusal {
                status: 400,
                code: 30032,
                message: "Maximum number of application commands reached (100)",
            }));
        }
        let answer = command.body.clone();
        match known.and_then(|n| self.commands.get_mut(n)) {
            Some(slot) => *slot = command,
            None => self.commands.push(command),
        }
        self.tell_people(PeopleEvent::Commands);
        Ok((known.is_none(), answer))
    }

    /// `GET …/commands/{id}`.
    pub(crate) fn command(&self, in_guild: bool, id: Snowflake) -> Result<&Command, Refused> {
        let found = self.commands.iter().find(|command| command.id == id && command.in_guild == in_guild);
        found.ok_or_else(|| refusal::UNKNOWN_COMMAND.into())
    }

    /// `PATCH …/commands/{id}`: what is given replaces what was.
    pub(crate) fn edit_command(
        &mut self,
        in_guild: bool,
        id: Snowflake,
        body: &Value,
        now: Timestamp,
    ) -> Result<Value, Refused> {
        let mut merged = self.command(in_guild, id)?.body.clone();
        if let (Some(map), Some(changes)) = (merged.as_object_mut(), body.as_object()) {
            map.remove("guild_id");
            map.extend(changes.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        let mut errors = FormErrors::default();
        rules::commands::check(&mut errors, &merged, "");
        errors.finish()?;
        let version = self.ids.next(now);
        if let Some(map) = merged.as_object_mut() {
            if body.get("options").is_some() {
                map.insert("options".into(), json!(kept_options(body)));
            }
            map.insert("id".into(), json!(id));
            map.insert("version".into(), json!(version));
            if in_guild {
                map.insert("guild_id".into(), json!(self.guild.id));
            }
        }
        if let Some(command) = self.commands.iter_mut().find(|command| command.id == id) {
            command.body = merged.clone();
        }
        self.tell_people(PeopleEvent::Commands);
        Ok(merged)
    }

    /// `DELETE …/commands/{id}`.
    pub(crate) fn delete_command(&mut self, in_guild: bool, id: Snowflake) -> Result<(), Refused> {
        self.command(in_guild, id)?;
        self.commands.retain(|command| command.id != id);
        self.tell_people(PeopleEvent::Commands);
        Ok(())
    }

    /// The command as Discord keeps it: under the id that its name had, if any.
    fn registered(&mut self, in_guild: bool, body: &Value, now: Timestamp) -> Command {
        let kind = body["type"].as_u64().unwrap_or(1);
        let same = |old: &Value| old["type"] == kind && old["name"] == body["name"];
        let old = self.commands.iter().find(|other| other.in_guild == in_guild && same(&other.body));
        let (old_id, old_body) = (old.map(|old| old.id), old.map(|old| old.body.clone()));
        let old_version = old_body.as_ref().and_then(|old| old.get("version")).cloned();
        let id = old_id.unwrap_or_else(|| self.ids.next(now));
        let mut kept = json!({
            "id": id, "application_id": self.application, "version": old_version.unwrap_or_else(|| json!(id)), "type": kind,
            "name": body["name"], "name_localizations": given(body, "name_localizations"), "description": given(body, "description").unwrap_or(&json!("")),
            "description_localizations": given(body, "description_localizations"), "options": kept_options(body),
            "default_member_permissions": given(body, "default_member_permissions"), "dm_permission": given(body, "dm_permission").unwrap_or(&json!(true)),
            "contexts": given(body, "contexts"), "integration_types": given(body, "integration_types").unwrap_or(&json!([0])),
            "nsfw": body["nsfw"] == true,
        });
        if let (true, Some(map)) = (in_guild, kept.as_object_mut()) {
            map.insert("guild_id".into(), json!(self.guild.id));
        }
        if old_body.is_some_and(|old| old != kept)
            && let Some(map) = kept.as_object_mut()
        {
            map.insert("version".into(), json!(self.ids.next(now)));
        }
        Command { id, in_guild, body: kept }
    }

    /// The commands that somebody may use in the guild.
    pub(crate) fn commands_for(&self, user: Snowflake) -> Vec<&Command> {
        let has = self.guild_permissions(user);
        let asked = |command: &Command| {
            command.body.get("default_member_permissions").and_then(Value::as_str).and_then(|bits| bits.parse().ok())
        };
        let allowed = |command: &&Command| match asked(command) {
            None => true,
            // "0": nobody but administrators.
            Some(0) => has & p::ADMINISTRATOR != 0,
            Some(bits) => has & bits == bits,
        };
        self.commands.iter().filter(allowed).collect()
    }
}

/// A command's options as Discord keeps them: what was left open with a null is not there.
fn kept_options(body: &Value) -> Vec<Value> {
    let mut options = items(body, "options").to_vec();
    options.iter_mut().for_each(without_nulls);
    options
}

fn without_nulls(option: &mut Value) {
    match option {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
