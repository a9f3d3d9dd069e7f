// The page's beginning: loads what there is, follows what happens, and joins channel, command line and fleet.

import { ChannelView } from "./channel.js";
import { CommandLine } from "./commandline.js";
import { discord, follow } from "./control.js";
import { announce, avatar, byId, el } from "./element.js";
import { FleetPanel } from "./fleet.js";
import { gist } from "./message.js";
import { openModal } from "./modal.js";
import { startSwitches } from "./switches.js";
import { startTicking } from "./time.js";
import { THINKING, World, interactionOf } from "./world.js";

const world = new World();
const actions = { act, dismiss, openChannel, jump, read };
const names = { user: userName, role: roleName, channel: channelName, jump: jumpTarget };
const view = new ChannelView(world, names, actions);
const line = new CommandLine(world, { say, run, channelId: () => view.id });
const fleetPanel = new FleetPanel();
let stopFollowing = () => {};
let reachable = true;
let meanwhile = null;

start();

async function start() {
  startSwitches();
  startTicking();
  fleetPanel.start();
  document.addEventListener("visibilitychange", () => document.hidden || view.scrolled());
  const wanted = new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem("as");
  for (;;) {
    try {
      await world.load(wanted);
      break;
    } catch (error) {
      banner(error.message);
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
  }
  become(world.me.user.id);
}

// ---- who I am

function become(userId) {
  stopFollowing();
  sessionStorage.setItem("as", userId);
  view.waiting = [];
  view.failures.clear();
  let followed = true;
  const stop = follow(`/discord/events?as=${userId}`, {
    opened: () => reload(userId, () => followed),
    event: (event) => (meanwhile ? meanwhile.push(event) : happened(event)),
    lost: () => {
      reachable = false;
      drawBanners();
    },
  });
  stopFollowing = () => {
    followed = false;
    stop();
  };
}

// Everything anew: at the start, after a change of person, and whenever the event stream came back. What happens while
// it is being read is kept, and follows it.
async function reload(userId, current) {
  meanwhile = [];
  const before = world.me?.user.id;
  try {
    if (!(await world.load(userId, current))) return;
    reachable = true;
  } catch (error) {
    if (current()) banner(error.message);
    return;
  } finally {
    if (current()) {
      const events = meanwhile ?? [];
      meanwhile = null;
      queueMicrotask(() => events.forEach(happened));
    }
  }
  byId("guild-name").textContent = world.guild.name;
  drawPersona();
  const channels = world.channelList();
  const wanted = view.id ?? sessionStorage.getItem("channel");
  const channel = channels.find((one) => one.id === wanted) ?? channels[0];
  if (channel && channel.id === view.id && before === userId) view.draw();
  else if (channel) openChannel(channel.id, { focus: false });
  line.refresh();
  drawChannels();
  drawBanners();
}

function drawPersona() {
  const people = world.people().map((member) => {
    const { user } = member;
    const roles = world.roleNames(member).join(", ") || "No role";
    return el(
      "label",
      { title: roles },
      el("input", {
        type: "radio",
        name: "persona",
        id: `persona-${user.username}`,
        value: user.id,
        checked: user.id === world.me.user.id,
        on: { change: () => become(user.id) },
      }),
      avatar(user, "small"),
      el("span", { class: "who" }, el("b", {}, world.nameOf(user)), el("small", {}, roles)),
    );
  });
  const held = document.activeElement?.name === "persona";
  byId("persona").replaceChildren(el("legend", {}, "You are"), ...people);
  if (held) document.querySelector("#persona input:checked")?.focus();
}

// ---- channels

function drawChannels() {
  const rows = world.channelList().map((channel) => {
    const { count, pings } = world.unread(channel.id);
    const open = channel.id === view.id;
    return el(
      "button",
      {
        type: "button",
        id: world.isThread(channel) ? `thread-${channel.id}` : `channel-${channel.name}`,
        class: ["channel", world.isThread(channel) && "thread", count && !open && "unread"].filter(Boolean).join(" "),
        "aria-current": open ? "page" : undefined,
        data: { channelId: channel.id, key: channel.id },
        on: { click: () => openChannel(channel.id) },
      },
      el("span", { class: "sign", "aria-hidden": "true" }, world.isThread(channel) ? "└" : "#"),
      el("span", { class: "name" }, channel.name),
      pings > 0 &&
        el("span", { class: "badge", "aria-label": `${pings} mention${pings === 1 ? "" : "s"}` }, String(pings)),
      count > 0 && !pings && el("span", { class: "unseen" }, "unread"),
    );
  });
  const nav = byId("channels");
  const held = nav.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  nav.replaceChildren(el("h2", {}, "Text channels"), ...rows);
  if (held) rows.find((row) => row.dataset.key === held)?.focus();
  const pings = world.channelList().reduce((sum, channel) => sum + world.unread(channel.id).pings, 0);
  document.title = `${pings ? `(${pings}) ` : ""}#${world.channels.get(view.id)?.name ?? ""} · Botswain sandbox`;
}

function openChannel(channelId, { focus = true } = {}) {
  const channel = world.channels.get(channelId);
  if (!channel) return;
  sessionStorage.setItem("channel", channelId);
  byId("channel-name").textContent = `${world.isThread(channel) ? "" : "#"}${channel.name}`;
  byId("channel-about").textContent = channel.topic ?? "";
  byId("messages").setAttribute("aria-label", `Messages in #${channel.name}`);
  view.show(channelId);
  line.refresh();
  drawChannels();
  if (focus) byId("command-line").focus();
}

function read(channelId) {
  if (!world.unread(channelId).count) return;
  world.markRead(channelId);
  drawChannels();
}

function jump(channelId, messageId) {
  if (view.id !== channelId) openChannel(channelId, { focus: false });
  view.reveal(messageId);
}

// ---- what happens

function happened(event) {
  switch (event.type) {
    case "hello":
      // Fallen behind: what was missed must be read again.
      if (event.lagged) become(world.me.user.id);
      break;
    case "message_create":
      arrived(event.message);
      break;
    case "message_update":
      changed(event.message);
      break;
    case "message_delete":
      world.remove(event.channel_id, event.id);
      view.draw();
      drawChannels();
      break;
    case "interaction":
      interactionMoved(event);
      break;
    case "channel_create":
    case "channel_update":
      world.channels.set(event.channel.id, event.channel);
      world.version += 1;
      view.draw();
      drawChannels();
      line.refresh();
      break;
    case "channel_delete":
      channelGone(event.channel);
      break;
    case "commands":
      world.commands = event.commands;
      line.refresh();
      break;
    case "member":
      become(world.me.user.id);
      break;
    case "gateway":
      world.connected = event.connected;
      drawBanners();
      break;
  }
}

function arrived(message) {
  world.put(message);
  settleWaiting(message);
  if (message.channel_id === view.id) view.draw();
  drawChannels();
  announce(`${world.nameOf(message.author)}: ${gist(message, names)}`);
}

function changed(message) {
  world.put(message);
  settleWaiting(message);
  view.failures.delete(message.id);
  if (message.channel_id === view.id) view.redraw(message);
  drawChannels();
}

function channelGone(channel) {
  world.channels.delete(channel.id);
  world.messages.delete(channel.id);
  if (view.id === channel.id) openChannel(world.channelList()[0]?.id);
  drawChannels();
}

// The answer's message is there: the row that waited for it goes.
function settleWaiting(message) {
  const answers = interactionOf(message);
  if (!answers) return;
  const row =
    view.waiting.find((one) => one.interactionId === answers.id) ??
    view.waiting.find(
      (one) =>
        !one.interactionId &&
        !one.error &&
        answers.user?.id === world.me.user.id &&
        `${one.command} `.startsWith(`${answers.command} `),
    );
  if (row) view.waiting = view.waiting.filter((one) => one !== row);
}

function interactionMoved({ id, state, error }) {
  const row = view.waiting.find((one) => one.interactionId === id);
  if (row && state === "answered") view.waiting = view.waiting.filter((one) => one !== row);
  if (row && state === "thinking") row.thinking = true;
  if (state === "failed") {
    const why = error ?? "The application did not respond";
    if (row) row.error = why;
    // It was deferred, and its time is over: nothing more comes of "thinking".
    const message = world
      .messagesOf(view.id)
      .find((one) => (one.flags ?? 0) & THINKING && interactionOf(one)?.id === id);
    if (message) {
      world.put({ ...message, flags: message.flags & ~THINKING });
      view.failures.set(message.id, why);
    }
  }
  view.draw();
}

// ---- what I do

async function say(content) {
  await discord("POST", "/messages", { as: world.me.user.id, channel_id: view.id, content });
}

async function run(command, options) {
  const row = { channelId: view.id, command: command.label };
  view.waiting.push(row);
  view.draw();
  view.toPresent();
  try {
    const answer = await discord("POST", "/commands", {
      as: world.me.user.id,
      channel_id: row.channelId,
      name: command.path[0].name,
      options,
    });
    row.interactionId = answer.interaction_id;
    answered(answer, row);
  } catch (error) {
    view.waiting = view.waiting.filter((one) => one !== row);
    view.draw();
    throw error;
  }
}

async function act(message, component, values) {
  view.working.set(message.id, component.custom_id);
  view.failures.delete(message.id);
  view.redraw(message);
  const body = {
    as: world.me.user.id,
    channel_id: message.channel_id,
    message_id: message.id,
    custom_id: component.custom_id,
  };
  let failure = null;
  try {
    const answer = await discord("POST", values ? "/select" : "/press", values ? { ...body, values } : body);
    if (answer.outcome === "failed") failure = "This interaction failed";
    answered(answer, null);
  } catch (error) {
    failure = error.message;
  }
  view.working.delete(message.id);
  if (failure) view.failures.set(message.id, failure);
  if (view.id === message.channel_id) view.redraw(message);
}

// The first answer to a command, a press, a choice or a form.
function answered(answer, row) {
  if (answer.message) {
    world.put(answer.message, { ifNew: true });
    settleWaiting(answer.message);
  }
  if (answer.outcome === "modal") openModal(answer.modal, (values) => submit(answer, values));
  if (row) {
    if (answer.outcome === "failed") row.error = answer.error ?? "The application did not respond";
    else if (answer.outcome === "deferred" && !answer.message) row.thinking = true;
    else view.waiting = view.waiting.filter((one) => one !== row);
  }
  view.draw();
  drawChannels();
}

async function submit(opened, values) {
  const answer = await discord("POST", "/submit", {
    as: world.me.user.id,
    interaction_id: opened.interaction_id,
    custom_id: opened.modal.custom_id,
    values,
  });
  if (answer.outcome === "failed") throw new Error("Something went wrong. Try again.");
  answered(answer, null);
}

function dismiss(message) {
  world.dismissed.add(message.id);
  view.draw();
  byId("command-line").focus();
}

// ---- how ids are written in messages

function userName(id) {
  const member = world.members.get(id);
  return member && { text: world.nameOf(member.user), me: id === world.me.user.id };
}

function roleName(id) {
  const role = world.roles.get(id);
  return role && { text: role.name, me: world.me.roles.includes(id) };
}

function channelName(id) {
  const channel = world.channels.get(id);
  return channel && { text: channel.name, open: () => openChannel(id) };
}

// Discord's own address of a message in this guild is a place on this page.
function jumpTarget(url) {
  const found = /^\/channels\/(\d+|@me)\/(\d+)(?:\/(\d+))?\/?$/.exec(url.pathname);
  if (!found || ![world.guild.id, "@me"].includes(found[1]) || !world.channels.has(found[2])) return null;
  const name = `#${world.channels.get(found[2]).name}`;
  return found[3]
    ? { text: `${name} › message`, open: () => jump(found[2], found[3]) }
    : { text: name, open: () => openChannel(found[2]) };
}

// ---- how things stand

function drawBanners() {
  const lines = [];
  if (!reachable) lines.push("Connection to the sandbox lost. Trying again…");
  if (!world.connected)
    lines.push(
      `${world.application?.name ?? "The bot"} is not connected. Commands and buttons will fail until it is back.`,
    );
  banner(...lines);
}

function banner(...lines) {
  byId("banners").replaceChildren(...lines.map((text) => el("p", { class: "banner" }, text)));
}
