// The channels at the side, each with its open threads below it, and what is unread in them.

import { byId, el } from "./element.js";

// `current` is the open channel's id, `open(channelId)` opens one.
export function drawSidebar(world, current, open) {
  const rows = world.channelList().map((channel) => drawChannel(world, channel, current, open));
  const nav = byId("channels");
  const held = nav.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  nav.replaceChildren(el("h2", {}, "Text channels"), ...rows);
  if (held) rows.find((row) => row.dataset.key === held)?.focus();
  const pings = world.channelList().reduce((sum, channel) => sum + world.unread(channel.id).pings, 0);
  const channel = world.channels.get(current);
  document.title = `${pings ? `(${pings}) ` : ""}${signOf(world, channel)}${channel?.name ?? ""} · Botswain sandbox`;
}

function drawChannel(world, channel, current, open) {
  const { count, pings } = world.unread(channel.id);
  const isOpen = channel.id === current;
  const thread = world.isThread(channel);
  return el(
    "button",
    {
      type: "button",
      id: thread ? `thread-${channel.id}` : `channel-${channel.name}`,
      class: ["channel", thread && "thread", count && !isOpen && "unread"].filter(Boolean).join(" "),
      "aria-current": isOpen ? "page" : undefined,
      data: { channelId: channel.id, key: channel.id },
      on: { click: () => open(channel.id) },
    },
    el("span", { class: "sign", "aria-hidden": "true" }, thread ? "└" : "#"),
    thread && el("span", { class: "unseen" }, "Thread "),
    el("span", { class: "name" }, channel.name),
    pings > 0 && el("span", { class: "badge" }, String(pings)),
    pings > 0 && el("span", { class: "unseen" }, pings === 1 ? " mention" : " mentions"),
    count > 0 && !pings && el("span", { class: "unseen" }, ", unread"),
  );
}

// The head of the open channel: its name, its topic, and the way back from a thread to its channel.
export function drawHead(world, channel, open) {
  const parent = world.isThread(channel) ? world.channels.get(channel.parent_id) : null;
  byId("channel-name").textContent = `${signOf(world, channel)}${channel.name}`;
  byId("channel-about").textContent = channel.topic ?? (parent ? `Thread in #${parent.name}` : "");
  const back = byId("channel-back");
  back.hidden = !parent;
  back.textContent = parent ? `‹ #${parent.name}` : "";
  back.setAttribute("aria-label", parent ? `Back to #${parent.name}` : "Back");
  back.onclick = () => parent && open(parent.id);
}

function signOf(world, channel) {
  return world.isThread(channel) ? "" : "#";
}
