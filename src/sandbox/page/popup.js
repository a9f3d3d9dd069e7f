// The list above the command line: what can be taken with a click, an arrow and Enter, or Tab.

import { byId, el } from "./element.js";

export class Popup {
  constructor(input) {
    this.input = input;
    this.list = byId("option-popup");
    this.items = [];
    this.lit = -1;
  }

  // `items`: {label, detail?, options?, value?, take()}; `lit` is the one that Enter takes, or -1; `hint` stands above them.
  fill(hint, items, lit) {
    this.items = items;
    this.list.replaceChildren(...items.map((item, n) => this.drawItem(item, n)));
    byId("option-hint").replaceChildren(...[hint].flat().filter(Boolean));
    this.light(lit);
  }

  drawItem(item, n) {
    return el(
      "div",
      {
        role: "option",
        id: `option-${n}`,
        "aria-selected": "false",
        data: item.value === undefined ? {} : { value: item.value },
        on: {
          mousedown: (event) => event.preventDefault(),
          mousemove: () => this.lit !== n && this.light(n),
          click: () => item.take(),
        },
      },
      el("b", {}, item.label),
      item.detail && el("span", {}, item.detail),
      item.options?.length > 0 && el("span", { class: "options", "aria-hidden": "true" }, item.options.join("  ")),
    );
  }

  light(n) {
    this.lit = n;
    [...this.list.children].forEach((child, at) => child.setAttribute("aria-selected", String(at === n)));
    const lit = this.list.children[n];
    if (lit) {
      this.input.setAttribute("aria-activedescendant", lit.id);
      lit.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  step(by) {
    const n = this.items.length;
    this.light(this.lit < 0 ? (by > 0 ? 0 : n - 1) : (this.lit + by + n) % n);
  }

  get shown() {
    return !byId("suggestions").hidden;
  }

  show(shown) {
    byId("suggestions").hidden = !shown;
    this.input.setAttribute("aria-expanded", String(shown && this.items.length > 0));
    if (!shown) this.input.removeAttribute("aria-activedescendant");
  }
}
