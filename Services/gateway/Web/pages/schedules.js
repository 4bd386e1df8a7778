// The schedules: when what is recorded, and the form to say so.

import { api, said } from "./api.js";
import { asWeekly, explain, weekly } from "./cron.js";
import { chip, confirmed, empty, h, icon, pageHead, toast } from "./dom.js";
import { check, field, group, input, objection, openForm, select } from "./forms.js";
import { dayAndTime, length, relative, zone } from "./format.js";
import { store, streamName } from "./store.js";

export function schedules() {
  const add = h("button", { class: "button primary", type: "button", id: "add-schedule", onclick: () => editSchedule() },
    icon("plus"), "Add a schedule");
  const items = [...store.schedules.values()]
    .sort((a, b) => (a.next[0] ?? "9").localeCompare(b.next[0] ?? "9") || a.name.localeCompare(b.name));
  return h("div", { class: "stack" },
    pageHead("Schedule", "When what is recorded.", items.length ? add : null),
    items.length
      ? h("div", { class: "cards" }, items.map(card))
      : empty("schedules", "No schedules yet",
        store.streams.size ? "Say which show to record and when; it is planned a day ahead."
          : "Add a stream first, then say which of its shows to record.",
        store.streams.size ? add : h("a", { class: "button primary", href: "#/streams" }, "Go to the streams")));
}

const sentence = (rule) => rule.kind === "once"
  ? `Once, ${dayAndTime(rule.start)}`
  : `${explain(rule.expression) ?? rule.expression} (${rule.zone})`;

function card(item) {
  // What was said when the schedule last changed may have begun since.
  const next = item.next.filter((start) => new Date(start) > Date.now()).slice(0, 3);
  const places = item.destinations.map((id) => store.destinations.get(id)?.name ?? id);
  return h("article", { class: `card ${item.isEnabled ? "" : "faded"}` },
    h("div", { class: "card-head" }, h("h2", {}, item.name), item.isEnabled ? null : chip("off", "off")),
    h("p", { class: "muted" }, `${streamName(item.stream)} · ${length(item.durationSeconds)}`),
    h("p", {}, sentence(item.rule)),
    item.isEnabled
      ? h("p", { class: "small" }, next.length
        ? [h("b", {}, "Next: "), next.map((start, index) =>
          [index ? ", " : "", dayAndTime(start), index ? "" : ` (${relative(start)})`]).flat()]
        : h("span", { class: "muted" }, "No further starts."))
      : null,
    places.length ? h("p", { class: "muted small" }, `Sent to ${places.join(", ")}`) : null,
    h("div", { class: "actions" },
      h("button", { class: "button", type: "button", id: `edit-${item.id}`, onclick: () => editSchedule(item) }, "Edit"),
      h("button", { class: "button quiet", type: "button", id: `flip-${item.id}`, onclick: () => flip(item) },
        item.isEnabled ? "Switch off" : "Switch on"),
      h("button", { class: "button quiet", type: "button", id: `drop-${item.id}`, onclick: () => remove(item) }, "Remove")));
}

const plain = ({ next, ...definition }) => definition;

async function flip(item) {
  try {
    const answer = await api.put(`schedules/${item.id}`, { ...plain(item), isEnabled: !item.isEnabled });
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

export function editSchedule(item, streamId) {
  if (!store.streams.size) {
    toast("Add a stream first.", "bad");
    location.hash = "#/streams";
    return;
  }
  const rule = ruleFields(item?.rule);
  const name = input({ value: item?.name ?? "", placeholder: "Evening news" });
  const stream = select([...store.streams.values()].map((one) => [one.id, one.name]), item?.stream ?? streamId);
  const minutes = input({ type: "number", min: 1, max: 10080, inputmode: "numeric", value: (item?.durationSeconds ?? 3600) / 60 });
  const before = input({ type: "number", min: 0, max: 120, inputmode: "decimal", value: (item?.paddingBeforeSeconds ?? 60) / 60 });
  const after = input({ type: "number", min: 0, max: 120, inputmode: "decimal", value: (item?.paddingAfterSeconds ?? 120) / 60 });
  const format = select([["source", "As it is sent"], ["mp3", "Always MP3"]], item?.format ?? "source");
  const places = [...store.destinations.values()].map((place) =>
    [place.id, input({ type: "checkbox", checked: item?.destinations.includes(place.id) ?? false }), place.name]);
  openForm(item ? `Edit ${item.name}` : "Add a schedule", {
    content: [
      field("name", "Title", name), field("stream", "Stream", stream), rule.content,
      h("div", { class: "field-row" },
        field("durationSeconds", "Length in minutes", minutes),
        field("paddingBeforeSeconds", "Minutes before", before),
        field("paddingAfterSeconds", "Minutes after", after)),
      places.length ? group("destinations", "Send each file to", places.map(([, box, label]) => check(label, box))) : null,
      h("details", {}, h("summary", {}, "File format"), field("format", "Format", format)),
    ],
    action: item ? "Save" : "Add the schedule",
    save: async () => {
      const body = {
        ...(item ? plain(item) : {}), name: name.value.trim(), stream: stream.value, rule: rule.read(),
        durationSeconds: Math.round(Number(minutes.value) * 60),
        paddingBeforeSeconds: Math.round(Number(before.value) * 60),
        paddingAfterSeconds: Math.round(Number(after.value) * 60), format: format.value,
        destinations: places.filter(([, box]) => box.checked).map(([id]) => id),
      };
      if (!body.name) throw objection("name", "Give it a title.");
      const answer = item ? await api.put(`schedules/${item.id}`, body) : await api.post("schedules", body);
      toast(said(answer, item ? "Saved." : `${body.name} is scheduled.`));
    },
  });
}

const weekdays = [["Mon", 1], ["Tue", 2], ["Wed", 3], ["Thu", 4], ["Fri", 5], ["Sat", 6], ["Sun", 0]];

/** Three ways to say when; `read` gives the rule of the one that is chosen. */
function ruleFields(rule) {
  const week = rule?.kind === "cron" && !rule.both ? asWeekly(rule.expression) : null;
  const chosen = !rule || week ? "weekly" : rule.kind;
  const days = weekdays.map(([label, value]) =>
    [value, input({ type: "checkbox", checked: week ? week.weekdays.has(value) : true }), label]);
  const time = input({ type: "time", value: week?.time ?? "20:00" });
  const expression = input({ value: rule?.expression ?? "0 20 * * mon-fri", spellcheck: "false", class: "mono" });
  const words = h("p", { class: "hint", "aria-live": "polite" });
  const describe = () => {
    words.textContent = explain(expression.value)
      ?? "Minute, hour, day, month, weekday. The scheduler will judge this one.";
  };
  expression.addEventListener("input", describe);
  describe();
  const start = input({ type: "datetime-local", value: localTime(rule?.kind === "once" ? new Date(rule.start) : nextHour()) });
  const place = input({ value: rule?.zone ?? zone, list: "zones", spellcheck: "false" });
  const zoneField = field("rule.zone", "Time zone", place, "Whose clocks count; summer time is taken care of.");
  const parts = {
    weekly: h("div", { class: "stack" },
      group("rule.expression", "On these days", h("div", { class: "days" }, days.map(([, box, label]) => check(label, box)))),
      field("rule.time", "At", time)),
    cron: h("div", {}, field("rule.expression", "Cron expression", expression), words),
    once: field("rule.start", "Start", start, `In your time zone, ${zone}.`),
  };
  const choice = select([["weekly", "Each week"], ["once", "Once"], ["cron", "By a cron expression"]], chosen);
  const show = () => {
    for (const [key, part] of Object.entries(parts)) part.hidden = key !== choice.value;
    zoneField.hidden = choice.value === "once";
  };
  choice.addEventListener("change", show);
  show();
  return {
    content: [field("rule", "When", choice), parts.weekly, parts.cron, parts.once, zoneField, zones()],
    read: () => {
      if (choice.value === "once") {
        if (!start.value) throw objection("rule.start", "Say when it starts.");
        return { kind: "once", start: new Date(start.value).toISOString() };
      }
      const picked = new Set(days.filter(([, box]) => box.checked).map(([value]) => value));
      if (choice.value === "weekly" && !picked.size) throw objection("rule.expression", "Pick at least one day.");
      return {
        kind: "cron", zone: place.value.trim(), both: rule?.both ?? false,
        expression: choice.value === "weekly" ? weekly(picked, time.value) : expression.value.trim(),
      };
    },
  };
}

const zones = () => h("datalist", { id: "zones" },
  (Intl.supportedValuesOf?.("timeZone") ?? []).map((value) => h("option", { value })));

const nextHour = () => new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000);

/** As a datetime-local field wants it. */
function localTime(date) {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
