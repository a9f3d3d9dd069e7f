//! A person's request to change something, from the first menu to the press that settles it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::action::{CannotDo, Verb};
use super::authority::{Denied, Person};
use super::connector::Environment;
use super::freeze::Freeze;
use super::glass::Glass;
use super::ids::{BotId, ChannelId, ConnectorId, Id, RoleId};
use super::pace::TooMany;
use super::plan::{Drift, Plan};

/// What has been chosen so far; what is missing is asked with a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The environment in which the connector is now.
    pub environment: Option<Environment>,
    /// The bot.
    pub bot: Option<BotId>,
    /// The connectors; none are chosen yet, if there are none.
    #[serde(default, alias = "connector", deserialize_with = "none_one_or_several")]
    pub connectors: Vec<ConnectorId>,
    /// For a redeploy: the environment to move to.
    pub to: Option<Environment>,
    /// For a redeploy: whether what is down is to be started where it goes.
    #[serde(default)]
    pub then_start: bool,
}

/// As it is written now, and as it was written while a request was about one connector.
fn none_one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ConnectorId>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Several(Vec<ConnectorId>),
        One(Option<ConnectorId>),
    }
    Ok(match Stored::deserialize(from)? {
        Stored::Several(several) => several,
        Stored::One(one) => one.into_iter().collect(),
    })
}

/// A request, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id; buttons and menus carry it.
    pub id: Id,
    /// Who asked: nobody else may settle it.
    pub requester: Person,
    /// What was asked for.
    pub verb: Verb,
    /// What has been chosen.
    pub selection: Selection,
    /// Why, in the requester's words.
    pub reason: Option<String>,
    /// Where it was asked; its operation is posted there.
    pub channel: ChannelId,
    /// What the person was told and may agree to, once all is chosen.
    pub plan: Option<Plan>,
    /// The roles of whom a second person must agree to it; none stand for the members who manage the server. `None`: nobody
    /// else must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_person: Option<Vec<RoleId>>,
    /// Whether the requester might do without that person when they were asked: for what is offered. What is done is judged anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_break_glass: bool,
    /// That they did without, or tried to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Glass>,
    /// By which of the requester's roles it was allowed when they confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<Vec<RoleId>>,
    /// The second person who agreed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Person>,
    /// Where it stands.
    pub state: RequestState,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// From when on it can no longer be agreed to.
    pub expires_at: Timestamp,
}

/// Where a request stands. All but the first three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Menus are being answered.
    Choosing,
    /// The prompt stands, and can be confirmed until it expires.
    Asked,
    /// The requester has confirmed it, and a second person must agree before it expires.
    Proposed,
    /// Confirmed: an operation carries it out.
    Confirmed,
    /// The requester changed their mind.
    Cancelled,
    /// Nobody confirmed in time.
    Expired,
    /// Refused at the click.
    Refused,
}

impl RequestState {
    /// The word under which the store keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Choosing => "choosing",
            Self::Asked => "asked",
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }

    /// Whether it can still be settled.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Choosing | Self::Asked | Self::Proposed)
    }
}

impl Request {
    /// A new request with nothing chosen, valid for `ttl`.
    pub fn new(
        requester: Person,
        verb: Verb,
        reason: Option<String>,
        channel: ChannelId,
        ttl: Duration,
        now: Timestamp,
    ) -> Self {
        Self {
            id: Id::random(),
            requester,
            verb,
            selection: Selection::default(),
            reason,
            channel,
            plan: None,
            second_person: None,
            may_break_glass: false,
            glass: None,
            allowed_by: None,
            approved_by: None,
            state: RequestState::Choosing,
            asked_at: now,
            expires_at: now.saturating_add(ttl).unwrap_or(Timestamp::MAX),
        }
    }

    /// Whether its prompt is about all connectors of a bot because none was named, so that some of them may be chosen there.
    pub fn is_narrowed_by_its_prompt(&self) -> bool {
        let several = self.plan.as_ref().is_some_and(|plan| plan.connectors.len() > 1);
        self.state == RequestState::Asked && self.selection.connectors.is_empty() && several
    }

    /// Whether it can no longer be agreed to.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

/// Why a request was not carried out; each has its sentence on screen and its word in the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "refused")]
pub enum Refusal {
    /// The person may not.
    Denied {
        /// Why not.
        denied: Denied,
    },
    /// The prompt belongs to somebody else.
    SomebodyElses {
        /// Whose it is.
        owner: Person,
    },
    /// The connector's state does not allow it.
    CannotDo {
        /// Why not.
        why: CannotDo,
        /// The connector's name.
        connector: String,
    },
    /// There is no such environment, bot or connector.
    NotFound {
        /// What was looked for, in the person's words.
        what: String,
    },
    /// What a menu, a button or a prompt named was there when it was shown, and is not any more.
    Gone {
        /// Its name, where it is still known.
        what: Option<String>,
    },
    /// Nothing here can be stopped, started or redeployed as asked.
    NothingToChoose {
        /// The verb.
        verb: Verb,
    },
    /// A second person must agree to it, and that cannot be who asked for it.
    OwnRequest,
    /// It expired before it was confirmed.
    Expired,
    /// It was settled before.
    Settled {
        /// How.
        state: RequestState,
    },
    /// No request is known by this button's id.
    Unknown,
    /// What the prompt stated is worse at the press, or cannot be done any more.
    Drifted {
        /// What is not as it was stated.
        drifts: Vec<Drift>,
    },
    /// What was to be typed was not: the prompt stands as it was.
    Mistyped {
        /// What was to be typed.
        wanted: String,
    },
    /// Why it cannot wait for the second person was not said: all stands as it was.
    Unexplained,
    /// Nobody else must agree to it, so there is nobody to do without.
    NoGlass,
    /// The state could not be read at the press, so nothing was done.
    CannotRead {
        /// The lifecycle client's sentence for people.
        why: String,
    },
    /// Another operation is under way on the same bot and environment.
    Busy {
        /// Who began it.
        by: Person,
        /// What it does.
        verb: Verb,
        /// The operation.
        operation: Id,
    },
    /// An environment that it touches is frozen.
    Frozen {
        /// By what.
        freeze: Box<Freeze>,
    },
    /// Too much was changed in a short time.
    TooMany {
        /// Whose changes, and until when.
        too_many: TooMany,
    },
    /// Nothing is known of the fleet yet.
    NotReady,
}

impl Refusal {
    /// Whether the same may well be possible if it is planned anew, as things are then.
    pub fn may_be_planned_again(&self) -> bool {
        matches!(self, Self::Drifted { .. } | Self::CannotRead { .. } | Self::Expired | Self::Busy { .. })
    }
}
