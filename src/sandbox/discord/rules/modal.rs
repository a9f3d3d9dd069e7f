//! The rules of a modal. <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal>
use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    CUSTOM_ID, INPUT_LABEL, INPUT_PLACEHOLDER, INPUT_VALUE, MODAL_INPUTS, MODAL_TITLE,
    components::{LABEL, ROW, TEXT_INPUT, kind},
    given, items, join, known_keys, length, number, text,
};
use crate::sandbox::discord::refusal::FormErrors;

const MAX: i64 = 4000;

/// Checks the `data` of a modal answer.
pub(crate) fn check(errors: &mut FormErrors, data: &Value) {
    known_keys(errors, data, "data", &["custom_id", "title", "components"]);
    text(errors, data, "data", "custom_id", (1, CUSTOM_ID), true);
    text(errors, data, "data", "title", (1, MODAL_TITLE), true);
    let rows = items(data, "components");
    if rows.is_empty() || rows.len() > MODAL_INPUTS {
        errors.add(
            "data.components",
            "BASE_TYPE_BAD_LENGTH",
            format!("Must be between 1 and {MODAL_INPUTS} in length."),
        );
    }
    let mut ids = BTreeSet::new();
    for (n, row) in rows.iter().enumerate() {
        let path = join("data.components", n);
        let input = match kind(row) {
            ROW => {
                if items(row, "components").len() != 1 {
                    errors.add(join(&path, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 1 in length.");
                }
                items(row, "components").first().map(|input| (input, join(&path, "components.0"), true))
            }
            LABEL => {
                text(errors, row, &path, "label", (1, INPUT_LABEL), true);
                text(errors, row, &path, "description", (0, 100), false);
                given(row, "component").map(|input| (input, join(&path, "component"), false))
            }
            _ => {
                errors.add(
                    join(&path, "type"),
                    "UNION_TYPE_CHOICES",
                    "a modal holds rows with one text input, or labels",
                );
                None
            }
        };
        if let Some((input, path, labelled)) = input {
            check_input(errors, input, &path, labelled);
            if !ids.insert(input["custom_id"].as_str()) {
                errors.add(
                    join(&path, "custom_id"),
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                );
            }
        }
    }
}

fn check_input(errors: &mut FormErrors, input: &Value, path: &str, labelled: bool) {
    text(errors, input, path, "custom_id", (1, CUSTOM_ID), true);
    if kind(input) != TEXT_INPUT {
        if labelled {
            errors.add(join(path, "type"), "UNION_TYPE_CHOICES", "a row of a modal holds one text input");
        }
        return;
    }
    let known =
        ["type", "id", "custom_id", "style", "label", "min_length", "max_length", "required", "value", "placeholder"];
    known_keys(errors, input, path, &known);
    text(errors, input, path, "label", (1, INPUT_LABEL), labelled);
    if !matches!(input["style"].as_u64(), Some(1 | 2)) {
        errors.add(join(path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.");
    }
    number(errors, input, path, "min_length", (0, MAX));
    number(errors, input, path, "max_length", (1, MAX));
    text(errors, input, path, "value", (0, INPUT_VALUE), false);
    text(errors, input, path, "placeholder", (0, INPUT_PLACEHOLDER), false);
    let (min, max) = (input["min_length"].as_u64().unwrap_or(0), input["max_length"].as_u64().unwrap_or(4000));
    if min > max {
        errors.add(
            join(path, "min_length"),
            "TEXT_INPUT_COMPONENT_INVALID_MIN_LENGTH",
            "min_length must not be above max_length",
        );
    }
    if let Some(value) = input["value"].as_str().filter(|value| !value.is_empty())
        && !(min..=max).contains(&u64::try_from(length(value)).unwrap_or(u64::MAX))
    {
        errors.add(join(path, "value"), "BASE_TYPE_BAD_LENGTH", format!("Must be between {min} and {max} in length."));
    }
}
