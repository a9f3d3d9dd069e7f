// Discord's markdown, as far as a bot's messages use it, drawn as elements.
// https://support.discord.com/hc/en-us/articles/210298617 (markdown), https://docs.discord.com/developers/reference#message-formatting

import { el, safeAddress } from "./element.js";
import { timeElement } from "./time.js";

const DEEPEST = 8;

// `names` answers user(id), role(id), channel(id) -> {text, me?, open?} or null, and jump(url) -> {text, open} or null.
export function markdown(text, names) {
  const out = [];
  const fence = /```(?:([\w+#.-]*)\n)?([\s\S]*?)```\n?/y;
  let plain = 0;
  let at = 0;
  while ((at = text.indexOf("```", at)) !== -1) {
    fence.lastIndex = at;
    const found = fence.exec(text);
    if (!found || !found[2].trim() || escaped(text, at)) {
      at += 3;
      continue;
    }
    out.push(...blocks(text.slice(plain, at), names));
    out.push(el("pre", {}, el("code", {}, found[2].replace(/\n$/, ""))));
    plain = at = fence.lastIndex;
  }
  out.push(...blocks(text.slice(plain), names));
  return out;
}

function escaped(text, at) {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

const LIST = /^(\s*)(?:([-*])|(\d{1,9})\.) +(.*)$/;

function blocks(text, names) {
  if (!text) return [];
  const out = [];
  const lines = text.split("\n");
  let run = [];
  const flush = () => {
    if (run.length) out.push(el("span", { class: "text" }, inline(run.join("\n"), names)));
    run = [];
  };
  for (let n = 0; n < lines.length; n += 1) {
    const line = lines[n];
    const heading = /^(#{1,3}) +(\S.*)$/.exec(line);
    const quoteAll = /^>>> /.test(line);
    if (quoteAll || /^> /.test(line)) {
      flush();
      const quoted = [];
      if (quoteAll) {
        quoted.push(line.slice(4), ...lines.slice(n + 1));
        n = lines.length;
      } else {
        while (n < lines.length && /^> /.test(lines[n])) quoted.push(lines[n++].slice(2));
        n -= 1;
      }
      out.push(el("blockquote", {}, blocks(quoted.join("\n"), names)));
    } else if (heading) {
      flush();
      out.push(el(`h${heading[1].length + 2}`, {}, inline(heading[2], names)));
    } else if (/^-# +\S/.test(line)) {
      flush();
      out.push(el("small", { class: "subtext" }, inline(line.replace(/^-# +/, ""), names)));
    } else if (LIST.test(line)) {
      flush();
      const items = [];
      const numbered = Boolean(LIST.exec(line)[3]);
      while (
        n < lines.length &&
        LIST.test(lines[n]) &&
        (Boolean(LIST.exec(lines[n])[3]) === numbered || /^\s/.test(lines[n]))
      )
        items.push(LIST.exec(lines[n++]));
      n -= 1;
      out.push(list(items, names));
    } else {
      run.push(line);
    }
  }
  flush();
  return out;
}

function list(items, names) {
  const [, , , number] = items[0];
  const element = el(number ? "ol" : "ul", number ? { start: number } : {});
  for (const [, indent, , , text] of items) {
    element.append(el("li", { class: indent.length >= 2 ? "nested" : undefined }, inline(text, names)));
  }
  return element;
}

// Each rule: where it matches, and what it draws. The first that matches wins. `before` is the letter in front.
const RULES = [
  [/\\([^\p{L}\p{N}\s])/uy, (m) => m[1]],
  [/(`+)([\s\S]*?[^`])\1(?!`)/y, (m) => el("code", {}, m[2].trim() || m[2])],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y, (m) => timeElement(Number(m[1]), m[2])],
  [/<@!?(\d+)>/y, (m, names) => mention("@", names.user(m[1]), "unknown-user")],
  [/<@&(\d+)>/y, (m, names) => mention("@", names.role(m[1]), "unknown-role")],
  [/<#(\d+)>/y, (m, names) => mention("#", names.channel(m[1]), "unknown")],
  [/<\/([^:>\n]{1,100}):\d+>/y, (m) => el("span", { class: "mention" }, `/${m[1]}`)],
  [/<a?:(\w{2,32}):\d+>/y, (m) => `:${m[1]}:`],
  [/<(https?:\/\/[^\s>]+)>/y, (m, names) => link(m[1], null, names)],
  [
    /\[((?:\\[\s\S]|[^\]\\\n])+)\]\(<?(https?:\/\/[^\s)>]+)>?(?:\s+"[^"\n]*")?\)/y,
    (m, names, depth) => link(m[2], inline(m[1], names, depth), names),
  ],
  [/https?:\/\/[^\s<]*[^\s<.,:;"'\])!?*_~|]/y, (m, names) => link(m[0], null, names)],
  [/\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y, (m, names, depth) => el("strong", {}, inline(m[1], names, depth))],
  [/__((?:\\[\s\S]|[^\\])+?)__(?!_)/y, (m, names, depth) => el("u", {}, inline(m[1], names, depth))],
  [/~~((?:\\[\s\S]|[^\\])+?)~~/y, (m, names, depth) => el("s", {}, inline(m[1], names, depth))],
  [/\|\|((?:\\[\s\S]|[^\\])+?)\|\|/y, (m, names, depth) => spoiler(inline(m[1], names, depth))],
  [
    /\*(?![\s*])((?:\\[\s\S]|\*\*[\s\S]+?\*\*|[^\\*])+?)\*(?!\*)/y,
    (m, names, depth) => el("em", {}, inline(m[1], names, depth)),
  ],
  [
    /(?<![\p{L}\p{N}])_(?![\s_])((?:\\[\s\S]|[^\\_])+?)_(?![\p{L}\p{N}_])/uy,
    (m, names, depth) => el("em", {}, inline(m[1], names, depth)),
  ],
  [/@(everyone|here)/y, (m) => el("span", { class: "mention" }, m[0])],
  [/\n/y, () => el("br")],
];
const PLAIN = /[\s\S](?:(?!https?:\/\/)[^\\`<[*_~|@\n])*/uy;

export function inline(text, names, depth = 0) {
  if (depth >= DEEPEST) return [text];
  const out = [];
  let at = 0;
  while (at < text.length) {
    const drawn = drawAt(text, at, names, depth + 1) ?? plainAt(text, at);
    out.push(drawn.node);
    at = drawn.end;
  }
  return out;
}

function drawAt(text, at, names, depth) {
  for (const [pattern, draw] of RULES) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) continue;
    const end = pattern.lastIndex;
    // A rule may recurse into itself and move its own lastIndex: `end` was taken before.
    const node = draw(found, names, depth);
    if (node !== null) return { node, end };
  }
  return null;
}

function plainAt(text, at) {
  PLAIN.lastIndex = at;
  const found = PLAIN.exec(text);
  return { node: found[0], end: at + found[0].length };
}

function mention(sign, target, otherwise) {
  const text = `${sign}${target?.text ?? otherwise}`;
  if (target?.open) {
    return el("button", { type: "button", class: "mention", on: { click: target.open } }, text);
  }
  return el("span", { class: target?.me ? "mention me" : "mention" }, text);
}

// A link to a message of this guild opens here; every other one in a tab of its own.
export function link(address, content, names) {
  const url = safeAddress(address);
  if (!url) return address;
  const jump = names.jump(url);
  if (jump) return el("button", { type: "button", class: "mention", on: { click: jump.open } }, content ?? jump.text);
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, content ?? address);
}

function spoiler(content) {
  const cover = el(
    "button",
    { type: "button", class: "spoiler", "aria-label": "Show spoiler", "aria-expanded": "false" },
    el("span", {}, content),
  );
  cover.addEventListener("click", () => {
    cover.classList.add("open");
    cover.setAttribute("aria-expanded", "true");
    cover.removeAttribute("aria-label");
  });
  return cover;
}
