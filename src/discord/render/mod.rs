//! All words and pictures that people read, pure: one function for each message.
//!
//! Names come from outside, so each goes through [`escape`]; every message goes through [`message`], which keeps it within
//! Discord's [`limits`] and says whom it may mention.

pub mod alerts;
mod approval;
pub mod attention;
pub mod board;
pub mod chart;
pub mod direct;
mod elsewhere;
pub mod escape;
pub mod explain;
pub mod freeze;
mod glass;
pub mod handled;
pub mod history;
mod incident;
pub mod limits;
pub mod message;
pub mod modal;
mod mute;
pub mod operation;
pub mod overview;
pub mod prompt;
pub mod record;
pub mod refusal;
pub mod setup;
pub mod status;
pub mod timeline;
mod together;
pub(crate) mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

pub use self::message::Message;
use crate::domain::freeze::Freeze;
use crate::domain::ids::{ChannelId, GuildId, MessageId};
use crate::domain::notice::Notice;
use crate::domain::policy::Policy;

/// What a notice needs besides its facts.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Whom alerts mention, of which bot.
    pub policy: Arc<Policy>,
    /// The guild, for links to messages.
    pub guild: GuildId,
    /// The short reference in the embed's footer (`ref ab12cd34`), by which the message can be found again.
    pub reference: String,
    /// The freezes that are on.
    pub freezes: Vec<Freeze>,
    /// The message that this one goes on from, because that one takes no more edits.
    pub continues: Option<(ChannelId, MessageId)>,
}

/// The body of a message that is said unasked, to POST or to PATCH. `allowed_mentions` is always there.
pub fn notice(notice: &Notice, context: &Context) -> Value {
    let message = match notice {
        Notice::Card { incident, ping } => incident::card(incident, *ping, context),
        Notice::Worse { incident } => incident::worse(incident, context),
        Notice::Again { incident, due, at } => attention::again(incident, *due, *at, context),
        Notice::Mute { mute } => mute::message(mute, context),
        Notice::Approval { request } => approval::message(request, &context.reference),
        Notice::Freeze { freeze } => freeze::message(freeze, context),
        Notice::Summary { mute, summary } => mute::summary(mute, summary, context),
        Notice::Back { incident } => incident::back(incident, context),
        Notice::Operation { operation } => operation::message(operation, &context.reference),
        Notice::Glass { operation } => glass::message(operation, &context.reference),
        Notice::Board { board } => board::message(board, &context.reference),
        Notice::Records { records } => record::mirrored(records, context.guild, &context.reference),
        Notice::Trouble { trouble } => elsewhere::trouble(trouble, context),
        Notice::Unseen { incident } => elsewhere::unseen(incident, context),
        Notice::Setup { setup } => setup::message(setup, &context.reference),
        Notice::Drill { at } => elsewhere::drill(*at, &context.reference),
    };
    match context.continues {
        Some((channel, earlier)) => {
            let link = words::link(context.guild, channel, earlier);
            message.noting(&format!("Goes on from [an older message]({link}), which takes no more edits.")).body()
        }
        None => message.body(),
    }
}
