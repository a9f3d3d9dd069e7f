//! The alert channel as a person sees it, and what happened in it between two looks.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harbour::Harbour;
use crate::script::time;

/// A message, as far as a script tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What it says first: a card's title and impact, a reply's first line.
    pub(crate) line: String,
    /// Everything that it says.
    pub(crate) all: String,
    /// When it was edited last.
    pub(crate) edited: String,
    /// Where it stands, if that is a thread.
    pub(crate) thread: bool,
}

/// What stands in the channel, by the messages' ids, which are by time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) standing: BTreeMap<u64, Standing>,
    /// How often whom a message pinged: each role once for a message, however many people have it.
    pub(crate) pings: BTreeMap<u64, Vec<String>>,
}

impl Channel {
    /// What stands in the alert channel, and in the threads of its cards.
    pub(crate) async fn of(harbour: &Harbour) -> Self {
        let alerts = harbour.seed.alert_channel.id.to_string();
        let state = harbour.control(reqwest::Method::GET, "/state", Value::Null).await;
        let threads = state["channels"].as_array().unwrap().iter().filter(|other| other["parent_id"] == alerts);
        let mut channel = Self::default();
        channel.take(harbour, &harbour.messages(&alerts).await, false);
        for thread in threads {
            channel.take(harbour, &harbour.messages(thread["id"].as_str().unwrap()).await, true);
        }
        for ping in harbour.pings().await {
            let whom = harbour.named(&ping);
            let of = channel.pings.entry(id(&ping["message_id"])).or_default();
            if !of.contains(&whom) {
                of.push(whom);
            }
        }
        channel
    }

    fn take(&mut self, harbour: &Harbour, messages: &[Value], thread: bool) {
        for message in messages {
            let edited = message["edited_timestamp"].as_str().unwrap_or_default().to_owned();
            let standing = Standing { line: harbour.in_words(&line(message)), all: text(message), edited, thread };
            self.standing.insert(id(&message["id"]), standing);
        }
    }

    /// What happened since `before`: `+` stands for what is new, with whom it pinged, `~` for an edit, `-` for what is gone.
    pub(crate) fn since(&self, before: &Self) -> Vec<String> {
        let mut happened = Vec::new();
        for (id, now) in &self.standing {
            match before.standing.get(id) {
                None => {
                    let pinged = self.pings.get(id).into_iter().flatten().map(|whom| format!("  @{whom}"));
                    happened.push(format!(
                        "{} {}{}",
                        if now.thread { ">" } else { "+" },
                        now.line,
                        pinged.collect::<String>()
                    ));
                }
                Some(then) if then.all != now.all => happened.push(format!("~ {}", now.line)),
                Some(then) if then.edited != now.edited => happened.push(format!("~ {} (nothing new)", now.line)),
                Some(_) => {}
            }
        }
        for (id, then) in before.standing.iter().filter(|(id, _)| !self.standing.contains_key(id)) {
            let _ = id;
            happened.push(format!("- {}", then.line));
        }
        for (id, whom) in &self.pings {
            let earlier = before.pings.get(id);
            let is_new = !before.standing.contains_key(id) && self.standing.contains_key(id);
            if earlier != Some(whom) && !is_new {
                happened.push(format!("! {id} pinged {whom:?}, and it is no new message of this channel"));
            }
        }
        happened
    }

    /// What stands in the channel itself, oldest first.
    pub(crate) fn stands(&self) -> Vec<String> {
        self.standing
            .values()
            .filter(|standing| !standing.thread)
            .map(|standing| format!("= {}", standing.line))
            .collect()
    }
}

impl Harbour {
    /// With times as a script tells them, and people by their names.
    fn in_words(&self, text: &str) -> String {
        let olga = format!("<@{}>", self.seed.olga.id);
        let mut said = text.replace(&olga, "Olga");
        while let Some((before, (stamp, after))) =
            said.split_once("<t:").and_then(|(b, rest)| Some((b, rest.split_once('>')?)))
        {
            let second: i64 = stamp.split(':').next().unwrap_or_default().parse().unwrap();
            said = format!("{before}at {}{after}", time(second - (self.now().as_second() - self.second)));
        }
        said
    }

    fn named(&self, ping: &Value) -> String {
        let role = ping["role_id"].as_str().unwrap_or_default();
        let roles = [&self.seed.on_call, &self.seed.viewers, &self.seed.operators];
        let known = roles.iter().find(|known| known.id.to_string() == role).map(|role| role.name.clone());
        known.unwrap_or_else(|| format!("{} by {}", ping["user_id"], ping["via"]))
    }
}

pub(crate) fn id(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn embed(message: &Value, part: &str) -> String {
    message["embeds"][0][part].as_str().unwrap_or_default().replace("**", "")
}

fn line(message: &Value) -> String {
    let (title, said) = (embed(message, "title"), embed(message, "description"));
    let first = said.lines().next().unwrap_or_default();
    if message["message_reference"].is_object() {
        return format!("↳ {first}");
    }
    if title.is_empty() {
        message["content"].as_str().unwrap_or_default().to_owned()
    } else {
        format!("{title} — {first}")
    }
}

/// All that a person reads of it.
pub(crate) fn text(message: &Value) -> String {
    let mut said = vec![message["content"].as_str().unwrap_or_default().to_owned(), embed(message, "title")];
    said.push(embed(message, "description"));
    for field in message["embeds"][0]["fields"].as_array().into_iter().flatten() {
        said.push(format!(
            "{}: {}",
            field["name"].as_str().unwrap_or_default(),
            field["value"].as_str().unwrap_or_default()
        ));
    }
    let rows = message["components"].as_array().into_iter().flatten();
    let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    said.extend(buttons.filter_map(|button| button["label"].as_str()).map(|label| format!("[{label}]")));
    said.join("\n")
}
