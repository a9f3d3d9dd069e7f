//! All words and pictures that people read, pure: one function for each message.
//!
//! Names come from outside, so each goes through [`escape`]; every message goes through [`message`], which keeps it within
//! Discord's [`limits`] and says whom it may mention.

pub mod direct;
mod elsewhere;
pub mod escape;
mod incident;
pub mod limits;
pub mod message;
mod operation;
pub mod prompt;
pub mod refusal;
pub mod status;
pub(crate) mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::message::Message;
use crate::domain::connector::Environment;
use crate::domain::ids::RoleId;
use crate::domain::notice::Notice;

/// What a notice needs besides its facts.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The roles that an alert mentions.
    pub alert_roles: Vec<RoleId>,
    /// Environments whose alerts mention other roles.
    pub alert_roles_by_environment: BTreeMap<Environment, Vec<RoleId>>,
    /// The short reference in the embed's footer (`ref ab12cd34`), by which the message can be found again.
    pub reference: String,
}

/// The body of a message that is said unasked, to POST or to PATCH. `allowed_mentions` is always there.
pub fn notice(notice: &Notice, context: &Context) -> Value {
    match notice {
        Notice::Card { incident, ping } => incident::card(incident, *ping, context),
        Notice::Worse { incident } => incident::worse(incident, context),
        Notice::Operation { operation } => operation::message(operation, &context.reference),
        Notice::Trouble { trouble } => elsewhere::trouble(trouble, context),
        Notice::Unseen { incident } => elsewhere::unseen(incident, context),
    }
    .body()
}
