//! The optional TOML file, for what does not fit variables: what differs by environment and bot.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::read::{Reader, Source};
use super::terms::{Place, Written, WrittenId, WrittenRights};
use crate::domain::authority::{Authority, Grants, OwnGrants, Right};
use crate::domain::connector::Environment;
use crate::domain::ids::BotId;
use crate::domain::policy::OwnOfEnvironment;

#[derive(Debug, Default)]
pub(super) struct ByPlace {
    pub(super) own: BTreeMap<Environment, OwnOfEnvironment>,
    pub(super) authority: Authority,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    may: WrittenRights,
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
    sorted.authority.everywhere = Place { reader, at: "BOTSWAIN_CONFIG" }.grants(&None, &document.may);
    for (name, of) in document.environments {
        let environment = Environment::new(&name);
        let at = format!("BOTSWAIN_CONFIG, environments.{name}");
        if environment.as_str().is_empty() {
            reader.mistake(format!("BOTSWAIN_CONFIG, environments.{name:?}"), "must have a name");
        }
        let all = Place { reader, at: &at }.grants(&of.operator_role_ids, &of.may);
        let mut grants = OwnGrants { all, bots: BTreeMap::new() };
        let own = sorted.own.entry(environment.clone()).or_default();
        for (bot, of_bot) in &of.bots {
            let at = format!("{at}.bots.{bot}");
            if !of_bot.bots.is_empty() {
                reader.mistake(&at, "has bots in it, which belong to the environment");
            }
            let of_this = Place { reader, at: &at }.grants(&of_bot.operator_role_ids, &of_bot.may);
            if of_this != Grants::default() {
                grants.bots.insert(BotId::new(bot), of_this);
            }
            own.bots.insert(BotId::new(bot), of_bot.read(reader, &at));
        }
        own.all = of.read(reader, &at);
        sorted.authority.places.insert(environment, grants);
    }
    sorted
}

impl<S: Source> Place<'_, '_, S> {
    fn grants(&mut self, operators: &Option<Vec<WrittenId>>, may: &WrittenRights) -> Grants {
        let operators = operators.as_ref().map(|ids| self.roles("operator_role_ids", ids));
        let mut by_right = BTreeMap::new();
        for (word, ids) in may {
            let field = format!("may.{word}");
            match Right::from_word(word) {
                Some(right) => {
                    by_right.insert(right, self.roles(&field, ids));
                }
                None => {
                    let known: Vec<_> = Right::all().map(Right::word).collect();
                    self.mistake(&field, format!("is no right: those that there are: {}", known.join(", ")));
                }
            }
        }
        Grants { operators, by_right }
    }
}

/// What must not be: somebody who could stop something, and not start it again.
pub(super) fn refuse_stranding<S: Source>(reader: &mut Reader<'_, S>, authority: &Authority) {
    for found in authority.stranding() {
        let environment = found.environment.map(|of| format!(", environments.{of}")).unwrap_or_default();
        let bot = found.bot.map(|of| format!(".bots.{of}")).unwrap_or_default();
        let who = match found.roles.as_slice() {
            [] => "whoever manages the server".to_owned(),
            roles => roles.iter().map(|role| format!("role {role}")).collect::<Vec<_>>().join(", "),
        };
        let verb = found.verb.word();
        let what =
            format!("lets {who} {verb} there, and not start: whoever may {verb} must also be able to start again");
        reader.mistake(format!("BOTSWAIN_CONFIG{environment}{bot}.may"), what);
    }
}
