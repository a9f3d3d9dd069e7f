//! The rules of application commands and of autocomplete answers.
//! <https://docs.discord.com/developers/interactions/application-commands>
use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    CHOICE_TEXT, CHOICES, COMMAND_DESCRIPTION, COMMAND_NAME, COMMAND_TOTAL, OPTION_VALUE, OPTIONS, at_most, boolean,
    given, items, join, known_keys, length, list, number, text,
};
use crate::sandbox::discord::refusal::FormErrors;

/// Option types. <https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-type>
pub(crate) const SUB_COMMAND: u64 = 1;
pub(crate) const SUB_COMMAND_GROUP: u64 = 2;
pub(crate) const STRING: u64 = 3;
pub(crate) const INTEGER: u64 = 4;
pub(crate) const BOOLEAN: u64 = 5;
pub(crate) const USER: u64 = 6;
pub(crate) const CHANNEL: u64 = 7;
pub(crate) const ROLE: u64 = 8;
pub(crate) const MENTIONABLE: u64 = 9;
pub(crate) const NUMBER: u64 = 10;

const COMMAND_KEYS: [&str; 16] = [
    "id",
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "default_permission",
    "nsfw",
    "integration_types",
    "contexts",
    "handler",
    "version",
    "application_id",
];
const OPTION_KEYS: [&str; 15] = [
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "choices",
    "options",
    "channel_types",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "autocomplete",
    "file_types",
];

/// Whether a name is one that a chat input command or an option may have.
pub(crate) fn good_name(name: &str) -> bool {
    (1..=COMMAND_NAME).contains(&length(name))
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '\''))
        && name.to_lowercase() == name
}

/// Checks one command. `path` is where it stands in the form (a number in a bulk overwrite).
pub(crate) fn check(errors: &mut FormErrors, command: &Value, path: &str) {
    known_keys(errors, command, path, &COMMAND_KEYS);
    let chat_input = given(command, "type").is_none_or(|kind| kind == 1);
    if chat_input {
        check_name(errors, command, path);
        text(errors, command, path, "description", (1, COMMAND_DESCRIPTION), true);
        localizations(errors, command, path);
        check_options(errors, items(command, "options"), &join(path, "options"), Some(0));
        if size(command) > COMMAND_TOTAL {
            errors.add(
                path,
                "APPLICATION_COMMAND_TOO_LARGE",
                format!("Command exceeds maximum size of {COMMAND_TOTAL}"),
            );
        }
    } else {
        text(errors, command, path, "name", (1, COMMAND_NAME), true);
        if given(command, "options").is_some_and(|options| options.as_array().is_none_or(|list| !list.is_empty())) {
            errors.add(
                join(path, "options"),
                "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS",
                "Context menu commands cannot have options",
            );
        }
    }
    at_most(errors, command, path, "options", OPTIONS);
    boolean(errors, command, path, "nsfw");
    list(errors, command, path, "options", 0, Value::is_object);
    list(errors, command, path, "contexts", 1, |context| matches!(context.as_u64(), Some(0..=2)));
    list(errors, command, path, "integration_types", 1, |kind| matches!(kind.as_u64(), Some(0 | 1)));
    if let Some(bits) = given(command, "default_member_permissions")
        && bits.as_str().and_then(|bits| bits.parse::<u64>().ok()).is_none()
    {
        errors.add(
            join(path, "default_member_permissions"),
            "PERMISSIONS_TYPE_CONVERT",
            "A permission set is a decimal string.",
        );
    }
}

fn check_name(errors: &mut FormErrors, object: &Value, path: &str) {
    match given(object, "name").map(Value::as_str) {
        Some(Some(name)) if good_name(name) => {}
        Some(Some(_)) => errors.add(
            join(path, "name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            format!("Command name is invalid: 1 to {COMMAND_NAME} lower-case letters, digits, '-' or '_'"),
        ),
        _ => errors.add(join(path, "name"), "BASE_TYPE_REQUIRED", "This field is required"),
    }
}

fn localizations(errors: &mut FormErrors, object: &Value, path: &str) {
    for (key, max) in [("name_localizations", COMMAND_NAME), ("description_localizations", COMMAND_DESCRIPTION)] {
        let Some(texts) = given(object, key) else {
            continue;
        };
        if !texts.is_object() {
            errors.add(join(path, key), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
        }
        for locale in texts.as_object().into_iter().flat_map(serde_json::Map::keys) {
            text(errors, texts, &join(path, key), locale, (1, max), true);
        }
    }
}

/// `depth`: 0 for a command's own options, 1 in a group, 2 in a subcommand, where no further subcommands may stand.
fn check_options(errors: &mut FormErrors, options: &[Value], path: &str, depth: Option<u8>) {
    let mut names = BTreeSet::new();
    let mut optional_seen = false;
    let is_sub = |option: &Value| matches!(option["type"].as_u64(), Some(SUB_COMMAND | SUB_COMMAND_GROUP));
    let mixed = options.iter().any(is_sub) && !options.iter().all(is_sub);
    if mixed {
        errors.add(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        );
    }
    for (n, option) in options.iter().enumerate() {
        let path = join(path, n);
        check_option(errors, option, &path, depth);
        if !names.insert(option["name"].as_str()) {
            errors.add(
                join(&path, "name"),
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                "Option name already exists in these options",
            );
        }
        let required = option["required"] == true;
        if required && optional_seen {
            errors.add(
                &path,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            );
        }
        optional_seen |= !required;
    }
}

fn check_option(errors: &mut FormErrors, option: &Value, path: &str, depth: Option<u8>) {
    known_keys(errors, option, path, &OPTION_KEYS);
    check_name(errors, option, path);
    text(errors, option, path, "description", (1, COMMAND_DESCRIPTION), true);
    localizations(errors, option, path);
    let kind = option["type"].as_u64().unwrap_or(0);
    at_most(errors, option, path, "options", OPTIONS);
    match (kind, depth) {
        (SUB_COMMAND, Some(0 | 1)) => check_options(errors, items(option, "options"), &join(path, "options"), None),
        (SUB_COMMAND_GROUP, Some(0)) => {
            if !items(option, "options").iter().all(|sub| sub["type"] == SUB_COMMAND) {
                errors.add(
                    join(path, "options"),
                    "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                    "A group holds subcommands only",
                );
            }
            check_options(errors, items(option, "options"), &join(path, "options"), Some(1));
        }
        (SUB_COMMAND | SUB_COMMAND_GROUP, _) => {
            errors.add(
                join(path, "type"),
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "Sub-commands cannot be nested this deep",
            );
        }
        (3..=11, _) => check_value_option(errors, option, path, kind),
        _ => errors.add(
            join(path, "type"),
            "BASE_TYPE_CHOICES",
            "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.",
        ),
    }
}

fn check_value_option(errors: &mut FormErrors, option: &Value, path: &str, kind: u64) {
    let max = i64::try_from(OPTION_VALUE).unwrap_or(i64::MAX);
    boolean(errors, option, path, "required");
    boolean(errors, option, path, "autocomplete");
    number(errors, option, path, "min_length", (0, max));
    number(errors, option, path, "max_length", (1, max));
    let texts = kind == STRING;
    let numbers = matches!(kind, INTEGER | NUMBER);
    for (keys, fits) in [(["min_length", "max_length"], texts), (["min_value", "max_value"], numbers)] {
        for key in keys.into_iter().filter(|key| !fits && given(option, key).is_some()) {
            errors.add(
                join(path, key),
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                format!("\"{key}\" does not fit an option of type {kind}"),
            );
        }
    }
    let amount = |value: &Value| {
        if kind == INTEGER { value.is_i64() } else { value.is_number() }
    };
    for key in ["min_value", "max_value"] {
        if given(option, key).is_some_and(|value| !amount(value)) {
            errors.add(join(path, key), "NUMBER_TYPE_COERCE", "This is not a number that fits the option.");
        }
    }
    list(errors, option, path, "choices", 0, Value::is_object);
    list(errors, option, path, "channel_types", 0, |kind| matches!(kind.as_u64(), Some(0..=5 | 10..=16)));
    let choices = items(option, "choices");
    let autocomplete = option["autocomplete"] == true;
    if autocomplete && !choices.is_empty() {
        errors.add(
            join(path, "autocomplete"),
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES",
            "autocomplete and choices are mutually exclusive",
        );
    }
    if (autocomplete || !choices.is_empty()) && !(texts || numbers) {
        errors.add(
            join(path, "choices"),
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Only strings, integers and numbers take choices or autocomplete",
        );
    }
    check_choices(errors, choices, &join(path, "choices"), kind);
}

/// Checks choices, of an option or of an autocomplete answer.
pub(crate) fn check_choices(errors: &mut FormErrors, choices: &[Value], path: &str, kind: u64) {
    if choices.len() > CHOICES {
        errors.add(path, "BASE_TYPE_MAX_LENGTH", format!("Must be {CHOICES} or fewer in length."));
    }
    let mut names = BTreeSet::new();
    for (n, choice) in choices.iter().enumerate() {
        let path = join(path, n);
        known_keys(errors, choice, &path, &["name", "name_localizations", "value"]);
        text(errors, choice, &path, "name", (1, CHOICE_TEXT), true);
        let value = &choice["value"];
        match kind {
            STRING => text(errors, choice, &path, "value", (1, CHOICE_TEXT), true),
            INTEGER if !value.is_i64() => {
                errors.add(join(&path, "value"), "NUMBER_TYPE_COERCE", format!("Value {value} is not int."))
            }
            NUMBER if !value.is_number() => {
                errors.add(join(&path, "value"), "FLOAT_TYPE_COERCE", format!("Value {value} is not float."))
            }
            _ => {}
        }
        if !names.insert(choice["name"].as_str()) {
            errors.add(
                join(&path, "name"),
                "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
                "Choice name already exists",
            );
        }
    }
}

/// The characters of a command that count towards its total.
fn size(node: &Value) -> usize {
    let of = |value: &Value| value.as_str().map_or(0, length);
    let choices: usize = items(node, "choices").iter().map(|choice| of(&choice["name"]) + of(&choice["value"])).sum();
    of(&node["name"]) + of(&node["description"]) + choices + items(node, "options").iter().map(size).sum::<usize>()
}
