// Recordings that no schedule asks for: from now on, of the last minutes, or of any span of a tape; and
// the end of one that runs or has run.

import { api, said } from "./api.js";
import { perform } from "./actions.js";
import { confirmed, h, icon, quick, ticking, toast } from "./dom.js";
import { field, input, objection, openForm, select } from "./forms.js";
import { between, clock, clockSeconds, day, length, localSeconds, relative } from "./format.js";
import { formats } from "./finishing.js";
import { store } from "./store.js";

const minutesField = (value) => input({ type: "number", min: 1, max: 10_080, step: "any", inputmode: "decimal", value });
const choices = (control, list) => quick("Minutes", list.map((one) => [one, one < 60 ? `${one} min` : `${one / 60} h`]), (value) => {
  control.value = value;
  control.dispatchEvent(new Event("input"));
});

function ask(item, { title, label, minutes, quickly, action, path, done, hint }) {
  const name = input({ value: item.name });
  const span = minutesField(minutes);
  const format = select(formats, "source");
  openForm(title, {
    content: [field("minutes", label, span, hint), choices(span, quickly), field("title", "Title", name), field("format", "File format", format)],
    action,
    save: async () => {
      const count = Number(span.value);
      if (!(count > 0)) throw objection("minutes", "Say for how many minutes.");
      const answer = await api.post(`streams/${item.id}/${path}`, { minutes: count, title: name.value.trim() || item.name, format: format.value });
      toast(said(answer, done(length(count * 60))));
    },
  });
}

export const recordNow = (item) => ask(item, {
  title: `Record ${item.name} now`, label: "For how many minutes", minutes: 60, quickly: [15, 30, 60, 120, 240], action: "Start",
  path: "record", done: (text) => `Recording for ${text}.`,
});

export const keepLast = (item) => ask(item, {
  title: `Keep the last minutes of ${item.name}`, label: "How many minutes back", minutes: 30, quickly: [5, 10, 30, 60, 180], action: "Keep them",
  path: "keep", done: (text) => `The last ${text} are being made into a file.`, hint: "Of what the tape has; the file is made at once.",
});

/** A span of a tape, in milliseconds since 1970; both ends can still be corrected. */
export function keepSpan(item, start, end) {
  const from = input({ type: "datetime-local", step: 1, value: localSeconds(start) });
  const to = input({ type: "datetime-local", step: 1, value: localSeconds(end) });
  const name = input({ value: titleOf(item, start) });
  const format = select(formats, "source");
  const places = select([["", "Nowhere"], ...[...store.destinations.values()].map((place) => [place.id, place.name])], "");
  const note = h("p", { class: "hint", "aria-live": "polite" });
  const tell = () => {
    const seconds = (new Date(to.value) - new Date(from.value)) / 1000;
    note.textContent = seconds > 0 ? `${length(seconds)} of ${item.name}.` : "The end must be after the start.";
  };
  for (const control of [from, to]) control.addEventListener("input", tell);
  tell();
  openForm("Keep this as a recording", {
    content: [field("title", "Title", name), h("div", { class: "field-row times" }, field("start", "From", from), field("end", "To", to)), note,
      field("format", "File format", format), store.destinations.size ? field("destinations", "Send it to", places) : null],
    action: "Keep it",
    save: async () => {
      if (!(new Date(to.value) > new Date(from.value))) throw objection("end", "The end must be after the start.");
      // What the field cannot show, a fraction of a second, is kept where it was not touched.
      const exact = (control, known) => new Date(control.value === localSeconds(known) ? known : control.value).toISOString();
      const answer = await api.post(`streams/${item.id}/keep`, {
        start: exact(from, start), end: exact(to, end), title: name.value.trim() || item.name, format: format.value,
        destinations: places.value ? [places.value] : [],
      });
      toast(said(answer, "It is being made into a file."));
    },
  });
}

/** What was on then, where a recording says so. */
function titleOf(item, time) {
  const show = [...store.recordings.values()].find((one) => one.stream === item.id && new Date(one.start) <= time && new Date(one.end) > time);
  return show?.title ?? item.name;
}

export function lockSpan(item, start, end) {
  const reason = input({ placeholder: "Why, for whoever wonders later" });
  openForm("Lock this span", {
    content: [h("p", {}, `${day(new Date(start))} ${clockSeconds(new Date(start))} to ${clockSeconds(new Date(end))} of ${item.name} stays on the tape, whatever is kept otherwise, until it is unlocked.`),
      field("reason", "Reason", reason)],
    action: "Lock it",
    save: async () => {
      const answer = await api.post(`streams/${item.id}/lock`, { start: new Date(start).toISOString(), end: new Date(end).toISOString(), reason: reason.value.trim() || undefined });
      toast(said(answer, "It is locked."));
    },
  });
}

export const unlockSpan = (item, lock, pressed) => perform(() => api.post(`streams/${item.id}/lock`, { start: lock.start, end: lock.end, locked: false }), "It is no longer locked.", pressed);

const moveEnd = (item, end) => api.post(`recordings/${item.id}/end`, end ? { end: new Date(end).toISOString() } : undefined);

/** Earlier or later; also after it is over, as far as the tape reaches. */
export function openEnd(item) {
  const end = input({ type: "datetime-local", step: 1, value: localSeconds(Date.parse(item.end)) });
  const note = h("p", { class: "hint", "aria-live": "polite" });
  const tell = () => {
    const seconds = (new Date(end.value) - new Date(item.start)) / 1000;
    note.textContent = seconds > 0 ? `Then it is ${length(seconds)} long; it was to be ${length(between(item.start, item.end))}.` : "The end must be after the start.";
  };
  end.addEventListener("input", tell);
  tell();
  const shift = (minutes) => {
    end.value = localSeconds(new Date(end.value).getTime() + minutes * 60_000);
    tell();
  };
  const isOver = item.state === "committed" || item.state === "finishing";
  openForm(`Move the end of ${item.title}`, {
    content: [field("end", "It ends", end), quick("Move it by", [[-10, "−10 min"], [-5, "−5 min"], [5, "+5 min"], [10, "+10 min"], [30, "+30 min"]], shift), note,
      isOver ? h("p", { class: "muted small" }, "The file is made anew from the tape, as far as the tape still has it.") : null],
    action: "Move it",
    save: async () => {
      if (!(new Date(end.value) > new Date(item.start))) throw objection("end", "The end must be after the start.");
      toast(said(await moveEnd(item, end.value), `It ends at ${clock(new Date(end.value))}.`));
    },
  });
}

export async function stopNow(item, pressed) {
  if (!await confirmed(`Stop ${item.title} now?`, "What was recorded so far is kept.", "Stop and keep")) return;
  await perform(() => moveEnd(item), "It ends now.", pressed);
}

/** What is being recorded of a stream right now, with what can be done to it. */
export function runningOf(stream) {
  const items = [...store.recordings.values()].filter((item) => item.stream === stream && item.state === "recording")
    .sort((a, b) => a.end.localeCompare(b.end));
  if (!items.length) return null;
  return h("ul", { class: "running", "aria-label": "Being recorded now" }, items.map((item) => h("li", { key: `run-${item.id}` },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("span", { class: "running-text" }, h("b", {}, item.title), ticking("span", { class: "muted small" }, () => `until ${clock(new Date(item.end))}, ${relative(item.end)}`)),
    h("button", {
      class: "button quiet", type: "button", id: `more-${item.id}`, "aria-label": `${item.title}: ten minutes more`,
      onclick: (event) => perform(() => moveEnd(item, Date.parse(item.end) + 600_000), "It goes on for ten minutes more.", event.currentTarget),
    }, "+10 min"),
    h("button", { class: "button quiet", type: "button", id: `end-${item.id}`, "aria-label": `${item.title}: move its end`, onclick: () => openEnd(item) }, "End…"),
    h("button", { class: "button quiet", type: "button", id: `stop-${item.id}`, "aria-label": `Stop ${item.title}`, onclick: (event) => stopNow(item, event.currentTarget) }, "Stop"))));
}

/** The buttons that stand wherever a stream does. */
export const keepButtons = (item, prefix) => [
  h("button", { class: "button", type: "button", id: `${prefix}-now-${item.id}`, onclick: () => recordNow(item) }, h("span", { class: "dot" }), "Record now"),
  h("button", { class: "button", type: "button", id: `${prefix}-last-${item.id}`, onclick: () => keepLast(item) }, icon("keep"), "Keep the last…"),
];
