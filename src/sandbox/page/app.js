// The page's beginning: loads what there is, follows what happens, and joins channel, command line, fleet and tour.

import { ChannelView } from "./channel.js";
import { CommandLine } from "./commandline.js";
import { follow } from "./control.js";
import { announce, byId, el } from "./element.js";
import { FleetPanel } from "./fleet.js";
import { Interactions } from "./interactions.js";
import { gist } from "./message.js";
import { drawPeople, namesOf } from "./people.js";
import { drawHead, drawSidebar } from "./sidebar.js";
import { startSwitches } from "./switches.js";
import { startTicking } from "./time.js";
import { Tour } from "./tour.js";
import { World } from "./world.js";

const world = new World();
const doings = new Interactions(world, () => view, drawChannels);
const actions = {
  act: (...what) => doings.act(...what),
  dismiss: (message) => doings.dismiss(message),
  openChannel,
  jump,
  read,
};
const names = namesOf(world, { open: openChannel, jump });
const view = new ChannelView(world, names, actions);
const line = new CommandLine(world, {
  say: (text) => doings.say(text),
  run: (command, options) => doings.run(command, options),
  channelId: () => view.id,
});
const fleetPanel = new FleetPanel();
const tour = new Tour(world, {
  fleet: fleetPanel,
  channelId: () => view.id,
  fill: (text) => line.set(text),
  jump,
});
let stopFollowing = () => {};
let reachable = true;
let meanwhile = null;

start();

async function start() {
  startSwitches();
  startTicking();
  fleetPanel.start();
  tour.start();
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
  drawPeople(world, become);
  const channels = world.channelList();
  const wanted = view.id ?? sessionStorage.getItem("channel");
  const channel = channels.find((one) => one.id === wanted) ?? channels[0];
  if (channel && channel.id === view.id && before === userId) view.draw();
  else if (channel) openChannel(channel.id, { focus: false });
  line.refresh();
  drawChannels();
  drawBanners();
}

// ---- channels

function drawChannels() {
  drawSidebar(world, view.id, openChannel);
}

function openChannel(channelId, { focus = true } = {}) {
  const channel = world.channels.get(channelId);
  if (!channel) return;
  sessionStorage.setItem("channel", channelId);
  drawHead(world, channel, openChannel);
  byId("messages").setAttribute("aria-label", `Messages in ${world.isThread(channel) ? "thread " : "#"}${channel.name}`);
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
      doings.moved(event);
      break;
    case "channel_create":
    case "channel_update":
      world.channels.set(event.channel.id, event.channel);
      world.version += 1;
      view.draw();
      drawChannels();
      line.refresh();
      if (event.channel.id === view.id) drawHead(world, event.channel, openChannel);
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
  doings.settle(message);
  // What is said in a thread is counted at the message that it hangs on.
  if (message.channel_id === view.id || world.isThread(world.channels.get(message.channel_id))) view.draw();
  drawChannels();
  announce(`${world.nameOf(message.author)}: ${gist(message, names)}`);
}

function changed(message) {
  world.put(message);
  doings.settle(message);
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
