//! Everything that the bot ever sent, as Discord took it, whatever was deleted since.

use std::collections::{BTreeMap, BTreeSet};

use botswain::sandbox::discord::{Seed, Seen};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::model::Kind;
use crate::channel::id;

/// A message that was posted.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// The reference of its incident.
    pub(crate) incident: String,
    /// What it is: a card, or which reply to one.
    pub(crate) kind: Kind,
    /// What it was headed by when it was posted.
    pub(crate) title: String,
}

pub(crate) struct Ledger {
    witness: UnboundedReceiver<Seen>,
    pub(crate) posted: BTreeMap<u64, Posted>,
    /// The lines that were told in each thread, which bears the id of its card, by their messages.
    pub(crate) told: BTreeMap<u64, BTreeMap<u64, Vec<String>>>,
    channel: String,
    may_be_mentioned: BTreeSet<String>,
}

impl Ledger {
    pub(crate) fn new(witness: UnboundedReceiver<Seen>, seed: &Seed) -> Self {
        let may_be_mentioned = [seed.on_call.id, seed.viewers.id].iter().map(ToString::to_string).collect();
        let channel = seed.alert_channel.id.to_string();
        Self { witness, posted: BTreeMap::new(), told: BTreeMap::new(), channel, may_be_mentioned }
    }

    /// Takes in what was sent since.
    pub(crate) fn take(&mut self) -> Result<(), String> {
        while let Ok(seen) = self.witness.try_recv() {
            let Seen::Request(request) = seen else { continue };
            let starts_a_thread = request["body"].get("auto_archive_duration").is_some();
            if request["method"] == "GET" || starts_a_thread {
                continue;
            }
            let allowed = &request["body"]["allowed_mentions"];
            let roles = allowed["roles"].as_array().into_iter().flatten();
            let stranger = roles.filter_map(Value::as_str).any(|role| !self.may_be_mentioned.contains(role));
            if allowed["parse"] != json!([]) || stranger || !allowed["users"].as_array().is_none_or(Vec::is_empty) {
                return Err(format!("P8: {allowed} is what may be mentioned by {request}"));
            }
            let was_posted = request["method"] == "POST" && request["status"] == 200;
            if was_posted && request["answer"]["channel_id"] != self.channel.as_str() {
                let lines = request["answer"]["content"].as_str().unwrap_or_default().lines().map(str::to_owned);
                let thread = self.told.entry(id(&request["answer"]["channel_id"])).or_default();
                // What is posted again under the same nonce is the same message.
                thread.insert(id(&request["answer"]["id"]), lines.collect());
            } else if was_posted {
                let posted = posted(&request["answer"])?;
                self.posted.insert(id(&request["answer"]["id"]), posted);
            }
        }
        Ok(())
    }
}

/// What a message is.
pub(crate) fn posted(message: &Value) -> Result<Posted, String> {
    let embed = &message["embeds"][0];
    let footer = embed["footer"]["text"].as_str().unwrap_or_default();
    let Some((_, incident)) = footer.split_once("incident ") else {
        return Err(format!("not of an incident: {message}"));
    };
    let said = embed["description"].as_str().unwrap_or_default().replace("**", "");
    let replies = [
        ("It got worse", Kind::Worse),
        ("It was resolved, and it is back", Kind::Back),
        ("Still so after", Kind::Reminder),
        ("Nobody has acknowledged it", Kind::Escalation),
    ];
    let reply = replies.iter().find(|(beginning, _)| said.starts_with(beginning)).map(|(_, kind)| *kind);
    let title = embed["title"].as_str().unwrap_or_default().to_owned();
    let kind = match reply {
        Some(kind) if title.is_empty() => kind,
        _ if !title.is_empty() => Kind::Card,
        _ => return Err(format!("nobody knows what this is: {message}")),
    };
    Ok(Posted { incident: incident.to_owned(), kind, title })
}
