// A long list that is asked for in parts: what of it is loaded, what is looked for, and the button
// for more. Live events change entries in place and add those that belong to what is loaded.

import { api } from "./api.js";
import { h } from "./dom.js";
import { changed, onEvent } from "./store.js";

const PART = 100;

export class Listing {
  items = [];
  filter = {};
  problem = null;
  isComplete = false;
  #next = null;
  #isLoading = false;
  #turn = 0;
  #timer = null;

  /** `key` gives what the list is ordered by; `isNewestFirst` turns the order round. `belongs` says
   *  whether an entry that is told of is in this list at all. */
  constructor({ path, name, topic, key, isNewestFirst = false, belongs = () => true }) {
    Object.assign(this, { path, name, key, isNewestFirst, belongs });
    onEvent(topic, (item) => this.hear(item));
  }

  get isFiltered() { return Object.values(this.filter).some(Boolean); }

  /** The first part, unless it is there or on its way. */
  load() { if (!this.items.length && !this.isComplete && !this.#isLoading && !this.problem) this.#ask(null); }

  /** Looks for something else; typing is waited for. */
  set(filter) {
    this.filter = { ...this.filter, ...filter };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.reset(), 200);
    changed();
  }

  reset() {
    if (!this.items.length && !this.isComplete && !this.isFiltered && !this.problem && !this.#isLoading) return;
    this.problem = null;
    this.#ask(null);
  }

  more() {
    if (!this.#next) return null;
    return h("div", { class: "actions center" }, h("button", {
      class: "button", type: "button", id: `more-${this.name}`, disabled: this.#isLoading, onclick: () => this.#ask(this.#next),
    }, "Show more"));
  }

  hear(item) {
    const at = this.items.findIndex((one) => one.id === item.id);
    if (item.removed || !this.belongs(item)) {
      if (at >= 0) this.items.splice(at, 1);
      return;
    }
    if (at >= 0) this.items.splice(at, 1, item);
    // What is new belongs into the part that is loaded, or behind it.
    else if (!this.isFiltered && (this.isComplete || this.#isInside(item))) this.items.push(item);
    else return;
    this.#sort();
  }

  #isInside(item) {
    const last = this.items.at(-1);
    return last !== undefined && this.#compare(item, last) < 0;
  }

  #compare(a, b) {
    const [left, right] = this.isNewestFirst ? [this.key(b), this.key(a)] : [this.key(a), this.key(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  }

  #sort() { this.items.sort((a, b) => this.#compare(a, b)); }

  async #ask(after) {
    const turn = ++this.#turn;
    this.#isLoading = true;
    const query = new URLSearchParams({ limit: PART });
    for (const [name, value] of Object.entries({ ...this.filter, after })) if (value) query.set(name, value);
    try {
      const answer = await api.get(`${this.path}?${query}`);
      if (turn !== this.#turn) return;
      const known = new Set(this.items.map((item) => item.id));
      const found = answer[this.name];
      this.items = after ? [...this.items, ...found.filter((item) => !known.has(item.id))] : found;
      this.#next = answer.next ?? null;
      this.isComplete = !this.#next;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.problem = error.message;
    }
    this.#isLoading = false;
    changed();
  }
}
