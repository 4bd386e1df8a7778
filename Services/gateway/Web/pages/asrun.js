// The as-run log: what a stream announced, and when. As it is asked for, shown, and saved as a table.

import { api } from "./api.js";
import { h } from "./dom.js";
import { clockSeconds } from "./format.js";

const time = (entry) => (entry.at !== undefined ? Date.parse(entry.at) : entry.at_us / 1000);

/** { entries: [{ time (ms), title }], problem } of a span, in order; empty titles, which end one, are left
 *  out. The problem says why there may be more. */
export async function asRun(stream, from, to) {
  const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  const answer = await api.get(`streams/${stream}/titles?${query}`);
  const entries = answer.titles.map((entry) => ({ time: time(entry), title: entry.title }))
    .filter((entry) => entry.title.trim()).sort((a, b) => a.time - b.time);
  return { entries, problem: answer.problem ?? null };
}

/** A list of buttons; `pick` is given what was clicked, `isNow` says which one plays. */
export const asRunList = (entries, pick, isNow = () => false) => h("ol", { class: "as-run", "aria-label": "As-run log" }, entries.map((entry, index) =>
  h("li", { key: `run-${entry.time}` }, h("button", {
    class: "as-run-entry", type: "button", "aria-current": isNow(entry, index) ? "true" : null, onclick: () => pick(entry),
  }, h("span", { class: "mono muted" }, clockSeconds(new Date(entry.time))), h("span", {}, entry.title)))));

/** Cells that a spreadsheet would take for a formula get an apostrophe: titles come from strangers. */
const cell = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

/** Has the browser save the entries as a table. */
export function saveCSV(entries, name) {
  const lines = ["time,title", ...entries.map((entry) => `${cell(new Date(entry.time).toISOString())},${cell(entry.title)}`)];
  const address = URL.createObjectURL(new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
