//! The events that the stand-in's gateway sends: one list, so that a test can ask whether all of them were decoded.
//! <https://docs.discord.com/developers/events/gateway-events#receive-events>

macro_rules! kinds {
    ($($kind:ident = $name:literal,)*) => {
        /// An event of the gateway, by its kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "they are Discord's own")]
        pub enum EventKind {
            $($kind,)*
        }

        impl EventKind {
            /// All that the stand-in ever sends.
            pub const ALL: &[EventKind] = &[$(EventKind::$kind,)*];

            /// What stands in an event's `t`.
            pub fn name(self) -> &'static str {
                match self {
                    $(EventKind::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    Ready = "READY",
    Resumed = "RESUMED",
    GuildCreate = "GUILD_CREATE",
    GuildMemberUpdate = "GUILD_MEMBER_UPDATE",
    GuildMemberRemove = "GUILD_MEMBER_REMOVE",
    GuildMembersChunk = "GUILD_MEMBERS_CHUNK",
    ChannelCreate = "CHANNEL_CREATE",
    ChannelUpdate = "CHANNEL_UPDATE",
    ChannelDelete = "CHANNEL_DELETE",
    ThreadCreate = "THREAD_CREATE",
    ThreadUpdate = "THREAD_UPDATE",
    ThreadDelete = "THREAD_DELETE",
    MessageCreate = "MESSAGE_CREATE",
    MessageUpdate = "MESSAGE_UPDATE",
    MessageDelete = "MESSAGE_DELETE",
    TypingStart = "TYPING_START",
    InteractionCreate = "INTERACTION_CREATE",
}
