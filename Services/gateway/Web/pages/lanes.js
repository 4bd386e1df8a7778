// The day as a desk sees it: one lane per stream, what is on, what comes, and what was lost.

import { h, ticking } from "./dom.js";
import { clock, span } from "./format.js";
import { store, streamName } from "./store.js";

const HOUR = 3_600_000;
const BEFORE = 3 * HOUR;
const WHOLE = 24 * HOUR;

export function lanes(open) {
  const now = Date.now();
  const from = Math.floor((now - BEFORE) / HOUR) * HOUR;
  const to = from + WHOLE;
  const shown = [...store.recordings.values()].filter((item) =>
    item.state !== "cancelled" && new Date(item.end) > from && new Date(item.start) < to);
  if (!shown.length) return null;
  const rows = new Map();
  for (const item of shown) rows.set(item.stream, [...(rows.get(item.stream) ?? []), item]);
  const share = (time) => `${Math.min(100, Math.max(0, ((time - from) / WHOLE) * 100))}%`;
  const names = [...rows.keys()].sort((a, b) => streamName(a).localeCompare(streamName(b)));
  return h("section", { class: "card lanes", "aria-label": "The day" },
    h("div", { class: "scale", "aria-hidden": "true" }, hours(from, share)),
    names.map((name) => h("div", { class: "lane" },
      h("div", { class: "lane-name" }, streamName(name)),
      h("div", { class: "lane-track" }, rows.get(name).map((item) => block(item, share, open))))),
    h("div", { class: "now-box", "aria-hidden": "true" },
      ticking("div", { class: "now" }, (element) => {
        element.style.setProperty("--at", share(Date.now()));
        return "";
      })));
}

function hours(from, share) {
  const marks = [];
  for (let offset = 0; offset < 24; offset += 3) {
    const time = from + offset * HOUR;
    marks.push(h("span", { vars: { at: share(time) } }, clock(new Date(time))));
  }
  return marks;
}

function block(item, share, open) {
  const [start, end] = [new Date(item.start), new Date(item.end)];
  const label = `${item.title}, ${span(item.start, item.end)}, ${item.state}`;
  return h("button", {
    type: "button", id: `block-${item.id}`, class: `block ${item.state}`, title: label, "aria-label": label,
    vars: { at: share(start), to: share(end) }, onclick: () => open(item.id),
  }, h("span", {}, item.title));
}
