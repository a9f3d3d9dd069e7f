//! The rules of a message's body, whichever route it comes by.
//! <https://docs.discord.com/developers/resources/message#create-message>
use serde_json::Value;

use super::{
    ALLOWED_IDS, CONTENT, FILE_BYTES, FILE_DESCRIPTION, FILES, NONCE, at_most, boolean, components, embeds, given,
    items, join, known_keys, length, list, text,
};
use crate::sandbox::discord::{refusal::FormErrors, snowflake};

/// Message flags. <https://docs.discord.com/developers/resources/message#message-object-message-flags>
pub(crate) const SUPPRESS_EMBEDS: u64 = 1 << 2;
pub(crate) const HAS_THREAD: u64 = 1 << 5;
pub(crate) const EPHEMERAL: u64 = 1 << 6;
pub(crate) const LOADING: u64 = 1 << 7;
pub(crate) const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
pub(crate) const COMPONENTS_V2: u64 = 1 << 15;

/// By which door a body comes; it decides which keys and flags are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `POST /channels/{id}/messages`
    Create,
    /// `PATCH /channels/{id}/messages/{id}`
    Edit,
    /// `data` of an interaction callback of type 4 or 5
    Callback,
    /// `data` of an interaction callback of type 7
    Update,
    /// `POST /webhooks/{id}/{token}`
    FollowUp,
    /// `PATCH /webhooks/{id}/{token}/messages/...`
    FollowUpEdit,
}

impl Door {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Door::Create => &[
                "content",
                "nonce",
                "tts",
                "embeds",
                "allowed_mentions",
                "message_reference",
                "components",
                "sticker_ids",
                "attachments",
                "flags",
                "enforce_nonce",
                "poll",
            ],
            Door::Edit => &["content", "embeds", "flags", "allowed_mentions", "components", "attachments"],
            Door::Callback | Door::Update => {
                &["tts", "content", "embeds", "allowed_mentions", "flags", "components", "attachments", "poll"]
            }
            Door::FollowUp => &[
                "content",
                "username",
                "avatar_url",
                "tts",
                "embeds",
                "allowed_mentions",
                "components",
                "attachments",
                "flags",
                "thread_name",
                "applied_tags",
                "poll",
            ],
            Door::FollowUpEdit => {
                &["content", "embeds", "flags", "allowed_mentions", "components", "attachments", "poll"]
            }
        }
    }

    fn flags(self) -> u64 {
        match self {
            Door::Create => SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2,
            Door::Edit => SUPPRESS_EMBEDS | COMPONENTS_V2,
            Door::Callback | Door::FollowUp => SUPPRESS_EMBEDS | EPHEMERAL | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2,
            // The flag EPHEMERAL changes nothing here, but clients send it along and Discord lets it pass.
            Door::Update | Door::FollowUpEdit => SUPPRESS_EMBEDS | EPHEMERAL | COMPONENTS_V2,
        }
    }
}

/// What clients send along switched off wherever a body goes, discord.py and discord.js among them. Switched on where it has
/// no effect it is refused, as any other key.
const IDLE: [&str; 2] = ["tts", "enforce_nonce"];

/// What may be said of a file.
const FILE_KEYS: [&str; 7] = ["id", "filename", "title", "description", "duration_secs", "waveform", "is_remix"];

/// A file that came with the body.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// The number in `files[n]`.
    pub(crate) slot: u64,
    pub(crate) name: String,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// What the check needs to know of the message as it stood before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    pub(crate) flags: u64,
    /// Names and ids of files that are attached already.
    pub(crate) files: Vec<(snowflake::Snowflake, String)>,
}

/// Checks everything about a body that can be judged from the body alone. `path` is where the body stands in the form.
pub(crate) fn check(errors: &mut FormErrors, body: &Value, uploads: &[Upload], door: Door, before: &Before) {
    let idle = IDLE.iter().filter(|key| body.get(**key) == Some(&Value::Bool(false)));
    let known: Vec<&str> = door.keys().iter().chain(idle).copied().collect();
    known_keys(errors, body, "", &known);
    text(errors, body, "", "content", (0, CONTENT), false);
    boolean(errors, body, "", "tts");
    boolean(errors, body, "", "enforce_nonce");
    let flags = check_flags(errors, body, door);
    let v2 = (flags | before.flags) & COMPONENTS_V2 != 0;
    check_nonce(errors, body);
    check_unsupported(errors, body);
    check_allowed_mentions(errors, body);
    let names = check_files(errors, body, uploads, before);
    embeds::check(errors, body, &names);
    components::check(errors, body, v2);
    if v2 {
        for key in ["content", "embeds", "poll", "sticker_ids"] {
            let filled = given(body, key).is_some_and(|value| {
                !matches!(value, Value::String(s) if s.is_empty()) && value.as_array().is_none_or(|a| !a.is_empty())
            });
            if filled {
                errors.add(
                    key,
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    format!("The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"),
                );
            }
        }
    }
}

fn check_flags(errors: &mut FormErrors, body: &Value, door: Door) -> u64 {
    let Some(value) = given(body, "flags") else {
        return 0;
    };
    match value.as_u64() {
        Some(flags) if flags & !door.flags() == 0 => flags,
        Some(flags) => {
            errors.add("flags", "STAND_IN_FLAGS", format!("Flags {} cannot be set here.", flags & !door.flags()));
            flags
        }
        None => {
            errors.add("flags", "NUMBER_TYPE_COERCE", format!("Value \"{value}\" is not int."));
            0
        }
    }
}

/// What Discord knows and the stand-in does not: refused, so that it cannot pass unchecked.
fn check_unsupported(errors: &mut FormErrors, body: &Value) {
    let code = "STAND_IN_UNSUPPORTED";
    if given(body, "poll").is_some() {
        errors.add("poll", code, "The stand-in has no polls.");
    }
    if !items(body, "sticker_ids").is_empty() {
        errors.add("sticker_ids", code, "The stand-in has no stickers.");
    }
    if let Some(reference) = given(body, "message_reference") {
        let known = ["type", "message_id", "channel_id", "guild_id", "fail_if_not_exists"];
        known_keys(errors, reference, "message_reference", &known);
        if given(reference, "type").is_some_and(|kind| *kind != 0) {
            errors.add("message_reference.type", code, "The stand-in forwards nothing.");
        }
    }
}

fn check_nonce(errors: &mut FormErrors, body: &Value) {
    match given(body, "nonce") {
        None => {}
        Some(Value::String(nonce)) if length(nonce) <= NONCE => {}
        Some(Value::Number(nonce)) if nonce.is_i64() || nonce.is_u64() => {}
        Some(_) => errors.add("nonce", "BASE_TYPE_MAX_LENGTH", format!("Must be {NONCE} or fewer in length.")),
    }
}

/// <https://docs.discord.com/developers/resources/message#allowed-mentions-object>
fn check_allowed_mentions(errors: &mut FormErrors, body: &Value) {
    let Some(allowed) = given(body, "allowed_mentions") else {
        return;
    };
    let path = "allowed_mentions";
    known_keys(errors, allowed, path, &["parse", "roles", "users", "replied_user"]);
    boolean(errors, allowed, path, "replied_user");
    let parse = items(allowed, "parse");
    let known = |word: &Value| matches!(word.as_str(), Some("roles" | "users" | "everyone"));
    list(errors, allowed, path, "parse", 0, known);
    for key in ["users", "roles"] {
        at_most(errors, allowed, path, key, ALLOWED_IDS);
        let ids = items(allowed, key);
        if !ids.is_empty() && parse.iter().any(|word| word == key) {
            errors.add(
                path,
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive."),
            );
        }
        for (n, id) in ids.iter().enumerate().filter(|(_, id)| snowflake::parse(id).is_none()) {
            errors.add(join(path, format!("{key}.{n}")), "NUMBER_TYPE_COERCE", format!("Value {id} is not snowflake."));
        }
    }
}

/// Checks `attachments` against the files that came along; gives the names that embeds may point at.
fn check_files(errors: &mut FormErrors, body: &Value, uploads: &[Upload], before: &Before) -> Vec<String> {
    let mut names: Vec<String> = uploads.iter().map(|upload| upload.name.clone()).collect();
    for upload in uploads.iter().filter(|upload| upload.bytes.len() > FILE_BYTES) {
        errors.add(format!("files.{}", upload.slot), "FILE_SIZE_EXCEEDED", "Request entity too large");
    }
    let kept: Vec<snowflake::Snowflake> = match given(body, "attachments") {
        None => before.files.iter().map(|(id, _)| *id).collect(),
        Some(Value::Array(list)) => check_listed(errors, list, uploads, before),
        Some(_) => {
            errors.add("attachments", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.");
            Vec::new()
        }
    };
    if kept.len() + uploads.len() > FILES {
        errors.add("attachments", "BASE_TYPE_MAX_LENGTH", format!("Must be {FILES} or fewer in length."));
    }
    names.extend(before.files.iter().filter(|(id, _)| kept.contains(id)).map(|(_, name)| name.clone()));
    names
}

fn check_listed(
    errors: &mut FormErrors,
    list: &[Value],
    uploads: &[Upload],
    before: &Before,
) -> Vec<snowflake::Snowflake> {
    let mut kept = Vec::new();
    for (n, item) in list.iter().enumerate() {
        let path = join("attachments", n);
        known_keys(errors, item, &path, &FILE_KEYS);
        text(errors, item, &path, "description", (0, FILE_DESCRIPTION), false);
        let Some(id) = snowflake::parse(&item["id"]) else {
            errors.add(join(&path, "id"), "BASE_TYPE_REQUIRED", "This field is required");
            continue;
        };
        if before.files.iter().any(|(known, _)| *known == id) {
            kept.push(id);
        } else if !uploads.iter().any(|upload| upload.slot == id.0) {
            errors.add(
                join(&path, "id"),
                "ATTACHMENT_NOT_FOUND",
                format!("No file was sent for attachment {id}, and the message has none with this id."),
            );
        }
    }
    kept
}
