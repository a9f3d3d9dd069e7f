// The sandbox's control interface: one call, and one event stream that comes back by itself.

// What went wrong, in words that a person can read.
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export async function call(method, path, body, signal) {
  let response;
  try {
    response = await fetch(`/control${path}`, {
      method,
      signal,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The sandbox does not answer. Is it still running?", 0);
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    // Not JSON: an error page, whose status says enough.
  }
  if (!response.ok) {
    throw new Refused(answer?.message ?? answer?.detail ?? `The sandbox answered ${response.status}.`, response.status);
  }
  return answer;
}

export const discord = (method, path, body, signal) => call(method, `/discord${path}`, body, signal);
export const fleet = (method, path, body, signal) => call(method, `/fleet${path}`, body, signal);

// Follows an event stream until `stop()`. `opened` runs at each (re)connection, since what passed in between was
// missed and must be read again; `lost` once per loss.
export function follow(path, { opened, event, lost }) {
  let source = null;
  let timer = null;
  let stopped = false;
  let up = false;
  let wait = 500;

  const open = () => {
    source = new EventSource(`/control${path}`);
    source.onopen = () => {
      up = true;
      wait = 500;
      opened();
    };
    source.onmessage = (message) => event(JSON.parse(message.data));
    source.onerror = () => {
      source.close();
      if (stopped) return;
      if (up) lost();
      up = false;
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, 4000);
    };
  };
  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source.close();
  };
}
