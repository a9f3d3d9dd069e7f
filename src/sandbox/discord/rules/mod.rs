//! Discord's documented limits, as constants beside the page that states each, and the pure checks that hold a body
//! against them. Nothing here knows the world: what depends on channels, members or time is judged in `world`.
pub(crate) mod commands;
pub(crate) mod components;
pub(crate) mod embeds;
pub(crate) mod message;
pub(crate) mod modal;

use serde_json::Value;

use super::refusal::FormErrors;

/// The first answer to an interaction must come within this many seconds (the option of the stand-in may change it).
/// <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback>
pub(crate) const FIRST_ANSWER_SECONDS: u64 = 3;
/// An interaction's token serves for this long.
/// <https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages>
pub(crate) const TOKEN_SECONDS: i64 = 15 * 60;
/// "Unique in the past few minutes"; the exact number is not published.
/// <https://docs.discord.com/developers/resources/message#create-message>
pub(crate) const NONCE_SECONDS: u64 = 5 * 60;
/// Edits of a message older than this are counted (error 30046).
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
pub(crate) const OLD_MESSAGE_SECONDS: i64 = 60 * 60;
/// How many such edits a channel takes in `OLD_EDIT_WINDOW_SECONDS`. Discord publishes no number; this is what bots report.
pub(crate) const OLD_EDITS: usize = 3;
/// See `OLD_EDITS`.
pub(crate) const OLD_EDIT_WINDOW_SECONDS: i64 = 20;

/// <https://docs.discord.com/developers/resources/message#create-message>
pub(crate) const CONTENT: usize = 2000;
/// <https://docs.discord.com/developers/resources/message#create-message>
pub(crate) const EMBEDS: usize = 10;
/// <https://docs.discord.com/developers/resources/message#create-message> (`nonce`: "up to 25 characters")
pub(crate) const NONCE: usize = 25;
/// <https://docs.discord.com/developers/reference#uploading-files>: at most ten files, each within the size limit.
pub(crate) const FILES: usize = 10;
/// Bytes of one file in a guild without boosts; also what `attachment_size_limit` says in interactions.
/// <https://docs.discord.com/developers/reference#uploading-files>
pub(crate) const FILE_BYTES: usize = 10 * 1024 * 1024;
/// <https://docs.discord.com/developers/resources/message#attachment-object>
pub(crate) const FILE_DESCRIPTION: usize = 1024;
/// <https://docs.discord.com/developers/resources/message#allowed-mentions-object>
pub(crate) const ALLOWED_IDS: usize = 100;

/// <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>
pub(crate) const EMBED_TITLE: usize = 256;
/// See `EMBED_TITLE`.
pub(crate) const EMBED_DESCRIPTION: usize = 4096;
/// See `EMBED_TITLE`.
pub(crate) const EMBED_FIELDS: usize = 25;
/// See `EMBED_TITLE`.
pub(crate) const FIELD_NAME: usize = 256;
/// See `EMBED_TITLE`.
pub(crate) const FIELD_VALUE: usize = 1024;
/// See `EMBED_TITLE`.
pub(crate) const FOOTER: usize = 2048;
/// See `EMBED_TITLE`.
pub(crate) const AUTHOR: usize = 256;
/// All embeds of one message together.
pub(crate) const EMBED_TOTAL: usize = 6000;

/// <https://docs.discord.com/developers/components/reference#anatomy-of-a-component>
pub(crate) const CUSTOM_ID: usize = 100;
/// <https://docs.discord.com/developers/components/reference#action-row>
pub(crate) const ROWS: usize = 5;
/// <https://docs.discord.com/developers/components/reference#action-row>
pub(crate) const BUTTONS: usize = 5;
/// <https://docs.discord.com/developers/components/reference#button-button-structure>
pub(crate) const BUTTON_LABEL: usize = 80;
/// <https://docs.discord.com/developers/components/reference#button-button-structure>
pub(crate) const BUTTON_URL: usize = 512;
/// <https://docs.discord.com/developers/components/reference#string-select>
pub(crate) const SELECT_OPTIONS: usize = 25;
/// Label, value and description of a select's option.
pub(crate) const SELECT_TEXT: usize = 100;
/// <https://docs.discord.com/developers/components/reference#string-select>
pub(crate) const PLACEHOLDER: usize = 150;
/// Components of a message with the Components V2 flag, nested ones counted.
/// <https://docs.discord.com/developers/components/reference#component-reference>
pub(crate) const V2_COMPONENTS: usize = 40;
/// <https://docs.discord.com/developers/components/reference#media-gallery>
pub(crate) const GALLERY: usize = 10;
/// All text displays of a Components V2 message together.
/// <https://docs.discord.com/developers/components/using-message-components>
pub(crate) const V2_TEXT: usize = 4000;

/// <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal>
pub(crate) const MODAL_TITLE: usize = 45;
/// See `MODAL_TITLE`.
pub(crate) const MODAL_INPUTS: usize = 5;
/// <https://docs.discord.com/developers/components/reference#text-input>
pub(crate) const INPUT_LABEL: usize = 45;
/// See `INPUT_LABEL`.
pub(crate) const INPUT_VALUE: usize = 4000;
/// See `INPUT_LABEL`.
pub(crate) const INPUT_PLACEHOLDER: usize = 100;

/// <https://docs.discord.com/developers/interactions/application-commands#application-command-object>
pub(crate) const COMMAND_NAME: usize = 32;
/// See `COMMAND_NAME`.
pub(crate) const COMMAND_DESCRIPTION: usize = 100;
/// See `COMMAND_NAME`.
pub(crate) const OPTIONS: usize = 25;
/// See `COMMAND_NAME`; also what an autocomplete answer may hold.
pub(crate) const CHOICES: usize = 25;
/// Name of a choice, and its value where it is a string.
pub(crate) const CHOICE_TEXT: usize = 100;
/// Names, descriptions and choice values of one command together.
pub(crate) const COMMAND_TOTAL: usize = 8000;
/// Chat input commands of one guild.
pub(crate) const COMMANDS: usize = 100;
/// Length of a string option's value.
pub(crate) const OPTION_VALUE: usize = 6000;

/// <https://docs.discord.com/developers/resources/channel#start-thread-from-message>
pub(crate) const CHANNEL_NAME: usize = 100;
/// Minutes. <https://docs.discord.com/developers/resources/channel#start-thread-from-message>
pub(crate) const AUTO_ARCHIVE: [u64; 4] = [60, 1440, 4320, 10080];

/// Length as Discord counts it: Unicode characters, not bytes.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

/// Present and not null.
pub(crate) fn given<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// The items of an array; nothing if it is absent.
pub(crate) fn items<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `a.b`, or `b` where `a` is empty.
pub(crate) fn join(path: &str, key: impl std::fmt::Display) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

/// A text of `min..=max` characters, after trimming as Discord trims. Absent is fine unless `min` is above 0 and `required`.
pub(crate) fn text(
    errors: &mut FormErrors,
    object: &Value,
    path: &str,
    key: &str,
    bounds: (usize, usize),
    required: bool,
) {
    let at = join(path, key);
    match given(object, key) {
        None if required => errors.add(at, "BASE_TYPE_REQUIRED", "This field is required"),
        None => {}
        Some(Value::String(text)) => {
            let found = length(text.trim());
            let (min, max) = bounds;
            if found == 0 && min > 0 {
                errors.add(at, "BASE_TYPE_REQUIRED", "This field is required");
            } else if found < min || (length(text) > max && min > 0) {
                errors.add(at, "BASE_TYPE_BAD_LENGTH", format!("Must be between {min} and {max} in length."));
            } else if length(text) > max {
                errors.add(at, "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
            }
        }
        Some(other) => errors.add(at, "STRING_TYPE_CONVERT", format!("Could not interpret \"{other}\" as string.")),
    }
}

/// An array, if given, of at most `max` items.
pub(crate) fn at_most(errors: &mut FormErrors, object: &Value, path: &str, key: &str, max: usize) {
    match given(object, key) {
        None => {}
        Some(Value::Array(list)) if list.len() > max => {
            errors.add(join(path, key), "BASE_TYPE_MAX_LENGTH", format!("Must be {max} or fewer in length."));
        }
        Some(Value::Array(_)) => {}
        Some(_) => errors.add(join(path, key), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType."),
    }
}

/// An array, if given, of `min` or more items that all fit.
pub(crate) fn list(
    errors: &mut FormErrors,
    object: &Value,
    path: &str,
    key: &str,
    min: usize,
    fits: impl Fn(&Value) -> bool,
) {
    let at = join(path, key);
    match given(object, key).map(Value::as_array) {
        None => {}
        Some(None) => errors.add(at, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType."),
        Some(Some(list)) if list.len() < min => {
            errors.add(at, "BASE_TYPE_MIN_LENGTH", format!("Must be {min} or more in length."))
        }
        Some(Some(list)) => {
            for (n, item) in list.iter().enumerate().filter(|(_, item)| !fits(item)) {
                errors.add(join(&at, n), "BASE_TYPE_CHOICES", format!("{item} is not a value that may stand here."));
            }
        }
    }
}

/// A boolean, if given.
pub(crate) fn boolean(errors: &mut FormErrors, object: &Value, path: &str, key: &str) {
    if let Some(value) = given(object, key)
        && !value.is_boolean()
    {
        errors.add(join(path, key), "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
    }
}

/// A whole number, if given, within bounds.
pub(crate) fn number(errors: &mut FormErrors, object: &Value, path: &str, key: &str, bounds: (i64, i64)) {
    let (min, max) = bounds;
    match given(object, key).map(|value| (value, value.as_i64())) {
        None => {}
        Some((_, Some(n))) if (min..=max).contains(&n) => {}
        Some((_, Some(n))) if n < min => {
            errors.add(
                join(path, key),
                "NUMBER_TYPE_MIN",
                format!("int value should be greater than or equal to {min}."),
            );
        }
        Some((_, Some(_))) => {
            errors.add(join(path, key), "NUMBER_TYPE_MAX", format!("int value should be less than or equal to {max}."));
        }
        Some((value, None)) => {
            errors.add(join(path, key), "NUMBER_TYPE_COERCE", format!("Value \"{value}\" is not int."));
        }
    }
}

/// The code under which a misspelt key is refused. Discord itself ignores such keys, so what they should have said is lost
/// in silence; the stand-in is stricter on purpose.
pub(crate) const UNKNOWN_KEY: &str = "STAND_IN_UNKNOWN_KEY";

/// Every key of the object must be one that Discord documents.
pub(crate) fn known_keys(errors: &mut FormErrors, object: &Value, path: &str, known: &[&str]) {
    let Some(map) = object.as_object() else {
        errors.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
        return;
    };
    for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
        errors.add(
            join(path, key),
            UNKNOWN_KEY,
            format!("Discord documents no key \"{key}\" here and would ignore it."),
        );
    }
}

/// An address with one of the schemes.
pub(crate) fn url(errors: &mut FormErrors, object: &Value, path: &str, key: &str, schemes: &[&str]) {
    let Some(value) = given(object, key) else {
        return;
    };
    let scheme = value.as_str().and_then(|text| text.split_once("://"));
    match scheme {
        Some((scheme, rest))
            if schemes.contains(&scheme) && !rest.is_empty() && !rest.contains(char::is_whitespace) => {}
        Some((scheme, _)) if !schemes.contains(&scheme) => errors.add(
            join(path, key),
            "URL_TYPE_INVALID_SCHEME",
            format!("Scheme \"{scheme}\" is not supported. Scheme must be one of {schemes:?}."),
        ),
        _ => errors.add(join(path, key), "URL_TYPE_INVALID_URL", "Not a well formed URL."),
    }
}
