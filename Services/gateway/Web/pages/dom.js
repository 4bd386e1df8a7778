// Building the page. Text only ever becomes text nodes, so nothing that a station, a feed or a person
// wrote can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** h("a", { class: "x", href: "#/", onclick: f }, "text", child, null) */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) set(element, name, value);
  append(element, children);
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "class") element.className = value;
  else if (name === "vars") {
    for (const [key, text] of Object.entries(value)) element.style.setProperty(`--${key}`, text);
  } else if (name === "value" || name === "checked") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

function append(element, children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

// Outlines on a 24 by 24 grid.
const paths = {
  overview: "M4 12a8 8 0 0 1 16 0M8 12a4 4 0 0 1 8 0M12 12v8",
  streams: "M4 15V9M8 18V6M12 15V9M16 19V5M20 14v-4",
  schedules: "M5 6h14v13H5zM5 10h14M9 3v4M15 3v4",
  recordings: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  deliveries: "M4 12l16-8-6 16-3-7zM11 13l9-9",
  system: "M4 6h16v5H4zM4 14h16v5H4zM8 8.5h.01M8 16.5h.01",
  play: "M8 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  check: "M5 13l4 4L19 7",
  alert: "M12 4l9 16H3zM12 10v4M12 17h.01",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}

/** An element whose text is computed anew each second. */
export function ticking(tag, properties, text) {
  const element = h(tag, { ...properties, "data-tick": true });
  element.tick = () => {
    const value = text(element);
    if (value !== undefined && element.textContent !== value) element.textContent = value;
  };
  element.tick();
  return element;
}

setInterval(() => {
  for (const element of document.querySelectorAll("[data-tick]")) element.tick?.();
}, 1000);

/** Says something in passing; errors stay longer. */
export function toast(text, kind = "done") {
  const element = h("div", { class: `toast ${kind}` }, icon(kind === "done" ? "check" : "alert"), text);
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), kind === "done" ? 4000 : 9000);
}

let dialogs = 0;

/** A modal dialog; resolves when it is closed. The browser keeps the focus inside and gives it back. */
export function dialog(title, content, { wide = false } = {}) {
  const name = `dialog-${++dialogs}`;
  const close = h("button", {
    class: "button quiet icon-only", type: "button", "aria-label": "Close",
    onclick: () => element.close(),
  }, icon("close"));
  const element = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": name },
    h("div", { class: "dialog-head" }, h("h2", { id: name }, title), close), content);
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  element.showModal();
  return element;
}

/** Asks before something that cannot be taken back. */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    const answer = (value) => () => { resolve(value); box.close(); };
    const box = dialog(title, h("div", { class: "stack" },
      h("p", {}, text),
      h("div", { class: "actions end" },
        h("button", { class: "button", type: "button", onclick: answer(false) }, "No"),
        h("button", { class: "button danger", type: "button", onclick: answer(true) }, action))));
    box.addEventListener("close", () => resolve(false));
  });
}

export function empty(name, title, text, ...actions) {
  return h("div", { class: "empty" }, icon(name), h("h3", {}, title), h("p", {}, text),
    h("div", { class: "actions center" }, actions));
}

export function chip(text, kind) {
  return h("span", { class: `chip ${kind ?? ""}` }, text);
}

export function pageHead(title, text, ...actions) {
  return h("div", { class: "page-head" },
    h("div", {}, h("h1", {}, title), text ? h("p", { class: "muted" }, text) : null),
    h("div", { class: "actions" }, actions));
}
