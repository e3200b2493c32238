// The live view: one WebSocket of this browser, what passes through it, and buttons to try it with.

const KEPT = 200; // frames that are shown and that a cell can read

function element(tag, words = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = words;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// Who is online after this frame: the board's own rules, state first, then what changes.
function usersAfter(users, frame) {
  if (frame?.type !== "online") return users;
  if (frame.event === "state") return frame.users.map((each) => each.user);
  if (frame.event === "joined") return [...new Set([...users, frame.user])].sort();
  if (frame.event === "left") return users.filter((user) => user !== frame.user);
  return users;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function render({ model, el }) {
  const state = element("strong", "", { role: "status" });
  const users = element("ul", "", { class: "users", "aria-label": "Who is online" });
  const log = element("ol", "", { class: "frames", role: "log", tabindex: "0", "aria-label": "Frames, the newest last" });
  const field = element("input", "", { "aria-label": "Frame to send", spellcheck: "false" });
  field.value = model.get("draft");
  const button = (words, does, type = "button") => {
    const made = element("button", words, { type });
    if (does) made.addEventListener("click", does);
    return made;
  };
  const again = button("Reconnect", () => connect());
  const live = [
    button("Send", null, "submit"),
    button("Send malformed text", () => send('{"type": "mess')),
    button("Drop the network", () => model.send({ do: "drop" })),
  ];
  const form = element("form");
  form.append(field, live[0]);
  const buttons = element("div", "", { class: "buttons" });
  buttons.append(live[1], live[2], again);
  const head = element("p", "Your browser is ", { class: "head" });
  head.append(state);
  el.classList.add("live-view");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", "Live view of the server");
  el.append(head, element("h4", "Online"), users, element("h4", "Frames"), log, form, buttons);

  let socket = null;

  function save(changes) {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  }

  function tell(name) {
    const isOpen = name === "open";
    state.textContent = name;
    for (const each of live) each.disabled = !isOpen;
    again.disabled = isOpen || name === "connecting";
    save({ state: name });
  }

  function showUsers(names) {
    users.replaceChildren(...names.map((name) => element("li", name)));
    save({ users: names });
  }

  function record(way, data) {
    const item = element("li", "", { class: way });
    item.append(element("span", way === "sent" ? "→ sent " : "← received ", { class: "way" }), data);
    log.append(item);
    while (log.children.length > KEPT) log.firstChild.remove();
    log.scrollTop = log.scrollHeight;
    save({ frames: [...model.get("frames"), [way, data]].slice(-KEPT) });
    if (way === "received") {
      const before = model.get("users");
      const after = usersAfter(before, parsed(data));
      if (after !== before) showUsers(after);
    }
  }

  function send(data) {
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(data);
    record("sent", data);
  }

  function connect() {
    if (socket && socket.readyState <= WebSocket.OPEN) return;
    tell("connecting");
    const mine = (socket = new WebSocket(model.get("url")));
    mine.onopen = () => tell("open");
    mine.onmessage = (event) => record("received", event.data);
    mine.onclose = (event) => {
      if (mine !== socket) return;
      // A button that goes grey must not take the keyboard's place with it.
      const hadFocus = live.some((each) => each.contains(document.activeElement));
      showUsers([]);
      tell("closed " + event.code);
      if (hadFocus) again.focus();
    };
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(field.value);
  });
  // Keys typed here are for the view, not for the notebook's shortcuts.
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const fromKernel = (message) => {
    if (message.reconnect) connect();
  };
  model.on("msg:custom", fromKernel);
  connect();
  return () => {
    model.off("msg:custom", fromKernel);
    socket?.close();
  };
}

export default { render };
