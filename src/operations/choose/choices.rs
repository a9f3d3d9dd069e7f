//! The choices of a menu: what each is, and how it stands.

use super::{Choice, environments};
use crate::domain::connector::{Connector, Environment};
use crate::domain::ids::BotId;
use crate::domain::policy::{Picture, Policy};

pub(super) fn of_environment(picture: &Picture, environment: &Environment) -> Choice {
    let bots = picture.fleet.bots_in(environment);
    let connectors: u32 = bots.iter().map(|view| view.total()).sum();
    let healthy: u32 = bots.iter().map(|view| view.healthy()).sum();
    Choice {
        value: environment.key_or_word(),
        label: environment.title(),
        description: format!("{healthy} of {connectors} connectors healthy"),
    }
}

pub(super) fn of_bot(picture: &Picture, policy: &Policy, id: &BotId, environment: &Environment) -> Option<Choice> {
    let view = picture.fleet.bot(id, environment)?;
    let minimum = policy.minimum(id, environment);
    let wanted = if minimum > 0 { format!(", {minimum} wanted") } else { String::new() };
    Some(Choice {
        value: id.key().to_string(),
        label: view.bot.name.clone(),
        description: format!("{} of {} healthy{wanted}", view.healthy(), view.total()),
    })
}

pub(super) fn of_connector(connector: &Connector) -> Choice {
    let load = connector.conversations.map(|n| format!(", {n} conversations")).unwrap_or_default();
    let agent = connector.agent.word();
    let state = if connector.is_healthy() || connector.is_down() {
        agent.to_owned()
    } else {
        format!("{agent}, Conversational Cloud {}, Bot Server {}", connector.conversational_cloud, connector.bot_server)
    };
    Choice {
        value: connector.id.key().to_string(),
        label: connector.name.clone(),
        description: format!("{state}{load}"),
    }
}

/// The environments that a connector could move to.
pub(super) fn targets(picture: &Picture, policy: &Policy, connector: &Connector) -> Vec<Choice> {
    let elsewhere = environments(&picture.fleet, policy).into_iter().filter(|place| *place != connector.environment);
    elsewhere.map(|environment| of_environment(picture, &environment)).collect()
}
