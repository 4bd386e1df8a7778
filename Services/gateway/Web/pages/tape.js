// What is known of a stream's tape: which stretches were captured, and what is missing and why.
// Times are milliseconds since 1970.

import { api } from "./api.js";

/** Asked for again this often while the end of the tape is looked at; less often for a long stretch. */
const FRESH = 4000;
const FRESH_WIDE = 30_000;
/** A longer stretch is not asked for segment by segment, but of the ledger. */
const WIDE = 2 * 86_400_000;
const MOST = 36 * 86_400_000;

/** ISO text, or a number of microseconds, milliseconds or seconds. */
function time(value) {
  if (typeof value === "string") return Date.parse(value);
  return value > 1e14 ? value / 1000 : value > 1e11 ? value : value * 1000;
}

export class Tape {
  spans = [];
  gaps = [];
  problem = null;
  isLoaded = false;
  #from = Infinity;
  #to = -Infinity;
  #askedAt = 0;
  #isAsking = false;

  constructor(stream, changed) {
    this.stream = stream;
    this.changed = changed;
  }

  /** Sees to it that what lies between is known; nothing is asked while an answer is on its way. */
  async want(from, to) {
    const now = Date.now();
    const isWide = to - from > WIDE;
    const fresh = isWide ? FRESH_WIDE : FRESH;
    const isKnown = this.#from <= from && this.#to >= Math.min(to, now - fresh);
    const isStale = to > this.#askedAt - fresh && now - this.#askedAt > fresh;
    if (this.#isAsking || (isKnown && !isStale) || (this.problem && now - this.#askedAt < FRESH)) return;
    this.#isAsking = true;
    this.#askedAt = now;
    const margin = Math.max(0, Math.min((to - from) / 2, (MOST - (to - from)) / 2));
    const [first, last] = [from - margin, Math.min(to + margin, now + 60_000)];
    if (last <= first) {
      this.#isAsking = false;
      return;
    }
    const query = new URLSearchParams({ from: new Date(first).toISOString(), to: new Date(last).toISOString() });
    try {
      const answer = await api.get(`streams/${this.stream}/${isWide ? "ledger" : "tape"}?${query}`);
      const [spans, gaps] = isWide ? ["captured", "gap"].map((kind) => answer.spans.filter((span) => span.kind === kind)) : [answer.spans, answer.gaps];
      this.spans = spans.map((span) => ({ start: time(span.start), end: time(span.end) })).sort(byStart);
      this.gaps = gaps.map((gap) => ({
        start: time(gap.start), end: gap.end === null || gap.end === undefined ? null : time(gap.end), cause: gap.cause ?? "unknown", detail: gap.detail ?? "",
      })).sort(byStart);
      [this.#from, this.#to] = [first, Math.min(last, now)];
      // What is known is shown all the same.
      this.problem = answer.problem ?? null;
      this.isLoaded = true;
    } catch (error) {
      this.problem = error.message;
    }
    this.#isAsking = false;
    this.changed();
  }

  /** What there is at a time: { kind: "captured" | "gap" | "nothing" | "future", start?, end?, cause?, detail? } */
  at(when, tolerance = 0, now = Date.now()) {
    // A gap that is narrower than a pixel can still be pointed at.
    const gap = this.gaps.find((one) => one.start - tolerance <= when && (one.end ?? now) + tolerance > when);
    const span = this.spans.find((one) => one.start <= when && one.end > when);
    if (gap && (!span || tolerance)) return { kind: "gap", ...gap };
    if (span) return { kind: "captured", ...span };
    return { kind: when > now ? "future" : "nothing" };
  }

  /** The first captured instant at that time or later; null when there is none. */
  nextCaptured(when) {
    const span = this.spans.find((one) => one.end > when);
    return span ? Math.max(when, span.start) : null;
  }

  /** Milliseconds captured and missing between two times. */
  sums(from, to, now = Date.now()) {
    const inside = (list) => list.reduce((sum, one) => sum + Math.max(0, Math.min(one.end ?? now, to) - Math.max(one.start, from)), 0);
    return { captured: inside(this.spans), missing: inside(this.gaps) };
  }

  gapsIn(from, to, now = Date.now()) { return this.gaps.filter((gap) => (gap.end ?? now) > from && gap.start < to); }
}

const byStart = (a, b) => a.start - b.start;
