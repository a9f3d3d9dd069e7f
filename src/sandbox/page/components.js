// Buttons and select menus below a message.

import { el, safeAddress } from "./element.js";

const ROW = 1;
const BUTTON = 2;
const STRING_SELECT = 3;
const LINK_STYLE = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

// `context.act(message, component, values?)` sends the press; `context.working` is the custom_id that is being sent.
export function drawComponents(message, context) {
  const rows = message.components.map((row) =>
    el(
      "div",
      { class: "row" },
      (row.type === ROW ? row.components : [row]).map((component) => drawComponent(component, message, context)),
    ),
  );
  return el("div", { class: "components" }, rows);
}

function drawComponent(component, message, context) {
  if (component.type === BUTTON) return drawButton(component, message, context);
  if (component.type >= STRING_SELECT && component.type <= 8) return drawSelect(component, message, context);
  return null;
}

function emoji(value) {
  if (!value?.name) return null;
  return el("span", { class: "emoji", "aria-hidden": "true" }, value.id ? `:${value.name}:` : value.name);
}

function drawButton(component, message, context) {
  const inside = [emoji(component.emoji), component.label && el("span", {}, component.label)];
  if (component.style === LINK_STYLE) {
    const url = safeAddress(component.url);
    const jump = url && context.names.jump(url);
    if (jump) return el("button", { type: "button", class: "button link", on: { click: jump.open } }, inside, " ↗");
    return el(
      "a",
      { class: "button link", href: url?.href, target: "_blank", rel: "noopener noreferrer" },
      inside,
      " ↗",
    );
  }
  const working = context.working === component.custom_id;
  return el(
    "button",
    {
      type: "button",
      class: `button ${STYLES[component.style] ?? "secondary"}${working ? " working" : ""}`,
      // One press at a time for each message, as the real client holds its buttons.
      disabled: component.disabled || Boolean(context.working),
      "aria-busy": working ? "true" : undefined,
      "aria-label": component.label ? undefined : component.emoji?.name,
      data: { customId: component.custom_id, key: component.custom_id },
      on: { click: () => context.act(message, component) },
    },
    inside,
  );
}

// What a select offers: its own options, or people, roles and channels of the guild.
function optionsOf(component, { world }) {
  const people = () =>
    [...world.members.values()].map(({ user }) => ({
      value: user.id,
      label: world.nameOf(user),
      description: user.username,
    }));
  const roles = () =>
    [...world.roles.values()]
      .filter((role) => role.name !== "@everyone")
      .map((role) => ({ value: role.id, label: `@${role.name}` }));
  const channels = () => world.channelList().map((channel) => ({ value: channel.id, label: `#${channel.name}` }));
  switch (component.type) {
    case STRING_SELECT:
      return component.options ?? [];
    case 5:
      return people();
    case 6:
      return roles();
    case 7:
      return [...people(), ...roles()];
    default:
      return channels();
  }
}

// A listbox under a button. One choice closes and sends it; several are ticked and sent when it closes.
function drawSelect(component, message, context) {
  const options = optionsOf(component, context);
  const many = (component.max_values ?? 1) > 1;
  const chosen = new Set(options.filter((option) => option.default).map((option) => option.value));
  const before = new Set(chosen);
  const listId = `list-${message.id}-${component.custom_id}`.replace(/[^\w-]/g, "_");
  let current = 0;

  const label = () =>
    options
      .filter((option) => chosen.has(option.value))
      .map((option) => option.label)
      .join(", ") ||
    component.placeholder ||
    "Make a selection";
  const items = options.map((option, n) =>
    el(
      "li",
      {
        role: "option",
        id: `${listId}-${n}`,
        "aria-selected": String(chosen.has(option.value)),
        data: { value: option.value },
        on: { mousedown: (event) => event.preventDefault(), click: () => choose(n), mousemove: () => light(n) },
      },
      emoji(option.emoji),
      el(
        "span",
        { class: "choice" },
        el("b", {}, option.label),
        option.description && el("small", {}, option.description),
      ),
      el("span", { class: "tick", "aria-hidden": "true" }, "✓"),
    ),
  );
  const list = el(
    "ul",
    {
      role: "listbox",
      id: listId,
      hidden: true,
      "aria-multiselectable": many ? "true" : undefined,
      "aria-label": component.placeholder ?? "Choices",
    },
    items,
  );
  const face = el("span", { class: "face" }, label());
  const button = el(
    "button",
    {
      type: "button",
      class: "select-button",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-controls": listId,
      "aria-label": component.placeholder ?? "Make a selection",
      "aria-busy": context.working === component.custom_id ? "true" : undefined,
      disabled: component.disabled || Boolean(context.working),
      data: { customId: component.custom_id, key: component.custom_id },
      on: { click: () => (list.hidden ? open() : close(true)), keydown: keys, blur: () => close(true) },
    },
    face,
    el("span", { "aria-hidden": "true" }, "▾"),
  );

  function open() {
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    light(
      Math.max(
        0,
        options.findIndex((option) => chosen.has(option.value)),
      ),
    );
    list.scrollIntoView({ block: "nearest" });
  }
  function close(send) {
    if (list.hidden) return;
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    button.removeAttribute("aria-activedescendant");
    const same = chosen.size === before.size && [...chosen].every((value) => before.has(value));
    if (!many || !send || same || chosen.size < (component.min_values ?? 1)) return;
    context.act(message, component, [...chosen]);
  }
  function light(n) {
    current = n;
    items.forEach((item, at) => item.classList.toggle("lit", at === n));
    if (!items[n]) return;
    button.setAttribute("aria-activedescendant", items[n].id);
    items[n].scrollIntoView({ block: "nearest" });
  }
  function choose(n) {
    const { value } = options[n] ?? {};
    if (value === undefined) return;
    if (!many) {
      close(false);
      face.textContent = options[n].label;
      context.act(message, component, [value]);
      return;
    }
    if (chosen.has(value)) chosen.delete(value);
    else if (chosen.size < component.max_values) chosen.add(value);
    items.forEach((item, at) => item.setAttribute("aria-selected", String(chosen.has(options[at].value))));
    face.textContent = label();
  }
  function keys(event) {
    if (list.hidden) {
      if (["ArrowDown", "ArrowUp"].includes(event.key)) {
        event.preventDefault();
        event.stopPropagation();
        open();
      }
      return;
    }
    const moves = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: items.length - 1 };
    if (event.key in moves) light(Math.min(Math.max(moves[event.key], 0), items.length - 1));
    else if (event.key === "Enter" || event.key === " ") choose(current);
    else if (event.key === "Escape") close(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  return el("div", { class: "select" }, button, list);
}
