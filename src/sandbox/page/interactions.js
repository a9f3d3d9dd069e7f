// What I do, and what becomes of it: text said, commands run, buttons and menus used, forms sent, and the answers to them.

import { discord } from "./control.js";
import { byId } from "./element.js";
import { openModal } from "./modal.js";
import { THINKING, interactionOf } from "./world.js";

export class Interactions {
  // `view()` is the open channel's view, `changed()` runs when what is unread may have changed.
  constructor(world, view, changed) {
    Object.assign(this, { world, viewed: view, changed });
  }

  get view() {
    return this.viewed();
  }

  // The answer's message is there: the row that waited for it goes.
  settle(message) {
    const answers = interactionOf(message);
    if (!answers) return;
    const { view, world } = this;
    const row =
      view.waiting.find((one) => one.interactionId === answers.id) ??
      view.waiting.find(
        (one) =>
          !one.interactionId &&
          !one.error &&
          answers.user?.id === world.me.user.id &&
          `${one.command} `.startsWith(`${answers.command} `),
      );
    if (row) view.waiting = view.waiting.filter((one) => one !== row);
  }

  // The stand-in says how an interaction stands.
  moved({ id, state, error }) {
    const { view, world } = this;
    const row = view.waiting.find((one) => one.interactionId === id);
    if (row && state === "answered") view.waiting = view.waiting.filter((one) => one !== row);
    if (row && state === "thinking") row.thinking = true;
    if (state === "failed") {
      const why = error ?? "The application did not respond";
      if (row) row.error = why;
      // It was deferred, and its time is over: nothing more comes of "thinking".
      const message = world
        .messagesOf(view.id)
        .find((one) => (one.flags ?? 0) & THINKING && interactionOf(one)?.id === id);
      if (message) {
        world.put({ ...message, flags: message.flags & ~THINKING });
        view.failures.set(message.id, why);
      }
    }
    view.draw();
  }

  async say(content) {
    await discord("POST", "/messages", { as: this.world.me.user.id, channel_id: this.view.id, content });
  }

  async run(command, options) {
    const { view } = this;
    const row = { channelId: view.id, command: command.label };
    view.waiting.push(row);
    view.draw();
    view.toPresent();
    try {
      const answer = await discord("POST", "/commands", {
        as: this.world.me.user.id,
        channel_id: row.channelId,
        name: command.path[0].name,
        options,
      });
      row.interactionId = answer.interaction_id;
      this.answered(answer, row);
    } catch (error) {
      view.waiting = view.waiting.filter((one) => one !== row);
      view.draw();
      throw error;
    }
  }

  async act(message, component, values) {
    const { view } = this;
    view.working.set(message.id, component.custom_id);
    view.failures.delete(message.id);
    view.redraw(message);
    const body = {
      as: this.world.me.user.id,
      channel_id: message.channel_id,
      message_id: message.id,
      custom_id: component.custom_id,
    };
    let failure = null;
    try {
      const answer = await discord("POST", values ? "/select" : "/press", values ? { ...body, values } : body);
      if (answer.outcome === "failed") failure = "This interaction failed";
      this.answered(answer, null);
    } catch (error) {
      failure = error.message;
    }
    view.working.delete(message.id);
    if (failure) view.failures.set(message.id, failure);
    if (view.id === message.channel_id) view.redraw(message);
  }

  // The first answer to a command, a press, a choice or a form.
  answered(answer, row) {
    const { view, world } = this;
    if (answer.message) {
      world.put(answer.message, { ifNew: true });
      this.settle(answer.message);
    }
    if (answer.outcome === "modal") openModal(answer.modal, (values) => this.submit(answer, values));
    if (row) {
      if (answer.outcome === "failed") row.error = answer.error ?? "The application did not respond";
      else if (answer.outcome === "deferred" && !answer.message) row.thinking = true;
      else view.waiting = view.waiting.filter((one) => one !== row);
    }
    view.draw();
    this.changed();
  }

  async submit(opened, values) {
    const answer = await discord("POST", "/submit", {
      as: this.world.me.user.id,
      interaction_id: opened.interaction_id,
      custom_id: opened.modal.custom_id,
      values,
    });
    if (answer.outcome === "failed") throw new Error("Something went wrong. Try again.");
    this.answered(answer, null);
  }

  dismiss(message) {
    this.world.dismissed.add(message.id);
    this.view.draw();
    byId("command-line").focus();
  }
}
