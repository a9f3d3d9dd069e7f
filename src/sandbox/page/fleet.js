// The simulated fleet: read, followed, and acted on behind the bot's back.

import { drawFaults } from "./faults.js";
import { fleet, follow } from "./control.js";
import { byId, el } from "./element.js";
import { botCard, connectorRow, environmentHead, healthy } from "./fleetcards.js";

const LATEST = 150;

export class FleetPanel {
  constructor() {
    this.rows = new Map();
    this.bots = new Map();
    this.shape = "";
    this.state = null;
  }

  start() {
    let stop = null;
    // A hidden tab gives its connection back: a browser has six for one address.
    const follower = () => {
      stop?.();
      stop = document.hidden
        ? null
        : follow("/fleet/events", {
            opened: () => this.load(),
            event: (event) => this.happened(event),
            lost: () => this.fail("The simulated fleet does not answer. Trying again…"),
          });
    };
    document.addEventListener("visibilitychange", follower);
    this.load().then((there) => there && follower());
    setInterval(() => document.hidden || this.rows.forEach((row) => row.age()), 1000);
    for (const button of byId("fleet-clock").querySelectorAll("button")) {
      button.addEventListener("click", () => this.step(Number(button.value)));
    }
    drawFaults();
  }

  // False where this sandbox has no fleet: the panel goes.
  async load() {
    try {
      this.take(await fleet("GET", "/state"));
      this.fail("");
      return true;
    } catch (error) {
      if (error.status === 404) {
        byId("fleet").hidden = byId("fleet-toggle").hidden = true;
        document.body.classList.remove("fleet-open");
        return false;
      }
      this.fail(error.message);
      return true;
    }
  }

  happened(event) {
    const state = event.state ?? event;
    if (Array.isArray(state.connectors)) return this.take(state);
    if (event.connector && this.state) {
      const connectors = this.state.connectors.filter((one) => one.id !== event.connector.id);
      return this.take({ ...this.state, connectors: [...connectors, event.connector] });
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), LATEST);
  }

  // What is known of one connector, and whether it takes conversations.
  connector(id) {
    return this.state?.connectors.find((one) => one.id === id);
  }

  healthy(id) {
    const found = this.connector(id);
    return Boolean(found) && healthy(found);
  }

  fail(text) {
    byId("fleet-error").textContent = text;
  }

  take(state) {
    this.state = state;
    byId("fleet-clock").hidden = state.mode !== "explicit";
    const connectors = [...state.connectors].sort(
      (one, other) =>
        rank(one) - rank(other) ||
        one.environment.localeCompare(other.environment) ||
        one.bot.name.localeCompare(other.bot.name) ||
        one.id.localeCompare(other.id, undefined, { numeric: true }),
    );
    const shape = JSON.stringify(connectors.map((one) => [one.environment, one.bot.id, one.id]));
    if (shape !== this.shape) this.build(connectors);
    this.shape = shape;
    for (const connector of connectors) this.rows.get(connector.id).update(connector);
    for (const bot of this.bots.values()) bot.update(connectors);
  }

  build(connectors) {
    const held = byId("fleet-bots").contains(document.activeElement) ? document.activeElement.id : null;
    this.rows.clear();
    this.bots.clear();
    const children = [];
    let environment = null;
    for (const connector of connectors) {
      if (connector.environment !== environment) {
        environment = connector.environment;
        children.push(environmentHead(environment, (what) => this.actOnAll(connector.environment, what)));
      }
      const key = `${environment}/${connector.bot.id}`;
      if (!this.bots.has(key)) {
        const bot = botCard(environment, connector.bot);
        this.bots.set(key, bot);
        children.push(bot.root);
      }
      const row = connectorRow(connector, (what, more) => this.act(connector, what, more));
      this.rows.set(connector.id, row);
      this.bots.get(key).list.append(row.root);
    }
    byId("fleet-bots").replaceChildren(
      ...(children.length ? children : [el("p", { class: "note" }, "There is no connector.")]),
    );
    if (held) byId(held)?.focus();
  }

  async step(ms) {
    try {
      this.take(await fleet("POST", "/step", { ms }));
    } catch (error) {
      this.fail(error.message);
    }
  }

  // What is well is broken, what is not is mended; what was stopped on purpose stays so.
  async actOnAll(environment, what) {
    const fits = (one) => (what === "drop" ? healthy(one) : !healthy(one) && one.agent !== "Stopped" && !one.vanished);
    const all = this.state.connectors.filter((one) => one.environment === environment && fits(one));
    for (const connector of all) await this.act(connector, what);
  }

  async act(connector, what, more = {}) {
    try {
      await fleet("POST", `/connectors/${encodeURIComponent(connector.id)}/do`, { do: what, ...more });
      this.fail("");
      await this.load();
    } catch (error) {
      this.fail(`${connector.name}: ${error.message}`);
    }
  }
}

function rank(connector) {
  return connector.environment.toLowerCase() === "production" ? 0 : 1;
}
