// Times as Discord writes them: `<t:…:R>` ticks, everything else follows the reader's own clock and language.

const FORMATS = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const STEPS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export function relative(unixSeconds, nowSeconds) {
  const seconds = unixSeconds - nowSeconds;
  if (seconds === 0) return "now";
  const [unit, length] = stepFor(seconds);
  return RELATIVE.format(Math.round(seconds / length), unit);
}

// "5m", for how long something has been so.
export function lasting(seconds) {
  const [unit, length] = stepFor(seconds);
  return new Intl.NumberFormat("en", { style: "unit", unit, unitDisplay: "narrow" }).format(
    Math.max(0, Math.floor(seconds / length)),
  );
}

function stepFor(seconds) {
  return STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
}

function written(unixSeconds, style) {
  if (style === "R") return relative(unixSeconds, Math.floor(Date.now() / 1000));
  return new Intl.DateTimeFormat(undefined, FORMATS[style] ?? FORMATS.f).format(unixSeconds * 1000);
}

// A <time> for `<t:unixSeconds:style>`; out of a date's range it is null, and the text stays as it was written.
export function timeElement(unixSeconds, style = "f") {
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const time = document.createElement("time");
  time.dateTime = date.toISOString();
  time.title = written(unixSeconds, "F");
  time.className = "stamp";
  time.dataset.unix = unixSeconds;
  time.dataset.style = style;
  time.textContent = written(unixSeconds, style);
  return time;
}

// "Today at 21:04", as it stands beside an author's name.
export function messageTime(iso) {
  const date = new Date(iso);
  const time = document.createElement("time");
  if (Number.isNaN(date.getTime())) return time;
  const clock = new Intl.DateTimeFormat(undefined, FORMATS.t).format(date);
  time.dateTime = date.toISOString();
  time.title = new Intl.DateTimeFormat(undefined, FORMATS.F).format(date);
  time.textContent = sameDay(date, new Date())
    ? `Today at ${clock}`
    : `${new Intl.DateTimeFormat(undefined, FORMATS.d).format(date)} ${clock}`;
  return time;
}

export function dayOf(iso) {
  return new Intl.DateTimeFormat(undefined, FORMATS.D).format(new Date(iso));
}

function sameDay(one, other) {
  return one.toDateString() === other.toDateString();
}

export function startTicking() {
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll('time[data-style="R"]')) {
      const text = written(Number(time.dataset.unix), "R");
      if (time.textContent !== text) time.textContent = text;
    }
  }, 1000);
}
