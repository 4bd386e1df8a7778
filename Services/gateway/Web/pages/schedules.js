// The schedules: when what is recorded, what stands in the way, and the holiday calendars.

import { api, said } from "./api.js";
import { conflictList } from "./conflicts.js";
import { chip, confirmed, empty, h, icon, pageHead, toast } from "./dom.js";
import { dayAndTime, length, relative } from "./format.js";
import { formats } from "./finishing.js";
import { holidays } from "./holidays.js";
import { openRecording } from "./recording.js";
import { ruleText } from "./rules.js";
import { definition, editSchedule } from "./scheduleform.js";
import { store, streamName } from "./store.js";

export function schedules() {
  const add = h("button", { class: "button primary", type: "button", id: "add-schedule", onclick: () => editSchedule() },
    icon("plus"), "Add a schedule");
  const items = [...store.schedules.values()]
    .sort((a, b) => (a.next[0] ?? "9").localeCompare(b.next[0] ?? "9") || a.name.localeCompare(b.name));
  return h("div", { class: "stack" },
    pageHead("Schedule", "When what is recorded.", items.length ? [h("a", { class: "button", href: "#/week" }, icon("week"), "The week"), add] : null),
    conflictList(openRecording),
    items.length
      ? h("div", { class: "cards" }, items.map(card))
      : empty("schedules", "No schedules yet",
        store.streams.size ? "Say which show to record and when; it is planned a day ahead."
          : "Add a stream first, then say which of its shows to record.",
        store.streams.size ? add : h("a", { class: "button primary", href: "#/streams" }, "Go to the streams")),
    holidays());
}

function card(item) {
  // What was said when the schedule last changed may have begun since.
  const next = item.next.filter((start) => new Date(start) > Date.now()).slice(0, 3);
  return h("article", { class: `card ${item.isEnabled ? "" : "faded"}`, key: `schedule-${item.id}` },
    h("div", { class: "card-head" }, h("h2", {}, item.name), item.isEnabled ? null : chip("off", "off")),
    h("p", { class: "muted" }, [streamName(item.stream), item.rule.kind === "always" ? null : length(item.durationSeconds)].filter(Boolean).join(" · ")),
    h("p", {}, ruleText(item.rule)),
    item.isEnabled
      ? h("p", { class: "small" }, next.length
        ? [h("b", {}, "Next: "), next.map((start, index) =>
          [index ? ", " : "", dayAndTime(start), index ? "" : ` (${relative(start)})`]).flat()]
        : h("span", { class: "muted" }, "No further starts."))
      : null,
    extras(item),
    h("div", { class: "actions" },
      h("button", { class: "button", type: "button", id: `edit-${item.id}`, onclick: () => editSchedule(item) }, "Edit"),
      h("button", { class: "button quiet", type: "button", id: `flip-${item.id}`, onclick: () => flip(item) },
        item.isEnabled ? "Switch off" : "Switch on"),
      h("button", { class: "button quiet", type: "button", id: `drop-${item.id}`, onclick: () => remove(item) }, "Remove")));
}

/** What is not as usual. */
function extras(item) {
  const options = item.finishing ?? {};
  const places = item.destinations.map((id) => store.destinations.get(id)?.name ?? id);
  const except = [item.exceptHolidays ? store.holidays.get(item.exceptHolidays)?.name ?? item.exceptHolidays : null,
    item.exceptDates?.length ? `${item.exceptDates.length} ${item.exceptDates.length === 1 ? "date" : "dates"}` : null].filter(Boolean);
  const parts = [
    item.priority ? `priority ${item.priority}` : null,
    item.format === "source" ? null : formats.find(([key]) => key === item.format)?.[1] ?? item.format,
    options.loudness ? `${String(options.loudness).replace("-", "−")} LUFS` : null, options.hasChapters ? "chapters" : null, options.hasCueSheet ? "cue sheet" : null,
    options.artwork ? "with a cover" : null, options.pool ? `pool ${options.pool}` : null,
    item.validFrom && new Date(item.validFrom) > Date.now() ? `from ${dayAndTime(item.validFrom)}` : null,
    item.validUntil ? `until ${dayAndTime(item.validUntil)}` : null, except.length ? `not on ${except.join(" and ")}` : null,
    places.length ? `sent to ${places.join(", ")}` : null,
  ].filter(Boolean);
  return parts.length ? h("p", { class: "muted small" }, parts.join(" · ")) : null;
}

async function flip(item) {
  try {
    const answer = await api.put(`schedules/${item.id}`, { ...definition(item), isEnabled: !item.isEnabled });
    toast(said(answer, item.isEnabled ? "Switched off." : "Switched on."));
  } catch (error) { toast(error.message, "bad"); }
}

async function remove(item) {
  const text = "What it is recording now goes on to its end; what is only planned is cancelled.";
  if (!await confirmed(`Remove ${item.name}?`, text, "Remove")) return;
  try {
    toast(said(await api.remove(`schedules/${item.id}`), `${item.name} was removed.`));
  } catch (error) { toast(error.message, "bad"); }
}
