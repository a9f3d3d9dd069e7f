//! Whether the guild is as Botswain needs it, judged from what Discord says of it; and what people are told of what is missing.

mod permissions;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::permissions::{Overwrite, Permission, Permissions};
use super::authority::Authority;
use super::ids::{ChannelId, GuildId, Id, RoleId, UserId};
use super::policy::Policy;

/// The guild, as far as it matters to us.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The guild.
    pub guild: GuildId,
    /// The bot.
    pub me: UserId,
    /// The bot's roles.
    pub my_roles: Vec<RoleId>,
    /// Every role, with the one that everybody has (its id is the guild's).
    pub roles: Vec<RoleFacts>,
    /// The channels that the settings name, as far as they are there.
    pub channels: Vec<ChannelFacts>,
    /// Whether our commands are registered.
    pub has_commands: bool,
}

/// A role of the guild.
#[derive(Clone, Debug)]
pub struct RoleFacts {
    /// Its id.
    pub id: RoleId,
    /// Its name; from outside.
    pub name: String,
    /// What it lets its members do.
    pub permissions: Permissions,
    /// Whether anybody may mention it.
    pub mentionable: bool,
}

/// A channel, or a thread.
#[derive(Clone, Debug)]
pub struct ChannelFacts {
    /// Its id.
    pub id: ChannelId,
    /// Its name; from outside, and empty where we may not even know that.
    pub name: String,
    /// What can be done with it.
    pub kind: ChannelKind,
    /// What it allows and denies; of a thread: what its parent does. `None`: Discord does not let us see it.
    pub overwrites: Option<Vec<Overwrite>>,
}

/// What can be done with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Messages, and threads on them.
    Text,
    /// Messages.
    Thread,
    /// No messages of ours: a category, a forum, a voice channel.
    Other,
}

/// What the settings name on Discord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Channels, each once, with what for.
    pub channels: Vec<(ChannelId, Purpose)>,
    /// Roles that are mentioned, each with the channel.
    pub pinged: Vec<(RoleId, ChannelId)>,
    /// Roles that may act.
    pub acting: Vec<RoleId>,
}

/// What a channel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Alerts, each with a thread.
    Alerts,
    /// What keeps alerts out of theirs.
    Fallback,
    /// The record's mirror.
    Record,
    /// A board, for as long as somebody wants it there.
    Board,
}

impl Wanted {
    /// What these settings name.
    pub fn of(policy: &Policy, authority: &Authority, fallback: Option<ChannelId>, record: Option<ChannelId>) -> Self {
        let mut channels = vec![(policy.everywhere().alert_channel, Purpose::Alerts)];
        let mut pinged = Vec::new();
        for terms in policy.all_terms() {
            channels.push((terms.alert_channel, Purpose::Alerts));
            let roles = terms.alert_roles.iter().chain(&terms.escalation_roles);
            let places = std::iter::once(terms.alert_channel).chain(fallback);
            pinged.extend(roles.flat_map(|role| places.clone().map(|place| (*role, place))));
        }
        channels.extend(fallback.map(|channel| (channel, Purpose::Fallback)));
        channels.extend(record.map(|channel| (channel, Purpose::Record)));
        let acting = authority.roles().into_iter().collect();
        pinged.sort();
        pinged.dedup();
        let mut known = Vec::new();
        channels.retain(|(channel, _)| {
            let is_new = !known.contains(channel);
            known.push(*channel);
            is_new
        });
        Self { channels, pinged, acting }
    }

    /// These, and the channels in which boards stand.
    pub fn with_boards(&self, boards: &[ChannelId]) -> Self {
        let mut all = self.clone();
        for board in boards {
            if all.channels.iter().all(|(channel, _)| channel != board) {
                all.channels.push((*board, Purpose::Board));
            }
        }
        all
    }
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "lack")]
pub enum Lack {
    /// The bot is not in the guild.
    NotInGuild {
        /// Which one.
        guild: GuildId,
    },
    /// There is no such channel in the guild.
    NoChannel {
        /// Its id.
        channel: ChannelId,
        /// What it was to be for.
        purpose: Purpose,
    },
    /// It takes no messages: a category, a forum, a voice channel.
    NotText {
        /// Which one.
        channel: ChannelId,
        /// Its name.
        name: String,
        /// What it was to be for.
        purpose: Purpose,
    },
    /// We may not do there what we have to.
    Permissions {
        /// Where.
        channel: ChannelId,
        /// Its name.
        name: String,
        /// What it is for.
        purpose: Purpose,
        /// Whether it is a thread.
        is_thread: bool,
        /// What is missing.
        missing: Vec<Permission>,
    },
    /// There is no such role in the guild.
    NoRole {
        /// Its id.
        role: RoleId,
        /// Whether it was to be called; else it was to be allowed to act.
        called: bool,
    },
    /// It would be mentioned, and nobody would be notified.
    Unpingable {
        /// Which one.
        role: RoleId,
        /// Its name.
        name: String,
        /// Where.
        channel: ChannelId,
        /// The channel's name.
        channel_name: String,
    },
    /// Nobody can run our commands.
    NoCommands,
}

impl Lack {
    /// Whether alerts and commands work without it, and only something beside them does not.
    pub fn is_minor(&self) -> bool {
        match self {
            Self::Permissions { purpose: Purpose::Board, .. } => true,
            Self::Permissions { missing, is_thread, .. } => {
                missing.iter().all(|permission| permission.is_minor() && !permission.is_to_post(*is_thread))
            }
            _ => false,
        }
    }

    /// Whether nothing can be posted in `channel` for it.
    pub fn blocks(&self, channel: ChannelId) -> bool {
        match self {
            Self::NotInGuild { .. } => true,
            Self::NoChannel { channel: other, .. } | Self::NotText { channel: other, .. } => *other == channel,
            Self::Permissions { channel: other, missing, is_thread, .. } => {
                *other == channel && missing.iter().any(|permission| permission.is_to_post(*is_thread))
            }
            Self::NoRole { .. } | Self::Unpingable { .. } | Self::NoCommands => false,
        }
    }
}

/// What is missing, the worst first as far as one thing is worse than another.
pub fn judge(survey: &Survey, wanted: &Wanted) -> Vec<Lack> {
    let mut lacks: Vec<_> =
        wanted.channels.iter().filter_map(|(channel, purpose)| survey.channel(*channel, *purpose)).collect();
    if !survey.has_commands {
        lacks.push(Lack::NoCommands);
    }
    let known = |role: &RoleId| survey.roles.iter().find(|facts| facts.id == *role);
    let mut unknown = Vec::new();
    for (role, channel) in &wanted.pinged {
        match known(role) {
            None if unknown.contains(role) => {}
            None => {
                unknown.push(*role);
                lacks.push(Lack::NoRole { role: *role, called: true });
            }
            Some(facts) => lacks.extend(survey.unpingable(facts, *channel)),
        }
    }
    let nobody = wanted.acting.iter().filter(|role| known(role).is_none() && !unknown.contains(role));
    lacks.extend(nobody.map(|role| Lack::NoRole { role: *role, called: false }));
    lacks.sort_by_key(Lack::is_minor);
    lacks
}

impl Survey {
    /// What the bot may do in a channel.
    fn mine(&self, channel: &ChannelFacts) -> Permissions {
        let Some(overwrites) = &channel.overwrites else { return Permissions::default() };
        let held = |role: &&RoleFacts| role.id.0 == self.guild.0 || self.my_roles.contains(&role.id);
        let base = self.roles.iter().filter(held).fold(Permissions::default(), |all, role| all.and(role.permissions));
        base.in_channel(overwrites, self.guild, self.me, &self.my_roles, channel.kind == ChannelKind::Thread)
    }

    fn channel(&self, channel: ChannelId, purpose: Purpose) -> Option<Lack> {
        let is_board = purpose == Purpose::Board;
        let Some(facts) = self.channels.iter().find(|facts| facts.id == channel) else {
            // A board ends with its channel.
            return (!is_board).then_some(Lack::NoChannel { channel, purpose });
        };
        let name = facts.name.clone();
        // A board was put up from there, so that there is a chat in it.
        if facts.kind == ChannelKind::Other && !is_board {
            return Some(Lack::NotText { channel, name, purpose });
        }
        let mine = self.mine(facts);
        let missing: Vec<_> = needed(purpose, facts.kind).filter(|permission| !mine.hold(*permission)).collect();
        let is_thread = facts.kind == ChannelKind::Thread;
        (!missing.is_empty()).then_some(Lack::Permissions { channel, name, purpose, is_thread, missing })
    }

    fn unpingable(&self, role: &RoleFacts, channel: ChannelId) -> Option<Lack> {
        let facts = self.channels.iter().find(|facts| facts.id == channel)?;
        let mine = self.mine(facts);
        // Of a channel that we cannot see there is worse to say.
        let is_heard =
            role.mentionable || mine.hold(Permission::MentionEveryone) || !mine.hold(Permission::ViewChannel);
        (!is_heard).then(|| Lack::Unpingable {
            role: role.id,
            name: role.name.clone(),
            channel,
            channel_name: facts.name.clone(),
        })
    }
}

/// What has to be allowed in a channel of this kind.
fn needed(purpose: Purpose, kind: ChannelKind) -> impl Iterator<Item = Permission> {
    let is_thread = kind == ChannelKind::Thread;
    let has_threads = purpose == Purpose::Alerts && !is_thread;
    Permission::ALL.into_iter().filter(move |permission| match permission {
        Permission::ViewChannel | Permission::EmbedLinks | Permission::ReadMessageHistory => true,
        Permission::SendMessages => !is_thread,
        Permission::SendMessagesInThreads => is_thread || has_threads,
        Permission::CreatePublicThreads => has_threads,
        // People ask for histories where they look at alerts and boards.
        Permission::AttachFiles => matches!(purpose, Purpose::Alerts | Purpose::Board),
        Permission::MentionEveryone => false,
    })
}

/// What people are told of what is missing: one message, edited until nothing is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Its id.
    pub id: Id,
    /// Since when something is missing.
    pub since: Timestamp,
    /// What is.
    pub lacks: Vec<Lack>,
    /// When nothing was any more.
    pub whole_at: Option<Timestamp>,
}

/// What is to be said now, given what was said before (and is not over); `None` when there is nothing new to say.
pub fn follow(known: Option<&Setup>, lacks: Vec<Lack>, now: Timestamp) -> Option<Setup> {
    match known {
        None if lacks.is_empty() => None,
        None => Some(Setup { id: Id::random(), since: now, lacks, whole_at: None }),
        Some(known) if known.lacks == lacks => None,
        Some(known) => {
            let whole_at = lacks.is_empty().then_some(now);
            Some(Setup { lacks, whole_at, ..known.clone() })
        }
    }
}

/// Where it is said, if it does not stand yet: in the channel of alerts, or, if nothing can be posted there, in the other one.
pub fn place(lacks: &[Lack], alerts: ChannelId, fallback: Option<ChannelId>) -> ChannelId {
    let takes = |channel: ChannelId| !lacks.iter().any(|lack| lack.blocks(channel));
    if takes(alerts) { alerts } else { fallback.filter(|channel| takes(*channel)).unwrap_or(alerts) }
}

#[cfg(test)]
mod tests;
