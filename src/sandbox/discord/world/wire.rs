//! Objects as Discord writes them. Clients drop an event in which a field is missing, so what looks superfluous here is not.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Attachment, Channel, Member, Message, Role, World, permissions::Overwrite};
use crate::sandbox::discord::snowflake::Snowflake;

/// What a guild has that the default world's has not.
const EMPTY_GUILD_FIELDS: [&str; 20] = [
    "icon",
    "icon_hash",
    "splash",
    "discovery_splash",
    "afk_channel_id",
    "widget_channel_id",
    "application_id",
    "system_channel_id",
    "rules_channel_id",
    "max_presences",
    "vanity_url_code",
    "description",
    "banner",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
    "incidents_data",
    "hub_type",
    "home_header",
    "latest_onboarding_question_id",
    "inventory_settings",
];

/// A time as Discord writes it.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// A user.
pub(crate) fn user(member: &Member) -> Value {
    let mut user = json!({
        "id": member.id, "username": member.username, "discriminator": if member.bot { "4242" } else { "0" },
        "global_name": if member.bot { Value::Null } else { json!(member.global_name) },
        "avatar": null, "banner": null, "accent_color": null, "public_flags": 0, "flags": 0,
        "avatar_decoration_data": null, "collectibles": null, "primary_guild": null, "clan": null,
    });
    if let (true, Some(map)) = (member.bot, user.as_object_mut()) {
        map.insert("bot".into(), json!(true));
    }
    user
}

/// A guild member.
pub(crate) fn member(member: &Member) -> Value {
    let mut whole = partial_member(member);
    if let Some(map) = whole.as_object_mut() {
        map.insert("user".into(), user(member));
    }
    whole
}

/// A guild member without its user, as it stands in a message.
pub(crate) fn partial_member(member: &Member) -> Value {
    json!({
        "roles": member.roles, "nick": null, "avatar": null, "banner": null,
        "joined_at": "2024-11-01T09:00:00.000000+00:00", "premium_since": null, "deaf": false, "mute": false, "flags": 0,
        "pending": false, "communication_disabled_until": null, "unusual_dm_activity_until": null,
    })
}

/// A role.
pub(crate) fn role(role: &Role, position: usize, application_bot: Snowflake) -> Value {
    let mut whole = json!({
        "id": role.id, "name": role.name, "description": null, "permissions": role.permissions.to_string(), "position": position,
        "color": role.color, "colors": {"primary_color": role.color, "secondary_color": null, "tertiary_color": null},
        "hoist": false, "managed": role.managed, "mentionable": role.mentionable, "icon": null, "unicode_emoji": null, "flags": 0,
    });
    if let (true, Some(map)) = (role.managed, whole.as_object_mut()) {
        map.insert("tags".into(), json!({"bot_id": application_bot}));
    }
    whole
}

/// A permission overwrite.
pub(crate) fn overwrite(overwrite: &Overwrite) -> Value {
    json!({
        "id": overwrite.id, "type": u8::from(overwrite.for_member),
        "allow": overwrite.allow.to_string(), "deny": overwrite.deny.to_string(),
    })
}

impl World {
    /// All roles.
    pub(crate) fn roles_json(&self) -> Vec<Value> {
        self.roles.iter().enumerate().map(|(n, found)| role(found, n, self.bot)).collect()
    }

    /// The user with this id, or one that has left.
    pub(crate) fn user_json(&self, id: Snowflake) -> Value {
        self.member(id).map_or_else(
            || {
                user(&Member {
                    id,
                    username: "deleted_user".into(),
                    global_name: "Deleted User".into(),
                    bot: false,
                    roles: Vec::new(),
                })
            },
            user,
        )
    }

    /// A channel or a thread.
    pub(crate) fn channel_json(&self, channel: &Channel) -> Value {
        let mut whole = json!({
            "id": channel.id, "type": channel.kind, "guild_id": self.guild.id, "name": channel.name,
            "parent_id": channel.parent, "last_message_id": channel.last_message, "flags": 0, "rate_limit_per_user": 0,
        });
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        if let Some(thread) = &channel.thread {
            let messages = self
                .messages
                .values()
                .filter(|message| message.channel == channel.id && message.only_for.is_none())
                .count();
            map.insert("owner_id".into(), json!(thread.owner));
            map.insert("message_count".into(), json!(messages));
            map.insert("total_message_sent".into(), json!(messages));
            map.insert("member_count".into(), json!(1));
            map.insert(
                "thread_metadata".into(),
                json!({
                    "archived": thread.archived, "locked": thread.locked, "auto_archive_duration": thread.auto_archive,
                    "archive_timestamp": time(thread.changed), "create_timestamp": time(thread.created),
                }),
            );
        } else {
            let position = self.channels.iter().position(|other| other.id == channel.id).unwrap_or(0);
            map.insert("position".into(), json!(position));
            map.insert("topic".into(), json!(channel.topic));
            map.insert("nsfw".into(), json!(false));
            map.insert("permission_overwrites".into(), channel.overwrites.iter().map(overwrite).collect());
        }
        whole
    }

    /// The guild, as `GET /guilds/{id}` answers it.
    pub(crate) fn guild_json(&self) -> Value {
        let mut whole = json!({
            "id": self.guild.id, "name": self.guild.name, "owner_id": self.guild.owner, "roles": self.roles_json(),
            "afk_timeout": 300, "verification_level": 1, "default_message_notifications": 1, "explicit_content_filter": 0, "mfa_level": 0,
            "system_channel_flags": 0, "max_members": 500_000, "premium_tier": 0, "premium_subscription_count": 0,
            "preferred_locale": "en-US", "max_video_channel_users": 25, "max_stage_video_channel_users": 50, "nsfw_level": 0,
            "region": "deprecated",
        });
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        for key in ["emojis", "features", "stickers", "soundboard_sounds"] {
            map.insert(key.into(), json!([]));
        }
        for key in ["widget_enabled", "nsfw", "premium_progress_bar_enabled"] {
            map.insert(key.into(), json!(false));
        }
        for key in EMPTY_GUILD_FIELDS {
            map.insert(key.into(), Value::Null);
        }
        whole
    }

    /// The guild, as `GUILD_CREATE` brings it.
    pub(crate) fn guild_create_json(&self) -> Value {
        let mut whole = self.guild_json();
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        let (threads, channels): (Vec<&Channel>, Vec<&Channel>) =
            self.channels.iter().partition(|channel| channel.thread.is_some());
        let open = threads.into_iter().filter(|channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived));
        map.insert("joined_at".into(), json!("2024-11-01T09:00:00.000000+00:00"));
        map.insert("large".into(), json!(false));
        map.insert("unavailable".into(), json!(false));
        map.insert("member_count".into(), json!(self.members.len()));
        map.insert("voice_states".into(), json!([]));
        // Without the privileged intent Discord sends the bot's own member only.
        map.insert("members".into(), self.member(self.bot).map(member).into_iter().collect());
        map.insert("channels".into(), channels.into_iter().map(|channel| self.channel_json(channel)).collect());
        map.insert("threads".into(), open.map(|channel| self.channel_json(channel)).collect());
        for key in
            ["presences", "stage_instances", "guild_scheduled_events", "embedded_activities", "activity_instances"]
        {
            map.insert(key.into(), json!([]));
        }
        whole
    }

    /// A message. The message that it answers is included, one level deep.
    pub(crate) fn message_json(&self, message: &Message) -> Value {
        self.message_at_depth(message, true)
    }

    fn message_at_depth(&self, message: &Message, outer: bool) -> Value {
        let mut whole = json!({
            "id": message.id, "type": message.kind, "channel_id": message.channel, "author": self.user_json(message.author),
            "content": message.content, "timestamp": time(message.id.created_at()), "edited_timestamp": message.edited.map(time),
            "tts": message.tts, "mention_everyone": message.mentions.everyone,
            "mentions": message.mentions.users.iter().map(|id| self.user_json(*id)).collect::<Vec<_>>(),
            "mention_roles": message.mentions.roles,
            "attachments": message.attachments.iter().map(|file| self.attachment_json(message, file)).collect::<Vec<_>>(),
            "embeds": message.embeds.iter().map(|embed| self.embed_json(message, embed)).collect::<Vec<_>>(),
            "components": self.components_json(message), "pinned": false, "flags": message.flags, "reactions": [],
        });
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        if let Some(nonce) = &message.nonce {
            map.insert("nonce".into(), nonce.clone());
        }
        if message.author == self.bot && message.invoked.is_some() {
            map.insert("application_id".into(), json!(self.application));
            map.insert("webhook_id".into(), json!(self.application));
        }
        if let Some(metadata) = &message.metadata {
            map.insert("interaction_metadata".into(), metadata.clone());
        }
        if let Some((channel, id)) = message.reference {
            map.insert(
                "message_reference".into(),
                json!({"type": 0, "channel_id": channel, "message_id": id, "guild_id": self.guild.id}),
            );
            if outer {
                let referenced = self
                    .messages
                    .get(&id)
                    .filter(|found| found.only_for.is_none() || found.only_for == message.only_for);
                map.insert(
                    "referenced_message".into(),
                    referenced.map_or(Value::Null, |found| self.message_at_depth(found, false)),
                );
            }
        }
        if let Some(thread) = self.channels.iter().find(|channel| channel.id == message.id) {
            map.insert("thread".into(), self.channel_json(thread));
        }
        whole
    }

    /// A message as the gateway brings it.
    pub(crate) fn message_event_json(&self, message: &Message) -> Value {
        let mut whole = self.message_json(message);
        if let Some(map) = whole.as_object_mut() {
            map.insert("guild_id".into(), json!(self.guild.id));
            if let Some(author) = self.member(message.author) {
                map.insert("member".into(), partial_member(author));
            }
        }
        whole
    }

    fn attachment_json(&self, message: &Message, file: &Attachment) -> Value {
        let url = self.file_url(message, file);
        let mut whole = json!({
            "id": file.id, "filename": file.name, "size": file.size, "url": url, "proxy_url": url,
        });
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        if let Some(kind) = &file.content_type {
            map.insert("content_type".into(), json!(kind));
        }
        if let Some((width, height)) = file.picture {
            map.insert("width".into(), json!(width));
            map.insert("height".into(), json!(height));
        }
        if let Some(description) = &file.description {
            map.insert("description".into(), json!(description));
        }
        if message.only_for.is_some() {
            map.insert("ephemeral".into(), json!(true));
        }
        whole
    }

    /// Where an uploaded file is downloaded.
    pub(super) fn file_url(&self, message: &Message, file: &Attachment) -> String {
        format!("{}/attachments/{}/{}/{}", self.base_url, message.channel, file.id, file.name)
    }

    fn embed_json(&self, message: &Message, embed: &Value) -> Value {
        let mut whole = embed.clone();
        let Some(map) = whole.as_object_mut() else {
            return whole;
        };
        map.insert("type".into(), json!("rich"));
        for (part, key) in [("image", "url"), ("thumbnail", "url"), ("footer", "icon_url"), ("author", "icon_url")] {
            let Some(Value::String(url)) = map.get_mut(part).and_then(|part| part.get_mut(key)) else {
                continue;
            };
            let file = url
                .strip_prefix("attachment://")
                .and_then(|name| message.attachments.iter().find(|file| file.name == name));
            if let Some(file) = file {
                *url = self.file_url(message, file);
            }
        }
        whole
    }
}
