// Who I am: the people of the guild as a row of radio buttons, and how ids of people, roles and channels are written.

import { avatar, byId, el } from "./element.js";

// `become(userId)` changes who I am.
export function drawPeople(world, become) {
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

// What messages call ids: user(id), role(id), channel(id) -> {text, me?, open?} or undefined; jump(url) -> {text, open} or null.
// `open(channelId)` shows a channel, `jump(channelId, messageId)` a message.
export function namesOf(world, { open, jump }) {
  const jumpTarget = (url) => {
    // Discord's own address of a message in this guild is a place on this page.
    const found = /^\/channels\/(\d+|@me)\/(\d+)(?:\/(\d+))?\/?$/.exec(url.pathname);
    if (!found || ![world.guild.id, "@me"].includes(found[1]) || !world.channels.has(found[2])) return null;
    const name = `#${world.channels.get(found[2]).name}`;
    return found[3]
      ? { text: `${name} › message`, open: () => jump(found[2], found[3]) }
      : { text: name, open: () => open(found[2]) };
  };
  return {
    user(id) {
      const member = world.members.get(id);
      return member && { text: world.nameOf(member.user), me: id === world.me.user.id };
    },
    role(id) {
      const role = world.roles.get(id);
      return role && { text: role.name, me: world.me.roles.includes(id) };
    },
    channel(id) {
      const channel = world.channels.get(id);
      return channel && { text: channel.name, open: () => open(id) };
    },
    jump: jumpTarget,
  };
}
