// The gallery's beginning: asks for every kind of message, and draws each as the chat does. Nothing here is sent anywhere.

import { call } from "./control.js";
import { announce, byId, el } from "./element.js";
import { drawMessage } from "./message.js";
import { formOf } from "./modal.js";
import { namesOf } from "./people.js";
import { startTheme } from "./switches.js";
import { startTicking } from "./time.js";
import { World } from "./world.js";

const still = () => announce("This is only a picture of the message: nothing happens.");

start();

async function start() {
  startTheme();
  startTicking();
  const world = new World();
  try {
    const [rooms] = await Promise.all([call("GET", "/gallery"), world.load(null)]);
    byId("room-list").replaceChildren(...rooms.map((room) => el("a", { href: `#${idOf(room.title)}` }, room.title)));
    byId("rooms").replaceChildren(...rooms.map((room) => drawRoom(room, world)));
  } catch (error) {
    const why = error.status === 404 ? "This sandbox has no gallery: start the demo to see it." : error.message;
    byId("rooms").replaceChildren(el("p", { class: "banner", role: "alert" }, why));
  }
}

function idOf(title) {
  return title.toLowerCase().replace(/[^a-z]+/g, "-");
}

function drawRoom(room, world) {
  const id = idOf(room.title);
  const exhibits = room.exhibits.map((exhibit, n) => drawExhibit(exhibit, `${id}-${n}`, world));
  return el(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, room.title),
    el("div", { class: "exhibits" }, exhibits),
  );
}

function drawExhibit({ name, kind, body }, id, world) {
  const shown = kind === "form" ? drawForm(body, id) : drawMessage(messageOf(body, kind, id, world), contextOf(world));
  shown.querySelectorAll("time.stamp").forEach((time) => time.removeAttribute("title"));
  return el(
    "figure",
    { class: "exhibit", data: { kind }, "aria-labelledby": `${id}-name` },
    el("figcaption", { id: `${id}-name` }, name),
    shown,
  );
}

// The message as Discord would hand it out after it took this body.
function messageOf(body, kind, id, world) {
  const bot = [...world.members.values()].find((member) => member.user.bot)?.user;
  return {
    ...body,
    id,
    channel_id: "0",
    type: 0,
    author: bot ?? { id: "0", bot: true, username: world.application?.name ?? "Botswain" },
    timestamp: new Date().toISOString(),
    ephemeral: kind === "private",
    mention_roles: body.allowed_mentions?.roles ?? [],
  };
}

function contextOf(world) {
  const names = namesOf(world, { open: still, jump: still });
  return { world, names, act: still, dismiss: still, openThread: still, jump: still, working: null, failure: null };
}

function drawForm(modal, id) {
  const { form } = formOf(modal, `${id}-`, { submit: still, cancel: still });
  return el("div", { class: "form" }, form);
}
