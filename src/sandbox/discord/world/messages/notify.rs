//! Who is notified of a new message.
use crate::sandbox::discord::{
    rules::message as form,
    snowflake::Snowflake,
    world::{Message, Ping, Via, World, mentions::Mentions, permissions as p},
};

impl World {
    /// Those of the mentions that exist, and `@everyone` only from one who may.
    pub(super) fn resolve(&self, found: Mentions, author: Snowflake, channel: Snowflake) -> Mentions {
        Mentions {
            users: found.users.into_iter().filter(|id| self.member(*id).is_some()).collect(),
            roles: found.roles.into_iter().filter(|id| self.role(*id).is_some()).collect(),
            everyone: found.everyone && self.may(author, channel, p::MENTION_EVERYONE),
        }
    }

    /// Records who is notified of a new message: members it names, members of roles that it may call, everybody, whom it
    /// answers. Edits never come here.
    pub(super) fn notify(&mut self, message: &Message, replied_user: bool) {
        if message.only_for.is_some() || message.flags & form::SUPPRESS_NOTIFICATIONS != 0 {
            return;
        }
        let mut found: Vec<(Snowflake, Via, Option<Snowflake>)> = Vec::new();
        found.extend(message.mentions.users.iter().map(|id| (*id, Via::User, None)));
        let calls_any = self.may(message.author, message.channel, p::MENTION_EVERYONE);
        for role in
            message.mentions.roles.iter().filter_map(|id| self.role(*id)).filter(|role| role.mentionable || calls_any)
        {
            let members = self.members.iter().filter(|member| member.roles.contains(&role.id));
            found.extend(members.map(|member| (member.id, Via::Role, Some(role.id))));
        }
        if message.mentions.everyone {
            found.extend(self.members.iter().map(|member| (member.id, Via::Everyone, None)));
        }
        if let Some(answered) = message.reference.and_then(|(_, id)| self.messages.get(&id)).filter(|_| replied_user) {
            found.push((answered.author, Via::Reply, None));
        }
        found.retain(|(user, ..)| *user != message.author && self.may(*user, message.channel, p::VIEW_CHANNEL));
        let ping = |(user_id, via, role_id)| Ping {
            message_id: message.id,
            channel_id: message.channel,
            user_id,
            via,
            role_id,
        };
        self.pings.extend(found.into_iter().map(ping));
    }
}
