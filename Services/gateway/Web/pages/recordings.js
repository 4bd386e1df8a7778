// The recordings: coming, on air and done.

import { conflictList, conflictOf } from "./conflicts.js";
import { chip, empty, h, icon, pageHead, tabs } from "./dom.js";
import { between, bytes, completeness, dayAndTime, length } from "./format.js";
import { recordingChip } from "./states.js";
import { changed, deliveriesOf, done, onAir, streamName, upNext } from "./store.js";
import { play } from "./player.js";
import { openRecording } from "./recording.js";

const lists = { done: "Recorded", coming: "Coming", lost: "Missed" };
/** A list longer than this is a burden to draw at every change, and nobody reads it. */
const SHOWN = 150;
let tab = "done";
let query = "";

export function recordings() {
  const items = {
    coming: [...onAir(), ...upNext()],
    done: done().filter((item) => item.state === "committed"),
    lost: done().filter((item) => item.state !== "committed"),
  };
  const words = query.toLowerCase();
  const found = items[tab].filter((item) => !words
    || `${item.title} ${streamName(item.stream)} ${item.file?.name ?? ""}`.toLowerCase().includes(words));
  return h("div", { class: "stack" },
    pageHead("Recordings", null, search()),
    tabs("Which recordings", lists, tab, (key) => { tab = key; changed(); },
      Object.fromEntries(Object.entries(items).map(([key, all]) => [key, all.length]))),
    tab === "coming" ? conflictList(openRecording) : null,
    found.length ? h("ul", { class: "card list" }, found.slice(0, SHOWN).map(row), more(found.length)) : nothing());
}

const more = (count) => count > SHOWN
  ? h("li", { class: "row muted" }, `${count - SHOWN} more; look for them by name or stream.`) : null;

function search() {
  return h("input", {
    type: "search", id: "search", class: "search", placeholder: "Find a recording", "aria-label": "Find a recording",
    value: query,
    oninput: (event) => { query = event.target.value; changed(); },
  });
}

function nothing() {
  if (query) return empty("recordings", "Nothing found", `There is no recording with “${query}” here.`);
  return {
    coming: () => empty("schedules", "Nothing is planned", "Schedule a show, or record a stream right now.",
      h("a", { class: "button primary", href: "#/schedules" }, "Go to the schedules")),
    done: () => empty("recordings", "No recordings yet", "Each finished recording can be heard and downloaded here.",
      h("a", { class: "button", href: "#/streams" }, "Go to the streams")),
    lost: () => empty("check", "Nothing was missed", "What could not be recorded would be listed here, with the reason."),
  }[tab]();
}

function row(item) {
  const stands = tab === "coming" ? conflictOf(item) : null;
  const whole = completeness(item.file);
  const sent = deliveriesOf(item.id);
  return h("li", { class: "row", key: item.id },
    item.file
      ? h("button", {
        class: "button round", type: "button", id: `play-${item.id}`, "aria-label": `Play ${item.title}`, onclick: () => play(item),
      }, icon("play"))
      : null,
    h("div", { class: "row-main" },
      h("button", { class: "plain", type: "button", id: `open-${item.id}`, onclick: () => openRecording(item.id) }, item.title),
      h("span", { class: "muted small" },
        [streamName(item.stream), dayAndTime(item.start), length(between(item.start, item.end)),
          item.file ? bytes(item.file.bytes) : null].filter(Boolean).join(" · ")),
      item.reason ? h("span", { class: "reason" }, item.reason) : null,
      stands ? h("span", { class: "reason" }, stands) : null),
    h("div", { class: "row-end" },
      stands ? chip("conflict", "bad") : null,
      whole && !whole.isWhole ? chip(whole.text, "warn") : null,
      sent.length ? chip(`${sent.filter((one) => one.state === "delivered").length}/${sent.length} sent`,
        sent.some((one) => one.state === "dead") ? "bad" : "") : null,
      item.state === "committed" ? null : recordingChip(item.state)));
}
