//! Who acts, and whether it is our guild: read from the interaction itself, never remembered.

use jiff::{SignedDuration, Timestamp};
use serenity::http::Http;
use serenity::model::Permissions;
use serenity::model::application::{CommandInteraction, ComponentInteraction, ModalInteraction};
use serenity::model::channel::{ChannelType, PartialChannel};
use serenity::model::guild::Member as GuildMember;
use serenity::model::id;
use serenity::model::user::User;

use super::answer::Reply;
use crate::discord_api::caused_at;
use crate::domain::authority::Member;
use crate::domain::ids::{ChannelId, GuildId, RoleId, UserId};
use crate::domain::setup::{Permission, Permissions as Bits};
use crate::operations::Asker;

/// An interaction as the front needs it.
pub(super) struct Incoming<'a> {
    pub(super) reply: Reply<'a>,
    pub(super) asker: Asker,
    /// Whether it came from our guild, from a member of it.
    pub(super) is_ours: bool,
    /// What we lack to post in its channel, as Discord says with the interaction.
    pub(super) lacks: Vec<Permission>,
    /// Whether Discord says that no file may be attached there.
    pub(super) lacks_files: bool,
}

impl<'a> Incoming<'a> {
    pub(super) fn command(guild: GuildId, http: &'a Http, from: &'a CommandInteraction) -> Self {
        let from_where = (from.guild_id, from.channel_id);
        Self::new(
            guild,
            Reply::new(http, from.id, &from.token),
            from.id,
            from_where,
            from.member.as_deref(),
            &from.user,
        )
        .judged(from.app_permissions, from.channel.as_ref())
    }

    pub(super) fn component(guild: GuildId, http: &'a Http, from: &'a ComponentInteraction) -> Self {
        let from_where = (from.guild_id, from.channel_id);
        Self::new(guild, Reply::new(http, from.id, &from.token), from.id, from_where, from.member.as_ref(), &from.user)
            .judged(from.app_permissions, from.channel.as_ref())
    }

    pub(super) fn modal(guild: GuildId, http: &'a Http, from: &'a ModalInteraction) -> Self {
        let from_where = (from.guild_id, from.channel_id);
        Self::new(guild, Reply::new(http, from.id, &from.token), from.id, from_where, from.member.as_ref(), &from.user)
            .judged(from.app_permissions, from.channel.as_ref())
    }

    fn new(
        ours: GuildId,
        reply: Reply<'a>,
        interaction: id::InteractionId,
        (guild, channel): (Option<id::GuildId>, id::ChannelId),
        member: Option<&GuildMember>,
        user: &User,
    ) -> Self {
        let asker =
            Asker { member: judged(member, user), channel: ChannelId(channel.get()), interaction: interaction.get() };
        let is_ours = guild.is_some_and(|guild| guild.get() == ours.0) && member.is_some();
        Self { reply, asker, is_ours, lacks: Vec::new(), lacks_files: false }
    }

    /// Whether it was caused a moment ago by our clock, so that there is time to answer it with its outcome. What comes late
    /// must be acknowledged before anything is done: Discord may have told the person that it failed.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.asker.interaction, now)
    }

    fn judged(self, ours: Option<Permissions>, channel: Option<&PartialChannel>) -> Self {
        let lacks_files = ours.is_some_and(|ours| !Bits(ours.bits()).hold(Permission::AttachFiles));
        Self { lacks: lacks(ours, channel), lacks_files, ..self }
    }
}

fn is_fresh(interaction: u64, now: Timestamp) -> bool {
    now.duration_since(caused_at(interaction)) < SignedDuration::from_millis(1500)
}

/// What our own message needs and lacks; what Discord does not say is found out by posting.
fn lacks(ours: Option<Permissions>, channel: Option<&PartialChannel>) -> Vec<Permission> {
    use ChannelType::{NewsThread, PrivateThread, PublicThread};
    let in_thread = channel.is_some_and(|channel| matches!(channel.kind, NewsThread | PrivateThread | PublicThread));
    let send = if in_thread { Permission::SendMessagesInThreads } else { Permission::SendMessages };
    let needed = [Permission::ViewChannel, send, Permission::EmbedLinks];
    let Some(ours) = ours.map(|ours| Bits(ours.bits())) else { return Vec::new() };
    needed.into_iter().filter(|permission| !ours.hold(*permission)).collect()
}

/// The member as authority is judged by: what Discord did not say is unknown, and unknown is "no".
fn judged(member: Option<&GuildMember>, user: &User) -> Member {
    let named = member.map(|member| member.display_name()).unwrap_or_else(|| user.display_name());
    Member {
        id: UserId(user.id.get()),
        name: named.to_owned(),
        roles: member.map(|member| member.roles.iter().map(|role| RoleId(role.get())).collect()).unwrap_or_default(),
        manages_guild: member.and_then(|member| member.permissions).map(|p| p.manage_guild() || p.administrator()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_is_not_fresh() {
        // Discord's own example of a snowflake (developers/docs/reference#snowflakes).
        let (interaction, caused) = (175_928_847_299_117_063, "2016-04-30T11:18:25.796Z".parse::<Timestamp>().unwrap());
        let later = |ms| caused.saturating_add(SignedDuration::from_millis(ms)).unwrap();
        assert!(is_fresh(interaction, caused) && is_fresh(interaction, later(1_499)));
        assert!(!is_fresh(interaction, later(1_500)) && !is_fresh(interaction, later(20_000)));
        assert!(is_fresh(interaction, later(-700)), "clocks differ a little");
    }

    #[test]
    fn what_a_message_of_ours_lacks_is_named_and_what_discord_does_not_say_is_not() {
        let all = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES | Permissions::EMBED_LINKS;
        assert_eq!(lacks(Some(all), None), []);
        assert_eq!(lacks(Some(Permissions::ADMINISTRATOR), None), []);
        assert_eq!(lacks(None, None), []);
        let missing = lacks(Some(all - Permissions::EMBED_LINKS - Permissions::SEND_MESSAGES), None);
        assert_eq!(missing, [Permission::SendMessages, Permission::EmbedLinks]);
    }
}
