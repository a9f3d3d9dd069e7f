//! The front: what Discord sends is understood here, and everything that people read is put into words here.
//!
//! * [`commands`], [`custom_id`]: what can be typed and pressed, each as one enum; [`autocomplete`], [`lookup`]: what it names.
//! * [`overviews`]: the environments at a glance, ready before anybody asks. [`boards`]: those that stand in channels.
//! * [`interactions`]: guard, acknowledge, call [`crate::operations`] or [`crate::incidents`], answer.
//! * [`render`]: all words and pictures, pure.
//! * [`delivery`]: the outbox's only reader. [`timelines`]: what is told in the cards' threads.
//!   [`direct`]: alerts that no outbox can keep. [`fallback`]: what
//!   is said elsewhere of alerts that do not come into their channel.
//! * [`setup`]: what is missing in the guild, told in one message until nothing is.
//! * [`gallery`]: every kind of message at once, for people who want to see what there is.
//! * [`gateway`], [`watchdog`]: the one connection to Discord's gateway, and what brings it back.

pub mod autocomplete;
pub mod boards;
pub mod commands;
pub mod custom_id;
pub mod delivery;
pub mod direct;
pub mod fallback;
pub mod gallery;
pub mod gateway;
pub mod interactions;
mod listener;
pub mod lookup;
pub mod overviews;
pub mod pulse;
pub mod render;
pub mod setup;
pub mod timelines;
pub mod watchdog;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use self::overviews::Overviews;
use crate::audit::People;
use crate::domain::ids::GuildId;
use crate::domain::policy::{Picture, Policy};
use crate::incidents::Incidents;
use crate::operations::Operations;
use crate::store::Store;
use crate::tally::Durations;

/// What an interaction is answered from. Cheap to clone; it keeps nothing of its own.
#[derive(Clone, Debug)]
pub struct Front {
    /// Where messages stand, for links to them.
    pub store: Store,
    /// The use cases.
    pub operations: Operations,
    /// The use cases about incidents.
    pub incidents: Incidents,
    /// The fleet as it was last read.
    pub picture: watch::Receiver<Arc<Picture>>,
    /// What is asked of each bot.
    pub policy: Policy,
    /// The one guild that is served.
    pub guild: GuildId,
    /// How often the fleet is read: what is much older is said to be old.
    pub poll_interval: Duration,
    /// The environments at a glance.
    pub overviews: Overviews,
    /// Who is in the record.
    pub people: People,
    /// How long interactions take until they are answered, and how that ends.
    pub interactions: Durations,
}
