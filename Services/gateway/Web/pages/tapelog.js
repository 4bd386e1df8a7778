// The as-run log of what a timeline shows: a click plays from there, a table can be saved.

import { asRun, asRunList, saveCSV } from "./asrun.js";
import { h, icon } from "./dom.js";
import { shortDay } from "./format.js";

const PATIENCE = 500;
/** A longer stretch is not asked for until it is zoomed into. */
const LONGEST = 2 * 86_400_000;
const SHOWN = 300;
/** Asked for again this often while the present is in view. */
const FRESH = 15_000;

export class TapeLog {
  element = h("section", { class: "card", "aria-label": "As-run log" });
  #timer = null;
  #turn = 0;
  #known = null;

  /** Of a timeline: its `stream` and `play(time)`. */
  constructor(page) {
    this.page = page;
    this.#draw([], "One moment…");
  }

  /** Asks once the view has come to rest. */
  want(from, to) {
    const last = Math.min(to, Date.now());
    const known = this.#known;
    const isFresh = known && (last < known.askedAt || Date.now() - known.askedAt < FRESH);
    if (known && isFresh && known.from <= from && known.to >= last && known.shown === `${from} ${to}`) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(from, to, last), PATIENCE);
  }

  async #ask(from, to, last) {
    const turn = ++this.#turn;
    if (last <= from) return this.#draw([], "This is yet to come.");
    if (last - from > LONGEST) return this.#draw([], "Zoom in to two days or less to see what was on.");
    try {
      const entries = await asRun(this.page.stream, from, last);
      if (turn !== this.#turn) return;
      this.#known = { from, to: last, askedAt: Date.now(), shown: `${from} ${to}` };
      this.#draw(entries, "The station announced nothing in this span.");
    } catch (error) {
      if (turn === this.#turn) this.#draw([], error.message);
    }
  }

  #draw(entries, nothing) {
    const signature = entries.map((entry) => entry.time + entry.title).join() || nothing;
    if (this.signature === signature) return;
    this.signature = signature;
    const name = `${this.page.stream} as run ${shortDay(new Date(entries[0]?.time ?? 0))}.csv`;
    this.element.replaceChildren(
      h("div", { class: "card-head" }, h("h2", {}, "As-run log"),
        entries.length ? h("button", { class: "button quiet", type: "button", id: "as-run-csv", onclick: () => saveCSV(entries, name) }, icon("download"), "CSV") : ""),
      entries.length ? asRunList(entries.slice(0, SHOWN), (entry) => this.page.play(entry.time)) : h("p", { class: "muted" }, nothing),
      entries.length > SHOWN ? h("p", { class: "muted small" }, `${entries.length - SHOWN} more in the CSV.`) : "");
  }
}
