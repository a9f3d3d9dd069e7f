//! The optional TOML file, for what does not fit variables: what differs by environment and bot.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::read::{MINIMUM, Reader, Source, parse_id};
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
        .and_then(|text| {
            toml::from_str::<Document>(&text).map_err(|error| format!("{path}, {}", place(&text, &error)))
        });
    match document {
        Ok(document) => sort(reader, document),
        Err(what) => {
            reader.mistake("BOTSWAIN_CONFIG", what);
            ByPlace::default()
        }
    }
}

/// Where in the file, and why. The error would quote the line, and in a file that was named by mistake (`.env`) that may hold a secret.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

/// What may be asked for, here as in `FAILOVER_MIN_HEALTHY`.
fn minimum<S: Source>(reader: &mut Reader<'_, S>, at: String, asked: Option<u32>) -> Option<u32> {
    let fits = asked.filter(|minimum| MINIMUM.contains(minimum));
    if fits != asked {
        reader.mistake(at, format!("must be a number from {} to {}", MINIMUM.start(), MINIMUM.end()));
    }
    fits
}

fn sort<S: Source>(reader: &mut Reader<'_, S>, document: Document) -> ByPlace {
    let mut sorted = ByPlace::default();
    for (name, of) in document.environments {
        let environment = Environment::new(&name);
        sorted.environments.push(environment.clone());
        let at = |field: &str| format!("BOTSWAIN_CONFIG, environments.{name}.{field}");
        if environment.as_str().is_empty() {
            reader.mistake(format!("BOTSWAIN_CONFIG, environments.{name:?}"), "must have a name");
        }
        if let Some(minimum) = minimum(reader, at("failover_min_healthy"), of.failover_min_healthy) {
            sorted.minimum_by_environment.insert(environment.clone(), minimum);
        }
        if let Some(ids) = of.operator_role_ids {
            let ids = roles(reader, &at("operator_role_ids"), ids);
            sorted.operator_roles.insert(environment.clone(), ids);
        }
        if let Some(ids) = of.alert_role_ids {
            let ids = roles(reader, &at("alert_role_ids"), ids);
            sorted.alert_roles.insert(environment.clone(), ids);
        }
        for (bot, of_bot) in of.bots {
            let at = at(&format!("bots.{bot}.failover_min_healthy"));
            if let Some(minimum) = minimum(reader, at, of_bot.failover_min_healthy) {
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
