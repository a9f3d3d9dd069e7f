// How a command looks while it is typed: a chip for each option, and the colours in the line itself.

import { byId, el } from "./element.js";

// `wrong(option, text)` says what is wrong with a value, `take(option)` moves the caret to an option or adds it.
export function drawChips(reading, wrong, take) {
  const bar = byId("option-chips");
  bar.hidden = !reading.command || !reading.command.options.length;
  if (bar.hidden) {
    bar.replaceChildren();
    return;
  }
  const chips = reading.command.options.map((option) => {
    const given = reading.values.find((value) => value.option === option);
    const amiss = given?.text && !option.autocomplete && wrong(option, given.text);
    const state = amiss ? "wrong" : given?.text ? "given" : option.required ? "missing" : "open";
    const active = reading.active?.option === option;
    return el(
      "button",
      {
        type: "button",
        id: `chip-${option.name}`,
        class: `chip ${state}${active ? " active" : ""}`,
        title: option.description,
        on: { mousedown: (event) => event.preventDefault(), click: () => take(option) },
      },
      el("b", {}, option.name),
      el("span", {}, given?.text || (option.required ? "required" : "optional")),
    );
  });
  bar.replaceChildren(el("span", { class: "chip-command" }, `/${reading.command.label}`), ...chips);
}

// The same text behind the transparent input, with the command and its options coloured.
export function drawMirror(input, reading) {
  const text = input.value;
  const mirror = byId("line-mirror");
  const parts = [];
  if (reading.kind === "command") {
    parts.push(el("span", { class: "m-command" }, text.slice(0, reading.from)));
    let at = reading.from;
    for (const value of reading.values) {
      parts.push(text.slice(at, value.start));
      const end = value.valueStart + text.slice(value.valueStart, value.end).trimEnd().length;
      parts.push(
        el(
          "span",
          { class: "m-option" },
          el("span", { class: "m-name" }, text.slice(value.start, value.valueStart)),
          text.slice(value.valueStart, end),
        ),
      );
      at = end;
    }
    parts.push(text.slice(at));
  } else {
    parts.push(text);
  }
  mirror.replaceChildren(...parts);
  mirror.scrollLeft = input.scrollLeft;
}
