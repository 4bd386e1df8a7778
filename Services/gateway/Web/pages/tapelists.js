// Beside the drawing of a tape: what its colours mean, what is missing in view and why, what is locked.

import { chip, h } from "./dom.js";
import { clock, clockSeconds, day, length, sentence } from "./format.js";
import { unlockSpan } from "./keep.js";
import { causeKind, causeText } from "./states.js";
import { store } from "./store.js";

const SHOWN = 60;
const names = {
  source: "missing: source", disk: "missing: disk", recorder: "missing: recorder", kept: "no longer kept", unknown: "missing: unknown",
};

export class TapeLists {
  legend = h("ul", { class: "legend", "aria-label": "Colours" });
  missing = h("section", { class: "card" });
  locked = h("section", { class: "card", hidden: true });
  #told = {};

  /** Of a timeline: its `stream`, `locks()` and `look(from, to)`. */
  constructor(page) { this.page = page; }

  /** Draws only what has changed: this is called at each step of a wheel. */
  tell(gaps, from, to) {
    const kinds = [...new Set(gaps.map((gap) => causeKind(gap.cause)))];
    const isLocked = this.page.locks().some((lock) => Date.parse(lock.start) < to && Date.parse(lock.end) > from);
    this.#once("legend", [...kinds, isLocked].join(), () => this.legend.replaceChildren(h("li", { class: "key-captured" }, "captured"),
      ...kinds.map((kind) => h("li", { class: `key-${kind}` }, names[kind])), isLocked ? h("li", { class: "key-locked" }, "locked") : ""));
    this.#once("missing", gaps.map((gap) => `${gap.start}${gap.end}`).join(), () => this.#missing(gaps));
  }

  tellLocks() {
    const locks = this.page.locks();
    this.#once("locked", JSON.stringify(locks), () => this.#locked(locks));
  }

  #once(name, signature, draw) {
    if (this.#told[name] === signature) return;
    this.#told[name] = signature;
    draw();
  }

  #look(from, to) { return h("button", { class: "button quiet", type: "button", onclick: () => this.page.look(from, to) }, "Look"); }

  #missing(gaps) {
    this.missing.hidden = !gaps.length;
    this.missing.replaceChildren(h("h2", {}, "What is missing"), h("ul", { class: "rows" }, gaps.slice(0, SHOWN).map((gap) => {
      const end = gap.end ?? Date.now();
      return h("li", { class: "row" },
        h("div", { class: "row-when" }, h("b", {}, clockSeconds(new Date(gap.start))), h("span", { class: "muted small" }, day(new Date(gap.start)))),
        h("div", { class: "row-main" }, h("span", {}, sentence(causeText(gap.cause))), h("span", { class: "muted small" }, gap.detail)),
        h("div", { class: "row-end" }, chip(gap.end ? length((end - gap.start) / 1000) : "lasts", gap.end ? "warn" : "bad"), this.#look(gap.start, end)));
    })), gaps.length > SHOWN ? h("p", { class: "muted small" }, `${gaps.length - SHOWN} more; zoom in to see them.`) : "");
  }

  #locked(locks) {
    this.locked.hidden = !locks.length;
    this.locked.replaceChildren(h("h2", {}, "What is locked"), h("ul", { class: "rows" }, locks.map((lock) => h("li", { class: "row" },
      h("div", { class: "row-when wide" }, h("b", {}, `${clock(new Date(lock.start))}–${clock(new Date(lock.end))}`), h("span", { class: "muted small" }, day(new Date(lock.start)))),
      h("div", { class: "row-main" }, lock.reason),
      h("div", { class: "row-end" }, this.#look(Date.parse(lock.start), Date.parse(lock.end)), h("button", {
        class: "button quiet", type: "button", onclick: (event) => unlockSpan(store.streams.get(this.page.stream), lock, event.currentTarget),
      }, "Unlock"))))));
  }
}
