// When schedules start in weeks to come, as the scheduler says; remembered while the schedule is the same.

import { api } from "./api.js";
import { definition } from "./scheduleform.js";

const COUNT = 200;
const FRESH = 600_000;

export class Occurrences {
  #known = new Map();
  #waiting = 0;

  constructor(changed) { this.changed = changed; }

  get isBusy() { return this.#waiting > 0; }

  /** Until when all starts are known; a schedule may have more than are asked for. */
  reach(schedule) {
    const starts = this.of(schedule);
    return starts.length < COUNT ? Infinity : starts.at(-1).start;
  }

  /** [{ start, end, note }] in ms; what is not known yet is asked for, and `changed` called when it is. */
  of(schedule) {
    const signature = JSON.stringify(definition(schedule));
    const known = this.#known.get(schedule.id);
    if (known?.signature === signature && Date.now() - known.askedAt < FRESH) return known.starts;
    this.#known.set(schedule.id, { signature, starts: known?.signature === signature ? known.starts : [], askedAt: Date.now() });
    this.#ask(schedule, signature);
    return this.#known.get(schedule.id).starts;
  }

  async #ask(schedule, signature) {
    this.#waiting += 1;
    try {
      const { value } = await api.post(`schedules/preview?count=${COUNT}`, definition(schedule));
      const starts = (value.starts ?? []).map((one) => ({ start: Date.parse(one.start), end: Date.parse(one.end), note: one.note }));
      if (this.#known.get(schedule.id)?.signature === signature) this.#known.set(schedule.id, { signature, starts, askedAt: Date.now() });
    } catch { /* asked for again later */ }
    this.#waiting -= 1;
    this.changed();
  }
}
