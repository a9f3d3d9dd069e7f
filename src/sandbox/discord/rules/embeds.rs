//! The rules of embeds. <https://docs.discord.com/developers/resources/message#embed-object-embed-limits>
use serde_json::Value;

use super::{
    AUTHOR, EMBED_DESCRIPTION, EMBED_FIELDS, EMBED_TITLE, EMBED_TOTAL, EMBEDS, FIELD_NAME, FIELD_VALUE, FOOTER,
    at_most, boolean, items, join, known_keys, length, number, text, url,
};
use crate::sandbox::discord::refusal::FormErrors;

const EMBED_KEYS: [&str; 13] = [
    "title",
    "type",
    "description",
    "url",
    "timestamp",
    "color",
    "footer",
    "image",
    "thumbnail",
    "video",
    "provider",
    "author",
    "fields",
];
const PICTURE_KEYS: [&str; 4] = ["url", "proxy_url", "height", "width"];

/// Checks all embeds of a message. `files` are the names that `attachment://` may point at.
pub(crate) fn check(errors: &mut FormErrors, body: &Value, files: &[String]) {
    at_most(errors, body, "", "embeds", EMBEDS);
    let embeds = items(body, "embeds");
    for (n, embed) in embeds.iter().enumerate() {
        check_one(errors, embed, &join("embeds", n), files);
    }
    let total: usize = embeds.iter().map(size).sum();
    if total > EMBED_TOTAL {
        errors.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", format!("Embed size exceeds maximum size of {EMBED_TOTAL}"));
    }
}

fn check_one(errors: &mut FormErrors, embed: &Value, path: &str, files: &[String]) {
    known_keys(errors, embed, path, &EMBED_KEYS);
    text(errors, embed, path, "title", (0, EMBED_TITLE), false);
    text(errors, embed, path, "description", (0, EMBED_DESCRIPTION), false);
    url(errors, embed, path, "url", &["http", "https"]);
    number(errors, embed, path, "color", (0, 0xFF_FF_FF));
    if let Some(time) = super::given(embed, "timestamp")
        && time.as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok()).is_none()
    {
        errors.add(
            join(path, "timestamp"),
            "DATE_TIME_TYPE_PARSE",
            format!("Could not parse {time}. Should be ISO8601."),
        );
    }
    at_most(errors, embed, path, "fields", EMBED_FIELDS);
    for (n, field) in items(embed, "fields").iter().enumerate() {
        let path = join(path, format!("fields.{n}"));
        known_keys(errors, field, &path, &["name", "value", "inline"]);
        text(errors, field, &path, "name", (1, FIELD_NAME), true);
        text(errors, field, &path, "value", (1, FIELD_VALUE), true);
        boolean(errors, field, &path, "inline");
    }
    if let Some(footer) = super::given(embed, "footer") {
        let path = join(path, "footer");
        known_keys(errors, footer, &path, &["text", "icon_url", "proxy_icon_url"]);
        text(errors, footer, &path, "text", (0, FOOTER), true);
        picture(errors, footer, &path, "icon_url", files);
    }
    if let Some(author) = super::given(embed, "author") {
        let path = join(path, "author");
        known_keys(errors, author, &path, &["name", "url", "icon_url", "proxy_icon_url"]);
        text(errors, author, &path, "name", (0, AUTHOR), true);
        url(errors, author, &path, "url", &["http", "https"]);
        picture(errors, author, &path, "icon_url", files);
    }
    for key in ["image", "thumbnail"] {
        if let Some(image) = super::given(embed, key) {
            let path = join(path, key);
            known_keys(errors, image, &path, &PICTURE_KEYS);
            picture(errors, image, &path, "url", files);
        }
    }
}

fn picture(errors: &mut FormErrors, object: &Value, path: &str, key: &str, files: &[String]) {
    url(errors, object, path, key, &["http", "https", "attachment"]);
    let Some(name) =
        super::given(object, key).and_then(Value::as_str).and_then(|url| url.strip_prefix("attachment://"))
    else {
        return;
    };
    if !files.iter().any(|file| file == name) {
        errors.add(
            join(path, key),
            "STAND_IN_NO_SUCH_FILE",
            format!("No attached file is named \"{name}\"; Discord shows nothing."),
        );
    }
}

/// The characters of an embed that count towards the total.
pub(crate) fn size(embed: &Value) -> usize {
    let of = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map_or(0, length);
    let fields: usize = items(embed, "fields").iter().map(|field| of(field, "name") + of(field, "value")).sum();
    of(embed, "title") + of(embed, "description") + of(&embed["footer"], "text") + of(&embed["author"], "name") + fields
}

/// Whether there is anything to see in the embed; Discord drops one that is empty.
pub(crate) fn is_empty(embed: &Value) -> bool {
    let shows =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    !(shows(embed, "title")
        || shows(embed, "description")
        || shows(&embed["footer"], "text")
        || shows(&embed["author"], "name")
        || shows(&embed["image"], "url")
        || shows(&embed["thumbnail"], "url")
        || !items(embed, "fields").is_empty())
}
