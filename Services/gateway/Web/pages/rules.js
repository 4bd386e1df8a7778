// Saying when: five kinds of rules, each with its own fields, and what a rule is in words.

import { explain } from "./cron.js";
import { h } from "./dom.js";
import { check, field, group, input, objection, select } from "./forms.js";
import { dayAndTime, length, localSeconds, zone as ownZone } from "./format.js";
import { weekGrid, weekText } from "./weekgrid.js";
import { isZone, zoneNames } from "./zones.js";

const kinds = [["weekly", "At times of the week"], ["cron", "By a cron expression"], ["interval", "At intervals"], ["always", "All the time"], ["once", "Once"]];
const units = [["60", "minutes"], ["3600", "hours"], ["86400", "days"]];
const files = [["900", "15 minutes"], ["1800", "half an hour"], ["3600", "an hour"], ["7200", "2 hours"], ["10800", "3 hours"], ["21600", "6 hours"], ["43200", "12 hours"], ["86400", "a day"]];

export function ruleText(rule) {
  switch (rule.kind) {
    case "once": return `Once, ${dayAndTime(rule.start)}`;
    case "cron": return `${explain(rule.expression) ?? rule.expression} (${rule.zone})`;
    case "weekly": return `${weekText(rule.slots) || "At no time"} (${rule.zone})`;
    case "interval": return `Every ${length(rule.everySeconds)}, from ${dayAndTime(rule.from)} on`;
    case "always": return `All the time, in files of ${length(rule.fileSeconds)} (${rule.zone})`;
    default: return rule.kind;
  }
}

/** `span`: { seconds(), set(seconds) }; `onChange` after every change. { content, read, kind, redraw } */
export function ruleFields(rule, span, onChange) {
  const choice = select(kinds, rule?.kind ?? "weekly");
  const place = input({ value: rule?.zone ?? ownZone, list: "zones", spellcheck: "false" });
  const zoneField = field("rule.zone", "Time zone", place, "Whose clocks count; summer time is taken care of.");
  const both = input({ type: "checkbox", checked: rule?.both ?? false });
  const bothField = group("rule.both", "When autumn repeats an hour", check("Record a show in that hour twice", both));
  const clocks = h("details", { open: rule?.both ?? false, class: "small-print" }, h("summary", {}, "Summer and winter time"), bothField,
    h("p", { class: "hint" }, "A time that spring skips starts at the first instant after it. The preview says where the clocks change."));
  const parts = {
    weekly: weeklyPart(rule, span, onChange), cron: cronPart(rule), interval: intervalPart(rule), always: alwaysPart(rule), once: oncePart(rule),
  };
  const show = () => {
    for (const [key, part] of Object.entries(parts)) part.content.hidden = key !== choice.value;
    zoneField.hidden = choice.value === "once" || choice.value === "interval";
    bothField.hidden = choice.value !== "weekly" && choice.value !== "cron";
    clocks.hidden = bothField.hidden;
    parts[choice.value].reveal?.();
  };
  choice.addEventListener("change", () => { show(); onChange(); });
  show();
  return {
    content: [field("rule", "When", choice), ...Object.values(parts).map((part) => part.content), zoneField,
      clocks,
      h("datalist", { id: "zones" }, zoneNames().map((value) => h("option", { value })))],
    kind: () => choice.value,
    reveal: () => parts[choice.value].reveal?.(),
    redraw: () => parts.weekly.redraw(),
    read: () => {
      const zone = place.value.trim();
      if (!zoneField.hidden && !isZone(zone)) throw objection("rule.zone", "There is no such time zone; choose one such as Europe/Berlin.");
      return { kind: choice.value, ...parts[choice.value].read(), ...(zoneField.hidden ? {} : { zone }), ...(bothField.hidden ? {} : { both: both.checked }) };
    },
  };
}

function weeklyPart(rule, span, onChange) {
  const grid = weekGrid({ slots: rule?.kind === "weekly" ? rule.slots : [], span, onChange });
  return {
    content: group("rule.slots", "Times", grid.content),
    redraw: grid.draw, reveal: () => requestAnimationFrame(grid.reveal),
    read: () => {
      if (!grid.slots().length) throw objection("rule.slots", "Choose at least one time of the week.");
      return { slots: grid.slots() };
    },
  };
}

function cronPart(rule) {
  const expression = input({ value: rule?.expression ?? "0 20 * * mon-fri", spellcheck: "false", class: "mono", autocapitalize: "off" });
  const words = h("p", { class: "cron-words", "aria-live": "polite" });
  const describe = () => {
    words.textContent = explain(expression.value) ?? "This page cannot say it in words; the preview shows what the scheduler makes of it.";
  };
  expression.addEventListener("input", describe);
  describe();
  const example = (text, meaning) => [h("dt", {}, h("code", {}, text)), h("dd", {}, meaning)];
  return {
    content: h("div", { class: "stack tight" }, field("rule.expression", "Cron expression", expression), words,
      h("details", { class: "small-print" }, h("summary", {}, "How to write one"),
        h("p", { class: "hint" }, "Minute, hour, day of the month, month, day of the week; a sixth field in front is the second."),
        h("dl", { class: "facts small" }, example("*/15", "every 15th"), example("mon-fri", "a range, by name or number"), example("L", "the last day of the month"),
          example("15W", "the workday nearest to the 15th"), example("fri#2", "the second Friday"), example("5L", "the last Friday"), example("@hourly", "also @daily, @weekly, @monthly, @yearly")))),
    read: () => ({ expression: expression.value.trim() }),
  };
}

function intervalPart(rule) {
  const seconds = rule?.everySeconds ?? 7200;
  const unit = units.findLast(([value]) => seconds % Number(value) === 0) ?? null;
  const size = select(unit ? units : [["1", "seconds"], ...units], unit?.[0] ?? "1");
  const every = input({ type: "number", min: 1, step: "any", inputmode: "decimal", value: seconds / Number(unit?.[0] ?? 1) });
  size.setAttribute("aria-label", "Unit");
  const from = input({ type: "datetime-local", step: 1, value: localSeconds(rule?.from ? Date.parse(rule.from) : nextHour()) });
  return {
    content: h("div", { class: "field-row times" },
      group("rule.everySeconds", "Every", h("div", { class: "inline" }, labelled(every, "Every how many"), size)),
      field("rule.from", "Counted from", from, `In your time zone, ${ownZone}. Elapsed time: clock changes do not matter.`)),
    read: () => {
      const count = Math.round(Number(every.value) * Number(size.value));
      if (!(count > 0)) throw objection("rule.everySeconds", "Say how often.");
      if (!from.value) throw objection("rule.from", "Say from when it is counted.");
      return { everySeconds: count, from: new Date(from.value).toISOString() };
    },
  };
}

function alwaysPart(rule) {
  const text = String(rule?.fileSeconds ?? 3600);
  const size = select(files.some(([value]) => value === text) ? files : [...files, [text, length(Number(text))]], text);
  return {
    content: field("rule.fileSeconds", "One file for each", size, "Files begin on the clock: at each full hour, for files of an hour."),
    read: () => ({ fileSeconds: Number(size.value) }),
  };
}

function oncePart(rule) {
  const start = input({ type: "datetime-local", step: 1, value: localSeconds(rule?.kind === "once" ? Date.parse(rule.start) : nextHour()) });
  return {
    content: field("rule.start", "Start", start, `In your time zone, ${ownZone}.`),
    read: () => {
      if (!start.value) throw objection("rule.start", "Say when it starts.");
      return { start: new Date(start.value).toISOString() };
    },
  };
}

function labelled(control, label) {
  control.setAttribute("aria-label", label);
  return control;
}

const nextHour = () => Math.ceil(Date.now() / 3_600_000) * 3_600_000;
