// Recordings that cannot all be made, seen before it is too late. Asked for again when what is planned
// changes, at most every few seconds.

import { api } from "./api.js";
import { h, icon } from "./dom.js";
import { dayAndTime, span } from "./format.js";
import { changed, onEvent, store } from "./store.js";

const HOURS = 168;
const PAUSE = 5000;
let found = [];
let timer = null;
let isAsked = false;

async function ask() {
  timer = null;
  try {
    found = (await api.get(`conflicts?hours=${HOURS}`)).conflicts ?? [];
  } catch { found = []; }
  changed();
}

function askSoon() { if (isAsked) timer ??= setTimeout(ask, PAUSE); }

for (const topic of ["schedule", "recording", "node", "reload"]) onEvent(topic, askSoon);

/** Those of the next week, asked for when a page first wants them. */
export function conflicts() {
  if (!isAsked && store.isLoaded) {
    isAsked = true;
    ask();
  }
  return found;
}

/** Why a recording will not be made as things are; null where nothing stands in its way. */
export const conflictOf = (item) => item.conflict
  ?? found.flatMap((one) => one.losers).find((one) => one.recording === item.id)?.reason ?? null;

export function conflictList(open) {
  const items = conflicts();
  if (!items.length) return null;
  return h("section", { class: "card conflicts", "aria-label": "Conflicts ahead" },
    h("div", { class: "card-head" }, h("h2", {}, icon("alert"), items.length === 1 ? "A conflict ahead" : `${items.length} conflicts ahead`)),
    h("ul", { class: "rows" }, items.slice(0, 12).map((one) => h("li", { class: "row top" },
      h("div", { class: "row-when wide" }, h("b", {}, dayAndTime(one.at)), h("span", { class: "muted small" }, span(one.at, one.until))),
      h("div", { class: "row-main" }, h("span", {}, `${one.wanted} are wanted at once, ${one.limit} can be recorded.`),
        one.losers.map((loser) => h("span", { class: "small" },
          store.recordings.has(loser.recording) ? h("button", { class: "plain", type: "button", id: `loses-${loser.recording}`, onclick: () => open(loser.recording) }, loser.title) : h("b", {}, loser.title),
          ` will not be: ${loser.reason}`)))))),
    items.length > 12 ? h("p", { class: "muted small" }, `${items.length - 12} more.`) : null);
}
