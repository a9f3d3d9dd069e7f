//! Interactions: begun by a person, answered by the bot within its time, once.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding>
mod answer;
mod webhook;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Effect, PeopleEvent, World, wire};
use crate::sandbox::discord::{
    event::EventKind,
    rules::{self},
    snowflake::Snowflake,
};

/// What a person did.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    /// Ran a command.
    Command { data: Value },
    /// Types an option of a command; `option` is its type.
    Autocomplete { data: Value, option: u64 },
    /// Pressed or selected on a message.
    Component { message: Snowflake, data: Value },
    /// Sent the modal with which `opener` was answered.
    Modal { opener: Snowflake, data: Value },
}

/// Where it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the guild.
    Guild,
    /// In a guild that the bot is not meant to serve.
    OtherGuild(Snowflake),
    /// In a direct message.
    Direct,
}

/// How far an interaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// No answer yet.
    Waiting,
    /// Deferred: the answer comes later.
    Thinking,
    /// Answered.
    Answered,
    /// Not answered in time.
    Failed,
}

/// The first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Message,
    Deferred,
    DeferredUpdate,
    Update,
    Choices,
    Modal,
}

#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub(crate) id: Snowflake,
    pub(crate) token: String,
    pub(crate) user: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) place: Place,
    pub(crate) trigger: Trigger,
    pub(crate) created: Timestamp,
    /// When the first answer came.
    pub(crate) first: Option<Timestamp>,
    /// When what was asked for was there: with the first answer, or after it.
    pub(crate) settled: Option<Timestamp>,
    pub(crate) state: State,
    pub(crate) outcome: Option<Outcome>,
    /// What `@original` means.
    pub(crate) original: Option<Snowflake>,
    /// All that this interaction's token made.
    pub(crate) messages: Vec<Snowflake>,
    pub(crate) modal: Option<Value>,
    pub(crate) choices: Vec<Value>,
}

/// How many interactions are remembered.
const KEPT: usize = 20_000;

/// What a person reads when a bot stays silent.
pub(crate) const NO_ANSWER: &str = "The application did not respond";

impl Interaction {
    pub(super) fn kind(&self) -> u8 {
        match self.trigger {
            Trigger::Command { .. } => 2,
            Trigger::Component { .. } => 3,
            Trigger::Autocomplete { .. } => 4,
            Trigger::Modal { .. } => 5,
        }
    }

    /// Whether the time for a first answer is over.
    pub(super) fn is_late(&self, now: Timestamp, deadline: Duration) -> bool {
        now.duration_since(self.created) > SignedDuration::try_from(deadline).unwrap_or(SignedDuration::MAX)
    }

    pub(super) fn data(&self) -> &Value {
        match &self.trigger {
            Trigger::Command { data }
            | Trigger::Autocomplete { data, .. }
            | Trigger::Component { data, .. }
            | Trigger::Modal { data, .. } => data,
        }
    }
}

impl World {
    /// A person acts. The bot hears of it at once.
    pub(crate) fn begin(
        &mut self,
        user: Snowflake,
        channel: Snowflake,
        place: Place,
        trigger: Trigger,
        now: Timestamp,
    ) -> Snowflake {
        let id = self.ids.next(now);
        let token = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        let interaction = Interaction {
            id,
            token: token.clone(),
            user,
            channel,
            place,
            trigger,
            created: now,
            first: None,
            settled: None,
            state: State::Waiting,
            outcome: None,
            original: None,
            messages: Vec::new(),
            modal: None,
            choices: Vec::new(),
        };
        let data = self.interaction_json(&interaction);
        self.effects.push(Effect::Dispatch { event: EventKind::InteractionCreate, data, intents: 0 });
        self.tokens.insert(token, id);
        self.interactions.insert(id, interaction);
        if self.interactions.len() > KEPT
            && let Some((_, oldest)) = self.interactions.pop_first()
        {
            self.tokens.remove(&oldest.token);
        }
        self.tell_state(id);
        id
    }

    pub(super) fn interaction_json(&self, interaction: &Interaction) -> Value {
        let Interaction { user, channel, place, .. } = interaction;
        let member = self.member(*user).map(|found| {
            let mut member = wire::member(found);
            if let Some(map) = member.as_object_mut() {
                map.insert("permissions".into(), json!(self.permissions(*user, *channel).to_string()));
            }
            member
        });
        let mut whole = json!({
            "id": interaction.id, "application_id": self.application, "type": interaction.kind(), "data": interaction.data(),
            "channel_id": channel, "token": interaction.token, "version": 1, "locale": "en-US", "entitlements": [],
            "entitlement_sku_ids": [], "attachment_size_limit": rules::FILE_BYTES,
            "app_permissions": self.permissions(self.bot, *channel).to_string(),
        });
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        if let Ok(found) = self.channel(*channel) {
            let mut partial = self.channel_json(found);
            if let Some(map) = partial.as_object_mut() {
                map.insert("permissions".into(), json!(self.permissions(*user, *channel).to_string()));
            }
            map.insert("channel".into(), partial);
        }
        let guild = match place {
            Place::Guild => Some(self.guild.id),
            Place::OtherGuild(id) => Some(*id),
            Place::Direct => None,
        };
        if let Some(id) = guild {
            map.insert("guild_id".into(), json!(id));
            map.insert("guild".into(), json!({"id": id, "locale": "en-US", "features": []}));
            map.insert("guild_locale".into(), json!("en-US"));
            map.insert("member".into(), json!(member));
            map.insert("context".into(), json!(0));
            map.insert("authorizing_integration_owners".into(), json!({"0": id}));
        } else {
            map.insert("user".into(), self.user_json(*user));
            map.insert("context".into(), json!(1));
            map.insert("authorizing_integration_owners".into(), json!({"0": "0"}));
            map.insert("channel".into(), json!({"id": channel, "type": 1, "flags": 0, "last_message_id": null}));
        }
        if let Some(message) = self.source(interaction).and_then(|id| self.messages.get(&id)) {
            map.insert("message".into(), self.message_json(message));
        }
        whole
    }

    /// The message on which a component was pressed, also where it was a modal that stands between.
    pub(super) fn source(&self, interaction: &Interaction) -> Option<Snowflake> {
        match &interaction.trigger {
            Trigger::Component { message, .. } => Some(*message),
            Trigger::Modal { opener, .. } => self.interactions.get(opener).and_then(|opener| self.source(opener)),
            Trigger::Command { .. } | Trigger::Autocomplete { .. } => None,
        }
    }

    /// `interaction_metadata` of the messages with which an interaction is answered.
    pub(super) fn metadata(&self, interaction: &Interaction, original: Option<Snowflake>) -> Value {
        let mut whole = json!({
            "id": interaction.id, "type": interaction.kind(), "user": self.user_json(interaction.user),
            "authorizing_integration_owners": {"0": self.guild.id},
        });
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        if let Some(id) = original {
            map.insert("original_response_message_id".into(), json!(id));
        }
        match &interaction.trigger {
            Trigger::Command { data } => {
                map.insert("name".into(), data["name"].clone());
                map.insert("command_type".into(), json!(1));
            }
            Trigger::Component { message, .. } => {
                map.insert("interacted_message_id".into(), json!(message));
            }
            Trigger::Modal { opener, .. } => {
                let inner = self.interactions.get(opener).map(|opener| self.metadata(opener, None));
                map.insert("triggering_interaction_metadata".into(), json!(inner));
            }
            Trigger::Autocomplete { .. } => {}
        }
        whole
    }

    /// The clock has moved: the time of those that wait may be over.
    pub(crate) fn expire_late(&mut self, now: Timestamp, deadline: Duration) {
        let waiting = self.interactions.values().filter(|found| found.state == State::Waiting);
        let late: Vec<Snowflake> = waiting.filter(|found| found.is_late(now, deadline)).map(|found| found.id).collect();
        for id in late {
            self.expire(id);
        }
    }

    /// The time for a first answer is over.
    pub(crate) fn expire(&mut self, id: Snowflake) {
        if let Some(interaction) = self.interactions.get_mut(&id)
            && interaction.state == State::Waiting
        {
            interaction.state = State::Failed;
            self.tell_state(id);
        }
    }

    pub(super) fn tell_state(&mut self, id: Snowflake) {
        let Some(found) = self.interactions.get(&id) else {
            return;
        };
        let mut body = json!({"type": "interaction", "id": id, "state": found.state, "outcome": found.outcome, "channel_id": found.channel});
        if let (State::Failed, Some(map)) = (found.state, body.as_object_mut()) {
            map.insert("error".into(), json!(NO_ANSWER));
        }
        let user = found.user;
        self.tell_people(PeopleEvent::Interaction { user, body });
    }
}
