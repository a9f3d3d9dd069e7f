//! The guild as it stands: people, roles, channels, messages, commands, interactions. No sockets and no clock: every
//! change takes `now`, and what the outside must hear of it is left in `effects`.
mod channels;
mod commands;
mod interactions;
pub(crate) mod invocation;
mod media;
pub(crate) mod mentions;
mod messages;
pub(crate) mod permissions;
mod seeding;
pub(crate) mod wire;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::{
    interactions::{Interaction, NO_ANSWER, Outcome, Place, State, Trigger},
    messages::Window,
};
use self::{mentions::Mentions, permissions::Overwrite};
use super::{
    event::EventKind,
    refusal::{self, Refused},
    snowflake::{Snowflake, Snowflakes},
};

/// Everything.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) guild: Guild,
    pub(crate) application: Snowflake,
    pub(crate) bot: Snowflake,
    pub(crate) bot_name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) members: Vec<Member>,
    pub(crate) channels: Vec<Channel>,
    /// By id, which is by time.
    pub(crate) messages: BTreeMap<Snowflake, Message>,
    pub(crate) files: HashMap<Snowflake, File>,
    pub(crate) commands: Vec<Command>,
    pub(crate) interactions: BTreeMap<Snowflake, Interaction>,
    pub(crate) tokens: HashMap<String, Snowflake>,
    /// Nonces that a bot asked to be enforced: by author, never by channel.
    pub(crate) nonces: HashMap<(Snowflake, String), (Snowflake, Timestamp)>,
    /// How long they are known.
    pub(crate) nonce_memory: Duration,
    pub(crate) pings: Vec<Ping>,
    pub(crate) ids: Snowflakes,
    /// Where files are downloaded from: `http://127.0.0.1:PORT`.
    pub(crate) base_url: String,
    /// What the outside has not heard yet.
    pub(crate) effects: Vec<Effect>,
    /// Rules that the bot broke where Discord would have let it: code and sentence.
    pub(crate) remarks: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Guild {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) owner: Snowflake,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) color: u32,
    pub(crate) mentionable: bool,
    pub(crate) permissions: u64,
    /// The bot's own role.
    pub(crate) managed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: Snowflake,
    pub(crate) username: String,
    pub(crate) global_name: String,
    pub(crate) bot: bool,
    pub(crate) roles: Vec<Snowflake>,
}

/// A text channel.
pub(crate) const TEXT: u8 = 0;
/// A public thread.
pub(crate) const PUBLIC_THREAD: u8 = 11;
/// A private thread.
pub(crate) const PRIVATE_THREAD: u8 = 12;

#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) kind: u8,
    pub(crate) topic: String,
    pub(crate) parent: Option<Snowflake>,
    pub(crate) overwrites: Vec<Overwrite>,
    pub(crate) thread: Option<Thread>,
    pub(crate) last_message: Option<Snowflake>,
    /// When messages older than an hour were edited here.
    pub(crate) old_edits: Vec<Timestamp>,
}

#[derive(Clone, Debug)]
pub(crate) struct Thread {
    pub(crate) owner: Snowflake,
    pub(crate) archived: bool,
    pub(crate) locked: bool,
    pub(crate) auto_archive: u64,
    pub(crate) changed: Timestamp,
    pub(crate) created: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) author: Snowflake,
    pub(crate) kind: u8,
    pub(crate) content: String,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) flags: u64,
    pub(crate) tts: bool,
    pub(crate) nonce: Option<Value>,
    pub(crate) edited: Option<Timestamp>,
    /// The message that this one answers.
    pub(crate) reference: Option<(Snowflake, Snowflake)>,
    pub(crate) mentions: Mentions,
    /// The only person who sees it.
    pub(crate) only_for: Option<Snowflake>,
    /// `interaction_metadata`, for an answer to an interaction.
    pub(crate) metadata: Option<Value>,
    /// Of whom an answer is: the command's name (empty for a component) and who ran it.
    pub(crate) invoked: Option<(String, Snowflake)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) size: usize,
    /// Width and height of a picture.
    pub(crate) picture: Option<(u32, u32)>,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: axum::body::Bytes,
}

#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) id: Snowflake,
    /// Registered for the guild rather than everywhere.
    pub(crate) in_guild: bool,
    /// As Discord answers it.
    pub(crate) body: Value,
}

/// How somebody was notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Via {
    User,
    Role,
    Everyone,
    Reply,
}

/// Somebody was notified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Ping {
    pub(crate) message_id: Snowflake,
    pub(crate) channel_id: Snowflake,
    pub(crate) user_id: Snowflake,
    pub(crate) via: Via,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role_id: Option<Snowflake>,
}

/// What the outside must hear of a change.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// An event for the bot, if its session asked for it with one of `intents` (0: always).
    Dispatch { event: EventKind, data: Value, intents: u64 },
    /// An event for the people who watch.
    People(PeopleEvent),
}

/// An event for the people who watch.
#[derive(Clone, Debug)]
pub(crate) enum PeopleEvent {
    Message { kind: &'static str, channel: Snowflake, only_for: Option<Snowflake>, message: Value },
    MessageDelete { channel: Snowflake, only_for: Option<Snowflake>, id: Snowflake },
    Interaction { user: Snowflake, body: Value },
    Channel { kind: &'static str, id: Snowflake, body: Value },
    Commands,
    Member { id: Snowflake },
    Left { id: Snowflake },
    Gateway { connected: bool },
}

/// Gateway intents. <https://docs.discord.com/developers/events/gateway#gateway-intents>
pub(crate) mod intents {
    pub(crate) const GUILDS: u64 = 1;
    pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
    pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
    pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
    pub(crate) const MESSAGE_TYPING: u64 = 1 << 11;
    pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Those that must be switched on in the developer portal.
    pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
}

impl World {
    pub(crate) fn role(&self, id: Snowflake) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    pub(crate) fn member(&self, id: Snowflake) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    pub(crate) fn channel(&self, id: Snowflake) -> Result<&Channel, Refused> {
        self.channels.iter().find(|channel| channel.id == id).ok_or_else(|| refusal::UNKNOWN_CHANNEL.into())
    }

    pub(crate) fn channel_mut(&mut self, id: Snowflake) -> Result<&mut Channel, Refused> {
        self.channels.iter_mut().find(|channel| channel.id == id).ok_or_else(|| refusal::UNKNOWN_CHANNEL.into())
    }

    /// What somebody may do in the guild.
    pub(crate) fn guild_permissions(&self, user: Snowflake) -> u64 {
        let Some(member) = self.member(user) else {
            return 0;
        };
        let everyone = self.role(self.guild.id).map_or(0, |role| role.permissions);
        let roles = member.roles.iter().filter_map(|id| self.role(*id)).map(|role| role.permissions);
        permissions::base(user == self.guild.owner, everyone, roles)
    }

    /// What somebody may do in a channel (a thread stands under its parent's overwrites).
    pub(crate) fn permissions(&self, user: Snowflake, channel: Snowflake) -> u64 {
        let (Some(member), Ok(found)) = (self.member(user), self.channel(channel)) else {
            return 0;
        };
        let parent = found.parent.and_then(|id| self.channel(id).ok());
        let overwrites = &parent.unwrap_or(found).overwrites;
        permissions::in_channel(
            self.guild_permissions(user),
            overwrites,
            self.guild.id,
            user,
            &member.roles,
            found.thread.is_some(),
        )
    }

    /// Whether somebody has all of these bits in a channel.
    pub(crate) fn may(&self, user: Snowflake, channel: Snowflake, bits: u64) -> bool {
        self.permissions(user, channel) & bits == bits
    }

    /// 50001 unless the bot sees the channel, 50013 unless it has the bits there.
    pub(crate) fn bot_must(&self, channel: Snowflake, bits: u64) -> Result<(), Refused> {
        self.channel(channel)?;
        let found = self.permissions(self.bot, channel);
        if found & permissions::VIEW_CHANNEL == 0 {
            return Err(refusal::MISSING_ACCESS.into());
        }
        if found & bits == bits { Ok(()) } else { Err(refusal::MISSING_PERMISSIONS.into()) }
    }

    /// Whether somebody sees a message.
    pub(crate) fn sees(&self, user: Snowflake, message: &Message) -> bool {
        message.only_for.is_none_or(|only| only == user) && self.may(user, message.channel, permissions::VIEW_CHANNEL)
    }

    /// Tells the bot, if it sees the channel.
    fn tell_bot(&mut self, channel: Snowflake, event: EventKind, data: Value, intents: u64) {
        if self.may(self.bot, channel, permissions::VIEW_CHANNEL) {
            self.effects.push(Effect::Dispatch { event, data, intents });
        }
    }

    fn tell_people(&mut self, event: PeopleEvent) {
        self.effects.push(Effect::People(event));
    }

    /// Gives a member exactly these roles.
    pub(crate) fn set_roles(&mut self, user: Snowflake, roles: Vec<Snowflake>) -> Result<(), Refused> {
        if roles.iter().any(|id| self.role(*id).is_none_or(|role| role.id == self.guild.id)) {
            return Err(refusal::form_error("roles", "STAND_IN_NO_SUCH_ROLE", "There is no such role."));
        }
        let member = self.members.iter_mut().find(|member| member.id == user).ok_or(refusal::UNKNOWN_MEMBER)?;
        member.roles = roles;
        let member = member.clone();
        let mut data = wire::member(&member);
        if let Some(map) = data.as_object_mut() {
            map.insert("guild_id".into(), serde_json::json!(self.guild.id));
        }
        self.effects.push(Effect::Dispatch {
            event: EventKind::GuildMemberUpdate,
            data,
            intents: intents::GUILD_MEMBERS,
        });
        self.tell_people(PeopleEvent::Member { id: user });
        Ok(())
    }

    /// Somebody leaves the guild.
    pub(crate) fn leaves(&mut self, user: Snowflake) -> Result<(), Refused> {
        if user == self.bot || self.member(user).is_none() {
            return Err(refusal::UNKNOWN_MEMBER.into());
        }
        let data = serde_json::json!({"guild_id": self.guild.id, "user": self.user_json(user)});
        self.members.retain(|member| member.id != user);
        self.effects.push(Effect::Dispatch {
            event: EventKind::GuildMemberRemove,
            data,
            intents: intents::GUILD_MEMBERS,
        });
        self.tell_people(PeopleEvent::Left { id: user });
        Ok(())
    }
}
