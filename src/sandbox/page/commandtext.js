// What is typed after `/`, read: which command, which options, what stands at the caret, what is still wrong. Pure.
// The text is the truth; `picked` only remembers which value stands behind a name that was chosen from a list.

const SUB = 1;
const GROUP = 2;
export const TYPES = { STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10 };

// Every command that can be run, subcommands flattened: {path: ["bots", "status"], label, description, options}.
export function runnable(commands) {
  const walk = (node, path) => {
    const nested = (node.options ?? []).filter((option) => option.type === SUB || option.type === GROUP);
    if (nested.length) return nested.flatMap((option) => walk(option, [...path, option]));
    return [
      {
        path,
        label: path.map((part) => part.name).join(" "),
        description: node.description ?? "",
        options: node.options ?? [],
      },
    ];
  };
  return commands.filter((command) => (command.type ?? 1) === 1).flatMap((command) => walk(command, [command]));
}

// {kind: "text"} | {kind: "choosing", query} | {kind: "command", command, values, stray, active}
// `values`: [{option, text, start, valueStart, end}], in the order typed; `active`: the one the caret is in, or null.
export function read(text, caret, commands, picked) {
  if (!text.startsWith("/")) return { kind: "text" };
  const typed = text.slice(1).toLowerCase();
  const command = commands
    .filter((one) => typed === one.label || typed.startsWith(`${one.label} `))
    .sort((one, other) => other.label.length - one.label.length)[0];
  if (!command) return { kind: "choosing", query: typed };
  const from = 1 + command.label.length;
  const { values, stray } = readOptions(command, text, from, picked);
  if (typed === command.label && caret <= from) return { kind: "choosing", query: typed, command, values, stray };
  const active = values.find((value) => caret >= value.valueStart && caret <= value.end) ?? null;
  return { kind: "command", command, values, stray, active, from };
}

function readOptions(command, text, from, picked) {
  const mark = new RegExp(`(?<=\\s)(${command.options.map((option) => option.name).join("|")}):[ ]?`, "giu");
  const values = [];
  let at = from;
  while (command.options.length) {
    mark.lastIndex = at;
    const found = mark.exec(text);
    if (!found) break;
    const last = values.at(-1);
    if (last) last.end = found.index - 1;
    const name = found[1].toLowerCase();
    const value = {
      option: command.options.find((option) => option.name === name),
      start: found.index,
      valueStart: mark.lastIndex,
      end: text.length,
    };
    values.push(value);
    // A chosen name may itself look like an option ("note: …"): it is taken whole.
    const whole = picked[name]?.text;
    const taken =
      whole && text.startsWith(whole, value.valueStart) && /^(\s|$)/.test(text.slice(value.valueStart + whole.length));
    at = taken ? value.valueStart + whole.length : value.valueStart;
  }
  for (const value of values) value.text = text.slice(value.valueStart, value.end).trim();
  return { values, stray: text.slice(from, values[0]?.start ?? text.length).trim() };
}

// The value that is sent for a text, or a sentence that says what is wrong with it. `entities(type)` lists people, roles, channels.
export function valueOf(option, text, picked, entities) {
  const known = picked[option.name];
  if (known && known.text === text) return { value: known.value };
  const same = (name) => name.toLowerCase() === text.toLowerCase();
  if (option.choices?.length) {
    const choice = option.choices.find((one) => same(one.name) || same(String(one.value)));
    if (choice) return { value: choice.value };
    return { wrong: `${option.name}: “${text}” is not one of ${option.choices.map((one) => one.name).join(", ")}.` };
  }
  switch (option.type) {
    case TYPES.INTEGER:
    case TYPES.NUMBER:
      return number(option, text);
    case TYPES.BOOLEAN:
      if (same("true") || same("false")) return { value: same("true") };
      return { wrong: `${option.name}: write True or False.` };
    case TYPES.USER:
    case TYPES.CHANNEL:
    case TYPES.ROLE:
    case TYPES.MENTIONABLE: {
      const entity = entities(option.type).find(
        (one) => one.value === text || same(one.name) || same(one.name.slice(1)),
      );
      return entity
        ? { value: entity.value }
        : { wrong: `${option.name}: nobody and nothing here is called “${text}”.` };
    }
    default:
      return string(option, text);
  }
}

function number(option, text) {
  const value = Number(text);
  if (!Number.isFinite(value) || (option.type === TYPES.INTEGER && !Number.isSafeInteger(value))) {
    return {
      wrong: `${option.name}: “${text}” is not a ${option.type === TYPES.INTEGER ? "whole number" : "number"}.`,
    };
  }
  if (option.min_value !== undefined && value < option.min_value)
    return { wrong: `${option.name}: at least ${option.min_value}.` };
  if (option.max_value !== undefined && value > option.max_value)
    return { wrong: `${option.name}: at most ${option.max_value}.` };
  return { value };
}

function string(option, text) {
  const length = [...text].length;
  if (option.min_length && length < option.min_length)
    return { wrong: `${option.name}: at least ${option.min_length} characters.` };
  if (length > (option.max_length ?? 6000))
    return { wrong: `${option.name}: at most ${option.max_length ?? 6000} characters.` };
  return { value: text };
}

// Everything that is to be sent, or the first thing that is wrong: {options} or {wrong, option?}.
export function complete({ command, values, stray }, picked, entities) {
  if (stray) {
    const first = command.options[0]?.name;
    return {
      wrong: first
        ? `“${stray}” belongs to no option. Write it as ${first}:${stray}.`
        : `/${command.label} takes no options.`,
    };
  }
  const twice = values.find((value, n) => values.findIndex((other) => other.option === value.option) !== n);
  if (twice) return { wrong: `${twice.option.name} is given twice.`, option: twice.option };
  const options = [];
  for (const option of command.options) {
    const given = values.find((value) => value.option === option);
    if (!given?.text) {
      if (option.required) return { wrong: `${option.name} is required: ${lower(option.description)}.`, option };
      continue;
    }
    const read = valueOf(option, given.text, picked, entities);
    if (read.wrong) return { wrong: read.wrong, option };
    options.push({ name: option.name, type: option.type, value: read.value });
  }
  return { options };
}

// Options as Discord nests them below group and subcommand.
export function nest(command, options) {
  return command.path
    .slice(1)
    .reduceRight((inner, part) => [{ name: part.name, type: part.type, options: inner }], options);
}

function lower(sentence) {
  const text = (sentence ?? "").replace(/\.$/, "");
  return text.charAt(0).toLowerCase() + text.slice(1);
}

// Which suggestion Enter takes: the first, unless what stands there can be sent as it is. "Billing Bot" can, before
// "Billing Bot — 2 of 2 healthy"; "Bill" cannot.
export function litFor(text, list) {
  if (!list.length) return -1;
  if (!text) return 0;
  const typed = text.toLowerCase();
  const whole = list.some((choice) => {
    const name = choice.name.toLowerCase();
    return (
      String(choice.value).toLowerCase() === typed ||
      (name.startsWith(typed) && /^\s*([^\p{L}\p{N}\s]|$)/u.test(name.slice(typed.length)))
    );
  });
  return whole ? -1 : 0;
}
