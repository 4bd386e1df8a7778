// What there is in a week: recordings that are known, those of weeks that are long past, and what the
// schedules will yield.

import { api } from "./api.js";
import { conflictOf } from "./conflicts.js";
import { Occurrences } from "./occurrences.js";
import { openRecording } from "./recording.js";
import { editSchedule } from "./scheduleform.js";
import { changed, onEvent, store } from "./store.js";

/** What starts more often in a day is not drawn one by one. */
const OFTEN = 30;
const planned = new Occurrences(changed);
/** Recordings of weeks that the store does not hold: Monday's time → list. */
const past = new Map();

// What changes of a recording comes as an event and lies over these.
onEvent("reload", () => past.clear());

export const isReading = () => planned.isBusy;

/** Everything of the week, in order: what is `shown`, { key, title, stream, start, end, state, conflict?,
 *  open }, and what is only told of because it comes so `often`. */
export function weekItems(stream, monday, sunday) {
  if (monday < Date.now()) fetchPast(monday, sunday);
  const known = new Map([...(past.get(monday) ?? []), ...store.recordings.values()].map((item) => [item.id, item]));
  const found = [];
  const endless = [];
  const taken = new Set();
  for (const item of known.values()) {
    const [start, end] = [Date.parse(item.start), Date.parse(item.end)];
    taken.add(`${item.schedule} ${start}`);
    if (item.state === "cancelled" || end <= monday || start >= sunday) continue;
    const { schedule, title, stream: of, state } = item;
    found.push({
      key: item.id, schedule, title, stream: of, start, end, state, conflict: state === "committed" ? null : conflictOf(item),
      open: () => openRecording(item.id, item),
    });
  }
  // Rows are made a day ahead; what comes later is asked of the scheduler.
  for (const schedule of store.schedules.values()) {
    if (!schedule.isEnabled || schedule.rule.kind === "always") continue;
    if (planned.reach(schedule) < sunday && (!stream || schedule.stream === stream)) endless.push(schedule);
    for (const one of planned.of(schedule)) {
      if (one.end <= monday || one.start >= sunday || taken.has(`${schedule.id} ${one.start}`)) continue;
      found.push({
        ...one, key: `${schedule.id}-${one.start}`, schedule: schedule.id, title: schedule.name, stream: schedule.stream, state: "planned",
        conflict: null, open: () => editSchedule(schedule),
      });
    }
  }
  return split(found.filter((item) => !stream || item.stream === stream).sort((a, b) => a.start - b.start || b.end - a.end), endless);
}

/** Hour after hour of the same says nothing, but where it fails. `endless` schedules have more starts
 *  than were asked for. */
function split(items, endless) {
  const often = endless.map((schedule) => ({ schedule: schedule.id, title: schedule.name, stream: schedule.stream }));
  const isTold = new Set(endless.map((schedule) => schedule.id));
  for (const [schedule, group] of Map.groupBy(items, (item) => item.schedule)) {
    const isAlways = store.schedules.get(schedule)?.rule.kind === "always";
    const isDense = group.some((item, index) => group[index + OFTEN] && group[index + OFTEN].start - item.start < 86_400_000);
    if (isDense && !isAlways && !isTold.has(schedule)) often.push({ ...group[0], count: group.length });
    else if (!isAlways && !isTold.has(schedule)) continue;
    for (const item of group) item.isDull = item.state !== "missed" && !item.conflict;
  }
  return { shown: items.filter((item) => !item.isDull), often };
}

async function fetchPast(monday, sunday) {
  if (past.has(monday)) return;
  past.set(monday, []);
  const query = new URLSearchParams({ from: new Date(monday - 86_400_000).toISOString(), before: new Date(sunday).toISOString(), order: "oldest", limit: 1000 });
  try {
    past.set(monday, (await api.get(`recordings?${query}`)).recordings);
  } catch { past.delete(monday); }
  changed();
}
