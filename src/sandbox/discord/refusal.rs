//! How Discord says no: a status, a code, a sentence, and for forms a tree of what is wrong where.
//! <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>,
//! <https://docs.discord.com/developers/reference#error-messages>
use serde_json::{Map, Value, json};

/// One way in which Discord refuses, as its table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: &'static str,
}

const fn refusal(status: u16, code: u32, message: &'static str) -> Refusal {
    Refusal { status, code, message }
}

pub(crate) const UNAUTHORIZED: Refusal = refusal(401, 0, "401: Unauthorized");
pub(crate) const NOT_FOUND: Refusal = refusal(404, 0, "404: Not Found");
pub(crate) const METHOD_NOT_ALLOWED: Refusal = refusal(405, 0, "405: Method Not Allowed");
pub(crate) const UNKNOWN_APPLICATION: Refusal = refusal(404, 10002, "Unknown Application");
pub(crate) const UNKNOWN_CHANNEL: Refusal = refusal(404, 10003, "Unknown Channel");
pub(crate) const UNKNOWN_GUILD: Refusal = refusal(404, 10004, "Unknown Guild");
pub(crate) const UNKNOWN_MEMBER: Refusal = refusal(404, 10007, "Unknown Member");
pub(crate) const UNKNOWN_MESSAGE: Refusal = refusal(404, 10008, "Unknown Message");
pub(crate) const UNKNOWN_USER: Refusal = refusal(404, 10013, "Unknown User");
pub(crate) const UNKNOWN_WEBHOOK: Refusal = refusal(404, 10015, "Unknown Webhook");
pub(crate) const UNKNOWN_INTERACTION: Refusal = refusal(404, 10062, "Unknown interaction");
pub(crate) const UNKNOWN_COMMAND: Refusal = refusal(404, 10063, "Unknown application command");
pub(crate) const TOO_MANY_OLD_EDITS: Refusal =
    refusal(429, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later");
pub(crate) const ALREADY_ACKNOWLEDGED: Refusal = refusal(400, 40060, "Interaction has already been acknowledged.");
pub(crate) const MISSING_ACCESS: Refusal = refusal(403, 50001, "Missing Access");
pub(crate) const NOT_THE_AUTHOR: Refusal = refusal(403, 50005, "Cannot edit a message authored by another user");
pub(crate) const EMPTY_MESSAGE: Refusal = refusal(400, 50006, "Cannot send an empty message");
pub(crate) const NOT_A_TEXT_CHANNEL: Refusal = refusal(400, 50024, "Cannot execute action on this channel type");
pub(crate) const MISSING_PERMISSIONS: Refusal = refusal(403, 50013, "Missing Permissions");
pub(crate) const WEBHOOK_TOKEN_EXPIRED: Refusal = refusal(401, 50027, "Invalid Webhook Token");
pub(crate) const THREAD_ARCHIVED: Refusal = refusal(400, 50083, "Thread is archived");
pub(crate) const INVALID_JSON: Refusal = refusal(400, 50109, "The request body contains invalid JSON.");
pub(crate) const NO_HISTORY_TO_REPLY: Refusal =
    refusal(400, 160_002, "Cannot reply without permission to read message history");
pub(crate) const THREAD_EXISTS: Refusal = refusal(400, 160_004, "A thread has already been created for this message");
pub(crate) const THREAD_LOCKED: Refusal = refusal(400, 160_005, "Thread is locked");
pub(crate) const TOO_MANY_THREADS: Refusal = refusal(400, 160_006, "Maximum number of active threads reached");
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>
pub(crate) const FORM_BODY: Refusal = refusal(400, 50035, "Invalid Form Body");

/// A refusal on its way to the bot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    /// What is wrong where, for a form.
    pub(crate) errors: Option<Value>,
    /// Seconds, for a 429.
    pub(crate) retry_after: Option<f64>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused { refusal, errors: None, retry_after: None }
    }
}

impl Refused {
    /// The body as Discord writes it.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"message": self.refusal.message, "code": self.refusal.code});
        if let Some(map) = body.as_object_mut() {
            if let Some(errors) = &self.errors {
                map.insert("errors".into(), errors.clone());
            }
            if let Some(seconds) = self.retry_after {
                map.insert("retry_after".into(), json!(seconds));
                map.insert("global".into(), json!(false));
            }
        }
        body
    }
}

/// What is wrong with a form, collected so that all of it is told at once.
#[derive(Debug, Default)]
pub(crate) struct FormErrors(Vec<FormError>);

#[derive(Debug)]
struct FormError {
    path: String,
    code: &'static str,
    message: String,
}

impl FormErrors {
    /// Notes one fault. `path` is dotted (`embeds.0.title`), empty for the form itself.
    pub(crate) fn add(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.0.push(FormError { path: path.into(), code, message: message.into() });
    }

    /// Nothing wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The refusal, if anything is wrong.
    pub(crate) fn finish(self) -> Result<(), Refused> {
        if self.is_empty() {
            return Ok(());
        }
        let mut tree = json!({});
        for error in &self.0 {
            let keys = error.path.split('.').filter(|key| !key.is_empty());
            let leaf = keys.fold(&mut tree, |node, key| child(node, key));
            let list = child(leaf, "_errors");
            if !list.is_array() {
                *list = json!([]);
            }
            if let Some(list) = list.as_array_mut() {
                list.push(json!({"code": error.code, "message": error.message}));
            }
        }
        Err(Refused { errors: Some(tree), ..FORM_BODY.into() })
    }
}

fn child<'a>(node: &'a mut Value, key: &str) -> &'a mut Value {
    if !node.is_object() {
        *node = Value::Object(Map::new());
    }
    match node {
        Value::Object(map) => map.entry(key.to_owned()).or_insert_with(|| json!({})),
        other => other,
    }
}

/// A form with one fault.
pub(crate) fn form_error(path: &str, code: &'static str, message: impl Into<String>) -> Refused {
    let mut errors = FormErrors::default();
    errors.add(path, code, message);
    match errors.finish() {
        Err(refused) => refused,
        Ok(()) => FORM_BODY.into(),
    }
}
