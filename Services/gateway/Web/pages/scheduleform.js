// The form of a schedule, with what it would do beside it.

import { api, said } from "./api.js";
import { h, toast } from "./dom.js";
import { check, field, group, input, objection, openForm, select } from "./forms.js";
import { finishingFields, tagFields } from "./finishing.js";
import { localSeconds } from "./format.js";
import { editHolidays } from "./holidays.js";
import { lines } from "./lines.js";
import { previewPanel } from "./preview.js";
import { ruleFields } from "./rules.js";
import { store } from "./store.js";

/** What the gateway adds to a schedule is no part of its definition. */
export const definition = ({ next, ...rest }) => rest;

const number = (value, properties) => input({ type: "number", step: "any", inputmode: "decimal", value, ...properties });
const seconds = (control) => Math.round(Number(control.value) * 60);

export function editSchedule(item, streamId) {
  if (!store.streams.size) {
    toast("Add a stream first.", "bad");
    location.hash = "#/streams";
    return;
  }
  const name = input({ value: item?.name ?? "", placeholder: "Evening news" });
  const stream = select([...store.streams.values()].map((one) => [one.id, one.name]), item?.stream ?? streamId);
  const minutes = number((item?.durationSeconds ?? 3600) / 60, { min: 1, max: 10_080 });
  const before = number((item?.paddingBeforeSeconds ?? 60) / 60, { min: 0, max: 120 });
  const after = number((item?.paddingAfterSeconds ?? 120) / 60, { min: 0, max: 120 });
  const span = {
    seconds: () => Math.max(0, Number(minutes.value) * 60),
    set: (value) => { minutes.value = value / 60; },
  };
  const preview = previewPanel(() => ({ ...body(), id: item?.id ?? "preview", name: name.value.trim() || "Preview" }));
  const changed = () => {
    lengthField.hidden = rule.kind() === "always";
    preview.update();
  };
  const lengthField = field("durationSeconds", "Length in minutes", minutes);
  const rule = ruleFields(item?.rule, span, () => changed());
  const limits = limitFields(item);
  const file = finishingFields(item);
  const tags = tagFields(item);
  const rest = restFields(item);
  const body = () => ({
    ...(item ? definition(item) : {}), name: name.value.trim(), stream: stream.value, rule: rule.read(),
    durationSeconds: Math.round(span.seconds()), paddingBeforeSeconds: seconds(before), paddingAfterSeconds: seconds(after),
    isEnabled: item?.isEnabled ?? true, ...limits.read(), ...file.read(tags.artwork()), tags: tags.read(), ...rest.read(),
  });
  const form = openForm(item ? `Edit ${item.name}` : "Add a schedule", {
    beside: preview.element,
    content: [
      h("div", { class: "field-row two" }, field("name", "Title", name), field("stream", "Stream", stream)), rule.content,
      h("div", { class: "field-row" }, lengthField, field("paddingBeforeSeconds", "Minutes before", before), field("paddingAfterSeconds", "Minutes after", after)),
      limits.content, file.content, tags.content, rest.content,
    ],
    action: item ? "Save" : "Add the schedule",
    save: async () => {
      const made = body();
      if (!made.name) throw objection("name", "Give it a title.");
      const answer = item ? await api.put(`schedules/${item.id}`, made) : await api.post("schedules", made);
      toast(said(answer, item ? "Saved." : `${made.name} is scheduled.`));
    },
  });
  form.addEventListener("input", (event) => {
    if (event.target === minutes) rule.redraw();
    changed();
  });
  changed();
  rule.reveal();
}

/** From when to when, and on which days not. */
function limitFields(item) {
  const local = (text) => (text ? localSeconds(Date.parse(text)).slice(0, 16) : "");
  const from = input({ type: "datetime-local", value: local(item?.validFrom) });
  const until = input({ type: "datetime-local", value: local(item?.validUntil) });
  let content = null;
  const dates = lines({
    id: "except", items: (item?.exceptDates ?? []).map((date) => ({ date })), add: "Add a date",
    fields: [{ name: "date", label: "Date", type: "date" }], onChange: () => content?.dispatchEvent(new Event("input", { bubbles: true })),
  });
  const calendar = select([["", "None"], ...[...store.holidays.values()].map((one) => [one.id, one.name])], item?.exceptHolidays ?? "");
  const instant = (control, known) => (control.value ? (control.value === local(known) ? known : new Date(control.value).toISOString()) : undefined);
  const isOpen = Boolean(item?.validFrom || item?.validUntil || item?.exceptDates?.length || item?.exceptHolidays);
  content = h("details", { open: isOpen }, h("summary", {}, "From when to when, and when not"), h("div", { class: "stack inset" },
    h("div", { class: "field-row two" }, field("validFrom", "Not before", from), field("validUntil", "Not from then on", until)),
    h("div", { class: "field-row two" }, field("exceptHolidays", "Not on the holidays of", calendar),
      h("div", { class: "field" }, h("span", { class: "label-space", "aria-hidden": "true" }), h("button", { class: "button quiet", type: "button", onclick: () => editHolidays() }, "Add a calendar…"))),
    group("exceptDates", "Not on these dates", dates)));
  return {
    content,
    read: () => ({
      validFrom: instant(from, item?.validFrom), validUntil: instant(until, item?.validUntil),
      exceptDates: dates.lines().map((line) => line.date), exceptHolidays: calendar.value || undefined,
    }),
  };
}

/** Who goes first, what is made up for, where the files go. */
function restFields(item) {
  const priority = input({ type: "number", min: -100, max: 100, step: 1, inputmode: "numeric", value: item?.priority ?? 0 });
  const catches = input({ type: "checkbox", checked: item?.catchesUp ?? true });
  const places = [...store.destinations.values()].map((place) =>
    [place.id, input({ type: "checkbox", checked: item?.destinations.includes(place.id) ?? false }), place.name]);
  return {
    content: [
      places.length ? group("destinations", "Send each file to", h("div", { class: "checks" }, places.map(([, box, label]) => check(label, box)))) : null,
      h("details", { open: Boolean(item?.priority || item?.catchesUp === false) }, h("summary", {}, "Priority"), h("div", { class: "stack inset" },
        field("priority", "Priority", priority, "Where not everything can be recorded at once, the higher goes first."),
        group("catchesUp", "After a standstill", check("Make up for a missed start from the tape, where it was running", catches)))),
    ],
    read: () => ({
      priority: Number(priority.value) || undefined, catchesUp: catches.checked ? undefined : false,
      destinations: places.filter(([, box]) => box.checked).map(([id]) => id),
    }),
  };
}
