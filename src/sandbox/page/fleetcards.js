// How the fleet looks: a card for each bot, a row for each connector, with the buttons that break and mend it.

import { el } from "./element.js";
import { lasting } from "./time.js";

// What can be done to a connector behind a menu: [the word of the control interface, the button's text, its meaning].
const MORE = [
  ["drop", "Drop", "Not Connected, all three"],
  ["disconnect_cloud", "Lose Conversational Cloud", "It stays Online, and is not healthy"],
  ["disconnect_bot_server", "Lose Bot Server", "It stays Online, and is not healthy"],
  ["stop_elsewhere", "Stop elsewhere", "Somebody stops it in another tool"],
  ["start_elsewhere", "Start elsewhere", "Somebody starts it in another tool; takes as long as any start"],
  ["vanish", "Vanish", "The service lists it no more"],
  ["return", "Return", "The service lists it again"],
];
// What its next starts will meet, switched on and off.
const TROUBLES = [
  ["start_refused", "Next start: refused", "The platform refuses its bot agent"],
  ["never_comes_up", "Next start: never comes up", "It stays Not Connected until it is given up"],
  ["never_connects", "Next start: never connects", "It gets Online, but not to Conversational Cloud"],
];

// How a connector stands, for those who do not tell the colours apart.
const SIGNS = { well: "✓", half: "!", ill: "✕", off: "■" };

function is(word, wanted) {
  return String(word).toLowerCase() === wanted;
}

// As the bot counts: Online, and both connections Connected.
export function healthy(connector) {
  return (
    !connector.vanished &&
    is(connector.agent, "online") &&
    is(connector.conversational_cloud, "connected") &&
    is(connector.bot_server, "connected")
  );
}

// An environment's heading, with what is done to all of its connectors at once: `act("drop" | "recover")`.
export function environmentHead(environment, act) {
  const button = (kind, text, what) =>
    el(
      "button",
      {
        type: "button",
        id: `${kind}-all-${environment.toLowerCase()}`,
        class: `act ${kind}`,
        "aria-label": `${text} in ${environment}`,
        on: { click: () => act(what) },
      },
      text,
    );
  return el(
    "div",
    { class: "environment" },
    el("h3", {}, environment),
    button("break", "Break all", "drop"),
    button("mend", "Mend all", "recover"),
  );
}

export function botCard(environment, bot) {
  const count = el("span", { class: "count", "aria-hidden": "true" });
  const words = el("span", { class: "words" });
  const list = el("ul", { "aria-label": `Connectors of ${bot.name} in ${environment}` });
  const root = el(
    "section",
    { class: "bot", id: `bot-${bot.id}-${environment.toLowerCase()}`, "aria-label": `${bot.name} in ${environment}` },
    el("header", {}, count, el("div", {}, el("h4", {}, bot.name), words)),
    list,
  );
  return {
    root,
    list,
    update(connectors) {
      const own = connectors.filter((one) => one.bot.id === bot.id && one.environment === environment && !one.vanished);
      const well = own.filter(healthy).length;
      count.textContent = `${well}/${own.length}`;
      words.textContent = `${well} of ${own.length} healthy`;
      root.dataset.health = well === 0 ? "none" : well < own.length ? "some" : "all";
      root.dataset.healthy = well;
    },
  };
}

export function connectorRow(connector, act) {
  const { id, name, environment } = connector;
  const where = `${name} in ${environment}`;
  const parts = {
    dot: el("span", { class: "dot", "aria-hidden": "true" }),
    word: el("span", { class: "agent" }),
    cloud: el("span", { class: "link" }),
    server: el("span", { class: "link" }),
    load: el("span", { class: "load" }),
    since: el("span", { class: "since" }),
    did: el("span", { class: "did" }),
  };
  const button = (key, text, about, what) =>
    el(
      "button",
      {
        type: "button",
        id: `${key}-${id}`,
        class: `act ${key}`,
        "aria-label": `${text} ${where}`,
        title: about,
        on: { click: () => act(what) },
      },
      text,
    );
  const breaking = button("break", "Break", "It drops: Not Connected", "drop");
  const mending = button("mend", "Mend", "Whatever is wrong with it is put right", "recover");
  const item = ([what, text, about], does) =>
    el(
      "button",
      {
        type: "button",
        id: `${what}-${id}`,
        class: "act",
        "aria-label": `${text}: ${where}`,
        title: about,
        on: { click: () => choose(does) },
      },
      text,
    );
  const choose = (does) => {
    more.removeAttribute("open");
    more.querySelector("summary").focus();
    does();
  };
  const deeds = MORE.map((row) => item(row, () => act(row[0])));
  const troubles = TROUBLES.map((row) => item(row, () => act(row[0], { on: now.fault !== row[0] })));
  const more = el(
    "details",
    { class: "more" },
    el("summary", { id: `more-${id}`, "aria-label": `More for ${where}` }, "⋯"),
    el("div", { class: "menu" }, deeds, troubles),
  );
  more.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    more.removeAttribute("open");
    more.querySelector("summary").focus();
  });
  more.addEventListener("focusout", (event) => more.contains(event.relatedTarget) || more.removeAttribute("open"));
  const root = el(
    "li",
    { class: "connector", id: `connector-${id}`, data: { connectorId: id } },
    el(
      "div",
      { class: "line" },
      parts.dot,
      el("span", { class: "title" }, el("b", {}, name), parts.word),
      breaking,
      mending,
      more,
    ),
    el("div", { class: "line facts" }, parts.cloud, parts.server, parts.load, parts.since),
    parts.did,
  );
  let now = connector;
  return {
    root,
    update(next) {
      now = next;
      const well = healthy(now);
      root.dataset.health = well
        ? "well"
        : is(now.agent, "stopped") || is(now.agent, "ready to start")
          ? "off"
          : is(now.agent, "online")
            ? "half"
            : "ill";
      parts.dot.textContent = SIGNS[root.dataset.health];
      root.classList.toggle("vanished", Boolean(now.vanished));
      parts.word.textContent = now.vanished ? "Vanished" : now.agent;
      connection(parts.cloud, "Cloud", "Conversational Cloud", now.conversational_cloud);
      connection(parts.server, "Server", "Bot Server", now.bot_server);
      parts.load.textContent =
        now.conversations === null || now.conversations === undefined
          ? "load unknown"
          : `${now.conversations} conversation${now.conversations === 1 ? "" : "s"}`;
      parts.load.title = "Conversations it holds now";
      parts.did.textContent = didText(now);
      parts.did.hidden = !parts.did.textContent;
      toggle(breaking, well, mending);
      toggle(mending, !now.vanished && !well, breaking);
      MORE.forEach(([what], n) => (deeds[n].hidden = Boolean(now.vanished) !== (what === "return")));
      TROUBLES.forEach(([what], n) => {
        troubles[n].hidden = Boolean(now.vanished);
        troubles[n].setAttribute("aria-pressed", String(now.fault === what));
      });
      this.age();
    },
    age() {
      const since = now.since_ms;
      parts.since.textContent = since ? `for ${lasting((Date.now() - since) / 1000)}` : "";
      parts.since.title = since ? `Since ${new Date(since).toLocaleString()}` : "";
    },
  };
}

function didText(connector) {
  const last = connector.last_operation;
  const under = connector.operation_id ? "Operation under way" : "";
  const did = last?.by ? `${last.what} by ${last.by}` : "";
  const fault = TROUBLES.find(([what]) => what === connector.fault)?.[1] ?? connector.fault;
  return [under, did, fault].filter(Boolean).join(" · ");
}

// A hidden button may not keep the focus: it goes to the one that takes its place.
function toggle(button, shown, other) {
  const held = document.activeElement === button && !shown;
  button.hidden = !shown;
  if (held) {
    other.hidden = false;
    other.focus();
  }
}

function connection(element, label, name, word) {
  const up = is(word, "connected");
  const known = up || is(word, "not connected");
  element.textContent = known ? `${label} ${up ? "✓" : "✗"}` : `${label}: ${word}`;
  element.title = `${name}: ${word}`;
  element.dataset.up = up;
}
