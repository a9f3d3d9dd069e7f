//! The world that the stand-in starts with. Everything can be changed; the ids are fixed, so that settings can be printed.
use super::{snowflake::Snowflake, world::permissions as p};

/// A role of the seed.
#[derive(Clone, Debug)]
pub struct SeedRole {
    /// Its id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// RGB, 0 for none.
    pub color: u32,
    /// Whether anybody may mention it.
    pub mentionable: bool,
    /// Permission bits.
    pub permissions: u64,
}

/// A member of the seed.
#[derive(Clone, Debug)]
pub struct SeedMember {
    /// The user's id.
    pub id: Snowflake,
    /// The user's name.
    pub username: String,
    /// The name that people see.
    pub global_name: String,
    /// Ids of the member's roles.
    pub roles: Vec<Snowflake>,
}

/// A text channel of the seed.
#[derive(Clone, Debug)]
pub struct SeedChannel {
    /// Its id.
    pub id: Snowflake,
    /// Its name, without `#`.
    pub name: String,
    /// Its topic.
    pub topic: String,
}

/// Guild, people, roles and channels at the start.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The guild; also the id of its `@everyone` role.
    pub guild_id: Snowflake,
    /// The guild's name.
    pub guild_name: String,
    /// The bot's application.
    pub application_id: Snowflake,
    /// The bot's user.
    pub bot_user_id: Snowflake,
    /// The bot's name.
    pub bot_name: String,
    /// What the bot's own role lets it do.
    pub bot_permissions: u64,
    /// What `@everyone` may do.
    pub everyone_permissions: u64,
    /// `#bots`, where the team works.
    pub team_channel: SeedChannel,
    /// `#bots-alerts`, where alerts arrive.
    pub alert_channel: SeedChannel,
    /// Channels beside those two.
    pub further_channels: Vec<SeedChannel>,
    /// The role of those who may change things.
    pub operators: SeedRole,
    /// The role that alerts call; mentionable.
    pub on_call: SeedRole,
    /// The role of those who look.
    pub viewers: SeedRole,
    /// An operator who is on call.
    pub olga: SeedMember,
    /// A second operator.
    pub otto: SeedMember,
    /// A viewer.
    pub vera: SeedMember,
    /// The guild's owner, who has every permission and no role.
    pub adam: SeedMember,
    /// The role of those who agree as the second person, if there is one.
    pub approvers: Option<SeedRole>,
    /// Members beside those four.
    pub further_members: Vec<SeedMember>,
}

/// Ids of the seed: a fixed day, then a number, so that they read as snowflakes do.
const fn id(n: u64) -> Snowflake {
    Snowflake((310_000_000_000 << 22) | n)
}

impl Default for Seed {
    fn default() -> Self {
        let role = |n, name: &str, color, mentionable, permissions| SeedRole {
            id: id(n),
            name: name.into(),
            color,
            mentionable,
            permissions,
        };
        let member = |n, username: &str, name: &str, roles: &[Snowflake]| SeedMember {
            id: id(n),
            username: username.into(),
            global_name: name.into(),
            roles: roles.to_vec(),
        };
        let channel = |n, name: &str, topic: &str| SeedChannel { id: id(n), name: name.into(), topic: topic.into() };
        let (operators, on_call, viewers) = (id(11), id(12), id(13));
        Seed {
            guild_id: id(1),
            guild_name: "Harbour Support".into(),
            application_id: id(2),
            bot_user_id: id(3),
            bot_name: "Botswain".into(),
            bot_permissions: p::BOT,
            everyone_permissions: p::EVERYONE,
            team_channel: channel(21, "bots", "Where the team runs its connectors"),
            alert_channel: channel(22, "bots-alerts", "Where alerts arrive"),
            further_channels: Vec::new(),
            operators: role(11, "Operators", 0x2E_86_C1, false, 0),
            on_call: role(12, "On call", 0xE6_7E_22, true, 0),
            viewers: role(13, "Viewers", 0x7F_8C_8D, false, 0),
            olga: member(31, "olga", "Olga", &[operators, on_call]),
            otto: member(32, "otto", "Otto", &[operators]),
            vera: member(33, "vera", "Vera", &[viewers]),
            adam: member(34, "adam", "Adam", &[]),
            approvers: None,
            further_members: Vec::new(),
        }
    }
}

impl Seed {
    /// For the demo: with somebody besides who agrees, as the second person, to what operators ask for.
    pub fn with_an_approver() -> Self {
        let approvers =
            SeedRole { id: id(14), name: "Approvers".into(), color: 0x8E_44_AD, mentionable: false, permissions: 0 };
        let pia =
            SeedMember { id: id(35), username: "pia".into(), global_name: "Pia".into(), roles: vec![approvers.id] };
        Self { approvers: Some(approvers), further_members: vec![pia], ..Self::default() }
    }
}
