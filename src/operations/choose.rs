//! From what a command said to one connector: understand it, ask with menus for what was left out, plan what is asked.

mod choices;
mod find;

use jiff::Timestamp;

use self::choices::{of_bot, of_connector, of_environment, targets};
pub(super) use self::find::environments;
use self::find::find_connector;
pub(crate) use self::find::{find_bot, find_environment};
use super::in_picture;
use crate::domain::action::Verb;
use crate::domain::authority::{At, Denied};
use crate::domain::connector::{Connector, Environment};
use crate::domain::fleet::{Fleet, Sight, Sighting};
use crate::domain::ids::{BotId, ConnectorId, Key};
use crate::domain::plan::{Known, Plan, Unplanned, Wanted};
use crate::domain::policy::{Picture, Policy};
use crate::domain::redundancy::is_starting;
use crate::domain::request::{Refusal, Request, Selection};

/// What a command said, as it was typed or picked: short names, names or ids. What is `None` is asked with a menu.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The environment.
    pub environment: Option<String>,
    /// The bot.
    pub bot: Option<String>,
    /// The connector.
    pub connector: Option<String>,
    /// For a redeploy: the environment to move to.
    pub to: Option<String>,
    /// For a redeploy: whether what is down is to be started where it goes.
    pub then_start: bool,
    /// Why, in the person's words.
    pub reason: Option<String>,
}

/// What a menu asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The environment in which the connector is.
    Environment,
    /// The bot.
    Bot,
    /// The connector.
    Connector,
    /// The environment to move to.
    Target,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Environment, Self::Bot, Self::Connector, Self::Target];

    /// The word that a custom id carries.
    pub fn word(self) -> &'static str {
        match self {
            Self::Environment => "env",
            Self::Bot => "bot",
            Self::Connector => "connector",
            Self::Target => "to",
        }
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.word() == word)
    }
}

/// One choice of a menu, in words that are neither escaped nor cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What comes back when it is chosen: a short name of at most 64 characters.
    pub value: String,
    /// What it is.
    pub label: String,
    /// How it stands.
    pub description: String,
}

pub(super) enum Narrowed {
    Missing(Part, Vec<Choice>),
    Planned(Box<Plan>),
    Refused(Refusal),
}

/// Finds what a command named in the fleet.
pub(super) fn understand(fleet: &Fleet, policy: &Policy, said: &Said) -> Result<Selection, Refusal> {
    let mut selection = Selection { then_start: said.then_start, ..Selection::default() };
    for (part, value) in [
        (Part::Environment, &said.environment),
        (Part::Bot, &said.bot),
        (Part::Connector, &said.connector),
        (Part::Target, &said.to),
    ] {
        if let Some(value) = value {
            take(fleet, policy, &mut selection, part, std::slice::from_ref(value))?;
        }
    }
    Ok(selection)
}

/// Takes what was chosen into the selection: one, or of the connectors any number. What is chosen above another choice
/// clears what it contradicts.
pub(super) fn take(
    fleet: &Fleet,
    policy: &Policy,
    selection: &mut Selection,
    part: Part,
    values: &[String],
) -> Result<(), Refusal> {
    let value = values.first().map(String::as_str).unwrap_or_default();
    let not_found = || not_found(value);
    match part {
        Part::Environment => {
            let environment = find_environment(fleet.environments(), value).ok_or_else(not_found)?;
            if selection.environment.as_ref() != Some(&environment) {
                let is_here = |bot: &BotId| fleet.bot(bot, &environment).is_some();
                selection.bot = selection.bot.take().filter(is_here);
                selection.connectors.clear();
                selection.environment = Some(environment);
            }
        }
        Part::Bot => {
            let bot = find_bot(fleet, selection.environment.as_ref(), value).ok_or_else(not_found)?;
            if selection.bot.as_ref() != Some(&bot) {
                selection.bot = Some(bot);
                selection.connectors.clear();
            }
        }
        Part::Connector => {
            let first = find_connector(fleet, selection, value).ok_or_else(not_found)?;
            selection.environment = Some(first.environment.clone());
            selection.bot = Some(first.bot.id.clone());
            selection.connectors = Vec::new();
            for value in values {
                // Of one bot in one environment, as the menu showed them: what is elsewhere by now is gone from there.
                let is_beside = |c: &&Connector| c.environment == first.environment && c.bot.id == first.bot.id;
                let found = find_connector(fleet, selection, value).filter(is_beside);
                let connector = found.ok_or_else(|| self::not_found(value))?;
                if !selection.connectors.contains(&connector.id) {
                    selection.connectors.push(connector.id.clone());
                }
            }
        }
        // A target needs no connector there yet, so the fleet need not show it; `narrow` judges whether it is known at all.
        Part::Target => {
            let known = find_environment(environments(fleet, policy), value);
            selection.to = Some(known.unwrap_or_else(|| Environment::new(value)));
        }
    }
    Ok(())
}

/// A short name of ours was offered by a menu, a button or a suggestion: what it named was there then.
fn not_found(value: &str) -> Refusal {
    match value.parse::<Key>() {
        Ok(_) => Refusal::Gone { what: None },
        Err(_) => Refusal::NotFound { what: value.to_owned() },
    }
}

/// Asks for what is missing, or plans what is asked.
pub(super) fn narrow(
    picture: &Picture,
    policy: &Policy,
    request: &mut Request,
    may: impl Fn(&[At<'_>]) -> Result<(), Denied>,
    doubted: &[ConnectorId],
    now: Timestamp,
) -> Narrowed {
    // Authority comes before anything is promised, in each environment that is named so far.
    let named = request.selection.environment.iter().chain(&request.selection.to);
    let bot = request.selection.bot.as_ref();
    let named: Vec<_> = named.map(|environment| At { environment, bot }).collect();
    if let Err(denied) = may(&named) {
        return Narrowed::Refused(Refusal::Denied { denied });
    }
    // A misspelt target would be refused by the service only when the connector is stopped already.
    if let Some(to) = request.selection.to.as_ref().filter(|to| !environments(&picture.fleet, policy).contains(to)) {
        return Narrowed::Refused(Refusal::NotFound { what: to.as_str().to_owned() });
    }
    let pool = match pool(picture, policy, request, &may, now) {
        Ok(pool) => pool,
        Err(refusal) => return Narrowed::Refused(refusal),
    };
    if let Some((part, choices)) = missing(picture, policy, request, &pool) {
        return Narrowed::Missing(part, choices);
    }
    let connectors: Vec<_> = match request.selection.connectors.as_slice() {
        [] => in_turn(&request.selection, pool),
        chosen => chosen.iter().filter_map(|id| in_picture(picture, id)).collect(),
    };
    let all_there = request.selection.connectors.is_empty() || connectors.len() == request.selection.connectors.len();
    let Some(first) = connectors.first().filter(|_| all_there) else {
        return Narrowed::Refused(Refusal::NothingToChoose { verb: request.verb });
    };
    let environments = std::iter::once(&first.environment).chain(&request.selection.to);
    let places: Vec<_> = environments.map(|environment| At::bot(environment, &first.bot.id)).collect();
    if let Err(denied) = may(&places) {
        return Narrowed::Refused(Refusal::Denied { denied });
    }
    plan(picture, policy, request, &connectors, doubted, now)
}

/// All of a bot in an environment, in the order in which they take their turn: first those whose restart costs nothing.
fn in_turn<'a>(selection: &Selection, mut pool: Vec<&'a Connector>) -> Vec<&'a Connector> {
    pool.retain(|c| {
        Some(&c.environment) == selection.environment.as_ref() && Some(&c.bot.id) == selection.bot.as_ref()
    });
    pool.sort_by_key(|c| (c.is_healthy(), c.name.to_lowercase(), c.id.clone()));
    pool
}

/// The connectors that are still possible: fit for the verb, where the person may act.
fn pool<'a>(
    picture: &'a Picture,
    policy: &Policy,
    request: &Request,
    may: impl Fn(&[At<'_>]) -> Result<(), Denied>,
    now: Timestamp,
) -> Result<Vec<&'a Connector>, Refusal> {
    let selection = &request.selection;
    if !selection.connectors.is_empty() {
        return Ok(selection.connectors.iter().filter_map(|id| in_picture(picture, id)).collect());
    }
    let chosen = |c: &&Connector| {
        selection.environment.as_ref().is_none_or(|environment| c.environment == *environment)
            && selection.bot.as_ref().is_none_or(|bot| c.bot.id == *bot)
    };
    let present = picture.fleet.sightings().filter(|s| s.sight != Sight::Missing).map(|s| &s.connector);
    let fit = |c: &&Connector| match request.verb {
        Verb::Stop | Verb::Restart => !c.is_down(),
        Verb::Start => {
            let grace = policy.terms(&c.bot.id, &c.environment).start_grace;
            !c.is_healthy() && !is_starting(c, grace, now)
        }
        Verb::Redeploy => true,
    };
    let fits: Vec<_> = present.filter(chosen).filter(fit).collect();
    if fits.is_empty() {
        return Err(Refusal::NothingToChoose { verb: request.verb });
    }
    let mut denied = None;
    let mut allowed = Vec::new();
    for connector in fits {
        match may(&[At::bot(&connector.environment, &connector.bot.id)]) {
            Ok(()) => allowed.push(connector),
            Err(why) => denied = denied.or(Some(why)),
        }
    }
    match denied {
        Some(denied) if allowed.is_empty() => Err(Refusal::Denied { denied }),
        _ => Ok(allowed),
    }
}

/// The first thing that is missing and has more than one answer; what has only one is taken.
fn missing(
    picture: &Picture,
    policy: &Policy,
    request: &mut Request,
    pool: &[&Connector],
) -> Option<(Part, Vec<Choice>)> {
    let mut pool = pool.to_vec();
    let selection = &mut request.selection;
    let mut environments: Vec<_> = pool.iter().map(|c| &c.environment).collect();
    environments.sort();
    environments.dedup();
    if selection.environment.is_none() {
        match environments.as_slice() {
            [only] => selection.environment = Some((*only).clone()),
            several => {
                return Some((Part::Environment, several.iter().map(|e| of_environment(picture, e)).collect()));
            }
        }
    }
    pool.retain(|c| Some(&c.environment) == selection.environment.as_ref());
    let mut bots: Vec<_> = pool.iter().map(|c| (c.bot.name.to_lowercase(), &c.bot.id)).collect();
    bots.sort();
    bots.dedup();
    if selection.bot.is_none() {
        match bots.as_slice() {
            [(_, only)] => selection.bot = Some((*only).clone()),
            several => {
                let environment = selection.environment.clone()?;
                let ids = several.iter().map(|(_, id)| *id);
                return Some((Part::Bot, ids.filter_map(|id| of_bot(picture, policy, id, &environment)).collect()));
            }
        }
    }
    pool.retain(|c| Some(&c.bot.id) == selection.bot.as_ref());
    if selection.connectors.is_empty() {
        match pool.as_slice() {
            [only] => selection.connectors.push(only.id.clone()),
            // Who names no connector means all of the bot.
            _ if request.verb == Verb::Restart => {}
            several => {
                return Some((Part::Connector, several.iter().map(|c| of_connector(c)).collect()));
            }
        }
    }
    if request.verb == Verb::Redeploy && selection.to.is_none() {
        let here = selection.connectors.first().and_then(|id| in_picture(picture, id))?;
        return Some((Part::Target, targets(picture, policy, here)));
    }
    None
}

/// Plans it for these, which are of one bot in one environment.
fn plan(
    picture: &Picture,
    policy: &Policy,
    request: &Request,
    chosen: &[&Connector],
    doubted: &[ConnectorId],
    now: Timestamp,
) -> Narrowed {
    let Some(first) = chosen.first() else {
        return Narrowed::Refused(Refusal::NothingToChoose { verb: request.verb });
    };
    let ids: Vec<_> = chosen.iter().map(|connector| connector.id.clone()).collect();
    let of_bot = |s: &&Sighting| s.connector.bot.id == first.bot.id && s.sight != Sight::Missing;
    let connectors: Vec<_> = picture.fleet.sightings().filter(of_bot).map(|s| s.connector.clone()).collect();
    let known = Known { connectors: &connectors, uncertain: picture.fleet.blind_since().is_some(), doubted };
    let wanted = Wanted {
        verb: request.verb,
        bot: &first.bot,
        environment: &first.environment,
        to: request.selection.to.as_ref(),
        connectors: &ids,
        then_start: request.selection.then_start,
    };
    match Plan::make(&wanted, known, policy, now) {
        Ok(plan) => Narrowed::Planned(Box::new(plan)),
        Err(Unplanned::CannotDo { connector, why, .. }) => Narrowed::Refused(Refusal::CannotDo { why, connector }),
        Err(Unplanned::Gone(id)) => {
            let known = in_picture(picture, &id).map(|connector| connector.name.clone());
            Narrowed::Refused(Refusal::Gone { what: known })
        }
    }
}

#[cfg(test)]
mod tests;
