// One podcast: how it does, what can be done with it, and its episodes.

import { button, perform } from "./actions.js";
import { api, said } from "./api.js";
import { confirmed, empty, h, icon, toast } from "./dom.js";
import { episodeList } from "./episodes.js";
import { bytes, dayAndTime, relative } from "./format.js";
import { Listing } from "./listing.js";
import { editFeed, label, letter } from "./podcasts.js";
import { feedChip } from "./states.js";
import { changed, onEvent, placeName } from "./store.js";

/** The podcast that is shown; asked for when its page is opened. */
let shown = { id: null, item: null, isMissing: false };
let listing = null;

onEvent("feed", (item) => {
  if (item.id === shown.id) shown = { ...shown, item: item.removed ? null : item, isMissing: Boolean(item.removed) };
});
onEvent("reload", () => {
  if (!shown.id) return;
  ask(shown.id);
  listing?.reset();
});

async function ask(id) {
  try {
    const item = await api.get(`feeds/${id}`);
    if (shown.id === id) shown = { id, item, isMissing: false };
  } catch (error) {
    if (error.status !== 404) toast(error.message, "bad");
    if (shown.id === id) shown = { id, item: null, isMissing: true };
  }
  changed();
}

export function feedPage(id) {
  if (shown.id !== id) {
    shown = { id, item: null, isMissing: false };
    listing = new Listing({
      path: `feeds/${id}/episodes`, name: "episodes", topic: "episode", key: (item) => item.publishedAt ?? item.updatedAt,
      isNewestFirst: true, belongs: (item) => item.feed === id,
    });
    ask(id);
  }
  const back = h("a", { class: "back", href: "#/podcasts" }, icon("left"), "All podcasts");
  if (shown.isMissing) return h("div", { class: "stack" }, back, empty("podcasts", "This podcast is not here", "It may have been removed."));
  if (!shown.item) return h("div", { class: "stack" }, back, h("p", { class: "muted loading" }, "One moment…"));
  listing.load();
  return h("div", { class: "stack" }, back, head(shown.item), facts(shown.item), episodeList(listing));
}

function head(item) {
  const name = label(item);
  return h("div", { class: "page-head" },
    h("div", { class: "with-letter" }, letter(name), h("div", {}, h("h1", {}, name), h("p", { class: "muted small" }, h("code", {}, item.url)))),
    h("div", { class: "actions" },
      button([icon("refresh"), "Read now"], `feeds/${item.id}/refresh`, "It is read now.", { id: "refresh-feed" }),
      h("button", { class: "button", type: "button", id: "edit-feed", onclick: () => editFeed(item) }, "Edit"),
      h("button", { class: "button quiet", type: "button", id: "flip-feed", onclick: (event) => flip(item, event.currentTarget) },
        item.isEnabled ? "Switch off" : "Switch on"),
      h("button", { class: "button quiet", type: "button", id: "drop-feed", onclick: () => remove(item) }, "Remove")));
}

function facts(item) {
  const { status } = item;
  const lines = [
    ["Archived", status.archived ? `${status.archived} episodes, ${bytes(status.archivedBytes)}` : "nothing yet"],
    status.episodes && ["Listed", `${status.episodes} episodes`],
    ["Kept", item.newest === undefined ? "all episodes" : `the newest ${item.newest}`],
    status.fetchedAt && ["Read", dayAndTime(status.fetchedAt)],
    status.nextAt && item.isEnabled && ["Next", relative(status.nextAt)],
    item.destinations.length && ["Sent to", item.destinations.map(placeName).join(", ")],
  ].filter(Boolean);
  return h("section", { class: "card stack" },
    h("div", { class: "actions" }, feedChip(status.state), status.reason ? h("span", { class: "reason" }, status.reason) : null),
    h("dl", { class: "facts" }, lines.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    status.warnings.length ? h("details", {}, h("summary", {}, `What had to be mended in the feed (${status.warnings.length})`),
      h("ul", { class: "plain-list" }, status.warnings.map((text) => h("li", { class: "small" }, text)))) : null);
}

async function flip(item, pressed) {
  const body = { url: item.url, name: item.name, newest: item.newest, destinations: item.destinations, isEnabled: !item.isEnabled };
  await perform(() => api.put(`feeds/${item.id}`, body), item.isEnabled ? "Switched off." : "Switched on.", pressed);
}

async function remove(item) {
  if (!await confirmed(`Remove ${label(item)}?`, "It is read no more; the archived files stay.", "Remove")) return;
  try {
    toast(said(await api.remove(`feeds/${item.id}`), "It was removed."));
    location.hash = "#/podcasts";
  } catch (error) { toast(error.message, "bad"); }
}
