//! How many conversations a connector may have, and how many connectors would do.

/// The most conversations of a connector at a time: what is over it is not assigned to the bot (the newest pages of
/// LivePerson's documentation; third-party bots' guides name it too).
pub const MOST_CONVERSATIONS: u32 = 999;
