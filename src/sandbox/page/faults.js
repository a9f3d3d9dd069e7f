// Faults on demand: what the lifecycle service and Discord shall get wrong, and what is wrong now.

import { call } from "./control.js";
import { byId, el } from "./element.js";

// [name, path below /control, body]. What is often seen lasts until it is cleared, gateway actions happen once and at once, and
// the others last as chosen.
const OFTEN = [
  ["Service unreachable", "/fleet/faults", { kind: "drop" }],
  ["Service slow (3 s)", "/fleet/faults", { kind: "slow", ms: 3000 }],
  ["Discord answers 429", "/discord/faults", { kind: "rate_limit", retry_after: 5, global: false }],
  ["Discord is down", "/discord/faults", { kind: "server_error", status: 500 }],
];
const SERVICE = [
  ["Answer 500", "/fleet/faults", { kind: "server_error", status: 500 }],
  ["Answer 503", "/fleet/faults", { kind: "server_error", status: 503 }],
  ["429 (5 s)", "/fleet/faults", { kind: "rate_limit", retry_after: 5 }],
  ["Hang", "/fleet/faults", { kind: "hang" }],
  ["Slow (3 s)", "/fleet/faults", { kind: "slow", ms: 3000 }],
  ["Half an answer", "/fleet/faults", { kind: "half_answer" }],
  ["Garbage", "/fleet/faults", { kind: "garbage" }],
  ["A page missing", "/fleet/faults", { kind: "missing_page" }],
  ["Old data", "/fleet/faults", { kind: "stale", age: 600 }],
  ["One bad record", "/fleet/faults", { kind: "malformed_record", connector: "billing-1" }],
  ["Arrive twice", "/fleet/faults", { kind: "duplicate_delivery" }],
  ["Drop the connection", "/fleet/faults", { kind: "drop" }],
  ["Act, then drop", "/fleet/faults", { kind: "accept_then_drop" }],
];
const DISCORD = [
  ["429 (5 s)", "/discord/faults", { kind: "rate_limit", retry_after: 5, global: false }],
  ["Global 429 (5 s)", "/discord/faults", { kind: "rate_limit", retry_after: 5, global: true }],
  ["Answer 500", "/discord/faults", { kind: "server_error", status: 500 }],
  ["Hang (5 s)", "/discord/faults", { kind: "hang", ms: 5000 }],
  ["Drop the connection", "/discord/faults", { kind: "drop" }],
  ["Post, then drop", "/discord/faults", { kind: "drop_after" }],
];
const GATEWAY = [
  ["Drop", { action: "drop" }],
  ["Close 4000", { action: "close", code: 4000 }],
  ["Close without a code", { action: "close_without_code" }],
  ["Reconnect", { action: "reconnect" }],
  ["Invalid session", { action: "invalid_session", resumable: false }],
  ["Deaf", { action: "deaf", on: true }],
  ["Hear again", { action: "deaf", on: false }],
];
const TIMES = [
  ["1", "once"],
  ["5", "five times"],
  ["", "until cleared"],
];

export function drawFaults() {
  const times = el(
    "select",
    { id: "fault-times" },
    TIMES.map(([value, text]) => el("option", { value }, text)),
  );
  const active = el("ul", { id: "faults-active", "aria-label": "Faults that wait or last" });
  const note = el("p", { class: "note", role: "status" });
  const lasting = () => (times.value ? { times: Number(times.value) } : {});

  const act = async (name, method, path, body) => {
    try {
      await call(method, path, body);
      note.textContent = name;
    } catch (error) {
      note.textContent = `${name}: ${error.message}`;
    }
    await refresh();
  };
  const button = (half, text, path, body, lasts = false) =>
    el(
      "button",
      {
        type: "button",
        class: "act",
        "aria-label": `${half}: ${text}`,
        on: {
          click: () =>
            act(`${half}: ${text}`, "POST", path, path.endsWith("/faults") && !lasts ? { ...body, ...lasting() } : body),
        },
      },
      text,
    );
  const group = (title, buttons) =>
    el("div", { class: "fault-group", role: "group", "aria-label": title }, el("h3", {}, title), buttons);
  const clear = el(
    "button",
    { type: "button", id: "faults-clear", class: "act mend", on: { click: () => clearAll() } },
    "Clear all faults",
  );

  async function clearAll() {
    await act("All faults cleared", "DELETE", "/fleet/faults");
    await act("All faults cleared", "DELETE", "/discord/faults");
  }

  async function refresh() {
    const [service, discord] = await Promise.all(
      ["/fleet/faults", "/discord/faults"].map((path) => call("GET", path).catch(() => [])),
    );
    const all = [
      ...list(service).map((fault) => ["Service", fault]),
      ...list(discord).map((fault) => ["Discord", fault]),
    ];
    active.replaceChildren(...all.map(([half, fault]) => el("li", {}, `${half}: ${describe(fault)}`)));
    byId("fault-count").textContent = all.length ? `(${all.length})` : "";
  }

  byId("fault-list").replaceChildren(
    group(
      "Often seen, until cleared",
      OFTEN.map(([text, path, body]) => button("Until cleared", text, path, body, true)),
    ),
    el("p", {}, el("label", { for: "fault-times" }, "Each of these happens "), times),
    group(
      "Lifecycle service",
      SERVICE.map(([text, path, body]) => button("Lifecycle service", text, path, body)),
    ),
    group(
      "Discord’s HTTP interface",
      DISCORD.map(([text, path, body]) => button("Discord", text, path, body)),
    ),
    group(
      "Discord’s gateway, at once",
      GATEWAY.map(([text, body]) => button("Gateway", text, "/discord/gateway", body)),
    ),
    active,
    clear,
    note,
  );
  const folder = byId("faults");
  folder.addEventListener("toggle", () => folder.open && refresh());
  setInterval(() => folder.open && !document.hidden && refresh(), 2000);
}

function list(answer) {
  return Array.isArray(answer) ? answer : (answer?.faults ?? []);
}

function describe({ kind, route, times, ...rest }) {
  const details = Object.entries(rest)
    .filter(([name, value]) => value !== null && name !== "id")
    .map(([name, value]) => `${name} ${value}`);
  return [String(kind).replaceAll("_", " "), ...details, route, times && `× ${times}`].filter(Boolean).join(", ");
}
