//! A form that a person fills in: a question or two.

use serde::Serialize;

use super::super::custom_id::CustomId;
use super::escape::label;
use super::limits;
use crate::domain::glass::REASON;
use crate::domain::ids::Id;
use crate::domain::plan::{Impact, Plan};

/// The custom id of a form's first input.
pub const INPUT: &str = "text";
/// The custom id of the input for the bot's name, where the first one is for something else.
pub const NAME: &str = "name";

/// A form
/// (<https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal>).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Modal {
    custom_id: String,
    title: String,
    components: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Row {
    #[serde(rename = "type")]
    kind: u8,
    components: [TextInput; 1],
}

const LINE: u8 = 1;
const PARAGRAPH: u8 = 2;

/// A text input (type 4).
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
    Modal::new(&CustomId::ConfirmForm(request.clone()), title, vec![name(INPUT, wanted)])
}

/// Asks why it cannot wait for the second person; and for the bot's name, where the plan wants it typed.
pub fn break_glass(request: &Id, wanted: Option<&str>) -> Modal {
    let why = TextInput {
        kind: 4,
        custom_id: INPUT,
        style: PARAGRAPH,
        label: label("Why can it not wait for a second person?", limits::INPUT_LABEL),
        placeholder: label("It is told where alerts come, and kept in the record", limits::INPUT_PLACEHOLDER),
        min_length: 1,
        max_length: REASON,
        required: true,
    };
    let inputs = std::iter::once(why).chain(wanted.map(|wanted| name(NAME, wanted))).collect();
    Modal::new(&CustomId::GlassForm(request.clone()), "Break the glass", inputs)
}

/// The input in which the bot's name is typed.
fn name(custom_id: &'static str, wanted: &str) -> TextInput {
    TextInput {
        kind: 4,
        custom_id,
        style: LINE,
        label: label("Type the bot's name to agree", limits::INPUT_LABEL),
        placeholder: label(wanted, limits::INPUT_PLACEHOLDER),
        min_length: 1,
        max_length: 100,
        required: true,
    }
}

impl Modal {
    fn new(id: &CustomId, title: &str, inputs: Vec<TextInput>) -> Self {
        let components = inputs.into_iter().map(|input| Row { kind: 1, components: [input] }).collect();
        Self { custom_id: id.to_string(), title: label(title, limits::MODAL_TITLE), components }
    }
}

/// Asks until when an incident is to be left in peace. `zone` names the time zone in which a time of day is understood.
pub fn snooze(incident: &Id, zone: &str) -> Modal {
    let input = TextInput {
        kind: 4,
        custom_id: INPUT,
        style: LINE,
        label: label("For how long, or until when?", limits::INPUT_LABEL),
        placeholder: label(&format!("45m, 2h 30m, 14:30, tomorrow 9:00 ({zone})"), limits::INPUT_PLACEHOLDER),
        min_length: 1,
        max_length: 40,
        required: true,
    };
    Modal::new(&CustomId::SnoozeForm(incident.clone()), "Snooze this incident", vec![input])
}
