// The line at the bottom: ordinary text, or a command with suggestions for whatever stands at the caret.

import { byId, el } from "./element.js";
import { Autocomplete } from "./autocomplete.js";
import { drawChips, drawMirror } from "./commandlook.js";
import { TYPES, complete, litFor, nest, read, runnable, valueOf } from "./commandtext.js";
import { Popup } from "./popup.js";

export class CommandLine {
  // `say(text)` posts ordinary text; `run(command, options)` runs a command. Both throw a sentence when refused.
  constructor(world, { say, run, channelId }) {
    Object.assign(this, { world, say, run, channelId });
    this.input = byId("command-line");
    this.popup = new Popup(this.input);
    this.picked = {};
    this.closed = false;
    this.last = null;
    this.asked = new Autocomplete(world, channelId, () => this.draw());
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("scroll", () => this.mirror());
    this.input.addEventListener("blur", () => this.close());
    for (const event of ["click", "focus"]) this.input.addEventListener(event, () => this.moved());
    this.input.addEventListener(
      "keyup",
      (event) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key) && this.moved(),
    );
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.refresh();
  }

  // Another person or channel, or other commands.
  refresh() {
    this.commands = runnable(this.world.commands);
    const channel = this.world.channels.get(this.channelId());
    const mayWrite = channel?.sendable !== false;
    this.input.placeholder = mayWrite
      ? `Message #${channel?.name ?? "…"}, or type / for commands`
      : "You may not write here. Type / for commands";
    this.asked.reset();
    this.draw();
  }

  get reading() {
    return read(this.input.value, this.input.selectionStart ?? this.input.value.length, this.commands, this.picked);
  }

  typed() {
    this.closed = false;
    this.fail("");
    this.draw();
  }

  moved() {
    this.closed = false;
    this.draw();
  }

  fail(text) {
    byId("composer-error").textContent = text;
    this.input.toggleAttribute("aria-invalid", Boolean(text));
  }

  close() {
    this.closed = true;
    this.popup.show(false);
  }

  set(text, caret = text.length) {
    this.input.value = text;
    this.input.focus();
    this.input.setSelectionRange(caret, caret);
    this.input.scrollLeft = this.input.scrollWidth;
    this.typed();
  }

  // ---- what is suggested

  draw() {
    const reading = this.reading;
    const { hint, items, lit } = this.suggestions(reading);
    this.popup.fill(hint, items, lit);
    drawChips(
      reading,
      (option, text) => this.valueOf(option, text).wrong,
      (option) => this.takeOption(option),
    );
    this.mirror(reading);
    this.popup.show(!this.closed && document.activeElement === this.input && (items.length > 0 || Boolean(hint)));
  }

  suggestions(reading) {
    if (reading.kind === "text") return { items: [], lit: -1 };
    if (reading.kind === "choosing") return this.suggestCommands(reading);
    if (reading.active && !this.finished(reading)) return this.suggestValues(reading);
    return this.suggestOptions(reading);
  }

  suggestCommands({ query }) {
    const words = query.split(/\s+/).filter(Boolean);
    const items = this.commands
      .filter((command) => words.every((word) => command.label.includes(word)))
      .map((command) => ({
        label: `/${command.label}`,
        detail: command.description,
        options: command.options.map((option) => (option.required ? option.name : `${option.name}?`)),
        take: () => this.takeCommand(command),
      }));
    const hint = items.length
      ? "Commands"
      : this.commands.length
        ? `No command matches “/${query}”.`
        : "The bot has registered no commands yet.";
    return { hint, items, lit: items.length ? 0 : -1 };
  }

  takeCommand(command) {
    this.picked = {};
    const first = command.options.find((option) => option.required);
    this.set(`/${command.label} ${first ? `${first.name}:` : ""}`);
  }

  // A value that is complete and followed by a space: what may come next is another option.
  finished({ active }) {
    const behind = this.input.value.slice(active.valueStart, active.end);
    if (!/\s$/.test(behind) || this.input.selectionStart < active.end) return false;
    const known = this.picked[active.option.name]?.text === active.text;
    const fixed = active.option.choices?.length || active.option.type !== TYPES.STRING;
    return known || (fixed && this.valueOf(active.option, active.text).value !== undefined);
  }

  suggestValues(reading) {
    const { option, text } = reading.active;
    const hint = [
      el("b", {}, option.name),
      ` ${option.description} `,
      el("span", { class: option.required ? "required" : "note" }, option.required ? "required" : "optional"),
    ];
    if (option.autocomplete) {
      const { list, state } = this.asked.of(reading, this.picked, (one, given) => this.valueOf(one, given));
      const note = {
        asking: "Loading…",
        failed: "The bot did not answer.",
        none: "",
        ready: list.length ? "" : "Nothing matches.",
      }[state];
      if (note) hint.push(el("span", { class: "note" }, note));
      return { hint, items: this.valueItems(reading, list), lit: state === "ready" ? litFor(text, list) : -1 };
    }
    const all =
      option.choices ??
      (option.type === TYPES.BOOLEAN
        ? [
            { name: "True", value: true },
            { name: "False", value: false },
          ]
        : this.entities(option.type));
    const list = all.filter((choice) => choice.name.toLowerCase().includes(text.toLowerCase()));
    const offered = list.length ? list : text ? [] : all;
    return { hint, items: this.valueItems(reading, offered), lit: litFor(text, offered) };
  }

  valueItems(reading, list) {
    return list.slice(0, 25).map((choice) => ({
      label: choice.name,
      value: choice.value,
      take: () => this.takeValue(reading.active, choice),
    }));
  }

  takeValue({ option, valueStart, end }, choice) {
    this.picked[option.name] = { text: choice.name.trim(), value: choice.value };
    const before = this.input.value.slice(0, valueStart) + choice.name.trim();
    const behind = this.input.value.slice(end).trimStart();
    const reading = read(`${before} ${behind}`, 0, this.commands, this.picked);
    const missing = reading.command?.options.find(
      (one) => one.required && !reading.values.some((value) => value.option === one),
    );
    const text = missing ? `${before} ${behind ? `${behind.trimEnd()} ` : ""}${missing.name}:` : `${before} ${behind}`;
    this.set(text, missing ? text.length : before.length + 1);
  }

  suggestOptions(reading) {
    const stray = reading.stray.toLowerCase();
    const left = reading.command.options.filter(
      (option) => !reading.values.some((value) => value.option === option) && option.name.startsWith(stray),
    );
    const items = left.map((option) => ({
      label: `${option.name}:`,
      detail: `${option.description}${option.required ? " (required)" : ""}`,
      take: () => this.takeOption(option, stray),
    }));
    const needs = left.find((option) => option.required);
    const hint = [
      el("b", {}, `/${reading.command.label}`),
      ` ${reading.command.description} `,
      el("span", { class: "note" }, needs ? `${needs.name} is still needed` : "Enter sends it"),
    ];
    return { hint, items, lit: needs || stray ? 0 : -1 };
  }

  takeOption(option, stray = "") {
    const { values } = this.reading;
    const given = values?.find((value) => value.option === option);
    if (given) {
      this.input.focus();
      this.input.setSelectionRange(given.valueStart, given.end);
      this.moved();
      return;
    }
    const text = this.input.value
      .slice(0, this.input.value.length - (stray && !values?.length ? stray.length : 0))
      .trimEnd();
    this.set(`${text} ${option.name}:`);
  }

  valueOf(option, text) {
    return valueOf(option, text, this.picked, (type) => this.entities(type));
  }

  entities(type) {
    const { world } = this;
    const people = [...world.members.values()].map(({ user }) => ({ name: `@${world.nameOf(user)}`, value: user.id }));
    const roles = [...world.roles.values()].map((role) => ({ name: `@${role.name}`, value: role.id }));
    const lists = {
      [TYPES.USER]: people,
      [TYPES.ROLE]: roles,
      [TYPES.MENTIONABLE]: [...people, ...roles],
      [TYPES.CHANNEL]: world.channelList().map((channel) => ({ name: `#${channel.name}`, value: channel.id })),
    };
    return lists[type] ?? [];
  }

  mirror(reading = this.reading) {
    drawMirror(this.input, reading);
  }

  // ---- keys and sending

  key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { items, lit, shown } = this.popup;
    const open = shown && items.length > 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && open) {
      this.popup.step(step);
    } else if (event.key === "ArrowUp" && !this.input.value && this.last) {
      this.picked = { ...this.last.picked };
      this.set(this.last.text);
    } else if (event.key === "Tab" && !event.shiftKey && open) {
      items[Math.max(lit, 0)].take();
    } else if (event.key === "Enter" && open && lit >= 0) {
      items[lit].take();
    } else if (event.key === "Escape" && shown) {
      this.close();
    } else {
      return;
    }
    event.preventDefault();
  }

  async send() {
    const text = this.input.value.trim();
    if (!text) return;
    const reading =
      this.reading.kind === "text" ? this.reading : read(this.input.value, Infinity, this.commands, this.picked);
    if (!text.startsWith("/")) return this.deliver(() => this.say(text));
    if (!reading.command) {
      return this.fail(
        this.commands.length
          ? `There is no command “${text.split(/\s/)[0]}”. Type / to see the commands.`
          : "The bot has registered no commands yet. Is it running?",
      );
    }
    const { options, wrong, option } = complete(reading, this.picked, (type) => this.entities(type));
    if (wrong) {
      if (option) this.takeOption(option);
      return this.fail(wrong);
    }
    return this.deliver(() => this.run(reading.command, nest(reading.command, options)));
  }

  // The line is free again at once; what was refused comes back, with the reason.
  async deliver(act) {
    const sent = { text: this.input.value, picked: this.picked };
    this.last = sent;
    this.picked = {};
    this.set("");
    try {
      await act();
    } catch (error) {
      if (!this.input.value) {
        this.picked = sent.picked;
        this.set(sent.text);
        this.close();
      }
      this.fail(error.message);
    }
  }
}
