//! The optional TOML file, for what does not fit variables: what differs by environment and bot.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::read::{Reader, Source, parse_id};
use crate::domain::connector::Environment;
use crate::domain::ids::{BotId, RoleId};

#[derive(Debug, Default)]
pub(super) struct ByPlace {
    pub(super) environments: Vec<Environment>,
    pub(super) minimum_by_environment: BTreeMap<Environment, u32>,
    pub(super) minimum_by_bot: BTreeMap<(Environment, BotId), u32>,
    pub(super) operator_roles: BTreeMap<Environment, Vec<RoleId>>,
    pub(super) alert_roles: BTreeMap<Environment, Vec<RoleId>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    environments: BTreeMap<String, OfEnvironment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfEnvironment {
    failover_min_healthy: Option<u32>,
    operator_role_ids: Option<Vec<Id>>,
    alert_role_ids: Option<Vec<Id>>,
    #[serde(default)]
    bots: BTreeMap<String, OfBot>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfBot {
    failover_min_healthy: Option<u32>,
}

/// People write an id with and without quotes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

pub(super) fn read<S: Source>(reader: &mut Reader<'_, S>) -> ByPlace {
    let path = reader.text("BOTSWAIN_CONFIG");
    if path.is_empty() {
        return ByPlace::default();
    }
    let document = std::fs::read_to_string(&path)
        .map_err(|error| format!("names a file that cannot be read ({})", error.kind()))
        .and_then(|text| toml::from_str::<Document>(&text).map_err(|error| format!("{path}: {error}")));
    match document {
        Ok(document) => sort(reader, document),
        Err(what) => {
            reader.mistake("BOTSWAIN_CONFIG", what);
            ByPlace::default()
        }
    }
}

fn sort<S: Source>(reader: &mut Reader<'_, S>, document: Document) -> ByPlace {
    let mut sorted = ByPlace::default();
    for (name, of) in document.environments {
        let environment = Environment::new(&name);
        sorted.environments.push(environment.clone());
        if let Some(minimum) = of.failover_min_healthy {
            sorted.minimum_by_environment.insert(environment.clone(), minimum);
        }
        if let Some(ids) = of.operator_role_ids {
            let at = format!("BOTSWAIN_CONFIG, environments.{name}.operator_role_ids");
            sorted.operator_roles.insert(environment.clone(), roles(reader, &at, ids));
        }
        if let Some(ids) = of.alert_role_ids {
            let at = format!("BOTSWAIN_CONFIG, environments.{name}.alert_role_ids");
            sorted.alert_roles.insert(environment.clone(), roles(reader, &at, ids));
        }
        for (bot, of_bot) in of.bots {
            if let Some(minimum) = of_bot.failover_min_healthy {
                sorted.minimum_by_bot.insert((environment.clone(), BotId::new(bot)), minimum);
            }
        }
    }
    sorted
}

fn roles<S: Source>(reader: &mut Reader<'_, S>, at: &str, ids: Vec<Id>) -> Vec<RoleId> {
    let parse = |id: Id| match id {
        Id::Number(id) => Some(id).filter(|id| *id > 0),
        Id::Text(text) => parse_id(&text),
    };
    let parsed: Vec<_> = ids.into_iter().map(parse).collect();
    if parsed.contains(&None) {
        reader.mistake(at, "must be Discord ids");
    }
    parsed.into_iter().flatten().map(RoleId).collect()
}
