// What a schedule would do, asked of the scheduler while it is being written: its next starts, what is
// wrong with it, and what is worth knowing, such as a change of the clocks.

import { api } from "./api.js";
import { h, icon } from "./dom.js";
import { shortDay } from "./format.js";
import { clockIn, dateIn, wall } from "./zones.js";

const PATIENCE = 350;
const COUNT = 50;

/** { element, update }: `read` gives the definition, or throws the objection that there still is. */
export function previewPanel(read) {
  const list = h("ol", { class: "starts", tabindex: 0, "aria-label": "Next starts" });
  const notes = h("div", { class: "stack tight", role: "status" });
  const head = h("p", { class: "muted small" });
  const element = h("section", { class: "preview", "aria-label": "Preview" }, h("h3", {}, "What will be recorded"), notes, head, list);
  let timer = null;
  let turn = 0;

  function update() {
    clearTimeout(timer);
    timer = setTimeout(ask, PATIENCE);
  }

  async function ask() {
    const mine = ++turn;
    let body;
    try { body = read(); } catch (error) { return tell({ starts: [], problem: { text: error.message } }, null, "muted"); }
    element.setAttribute("aria-busy", "true");
    try {
      const { value } = await api.post(`schedules/preview?count=${COUNT}`, body);
      if (mine === turn) tell(value, body, "bad");
    } catch (error) {
      if (mine === turn) tell({ starts: [], problem: { text: error.message } }, body, "bad");
    }
    element.removeAttribute("aria-busy");
  }

  function tell(found, body, kind) {
    const starts = found.starts ?? [];
    notes.replaceChildren(
      ...(found.problem ? [note(kind, found.problem.text)] : []),
      ...(found.remarks ?? []).map((text) => note("info", text)));
    head.textContent = found.problem ? "" : starts.length ? `The next ${starts.length === 1 ? "start" : `${starts.length} starts`}, ${body.rule.zone ? `on the clocks of ${body.rule.zone}` : "in your time zone"}:` : "It does not start any more.";
    list.hidden = !starts.length;
    list.replaceChildren(...starts.map((start, index) => line(start, starts[index - 1], zoneOf(body))));
  }

  return { element, update };
}

const zoneOf = (body) => body?.rule.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
const note = (kind, text) => h("p", { class: `remark ${kind}` }, icon(kind === "info" ? "schedules" : "alert"), h("span", {}, text));

function line(start, before, zone) {
  const [from, to] = [Date.parse(start.start), Date.parse(start.end)];
  const date = wall(from, zone);
  const isNewYear = date.year !== wall(before ? Date.parse(before.start) : Date.now(), zone).year;
  const offset = start.local?.match(/[+-]\d\d:\d\d$/)?.[0];
  const hasShifted = before && offset && before.local && !before.local.endsWith(offset);
  const ends = dateIn(to, zone) === dateIn(from, zone) ? clockIn(to, zone) : `${clockIn(to, zone)} the next day`;
  const isLong = to - from >= 86_400_000;
  return h("li", { class: start.note || hasShifted ? "special" : null },
    h("span", { class: "start-day" }, `${shortDay(new Date(date.year, date.month - 1, date.day))}${isNewYear ? ` ${date.year}` : ""}`),
    h("span", { class: "start-time" }, h("b", {}, clockIn(from, zone)), isLong ? "" : `–${ends}`),
    hasShifted ? h("span", { class: "chip info" }, `now UTC${offset}`) : null,
    start.note ? h("span", { class: "start-note" }, start.note) : null);
}
