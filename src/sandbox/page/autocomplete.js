// Asks the bot what it suggests for a value, once the typing rests. An answer that came too late is dropped.

import { discord } from "./control.js";
import { nest } from "./commandtext.js";

const AFTER = 120;

export class Autocomplete {
  // `changed()` runs when an answer came.
  constructor(world, channelId, changed) {
    Object.assign(this, { world, channelId, changed });
    this.reset();
  }

  reset() {
    this.choices = { key: null, list: [], state: "none" };
  }

  // What is suggested for the value at the caret, as far as it is known. `valueOf(option, text)` reads the other values.
  of(reading, picked, valueOf) {
    const { option, text } = reading.active;
    const others = reading.values.filter((value) => value.option !== option && value.text);
    const given = others.flatMap((value) => {
      const known = valueOf(value.option, value.text);
      return known.wrong ? [] : [{ name: value.option.name, type: value.option.type, value: known.value }];
    });
    const known = picked[option.name];
    const typed = known?.text === text ? known.value : text;
    const options = nest(reading.command, [
      ...given,
      { name: option.name, type: option.type, value: typed, focused: true },
    ]);
    this.ask(reading.command.path[0].name, option.name, options, [reading.command.label, options]);
    return this.choices;
  }

  ask(command, option, options, subject) {
    const key = JSON.stringify([this.world.me.user.id, subject]);
    if (this.choices.key === key) return;
    this.asking?.abort();
    clearTimeout(this.timer);
    const { signal } = (this.asking = new AbortController());
    const same = this.choices.option === option;
    this.choices = { key, option, list: same ? this.choices.list : [], state: "asking" };
    this.timer = setTimeout(async () => {
      let list = [];
      let state = "ready";
      try {
        const body = { as: this.world.me.user.id, channel_id: this.channelId(), name: command, options };
        const answer = await discord("POST", "/autocomplete", body, signal);
        if (answer.choices) list = answer.choices;
        else state = "failed";
      } catch (error) {
        if (error.name === "AbortError") return;
        state = "failed";
      }
      if (this.choices.key !== key) return;
      this.choices = { key, option, list, state };
      this.changed();
    }, AFTER);
  }
}
