//! What is missing, and what is not.

use std::collections::BTreeMap;

use super::*;
use crate::domain::authority::{Grants, OwnGrants, Right};
use crate::domain::connector::Environment;
use crate::domain::ids::BotId;
use crate::domain::policy::Terms;

const GUILD: GuildId = GuildId(1);
const MINE: RoleId = RoleId(2);
const ON_CALL: RoleId = RoleId(3);
const ME: UserId = UserId(4);
const ALERTS: ChannelId = ChannelId(5);

/// What the README's link asks for.
fn link() -> u64 {
    let (_, after) = include_str!("../../../README.md").split_once("&permissions=").unwrap();
    after.split_once('`').unwrap().0.parse().unwrap()
}

fn role(id: RoleId, permissions: u64, mentionable: bool) -> RoleFacts {
    RoleFacts { id, name: format!("role {id}"), permissions: Permissions(permissions), mentionable }
}

fn survey() -> Survey {
    let text = |id| ChannelFacts { id, name: "alerts".into(), kind: ChannelKind::Text, overwrites: Some(Vec::new()) };
    Survey {
        guild: GUILD,
        me: ME,
        my_roles: vec![MINE],
        roles: vec![role(RoleId(GUILD.0), 0, false), role(MINE, link(), false), role(ON_CALL, 0, true)],
        channels: vec![text(ALERTS)],
        has_commands: true,
    }
}

fn wanted() -> Wanted {
    Wanted { channels: vec![(ALERTS, Purpose::Alerts)], pinged: vec![(ON_CALL, ALERTS)], acting: vec![ON_CALL] }
}

fn overwrite(of: u64, is_members: bool, deny: u64) -> Overwrite {
    Overwrite { of, is_members, allow: Permissions(0), deny: Permissions(deny) }
}

fn missing(with: Overwrite) -> Vec<Permission> {
    let mut survey = survey();
    survey.channels[0].overwrites = Some(vec![with]);
    match judge(&survey, &wanted()).as_slice() {
        [] => Vec::new(),
        [Lack::Permissions { missing, .. }] => missing.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_invitations_link_is_enough() {
    assert_eq!(judge(&survey(), &wanted()), []);
}

#[test]
fn each_missing_permission_is_named_and_what_falls_with_it() {
    use Permission::{
        AttachFiles, CreatePublicThreads, EmbedLinks, ReadMessageHistory, SendMessages, SendMessagesInThreads,
        ViewChannel,
    };
    assert_eq!(missing(overwrite(GUILD.0, false, 1 << 14)), [EmbedLinks]);
    assert_eq!(missing(overwrite(MINE.0, false, 1 << 16)), [ReadMessageHistory]);
    assert_eq!(missing(overwrite(ME.0, true, 1 << 35)), [CreatePublicThreads]);
    assert_eq!(missing(overwrite(ME.0, true, 1 << 11)), [SendMessages, EmbedLinks, AttachFiles]);
    assert_eq!(missing(overwrite(ME.0, true, 1 << 15)), [AttachFiles]);
    let all = [
        ViewChannel,
        SendMessages,
        EmbedLinks,
        AttachFiles,
        ReadMessageHistory,
        CreatePublicThreads,
        SendMessagesInThreads,
    ];
    assert_eq!(missing(overwrite(ME.0, true, 1 << 10)), all);
    assert_eq!(missing(overwrite(ME.0, false, 1 << 10)), [], "a role of that number is not me");
    assert_eq!(missing(overwrite(77, false, 1 << 10)), [], "a role that I do not have");
}

#[test]
fn an_overwrite_of_mine_outweighs_my_roles_and_theirs_outweigh_everybodys() {
    let mut survey = survey();
    let allow = |of, is_members| Overwrite { allow: Permissions(1 << 10), ..overwrite(of, is_members, 0) };
    let deny = |of, is_members| overwrite(of, is_members, 1 << 10);
    for (overwrites, seen) in [
        (vec![deny(GUILD.0, false), allow(MINE.0, false)], true),
        (vec![allow(GUILD.0, false), deny(MINE.0, false)], false),
        (vec![deny(MINE.0, false), allow(ME.0, true)], true),
        (vec![allow(MINE.0, false), deny(ME.0, true)], false),
    ] {
        survey.channels[0].overwrites = Some(overwrites.clone());
        assert_eq!(judge(&survey, &wanted()).is_empty(), seen, "{overwrites:?}");
    }
}

#[test]
fn an_administrator_lacks_nothing_anywhere() {
    let mut survey = survey();
    survey.roles[1].permissions = Permissions(1 << 3);
    survey.roles[2].mentionable = false;
    survey.channels[0].overwrites = Some(vec![overwrite(ME.0, true, u64::MAX)]);
    assert_eq!(judge(&survey, &wanted()), []);
}

#[test]
fn a_role_that_nobody_may_mention_is_named_with_its_channel_unless_we_may_mention_all() {
    let mut survey = survey();
    survey.roles[2].mentionable = false;
    let lacks = judge(&survey, &wanted());
    assert!(matches!(lacks.as_slice(), [Lack::Unpingable { role: ON_CALL, channel: ALERTS, .. }]), "{lacks:?}");
    survey.roles[1].permissions = Permissions(link() | 1 << 17);
    assert_eq!(judge(&survey, &wanted()), []);
}

#[test]
fn what_is_not_there_is_named_once() {
    let mut survey = survey();
    survey.roles.pop();
    survey.channels.clear();
    survey.has_commands = false;
    let wanted = Wanted { pinged: vec![(ON_CALL, ALERTS), (ON_CALL, ChannelId(6))], ..wanted() };
    let expected = [
        Lack::NoChannel { channel: ALERTS, purpose: Purpose::Alerts },
        Lack::NoCommands,
        Lack::NoRole { role: ON_CALL, called: true },
    ];
    assert_eq!(judge(&survey, &wanted), expected);
}

#[test]
fn a_category_takes_no_alerts_and_a_channel_that_we_cannot_see_lacks_everything() {
    let mut survey = survey();
    survey.channels[0].kind = ChannelKind::Other;
    assert!(matches!(judge(&survey, &wanted()).as_slice(), [Lack::NotText { .. }]));
    survey.channels[0].kind = ChannelKind::Text;
    survey.channels[0].overwrites = None;
    let lacks = judge(&survey, &wanted());
    assert!(matches!(lacks.as_slice(), [Lack::Permissions { missing, .. }] if missing.len() == 7), "{lacks:?}");
    assert!(lacks[0].blocks(ALERTS) && !lacks[0].blocks(ChannelId(6)) && !lacks[0].is_minor());
}

#[test]
fn a_thread_needs_the_right_to_write_in_threads_and_no_threads_of_its_own() {
    let mut survey = survey();
    survey.channels[0].kind = ChannelKind::Thread;
    survey.channels[0].overwrites = Some(vec![overwrite(ME.0, true, 1 << 11 | 1 << 35)]);
    assert_eq!(judge(&survey, &wanted()), []);
    survey.channels[0].overwrites = Some(vec![overwrite(ME.0, true, 1 << 38)]);
    let lacks = judge(&survey, &wanted());
    assert!(lacks[0].blocks(ALERTS) && !lacks[0].is_minor(), "{lacks:?}");
    survey.channels[0].kind = ChannelKind::Text;
    let lacks = judge(&survey, &wanted());
    assert!(!lacks[0].blocks(ALERTS) && lacks[0].is_minor(), "{lacks:?}");
}

#[test]
fn the_settings_name_each_channel_once_for_the_more_important_purpose() {
    let production = Environment::new("production");
    let terms = Terms { alert_channel: ALERTS, alert_roles: vec![ON_CALL], ..Terms::default() };
    let policy = Policy::new(terms, vec![production.clone()], BTreeMap::new());
    let bot = BotId::new("billing");
    let by_right = BTreeMap::from([(Right::Mute, vec![RoleId(7)])]);
    let of_bot = Grants { operators: None, by_right };
    let own = OwnGrants { all: Grants::to(&[RoleId(9), RoleId(8)]), bots: BTreeMap::from([(bot, of_bot)]) };
    let places = BTreeMap::from([(production, own)]);
    let authority = Authority { everywhere: Grants::to(&[RoleId(9)]), places };
    let wanted = Wanted::of(&policy, &authority, Some(ChannelId(6)), Some(ALERTS));
    assert_eq!(wanted.channels, [(ALERTS, Purpose::Alerts), (ChannelId(6), Purpose::Fallback)]);
    assert_eq!(wanted.pinged, [(ON_CALL, ALERTS), (ON_CALL, ChannelId(6))]);
    assert_eq!(wanted.acting, [RoleId(7), RoleId(8), RoleId(9)]);
}

#[test]
fn where_a_board_stands_it_has_to_be_kept_and_nothing_waits_for_one_whose_channel_is_gone() {
    let board = ChannelId(7);
    let wanted = wanted().with_boards(&[ALERTS, board, board]);
    assert_eq!(wanted.channels, [(ALERTS, Purpose::Alerts), (board, Purpose::Board)]);
    let mut survey = survey();
    assert_eq!(judge(&survey, &wanted), [], "it ends with its channel");
    let overwrites = Some(vec![overwrite(ME.0, true, 1 << 14)]);
    survey.channels.push(ChannelFacts { id: board, name: "ops".into(), kind: ChannelKind::Other, overwrites });
    let lacks = judge(&survey, &wanted);
    let expected = |lack: &Lack| matches!(lack, Lack::Permissions { channel, missing, .. } if *channel == board && *missing == [Permission::EmbedLinks]);
    assert!(lacks.len() == 1 && expected(&lacks[0]) && lacks[0].is_minor(), "{lacks:?}");
}

#[test]
fn one_message_follows_what_is_missing_until_nothing_is() {
    let at = |second| Timestamp::from_second(second).unwrap();
    assert_eq!(follow(None, Vec::new(), at(1)), None);
    let said = follow(None, vec![Lack::NoCommands, Lack::NotInGuild { guild: GUILD }], at(1)).unwrap();
    assert_eq!(follow(Some(&said), said.lacks.clone(), at(2)), None);
    let fewer = follow(Some(&said), vec![Lack::NoCommands], at(3)).unwrap();
    assert_eq!((&fewer.id, fewer.since, fewer.whole_at), (&said.id, at(1), None));
    let whole = follow(Some(&fewer), Vec::new(), at(4)).unwrap();
    assert_eq!((&whole.id, whole.whole_at), (&said.id, Some(at(4))));
}

#[test]
fn it_is_said_elsewhere_only_if_it_cannot_be_said_where_alerts_come_and_can_be_there() {
    let other = ChannelId(6);
    let gone = |channel| Lack::NoChannel { channel, purpose: Purpose::Alerts };
    assert_eq!(place(&[Lack::NoCommands], ALERTS, Some(other)), ALERTS);
    assert_eq!(place(&[gone(ALERTS)], ALERTS, Some(other)), other);
    assert_eq!(place(&[gone(ALERTS), gone(other)], ALERTS, Some(other)), ALERTS);
    assert_eq!(place(&[gone(ALERTS)], ALERTS, None), ALERTS);
}
