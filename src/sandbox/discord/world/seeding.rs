//! The world as a `Seed` describes it.
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{Channel, Guild, Member, Role, TEXT, World};
use crate::sandbox::discord::{
    rules,
    seed::{Seed, SeedChannel, SeedMember, SeedRole},
    snowflake::{Snowflake, Snowflakes},
};

impl World {
    /// The world at its start. The guild belongs to adam.
    pub(crate) fn new(seed: &Seed) -> Self {
        let bot_role = Snowflake(seed.bot_user_id.0 | (1 << 20));
        let mut roles = vec![
            Role {
                id: seed.guild_id,
                name: "@everyone".into(),
                color: 0,
                mentionable: false,
                permissions: seed.everyone_permissions,
                managed: false,
            },
            Role {
                id: bot_role,
                name: seed.bot_name.clone(),
                color: 0,
                mentionable: false,
                permissions: seed.bot_permissions,
                managed: true,
            },
        ];
        roles.extend([&seed.viewers, &seed.on_call, &seed.operators].map(role));
        roles.extend(seed.approvers.iter().map(role));
        let bot = Member {
            id: seed.bot_user_id,
            username: seed.bot_name.clone(),
            global_name: String::new(),
            bot: true,
            roles: vec![bot_role],
        };
        let mut members: Vec<Member> = [&seed.olga, &seed.otto, &seed.vera, &seed.adam].map(member).into();
        members.extend(seed.further_members.iter().map(member));
        members.push(bot);
        let mut channels: Vec<Channel> = [&seed.team_channel, &seed.alert_channel].map(channel).into();
        channels.extend(seed.further_channels.iter().map(channel));
        World {
            guild: Guild { id: seed.guild_id, name: seed.guild_name.clone(), owner: seed.adam.id },
            application: seed.application_id,
            bot: seed.bot_user_id,
            bot_name: seed.bot_name.clone(),
            roles,
            members,
            channels,
            messages: BTreeMap::new(),
            files: HashMap::new(),
            commands: Vec::new(),
            interactions: BTreeMap::new(),
            tokens: HashMap::new(),
            nonces: HashMap::new(),
            nonce_memory: Duration::from_secs(rules::NONCE_SECONDS),
            pings: Vec::new(),
            ids: Snowflakes::default(),
            base_url: String::new(),
            effects: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

fn role(seed: &SeedRole) -> Role {
    let SeedRole { id, name, color, mentionable, permissions } = seed.clone();
    Role { id, name, color, mentionable, permissions, managed: false }
}

fn member(seed: &SeedMember) -> Member {
    let SeedMember { id, username, global_name, roles } = seed.clone();
    Member { id, username, global_name, bot: false, roles }
}

fn channel(seed: &SeedChannel) -> Channel {
    let SeedChannel { id, name, topic } = seed.clone();
    Channel {
        id,
        name,
        kind: TEXT,
        topic,
        parent: None,
        overwrites: Vec::new(),
        thread: None,
        last_message: None,
        old_edits: Vec::new(),
    }
}
