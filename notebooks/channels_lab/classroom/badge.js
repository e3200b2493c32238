// The badge of the classroom: one for each learner in a page, however many notebooks are open.
//
// It belongs to the page and not to an output, which JupyterLab may take out of the page when its
// cell is out of view. It never takes the focus; notes are announced when the reader has time.

const BADGES = (globalThis[Symbol.for("channels_lab.classroom")] ??= new Map());
const KINDS = { hint: "Hint", pause: "Pause", resume: "We go on", reply: "Reply" };

function element(tag, words = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = words;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function button(words, does) {
  const made = element("button", words, { type: "button" });
  made.addEventListener("click", does);
  return made;
}

// What the badge says in a few words: a sign for the eye, words for everybody.
function inShort({ state, waiting, hand, paused }) {
  let words = ["○", waiting ? `Class away, ${waiting} kept` : "Class away"];
  if (state === "none") words = ["–", "In no class"];
  else if (state === "here" && waiting) words = ["◐", `Catching up, ${waiting} waiting`];
  else if (state === "here") words = ["●", "In the class"];
  else if (state === "connecting") words = ["○", "Looking for the class"];
  if (hand !== null) words.push("· ▲ hand up");
  if (paused) words.push("· pause");
  return words;
}

function corner() {
  const found = document.querySelector(".classroom-corner");
  if (found) return found;
  const made = element("div", "", { class: "classroom-corner" });
  document.body.append(made);
  // The status bar of JupyterLab makes room for it.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--classroom-width", `${made.offsetWidth}px`);
  }).observe(made);
  return made;
}

class Badge {
  models = new Set(); // one for each kernel of this learner that shows itself in this page
  leaving = null; // the model of the kernel that was asked to leave

  constructor() {
    this.node = element("section", "", { class: "classroom", "aria-label": "Classroom" });
    this.said = element("div", "", { class: "classroom-said", role: "status", "aria-live": "polite" });
    this.close = button("Close", () => this.closeNotes());
    this.notes = element("div", "", { class: "classroom-notes" });
    this.notes.append(this.said, this.close);
    this.about = element("p");
    this.hand = button("", () => this.ask({ do: this.status.hand === null ? "raise" : "lower" }));
    this.leave = button("", () => this.askToLeave());
    const buttons = element("div", "", { class: "classroom-buttons" });
    buttons.append(this.hand, this.leave);
    this.panel = element("div", "", { class: "classroom-panel", id: `classroom-${BADGES.size}` });
    this.panel.append(this.about, buttons);
    this.panel.hidden = true;
    this.pill = element("button", "", { type: "button", class: "classroom-pill", "aria-controls": this.panel.id });
    this.sign = element("span", "", { "aria-hidden": "true" });
    this.words = element("span");
    this.pill.append(this.sign, " ", this.words);
    this.pill.addEventListener("click", () => this.open(this.panel.hidden));
    this.node.append(this.notes, this.panel, this.pill);
    this.node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.panel.hidden) return;
      this.open(false);
      this.pill.focus();
    });
    this.open(false);
    corner().append(this.node);
  }

  get model() {
    return [...this.models].at(-1);
  }

  get status() {
    return this.model.get("status");
  }

  add(model) {
    this.models.add(model);
    this.draw();
  }

  remove(model, learner) {
    this.models.delete(model);
    if (this.models.size) return this.draw();
    BADGES.delete(learner);
    // A kernel that is lost before it was done has left nothing.
    if (this.leaving && model.get("status").state === "none") return this.sayGoodbye();
    this.node.remove();
  }

  ask(what) {
    this.model?.send(what);
  }

  open(isOpen) {
    this.panel.hidden = !isOpen;
    this.pill.setAttribute("aria-expanded", String(isOpen));
  }

  draw() {
    const { status } = this;
    const isLeaving = this.models.has(this.leaving);
    if (!status?.state || (isLeaving && status.state === "none")) return; // the goodbye comes
    const [sign, ...words] = inShort(status);
    if (this.sign.textContent !== sign) this.sign.textContent = sign;
    const text = words.join(" ");
    if (this.words.textContent !== text) this.words.textContent = text;
    this.pill.dataset.state = status.waiting && status.state === "here" ? "behind" : status.state;
    const isIn = status.state !== "none";
    this.about.textContent = isIn
      ? `You are in the class “${status.title}” as ${status.name}. It sees the step you are at, your checks and hints, a raised hand, and idle time; never your code or its output.`
      : "You are in no class any more: nothing is reported.";
    this.hand.textContent = status.hand === null ? "Raise your hand" : "Take your hand down";
    this.leave.textContent = isLeaving ? "Leaving, once the cell that runs has ended" : "Leave the class";
    this.hand.hidden = this.leave.hidden = !isIn;
    this.drawNotes(this.model.get("notes"));
  }

  // Only what is new is put in: a screen reader reads what is put in, and nothing twice.
  drawNotes(notes) {
    const wanted = new Map(notes.map((note) => [String(note.number), note]));
    for (const shown of [...this.said.children]) {
      if (!wanted.delete(shown.dataset.number)) shown.remove();
    }
    for (const [number, { kind, text }] of wanted) {
      const note = element("p", text, { "data-number": number });
      note.prepend(element("strong", `${KINDS[kind] ?? "Note"}${text ? ": " : ""}`));
      this.said.append(note);
      note.scrollIntoView({ block: "nearest" });
    }
    this.close.hidden = !this.said.children.length;
    // Who has no mouse scrolls with the keyboard.
    if (this.said.scrollHeight > this.said.clientHeight) this.said.tabIndex = 0;
    else this.said.removeAttribute("tabindex");
  }

  closeNotes() {
    if (!this.models.size) return this.node.remove(); // the goodbye was read
    const numbers = [...this.said.children].map((note) => Number(note.dataset.number));
    this.said.replaceChildren();
    this.close.hidden = true;
    this.pill.focus(); // the button that had the focus is gone
    this.ask({ do: "read", number: Math.max(...numbers) });
  }

  askToLeave() {
    this.leaving = this.model;
    this.draw();
    this.ask({ do: "leave" });
  }

  sayGoodbye() {
    const hadFocus = this.node.contains(document.activeElement);
    this.panel.remove();
    this.pill.remove();
    this.said.replaceChildren(element("p", "You have left the class: nothing is reported any more."));
    this.close.hidden = false;
    if (hadFocus) this.close.focus();
  }
}

function initialize({ model }) {
  const learner = model.get("learner");
  const draw = () => BADGES.get(learner)?.draw();
  const add = () => {
    if (!BADGES.has(learner)) BADGES.set(learner, new Badge());
    BADGES.get(learner).add(model);
  };
  const remove = () => BADGES.get(learner)?.remove(model, learner);
  // The kernel was lost, or is there again.
  const live = async () => {
    const whole = await model.widget_manager.get_model(model.get("model"));
    whole.comm_live ? add() : remove();
  };
  model.on("change:status", draw);
  model.on("change:notes", draw);
  model.on("comm_live_update", live);
  add();
  return () => {
    model.off("comm_live_update", live);
    remove();
  };
}

export default { initialize };
