//! What is sent of a row: the message's face, and what posting and editing add to it.

use serde_json::{Map, Value, json};

use crate::domain::ids::{Key, MessageId};
use crate::domain::notice::Notice;
use crate::store::outbox::Claimed;

/// What a message says.
pub(in crate::discord) struct Face {
    body: Map<String, Value>,
    /// Equal for two faces that say the same.
    pub(in crate::discord) digest: String,
}

impl Face {
    /// The face of a rendered message.
    pub(in crate::discord) fn new(rendered: Value) -> Self {
        let mut body = match rendered {
            Value::Object(body) => body,
            other => Map::from_iter([("content".to_owned(), other)]),
        };
        // An edit leaves as it is what it does not name, so what is not there is said to be empty.
        body.entry("content").or_insert_with(|| json!(""));
        body.entry("embeds").or_insert_with(|| json!([]));
        body.entry("components").or_insert_with(|| json!([]));
        let shown: Vec<_> = body.iter().filter(|(name, _)| *name != "allowed_mentions").collect();
        let digest = Key::of(&format!("{shown:?}")).to_string();
        Self { body, digest }
    }

    /// Whether it is this text that it says, and nothing else.
    pub(in crate::discord) fn says(&self, content: &str) -> bool {
        self.body.get("content").and_then(Value::as_str) == Some(content)
    }

    /// The body that posts what a row says.
    pub(super) fn post(&self, row: &Claimed) -> Value {
        self.post_once(&format!("{}:{}", row.reference, row.generation), row.reply_to)
    }

    /// The body that posts it, once under this name.
    ///
    /// The nonce makes Discord answer a repeated post with the message that stands already. It is unique per author,
    /// across channels, and a message that is made anew needs one of its own (discord-api-docs#6647).
    pub(in crate::discord) fn post_once(&self, name: &str, reply_to: Option<MessageId>) -> Value {
        let mut body = self.body.clone();
        body.entry("allowed_mentions").or_insert_with(nobody);
        body.insert("nonce".to_owned(), json!(Key::of(name).as_str()));
        body.insert("enforce_nonce".to_owned(), json!(true));
        if let Some(MessageId(replied)) = reply_to {
            let reference = json!({ "message_id": replied.to_string(), "fail_if_not_exists": false });
            body.insert("message_reference".to_owned(), reference);
        }
        Value::Object(body)
    }

    /// The body that edits the message to say it.
    pub(in crate::discord) fn edit(&self) -> Value {
        let mut body = self.body.clone();
        // Without it, Discord would parse the mentions again by its own default.
        body.insert("allowed_mentions".to_owned(), nobody());
        Value::Object(body)
    }
}

fn nobody() -> Value {
    json!({ "parse": [] })
}

/// The notice as it is to be said now: a card that is made anew, or that is posted when all is over, wakes nobody.
pub(super) fn said_now(row: &Claimed) -> Notice {
    match row.notice.clone() {
        Notice::Card { incident, ping } => {
            Notice::Card { ping: ping && row.generation == 0 && incident.resolved_at().is_none(), incident }
        }
        Notice::Trouble { mut trouble } if row.generation > 0 || trouble.mended_at.is_some() => {
            trouble.unseen.iter_mut().for_each(|unseen| unseen.mention = false);
            Notice::Trouble { trouble }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_faces_differ_by_what_is_seen_and_not_by_whom_they_mention() {
        let one = Face::new(json!({ "content": "a", "allowed_mentions": { "roles": ["1"] } }));
        let two = Face::new(json!({ "content": "a", "allowed_mentions": { "parse": [] } }));
        let three = Face::new(json!({ "content": "b" }));
        assert_eq!(one.digest, two.digest);
        assert_ne!(one.digest, three.digest);
    }

    #[test]
    fn p8_an_edit_mentions_nobody_and_empties_what_the_message_no_longer_has() {
        let face = Face::new(json!({ "embeds": [{}], "allowed_mentions": { "roles": ["1"] } }));
        assert_eq!(
            face.edit(),
            json!({ "embeds": [{}], "allowed_mentions": { "parse": [] }, "content": "", "components": [] })
        );
    }
}
