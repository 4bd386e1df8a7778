// The times of a week, painted on a grid of days and half hours: a click puts a show where there is
// none and takes away one that is there, a drag downwards says how long, sideways on which days. The
// same by keys: arrows move, Shift stretches, Space puts or takes. All shows are equally long.

import { h, icon } from "./dom.js";
import { input, select } from "./forms.js";

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const CELL = 30;
const ROWS = (24 * 60) / CELL;
const two = (number) => String(number).padStart(2, "0");
const timeOf = (minutes) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
const minutesOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
const bySlot = (a, b) => a.day - b.day || a.time.localeCompare(b.time);
const same = (a, b) => a.day === b.day && a.time === b.time;

/** `span`: { seconds(), set(seconds) }, the length that all shows have. */
export function weekGrid({ slots: first, span, onChange }) {
  let slots = [...first].sort(bySlot);
  let anchor = null;
  let reach = null;
  let pressedBy = null;
  let focus = { day: slots[0]?.day ?? 1, row: Math.floor(minutesOf(slots[0]?.time ?? "20:00") / CELL) };
  const cells = [];
  const rows = Array.from({ length: ROWS }, (_, row) => h("div", { role: "row", class: row % 2 ? "half" : null },
    h("div", { role: "rowheader", class: "grid-time" }, row % 2 ? h("span", { class: "visually-hidden" }, timeOf(row * CELL)) : timeOf(row * CELL)),
    days.map((name, index) => {
      const cell = h("div", { role: "gridcell", tabindex: -1, "aria-label": `${name} ${timeOf(row * CELL)}`, "data-day": index + 1, "data-row": row });
      cells.push(cell);
      return cell;
    })));
  const body = h("div", { role: "rowgroup", class: "grid-body" }, rows);
  const grid = h("div", { role: "grid", class: "week-grid", id: "week-grid", "aria-label": "Times of the week; Space puts a show or takes it away, Shift and arrows stretch", "aria-multiselectable": "true" },
    h("div", { role: "row", class: "grid-head" }, h("div", { role: "columnheader" }, h("span", { class: "visually-hidden" }, "Time")),
      days.map((name) => h("div", { role: "columnheader", title: name }, h("abbr", { title: name }, name.slice(0, 3))))), body);
  const chosen = h("ul", { class: "slots", "aria-label": "Chosen times" });
  const say = h("p", { class: "visually-hidden", role: "status" });
  const cellAt = (day, row) => cells[row * 7 + day - 1];
  const rowOf = (slot) => Math.floor(minutesOf(slot.time) / CELL);
  const slotsAt = (day, row) => slots.filter((slot) => slot.day === day && rowOf(slot) === row);

  function draw() {
    const length = span.seconds() / 60;
    const covered = new Set();
    for (const slot of slots) {
      const start = (slot.day - 1) * 1440 + minutesOf(slot.time);
      // Shows that go past midnight end in the next day's column, and past Sunday in Monday's.
      for (let at = Math.floor(start / CELL); at * CELL < start + Math.min(length, 10_080); at += 1) covered.add(at % (7 * ROWS));
    }
    const box = anchor && reach ? rectangle() : null;
    for (const cell of cells) {
      const [day, row] = [Number(cell.dataset.day), Number(cell.dataset.row)];
      const isStart = slotsAt(day, row).length > 0;
      const isCovered = covered.has((day - 1) * ROWS + row);
      const isInBox = box && day >= box.left && day <= box.right && row >= box.top && row <= box.bottom;
      const kind = `${isStart ? "start" : isCovered ? "on" : ""}${isInBox ? " drawn" : ""}`;
      if (cell.className !== kind) cell.className = kind;
      const isSelected = String(isStart || isCovered);
      if (cell.getAttribute("aria-selected") !== isSelected) cell.setAttribute("aria-selected", isSelected);
      cell.tabIndex = focus.day === day && focus.row === row ? 0 : -1;
    }
    chosen.replaceChildren(...grouped().map(([time, found]) => h("li", {}, h("span", {}, `${dayList(found)} ${time}`),
      h("button", { class: "button quiet icon-only", type: "button", "aria-label": `Take away ${dayList(found)} ${time}`, onclick: () => change(slots.filter((slot) => slot.time !== time)) }, icon("close")))));
  }

  const grouped = () => [...Map.groupBy(slots, (slot) => slot.time)].sort(([a], [b]) => a.localeCompare(b));

  function change(next) {
    slots = next.sort(bySlot);
    draw();
    onChange();
  }

  const rectangle = () => ({
    left: Math.min(anchor.day, reach.day), right: Math.max(anchor.day, reach.day),
    top: Math.min(anchor.row, reach.row), bottom: Math.max(anchor.row, reach.row),
  });

  /** One cell that has a show loses it; anything else gets shows, as long as the rectangle is high. */
  function apply() {
    const box = rectangle();
    [anchor, reach] = [null, null];
    const isOne = box.left === box.right && box.top === box.bottom;
    const taken = isOne ? slotsAt(box.left, box.top) : [];
    if (taken.length) {
      say.textContent = `${days[box.left - 1]} ${taken[0].time} taken away`;
      return change(slots.filter((slot) => !taken.includes(slot)));
    }
    if (box.bottom > box.top) span.set((box.bottom - box.top + 1) * CELL * 60);
    const time = timeOf(box.top * CELL);
    const fresh = [];
    for (let day = box.left; day <= box.right; day += 1) fresh.push({ day, time });
    const isUnder = (slot) => slot.day >= box.left && slot.day <= box.right && rowOf(slot) >= box.top && rowOf(slot) <= box.bottom;
    say.textContent = `${dayList(fresh)} ${time} put in`;
    change([...slots.filter((slot) => !isUnder(slot)), ...fresh]);
  }

  const place = (cell) => ({ day: Number(cell.dataset.day), row: Number(cell.dataset.row) });
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-row]");

  body.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("[data-row]");
    if (!cell || event.button !== 0) return;
    pressedBy = event.pointerType;
    // A finger scrolls; its tap comes as a click.
    if (pressedBy === "touch") return;
    event.preventDefault();
    anchor = reach = focus = place(cell);
    body.setPointerCapture(event.pointerId);
    draw();
    cellAt(focus.day, focus.row).focus({ preventScroll: true });
  });
  body.addEventListener("pointermove", (event) => {
    const cell = anchor && event.pointerType !== "touch" && under(event);
    if (!cell || !body.contains(cell)) return;
    reach = place(cell);
    draw();
  });
  body.addEventListener("pointerup", (event) => { if (anchor && event.pointerType !== "touch") apply(); });
  body.addEventListener("pointercancel", () => { [anchor, reach] = [null, null]; draw(); });
  body.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-row]");
    const isTap = pressedBy === null || pressedBy === "touch";
    pressedBy = null;
    // Also the click of a screen reader, which no press comes before.
    if (!cell || !isTap) return;
    anchor = reach = focus = place(cell);
    apply();
  });
  body.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0], PageUp: [0, -4], PageDown: [0, 4], Home: [-7, 0], End: [7, 0] };
    if (event.key in moves) {
      const [days, rows] = moves[event.key];
      if (event.shiftKey) anchor ??= { ...focus };
      else [anchor, reach] = [null, null];
      focus = { day: Math.min(7, Math.max(1, focus.day + days)), row: Math.min(ROWS - 1, Math.max(0, focus.row + rows)) };
      if (event.shiftKey) reach = { ...focus };
      draw();
      cellAt(focus.day, focus.row).focus();
    } else if (event.key === " " || event.key === "Enter") {
      anchor ??= { ...focus };
      reach ??= { ...focus };
      apply();
    } else if (event.key === "Escape" && anchor) {
      [anchor, reach] = [null, null];
      draw();
      event.stopPropagation();
    } else return;
    event.preventDefault();
  });

  const exact = exactTime((day, time) => change([...slots.filter((slot) => !same(slot, { day, time })), { day, time }]));
  draw();
  return {
    content: h("div", { class: "stack tight" }, grid, say,
      h("p", { class: "hint" }, "Click puts a show or takes it away; drag down for its length, sideways for several days."), chosen, exact),
    slots: () => slots,
    /** To be called when the length has changed, or when it has come into view. */
    draw,
    reveal: () => { body.scrollTop = cellAt(1, Math.max(0, Math.min(...slots.map(rowOf), focus.row) - 3)).offsetTop; },
  };
}

/** For times that are not on the half hour. */
function exactTime(add) {
  const day = select([["all", "Every day"], ["work", "Mon–Fri"], ...days.map((name, index) => [String(index + 1), name])], "work");
  const time = input({ type: "time", value: "20:15", "aria-label": "Time" });
  day.setAttribute("aria-label", "Days");
  const button = h("button", { class: "button", type: "button", id: "add-slot", onclick: () => {
    if (!time.value) return time.focus();
    const chosen = day.value === "all" ? [1, 2, 3, 4, 5, 6, 7] : day.value === "work" ? [1, 2, 3, 4, 5] : [Number(day.value)];
    for (const one of chosen) add(one, time.value);
  } }, "Add");
  return h("div", { class: "exact" }, day, time, button);
}

/** Mon–Fri, Sat and Sun, … of slots that are at the same time. */
export function dayList(slots) {
  const set = [...new Set(slots.map((slot) => slot.day))].sort((a, b) => a - b);
  const runs = [];
  for (const day of set) {
    if (runs.length && runs.at(-1).at(-1) === day - 1) runs.at(-1).push(day);
    else runs.push([day]);
  }
  const name = (day) => days[day - 1].slice(0, 3);
  if (set.length === 7) return "Every day";
  return runs.map((run) => (run.length < 3 ? run.map(name).join(", ") : `${name(run[0])}–${name(run.at(-1))}`)).join(", ");
}

/** All slots in words: Mon–Fri 20:00; Sat 18:30 */
export const weekText = (slots) => [...Map.groupBy([...slots].sort(bySlot), (slot) => slot.time)]
  .map(([time, found]) => `${dayList(found)} ${time}`).join("; ");
