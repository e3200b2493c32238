// The board in the browser: one WebSocket, the list of people, the messages.
// Names and texts come from strangers: they are only ever put into textContent.

const FIRST_RETRY = 500; // milliseconds, doubled after each failure
const LAST_RETRY = 15_000;
const PING_EVERY = 30_000;
const PONG_WITHIN = 10_000;
const LOG_LENGTH = 200;

const element = (id) => document.getElementById(id);
const people = new Map(); // name → number of tabs
let me = "";

// --- what is shown ---

function show(state, text) {
  element("state").dataset.state = state;
  element("state").textContent = text;
  element("compose").querySelector("button").disabled = state !== "open";
}

function span(className, text) {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}

function showPeople() {
  const names = [...people.keys()].sort();
  element("people-count").textContent = socket === null ? "" : `(${names.length})`;
  element("people").replaceChildren(...names.map((name) => {
    const line = document.createElement("li");
    const tabs = people.get(name);
    line.append(
      span("who", name === me ? `${name} (you)` : name),
      span("tabs", tabs === 1 ? "1 tab" : `${tabs} tabs`),
    );
    return line;
  }));
  showReceivers(names);
}

function showReceivers(names) {
  const select = element("to");
  const chosen = select.value;
  // Whoever is being written to stays chosen, even if they have just left: the server will say so,
  // which is better than a private line that silently goes to everybody.
  const offered = chosen && !names.includes(chosen) ? [...names, chosen] : names;
  select.replaceChildren(
    new Option("Everybody", ""),
    ...offered.map((name) => new Option(names.includes(name) ? name : `${name} (offline)`, name)),
  );
  select.value = chosen;
}

function addLine(className, ...parts) {
  const log = element("log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const line = document.createElement("li");
  line.className = className;
  line.append(...parts);
  log.append(line);
  while (log.children.length > LOG_LENGTH) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// --- what the server says ---

const onOnline = {
  state({ you, users }) {
    me = you.user;
    people.clear();
    for (const { user, tabs } of users) people.set(user, tabs);
    show("open", `Connected as ${me}`);
    showPeople();
  },
  joined({ user }) {
    people.set(user, 1);
    showPeople();
  },
  left({ user }) {
    people.delete(user);
    showPeople();
  },
  off({ message }) {
    addLine("note", span("text", `The server says: ${message}`));
  },
};

function onFrame(frame) {
  switch (frame.type) {
    case "online":
      onOnline[frame.event]?.(frame);
      break;
    case "message": {
      const to = frame.to === null ? "" : ` to ${frame.to}`;
      addLine(
        frame.from === me ? "own" : "other",
        span("from", frame.from), span("to", to), ": ", span("text", frame.text),
      );
      break;
    }
    case "error":
      addLine("error", span("text", `Not sent: ${frame.detail}`));
      break;
  }
}

// --- the connection: connecting → open → retrying → …, or closed while the browser is offline ---

let socket = null;
let failures = 0;
let retryTimer;
let pingTimer;
let pongTimer;

function connect() {
  clearTimeout(retryTimer);
  if (socket !== null) return;
  if (failures === 0) show("connecting", "Connecting…");
  const address = new URL("online/", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(address);
  socket = opened;
  opened.onopen = () => {
    failures = 0;
    pingTimer = setInterval(ping, PING_EVERY);
  };
  opened.onmessage = ({ data }) => {
    if (socket !== opened) return;
    clearTimeout(pongTimer); // whatever arrives shows that the server is there
    onFrame(JSON.parse(data));
  };
  opened.onclose = () => lost(opened);
}

function lost(closed) {
  if (socket !== closed) return; // given up already
  socket = null;
  clearInterval(pingTimer);
  clearTimeout(pongTimer);
  people.clear(); // what was true is not known any more
  showPeople();
  if (!navigator.onLine) {
    show("closed", "This device is offline.");
    return;
  }
  // Full jitter: a thousand pages that lost the same server must not all come back at once.
  const delay = Math.random() * Math.min(LAST_RETRY, FIRST_RETRY * 2 ** failures);
  failures += 1;
  show("retrying", "Connection lost. Trying again…");
  retryTimer = setTimeout(connect, delay);
}

function ping() {
  const asked = socket;
  asked.send(JSON.stringify({ type: "ping", id: Date.now() }));
  pongTimer = setTimeout(() => {
    asked.close(); // it may take minutes until the close is complete, so do not wait for it
    lost(asked);
  }, PONG_WITHIN);
}

element("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value;
  if (socket?.readyState !== WebSocket.OPEN || !text.trim()) return;
  const to = element("to").value;
  socket.send(JSON.stringify(to ? { type: "message", text, to } : { type: "message", text }));
  element("text").value = "";
  element("text").focus();
});

// Second tabs are not announced, so the counts are read again when somebody looks.
document.addEventListener("visibilitychange", async () => {
  if (document.visibilityState !== "visible" || socket === null) return;
  const response = await fetch(new URL("online/", document.baseURI)).catch(() => null);
  if (!response?.ok) return;
  for (const { user, tabs } of (await response.json()).users) {
    if (people.has(user)) people.set(user, tabs);
  }
  showPeople();
});

window.addEventListener("online", connect);
// A page that comes back from the browser's cache has lost its socket.
window.addEventListener("pageshow", connect);
