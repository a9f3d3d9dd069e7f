//! The rules of what stands inside a component: options, emoji, pictures.
use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::discord::{
    refusal::FormErrors,
    rules::{
        FILE_DESCRIPTION, GALLERY, SELECT_OPTIONS, SELECT_TEXT, boolean, given, items, join, known_keys, text, url,
    },
};

pub(super) fn select_options(errors: &mut FormErrors, select: &Value, path: &str, max_values: u64) {
    let options = items(select, "options");
    if options.is_empty() || options.len() > SELECT_OPTIONS {
        bad_length(errors, &join(path, "options"), (1, SELECT_OPTIONS));
    }
    let count = u64::try_from(options.len()).unwrap_or(u64::MAX);
    for key in ["min_values", "max_values"] {
        if select[key].as_u64().unwrap_or(1) > count.max(1) {
            errors.add(
                join(path, key),
                "NUMBER_TYPE_MAX",
                format!("{key} should be less than or equal to the number of options, {count}."),
            );
        }
    }
    let mut values = BTreeSet::new();
    for (n, option) in options.iter().enumerate() {
        let path = join(path, format!("options.{n}"));
        known_keys(errors, option, &path, &["label", "value", "description", "emoji", "default"]);
        text(errors, option, &path, "label", (1, SELECT_TEXT), true);
        text(errors, option, &path, "value", (1, SELECT_TEXT), true);
        text(errors, option, &path, "description", (0, SELECT_TEXT), false);
        boolean(errors, option, &path, "default");
        emoji(errors, option, &path);
        if !values.insert(option["value"].as_str()) {
            errors.add(
                join(&path, "value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            );
        }
    }
    let defaults = options.iter().filter(|option| option["default"] == true).count();
    if u64::try_from(defaults).unwrap_or(u64::MAX) > max_values {
        errors.add(
            join(path, "options"),
            "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES",
            "More options are selected than max_values",
        );
    }
}

/// <https://docs.discord.com/developers/components/reference#button-button-structure>
pub(super) fn emoji(errors: &mut FormErrors, object: &Value, path: &str) {
    let Some(emoji) = given(object, "emoji") else {
        return;
    };
    let path = join(path, "emoji");
    known_keys(errors, emoji, &path, &["id", "name", "animated"]);
    let unicode = emoji["name"].as_str().is_some_and(|name| !name.is_ascii());
    if given(emoji, "id").is_none() && !unicode {
        errors.add(join(&path, "name"), "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji");
    }
}

pub(super) fn gallery(errors: &mut FormErrors, gallery: &Value, path: &str) {
    known_keys(errors, gallery, path, &["type", "id", "items"]);
    let shown = items(gallery, "items");
    if shown.is_empty() || shown.len() > GALLERY {
        bad_length(errors, &join(path, "items"), (1, GALLERY));
    }
    for (n, item) in shown.iter().enumerate() {
        let path = join(path, format!("items.{n}"));
        known_keys(errors, item, &path, &["media", "description", "spoiler"]);
        text(errors, item, &path, "description", (0, FILE_DESCRIPTION), false);
        boolean(errors, item, &path, "spoiler");
        media(errors, &item["media"], &join(&path, "media"));
    }
}

pub(super) fn media(errors: &mut FormErrors, media: &Value, path: &str) {
    match given(media, "url") {
        Some(_) => url(errors, media, path, "url", &["http", "https", "attachment"]),
        None => errors.add(join(path, "url"), "BASE_TYPE_REQUIRED", "This field is required"),
    }
}

pub(super) fn forbid(errors: &mut FormErrors, object: &Value, path: &str, key: &str, message: &str) {
    if given(object, key).is_some() {
        errors.add(join(path, key), "BUTTON_COMPONENT_INVALID_FIELD", message);
    }
}

pub(super) fn bad_type(errors: &mut FormErrors, path: &str, message: &str) {
    errors.add(join(path, "type"), "UNION_TYPE_CHOICES", message);
}

pub(super) fn bad_length(errors: &mut FormErrors, path: &str, (min, max): (usize, usize)) {
    errors.add(path, "BASE_TYPE_BAD_LENGTH", format!("Must be between {min} and {max} in length."));
}
