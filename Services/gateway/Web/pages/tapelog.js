// The as-run log of what a timeline shows: a click plays from there, a table can be saved.

import { asRun, asRunList, asRunPath } from "./asrun.js";
import { h, icon } from "./dom.js";

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
  #view = [0, 0];

  /** Of a timeline: its `stream` and `play(time)`. */
  constructor(page) {
    this.page = page;
    this.#draw([], "One moment…");
  }

  /** Asks once the view has come to rest, and for more than is in view, so that small moves need no answer. */
  want(from, to) {
    const now = Date.now();
    this.#view = [from, Math.min(to, now)];
    const known = this.#known;
    const isCovered = known && known.from <= from && (known.to >= to || (known.to >= known.askedAt && now - known.askedAt < FRESH));
    if (isCovered) return this.#show();
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#ask();
    }, PATIENCE);
  }

  async #ask() {
    const [from, last] = this.#view;
    const turn = ++this.#turn;
    const [askedAt, wide] = [Date.now(), last - from];
    if (wide <= 0) return this.#draw([], "This is yet to come.");
    if (wide > LONGEST) return this.#draw([], "Zoom in to two days or less to see what was on.");
    const [first, end] = [from - wide / 2, Math.min(last + wide / 2, askedAt)];
    let found;
    try {
      found = await asRun(this.page.stream, first, end);
    } catch (error) {
      found = { entries: [], problem: error.message };
    }
    if (turn !== this.#turn) return;
    this.#known = { from: first, to: end, askedAt, ...found };
    this.#show();
  }

  #show() {
    const [from, last] = this.#view;
    const { entries, problem } = this.#known;
    this.#draw(entries.filter((entry) => entry.time <= last && (entry.until ?? last) >= from), problem ?? "The station announced nothing in this span.");
  }

  #table() { return `/api/v1/${asRunPath(this.page.stream, ...this.#view, { format: "csv" })}`; }

  #draw(entries, nothing) {
    const signature = entries.map((entry) => entry.time + entry.title).join() || nothing;
    if (this.signature === signature) return;
    this.signature = signature;
    this.element.replaceChildren(
      h("div", { class: "card-head" }, h("h2", {}, "As-run log"),
        entries.length ? h("a", {
          class: "button quiet", id: "as-run-csv", href: this.#table(), download: "",
          // The view may have moved since this was drawn.
          onclick: (event) => { event.currentTarget.href = this.#table(); },
        }, icon("download"), "CSV") : ""),
      entries.length ? asRunList(entries.slice(0, SHOWN), (entry) => this.page.play(entry.time)) : h("p", { class: "muted" }, nothing),
      entries.length > SHOWN ? h("p", { class: "muted small" }, `${entries.length - SHOWN} more in the CSV.`) : "");
  }
}
