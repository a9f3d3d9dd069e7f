//! What is missing in the guild, and what to do about it: on Discord, and on a terminal before anything runs.

use super::escape;
use crate::domain::ids::{ChannelId, RoleId};
use crate::domain::setup::{Lack, Permission, Purpose};

/// Where it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// In a message: channels and roles are mentioned, which shows their names and notifies nobody.
    Discord,
    /// In plain text: channels and roles have their name and id.
    Terminal,
}

/// What is missing, and what to do about it, in a sentence or two each.
pub fn lack(lack: &Lack, medium: Medium) -> [String; 2] {
    match lack {
        Lack::NotInGuild { guild } => [
            format!("Botswain is not in the server with the id {guild}."),
            "Invite it (the link is in the README), or set DISCORD_GUILD_ID to the server that it is in.".to_owned(),
        ],
        Lack::NoChannel { channel, purpose } => [
            format!("This server has no channel with the id {channel}, which was to be {}.", role_of(*purpose)),
            format!("Set {} to the id of a channel of this server.", setting(*purpose)),
        ],
        Lack::NotText { channel, name, purpose } => [
            format!("What was to be {} is no text channel: {}.", role_of(*purpose), medium.channel(*channel, name)),
            format!("Set {} to the id of a text channel.", setting(*purpose)),
        ],
        Lack::Permissions { channel, name, purpose, missing, .. } => [
            format!(
                "Botswain lacks {} in {}, {}.",
                names(missing, medium),
                medium.channel(*channel, name),
                role_of(*purpose)
            ),
            format!(
                "Allow its role that in the channel's settings, under Permissions. {}",
                consequence(*purpose, missing, lack.is_minor())
            ),
        ],
        Lack::NoRole { role, called } => {
            let (settings, what) = if *called {
                ("ALERT_ROLE_IDS and ESCALATION_ROLE_IDS", "nobody is called by it")
            } else {
                ("OPERATOR_ROLE_IDS", "nobody may act by it")
            };
            [
                format!("This server has no role with the id {role}, so {what}."),
                format!("Put it right in {settings}, or in the file that BOTSWAIN_CONFIG names."),
            ]
        }
        Lack::Unpingable { role, name, channel, channel_name } => [
            format!(
                "{} cannot be pinged in {}: an alert would name it, and notify nobody.",
                medium.role(*role, name),
                medium.channel(*channel, channel_name)
            ),
            format!(
                "Let anyone @mention that role (server settings, Roles), or allow Botswain {} there.",
                names(&[Permission::MentionEveryone], medium)
            ),
        ],
        Lack::NoCommands => [
            "Its commands are not registered in this server, so nobody can run them.".to_owned(),
            "Botswain registers them when it starts, and tries until Discord takes them. If they stay away, invite it anew \
             by the link in the README."
                .to_owned(),
        ],
    }
}

/// Permissions by name, as a refusal or a lack lists them.
fn names(permissions: &[Permission], medium: Medium) -> String {
    let names: Vec<_> = permissions.iter().map(|permission| medium.strong(permission.name())).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn role_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Alerts => "the channel of alerts",
        Purpose::Fallback => "the fallback channel",
        Purpose::Record => "the channel that mirrors the audit",
    }
}

fn setting(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Alerts => "DISCORD_ALERT_CHANNEL_ID (or alert_channel_id in the file that BOTSWAIN_CONFIG names)",
        Purpose::Fallback => "DISCORD_FALLBACK_CHANNEL_ID",
        Purpose::Record => "AUDIT_CHANNEL_ID",
    }
}

/// What comes of it.
fn consequence(purpose: Purpose, missing: &[Permission], is_minor: bool) -> &'static str {
    match purpose {
        _ if is_minor && missing.contains(&Permission::ReadMessageHistory) => {
            "Until then a message may stand twice there after a crash."
        }
        _ if is_minor => "Until then alerts come without their timelines.",
        Purpose::Alerts | Purpose::Fallback => "Until then no alert is seen there.",
        Purpose::Record => "Until then no record is seen there.",
    }
}

impl Medium {
    fn strong(self, text: &str) -> String {
        match self {
            Self::Discord => format!("**{text}**"),
            Self::Terminal => text.to_owned(),
        }
    }

    fn channel(self, id: ChannelId, name: &str) -> String {
        match self {
            Self::Discord => format!("<#{id}>"),
            Self::Terminal if name.is_empty() => format!("the channel {id}"),
            Self::Terminal => format!("#{} ({id})", escape::label(name, escape::NAME)),
        }
    }

    fn role(self, id: RoleId, name: &str) -> String {
        match self {
            Self::Discord => format!("<@&{id}>"),
            Self::Terminal => format!("@{} ({id})", escape::label(name, escape::NAME)),
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::domain::ids::GuildId;

    fn each() -> Vec<Lack> {
        let permissions = |purpose, missing: &[Permission]| Lack::Permissions {
            channel: ChannelId(5),
            name: "alerts\u{1b}[2J".into(),
            purpose,
            is_thread: false,
            missing: missing.to_vec(),
        };
        use Permission::{CreatePublicThreads, EmbedLinks, ReadMessageHistory, ViewChannel};
        vec![
            Lack::NotInGuild { guild: GuildId(1) },
            Lack::NoChannel { channel: ChannelId(5), purpose: Purpose::Alerts },
            Lack::NotText { channel: ChannelId(5), name: String::new(), purpose: Purpose::Record },
            permissions(Purpose::Fallback, &[ViewChannel, EmbedLinks, ReadMessageHistory]),
            permissions(Purpose::Alerts, &[ReadMessageHistory]),
            permissions(Purpose::Alerts, &[CreatePublicThreads]),
            Lack::NoRole { role: RoleId(7), called: true },
            Lack::NoRole { role: RoleId(7), called: false },
            Lack::Unpingable {
                role: RoleId(7),
                name: "On call".into(),
                channel: ChannelId(5),
                channel_name: "alerts".into(),
            },
            Lack::NoCommands,
        ]
    }

    fn all(medium: Medium) -> String {
        each().iter().map(|of| lack(of, medium).join("\n  ")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_lack_is_named_with_what_to_do_on_a_terminal() {
        assert_snapshot!(all(Medium::Terminal), @r"
        Botswain is not in the server with the id 1.
          Invite it (the link is in the README), or set DISCORD_GUILD_ID to the server that it is in.
        This server has no channel with the id 5, which was to be the channel of alerts.
          Set DISCORD_ALERT_CHANNEL_ID (or alert_channel_id in the file that BOTSWAIN_CONFIG names) to the id of a channel of this server.
        What was to be the channel that mirrors the audit is no text channel: the channel 5.
          Set AUDIT_CHANNEL_ID to the id of a text channel.
        Botswain lacks View Channel, Embed Links and Read Message History in #alerts[2J (5), the fallback channel.
          Allow its role that in the channel's settings, under Permissions. Until then no alert is seen there.
        Botswain lacks Read Message History in #alerts[2J (5), the channel of alerts.
          Allow its role that in the channel's settings, under Permissions. Until then a message may stand twice there after a crash.
        Botswain lacks Create Public Threads in #alerts[2J (5), the channel of alerts.
          Allow its role that in the channel's settings, under Permissions. Until then alerts come without their timelines.
        This server has no role with the id 7, so nobody is called by it.
          Put it right in ALERT_ROLE_IDS and ESCALATION_ROLE_IDS, or in the file that BOTSWAIN_CONFIG names.
        This server has no role with the id 7, so nobody may act by it.
          Put it right in OPERATOR_ROLE_IDS, or in the file that BOTSWAIN_CONFIG names.
        @On call (7) cannot be pinged in #alerts (5): an alert would name it, and notify nobody.
          Let anyone @mention that role (server settings, Roles), or allow Botswain Mention @everyone, @here and All Roles there.
        Its commands are not registered in this server, so nobody can run them.
          Botswain registers them when it starts, and tries until Discord takes them. If they stay away, invite it anew by the link in the README.
        ");
    }

    #[test]
    fn each_lack_is_named_with_what_to_do_on_discord() {
        assert_snapshot!(all(Medium::Discord), @r"
        Botswain is not in the server with the id 1.
          Invite it (the link is in the README), or set DISCORD_GUILD_ID to the server that it is in.
        This server has no channel with the id 5, which was to be the channel of alerts.
          Set DISCORD_ALERT_CHANNEL_ID (or alert_channel_id in the file that BOTSWAIN_CONFIG names) to the id of a channel of this server.
        What was to be the channel that mirrors the audit is no text channel: <#5>.
          Set AUDIT_CHANNEL_ID to the id of a text channel.
        Botswain lacks **View Channel**, **Embed Links** and **Read Message History** in <#5>, the fallback channel.
          Allow its role that in the channel's settings, under Permissions. Until then no alert is seen there.
        Botswain lacks **Read Message History** in <#5>, the channel of alerts.
          Allow its role that in the channel's settings, under Permissions. Until then a message may stand twice there after a crash.
        Botswain lacks **Create Public Threads** in <#5>, the channel of alerts.
          Allow its role that in the channel's settings, under Permissions. Until then alerts come without their timelines.
        This server has no role with the id 7, so nobody is called by it.
          Put it right in ALERT_ROLE_IDS and ESCALATION_ROLE_IDS, or in the file that BOTSWAIN_CONFIG names.
        This server has no role with the id 7, so nobody may act by it.
          Put it right in OPERATOR_ROLE_IDS, or in the file that BOTSWAIN_CONFIG names.
        <@&7> cannot be pinged in <#5>: an alert would name it, and notify nobody.
          Let anyone @mention that role (server settings, Roles), or allow Botswain **Mention @everyone, @here and All Roles** there.
        Its commands are not registered in this server, so nobody can run them.
          Botswain registers them when it starts, and tries until Discord takes them. If they stay away, invite it anew by the link in the README.
        ");
    }
}
