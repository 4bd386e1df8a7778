// Everything about one recording: what it is, what it lacks, how it sounds, what was made beside it.
// Stays up to date while it is open.

import { api, said } from "./api.js";
import { showLog } from "./actions.js";
import { conflictOf } from "./conflicts.js";
import { confirmed, dialog, h, icon, toast } from "./dom.js";
import { between, bytes, clockSeconds, completeness, day, dayAndTime, length, span } from "./format.js";
import { openEnd, stopNow } from "./keep.js";
import { morph } from "./morph.js";
import { causeText, deliveryChip, recordingChip } from "./states.js";
import { deliveriesOf, offChange, onChange, placeName, store, streamName } from "./store.js";
import { play } from "./player.js";

/** `known` where it may be so old that the store does not hold it. */
export function openRecording(id, known) {
  const item = store.recordings.get(id) ?? known;
  if (!item) return;
  const box = dialog(item.title, detail(item, () => box.close()), { wide: true });
  const renew = () => {
    const now = store.recordings.get(id);
    if (now) morph(box.lastElementChild, detail(now, () => box.close()));
  };
  onChange(renew);
  box.addEventListener("close", () => offChange(renew));
}

function detail(item, close) {
  const stands = conflictOf(item);
  const picture = companion(item, "thumbnail") ?? companion(item, "waveform");
  return h("div", { class: "stack" },
    h("div", { class: "actions" }, recordingChip(item.state), item.reason ? h("span", { class: "reason" }, item.reason) : null),
    stands && !item.file ? h("p", { class: "remark bad" }, icon("alert"), h("span", {}, stands)) : null,
    picture ? h("img", { class: "recording-picture", src: picture, alt: companion(item, "thumbnail") ? "A picture out of it" : "Its waveform" }) : null,
    h("dl", { class: "facts" }, facts(item).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    gaps(item), beside(item), sendings(item), buttons(item, close));
}

function facts(item) {
  const { file } = item;
  const whole = completeness(file);
  return [
    ["Stream", streamName(item.stream)], ["Show", `${day(new Date(item.start))}, ${span(item.start, item.end)}`],
    ["With padding", `${span(item.paddedStart, item.paddedEnd)} (${length(between(item.paddedStart, item.paddedEnd))})`],
    ["Recorder", [item.node ?? "none yet", item.spare ? `${item.spare} beside it` : null].filter(Boolean).join(", ")],
    item.priority ? ["Priority", item.priority] : null,
    file && ["File", file.name], file && ["Size", `${bytes(file.bytes)}, ${length(file.durationUs / 1e6)}`],
    file?.loudness && ["Loudness", loudness(file.loudness)],
    file && ["SHA-256", h("code", {}, file.sha256)], whole && ["Completeness", whole.text],
  ].filter(Boolean);
}

const decimal = (value) => value.toFixed(1).replace("-", "−");

/** EBU R128 in one line. */
const loudness = (found) => [
  `${decimal(found.integrated)} LUFS`, found.truePeak === undefined || found.truePeak === null ? null : `peak ${decimal(found.truePeak)} dBTP`,
  found.range === undefined || found.range === null ? null : `range ${decimal(found.range)} LU`, found.isNormalised ? "brought to this" : null,
].filter(Boolean).join(" · ");

function gaps(item) {
  if (!item.file?.gaps.length) return null;
  return h("section", {}, h("h3", {}, "What is missing"), h("ul", { class: "rows" }, item.file.gaps.map((gap) =>
    h("li", { class: "row" },
      h("span", { class: "row-when" }, h("b", {}, length(between(gap.start, gap.end)))),
      h("div", { class: "row-main" }, h("span", {}, `${day(new Date(gap.start))} ${clockSeconds(new Date(gap.start))} · ${causeText(gap.cause)}`),
        h("span", { class: "muted small" }, gap.detail))))));
}

const kinds = { sha256: "SHA-256", "cue-sheet": "Cue sheet", "as-run": "As-run log", waveform: "Waveform", thumbnail: "Thumbnail" };
const addressOf = (item, file) => `/api/v1/recordings/${item.id}/companions/${encodeURIComponent(file.name)}`;

/** The address of the file of that kind beside a recording's own; null where there is none. */
function companion(item, kind) {
  const file = item.file?.companions?.find((one) => one.kind === kind);
  return file ? addressOf(item, file) : null;
}

function beside(item) {
  const files = item.file?.companions ?? [];
  if (!files.length) return null;
  return h("section", {}, h("h3", {}, "Beside it"), h("div", { class: "actions" }, files.map((file) =>
    h("a", { class: "button", href: `${addressOf(item, file)}?download=1`, download: file.name, title: file.name }, icon("download"),
      `${kinds[file.kind] ?? file.kind}`, h("span", { class: "muted small" }, bytes(file.bytes))))));
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
  const press = (id, label, action, kind = "", name = null) => h("button", { class: `button ${kind}`, type: "button", id: `recording-${id}`, onclick: action }, name ? icon(name) : null, label);
  const callOff = async () => {
    if (!await confirmed("Call it off?", "Nothing of it will be kept.", "Call it off")) return;
    try {
      toast(said(await api.post(`recordings/${item.id}/cancel`), "It was called off."));
      close();
    } catch (error) { toast(error.message, "bad"); }
  };
  return h("div", { class: "actions" },
    item.file ? press("play", "Play", () => { close(); play(item); }, "primary", "play") : null,
    item.file ? h("a", { class: "button", href: `/api/v1/recordings/${item.id}/file?download=1`, download: item.file.name }, icon("download"), "Download") : null,
    isRunning ? press("stop", "Stop and keep", (event) => stopNow(item, event.currentTarget)) : null,
    item.state === "missed" || item.state === "cancelled" ? null : press("end", "Move the end…", () => openEnd(item)),
    h("a", { class: "button quiet", href: `#/timeline/${item.stream}?at=${encodeURIComponent(item.start)}`, onclick: close }, "Timeline"),
    press("log", "Log", () => showLog(`Log of ${item.title}`, `recordings/${item.id}/log`, "This recording has no log on this machine."), "quiet"),
    isRunning || isComing ? press("off", "Call it off", callOff, "danger") : null);
}
