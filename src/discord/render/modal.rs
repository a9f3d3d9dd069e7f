//! A form that a person fills in: one question, one line.

use serde::Serialize;

use super::super::custom_id::CustomId;
use super::escape::label;
use super::limits;
use crate::domain::ids::Id;
use crate::domain::plan::{Impact, Plan};

/// The custom id of a form's one input.
pub const INPUT: &str = "text";

/// A form
/// (<https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal>).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Modal {
    custom_id: String,
    title: String,
    components: [Row; 1],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Row {
    #[serde(rename = "type")]
    kind: u8,
    components: [TextInput; 1],
}

/// A text input (type 4) of one line (style 1).
#[derive(Clone, Debug, PartialEq, Serialize)]
struct TextInput {
    #[serde(rename = "type")]
    kind: u8,
    custom_id: &'static str,
    style: u8,
    label: String,
    placeholder: String,
    min_length: u16,
    max_length: u16,
    required: bool,
}

/// Asks for the bot's name, before a plan is carried out that takes it below its minimum or offline.
pub fn confirm(request: &Id, plan: &Plan, wanted: &str) -> Modal {
    let offline = plan.impacts.iter().any(Impact::takes_offline);
    let title = if offline { "This takes the bot offline" } else { "This takes the bot below its minimum" };
    let input = TextInput {
        kind: 4,
        custom_id: INPUT,
        style: 1,
        label: label("Type the bot's name to agree", limits::INPUT_LABEL),
        placeholder: label(wanted, limits::INPUT_PLACEHOLDER),
        min_length: 1,
        max_length: 100,
        required: true,
    };
    Modal {
        custom_id: CustomId::ConfirmForm(request.clone()).to_string(),
        title: label(title, limits::MODAL_TITLE),
        components: [Row { kind: 1, components: [input] }],
    }
}

/// Asks until when an incident is to be left in peace. `zone` names the time zone in which a time of day is understood.
pub fn snooze(incident: &Id, zone: &str) -> Modal {
    let input = TextInput {
        kind: 4,
        custom_id: INPUT,
        style: 1,
        label: label("For how long, or until when?", limits::INPUT_LABEL),
        placeholder: label(&format!("45m, 2h 30m, 14:30, tomorrow 9:00 ({zone})"), limits::INPUT_PLACEHOLDER),
        min_length: 1,
        max_length: 40,
        required: true,
    };
    Modal {
        custom_id: CustomId::SnoozeForm(incident.clone()).to_string(),
        title: label("Snooze this incident", limits::MODAL_TITLE),
        components: [Row { kind: 1, components: [input] }],
    }
}
