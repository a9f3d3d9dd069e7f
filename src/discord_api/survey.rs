//! A look at the guild: the channels and roles that the settings name, and what we may do there
//! (docs: "Guild Resource", "Channel Resource", "Application Commands").

use reqwest::Method;
use serde::Deserialize;

use super::wire::{self, snowflake};
use super::{ApiError, DiscordApi, MISSING_ACCESS, UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MEMBER, answer};
use crate::domain::ids::{ChannelId, GuildId, UserId};
use crate::domain::setup::{ChannelFacts, ChannelKind, Overwrite, Permissions, RoleFacts, Survey};

#[derive(Deserialize)]
struct Application {
    id: String,
    bot: Option<wire::User>,
}

#[derive(Deserialize)]
struct Command {
    name: String,
}

#[derive(Deserialize)]
struct Role {
    id: String,
    name: String,
    permissions: String,
    mentionable: bool,
}

#[derive(Clone, Deserialize)]
struct Channel {
    id: String,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    guild_id: Option<String>,
    #[serde(default)]
    parent_id: Option<String>,
    #[serde(default)]
    permission_overwrites: Vec<RawOverwrite>,
}

#[derive(Clone, Deserialize)]
struct RawOverwrite {
    id: String,
    #[serde(rename = "type")]
    kind: u8,
    allow: String,
    deny: String,
}

impl DiscordApi {
    /// Looks at the guild and these channels; `None` if the bot is not in it. `command` is the one that ought to be registered.
    ///
    /// # Errors
    /// Why it cannot be looked at.
    pub async fn survey(
        &self,
        guild: GuildId,
        channels: &[ChannelId],
        command: &str,
    ) -> Result<Option<Survey>, ApiError> {
        let application: Application = answer(self.request(Method::GET, "/applications/@me")).await?;
        let me: UserId = match application.bot {
            Some(bot) => bot.id()?,
            None => self.me().await?,
        };
        let member = answer(self.request(Method::GET, &format!("/guilds/{guild}/members/{me}"))).await;
        let member: Option<wire::Member> = absent(member, &[UNKNOWN_GUILD, UNKNOWN_MEMBER, MISSING_ACCESS])?;
        let Some(mine) = member else { return Ok(None) };
        let mine = mine.read()?;
        let roles: Vec<Role> = answer(self.request(Method::GET, &format!("/guilds/{guild}/roles"))).await?;
        let all: Vec<Channel> = answer(self.request(Method::GET, &format!("/guilds/{guild}/channels"))).await?;
        let mut found = Vec::new();
        for channel in channels {
            found.extend(self.look_at(guild, *channel, &all).await?);
        }
        let route = format!("/applications/{}/guilds/{guild}/commands", application.id);
        // Refused where the bot was invited without the scope for commands.
        let commands = absent(answer(self.request(Method::GET, &route)).await, &[MISSING_ACCESS])?;
        let commands: Vec<Command> = commands.unwrap_or_default();
        Ok(Some(Survey {
            guild,
            me,
            my_roles: mine.roles,
            roles: roles.into_iter().map(Role::read).collect::<Result<_, _>>()?,
            channels: found,
            has_commands: commands.iter().any(|found| found.name == command),
        }))
    }

    async fn look_at(&self, guild: GuildId, id: ChannelId, all: &[Channel]) -> Result<Option<ChannelFacts>, ApiError> {
        let listed = |id: &str| all.iter().find(|channel| channel.id == id);
        if let Some(channel) = listed(&id.to_string()) {
            return channel.read(channel).map(Some);
        }
        // No thread is in that list, and what we cannot see need not be.
        let asked: Result<Channel, _> = answer(self.request(Method::GET, &format!("/channels/{id}"))).await;
        match asked {
            Ok(channel) if channel.guild_id.as_deref().is_none_or(|of| of != guild.to_string()) => Ok(None),
            Ok(channel) => {
                let parent = channel.parent_id.as_deref().and_then(listed);
                channel.read(parent.unwrap_or(&channel)).map(Some)
            }
            Err(error) if error.code() == Some(UNKNOWN_CHANNEL) => Ok(None),
            Err(error) if error.code() == Some(MISSING_ACCESS) => {
                let unseen = ChannelFacts { id, name: String::new(), kind: ChannelKind::Text, overwrites: None };
                Ok(Some(unseen))
            }
            Err(error) => Err(error),
        }
    }
}

/// `None` for what is not there, as these codes say.
fn absent<T>(answer: Result<T, ApiError>, codes: &[u32]) -> Result<Option<T>, ApiError> {
    match answer {
        Err(error) if error.code().is_some_and(|code| codes.contains(&code)) => Ok(None),
        other => other.map(Some),
    }
}

impl Role {
    fn read(self) -> Result<RoleFacts, ApiError> {
        Ok(RoleFacts {
            id: snowflake(&self.id)?,
            name: self.name,
            permissions: bits(&self.permissions)?,
            mentionable: self.mentionable,
        })
    }
}

impl Channel {
    /// The channel, with the overwrites of `of`: itself, or a thread's parent.
    fn read(&self, of: &Self) -> Result<ChannelFacts, ApiError> {
        // Text and announcements; their threads (docs: "Channel Types").
        let kind = match self.kind {
            0 | 5 => ChannelKind::Text,
            10..=12 => ChannelKind::Thread,
            _ => ChannelKind::Other,
        };
        Ok(ChannelFacts {
            id: snowflake(&self.id)?,
            name: self.name.clone().unwrap_or_default(),
            kind,
            overwrites: Some(of.permission_overwrites.iter().map(RawOverwrite::read).collect::<Result<_, _>>()?),
        })
    }
}

impl RawOverwrite {
    fn read(&self) -> Result<Overwrite, ApiError> {
        let of = self.id.parse().map_err(|_| ApiError::Malformed("an id is none".to_owned()))?;
        Ok(Overwrite { of, is_members: self.kind == 1, allow: bits(&self.allow)?, deny: bits(&self.deny)? })
    }
}

fn bits(text: &str) -> Result<Permissions, ApiError> {
    text.parse().map(Permissions).map_err(|_| ApiError::Malformed("permissions are no number".to_owned()))
}
