//! Use cases: a request is asked, narrowed with menus, confirmed, cancelled or expires; the runner carries it out.
//!
//! Nothing here knows Discord's interactions: the front acknowledges, calls, and renders what comes back.

mod approve;
mod ask;
mod check;
mod choose;
mod explain;
mod freezes;
mod glass;
mod guide;
mod judge;
mod record;
mod runner;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

pub use self::choose::{Choice, Part, Said};
pub(crate) use self::choose::{find_bot, find_environment};
pub use self::explain::{Explained, InDoubt, Judged, Watched};
pub use self::freezes::{FreezeAnswer, FreezeRefused, ToFreeze};
pub use self::glass::Form;
pub use self::guide::{Guided, Left};
pub(crate) use self::record::denial;
pub use self::runner::{Runner, Stepped};
use crate::domain::action::Verb;
use crate::domain::authority::{At, Authority, Denied, Member, Right, Rights};
use crate::domain::connector::Connector;
use crate::domain::ids::{ChannelId, ConnectorId, Id};
use crate::domain::operation::Operation;
use crate::domain::policy::{Picture, Policy};
use crate::domain::request::{Refusal, Request};
use crate::lifecycle::{LifecycleClient, Pushes};
use crate::store::{Store, StoreError};

/// How often overdue requests are looked for; a press judges the time for itself.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);

/// How long a reading may take before something is planned from what is known.
const READ_AGAIN: Duration = Duration::from_secs(2);

/// The use cases. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Operations {
    store: Store,
    lifecycle: LifecycleClient,
    picture: watch::Receiver<Arc<Picture>>,
    rules: Arc<Rules>,
    wake: Wake,
}

/// What the use cases are ruled by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who may act.
    pub authority: Authority,
    /// What is asked of each bot.
    pub policy: Policy,
    /// How long a prompt may be confirmed.
    pub confirmation_ttl: Duration,
}

/// Whom to wake when something was written for them.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    /// The runner: an operation is due.
    pub runner: Arc<Notify>,
    /// The delivery: a message has something new to say.
    pub delivery: Arc<Notify>,
    /// The monitor: a connector changed by our own doing, so look at it now.
    pub monitor: Arc<Pushes>,
}

/// Who acts, and where.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The member, as Discord described them with this interaction.
    pub member: Member,
    /// The channel of the interaction.
    pub channel: ChannelId,
    /// The interaction's id: the name, in the record, of what never became a request.
    pub interaction: u64,
}

/// What a request is answered with.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Something was left out: choose it.
    Choose(Menu),
    /// All is known: confirm it. (Its plan is there, and its state is asked.)
    Confirm(Request),
    /// Nobody had to agree to it: this operation carries it out.
    Begun(Box<Operation>),
    /// It is not to be.
    Refused(Refusal),
}

/// A menu for what was left out.
#[derive(Clone, Debug)]
pub struct Menu {
    /// The request so far.
    pub request: Request,
    /// What is to be chosen.
    pub part: Part,
    /// All choices; the front pages them.
    pub choices: Vec<Choice>,
}

/// How a press settled a request.
#[derive(Clone, Debug)]
pub enum Settled {
    /// Confirmed: this operation carries it out.
    Begun(Box<Operation>),
    /// Confirmed, and it waits for a second person.
    Proposed,
    /// Cancelled.
    Cancelled,
    /// This is to be typed first: the plan says what it costs. Nothing was done, and the prompt stands.
    Unsaid {
        /// The request, with its plan.
        request: Box<Request>,
        /// What is to be typed.
        wanted: String,
    },
    /// Why it cannot wait for the second person is to be said first. Nothing was done, and all stands as it was.
    Unexplained {
        /// The request, with its plan.
        request: Box<Request>,
        /// What is to be typed besides, if anything.
        wanted: Option<String>,
    },
    /// Refused.
    Refused(Refusal),
}

/// Something of ours failed. `Display` is for the log, [`Trouble::person`] for the person; the reference ties them.
#[derive(Debug, thiserror::Error)]
#[error("{source} (ref {reference})")]
pub struct Trouble {
    reference: String,
    source: StoreError,
}

impl Trouble {
    /// What to look for in the log.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What the person reads.
    pub fn person(&self) -> String {
        format!(
            "Nothing was changed: Botswain could not write to its own database. Try again in a minute; if it stays, tell \
             whoever runs Botswain (ref {}).",
            self.reference
        )
    }
}

impl From<StoreError> for Trouble {
    fn from(source: StoreError) -> Self {
        Self { reference: Id::random().reference().to_owned(), source }
    }
}

impl Operations {
    /// The use cases over a store, a lifecycle service and the published picture of the fleet.
    pub fn new(
        store: Store,
        lifecycle: LifecycleClient,
        picture: watch::Receiver<Arc<Picture>>,
        rules: Rules,
        wake: Wake,
    ) -> Self {
        Self { store, lifecycle, picture, rules: Arc::new(rules), wake }
    }

    /// Whether `member` may do this at all of `places`, from what the interaction says of them. Where the bot is not known
    /// yet: whether they may do it there to any.
    ///
    /// # Errors
    /// Why not.
    pub fn may(&self, member: &Member, verb: Verb, places: &[At<'_>]) -> Result<(), Denied> {
        places.iter().try_for_each(|at| self.rights(member).judge(Right::Change(verb), *at))
    }

    /// What `member` may do, for what is offered.
    pub fn rights<'a>(&'a self, member: &'a Member) -> Rights<'a> {
        Rights { authority: &self.rules.authority, member }
    }

    /// Records what never became a request: a press that names nothing we know, what came from where nobody may act, or
    /// what could not be acknowledged.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn record_refused(&self, asker: &Asker, what: &str, now: Timestamp) -> Result<(), Trouble> {
        self.store.record(&record::of_stranger(asker, what, now)).await?;
        Ok(())
    }
}

/// The connector of `id` in the picture, if it was there when the fleet was last read.
fn in_picture<'a>(picture: &'a Picture, id: &ConnectorId) -> Option<&'a Connector> {
    picture.fleet.connector(id).map(|sighting| &sighting.connector)
}
