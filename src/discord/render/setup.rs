//! What is missing in the guild, and what to do about it: on Discord, in one message, and on a terminal before anything runs.

use super::message::Message;
use super::{escape, limits, words};
use crate::domain::ids::{ChannelId, RoleId};
use crate::domain::setup::{Lack, Permission, Purpose, Setup};

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

/// The one message about all that is missing. Plain text: Embed Links may be what is missing.
pub(super) fn message(setup: &Setup, reference: &str) -> Message {
    let footer = format!("-# ref {reference} · setup {}", setup.id.reference());
    if let Some(at) = setup.whole_at {
        let took = words::between(setup.since, at);
        return Message::text(&format!(
            "✅ **Botswain has all that it needs in this server.** It took {took}. `/bots status` shows the fleet.\n{footer}"
        ));
    }
    let mut text =
        "🧰 **Something is missing until Botswain can do its work here.** This message follows what you mend."
            .to_owned();
    let more = "\n… and more: `botswain check` names all of it.";
    let room = limits::CONTENT.saturating_sub(escape::length(&footer) + escape::length(more) + 1);
    let mut left_out = false;
    for of in &setup.lacks {
        let [what, remedy] = lack(of, Medium::Discord);
        let line = format!("\n{} {what} {remedy}", if of.is_minor() { "🔸" } else { "🔴" });
        if left_out || escape::length(&text) + escape::length(&line) > room {
            left_out = true;
        } else {
            text.push_str(&line);
        }
    }
    if left_out {
        text.push_str(more);
    }
    Message::text(&format!("{text}\n{footer}"))
}

/// Permissions by name.
pub(super) fn names(permissions: &[Permission], medium: Medium) -> String {
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
        Purpose::Board => "where a board stands",
    }
}

fn setting(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Alerts => "DISCORD_ALERT_CHANNEL_ID (or alert_channel_id in the file that BOTSWAIN_CONFIG names)",
        Purpose::Fallback => "DISCORD_FALLBACK_CHANNEL_ID",
        Purpose::Record => "AUDIT_CHANNEL_ID",
        // No setting: somebody puts a board up where it is wanted.
        Purpose::Board => "the board",
    }
}

/// What comes of it.
fn consequence(purpose: Purpose, missing: &[Permission], is_minor: bool) -> &'static str {
    match purpose {
        _ if missing == [Permission::AttachFiles] => "Until then `/bots history` has no picture there.",
        Purpose::Board => "Until then the board there is not kept.",
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
        use Permission::{AttachFiles, CreatePublicThreads, EmbedLinks, ReadMessageHistory, ViewChannel};
        vec![
            Lack::NotInGuild { guild: GuildId(1) },
            Lack::NoChannel { channel: ChannelId(5), purpose: Purpose::Alerts },
            Lack::NotText { channel: ChannelId(5), name: String::new(), purpose: Purpose::Record },
            permissions(Purpose::Fallback, &[ViewChannel, EmbedLinks, ReadMessageHistory]),
            permissions(Purpose::Alerts, &[ReadMessageHistory]),
            permissions(Purpose::Alerts, &[CreatePublicThreads]),
            permissions(Purpose::Alerts, &[AttachFiles]),
            permissions(Purpose::Board, &[EmbedLinks, AttachFiles]),
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
        Botswain lacks Attach Files in #alerts[2J (5), the channel of alerts.
          Allow its role that in the channel's settings, under Permissions. Until then `/bots history` has no picture there.
        Botswain lacks Embed Links and Attach Files in #alerts[2J (5), where a board stands.
          Allow its role that in the channel's settings, under Permissions. Until then the board there is not kept.
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
        Botswain lacks **Attach Files** in <#5>, the channel of alerts.
          Allow its role that in the channel's settings, under Permissions. Until then `/bots history` has no picture there.
        Botswain lacks **Embed Links** and **Attach Files** in <#5>, where a board stands.
          Allow its role that in the channel's settings, under Permissions. Until then the board there is not kept.
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

    fn setup(lacks: Vec<Lack>, whole_at: Option<i64>) -> Setup {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        Setup { id: "v0mjs9dp0dsshk5a".parse().unwrap(), since: at(60), lacks, whole_at: whole_at.map(at) }
    }

    #[test]
    fn p8_the_message_names_what_is_missing_and_pings_nobody_whom_it_names() {
        let before = message(&setup(each().split_off(9), None), "0000abcd").body();
        assert_eq!(before["allowed_mentions"], serde_json::json!({ "parse": [] }));
        assert_snapshot!(before["content"].as_str().unwrap(), @r"
        🧰 **Something is missing until Botswain can do its work here.** This message follows what you mend.
        🔴 This server has no role with the id 7, so nobody may act by it. Put it right in OPERATOR_ROLE_IDS, or in the file that BOTSWAIN_CONFIG names.
        🔴 <@&7> cannot be pinged in <#5>: an alert would name it, and notify nobody. Let anyone @mention that role (server settings, Roles), or allow Botswain **Mention @everyone, @here and All Roles** there.
        🔴 Its commands are not registered in this server, so nobody can run them. Botswain registers them when it starts, and tries until Discord takes them. If they stay away, invite it anew by the link in the README.
        -# ref 0000abcd · setup v0mjs9dp
        ");
        let after = message(&setup(Vec::new(), Some(360)), "0000abcd").body();
        assert_snapshot!(after["content"].as_str().unwrap(), @r"
        ✅ **Botswain has all that it needs in this server.** It took 5 min. `/bots status` shows the fleet.
        -# ref 0000abcd · setup v0mjs9dp
        ");
    }

    #[test]
    fn what_does_not_fit_into_a_message_is_left_out_whole_and_said_to_be_left_out() {
        let many = std::iter::repeat_with(each).take(9).flatten().collect();
        let body = message(&setup(many, None), "0000abcd").body();
        let text = body["content"].as_str().unwrap();
        assert!(escape::length(text) <= limits::CONTENT, "{text}");
        assert!(
            text.contains("and more: `botswain check`") && text.ends_with("ref 0000abcd · setup v0mjs9dp"),
            "{text}"
        );
    }
}
