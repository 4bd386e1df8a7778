// The streams: what can be captured, how well it is captured, and what can be done with each.

import { empty, h, icon, pageHead } from "./dom.js";
import { bytes, length } from "./format.js";
import { describeSource, healthReasons, healthRing } from "./health.js";
import { keepButtons, runningOf } from "./keep.js";
import { captureChip } from "./states.js";
import { playLive } from "./player.js";
import { store } from "./store.js";
import { editSchedule } from "./scheduleform.js";
import { editStream } from "./streamform.js";

export function streams() {
  const add = h("button", { class: "button primary", type: "button", id: "add-stream", onclick: () => editStream() },
    icon("plus"), "Add a stream");
  const items = [...store.streams.values()].sort((a, b) => a.name.localeCompare(b.name));
  return h("div", { class: "stack" },
    pageHead("Streams", "What can be recorded, and how it is doing.", items.length ? add : null),
    items.length
      ? h("div", { class: "cards wide" }, items.map(card))
      : empty("streams", "No streams yet",
        "A stream is the address of a radio station, such as http://example.org:8000/live.mp3, of an HLS playlist "
        + "(…/stream.m3u8), or of anything that FFmpeg reads. It is connected to only while something is to be recorded.", add));
}

function card(item) {
  const status = item.status;
  const what = describeSource(status?.source, status);
  return h("article", { class: "card stream", key: `stream-${item.id}` },
    h("div", { class: "card-head" },
      h("div", { class: "with-ring" }, healthRing(status), h("div", { class: "stack tight" }, h("h2", {}, item.name),
        what ? h("p", { class: "muted small" }, what) : h("p", { class: "muted small" }, !status || status.state === "idle" ? "Not captured now" : "Nothing has come yet"))),
      captureChip(status?.state ?? "idle")),
    status?.title ? h("p", { class: "now-playing" }, icon("streams"), status.title) : null,
    status?.reason ? h("p", { class: "reason" }, status.reason) : null,
    healthReasons(status), addresses(item), runningOf(item.id),
    h("p", { class: "muted small" }, facts(item).join(" · ")),
    h("div", { class: "actions" },
      status?.state === "capturing" ? h("button", {
        class: "button", type: "button", id: `live-${item.id}`, "aria-label": `Play ${item.name} live`, onclick: () => playLive(item.id),
      }, icon("play"), "Live") : null,
      keepButtons(item, "stream")),
    h("div", { class: "actions more-actions" },
      h("button", { class: "button quiet", type: "button", id: `plan-${item.id}`, onclick: () => editSchedule(null, item.id) }, "Schedule"),
      h("a", { class: "button quiet", id: `tape-${item.id}`, href: `#/timeline/${item.id}` }, "Timeline"),
      h("button", { class: "button quiet", type: "button", id: `edit-${item.id}`, onclick: () => editStream(item) }, "Edit")));
}

/** In their order; the one that is captured is marked where there is a choice. */
function addresses(item) {
  const isOn = item.status && item.status.state !== "idle";
  return h("ol", { class: "urls", "aria-label": "Addresses" }, item.urls.map((url, index) => {
    const isUsed = isOn && item.urls.length > 1 && item.status.address === index;
    return h("li", { class: isUsed ? "used" : null }, h("code", {}, url),
      isUsed ? h("span", { class: `chip ${index ? "warn" : "good"}` }, index ? "captured, a fallback" : "captured") : null);
  }));
}

function facts(item) {
  const uses = [...store.schedules.values()].filter((schedule) => schedule.stream === item.id).length;
  const kept = item.retention ?? {};
  return [
    item.status?.source?.station, item.source ? { http: "over HTTP", ffmpeg: "read by FFmpeg", page: "a page" }[item.source] : null,
    item.maximumHeight ? `at most ${item.maximumHeight} lines` : null, item.quality,
    uses ? `${uses} ${uses === 1 ? "schedule" : "schedules"}` : "no schedules",
    item.tags?.length ? `only on ${item.tags.join(", ")}` : null, item.isDoubled ? "two recorders" : null,
    kept.maximumAgeSeconds ? `kept for ${length(kept.maximumAgeSeconds)}` : null, kept.maximumBytes ? `at most ${bytes(kept.maximumBytes)}` : null,
    item.status && item.status.state !== "idle" ? item.status.node : null, `id ${item.id}`,
  ].filter(Boolean);
}
