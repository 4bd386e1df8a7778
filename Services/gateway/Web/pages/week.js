// A week as a calendar: what was and is recorded, what is planned, and what will not fit, on the clocks
// of one zone. Each stream has a colour of its own; on a small screen one day is shown at a time.

import { conflicts } from "./conflicts.js";
import { empty, h, icon, pageHead, ticking } from "./dom.js";
import { length, shortDay, zone as ownZone } from "./format.js";
import { editSchedule } from "./scheduleform.js";
import { ruleText } from "./rules.js";
import { changed, store, streamName } from "./store.js";
import { isReading, weekItems } from "./weekitems.js";
import { clockIn, dayAfter, wall, weekStart } from "./zones.js";

const DAY_MINUTES = 1440;
const SHORTEST = 26;
const hues = 8;
const view = { week: 0, stream: "", zone: ownZone, day: null };

export function week() {
  const monday = weekStart(Date.now(), view.zone, view.week);
  const sunday = dayAfter(monday, 7, view.zone);
  conflicts();
  const items = store.schedules.size || store.recordings.size ? weekItems(view.stream, monday, sunday) : null;
  return h("div", { class: "stack" },
    pageHead("Week", "What was recorded, and what will be.", h("a", { class: "button", href: "#/schedules" }, icon("schedules"), "The schedules")),
    items === null
      ? empty("week", "Nothing to show yet", "What is scheduled and recorded will be seen here, day by day.", h("a", { class: "button primary", href: "#/schedules" }, "Go to the schedules"))
      : [filters(monday, sunday), band(items.often), calendar(monday, items.shown)]);
}

function filters(monday, sunday) {
  const turn = (id, label, name, step) => h("button", {
    class: "button icon-only", type: "button", id, "aria-label": label, title: label, onclick: () => { view.week += step; view.day = null; changed(); },
  }, icon(name));
  const zones = [...new Set([ownZone, view.zone, ...[...store.schedules.values()].map((item) => item.rule.zone).filter(Boolean), "UTC"])];
  const pick = (id, label, options, value, choose) => h("select", { id, "aria-label": label, onchange: (event) => { choose(event.target.value); changed(); } },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  const last = dayAfter(monday, 6, view.zone);
  const name = (time) => { const at = wall(time, view.zone); return shortDay(new Date(at.year, at.month - 1, at.day)); };
  return h("div", { class: "filters" },
    h("div", { class: "joined" }, turn("week-before", "The week before", "left", -1),
      h("button", { class: "button", type: "button", id: "week-now", disabled: view.week === 0, onclick: () => { view.week = 0; view.day = null; changed(); } }, "This week"),
      turn("week-after", "The week after", "right", 1)),
    h("b", { class: "week-name", "aria-live": "polite" }, `${name(monday)} – ${name(last)}`),
    pick("week-stream", "Stream", [["", "All streams"], ...[...store.streams.values()].sort((a, b) => a.name.localeCompare(b.name)).map((one) => [one.id, one.name])], view.stream, (value) => { view.stream = value; }),
    pick("week-zone", "Time zone", zones.map((one) => [one, one]), view.zone, (value) => { view.zone = value; }),
    sunday > Date.now() && isReading() ? h("span", { class: "muted small", role: "status" }, "Reading the schedules…") : null);
}

/** What is recorded without end, or again and again, needs no place in each day. */
function band(often) {
  const always = [...store.schedules.values()].filter((item) => item.isEnabled && item.rule.kind === "always" && (!view.stream || item.stream === view.stream))
    .map((item) => ({ key: item.id, title: item.name, stream: item.stream, text: `all week, a file each ${length(item.rule.fileSeconds)}`, open: () => editSchedule(item) }));
  const many = often.map((item) => {
    const schedule = store.schedules.get(item.schedule);
    return { ...item, key: item.schedule, text: schedule ? ruleText(schedule.rule) : `${item.count} times`, open: schedule ? () => editSchedule(schedule) : item.open };
  });
  const items = [...always, ...many];
  if (!items.length) return null;
  return h("ul", { class: "all-week", "aria-label": "Recorded all the time or very often" }, items.map((item) => h("li", { class: `hue hue-${hue(item.stream)}`, key: `band-${item.key}` },
    h("button", { class: "plain", type: "button", id: `band-${item.key}`, onclick: item.open }, item.title), h("span", { class: "small" }, item.text))));
}

/** Streams keep their colour whatever is shown. */
const hue = (stream) => [...store.streams.keys()].sort().indexOf(stream) % hues;

function calendar(monday, items) {
  const days = Array.from({ length: 7 }, (_, index) => dayAfter(monday, index, view.zone));
  const today = days.findIndex((start) => Date.now() >= start && Date.now() < dayAfter(start, 1, view.zone));
  const shown = view.day ?? (today >= 0 ? today : 0);
  const name = (time) => { const at = wall(time, view.zone); return shortDay(new Date(at.year, at.month - 1, at.day)); };
  const hours = Array.from({ length: 24 }, (_, hour) => h("span", { vars: { at: hour / 24 } }, `${String(hour).padStart(2, "0")}:00`));
  return h("section", { class: "card calendar", "aria-label": "The week" },
    h("div", { class: "calendar-head" }, h("span", { class: "hours-space" }), days.map((start, index) => h("button", {
      type: "button", id: `week-day-${index}`, class: `${index === today ? "today" : ""}`, "aria-pressed": String(index === shown), onclick: () => { view.day = index; changed(); },
    }, name(start)))),
    h("div", { class: "calendar-body" }, h("div", { class: "hours", "aria-hidden": "true" }, hours),
      days.map((start, index) => dayColumn(start, index, items, index === shown, index === today, name(start)))));
}

function dayColumn(start, index, items, isShown, isToday, name) {
  const end = dayAfter(start, 1, view.zone);
  const minutes = (time) => { const at = wall(time, view.zone); return at.hour * 60 + at.minute + at.second / 60; };
  const boxes = items.filter((item) => item.end > start && item.start < end).map((item) => {
    const top = item.start <= start ? 0 : minutes(item.start);
    const bottom = item.end >= end ? DAY_MINUTES : minutes(item.end);
    return { item, top, bottom: Math.max(bottom, top + SHORTEST) };
  });
  sideBySide(boxes);
  return h("ol", { class: `day ${isShown ? "shown" : ""} ${isToday ? "today" : ""}`, key: `day-${index}`, "aria-label": `${name}, ${boxes.length || "no"} ${boxes.length === 1 ? "recording" : "recordings"}` },
    boxes.map(block),
    isToday ? ticking("li", { class: "day-now", "aria-hidden": "true" }, (element) => {
      element.style.setProperty("--at", minutes(Date.now()) / DAY_MINUTES);
      return "";
    }) : null);
}

/** Boxes that overlap share the width of the day. */
function sideBySide(boxes) {
  let group = [];
  let reach = -1;
  const close = () => { for (const box of group) box.of = Math.max(...group.map((one) => one.place)) + 1; };
  for (const box of boxes) {
    if (box.top >= reach) { close(); group = []; reach = -1; }
    const used = new Set(group.filter((one) => one.bottom > box.top).map((one) => one.place));
    box.place = 0;
    while (used.has(box.place)) box.place += 1;
    group.push(box);
    reach = Math.max(reach, box.bottom);
  }
  close();
}

const states = { planned: "planned", assigned: "ready", recording: "on air", finishing: "finishing", committed: "recorded", missed: "missed" };

function block({ item, top, bottom, place, of }) {
  const times = `${clockIn(item.start, view.zone)}–${clockIn(item.end, view.zone)}`;
  const label = [item.title, streamName(item.stream), times, states[item.state], item.conflict ? `conflict: ${item.conflict}` : null, item.note].filter(Boolean).join(", ");
  return h("li", { key: item.key, class: "event", vars: { top: top / DAY_MINUTES, height: (bottom - top) / DAY_MINUTES, left: place / of, width: 1 / of } },
    h("button", {
      type: "button", id: `week-${item.key}`, class: `hue hue-${hue(item.stream)} ${item.state} ${item.conflict ? "conflict" : ""}`, title: label, "aria-label": label, onclick: item.open,
    }, item.conflict ? icon("alert") : null, h("b", {}, item.title), h("span", {}, times)));
}
