//! A person in the chat: runs commands as they are typed, presses what they see, and reads what comes.

use serde_json::{Value, json};

use crate::message::Message;
use crate::world::World;

#[derive(Clone)]
pub struct Person<'w> {
    world: &'w World,
    id: String,
    patience_ms: u64,
}

/// What came of something that a person did.
#[derive(Debug)]
pub struct Reply {
    pub outcome: String,
    pub error: String,
    pub message: Option<Message>,
    /// The form that opened, with the interaction that opened it and the channel in which that was.
    form: Option<(Value, Value, String)>,
}

impl<'w> Person<'w> {
    pub fn new(world: &'w World, id: String) -> Self {
        Self { world, id, patience_ms: 60_000 }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same person, who gives an answer up that was promised and does not come within two seconds.
    pub fn in_a_hurry(self) -> Self {
        Self { patience_ms: 2_000, ..self }
    }

    /// Runs a command as it is typed, `/bots stop env:production connector:billing-1`, and reads the final answer.
    pub async fn runs(&self, line: &str) -> Reply {
        self.runs_in(&self.world.team_channel(), line).await
    }

    pub async fn runs_in(&self, channel: &str, line: &str) -> Reply {
        let (name, options) = parse(line);
        let body = json!({ "as": self.id, "channel_id": channel, "name": name, "options": options });
        self.act("commands", body).await
    }

    /// What is offered for the last option of the line while it is typed.
    pub async fn is_offered(&self, line: &str) -> Vec<String> {
        let (name, mut options) = parse(line);
        let given = options[0]["options"].as_array_mut().unwrap();
        given.last_mut().unwrap()["focused"] = json!(true);
        let body = json!({ "as": self.id, "channel_id": self.world.team_channel(), "name": name, "options": options });
        let (status, said) = self.world.post("autocomplete", body).await;
        assert_eq!(status, 200, "{said}");
        said["choices"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Presses the button that bears this label, or begins with it.
    pub async fn presses(&self, message: &Message, label: &str) -> Reply {
        let custom_id = message.button(label).unwrap_or_else(|| panic!("no button {label:?} in {message:?}"));
        self.presses_id(message, &custom_id, false).await
    }

    /// Presses the button that agrees, and types what it asks for, if a form opens.
    pub async fn agrees(&self, message: &Message, label: &str) -> Reply {
        let custom_id = message.button(label).unwrap_or_else(|| panic!("no button {label:?} in {message:?}"));
        self.agrees_by_id(message, &custom_id).await
    }

    /// The same, by the button's id.
    pub async fn agrees_by_id(&self, message: &Message, custom_id: &str) -> Reply {
        let reply = self.presses_id(message, custom_id, false).await;
        match reply.asks() {
            Some(name) => self.sends(reply, &name).await,
            None => reply,
        }
    }

    /// Presses a button by its id, even one that is not there.
    pub async fn presses_id(&self, message: &Message, custom_id: &str, forged: bool) -> Reply {
        let body = json!({
            "as": self.id, "channel_id": message.channel(), "message_id": message.id(), "custom_id": custom_id,
            "forged": forged,
        });
        self.act("press", body).await
    }

    /// Chooses the entry of the message's menu that begins with this label.
    pub async fn chooses(&self, message: &Message, label: &str) -> Reply {
        self.chooses_all(message, &[label]).await
    }

    /// Chooses the entries that begin with these labels.
    pub async fn chooses_all(&self, message: &Message, labels: &[&str]) -> Reply {
        let (custom_id, options) = message.menu().unwrap_or_else(|| panic!("no menu in {message:?}"));
        let value = |label: &&str| {
            let found = options.iter().find(|(_, text)| text.starts_with(label));
            &found.unwrap_or_else(|| panic!("no {label:?} among {options:?}")).0
        };
        let values: Vec<_> = labels.iter().map(value).collect();
        let body = json!({
            "as": self.id, "channel_id": message.channel(), "message_id": message.id(), "custom_id": custom_id,
            "values": values,
        });
        self.act("select", body).await
    }

    /// The newest message that this person sees in a channel.
    async fn newest_in(&self, channel: &str) -> Option<Message> {
        let mut seen = self.world.messages_as(&self.id, channel).await;
        seen.sort_by_key(|message| message.id().parse::<u64>().unwrap());
        seen.pop()
    }

    /// Sends the form that a press opened, with this in its one input.
    pub async fn sends(&self, opened: Reply, text: &str) -> Reply {
        self.sends_all(opened, &[text]).await
    }

    /// Sends the form that a press opened, with these in its inputs.
    pub async fn sends_all(&self, opened: Reply, texts: &[&str]) -> Reply {
        let (modal, interaction, channel) = opened.form.expect("a form opened");
        let inputs = modal["components"].as_array().unwrap();
        assert_eq!(inputs.len(), texts.len(), "{modal}");
        let id = |row: &Value| row["components"][0]["custom_id"].as_str().unwrap().to_owned();
        let values: serde_json::Map<_, _> = inputs.iter().map(id).zip(texts.iter().map(|text| json!(text))).collect();
        let body = json!({
            "as": self.id, "interaction_id": interaction, "custom_id": modal["custom_id"], "values": values,
        });
        self.act_in(channel, "submit", body).await
    }

    async fn act(&self, what: &str, body: Value) -> Reply {
        let channel = body["channel_id"].as_str().unwrap().to_owned();
        self.act_in(channel, what, body).await
    }

    async fn act_in(&self, channel: String, what: &str, body: Value) -> Reply {
        let before = self.newest_in(&channel).await;
        let (status, said) = self.world.post(what, body).await;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let mut reply = Reply {
            outcome: text("outcome"),
            error: if status == 200 { text("error") } else { text("message") },
            message: Some(said["message"].clone()).filter(Value::is_object).map(Message),
            form: Some(said["modal"].clone())
                .filter(Value::is_object)
                .map(|modal| (modal, said["interaction_id"].clone(), channel.clone())),
        };
        if reply.outcome.starts_with("deferred") {
            let body = json!({ "interaction_id": said["interaction_id"], "timeout_ms": self.patience_ms });
            let (status, settled) = self.world.post("wait", body).await;
            assert_eq!(status, 200, "{settled}");
            if settled["state"] != "answered" {
                assert!(self.patience_ms < 60_000, "the answer that was promised did not come: {settled}");
                return Reply { outcome: "failed".to_owned(), message: None, ..reply };
            }
            reply.message = Some(settled["message"].clone()).filter(Value::is_object).map(Message);
            // What stays as it was is answered beside it, privately.
            let newest = self.newest_in(&channel).await.filter(|newest| newest.is_ephemeral());
            if let Some(newest) = newest.filter(|newest| before.is_none_or(|before| newest.id() != before.id())) {
                reply.message = Some(newest);
            }
        }
        reply
    }
}

impl Reply {
    /// What the form that opened says in its first input, where that is empty.
    pub fn asks(&self) -> Option<String> {
        self.asks_all()?.into_iter().next()
    }

    /// What the form that opened says in each of its inputs, where they are empty.
    pub fn asks_all(&self) -> Option<Vec<String>> {
        let (modal, ..) = self.form.as_ref()?;
        let inputs = modal["components"].as_array()?.iter();
        Some(inputs.filter_map(|row| row["components"][0]["placeholder"].as_str().map(str::to_owned)).collect())
    }

    /// The message that it was answered with.
    pub fn message(self) -> Message {
        match self.message {
            Some(message) => message,
            None => panic!("no message: {} {}", self.outcome, self.error),
        }
    }
}

/// Reads `/bots stop env:production bot:Billing Bot` into a command's name and Discord's nested options.
fn parse(line: &str) -> (String, Value) {
    let mut words = line.strip_prefix('/').expect("a command begins with /").split(' ');
    let (name, subcommand) = (words.next().unwrap(), words.next().unwrap());
    let mut options: Vec<(String, String)> = Vec::new();
    for word in words {
        match word.split_once(':') {
            Some((option, value)) => options.push((option.to_owned(), value.to_owned())),
            None => {
                let (_, value) = options.last_mut().expect("a value belongs to an option");
                value.push(' ');
                value.push_str(word);
            }
        }
    }
    let options: Vec<_> =
        options.into_iter().map(|(name, value)| json!({ "name": name, "type": 3, "value": value })).collect();
    (name.to_owned(), json!([{ "name": subcommand, "type": 1, "options": options }]))
}
