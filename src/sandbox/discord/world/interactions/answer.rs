//! The first answer to an interaction.
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Interaction, Outcome, State, Trigger};
use crate::sandbox::discord::{
    refusal::{self, FormErrors, Refused, form_error},
    rules::{
        commands, given, items, known_keys,
        message::{Before, Door, EPHEMERAL, LOADING, Upload},
        modal,
    },
    snowflake::Snowflake,
    world::{
        PeopleEvent, World,
        messages::{CHAT_INPUT_COMMAND, Frame, REPLY, check_form, shows_something},
    },
};

impl World {
    /// `POST /interactions/{id}/{token}/callback`.
    pub(crate) fn answer(
        &mut self,
        id: Snowflake,
        token: &str,
        body: &Value,
        uploads: Vec<Upload>,
        now: Timestamp,
        deadline: Duration,
    ) -> Result<(), Refused> {
        let interaction = self
            .interactions
            .get(&id)
            .filter(|found| found.token == token)
            .ok_or(refusal::UNKNOWN_INTERACTION)?
            .clone();
        if interaction.outcome.is_some() {
            return Err(refusal::ALREADY_ACKNOWLEDGED.into());
        }
        let late = interaction.is_late(now, deadline);
        if interaction.state == State::Failed || late {
            return Err(refusal::UNKNOWN_INTERACTION.into());
        }
        let mut errors = FormErrors::default();
        known_keys(&mut errors, body, "", &["type", "data"]);
        errors.finish()?;
        let data = given(body, "data").cloned().unwrap_or_else(|| json!({}));
        let kind = body["type"].as_u64().unwrap_or(0);
        let source = self.source(&interaction);
        if matches!(kind, 4 | 5) {
            self.channel(interaction.channel)?;
        }
        match (&interaction.trigger, kind) {
            (Trigger::Autocomplete { option, .. }, 8) => self.answer_with_choices(id, *option, &data),
            (Trigger::Autocomplete { .. }, _) => Err(wrong_type("{8}")),
            (_, 4) => self.answer_with_message(&interaction, &data, uploads, now),
            (_, 5) => self.defer(&interaction, &data, now),
            (Trigger::Component { .. } | Trigger::Modal { .. }, 6) if source.is_some() => {
                self.answered(id, Outcome::DeferredUpdate, source)
            }
            (Trigger::Component { .. } | Trigger::Modal { .. }, 7) if source.is_some() => {
                let message = source.ok_or(refusal::UNKNOWN_MESSAGE)?;
                self.edit(message, &data, uploads, Door::Update, now)?;
                self.answered(id, Outcome::Update, source)
            }
            (Trigger::Command { .. } | Trigger::Component { .. }, 9) => self.answer_with_modal(id, &data),
            (Trigger::Modal { .. }, _) => Err(wrong_type("{4, 5, 6, 7}")),
            (Trigger::Component { .. }, _) => Err(wrong_type("{4, 5, 6, 7, 9}")),
            (Trigger::Command { .. }, _) => Err(wrong_type("{4, 5, 9}")),
        }?;
        if let Some(found) = self.interactions.get_mut(&id) {
            found.first = Some(now);
            found.settled = (found.state == State::Answered).then_some(now);
        }
        Ok(())
    }

    pub(super) fn answered(
        &mut self,
        id: Snowflake,
        outcome: Outcome,
        original: Option<Snowflake>,
    ) -> Result<(), Refused> {
        let interaction = self.interactions.get_mut(&id).ok_or(refusal::UNKNOWN_INTERACTION)?;
        interaction.outcome = Some(outcome);
        interaction.original = original;
        interaction.state = match outcome {
            Outcome::Deferred | Outcome::DeferredUpdate => State::Thinking,
            _ => State::Answered,
        };
        if let (Some(message), Outcome::Message | Outcome::Deferred) = (original, outcome) {
            interaction.messages.push(message);
        }
        self.tell_state(id);
        Ok(())
    }

    pub(super) fn frame(&self, interaction: &Interaction, ephemeral: bool) -> Frame {
        let source = self.source(interaction);
        let name = match &interaction.trigger {
            Trigger::Command { data } => whole_name(data),
            _ => String::new(),
        };
        Frame {
            channel: interaction.channel,
            author: self.bot,
            kind: if source.is_some() { REPLY } else { CHAT_INPUT_COMMAND },
            only_for: ephemeral.then_some(interaction.user),
            metadata: Some(self.metadata(interaction, None)),
            invoked: Some((name, interaction.user)),
            reference: source.map(|message| (interaction.channel, message)),
        }
    }

    pub(super) fn answer_with_message(
        &mut self,
        interaction: &Interaction,
        data: &Value,
        uploads: Vec<Upload>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        check_form(data, &uploads, Door::Callback, &Before::default())?;
        if !shows_something(data, &uploads) {
            return Err(refusal::EMPTY_MESSAGE.into());
        }
        self.remark_on_mentions(data);
        let frame = self.frame(interaction, is_ephemeral(data));
        let message = self.place(frame, data, uploads, now);
        self.answered(interaction.id, Outcome::Message, Some(message))
    }

    pub(super) fn defer(&mut self, interaction: &Interaction, data: &Value, now: Timestamp) -> Result<(), Refused> {
        check_form(data, &[], Door::Callback, &Before::default())?;
        let frame = self.frame(interaction, is_ephemeral(data));
        let message = self.place(frame, &json!({"flags": LOADING}), Vec::new(), now);
        self.answered(interaction.id, Outcome::Deferred, Some(message))
    }

    pub(super) fn answer_with_choices(&mut self, id: Snowflake, option: u64, data: &Value) -> Result<(), Refused> {
        let mut errors = FormErrors::default();
        known_keys(&mut errors, data, "data", &["choices"]);
        commands::check_choices(&mut errors, items(data, "choices"), "data.choices", option);
        errors.finish()?;
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.choices = items(data, "choices").to_vec();
        }
        self.answered(id, Outcome::Choices, None)
    }

    pub(super) fn answer_with_modal(&mut self, id: Snowflake, data: &Value) -> Result<(), Refused> {
        let mut errors = FormErrors::default();
        modal::check(&mut errors, data);
        errors.finish()?;
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.modal = Some(data.clone());
            let (user, body) = (interaction.user, json!({"type": "modal", "interaction_id": id, "modal": data}));
            self.tell_people(PeopleEvent::Interaction { user, body });
        }
        self.answered(id, Outcome::Modal, None)
    }

    /// The answer to a callback with `with_response`.
    /// <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback-response-object>
    pub(crate) fn callback_json(&self, id: Snowflake, kind: u64) -> Value {
        let Some(found) = self.interactions.get(&id) else {
            return Value::Null;
        };
        let message = found.original.and_then(|id| self.messages.get(&id));
        let mut interaction =
            json!({"id": id, "type": found.kind(), "channel_id": found.channel, "guild_id": self.guild.id});
        if let (Some(message), Some(map)) = (message, interaction.as_object_mut()) {
            map.insert("response_message_id".into(), json!(message.id));
            map.insert("response_message_loading".into(), json!(message.flags & LOADING != 0));
            map.insert("response_message_ephemeral".into(), json!(message.flags & EPHEMERAL != 0));
        }
        // Only what shows a message at once brings it.
        match message.filter(|_| matches!(found.outcome, Some(Outcome::Message | Outcome::Update))) {
            Some(message) => {
                let resource = json!({"type": kind, "message": self.message_json(message)});
                json!({"interaction": interaction, "resource": resource})
            }
            None => json!({"interaction": interaction}),
        }
    }
}

/// Whether an answer is to be private.
pub(super) fn is_ephemeral(data: &Value) -> bool {
    given(data, "flags").and_then(Value::as_u64).unwrap_or(0) & EPHEMERAL != 0
}

fn wrong_type(allowed: &str) -> Refused {
    form_error("type", "BASE_TYPE_CHOICES", format!("Value must be one of {allowed}."))
}

/// The name of a command with its group and subcommand, as a message's `interaction` gives it.
fn whole_name(data: &Value) -> String {
    let name = data["name"].as_str().unwrap_or_default();
    let sub = items(data, "options")
        .iter()
        .find(|option| matches!(option["type"].as_u64(), Some(commands::SUB_COMMAND | commands::SUB_COMMAND_GROUP)));
    sub.map_or_else(|| name.to_owned(), |sub| format!("{name} {}", whole_name(sub)))
}
