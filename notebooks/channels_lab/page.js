// A page of the live server in a frame, with its address for where frames are blocked.

const THIS_MACHINE = ["localhost", "127.0.0.1"];

function render({ model, el }) {
  // By the name of the notebook's own host: cookies of another site would stay out of the frame.
  const near = THIS_MACHINE.includes(location.hostname);
  const host = near ? location.hostname : "127.0.0.1";
  const address = `http://${host}:${model.get("port")}${model.get("path")}`;

  const link = document.createElement("a");
  Object.assign(link, { href: address, target: "_blank", rel: "noopener", textContent: address.split("#")[0] });
  const name = document.createElement("code");
  name.textContent = model.get("name");
  const head = document.createElement("p");
  head.append(name, near ? " An empty frame? Then open " : " This notebook comes from another host, where a frame cannot reach the server. If the kernel runs on this machine, open ", link, " in a tab of its own.");
  el.classList.add("live-page");
  el.append(head);
  if (!near) return;

  const frame = document.createElement("iframe");
  Object.assign(frame, { src: address, title: "The page of the live server" });
  el.append(frame);
}
export default { render };
