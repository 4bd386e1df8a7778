// The podcasts: which feeds are archived and how they do. There may be tens of thousands, so the list
// is asked for in parts, and looked through by the gateway.

import { api, said } from "./api.js";
import { empty, h, icon, pageHead, tabs, toast } from "./dom.js";
import { episodes } from "./episodes.js";
import { bytes, relative } from "./format.js";
import { check, field, group, input, objection, openForm } from "./forms.js";
import { feedPage } from "./feed.js";
import { Listing } from "./listing.js";
import { feedChip, feedStates } from "./states.js";
import { changed, onEvent, store } from "./store.js";

let view = "feeds";
const listing = new Listing({ path: "feeds", name: "feeds", topic: "feed", key: (item) => label(item).toLowerCase() });

onEvent("reload", () => listing.reset());

/** What people call a feed. */
export const label = (item) => item.name ?? item.status?.title ?? item.url;

export function podcasts(part) {
  if (part) return feedPage(part);
  const { states, archived, archivedBytes } = store.counts.feeds;
  const total = Object.values(states).reduce((all, one) => all + one, 0);
  listing.load();
  if (!total && listing.isComplete && !listing.items.length && !listing.isFiltered) return none();
  const text = `${total.toLocaleString("en")} ${total === 1 ? "podcast" : "podcasts"}, ${archived.toLocaleString("en")} episodes archived (${bytes(archivedBytes)}).`;
  return h("div", { class: "stack" }, pageHead("Podcasts", text, buttons()), pulse(),
    tabs("What is shown", { feeds: "Podcasts", episodes: "Latest episodes" }, view, (key) => { view = key; changed(); }),
    view === "feeds" ? feeds(states, total) : episodes());
}

const addButton = () => h("button", { class: "button primary", type: "button", id: "add-feed", onclick: () => editFeed() }, icon("plus"), "Add a podcast");
const importButton = () => h("button", { class: "button", type: "button", id: "import-feeds", onclick: importFeeds }, icon("upload"), "Import");
const buttons = () => [addButton(), importButton(),
  h("a", { class: "button", id: "export-feeds", href: "/api/v1/feeds.opml", download: "podcasts.opml" }, icon("download"), "Export")];

const none = () => h("div", { class: "stack" }, pageHead("Podcasts", "Each episode is fetched as it appears, checked and kept."),
  empty("podcasts", "No podcasts yet", "Paste a podcast’s feed address, or bring the list of another program as an OPML file.",
    addButton(), importButton()));

/** What the feeder does right now. */
function pulse() {
  const now = store.feeder;
  if (!now || !(now.fetching || now.downloading || now.queuedEpisodes || now.due)) return null;
  return h("p", { class: "muted small", role: "status" }, [
    now.fetching ? `${now.fetching} feeds being read` : null, now.due ? `${now.due} due` : null,
    now.downloading ? `${now.downloading} episodes being fetched` : null,
    now.queuedEpisodes ? `${now.queuedEpisodes} waiting` : null,
  ].filter(Boolean).join(" · "));
}

function feeds(states, total) {
  return h("div", { class: "stack" },
    h("div", { class: "filters" },
      h("input", {
        type: "search", id: "feed-search", class: "search", placeholder: "Find a podcast", "aria-label": "Find a podcast",
        value: listing.filter.search ?? "", oninput: (event) => listing.set({ search: event.target.value }),
      }),
      h("select", { id: "feed-state", "aria-label": "State", onchange: (event) => listing.set({ state: event.target.value }) },
        h("option", { value: "", selected: !listing.filter.state }, `All ${total}`),
        Object.entries(feedStates).filter(([key]) => states[key] || key === listing.filter.state).map(([key, text]) =>
          h("option", { value: key, selected: key === listing.filter.state }, `${text} ${states[key] ?? 0}`)))),
    listing.problem ? h("p", { class: "form-problem" }, listing.problem) : null,
    listing.items.length ? h("ul", { class: "card list" }, listing.items.map(row))
      : listing.isComplete ? empty("podcasts", "Nothing found", "No podcast is like that.") : h("p", { class: "muted loading" }, "One moment…"),
    listing.more());
}

function row(item) {
  const { status } = item;
  const name = label(item);
  return h("li", { class: "row", key: item.id }, letter(name),
    h("div", { class: "row-main" },
      h("a", { class: "plain", id: `feed-${item.id}`, href: `#/podcasts/${item.id}` }, name),
      h("span", { class: "muted small" }, [
        status.archived ? `${status.archived} of ${Math.max(status.archived, status.episodes)} episodes · ${bytes(status.archivedBytes)}`
          : status.episodes ? `${status.episodes} episodes` : null,
        status.fetchedAt ? `read ${relative(status.fetchedAt)}` : null].filter(Boolean).join(" · ") || item.url),
      status.reason ? h("span", { class: "reason" }, status.reason) : null),
    h("div", { class: "row-end" }, status.state === "ok" ? null : feedChip(status.state)));
}

/** Pictures of other sites are not loaded; a letter on one of a few colours tells podcasts apart. */
export function letter(name) {
  let number = 0;
  for (const character of name) number = (number * 31 + character.codePointAt(0)) % 997;
  return h("span", { class: `letter tone-${number % 6}`, "aria-hidden": "true" }, [...name.replace(/^the /i, "")][0]?.toUpperCase() ?? "?");
}

const places = (chosen) => [...store.destinations.values()].map((place) =>
  [place.id, input({ type: "checkbox", checked: chosen?.includes(place.id) ?? false }), place.name]);
const chosenPlaces = (boxes) => boxes.filter(([, box]) => box.checked).map(([id]) => id);
const placesField = (boxes) => boxes.length
  ? group("destinations", "Send each episode to", boxes.map(([, box, text]) => check(text, box))) : null;

function newestField(value) {
  const control = input({ type: "number", min: 0, inputmode: "numeric", placeholder: "all", value: value ?? "" });
  return [control, field("newest", "Only the newest", control, "How many of the newest episodes are kept; empty keeps all of them.")];
}

const number = (control) => (control.value.trim() === "" ? undefined : Number(control.value));

export function editFeed(item) {
  const url = input({ value: item?.url ?? "", type: "url", placeholder: "http://example.org/podcast/feed.xml", spellcheck: "false" });
  const name = input({ value: item?.name ?? "", placeholder: item?.status?.title ?? "as the podcast calls itself" });
  const [newest, newestBox] = newestField(item?.newest);
  const boxes = places(item?.destinations);
  openForm(item ? `Edit ${label(item)}` : "Add a podcast", {
    content: [field("url", "Address of its feed", url, "RSS or Atom."), field("name", "Name", name), newestBox, placesField(boxes)],
    action: item ? "Save" : "Add the podcast",
    save: async () => {
      const body = {
        url: url.value.trim(), name: name.value.trim() || undefined, newest: number(newest),
        destinations: chosenPlaces(boxes), isEnabled: item?.isEnabled,
      };
      if (!body.url) throw objection("url", "Which feed?");
      const answer = item ? await api.put(`feeds/${item.id}`, body) : await api.post("feeds", body);
      toast(said(answer, item ? "Saved." : "The podcast was added; its episodes follow."));
    },
  });
}

function importFeeds() {
  const file = h("input", { type: "file", accept: ".opml,.xml,text/xml,text/x-opml" });
  const [newest, newestBox] = newestField(1);
  const boxes = places();
  openForm("Import podcasts", {
    content: [field("opml", "OPML file", file, "Nearly every podcast program can export its list as OPML. Known podcasts stay as they are."),
      newestBox, placesField(boxes)],
    action: "Import",
    save: async () => {
      if (!file.files.length) throw objection("opml", "Choose a file.");
      const opml = asText(new Uint8Array(await file.files[0].arrayBuffer()));
      const answer = await api.post("feeds/import", { opml, newest: number(newest), destinations: chosenPlaces(boxes) });
      toast(said(answer, "Imported."));
      listing.reset();
    },
  });
}

/** By the encoding that the document itself declares. */
function asText(content) {
  const head = new TextDecoder("latin1").decode(content.subarray(0, 200));
  const declared = head.match(/^[^>]*encoding=["']([\w-]+)["']/)?.[1] ?? "utf-8";
  let decoder;
  try { decoder = new TextDecoder(declared); } catch { decoder = new TextDecoder(); }
  return decoder.decode(content).replace(/(<\?xml[^>]*encoding=)["'][\w-]+["']/, '$1"utf-8"');
}
