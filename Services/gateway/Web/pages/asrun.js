// The as-run log: what a stream announced, and when. As it is asked for, and as it is shown.

import { api } from "./api.js";
import { h } from "./dom.js";
import { clockSeconds } from "./format.js";

/** Of a span in milliseconds; with `format: "csv"` the address of a table. */
export function asRunPath(stream, from, to, more = {}) {
  const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), ...more });
  return `streams/${stream}/titles?${query}`;
}

/** { entries: [{ time, until, title }] in ms, problem }, in order; the problem says why there may be more. */
export async function asRun(stream, from, to) {
  const answer = await api.get(asRunPath(stream, from, to));
  const entries = answer.titles.map(({ at, until, title }) => ({ time: Date.parse(at), until: until ? Date.parse(until) : null, title }))
    .sort((a, b) => a.time - b.time);
  return { entries, problem: answer.problem ?? null };
}

/** A list of buttons; `pick` is given what was clicked, `isNow` says which one plays. */
export const asRunList = (entries, pick, isNow = () => false) => h("ol", { class: "as-run", "aria-label": "As-run log" }, entries.map((entry, index) =>
  h("li", { key: `run-${entry.time}` }, h("button", {
    class: "as-run-entry", type: "button", "aria-current": isNow(entry, index) ? "true" : null, onclick: () => pick(entry),
  }, h("span", { class: "mono muted" }, clockSeconds(new Date(entry.time))), h("span", {}, entry.title)))));
