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
  if (name.startsWith("on")) {
    // As properties, so that `morph` can move them to an element that is there already.
    element[name] = value;
    element.handlers = { ...element.handlers, [name]: value };
  } else if (name === "key") element.key = value;
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
  timeline: "M3 7h7v4H3zM13 7h8v4h-8zM3 15h12v4H3zM18 15h3v4h-3z",
  podcasts: "M12 11a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM12 15v6M7.5 16a6 6 0 1 1 9 0M5 19a10 10 0 1 1 14 0",
  conversions: "M4 8h12l-3-3M20 16H8l3 3",
  destinations: "M12 21s7-6.2 7-11a7 7 0 0 0-14 0c0 4.800 7 11 7 11zM12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  alerts: "M6 17h12l-1.500-2.500V11a4.500 4.500 0 0 0-9 0v3.500zM10.500 20h3",
  more: "M5 7h14M5 12h14M5 17h14",
  refresh: "M19 8a8 8 0 1 0 1 6M19 3v5h-5",
  upload: "M12 16V5M7 10l5-5 5 5M5 20h14",
  up: "M6 14l6-6 6 6",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z",
  keep: "M6 4h12v16l-6-4-6 4z",
  list: "M9 7h11M9 12h11M9 17h11M4.500 7h.01M4.500 12h.01M4.500 17h.01",
  week: "M4 6h16v13H4zM4 10h16M9.300 10v9M14.700 10v9M8 3v4M16 3v4",
  select: "M5 4v16M19 4v16M8 12h8M10 9l-3 3 3 3M14 9l3 3-3 3",
  left: "M14 6l-6 6 6 6",
  right: "M10 6l6 6-6 6",
  zoomIn: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500L20 20M11 8.500v5M8.500 11h5",
  zoomOut: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500L20 20M8.500 11h5",
  screen: "M4 9V5h4M16 5h4v4M20 15v4h-4M8 19H4v-4",
  captions: "M4 6h16v12H4zM10 10.500a2 2 0 1 0 0 3M17 10.500a2 2 0 1 0 0 3",
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
  element.tick = function tick() {
    const value = text(this);
    if (value !== undefined && this.textContent !== value) this.textContent = value;
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

/** One of several lists or filters; `counts` beside the names where there are any. */
export function tabs(label, choices, chosen, choose, counts = {}) {
  return h("div", { class: "tabs", role: "group", "aria-label": label }, Object.entries(choices).map(([key, text]) =>
    h("button", { type: "button", id: `tab-${key || "all"}`, "aria-pressed": String(key === chosen), onclick: () => choose(key) },
      text, counts[key] === undefined ? null : h("span", { class: "muted" }, ` ${counts[key]}`))));
}

export function chip(text, kind) {
  return h("span", { class: `chip ${kind ?? ""}` }, text);
}

/** Several buttons that choose one of several things, such as minutes. */
export const quick = (label, choices, choose) => h("div", { class: "quick", role: "group", "aria-label": label },
  choices.map(([value, text]) => h("button", { class: "button quiet", type: "button", onclick: () => choose(value) }, text)));

export function pageHead(title, text, ...actions) {
  return h("div", { class: "page-head" },
    h("div", {}, h("h1", {}, title), text ? h("p", { class: "muted" }, text) : null),
    h("div", { class: "actions" }, actions));
}
