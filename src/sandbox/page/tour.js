// The guided tour: one step at a time, which points at what to use and sees by itself when it was done.

import { byId, el } from "./element.js";
import { Facts, STEPS } from "./toursteps.js";
import { keep, showPanel } from "./switches.js";

const LOOK_EVERY = 250;

export class Tour {
  // `fleet` is the fleet's panel, `channelId()` the open channel, `fill(text)` puts a text into the command line, and
  // `jump(channelId, messageId)` shows a message.
  constructor(world, { fleet, channelId, fill, jump }) {
    Object.assign(this, { world, fleet, channelId, fill, jump });
    // Which step it is at; null: not begun; as many as there are: done.
    this.at = null;
    this.since = 0;
    this.pointed = [];
  }

  start() {
    const saved = JSON.parse(sessionStorage.getItem("tour") ?? "null");
    if (saved) Object.assign(this, saved);
    byId("tour-close").addEventListener("click", () => {
      keep("tour", "closed");
      showPanel("tour", byId("tour-toggle"), false);
      byId("command-line").focus();
    });
    this.draw();
    setInterval(() => this.look(), LOOK_EVERY);
  }

  go(step) {
    if (this.at === null || this.at >= STEPS.length) this.since = Date.now();
    this.at = step;
    if (step >= STEPS.length) this.took = Math.max(1, Math.round((Date.now() - this.since) / 60_000));
    sessionStorage.setItem("tour", JSON.stringify({ at: this.at, since: this.since, took: this.took }));
    this.draw();
    this.look();
  }

  get step() {
    return this.at === null ? undefined : STEPS[this.at];
  }

  // Whether the step is done, or must be done anew, and what it points at now.
  look() {
    const { step } = this;
    const hidden = byId("tour").hidden;
    if (!step || hidden || !this.world.me) return this.point(null);
    const facts = new Facts(this.world, this.fleet, this.channelId(), this.since);
    if (step.when?.(facts) === false || step.done(facts)) return this.go(this.at + 1);
    if (step.back?.(facts)) return this.go(this.at - 1);
    this.point(step.at?.(facts) ?? null);
  }

  // Marks what the step is about. Messages are drawn anew, so it is looked for again each time.
  point(selector) {
    const now = selector ? [...document.querySelectorAll(selector)] : [];
    for (const old of this.pointed) if (!now.includes(old)) old.classList.remove("tour-target");
    for (const element of now) element.classList.add("tour-target");
    this.pointed = now;
    const show = byId("tour-show");
    if (show) show.disabled = !now.length;
  }

  show() {
    if (this.step?.opens) showPanel(this.step.opens, byId(`${this.step.opens}-toggle`), true);
    this.look();
    const [target] = this.pointed;
    if (!target) return;
    target.scrollIntoView({ block: "center" });
    const focusable = "button, input, [tabindex]";
    (target.matches(focusable) ? target : target.querySelector(focusable))?.focus();
  }

  showCard() {
    const card = new Facts(this.world, this.fleet, this.channelId(), this.since).card();
    if (card) this.jump(card.channel_id, card.id);
  }

  draw() {
    const { step } = this;
    const held = byId("tour").contains(document.activeElement) ? document.activeElement.id : null;
    if (step) this.drawStep(step);
    else if (this.at === null) this.drawBegin();
    else this.drawEnd();
    if (held) (byId(held) ?? byId("tour-foot").querySelector("button"))?.focus();
  }

  drawStep(step) {
    const n = this.at + 1;
    this.fillPanel(
      `${step.title}`,
      [
        el("progress", { max: STEPS.length, value: this.at, "aria-label": "Progress of the tour" }),
        el("p", {}, el("b", {}, `${n} of ${STEPS.length}`), " · ", spoken(step.text)),
      ],
      [
        step.fill && button("tour-fill", "Type it for me", () => this.fill(step.fill), "primary"),
        button("tour-show", "Show me where", () => this.show()),
        this.at > 0 && button("tour-back", "Back", () => this.go(this.at - 1)),
        button("tour-skip", "Skip", () => this.go(this.at + 1)),
      ],
    );
  }

  drawBegin() {
    this.fillPanel(
      "Five minutes, one incident",
      [
        el(
          "p",
          {},
          "You will stop a connector, break another one, be called to an outage, and end it. What runs here is the program itself; only Discord and the fleet are stand-ins.",
        ),
      ],
      [button("tour-begin", "Start the tour", () => this.go(0), "primary"), gallery()],
    );
  }

  drawEnd() {
    this.fillPanel(
      "✅ Resolved, and that was the tour",
      [
        el("p", {}, `It took you ${this.took === 1 ? "a minute" : `${this.took} minutes`}. What else there is:`),
        el(
          "ul",
          { class: "tour-more" },
          el("li", {}, "Break all of Production at once: many cards become one storm."),
          el("li", {}, "Make the lifecycle service unreachable, or Discord answer 429, under Faults."),
          el("li", {}, spoken("Snooze an incident from its card, or silence an environment with `/bots mute`.")),
        ),
      ],
      [button("tour-card", "Show the card", () => this.showCard()), button("tour-begin", "Once more", () => this.go(0)), gallery()],
    );
  }

  fillPanel(title, text, foot) {
    byId("tour-title").textContent = title;
    byId("tour-text").replaceChildren(...text);
    byId("tour-foot").replaceChildren(...foot.filter(Boolean));
  }
}

function button(id, text, act, kind = "") {
  return el("button", { type: "button", id, class: `tour-button ${kind}`, on: { click: act } }, text);
}

function gallery() {
  return el("a", { class: "tour-button", href: "/gallery" }, "See every message");
}

// `typed` words as they are typed.
function spoken(text) {
  return text.split("`").map((part, n) => (n % 2 ? el("kbd", {}, part) : part));
}
