// Episodes: of one podcast, or what was fetched last of all.

import { button } from "./actions.js";
import { empty, h, icon, tabs } from "./dom.js";
import { bytes, day, length, relative } from "./format.js";
import { Listing } from "./listing.js";
import { playFile } from "./player.js";
import { episodeChip } from "./states.js";
import { onEvent, store } from "./store.js";

const filters = { "": "All", downloading: "Being fetched", archived: "Archived", failed: "Failed" };
const all = new Listing({
  path: "episodes", name: "episodes", topic: "episode", key: (item) => item.updatedAt, isNewestFirst: true,
});
onEvent("reload", () => all.reset());

/** The latest of all podcasts. */
export function episodes() {
  all.load();
  return episodeList(all);
}

export function episodeList(listing) {
  return h("div", { class: "stack" },
    tabs("Which episodes", filters, listing.filter.state ?? "", (state) => listing.set({ state })),
    listing.problem ? h("p", { class: "form-problem" }, listing.problem) : null,
    listing.items.length ? h("ul", { class: "card list" }, listing.items.map(row))
      : listing.isComplete ? empty("podcasts", "No episodes here", listing.isFiltered ? "None is in this state." : "They appear once the podcast has been read.")
        : h("p", { class: "muted loading" }, "One moment…"),
    listing.more());
}

function row(item) {
  const progress = item.state === "downloading" ? store.progress.get(item.id) : null;
  const total = progress?.totalBytes ?? item.bytes;
  const mayFetch = ["failed", "waiting", "listed"].includes(item.state);
  return h("li", { class: "row", key: item.id },
    item.file
      ? h("button", {
        class: "button round", type: "button", id: `play-${item.id}`, "aria-label": `Play ${item.title}`, onclick: () => play(item),
      }, icon("play"))
      : h("span", { class: "round-space" }),
    h("div", { class: "row-main" }, h("span", { class: "strong" }, item.title),
      h("span", { class: "muted small" }, [
        item.publishedAt ? day(new Date(item.publishedAt)) : null,
        item.file ? length(item.file.durationUs / 1e6) : item.durationUs ? length(item.durationUs / 1e6) : null,
        item.file ? bytes(item.file.bytes) : item.bytes ? bytes(item.bytes) : null,
        progress ? `${bytes(progress.receivedBytes)} fetched` : null,
        item.attempts > 1 && !item.file ? `${item.attempts} tries` : null,
        item.state === "waiting" && item.retryAt ? `next try ${relative(item.retryAt)}` : null].filter(Boolean).join(" · ")),
      item.reason ? h("span", { class: "reason" }, item.reason) : null,
      progress && total ? h("progress", { max: total, value: progress.receivedBytes, "aria-label": "Fetched" }) : null),
    h("div", { class: "row-end" }, item.state === "archived" ? null : episodeChip(item.state),
      item.file ? h("a", {
        class: "button quiet icon-only", id: `save-${item.id}`, href: `/api/v1/episodes/${item.id}/media?download=1`,
        download: item.file.name, "aria-label": `Download ${item.title}`,
      }, icon("download")) : null,
      mayFetch ? button("Fetch", `episodes/${item.id}/fetch`, "It is fetched.", { id: `fetch-${item.id}` }) : null));
}

const play = (item) => playFile({
  title: item.title, about: item.publishedAt ? day(new Date(item.publishedAt)) : "", src: `/api/v1/episodes/${item.id}/media`,
  seconds: item.file.durationUs / 1e6,
});
