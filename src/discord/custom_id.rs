//! What our buttons and menus carry: one typed id each, written and read in this one place.
//!
//! A custom id holds only names (a request's id, short names of connectors, bots and environments), never a decision: all
//! that a press means is looked up and judged when it comes. Old ids are told from new ones by their version.

use std::fmt;
use std::str::FromStr;

use crate::domain::action::Verb;
use crate::domain::connector::Environment;
use crate::domain::ids::{Id, Key};
use crate::domain::operation::guiding::Wish;
use crate::domain::tiles::Show;
use crate::operations::Part;

/// The version of the ids below; it goes up when one of them changes its meaning.
const VERSION: &str = "b1";

/// What a button or menu of ours means when it is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomId {
    /// Confirms a request.
    Confirm(Id),
    /// Cancels a request.
    Cancel(Id),
    /// Agrees to a request as the second person.
    Approve(Id),
    /// Does without the second person whom a request needs.
    BreakGlass(Id),
    /// The form in which it is said why.
    GlassForm(Id),
    /// The form in which the bot's name is typed to confirm a request.
    ConfirmForm(Id),
    /// Asks anew for what a request asked for, as things are now.
    PlanAgain(Id),
    /// A menu of a request: its value is chosen.
    Pick {
        /// The request.
        request: Id,
        /// What is chosen.
        part: Part,
        /// Which page of the choices it shows.
        page: u16,
    },
    /// Turns a request's menu to another page.
    Page {
        /// The request.
        request: Id,
        /// What is chosen there.
        part: Part,
        /// The page to show.
        page: u16,
    },
    /// Asks for something to be done to a connector: the same as the command.
    Ask {
        /// What.
        verb: Verb,
        /// The connector.
        connector: Key,
    },
    /// Says to an operation that is under way how it goes on.
    Guide {
        /// The operation.
        operation: Id,
        /// How.
        wish: Wish,
    },
    /// Leaves stopped what an operation stopped before it failed.
    LeaveStopped(Id),
    /// Asks to move a connector and to have it started there.
    Move {
        /// The connector.
        connector: Key,
        /// The environment to move to.
        to: Key,
    },
    /// Shows the status of an environment, or of a bot there, as it is now.
    Status {
        /// The environment.
        environment: Key,
        /// The bot.
        bot: Option<Key>,
    },
    /// Shows a page of an environment's bots.
    Overview {
        /// The environment.
        environment: Key,
        /// Which of them.
        show: Show,
        /// Which page of those.
        page: u16,
    },
    /// A menu of which bots of an environment are shown.
    Filter {
        /// The environment.
        environment: Key,
    },
    /// A menu of an environment's bots: the chosen one's status is shown.
    Details {
        /// The environment.
        environment: Key,
    },
    /// How a bot did in an environment over the last hours.
    History {
        /// The environment.
        environment: Key,
        /// The bot.
        bot: Key,
        /// How many.
        hours: u16,
    },
    /// Takes an incident on.
    Acknowledge(Id),
    /// Gives an incident back that somebody took on.
    GiveBack(Id),
    /// A menu: leaves an incident in peace for as long as is chosen.
    Snooze(Id),
    /// The form in which a person types until when an incident is left in peace.
    SnoozeForm(Id),
    /// Ends an incident's snooze.
    Unsnooze(Id),
    /// Shows all that is known of an incident.
    Incident(Id),
    /// The open incidents.
    Alerts {
        /// Of which environment; `None` is each.
        environment: Option<Key>,
        /// Which page of them.
        page: u16,
    },
    /// A menu of open incidents: the chosen one is shown.
    AlertDetails,
    /// A page of a list of records.
    Audit {
        /// The list.
        view: Id,
        /// Which page of it.
        page: u16,
    },
    /// A list of records once more, from its end.
    AuditAgain(Id),
    /// Ends a mute.
    Unmute(Id),
    /// A menu of mutes: the chosen one is ended.
    UnmuteChosen,
    /// Takes a board down.
    Unboard(Id),
    /// Ends a freeze.
    Unfreeze(Id),
}

impl CustomId {
    /// Whether a press would change something, so that refusing it needs a record.
    pub fn changes(&self) -> bool {
        match self {
            Self::Status { .. }
            | Self::Overview { .. }
            | Self::Filter { .. }
            | Self::Details { .. }
            | Self::History { .. }
            | Self::Incident(_)
            | Self::Alerts { .. }
            | Self::AlertDetails
            | Self::Audit { .. }
            | Self::AuditAgain(_) => false,
            Self::BreakGlass(_) | Self::GlassForm(_) => true,
            Self::ConfirmForm(_) | Self::PlanAgain(_) | Self::Move { .. } | Self::Approve(_) => true,
            Self::Confirm(_) | Self::Cancel(_) | Self::Pick { .. } | Self::Page { .. } | Self::Ask { .. } => true,
            Self::Guide { .. } | Self::LeaveStopped(_) => true,
            Self::Acknowledge(_) | Self::GiveBack(_) | Self::Snooze(_) | Self::SnoozeForm(_) | Self::Unsnooze(_) => {
                true
            }
            Self::Unmute(_) | Self::UnmuteChosen | Self::Unboard(_) | Self::Unfreeze(_) => true,
        }
    }
}

/// The short name of an environment in a custom id. (Its word may be of any length.)
pub fn environment_key(environment: &Environment) -> Key {
    environment.key()
}

impl fmt::Display for CustomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:")?;
        match self {
            Self::Confirm(request) => write!(f, "confirm:{request}"),
            Self::ConfirmForm(request) => write!(f, "confirm-form:{request}"),
            Self::PlanAgain(request) => write!(f, "again:{request}"),
            Self::BreakGlass(request) => write!(f, "glass:{request}"),
            Self::GlassForm(request) => write!(f, "glass-form:{request}"),
            Self::Cancel(request) => write!(f, "cancel:{request}"),
            Self::Approve(request) => write!(f, "approve:{request}"),
            Self::Pick { request, part, page } => write!(f, "pick:{request}:{}:{page}", part.word()),
            Self::Page { request, part, page } => write!(f, "page:{request}:{}:{page}", part.word()),
            Self::Ask { verb, connector } => write!(f, "ask:{}:{connector}", verb.word()),
            Self::Guide { operation, wish } => write!(f, "guide:{operation}:{}", wish.word()),
            Self::LeaveStopped(operation) => write!(f, "leave-stopped:{operation}"),
            Self::Move { connector, to } => write!(f, "move:{connector}:{to}"),
            Self::Status { environment, bot: None } => write!(f, "status:{environment}"),
            Self::Status { environment, bot: Some(bot) } => write!(f, "status:{environment}:{bot}"),
            Self::Overview { environment, show, page } => write!(f, "overview:{environment}:{}:{page}", show.word()),
            Self::Filter { environment } => write!(f, "filter:{environment}"),
            Self::Details { environment } => write!(f, "details:{environment}"),
            Self::History { environment, bot, hours } => write!(f, "history:{environment}:{bot}:{hours}"),
            Self::Acknowledge(incident) => write!(f, "ack:{incident}"),
            Self::GiveBack(incident) => write!(f, "give-back:{incident}"),
            Self::Snooze(incident) => write!(f, "snooze:{incident}"),
            Self::SnoozeForm(incident) => write!(f, "snooze-form:{incident}"),
            Self::Unsnooze(incident) => write!(f, "unsnooze:{incident}"),
            Self::Incident(incident) => write!(f, "incident:{incident}"),
            Self::Alerts { environment: None, page } => write!(f, "alerts:{page}"),
            Self::Alerts { environment: Some(environment), page } => write!(f, "alerts:{page}:{environment}"),
            Self::AlertDetails => write!(f, "alert"),
            Self::Audit { view, page } => write!(f, "audit:{view}:{page}"),
            Self::AuditAgain(view) => write!(f, "audit:{view}"),
            Self::Unmute(mute) => write!(f, "unmute:{mute}"),
            Self::UnmuteChosen => write!(f, "unmute"),
            Self::Unboard(board) => write!(f, "unboard:{board}"),
            Self::Unfreeze(freeze) => write!(f, "unfreeze:{freeze}"),
        }
    }
}

/// The text is no custom id of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a custom id of ours")]
pub struct NotOurs;

impl FromStr for CustomId {
    type Err = NotOurs;

    fn from_str(text: &str) -> Result<Self, NotOurs> {
        let words: Vec<_> = text.split(':').collect();
        let [version, rest @ ..] = words.as_slice() else { return Err(NotOurs) };
        if *version != VERSION {
            return Err(NotOurs);
        }
        let id = |text: &str| text.parse::<Id>().map_err(|_| NotOurs);
        let key = |text: &str| text.parse::<Key>().map_err(|_| NotOurs);
        let part = |word: &str| Part::from_word(word).ok_or(NotOurs);
        // One spelling each: "+1" and "01" are not what we wrote.
        let page = |text: &str| text.parse::<u16>().ok().filter(|page| page.to_string() == text).ok_or(NotOurs);
        Ok(match *rest {
            ["confirm", request] => Self::Confirm(id(request)?),
            ["confirm-form", request] => Self::ConfirmForm(id(request)?),
            ["again", request] => Self::PlanAgain(id(request)?),
            ["glass", request] => Self::BreakGlass(id(request)?),
            ["glass-form", request] => Self::GlassForm(id(request)?),
            ["cancel", request] => Self::Cancel(id(request)?),
            ["approve", request] => Self::Approve(id(request)?),
            ["pick", request, word, number] => {
                Self::Pick { request: id(request)?, part: part(word)?, page: page(number)? }
            }
            ["page", request, word, number] => {
                Self::Page { request: id(request)?, part: part(word)?, page: page(number)? }
            }
            ["ask", verb, connector] => {
                Self::Ask { verb: Verb::from_word(verb).ok_or(NotOurs)?, connector: key(connector)? }
            }
            ["guide", operation, wish] => {
                Self::Guide { operation: id(operation)?, wish: Wish::from_word(wish).ok_or(NotOurs)? }
            }
            ["leave-stopped", operation] => Self::LeaveStopped(id(operation)?),
            ["move", connector, to] => Self::Move { connector: key(connector)?, to: key(to)? },
            ["status", environment] => Self::Status { environment: key(environment)?, bot: None },
            ["status", environment, bot] => Self::Status { environment: key(environment)?, bot: Some(key(bot)?) },
            ["overview", environment, show, number] => Self::Overview {
                environment: key(environment)?,
                show: Show::from_word(show).ok_or(NotOurs)?,
                page: page(number)?,
            },
            ["filter", environment] => Self::Filter { environment: key(environment)? },
            ["details", environment] => Self::Details { environment: key(environment)? },
            ["history", environment, bot, hours] => {
                Self::History { environment: key(environment)?, bot: key(bot)?, hours: page(hours)? }
            }
            ["ack", incident] => Self::Acknowledge(id(incident)?),
            ["give-back", incident] => Self::GiveBack(id(incident)?),
            ["snooze", incident] => Self::Snooze(id(incident)?),
            ["snooze-form", incident] => Self::SnoozeForm(id(incident)?),
            ["unsnooze", incident] => Self::Unsnooze(id(incident)?),
            ["incident", incident] => Self::Incident(id(incident)?),
            ["alerts", number] => Self::Alerts { environment: None, page: page(number)? },
            ["alerts", number, environment] => {
                Self::Alerts { environment: Some(key(environment)?), page: page(number)? }
            }
            ["alert"] => Self::AlertDetails,
            ["audit", view, number] => Self::Audit { view: id(view)?, page: page(number)? },
            ["audit", view] => Self::AuditAgain(id(view)?),
            ["unmute", mute] => Self::Unmute(id(mute)?),
            ["unmute"] => Self::UnmuteChosen,
            ["unboard", board] => Self::Unboard(id(board)?),
            ["unfreeze", freeze] => Self::Unfreeze(id(freeze)?),
            _ => return Err(NotOurs),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::render::limits;
    use super::*;

    fn any_id() -> impl Strategy<Value = CustomId> {
        let key = || any::<String>().prop_map(|text| Key::of(&text));
        let part = || prop::sample::select(Part::ALL.to_vec());
        let verb = || prop::sample::select(Verb::ALL.to_vec());
        let id = || Just(()).prop_map(|()| Id::random());
        prop_oneof![
            id().prop_map(CustomId::Confirm),
            id().prop_map(CustomId::Cancel),
            id().prop_map(CustomId::Approve),
            id().prop_map(CustomId::BreakGlass),
            id().prop_map(CustomId::GlassForm),
            id().prop_map(CustomId::ConfirmForm),
            id().prop_map(CustomId::PlanAgain),
            (id(), part(), any::<u16>()).prop_map(|(request, part, page)| CustomId::Pick { request, part, page }),
            (id(), part(), any::<u16>()).prop_map(|(request, part, page)| CustomId::Page { request, part, page }),
            (id(), prop::sample::select(Wish::ALL.to_vec()))
                .prop_map(|(operation, wish)| CustomId::Guide { operation, wish }),
            id().prop_map(CustomId::LeaveStopped),
            (verb(), key()).prop_map(|(verb, connector)| CustomId::Ask { verb, connector }),
            (key(), key()).prop_map(|(connector, to)| CustomId::Move { connector, to }),
            (key(), prop::option::of(key())).prop_map(|(environment, bot)| CustomId::Status { environment, bot }),
            (key(), prop::sample::select(Show::ALL.to_vec()), any::<u16>())
                .prop_map(|(environment, show, page)| CustomId::Overview { environment, show, page }),
            key().prop_map(|environment| CustomId::Filter { environment }),
            key().prop_map(|environment| CustomId::Details { environment }),
            (key(), key(), any::<u16>()).prop_map(|(environment, bot, hours)| CustomId::History {
                environment,
                bot,
                hours
            }),
            id().prop_map(CustomId::Acknowledge),
            id().prop_map(CustomId::GiveBack),
            id().prop_map(CustomId::Snooze),
            id().prop_map(CustomId::SnoozeForm),
            id().prop_map(CustomId::Unsnooze),
            id().prop_map(CustomId::Incident),
            (prop::option::of(key()), any::<u16>())
                .prop_map(|(environment, page)| CustomId::Alerts { environment, page }),
            Just(CustomId::AlertDetails),
            (id(), any::<u16>()).prop_map(|(view, page)| CustomId::Audit { view, page }),
            id().prop_map(CustomId::AuditAgain),
            id().prop_map(CustomId::Unmute),
            Just(CustomId::UnmuteChosen),
            id().prop_map(CustomId::Unboard),
            id().prop_map(CustomId::Unfreeze),
        ]
    }

    proptest! {
        #[test]
        fn every_custom_id_survives_its_text_and_fits(id in any_id()) {
            let text = id.to_string();
            prop_assert!(text.len() <= limits::CUSTOM_ID);
            prop_assert_eq!(text.parse(), Ok(id));
        }

        #[test]
        fn what_we_did_not_write_is_not_ours(text in "\\PC*") {
            // What does parse is spelt exactly as we would have spelt it.
            if let Ok(id) = text.parse::<CustomId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn other_versions_and_odd_spellings_are_not_ours() {
        let good = CustomId::Pick { request: Id::random(), part: Part::Bot, page: 1 }.to_string();
        assert!(good.parse::<CustomId>().is_ok());
        for bad in ["", "b1", "b1:", "b1:confirm", "b0:confirm:0123456789abcdef", "b1:confirm:no", "confirm"] {
            assert_eq!(bad.parse::<CustomId>(), Err(NotOurs), "{bad:?}");
        }
        assert_eq!(format!("{good}:x").parse::<CustomId>(), Err(NotOurs));
        assert_eq!(good.replace(":1", ":+1").parse::<CustomId>(), Err(NotOurs));
    }
}
