//! What somebody named, found: by a short name of ours, an id, or a name that only one bears.

use std::collections::BTreeSet;

use crate::domain::connector::{Connector, Environment};
use crate::domain::fleet::Fleet;
use crate::domain::ids::BotId;
use crate::domain::policy::Policy;
use crate::domain::request::Selection;

/// An environment by its name or short name.
pub(crate) fn find_environment(among: impl IntoIterator<Item = Environment>, value: &str) -> Option<Environment> {
    let named = Environment::new(value);
    among.into_iter().find(|known| *known == named || known.key_or_word() == value || known.key().as_str() == value)
}

/// A bot by its short name or id; by its name where only one bot bears it.
pub(crate) fn find_bot(fleet: &Fleet, environment: Option<&Environment>, value: &str) -> Option<BotId> {
    let is_here = |bot: &BotId| environment.is_none_or(|environment| fleet.bot(bot, environment).is_some());
    if let Some(bot) = fleet.bot_by(value).filter(is_here) {
        return Some(bot);
    }
    let bots =
        || environment.map_or(fleet.bots(), |environment| fleet.bots_in(environment)).iter().map(|view| &view.bot);
    let mut named = bots().filter(|bot| bot.name.eq_ignore_ascii_case(value.trim())).map(|bot| &bot.id);
    let first = named.next()?;
    named.all(|other| other == first).then(|| first.clone())
}

/// A connector by its short name or id; by its name where only one of the selection bears it.
pub(super) fn find_connector<'a>(fleet: &'a Fleet, selection: &Selection, value: &str) -> Option<&'a Connector> {
    if let Some(connector) = fleet.connector_by(value) {
        return Some(connector);
    }
    let chosen = |c: &&Connector| {
        selection.environment.as_ref().is_none_or(|environment| c.environment == *environment)
            && selection.bot.as_ref().is_none_or(|bot| c.bot.id == *bot)
    };
    let all = fleet.sightings().map(|s| &s.connector);
    let mut named = all.filter(chosen).filter(|c| c.name.eq_ignore_ascii_case(value.trim()));
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

/// The environments that are known: by a connector there, by the settings, or by every LivePerson account having them.
pub(in crate::operations) fn environments(fleet: &Fleet, policy: &Policy) -> BTreeSet<Environment> {
    let set = policy.watched.iter().chain(&policy.named);
    let always = ["demo", "production"].map(Environment::new);
    fleet.environments().into_iter().chain(set.cloned()).chain(always).collect()
}
