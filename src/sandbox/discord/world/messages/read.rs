//! Messages are read: by the bot, and as people see them.
use serde_json::{Value, json};

use crate::sandbox::discord::{
    refusal::Refused,
    rules::message as form,
    snowflake::Snowflake,
    world::{Message, World, permissions as p},
};

/// Around which messages a list is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Window {
    Newest,
    Before(Snowflake),
    After(Snowflake),
    Around(Snowflake),
}

impl World {
    /// `GET /channels/{id}/messages`, newest first. Without Read Message History Discord answers an empty list.
    pub(crate) fn bot_reads(&self, channel: Snowflake, window: Window, limit: usize) -> Result<Vec<&Message>, Refused> {
        self.bot_must(channel, 0)?;
        if !self.may(self.bot, channel, p::READ_MESSAGE_HISTORY) {
            return Ok(Vec::new());
        }
        let here = |message: &&Message| message.channel == channel && message.only_for.is_none();
        let before = |id: Snowflake| self.messages.range(..id).rev().map(|(_, message)| message).filter(here);
        let after = |id: Snowflake| {
            self.messages.range(Snowflake(id.0.saturating_add(1))..).map(|(_, message)| message).filter(here)
        };
        let mut found: Vec<&Message> = match window {
            Window::Newest => self.messages.values().rev().filter(here).take(limit).collect(),
            Window::Before(id) => before(id).take(limit).collect(),
            Window::After(id) => after(id).take(limit).collect(),
            Window::Around(id) => {
                let at = self.messages.get(&id).filter(|message| here(message));
                before(id).take(limit / 2).chain(at).chain(after(id).take(limit / 2)).take(limit).collect()
            }
        };
        found.sort_by_key(|message| std::cmp::Reverse(message.id));
        Ok(found)
    }

    /// A message as people see it: Discord's object, and who was notified.
    pub(crate) fn seen_message(&self, message: &Message) -> Value {
        let mut whole = self.message_json(message);
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        let pings = self
            .pings
            .iter()
            .rev()
            .take_while(|ping| ping.message_id >= message.id)
            .filter(|ping| ping.message_id == message.id);
        let (mut users, mut roles): (Vec<Snowflake>, Vec<Snowflake>) = Default::default();
        for ping in pings {
            if !users.contains(&ping.user_id) {
                users.push(ping.user_id);
            }
            if let Some(role) = ping.role_id.filter(|role| !roles.contains(role)) {
                roles.push(role);
            }
        }
        users.sort_unstable();
        map.insert("ephemeral".into(), json!(message.only_for.is_some()));
        map.insert("thinking".into(), json!(message.flags & form::LOADING != 0));
        map.insert("pinged".into(), json!(users));
        map.insert("pinged_roles".into(), json!(roles));
        if let Some((name, user)) = &message.invoked {
            map.insert("interaction".into(), json!({"user": self.user_json(*user), "name": name}));
        }
        whole
    }
}
