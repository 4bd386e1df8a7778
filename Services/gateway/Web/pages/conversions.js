// What a PVR left in the watched folders, and what has become of it.

import { button, showLog } from "./actions.js";
import { dialog, empty, h, icon, pageHead, tabs } from "./dom.js";
import { bytes, dayAndTime, length, relative } from "./format.js";
import { playFile } from "./player.js";
import { conversionChip, deliveryChip } from "./states.js";
import { changed, deliveriesOf, placeName, store } from "./store.js";

const groups = {
  all: () => true,
  working: (item) => ["growing", "queued", "converting", "verifying"].includes(item.state),
  converted: (item) => item.state === "converted",
  failed: (item) => item.state === "failed" || item.state === "vanished",
};
const names = { all: "All", working: "Under way", converted: "Converted", failed: "Set aside" };
let group = "all";

export function conversions() {
  const items = [...store.conversions.values()].sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  const text = "Files that a recorder drops into a watched folder become MP4, with captions beside; the original is never touched before that.";
  if (!items.length) {
    return h("div", { class: "stack" }, pageHead("Conversions", text),
      empty("conversions", "Nothing was dropped yet", "Name the folders to watch in the configuration: folders = [\"/srv/pvr\"] under [converter]. "
        + "A file is taken once nobody writes to it any more."));
  }
  const counts = Object.fromEntries(Object.entries(groups).map(([key, belongs]) => [key, items.filter(belongs).length]));
  const found = items.filter(groups[group]);
  return h("div", { class: "stack" }, pageHead("Conversions", text),
    tabs("Which drops", names, group, (key) => { group = key; changed(); }, counts),
    found.length ? h("ul", { class: "card list" }, found.slice(0, 150).map(row))
      : empty("check", "Nothing here", group === "failed" ? "What could not be converted would be listed here, with the reason." : "No drop is in this state."));
}

function row(item) {
  const progress = item.state === "converting" ? store.progress.get(item.id) : null;
  const details = [
    item.source, item.durationUs ? length(item.durationUs / 1e6) : null,
    item.file ? `${bytes(item.bytes)} → ${bytes(item.file.bytes)}` : bytes(item.bytes),
    item.captions?.path ? `${item.captions.cues} captions` : null, item.attempts > 1 ? `${item.attempts} tries` : null,
  ].filter(Boolean).join(" · ");
  return h("li", { class: "row", key: item.id },
    item.file
      ? h("button", { class: "button round", type: "button", id: `play-${item.id}`, "aria-label": `Play ${item.name}`, onclick: () => play(item) }, icon("play"))
      : h("span", { class: "round-space" }),
    h("div", { class: "row-main" },
      h("button", { class: "plain", type: "button", id: `open-${item.id}`, onclick: () => open(item.id) }, item.name),
      h("span", { class: "muted small" }, details),
      item.reason ? h("span", { class: item.state === "failed" ? "reason" : "muted small" }, item.reason) : null,
      item.captions?.fault ? h("span", { class: "reason" }, item.captions.fault) : null,
      progress ? bar(progress) : null),
    h("div", { class: "row-end" }, conversionChip(item.state), actions(item)));
}

function bar(progress) {
  const share = progress.totalUs ? Math.min(1, progress.doneUs / progress.totalUs) : 0;
  const left = progress.speed ? (progress.totalUs - progress.doneUs) / 1e6 / progress.speed : null;
  return h("div", { class: "progress" },
    h("progress", { max: 1, value: share, "aria-label": "Converted" }),
    h("span", { class: "muted small" }, [`${Math.round(share * 100)} %`, progress.speed ? `${progress.speed.toFixed(1)}×` : null,
      left !== null ? `${length(left)} left` : null].filter(Boolean).join(" · ")));
}

function actions(item) {
  const isBusy = ["queued", "converting", "verifying"].includes(item.state);
  return [
    item.state === "failed" ? button("Try again", `conversions/${item.id}/retry`, "It is tried again.", { id: `retry-${item.id}` }) : null,
    isBusy ? button("Cancel", `conversions/${item.id}/cancel`, "It was set aside.", {
      id: `cancel-${item.id}`, kind: "quiet",
      question: { title: `Cancel ${item.name}?`, text: "It is set aside; the drop stays where it is.", action: "Set aside" },
    }) : null];
}

function play(item) {
  playFile({
    title: item.name, about: dayAndTime(item.updatedAt), src: `/api/v1/conversions/${item.id}/media`,
    seconds: item.file.durationUs / 1e6, captions: item.captions?.path ? `conversions/${item.id}/captions` : null,
  });
}

/** Everything about one drop. */
function open(id) {
  const item = store.conversions.get(id);
  if (!item) return;
  const facts = [
    ["Drop", item.path], ["Size", bytes(item.bytes)], ["Found", `${dayAndTime(item.foundAt)} (${relative(item.foundAt)})`],
    item.source && ["Contains", item.source], item.durationUs && ["Length", length(item.durationUs / 1e6)],
    ["Converter", item.node], item.attempts > 0 && ["Tries", item.attempts],
    item.file && ["File", item.file.path], item.file && ["Size of it", bytes(item.file.bytes)], item.file && ["SHA-256", item.file.sha256],
    item.captions && ["Captions", item.captions.path ? `${item.captions.cues}, by ${item.captions.tool}` : item.captions.fault ?? "none in it"],
  ].filter(Boolean);
  const sent = deliveriesOf(item.id);
  const box = dialog(item.name, h("div", { class: "stack" },
    h("div", { class: "actions" }, conversionChip(item.state), item.reason ? h("span", { class: "reason" }, item.reason) : null),
    h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    sent.length ? h("section", {}, h("h3", {}, "Deliveries"), h("ul", { class: "rows" }, sent.map((one) =>
      h("li", { class: "row" }, h("div", { class: "row-main" }, placeName(one.destination)), deliveryChip(one.state))))) : null,
    h("div", { class: "actions" },
      item.file ? h("button", { class: "button primary", type: "button", onclick: () => { box.close(); play(item); } }, icon("play"), "Play") : null,
      item.file ? h("a", { class: "button", href: `/api/v1/conversions/${item.id}/media?download=1`, download: item.file.name }, icon("download"), "Download") : null,
      item.captions?.path ? h("a", { class: "button", href: `/api/v1/conversions/${item.id}/captions`, download: "" }, icon("captions"), "Captions") : null,
      item.state === "converted" ? button("Convert anew", `conversions/${item.id}/retry`, "It is converted anew.", {
        kind: "quiet",
        question: { title: `Convert ${item.name} anew?`, text: "The file that there is stays until the new one is whole.", action: "Convert" },
      }) : null,
      h("button", { class: "button quiet", type: "button", onclick: () => showLog(`Log of ${item.name}`, `conversions/${item.id}/log`, "This drop has no log on this machine.") }, "Log"))),
  { wide: true });
}
