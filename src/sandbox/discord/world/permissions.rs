//! Who may do what where. Pure. <https://docs.discord.com/developers/topics/permissions>
use super::super::snowflake::Snowflake;

pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const MANAGE_CHANNELS: u64 = 1 << 4;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const SEND_TTS: u64 = 1 << 12;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub(crate) const SEND_IN_THREADS: u64 = 1 << 38;
/// Every bit that there may be.
pub(crate) const ALL: u64 = (1 << 53) - 1;

/// What `@everyone` has in the default world.
pub(crate) const EVERYONE: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | SEND_IN_THREADS;
/// What the bot's role has in the default world: what the README asks for, and no more.
pub(crate) const BOT: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | CREATE_PUBLIC_THREADS
    | SEND_IN_THREADS;

/// A permission overwrite of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overwrite {
    /// A role's or a member's id.
    pub(crate) id: Snowflake,
    pub(crate) for_member: bool,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

/// What a member has in the guild, before any channel.
pub(crate) fn base(owner: bool, everyone: u64, roles: impl Iterator<Item = u64>) -> u64 {
    let bits = roles.fold(everyone, |all, role| all | role);
    if owner || bits & ADMINISTRATOR != 0 { ALL } else { bits }
}

/// What a member has in a channel: `@everyone`'s overwrite, then those of the roles together, then the member's own;
/// and what falls with it when the channel cannot be seen or written to.
pub(crate) fn in_channel(
    base: u64,
    overwrites: &[Overwrite],
    everyone: Snowflake,
    member: Snowflake,
    roles: &[Snowflake],
    thread: bool,
) -> u64 {
    if base & ADMINISTRATOR != 0 {
        return ALL;
    }
    let mut bits = base;
    let mut apply = |which: &dyn Fn(&Overwrite) -> bool| {
        let (allow, deny) =
            overwrites.iter().filter(|o| which(o)).fold((0, 0), |(allow, deny), o| (allow | o.allow, deny | o.deny));
        bits = (bits & !deny) | allow;
    };
    apply(&|o| !o.for_member && o.id == everyone);
    apply(&|o| !o.for_member && o.id != everyone && roles.contains(&o.id));
    apply(&|o| o.for_member && o.id == member);
    if bits & VIEW_CHANNEL == 0 {
        return 0;
    }
    let send = if thread { SEND_IN_THREADS } else { SEND_MESSAGES };
    if bits & send == 0 {
        bits &= !(MENTION_EVERYONE | SEND_TTS | ATTACH_FILES | EMBED_LINKS);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYONE_ID: Snowflake = Snowflake(1);
    const ROLE: Snowflake = Snowflake(2);
    const OTHER: Snowflake = Snowflake(3);
    const MEMBER: Snowflake = Snowflake(4);

    fn overwrite(id: Snowflake, allow: u64, deny: u64) -> Overwrite {
        Overwrite { id, for_member: id == MEMBER, allow, deny }
    }

    fn with(overwrites: &[Overwrite]) -> u64 {
        in_channel(EVERYONE, overwrites, EVERYONE_ID, MEMBER, &[ROLE, OTHER], false)
    }

    #[test]
    fn a_role_outweighs_everyone_an_allowing_role_a_denying_one_and_the_member_all() {
        let everyone = overwrite(EVERYONE_ID, 0, SEND_MESSAGES);
        assert_eq!(with(std::slice::from_ref(&everyone)) & SEND_MESSAGES, 0);
        let roles = [everyone, overwrite(ROLE, SEND_MESSAGES, 0), overwrite(OTHER, 0, SEND_MESSAGES)];
        assert_ne!(with(&roles) & SEND_MESSAGES, 0);
        let all = [roles.as_slice(), &[overwrite(MEMBER, 0, SEND_MESSAGES)]].concat();
        assert_eq!(with(&all) & SEND_MESSAGES, 0);
    }

    #[test]
    fn who_cannot_see_a_channel_can_do_nothing_there() {
        assert_eq!(with(&[overwrite(ROLE, 0, VIEW_CHANNEL)]), 0);
    }

    #[test]
    fn who_cannot_write_cannot_attach_or_call_everyone_either() {
        let bits = with(&[overwrite(MEMBER, ATTACH_FILES | MENTION_EVERYONE, SEND_MESSAGES)]);
        assert_eq!(bits & (ATTACH_FILES | MENTION_EVERYONE), 0);
        let allowed = with(&[overwrite(MEMBER, ATTACH_FILES | MENTION_EVERYONE, 0)]);
        assert_eq!(allowed & (ATTACH_FILES | MENTION_EVERYONE), ATTACH_FILES | MENTION_EVERYONE);
    }

    #[test]
    fn the_owner_and_administrators_may_everything_everywhere() {
        let hidden = [overwrite(EVERYONE_ID, 0, VIEW_CHANNEL)];
        for base in [base(true, 0, std::iter::empty()), base(false, 0, std::iter::once(ADMINISTRATOR))] {
            assert_eq!(in_channel(base, &hidden, EVERYONE_ID, MEMBER, &[], false), ALL);
        }
    }
}
