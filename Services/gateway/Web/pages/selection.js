// A span of the tape that is selected, and what can be done with it.

import { h, icon } from "./dom.js";
import { clockSeconds, day, length } from "./format.js";
import { keepSpan, lockSpan, unlockSpan } from "./keep.js";
import { playTape } from "./player.js";
import { store } from "./store.js";

export class Selection {
  element = h("div", { class: "selection", role: "group", "aria-label": "Selected span", hidden: true });
  #shown = "";

  /** Of a timeline: its `strip`, `stream` and `locks()`. */
  constructor(page) { this.page = page; }

  tell() {
    const { strip, stream } = this.page;
    const span = strip.selection;
    const locks = span ? this.page.locks().filter((lock) => Date.parse(lock.start) < span.to && Date.parse(lock.end) > span.from) : [];
    const signature = span ? `${span.from} ${span.to} ${stream} ${JSON.stringify(locks)}` : "";
    if (this.#shown === signature) return;
    this.#shown = signature;
    this.element.hidden = !span;
    if (span) this.element.replaceChildren(...this.#content(span, locks));
  }

  #content(span, locks) {
    const { strip, stream } = this.page;
    const item = store.streams.get(stream);
    const press = (id, label, name, action, kind = "") => h("button", { class: `button ${kind}`, type: "button", id: `span-${id}`, onclick: action }, icon(name), label);
    const date = (time) => day(new Date(time));
    const text = `${date(span.from)} ${clockSeconds(new Date(span.from))} – ${date(span.from) === date(span.to) ? "" : `${date(span.to)} `}${clockSeconds(new Date(span.to))}`;
    return [
      h("p", { class: "selection-text" }, h("b", {}, length((span.to - span.from) / 1000)), h("span", { class: "muted" }, text)),
      h("div", { class: "actions" },
        press("play", "Play", "play", () => playTape(stream, span.from, (Math.min(span.to, Date.now()) - span.from) / 1000)),
        press("keep", "Keep as a recording", "keep", () => keepSpan(item, span.from, span.to), "primary"),
        press("lock", "Lock", "lock", () => lockSpan(item, span.from, span.to)),
        locks.length ? press("unlock", locks.length === 1 ? "Unlock" : `Unlock ${locks.length}`, "lock", (event) => {
          const whole = { start: locks.map((lock) => lock.start).sort()[0], end: locks.map((lock) => lock.end).sort().at(-1) };
          return unlockSpan(item, whole, event.currentTarget);
        }) : null,
        h("button", { class: "button quiet", type: "button", id: "span-clear", onclick: () => strip.select(null) }, "Clear")),
    ];
  }
}
