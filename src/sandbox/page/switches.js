// The page's own switches: dark or light, the fleet panel, the tour. They are remembered in this browser.

import { byId } from "./element.js";

const THEMES = { system: "◐ System", dark: "☾ Dark", light: "☀ Light" };

export function startSwitches() {
  startTheme();
  const narrow = matchMedia("(max-width: 1100px)");
  startPanel("fleet", byId("fleet-toggle"), narrow.matches ? "closed" : (recall("fleet") ?? "open"));
  narrow.addEventListener("change", () => showPanel("fleet", byId("fleet-toggle"), !narrow.matches));
  startPanel("tour", byId("tour-toggle"), recall("tour") ?? "open");
}

export function startTheme() {
  const button = byId("theme");
  const apply = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = THEMES[theme];
    button.setAttribute("aria-label", `Theme: ${theme}. Press to change.`);
  };
  let theme = recall("theme") in THEMES ? recall("theme") : "system";
  apply(theme);
  button.addEventListener("click", () => {
    const order = Object.keys(THEMES);
    theme = order[(order.indexOf(theme) + 1) % order.length];
    keep("theme", theme);
    apply(theme);
  });
}

function startPanel(id, toggle, state) {
  showPanel(id, toggle, state === "open");
  toggle.addEventListener("click", () => {
    const open = byId(id).hidden;
    showPanel(id, toggle, open);
    keep(id, open ? "open" : "closed");
  });
}

export function showPanel(id, toggle, open) {
  byId(id).hidden = !open;
  document.body.classList.toggle(`${id}-open`, open);
  toggle.setAttribute("aria-expanded", String(open));
}

// Storage may be forbidden in this browser; the switches then last as long as the page.
export function recall(name) {
  try {
    return localStorage.getItem(`botswain-${name}`);
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`botswain-${name}`, value);
  } catch {
    // Nothing to do: see above.
  }
}
