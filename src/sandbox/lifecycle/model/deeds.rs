//! What happens to connectors behind the service's clients' back: drops, recoveries, other people, and any odd word.
use serde::{Deserialize, Deserializer};

use super::operations::stop;
use super::{Model, Trouble};
use crate::lifecycle::contract::{Connector, Event, LastOperation, words};

/// Something that is done to a connector from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Deed {
    /// It drops: Not Connected, all three.
    Drop,
    /// It is well again: Online and connected, whatever it was.
    Recover,
    /// Online, without Conversational Cloud.
    DisconnectCloud,
    /// Online, without the Bot Server.
    DisconnectBotServer,
    /// Somebody stops it elsewhere.
    StopElsewhere,
    /// Somebody starts it elsewhere; takes as long as any start.
    StartElsewhere,
    /// Its next starts stay Not Connected until they are given up.
    NeverComesUp {
        /// Off: starts work again.
        #[serde(default = "yes")]
        on: bool,
    },
    /// Its next starts get Online, never to Conversational Cloud.
    NeverConnects {
        /// Off: starts work again.
        #[serde(default = "yes")]
        on: bool,
    },
    /// Its next starts fail: the platform refuses the bot agent.
    StartRefused {
        /// Off: starts work again.
        #[serde(default = "yes")]
        on: bool,
    },
    /// Any of its fields, in any words.
    Set(Box<Patch>),
    /// It is gone from the fleet.
    Vanish,
    /// It is back.
    Return,
}

fn yes() -> bool {
    true
}

/// A [`Deed`] and who does it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// What is done.
    #[serde(flatten)]
    pub deed: Deed,
    /// By whom; "somebody in Bots Status" if it is left out.
    #[serde(default)]
    pub by: Option<String>,
}

impl From<Deed> for Order {
    fn from(deed: Deed) -> Self {
        Self { deed, by: None }
    }
}

/// New values for the fields that are named; `null` makes a value unknown where it may be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Patch {
    /// Bot Agent Connector status.
    #[serde(default)]
    pub agent: Option<String>,
    /// Conversational Cloud connection.
    #[serde(default)]
    pub conversational_cloud: Option<String>,
    /// Bot Server connection.
    #[serde(default)]
    pub bot_server: Option<String>,
    /// Load.
    #[serde(default, deserialize_with = "given")]
    pub conversations: Option<Option<u32>>,
    /// Since when.
    #[serde(default)]
    pub since_ms: Option<i64>,
    /// The last operation.
    #[serde(default, deserialize_with = "given")]
    pub last_operation: Option<Option<LastOperation>>,
    /// The connector's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The bot's name.
    #[serde(default)]
    pub bot_name: Option<String>,
    /// Where it is deployed.
    #[serde(default)]
    pub environment: Option<String>,
}

/// A field that was named, even as `null`.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl Patch {
    fn touches_state(&self) -> bool {
        let fields = [&self.agent, &self.conversational_cloud, &self.bot_server, &self.environment];
        fields.into_iter().any(Option::is_some)
    }

    fn apply(self: Box<Self>, connector: &mut Connector) {
        let Self {
            agent,
            conversational_cloud,
            bot_server,
            conversations,
            since_ms,
            last_operation,
            name,
            bot_name,
            environment,
        } = *self;
        let texts = [
            (agent, &mut connector.agent),
            (conversational_cloud, &mut connector.conversational_cloud),
            (bot_server, &mut connector.bot_server),
            (name, &mut connector.name),
            (bot_name, &mut connector.bot.name),
            (environment, &mut connector.environment),
        ];
        for (new, field) in texts {
            if let Some(new) = new {
                *field = new;
            }
        }
        if let Some(conversations) = conversations {
            connector.conversations = conversations;
        }
        if let Some(since_ms) = since_ms {
            connector.since_ms = since_ms;
        }
        if let Some(last_operation) = last_operation {
            connector.last_operation = last_operation;
        }
    }
}

impl Model {
    /// Does something to a connector from elsewhere.
    ///
    /// # Errors
    ///
    /// A sentence, when there is no such connector.
    pub fn do_to(&mut self, id: &str, order: Order) -> Result<(), String> {
        if !self.entries.contains_key(id) {
            return Err(format!("There is no connector {id}."));
        }
        let by = order.by.as_deref().unwrap_or("somebody in Bots Status");
        match order.deed {
            Deed::Drop => self.drop_connection(id),
            Deed::Recover => self.recover(id),
            Deed::DisconnectCloud => {
                self.interfere(id);
                self.change(id, |c| {
                    c.conversational_cloud = words::NOT_CONNECTED.to_owned();
                });
            }
            Deed::DisconnectBotServer => {
                self.interfere(id);
                self.change(id, |c| c.bot_server = words::NOT_CONNECTED.to_owned());
            }
            Deed::StopElsewhere => {
                self.interfere(id);
                let last = self.last_operation("Stopped", Some(by));
                self.change(id, |c| {
                    stop(c);
                    c.last_operation = last;
                });
            }
            Deed::StartElsewhere => {
                self.interfere(id);
                self.start(id, by, None);
            }
            Deed::NeverComesUp { on } => self.trouble(id, Trouble::NeverComesUp, on),
            Deed::NeverConnects { on } => self.trouble(id, Trouble::NeverConnects, on),
            Deed::StartRefused { on } => self.trouble(id, Trouble::StartRefused, on),
            Deed::Set(patch) => {
                if patch.touches_state() {
                    self.interfere(id);
                }
                self.change(id, |c| patch.apply(c));
            }
            Deed::Vanish => self.vanish(id),
            Deed::Return => self.come_back(id),
        }
        Ok(())
    }

    pub(super) fn drop_connection(&mut self, id: &str) {
        self.interfere(id);
        self.change(id, |c| {
            c.agent = words::NOT_CONNECTED.to_owned();
            c.conversational_cloud = words::NOT_CONNECTED.to_owned();
            c.bot_server = words::NOT_CONNECTED.to_owned();
        });
    }

    pub(super) fn recover(&mut self, id: &str) {
        self.interfere(id);
        let last = self.last_operation("Recovered by the system", None);
        self.change(id, |c| {
            c.agent = words::ONLINE.to_owned();
            c.conversational_cloud = words::CONNECTED.to_owned();
            c.bot_server = words::CONNECTED.to_owned();
            c.last_operation = last;
        });
    }

    fn trouble(&mut self, id: &str, trouble: Trouble, on: bool) {
        if let Some(entry) = self.entries.get_mut(id) {
            let had = entry.trouble;
            self.hidden += 1;
            entry.trouble = if on { Some(trouble) } else { had.filter(|t| *t != trouble) };
        }
    }

    fn vanish(&mut self, id: &str) {
        self.interfere(id);
        if let Some(entry) = self.entries.get_mut(id)
            && !entry.vanished
        {
            entry.vanished = true;
            self.version += 1;
            self.emit(Event::ConnectorRemoved { connector_id: id.to_owned() });
        }
    }

    fn come_back(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id)
            && entry.vanished
        {
            entry.vanished = false;
            let connector = Box::new(entry.connector.clone());
            self.version += 1;
            self.emit(Event::ConnectorChanged { connector });
        }
    }
}
