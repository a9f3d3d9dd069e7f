//! What a person or a button named, found in the fleet as it was last read.

use crate::domain::connector::{Connector, Environment};
use crate::domain::fleet::Fleet;
use crate::domain::ids::{BotId, Key};

use super::custom_id::environment_key;

/// The environment that a person named or picked.
pub fn environment(fleet: &Fleet, text: &str) -> Option<Environment> {
    let named = Environment::new(text);
    fleet.environments().into_iter().find(|known| *known == named || known.key_or_word() == text)
}

/// The environment that a button names.
pub fn environment_by_key(fleet: &Fleet, key: &Key) -> Option<Environment> {
    fleet.environments().into_iter().find(|known| environment_key(known) == *key)
}

/// The bots that a person named or picked: one by its short name or id, else all that bear the name.
pub fn bots(fleet: &Fleet, environment: Option<&Environment>, text: &str) -> Vec<BotId> {
    let here = environment.map_or(fleet.bots(), |environment| fleet.bots_in(environment));
    let is_here = |bot: &BotId| environment.is_none_or(|environment| fleet.bot(bot, environment).is_some());
    if let Some(bot) = fleet.bot_by(text).filter(is_here) {
        return vec![bot];
    }
    let name = text.trim().to_lowercase();
    let mut named: Vec<_> =
        here.iter().filter(|view| view.bot.name.to_lowercase() == name).map(|view| view.bot.id.clone()).collect();
    named.sort();
    named.dedup();
    named
}

/// The connector that a person named or picked, where only one goes by that.
pub fn connector<'a>(fleet: &'a Fleet, text: &str) -> Option<&'a Connector> {
    if let Some(found) = fleet.connector_by(text) {
        return Some(found);
    }
    let name = text.trim().to_lowercase();
    let mut named = fleet.sightings().map(|s| &s.connector).filter(|c| c.name.to_lowercase() == name);
    let first = named.next()?;
    named.next().is_none().then_some(first)
}
