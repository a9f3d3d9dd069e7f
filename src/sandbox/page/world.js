// What the page knows of the guild, as the chosen person sees it: people, roles, channels, commands, messages.

import { Refused, discord } from "./control.js";

export const THINKING = 1 << 7;
const CATEGORY = 4;
const THREADS = [10, 11, 12];

export class World {
  constructor() {
    this.me = null;
    this.guild = { id: "0", name: "Sandbox" };
    this.application = null;
    this.commands = [];
    this.members = new Map();
    this.roles = new Map();
    this.channels = new Map();
    this.connected = true;
    this.messages = new Map();
    this.dismissed = new Set();
    this.readUntil = new Map();
    this.openedAt = Date.now();
    // Goes up when names may have changed.
    this.version = 0;
  }

  // `wanted` is a member's id or user name; without one, the first person of the guild. The page does not know whom
  // there is to be before it has asked, so a name costs a second question. False: `current()` says that it is no longer wanted.
  async load(wanted, current = () => true) {
    const ask = (as) => discord("GET", `/state${as ? `?as=${as}` : ""}`);
    let state = await ask(/^\d+$/.test(wanted ?? "") ? wanted : null);
    const people = state.members.filter((member) => !member.user.bot);
    const me = people.find((member) => [member.user.id, member.user.username].includes(wanted)) ?? people[0];
    if (!me) throw new Refused("There is nobody in this guild to be.", 0);
    if (me.user.id !== wanted) state = await ask(me.user.id);
    const visible = state.channels.filter((channel) => channel.visible !== false && channel.type !== CATEGORY);
    const lists = await Promise.all(
      visible.map((channel) => discord("GET", `/channels/${channel.id}/messages?as=${me.user.id}`)),
    );
    if (!current()) return false;
    this.take(state);
    this.me = this.members.get(me.user.id);
    this.messages = new Map(
      visible.map((channel, n) => [channel.id, new Map(lists[n].map((message) => [message.id, message]))]),
    );
    return true;
  }

  take(state) {
    this.version += 1;
    this.guild = state.guild;
    this.application = state.application;
    this.commands = state.commands ?? [];
    this.connected = state.connected !== false;
    this.roles = new Map(state.roles.map((role) => [role.id, role]));
    this.members = new Map(state.members.map((member) => [member.user.id, member]));
    this.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  }

  people() {
    return [...this.members.values()].filter((member) => !member.user.bot);
  }

  // Channels in the order in which they are listed: each text channel, then its threads.
  channelList() {
    const seen = [...this.channels.values()].filter(
      (channel) => channel.visible !== false && channel.type !== CATEGORY,
    );
    const threads = seen.filter((channel) => THREADS.includes(channel.type));
    return seen
      .filter((channel) => !THREADS.includes(channel.type))
      .sort((one, other) => (one.position ?? 0) - (other.position ?? 0) || compareIds(one.id, other.id))
      .flatMap((channel) => [
        channel,
        ...threads.filter((thread) => thread.parent_id === channel.id && !thread.archived),
      ]);
  }

  isThread(channel) {
    return THREADS.includes(channel?.type);
  }

  messagesOf(channelId) {
    const all = [...(this.messages.get(channelId)?.values() ?? [])];
    return all.filter((message) => !this.dismissed.has(message.id)).sort((one, other) => compareIds(one.id, other.id));
  }

  // Takes a message in. `ifNew`: the copy in a call's answer may be older than what an event brought meanwhile.
  put(message, { ifNew = false } = {}) {
    let channel = this.messages.get(message.channel_id);
    if (!channel) this.messages.set(message.channel_id, (channel = new Map()));
    const known = channel.get(message.id);
    if (known && ifNew) return false;
    channel.set(message.id, known ? { ...known, ...message } : message);
    return true;
  }

  remove(channelId, messageId) {
    return this.messages.get(channelId)?.delete(messageId) ?? false;
  }

  roleNames(member) {
    const names = member.roles.map((id) => this.roles.get(id)?.name).filter((name) => name && name !== "@everyone");
    if (member.user.id === this.guild.owner_id) names.unshift("Owner");
    return names;
  }

  nameOf(user) {
    const member = this.members.get(user?.id);
    return (
      member?.nick ??
      user?.global_name ??
      member?.user.global_name ??
      user?.username ??
      member?.user.username ??
      "unknown"
    );
  }

  colourOf(userId) {
    const colours = (this.members.get(userId)?.roles ?? []).map((id) => this.roles.get(id)?.color).filter(Boolean);
    return colours.length ? `#${colours[0].toString(16).padStart(6, "0")}` : null;
  }

  // Was I notified by this message?
  pingsMe(message) {
    if (message.author?.id === this.me.user.id) return false;
    const roles = message.pinged_roles ?? [];
    return (message.pinged ?? []).includes(this.me.user.id) || roles.some((id) => this.me.roles.includes(id));
  }

  // Does it name me, as Discord highlights it (also where an edit or a prompt notified nobody)?
  namesMe(message) {
    return (
      this.pingsMe(message) ||
      (message.mentions ?? []).some((user) => user.id === this.me.user.id) ||
      (message.mention_roles ?? []).some((id) => this.me.roles.includes(id)) ||
      (message.mention_everyone ?? false)
    );
  }

  // What was written before the page was opened counts as read, for whomever one becomes.
  readMark(channelId) {
    return this.readUntil.get(`${this.me.user.id}/${channelId}`) ?? this.openedAt;
  }

  markRead(channelId) {
    const last = this.messagesOf(channelId).at(-1);
    const mark = last ? Date.parse(last.timestamp) : 0;
    if (mark > this.readMark(channelId)) this.readUntil.set(`${this.me.user.id}/${channelId}`, mark);
  }

  unread(channelId) {
    const mark = this.readMark(channelId);
    const fresh = this.messagesOf(channelId).filter(
      (message) => Date.parse(message.timestamp) > mark && message.author?.id !== this.me.user.id && !message.ephemeral,
    );
    return { count: fresh.length, pings: fresh.filter((message) => this.pingsMe(message)).length };
  }
}

// What a message answers: {id, user, command}. Discord's older field names the whole command, its newer one the id for certain.
export function interactionOf(message) {
  const [older, newer] = [message.interaction, message.interaction_metadata];
  if (!older && !newer) return null;
  return { id: newer?.id ?? older?.id, user: older?.user ?? newer?.user, command: older?.name ?? newer?.name };
}

// Snowflakes are numbers too long for a double: the longer one is the later one.
export function compareIds(one, other) {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}
