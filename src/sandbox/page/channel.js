// The open channel: its messages, what is still waiting for an answer, and where the reader has scrolled to.

import { avatar, byId, el } from "./element.js";
import { authorName, drawMessage, thinking } from "./message.js";
import { dayOf } from "./time.js";

const GROUP_FOR = 7 * 60_000;
const PRESENT = 80;

export class ChannelView {
  // `actions`: act(message, component, values), dismiss(message), openChannel(id), jump(channelId, messageId)
  constructor(world, names, actions) {
    Object.assign(this, { world, names, actions });
    this.id = null;
    this.drawn = new Map();
    this.working = new Map();
    this.failures = new Map();
    this.waiting = [];
    this.newFrom = null;
    this.log = byId("messages");
    this.log.addEventListener("keydown", (event) => this.rove(event));
    this.log.addEventListener("scroll", () => this.scrolled());
    byId("jump-to-present").addEventListener("click", () => this.toPresent());
    // The newest message stays in sight when the window, a banner or the tour changes the room, or a picture arrives.
    this.present = true;
    const stay = () => this.present && this.toPresent();
    new ResizeObserver(stay).observe(this.log);
    this.log.addEventListener("load", stay, true);
  }

  show(channelId) {
    this.id = channelId;
    const mark = this.world.readMark(channelId);
    this.newFrom =
      this.world
        .messagesOf(channelId)
        .find((message) => Date.parse(message.timestamp) > mark && message.author?.id !== this.world.me.user.id)?.id ??
      null;
    this.draw();
    this.toPresent();
  }

  draw() {
    const messages = this.world.messagesOf(this.id);
    const held = this.holdFocus();
    const atPresent = this.atPresent();
    const children = [];
    messages.forEach((message, n) => {
      const before = messages[n - 1];
      if (!before || dayOf(before.timestamp) !== dayOf(message.timestamp))
        children.push(divider(dayOf(message.timestamp)));
      if (message.id === this.newFrom) children.push(divider("New", "new"));
      children.push(this.drawOne(message, before));
    });
    for (const row of this.waiting.filter((row) => row.channelId === this.id)) children.push(this.drawWaiting(row));
    this.replace(children.length ? children : [this.empty()]);
    held();
    if (atPresent) this.toPresent();
    else this.scrolled();
  }

  // Puts these in place of what is there. Elements that stay are not taken out, so that they keep focus and scrolling.
  replace(children) {
    const kept = new Set(children);
    for (const old of [...this.log.childNodes]) if (!kept.has(old)) old.remove();
    let at = this.log.firstChild;
    for (const child of children) {
      if (child === at) at = at.nextSibling;
      else this.log.insertBefore(child, at);
    }
  }

  // Redraws one message where it stands, if it is on screen.
  redraw(message) {
    const old = byId(`message-${message.id}`);
    if (!old || message.channel_id !== this.id) return this.draw();
    const messages = this.world.messagesOf(this.id);
    const n = messages.findIndex((one) => one.id === message.id);
    const held = this.holdFocus();
    const atPresent = this.atPresent();
    const article = this.drawOne(messages[n], messages[n - 1]);
    if (article !== old) old.replaceWith(article);
    held();
    if (atPresent) this.toPresent();
  }

  // What did not change stays the same element: a select stays open, marked text stays marked.
  drawOne(message, before) {
    const compact =
      before?.author?.id === message.author?.id &&
      message.id !== this.newFrom &&
      !message.ephemeral === !before.ephemeral &&
      dayOf(before.timestamp) === dayOf(message.timestamp) &&
      Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP_FOR;
    const state = {
      compact,
      working: this.working.get(message.id) ?? null,
      failure: this.failures.get(message.id) ?? null,
    };
    const reference = message.message_reference;
    const original = reference && (this.world.messages.get(reference.channel_id)?.get(reference.message_id) ?? null);
    const thread = this.world.channels.get(message.id);
    const inThread = thread && this.world.messagesOf(thread.id).length;
    const looks = JSON.stringify([message, state, original, thread, inThread, this.world.version]);
    const drawn = this.drawn.get(message.id);
    if (drawn?.looks === looks) return drawn.article;
    const article = drawMessage(message, {
      ...state,
      world: this.world,
      names: this.names,
      act: this.actions.act,
      dismiss: this.actions.dismiss,
      openThread: this.actions.openChannel,
      jump: this.actions.jump,
    });
    this.drawn.set(message.id, { looks, article });
    return article;
  }

  // A command that was sent and has no message yet: sending, thinking, or failed.
  drawWaiting(row) {
    const me = this.world.me.user;
    const head = el(
      "div",
      { class: "above" },
      avatar(me, "tiny"),
      authorName(me, this),
      " used ",
      el("span", { class: "mention" }, `/${row.command}`),
    );
    const bot = this.world.application;
    const name = bot?.name ?? "The bot";
    const body = el(
      "div",
      { class: "body" },
      el("header", { class: "byline" }, el("span", { class: "author" }, name), el("span", { class: "app-tag" }, "APP")),
    );
    if (row.error) {
      const dismiss = () => {
        this.waiting = this.waiting.filter((one) => one !== row);
        this.draw();
      };
      body.append(el("p", { class: "failure", role: "alert" }, "⚠ ", row.error));
      body.append(
        el(
          "p",
          { class: "private" },
          "👁 Only you can see this · ",
          el("button", { type: "button", class: "as-link", on: { click: dismiss } }, "Dismiss message"),
        ),
      );
    } else {
      body.append(row.thinking ? thinking(name) : el("p", { class: "thinking" }, "Sending command…"));
    }
    return el(
      "article",
      { class: "message ephemeral waiting", tabindex: "-1", "aria-label": `${name}, /${row.command}` },
      head,
      el("div", { class: "gutter" }, avatar({ bot: true })),
      body,
    );
  }

  empty() {
    const name = this.world.channels.get(this.id)?.name ?? "";
    return el(
      "div",
      { class: "empty" },
      el("div", { class: "empty-sign", "aria-hidden": "true" }, "#"),
      el("h2", {}, `Welcome to #${name}`),
      el(
        "p",
        {},
        /alert/.test(name)
          ? "Nothing has gone wrong yet. Alerts arrive here on their own."
          : "Nothing has been said here yet. Type / to see what the bot can do.",
      ),
    );
  }

  // ---- scrolling

  atPresent() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < PRESENT;
  }

  toPresent() {
    this.log.scrollTop = this.log.scrollHeight;
    this.scrolled();
  }

  scrolled() {
    const present = (this.present = this.atPresent());
    byId("jump-to-present").hidden = present;
    if (present && this.id && !document.hidden) this.actions.read(this.id);
  }

  reveal(messageId) {
    const article = byId(`message-${messageId}`);
    if (!article) return false;
    article.scrollIntoView({ block: "center" });
    article.focus({ preventScroll: true });
    article.classList.add("flash");
    setTimeout(() => article.classList.remove("flash"), 2000);
    return true;
  }

  // ---- keyboard

  // Up and down walk the messages; Tab goes on to what is inside the current one.
  rove(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const jump = { Home: 0, End: Infinity }[event.key];
    if (step === undefined && jump === undefined) return;
    const articles = [...this.log.querySelectorAll("article")];
    if (!articles.length) return;
    const current = articles.indexOf(document.activeElement.closest("article"));
    const wanted = jump ?? (current < 0 ? articles.length - 1 : current + step);
    event.preventDefault();
    articles[Math.min(Math.max(wanted, 0), articles.length - 1)].focus();
  }

  // Redrawing must not take the focus away: returns what puts it back, on the same control or else on its message.
  holdFocus() {
    const active = document.activeElement;
    const article = active?.closest?.("#messages article");
    if (!article) return () => {};
    const { id } = article;
    const { key } = active.dataset;
    return () => {
      const again = byId(id);
      const control =
        key &&
        [...(again?.querySelectorAll("[data-key]") ?? [])].find((one) => one.dataset.key === key && !one.disabled);
      (control ?? again ?? this.log).focus({ preventScroll: true });
    };
  }
}

function divider(text, kind = "") {
  return el("div", { class: `divider ${kind}`, role: "separator", "aria-label": text }, el("span", {}, text));
}
