// Draws one message as a chat client shows it: author, content, embeds, pictures, components and the marks below.

import { avatar, el, ownAddress, safeAddress } from "./element.js";
import { markdown, inline } from "./markdown.js";
import { messageTime, relative } from "./time.js";
import { drawComponents } from "./components.js";
import { THINKING, interactionOf } from "./world.js";

const REPLY = 19;
const THREAD_CREATED = 18;
const THREAD_STARTER = 21;

// `context`: {world, names, act, working: custom_id | null, failure: text | null, compact: bool, openThread, dismiss, jump}
export function drawMessage(message, context) {
  const { world } = context;
  const author = world.nameOf(message.author);
  const head = above(message, context);
  const compact = context.compact && !head;
  const article = el("article", {
    class: ["message", compact && "compact", message.ephemeral && "ephemeral", world.namesMe(message) && "names-me"]
      .filter(Boolean)
      .join(" "),
    id: `message-${message.id}`,
    tabindex: "-1",
    "aria-label": `${author}, ${new Date(message.timestamp).toLocaleTimeString([], { timeStyle: "short" })}`,
    data: { messageId: message.id },
  });
  if (head) article.append(head);
  const time = messageTime(message.timestamp);
  const body = el("div", { class: "body" });
  if (compact) {
    time.textContent = new Date(message.timestamp).toLocaleTimeString([], { timeStyle: "short" });
    article.append(el("div", { class: "gutter" }, time), body);
  } else {
    article.append(el("div", { class: "gutter" }, avatar(message.author)), body);
    body.append(el("header", { class: "byline" }, authorName(message.author, context), time));
  }
  body.append(...contents(message, context));
  if (message.edited_timestamp && !((message.flags ?? 0) & THINKING)) {
    const mark = el(
      "span",
      { class: "edited", title: new Date(message.edited_timestamp).toLocaleString() },
      "(edited)",
    );
    (
      body.querySelector(":scope > .content > .text:last-child") ??
      body.querySelector(":scope > .content") ??
      body.querySelector(":scope > .byline") ??
      body
    ).append(" ", mark);
  }
  return article;
}

// What a message says in one line, for the reply above another message and for the live region.
export function gist(message, names) {
  const now = Math.floor(Date.now() / 1000);
  const plain = (text) =>
    (text ?? "")
      .replace(/<t:(-?\d+)(:\w)?>/g, (_, unix) => relative(Number(unix), now))
      .replace(/<@!?(\d+)>/g, (_, id) => `@${names.user(id)?.text ?? "somebody"}`)
      .replace(/<@&(\d+)>/g, (_, id) => `@${names.role(id)?.text ?? "a role"}`)
      .replace(/<#(\d+)>/g, (_, id) => `#${names.channel(id)?.text ?? "a channel"}`)
      .replace(/[*`~|>\\]/g, "")
      .replace(/\s+/g, " ")
      .trim();
  const embed = message.embeds?.[0];
  return [message.content, embed?.title, embed?.description].map(plain).filter(Boolean).join(" · ").slice(0, 160);
}

export function authorName(user, { world }) {
  const name = el("span", { class: "author" }, world.nameOf(user));
  const colour = world.colourOf(user?.id);
  if (colour) name.style.setProperty("--role", colour);
  return [name, user?.bot && el("span", { class: "app-tag" }, "APP")];
}

function above(message, context) {
  const { world } = context;
  if (message.type === THREAD_CREATED || message.type === THREAD_STARTER) return null;
  const answers = interactionOf(message);
  if (message.type !== REPLY && answers?.user && answers.command) {
    return el(
      "div",
      { class: "above" },
      avatar(answers.user, "tiny"),
      authorName(answers.user, context),
      " used ",
      el("span", { class: "mention" }, `/${answers.command}`),
    );
  }
  if (message.type !== REPLY && !message.message_reference?.message_id) return null;
  const id = message.message_reference?.message_id;
  const channelId = message.message_reference?.channel_id ?? message.channel_id;
  const original = world.messages.get(channelId)?.get(id) ?? message.referenced_message;
  if (!original) return el("div", { class: "above" }, el("em", {}, "The original message was deleted"));
  return el(
    "button",
    {
      type: "button",
      class: "above",
      title: "Show the message that this answers",
      on: { click: () => context.jump(channelId, id) },
    },
    avatar(original.author, "tiny"),
    authorName(original.author, context),
    el("span", { class: "gist" }, gist(original, context.names) || "Click to see the message"),
  );
}

function contents(message, context) {
  const { world, names } = context;
  const out = [];
  if ((message.flags ?? 0) & THINKING) {
    out.push(thinking(world.nameOf(message.author)));
  } else if (message.type === THREAD_CREATED) {
    out.push(el("p", { class: "content system" }, "started a thread: ", el("strong", {}, message.content || "thread")));
  } else if (message.type === THREAD_STARTER) {
    // The first message of a thread stands for the one that it hangs on, without what can be pressed there.
    const { channel_id, message_id } = message.message_reference ?? {};
    const original = world.messages.get(channel_id)?.get(message_id) ?? message.referenced_message;
    if (!original) out.push(el("p", { class: "content system" }, "The message that began this thread was deleted."));
    else out.push(...contents({ ...original, components: [], channel_id: message_id }, { ...context, failure: null }));
  } else if (message.content) {
    out.push(el("div", { class: "content" }, markdown(message.content, names)));
  }
  out.push(...(message.embeds ?? []).map((embed) => drawEmbed(embed, message, context)));
  out.push(...loosePictures(message));
  if (message.components?.length) out.push(drawComponents(message, context));
  const thread = world.channels.get(message.id) ?? message.thread;
  if (thread && thread.id !== message.channel_id) out.push(threadLink(thread, context));
  if (context.failure) out.push(el("p", { class: "failure", role: "alert" }, "⚠ ", context.failure));
  if (message.ephemeral) {
    out.push(
      el(
        "p",
        { class: "private" },
        "👁 Only you can see this · ",
        el(
          "button",
          { type: "button", class: "as-link", data: { key: "dismiss" }, on: { click: () => context.dismiss(message) } },
          "Dismiss message",
        ),
      ),
    );
  }
  return out;
}

// The thread below a message: its name, how much stands in it, and the last thing said.
function threadLink(thread, { world, names, openThread }) {
  const messages = world.messagesOf(thread.id).filter((message) => message.type !== THREAD_STARTER);
  const count = messages.length || (thread.message_count ?? 0);
  const last = messages.at(-1);
  return el(
    "button",
    { type: "button", class: "thread-link", data: { key: "thread" }, on: { click: () => openThread(thread.id) } },
    el("span", {}, "💬 ", el("strong", {}, thread.name), " "),
    el("span", { class: "thread-more" }, `${count} message${count === 1 ? "" : "s"} ›`),
    last && el("span", { class: "thread-last" }, gist(last, names)),
  );
}

export function thinking(name) {
  return el(
    "p",
    { class: "thinking" },
    el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
    `${name} is thinking…`,
  );
}

function drawEmbed(embed, message, { names }) {
  const box = el("div", { class: "embed" });
  if (embed.color !== undefined && embed.color !== null)
    box.style.setProperty("--bar", `#${embed.color.toString(16).padStart(6, "0")}`);
  const main = el("div", { class: "embed-main" });
  if (embed.author?.name) main.append(el("p", { class: "embed-author" }, embed.author.name));
  if (embed.title) {
    const url = embed.url && safeAddress(embed.url);
    const title = inline(embed.title, names);
    main.append(
      el(
        "h2",
        { class: "embed-title" },
        url ? el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, title) : title,
      ),
    );
  }
  if (embed.description) main.append(el("div", { class: "embed-text" }, markdown(embed.description, names)));
  if (embed.fields?.length) main.append(drawFields(embed.fields, names));
  const picture = drawPicture(embed.image, message, "embed-image");
  if (picture) main.append(picture);
  const foot = [embed.footer?.text, embed.timestamp && messageTime(embed.timestamp)].filter(Boolean);
  if (foot.length) main.append(el("footer", { class: "embed-footer" }, foot[0], foot[1] && [" • ", foot[1]]));
  box.append(main);
  const corner = drawPicture(embed.thumbnail, message, "embed-thumbnail");
  if (corner) box.append(corner);
  return box;
}

// Inline fields share a line, three at most, as in Discord.
function drawFields(fields, names) {
  const grid = el("div", { class: "embed-fields" });
  let run = [];
  const flush = () => {
    for (const field of run) field.classList.add(`of-${Math.min(run.length, 3)}`);
    run = [];
  };
  for (const field of fields) {
    const box = el(
      "div",
      { class: "embed-field" },
      el("h3", {}, inline(field.name ?? "", names)),
      el("div", { class: "embed-text" }, markdown(field.value ?? "", names)),
    );
    if (field.inline) {
      if (run.length === 3) flush();
      run.push(box);
    } else {
      flush();
    }
    grid.append(box);
  }
  flush();
  return grid;
}

function drawPicture(picture, message, className) {
  if (!picture?.url) return null;
  const attached = /^attachment:\/\/(.+)$/.exec(picture.url);
  const source = attached ? message.attachments?.find((file) => file.filename === attached[1]) : picture;
  const address = source && ownAddress(source.url);
  if (!address) return null;
  return el("img", {
    class: className,
    src: address,
    alt: source.description ?? picture.description ?? "Picture in the message",
    loading: "lazy",
  });
}

function loosePictures(message) {
  const shown = JSON.stringify(message.embeds ?? []);
  return (message.attachments ?? [])
    .filter((file) => !shown.includes(file.filename) && !shown.includes(file.url))
    .map((file) => {
      const address = ownAddress(file.url);
      if (!address) return el("p", { class: "file" }, `📎 ${file.filename}`);
      if (file.content_type?.startsWith("image/"))
        return el("img", { class: "attachment", src: address, alt: file.description ?? file.filename });
      return el(
        "p",
        { class: "file" },
        "📎 ",
        el("a", { href: address, download: file.filename }, file.filename),
        ` ${Math.ceil((file.size ?? 0) / 1024)} KB`,
      );
    });
}
