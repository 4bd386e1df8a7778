// The recordings: coming, on air and done; and everything about one of them.

import { api, said } from "./api.js";
import { showLog } from "./actions.js";
import { chip, confirmed, dialog, empty, h, icon, pageHead, tabs, toast } from "./dom.js";
import { between, bytes, completeness, day, dayAndTime, length, span } from "./format.js";
import { causeText, deliveryChip, recordingChip } from "./states.js";
import { changed, deliveriesOf, done, onAir, placeName, store, streamName, upNext } from "./store.js";
import { play } from "./player.js";

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
      item.reason ? h("span", { class: "reason" }, item.reason) : null),
    h("div", { class: "row-end" },
      whole && !whole.isWhole ? chip(whole.text, "warn") : null,
      sent.length ? chip(`${sent.filter((one) => one.state === "delivered").length}/${sent.length} sent`,
        sent.some((one) => one.state === "dead") ? "bad" : "") : null,
      item.state === "committed" ? null : recordingChip(item.state)));
}

/** Everything about one recording. */
export function openRecording(id) {
  const item = store.recordings.get(id);
  if (!item) return;
  const whole = completeness(item.file);
  const facts = [
    ["Stream", streamName(item.stream)], ["Show", `${day(new Date(item.start))}, ${span(item.start, item.end)}`],
    ["With padding", `${span(item.paddedStart, item.paddedEnd)} (${length(between(item.paddedStart, item.paddedEnd))})`],
    ["Recorder", item.node ?? "none yet"],
    item.file && ["File", item.file.name], item.file && ["Size", `${bytes(item.file.bytes)}, ${length(item.file.durationUs / 1e6)}`],
    item.file && ["SHA-256", item.file.sha256], whole && ["Completeness", whole.text],
  ].filter(Boolean);
  const box = dialog(item.title, h("div", { class: "stack" },
    h("div", { class: "actions" }, recordingChip(item.state), item.reason ? h("span", { class: "reason" }, item.reason) : null),
    h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    gaps(item), sendings(item), buttons(item, () => box.close())), { wide: true });
}

function gaps(item) {
  if (!item.file?.gaps.length) return null;
  return h("section", {}, h("h3", {}, "What is missing"), h("ul", { class: "rows" }, item.file.gaps.map((gap) =>
    h("li", { class: "row" },
      h("span", { class: "row-when" }, h("b", {}, length(between(gap.start, gap.end)))),
      h("div", { class: "row-main" }, h("span", {}, `${dayAndTime(gap.start)} · ${causeText(gap.cause)}`),
        h("span", { class: "muted small" }, gap.detail))))));
}

function sendings(item) {
  const sent = deliveriesOf(item.id);
  if (!sent.length) return null;
  return h("section", {}, h("h3", {}, "Deliveries"), h("ul", { class: "rows" }, sent.map((one) =>
    h("li", { class: "row" },
      h("div", { class: "row-main" }, placeName(one.destination),
        one.reason ? h("span", { class: "reason" }, one.reason) : null,
        one.remotePath ? h("span", { class: "muted small" }, one.remotePath) : null),
      deliveryChip(one.state)))));
}

function buttons(item, close) {
  const isRunning = item.state === "recording";
  const isComing = item.state === "planned" || item.state === "assigned";
  const act = (path, question, text, label, doneText) => async () => {
    if (!await confirmed(question, text, label)) return;
    try {
      toast(said(await api.post(`recordings/${item.id}/${path}`), doneText));
      close();
    } catch (error) { toast(error.message, "bad"); }
  };
  return h("div", { class: "actions" },
    item.file ? h("button", { class: "button primary", type: "button", onclick: () => { close(); play(item); } }, icon("play"), "Play") : null,
    item.file ? h("a", { class: "button", href: `/api/v1/recordings/${item.id}/file?download=1`, download: item.file.name }, icon("download"), "Download") : null,
    isRunning ? h("button", { class: "button", type: "button", onclick: act("end", "Stop it now?", "What was recorded so far is kept.", "Stop and keep", "It ends now.") }, "Stop and keep") : null,
    isRunning || isComing ? h("button", { class: "button danger", type: "button", onclick: act("cancel", "Call it off?", "Nothing of it will be kept.", "Call it off", "It was called off.") }, "Call it off") : null,
    h("button", { class: "button quiet", type: "button", onclick: () => showLog(`Log of ${item.title}`, `recordings/${item.id}/log`, "This recording has no log on this machine.") }, "Log"));
}
