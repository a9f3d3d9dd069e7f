//! An agent connector with its three statuses, and what they mean together.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{BotId, ConnectorId, Key};

/// Where a connector is deployed: Demo, Production, or what else the service names (an open set).
///
/// Two spellings that differ in case alone are one environment. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Environment(Arc<str>);

impl Environment {
    /// Reads a name, folding its case.
    pub fn new(name: &str) -> Self {
        Self(name.trim().to_lowercase().into())
    }

    /// The name in lower case, as settings and options write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short name for it, at most 32 characters: the word itself where that is short enough.
    pub fn key_or_word(&self) -> String {
        let short = (1..=32).contains(&self.0.len())
            && self.0.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if short { self.0.as_ref().to_owned() } else { Key::of(&self.0).to_string() }
    }

    /// A short name for it, of a fixed length whatever its own.
    pub fn key(&self) -> Key {
        Key::of(&self.0)
    }

    /// The name as people write it: "Production".
    pub fn title(&self) -> String {
        let mut letters = self.0.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

impl From<String> for Environment {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<Environment> for String {
    fn from(environment: Environment) -> Self {
        environment.0.as_ref().into()
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! open_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that we do not know, kept and shown as it came. It never counts as working.
            Other(String),
        }

        impl $name {
            /// The word as LivePerson's pages write it.
            pub fn word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.word().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

open_words! {
    /// The status "Bot Agent Connector".
    AgentStatus {
        /// Somebody started it and it runs. By itself this does not mean that it works.
        Online = "Online",
        /// Somebody stopped it.
        Stopped = "Stopped",
        /// Deployed, never started.
        ReadyToStart = "Ready to Start",
        /// Dropped, or only just started.
        NotConnected = "Not Connected",
    }
}

open_words! {
    /// A connection of the connector: to Conversational Cloud, or to the Bot Server.
    Link {
        /// The connection stands.
        Connected = "Connected",
        /// The connection does not stand (for a while just after a start: not yet).
        NotConnected = "Not Connected",
    }
}

/// A bot: the automation that its connectors link to Conversational Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bot {
    /// Its id at the lifecycle service.
    pub id: BotId,
    /// Its name; two bots may bear the same.
    pub name: String,
}

/// The state and configuration of a connector as one opaque word; it changes when they change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub String);

/// The last operation that the lifecycle service knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastOperation {
    /// What was done, in the service's words.
    pub what: String,
    /// By whom, where the service knows.
    pub by: Option<String>,
    /// When, where the service knows.
    pub at: Option<Timestamp>,
}

/// One agent connector as it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connector {
    /// Its id at the lifecycle service.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// The bot that it belongs to.
    pub bot: Bot,
    /// Where it is deployed.
    pub environment: Environment,
    /// Status "Bot Agent Connector".
    pub agent: AgentStatus,
    /// Status "Conversational Cloud".
    pub conversational_cloud: Link,
    /// Status "Bot Server".
    pub bot_server: Link,
    /// Concurrent conversations, when known.
    pub conversations: Option<u32>,
    /// Since when it is in this state, when known.
    pub since: Option<Timestamp>,
    /// The last operation on it, when known.
    pub last_operation: Option<LastOperation>,
    /// Its revision, for a change that must not meet another state.
    pub revision: Option<Revision>,
    /// The service's id of an operation that is under way on it, whoever asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<String>,
}

/// What the three statuses of a connector mean together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Condition {
    /// Stopped by somebody.
    Stopped,
    /// Deployed and never started.
    ReadyToStart,
    /// The agent is not connected: dropped, or only just started.
    NotConnected,
    /// Online, and not connected to Conversational Cloud or the Bot Server: it looks well and does not work.
    OnlineNotConnected,
    /// A status is a word that we do not know.
    UnknownWord,
    /// Online with both connections: the only condition that counts for failover.
    Healthy,
}

impl Connector {
    /// What the three statuses mean together.
    pub fn condition(&self) -> Condition {
        match (&self.agent, &self.conversational_cloud, &self.bot_server) {
            (AgentStatus::Stopped, _, _) => Condition::Stopped,
            (AgentStatus::ReadyToStart, _, _) => Condition::ReadyToStart,
            (AgentStatus::Other(_), _, _) | (_, Link::Other(_), _) | (_, _, Link::Other(_)) => Condition::UnknownWord,
            (AgentStatus::NotConnected, _, _) => Condition::NotConnected,
            (AgentStatus::Online, Link::Connected, Link::Connected) => Condition::Healthy,
            (AgentStatus::Online, _, _) => Condition::OnlineNotConnected,
        }
    }

    /// Whether it counts for failover: Online *and* both connections Connected.
    pub fn is_healthy(&self) -> bool {
        self.condition() == Condition::Healthy
    }

    /// Whether it is down: nothing runs that a stop could stop.
    pub fn is_down(&self) -> bool {
        matches!(self.condition(), Condition::Stopped | Condition::ReadyToStart)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn connector(name: &str, bot: &str, environment: &str) -> Connector {
        Connector {
            id: ConnectorId::new(name),
            name: name.to_owned(),
            bot: Bot { id: BotId::new(bot), name: bot.to_owned() },
            environment: Environment::new(environment),
            agent: AgentStatus::Online,
            conversational_cloud: Link::Connected,
            bot_server: Link::Connected,
            conversations: Some(12),
            since: None,
            last_operation: None,
            revision: Some(Revision("1".to_owned())),
            under_way: None,
        }
    }

    #[test]
    fn online_alone_is_not_healthy() {
        let well = connector("billing-1", "Billing Bot", "PRODUCTION");
        assert!(well.is_healthy());
        let cloud = Connector { conversational_cloud: Link::NotConnected, ..well.clone() };
        assert_eq!(cloud.condition(), Condition::OnlineNotConnected);
        let server = Connector { bot_server: Link::NotConnected, ..well };
        assert_eq!(server.condition(), Condition::OnlineNotConnected);
    }

    #[test]
    fn an_unknown_word_is_kept_and_never_healthy() {
        let word: AgentStatus = "Hibernating".to_owned().into();
        assert_eq!(word.word(), "Hibernating");
        let odd = Connector { agent: word, ..connector("a", "b", "demo") };
        assert_eq!(odd.condition(), Condition::UnknownWord);
        assert!(!odd.is_healthy());
        let odd = Connector { bot_server: Link::Other("Degraded".into()), ..connector("a", "b", "demo") };
        assert!(!odd.is_healthy());
    }

    #[test]
    fn environments_fold_case_and_keep_a_title() {
        assert_eq!(Environment::new("PRODUCTION"), Environment::new(" Production "));
        assert_eq!(Environment::new("production").title(), "Production");
        assert_eq!(Environment::new("staging eu").title(), "Staging eu");
    }
}
