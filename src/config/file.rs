//! The optional TOML file, for what does not fit variables: what differs by environment and bot.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::read::{Reader, Source};
use super::terms::{Place, Written};
use crate::domain::connector::Environment;
use crate::domain::ids::{BotId, RoleId};
use crate::domain::policy::OwnOfEnvironment;

#[derive(Debug, Default)]
pub(super) struct ByPlace {
    pub(super) own: BTreeMap<Environment, OwnOfEnvironment>,
    pub(super) operator_roles: BTreeMap<Environment, Vec<RoleId>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    environments: BTreeMap<String, Written>,
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

fn sort<S: Source>(reader: &mut Reader<'_, S>, document: Document) -> ByPlace {
    let mut sorted = ByPlace::default();
    for (name, of) in document.environments {
        let environment = Environment::new(&name);
        let at = format!("BOTSWAIN_CONFIG, environments.{name}");
        if environment.as_str().is_empty() {
            reader.mistake(format!("BOTSWAIN_CONFIG, environments.{name:?}"), "must have a name");
        }
        if let Some(ids) = &of.operator_role_ids {
            let ids = Place { reader, at: &at }.roles("operator_role_ids", ids);
            sorted.operator_roles.insert(environment.clone(), ids);
        }
        let own = sorted.own.entry(environment).or_default();
        for (bot, of_bot) in &of.bots {
            let at = format!("{at}.bots.{bot}");
            if of_bot.operator_role_ids.is_some() || !of_bot.bots.is_empty() {
                reader.mistake(&at, "has operator_role_ids or bots in it, which belong to the environment");
            }
            own.bots.insert(BotId::new(bot), of_bot.read(reader, &at));
        }
        own.all = of.read(reader, &at);
    }
    sorted
}
