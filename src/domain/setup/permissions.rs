//! What a bot may do in a channel (<https://discord.com/developers/docs/topics/permissions>).

use serde::{Deserialize, Serialize};

use crate::domain::ids::{GuildId, RoleId, UserId};

/// A permission that Botswain needs somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is named as Discord names it on screen")]
pub enum Permission {
    ViewChannel,
    SendMessages,
    SendMessagesInThreads,
    EmbedLinks,
    AttachFiles,
    ReadMessageHistory,
    CreatePublicThreads,
    MentionEveryone,
}

impl Permission {
    /// Each of them, in the order in which people are told.
    pub const ALL: [Self; 8] = [
        Self::ViewChannel,
        Self::SendMessages,
        Self::EmbedLinks,
        Self::AttachFiles,
        Self::ReadMessageHistory,
        Self::CreatePublicThreads,
        Self::SendMessagesInThreads,
        Self::MentionEveryone,
    ];

    /// As Discord's settings call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ViewChannel => "View Channel",
            Self::SendMessages => "Send Messages",
            Self::SendMessagesInThreads => "Send Messages in Threads",
            Self::EmbedLinks => "Embed Links",
            Self::AttachFiles => "Attach Files",
            Self::ReadMessageHistory => "Read Message History",
            Self::CreatePublicThreads => "Create Public Threads",
            Self::MentionEveryone => "Mention @everyone, @here and All Roles",
        }
    }

    /// Whether nothing can be posted without it.
    pub(super) fn is_to_post(self, in_thread: bool) -> bool {
        match self {
            Self::ViewChannel => true,
            Self::SendMessages => !in_thread,
            Self::SendMessagesInThreads => in_thread,
            _ => false,
        }
    }

    /// Whether alerts come without it: they have no timeline then, or may stand twice after a crash; or histories no picture.
    pub(super) fn is_minor(self) -> bool {
        matches!(
            self,
            Self::CreatePublicThreads | Self::SendMessagesInThreads | Self::ReadMessageHistory | Self::AttachFiles
        )
    }

    fn bit(self) -> u64 {
        match self {
            Self::ViewChannel => 1 << 10,
            Self::SendMessages => 1 << 11,
            Self::EmbedLinks => 1 << 14,
            Self::AttachFiles => 1 << 15,
            Self::ReadMessageHistory => 1 << 16,
            Self::MentionEveryone => 1 << 17,
            Self::CreatePublicThreads => 1 << 35,
            Self::SendMessagesInThreads => 1 << 38,
        }
    }
}

const ADMINISTRATOR: u64 = 1 << 3;

/// Permission bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(pub u64);

/// What a channel allows and denies to a role or a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwrite {
    /// The role's or the member's id.
    pub of: u64,
    /// Whether it is a member's.
    pub is_members: bool,
    /// What is allowed.
    pub allow: Permissions,
    /// What is denied.
    pub deny: Permissions,
}

impl Permissions {
    /// These and those.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether this one is among them.
    pub fn hold(self, permission: Permission) -> bool {
        self.is_administrator() || self.0 & permission.bit() != 0
    }

    fn is_administrator(self) -> bool {
        self.0 & ADMINISTRATOR != 0
    }

    /// What is left of them in a channel: everybody's overwrite first, then those of all roles together, then the member's own.
    /// Who cannot see it, or cannot write there, can do nothing else that needs that.
    pub(super) fn in_channel(
        self,
        overwrites: &[Overwrite],
        guild: GuildId,
        me: UserId,
        roles: &[RoleId],
        is_thread: bool,
    ) -> Self {
        if self.is_administrator() {
            return self;
        }
        let everybodys = |o: &&Overwrite| !o.is_members && o.of == guild.0;
        let of_roles = |o: &&Overwrite| !o.is_members && o.of != guild.0 && roles.contains(&RoleId(o.of));
        let mine = |o: &&Overwrite| o.is_members && o.of == me.0;
        let after = over(self, overwrites.iter().filter(everybodys));
        let after = over(after, overwrites.iter().filter(of_roles));
        let after = over(after, overwrites.iter().filter(mine));
        let send = if is_thread { Permission::SendMessagesInThreads } else { Permission::SendMessages };
        if !after.hold(Permission::ViewChannel) {
            Self::default()
        } else if !after.hold(send) {
            let falls = [Permission::MentionEveryone, Permission::EmbedLinks, Permission::AttachFiles];
            Self(falls.iter().fold(after.0, |left, permission| left & !permission.bit()))
        } else {
            after
        }
    }
}

fn over<'a>(before: Permissions, overwrites: impl Iterator<Item = &'a Overwrite>) -> Permissions {
    let (allow, deny) = overwrites.fold((0, 0), |(allow, deny), o| (allow | o.allow.0, deny | o.deny.0));
    Permissions((before.0 & !deny) | allow)
}
