// Builds elements. Text goes in as text nodes only, so nothing that came from outside can become markup.

// el("button", {class: "primary", "aria-label": "Send", on: {click: send}, data: {key: "x"}}, "Send")
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false),
  );
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

// Only these may become a link; a `javascript:` address is shown as text.
export function safeAddress(address) {
  try {
    const url = new URL(address, location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

// What the sandbox itself serves is loaded from the page's own origin, under whichever name this page was opened.
// A picture that is in the page already is asked of nobody.
export function ownAddress(address) {
  if (/^data:image\/png;base64,[A-Za-z0-9+/=]+$/.test(address)) return address;
  const url = safeAddress(address);
  if (!url) return null;
  const loopback = ["localhost", "127.0.0.1", "[::1]", location.hostname];
  return loopback.includes(url.hostname) ? url.pathname + url.search : null;
}

export function announce(text) {
  byId("announcer").textContent = text;
}

// A colour for a name, always the same one. Eight hues that carry white text.
export function hueOf(name) {
  let sum = 0;
  for (const letter of String(name)) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum % 8;
}

export function avatar(user, size = "") {
  if (user?.bot) {
    return el("img", { class: `avatar ${size}`, src: "/page/icon.svg", alt: "" });
  }
  const name = user?.global_name ?? user?.username ?? "?";
  return el(
    "span",
    { class: `avatar hue-${hueOf(user?.username ?? name)} ${size}`, "aria-hidden": "true" },
    [...name][0].toUpperCase(),
  );
}
