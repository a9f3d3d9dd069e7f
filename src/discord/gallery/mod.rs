//! Every kind of message at once: sample facts, put into words by the code that makes the real messages. For the demo's
//! gallery, where people look at all of them, and for its pictures.

mod actions;
mod board;
mod history;
mod incidents;
mod record;
mod sample;
mod views;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::render::message::Message;
use super::render::modal::Modal;
use crate::domain::authority::Person;
use crate::domain::ids::{ChannelId, GuildId, RoleId};

/// Who and what the samples name, so that a client shows names where the messages have ids.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The guild.
    pub guild: GuildId,
    /// Where people ask.
    pub channel: ChannelId,
    /// Where alerts are posted.
    pub alerts: ChannelId,
    /// Those who may change something.
    pub operators: RoleId,
    /// Those whom alerts call.
    pub on_call: RoleId,
    /// An operator.
    pub olga: Person,
    /// Another one.
    pub otto: Person,
}

/// What belongs together.
#[derive(Clone, Debug, Serialize)]
pub struct Room {
    /// What its messages have in common.
    pub title: &'static str,
    /// Its messages, in the order in which they are shown.
    pub exhibits: Vec<Exhibit>,
}

/// One message, or one form.
#[derive(Clone, Debug, Serialize)]
pub struct Exhibit {
    /// When people see it.
    pub name: String,
    /// Who sees it, and how.
    pub kind: Kind,
    /// The body, as it is sent to Discord.
    pub body: Value,
}

/// How a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// To everybody.
    Public,
    /// To the person who caused it.
    Private,
    /// As a form that opens before that person.
    Form,
}

impl Exhibit {
    fn public(name: &str, body: Value) -> Self {
        Self { name: name.to_owned(), kind: Kind::Public, body }
    }

    fn private(name: &str, message: &Message) -> Self {
        Self { name: name.to_owned(), kind: Kind::Private, body: message.private_body() }
    }

    fn form(name: &str, modal: &Modal) -> Self {
        // Maps with text keys and finite numbers only: this cannot fail.
        Self { name: name.to_owned(), kind: Kind::Form, body: serde_json::to_value(modal).unwrap_or_default() }
    }
}

/// All of them, as if it were `now`.
pub fn rooms(cast: &Cast, now: Timestamp) -> Vec<Room> {
    let sample = sample::Sample { cast, now };
    vec![
        Room { title: "Incident cards", exhibits: incidents::cards(&sample) },
        Room { title: "Said again, and beside the cards", exhibits: incidents::replies(&sample) },
        Room { title: "The fleet as a whole", exhibits: incidents::together(&sample) },
        Room { title: "Status", exhibits: views::status(&sample) },
        Room { title: "Boards", exhibits: board::boards(&sample) },
        Room { title: "History", exhibits: history::histories(&sample) },
        Room { title: "Open incidents and mutes", exhibits: views::alerts(&sample) },
        Room { title: "Prompts", exhibits: actions::prompts(&sample) },
        Room { title: "Progress and outcomes", exhibits: actions::operations(&sample) },
        Room { title: "Refusals", exhibits: actions::refusals(&sample) },
        Room { title: "Timelines in threads", exhibits: record::timelines(&sample) },
        Room { title: "Explained", exhibits: record::explanations(&sample) },
        Room { title: "The record", exhibits: record::records(&sample) },
        Room { title: "Answers about incidents", exhibits: views::answers(&sample) },
        Room { title: "When Botswain itself is in trouble", exhibits: incidents::troubles(&sample) },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::ids::UserId;

    fn all() -> Vec<Room> {
        let cast = Cast {
            guild: GuildId(1),
            channel: ChannelId(2),
            alerts: ChannelId(3),
            operators: RoleId(4),
            on_call: RoleId(5),
            olga: Person { id: UserId(6), name: "Olga".into() },
            otto: Person { id: UserId(7), name: "Otto".into() },
        };
        rooms(&cast, Timestamp::from_second(1_800_000_000).unwrap())
    }

    #[test]
    fn every_exhibit_shows_something_and_has_a_name_of_its_own() {
        let rooms = all();
        let mut names = BTreeSet::new();
        for room in &rooms {
            assert!(!room.exhibits.is_empty(), "{} is empty", room.title);
            for exhibit in &room.exhibits {
                assert!(names.insert((room.title, &exhibit.name)), "{} is there twice", exhibit.name);
                let says = |part: &str| exhibit.body[part].as_array().is_some_and(|list| !list.is_empty());
                let text = !exhibit.body["content"].as_str().unwrap_or_default().is_empty();
                assert!(text || says("embeds") || says("components"), "{} is empty", exhibit.name);
            }
        }
        assert!(names.len() > 60, "{}", names.len());
    }

    #[test]
    fn p8_the_gallery_mentions_nobody_but_those_on_call() {
        for exhibit in all().iter().flat_map(|room| &room.exhibits).filter(|exhibit| exhibit.kind != Kind::Form) {
            let allowed = &exhibit.body["allowed_mentions"];
            assert_eq!(allowed["parse"], serde_json::json!([]), "{}", exhibit.name);
            let roles = allowed["roles"].as_array().cloned().unwrap_or_default();
            assert!(roles.iter().all(|role| role == "5"), "{}: {roles:?}", exhibit.name);
        }
    }
}
