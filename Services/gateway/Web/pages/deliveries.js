// Finished files on their way to the destinations, and those that need a hand: the dead letters.

import { button, perform, showLog } from "./actions.js";
import { api } from "./api.js";
import { confirmed, empty, h, icon, pageHead, tabs } from "./dom.js";
import { bytes, dayAndTime, relative } from "./format.js";
import { deliveryChip } from "./states.js";
import { changed, placeName, store } from "./store.js";

const groups = {
  all: () => true,
  busy: (item) => ["queued", "sending", "verifying", "waiting"].includes(item.state),
  dead: (item) => item.state === "dead",
  delivered: (item) => item.state === "delivered",
};
const names = { all: "All", busy: "On the way", dead: "Dead letters", delivered: "Delivered" };
const origins = { recording: "recording", conversion: "conversion", episode: "episode" };
let group = "all";
let place = "";

export function deliveries() {
  const items = [...store.deliveries.values()].filter((item) => !place || item.destination === place)
    .sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  const head = pageHead("Deliveries", "Finished files go to the destinations and are checked on arrival.",
    h("a", { class: "button", href: "#/destinations" }, icon("destinations"), "Destinations"));
  if (!store.deliveries.size) {
    return h("div", { class: "stack" }, head, store.destinations.size
      ? empty("deliveries", "Nothing was sent yet", "Choose the destinations of a schedule or a podcast; each finished file then goes there.",
        h("a", { class: "button primary", href: "#/schedules" }, "Go to the schedule"))
      : empty("deliveries", "Nothing to send to yet", "Add a server or a bucket first.",
        h("a", { class: "button primary", href: "#/destinations" }, "Add a destination")));
  }
  const counts = Object.fromEntries(Object.entries(groups).map(([key, belongs]) => [key, items.filter(belongs).length]));
  const found = items.filter(groups[group]);
  return h("div", { class: "stack" }, head,
    h("div", { class: "filters" },
      tabs("Which deliveries", names, group, (key) => { group = key; changed(); }, counts), placeFilter(),
      counts.dead ? h("button", {
        class: "button", type: "button", id: "retry-all", onclick: (event) => retryAll(event.currentTarget),
      }, icon("refresh"), "Try all dead letters again") : null),
    found.length ? h("ul", { class: "card list" }, found.slice(0, 150).map(row))
      : empty("check", "Nothing here", group === "dead" ? "What could not be delivered would wait here for you, with the reason." : "No delivery is like that."));
}

function placeFilter() {
  if (store.destinations.size < 2) return null;
  return h("select", { id: "place", "aria-label": "Destination", onchange: (event) => { place = event.target.value; changed(); } },
    h("option", { value: "", selected: !place }, "All destinations"),
    [...store.destinations.values()].map((item) => h("option", { value: item.id, selected: item.id === place }, item.name)));
}

const retryAll = (pressed) => perform(
  () => api.post("deliveries/retry", { state: "dead", destination: place || undefined }), "They are tried again.", pressed);

function row(item) {
  const progress = item.state === "sending" ? store.progress.get(item.id) : null;
  const canRetry = item.state === "waiting" || item.state === "dead";
  return h("li", { class: "row", key: item.id },
    h("div", { class: "row-main" }, h("span", { class: "strong" }, item.fileName),
      h("span", { class: "muted small" },
        [origins[item.origin ?? "recording"], `to ${placeName(item.destination)}`, bytes(item.bytes), dayAndTime(item.updatedAt),
          item.attempts > 1 ? `${item.attempts} tries` : null,
          item.state === "waiting" && item.retryAt ? `next try ${relative(item.retryAt)}` : null].filter(Boolean).join(" · ")),
      item.reason ? h("span", { class: "reason" }, item.reason) : null,
      item.remotePath ? h("span", { class: "muted small" }, h("code", {}, item.remotePath)) : null,
      progress ? h("progress", { max: progress.totalBytes, value: progress.sentBytes, "aria-label": "Sent" }) : null),
    h("div", { class: "row-end" }, deliveryChip(item.state),
      canRetry ? button("Try now", `deliveries/${item.id}/retry`, "It is tried again.", { id: `retry-${item.id}` }) : null,
      canRetry ? h("button", { class: "button quiet", type: "button", id: `discard-${item.id}`, onclick: () => discard(item) }, "Give up") : null,
      h("button", {
        class: "button quiet", type: "button", id: `log-${item.id}`,
        onclick: () => showLog(`Log of ${item.fileName}`, `deliveries/${item.id}/log`, "This delivery has no log on this machine."),
      }, "Log")));
}

async function discard(item) {
  if (!await confirmed("Give this delivery up?", "The file stays here; it is only not sent.", "Give up")) return;
  await perform(() => api.post(`deliveries/${item.id}/discard`), "It was given up.");
}
