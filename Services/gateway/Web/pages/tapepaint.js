// How a tape looks: scale, captured and missing stretches, shows, now, the pointer and the player.

import { clock, clockSeconds, shortDay } from "./format.js";
import { causeKind } from "./states.js";

const SCALE = 26;
const LANE = 54;
const SHOWS = 26;
const MINUTE = 60_000;

function colours(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"), soft: of("soft"), line: of("line"), sunk: of("sunk"), surface: of("surface"), live: of("live"), accent: of("accent"),
    captured: of("tape"), source: of("gap-source"), disk: of("gap-disk"), recorder: of("gap-recorder"),
    kept: of("gap-kept"), unknown: of("gap-unknown"), lock: of("lock"), show: of("info"), font: style.fontFamily,
  };
}

export function paintTape(context, { width, height, page }) {
  const { strip, tape } = page;
  const paint = colours(page.canvas);
  const now = Date.now();
  const right = Math.min(width, strip.x(now));
  const top = SCALE;
  context.font = `12px ${paint.font}`;
  context.textBaseline = "middle";
  scale(context, strip, paint, height);
  context.fillStyle = paint.sunk;
  context.fillRect(0, top, Math.max(0, right), LANE);
  context.fillStyle = paint.captured;
  for (const span of tape.spans) bar(context, strip, span.start, span.end, top, width, 0.75);
  for (const gap of tape.gapsIn(strip.from, strip.to, now)) hole(context, strip, gap, top, width, paint, now);
  locks(context, strip, page.locks(), top, width, paint);
  shows(context, strip, page.shows(), top + LANE + 8, width, paint);
  selection(context, strip, paint, top, width, height);
  line(context, strip, now, paint.live, top - 6, height, 2);
  pointers(context, page, paint, width, height);
}

function bar(context, strip, start, end, top, width, least) {
  const [left, right] = [Math.max(0, strip.x(start)), Math.min(width, strip.x(end))];
  if (right < 0 || left > width) return null;
  const wide = Math.max(least, right - left);
  context.fillRect(left, top, wide, LANE);
  return { left, wide };
}

/** Hatched as well as coloured, for those who do not tell the colours apart. */
function hole(context, strip, gap, top, width, paint, now) {
  context.fillStyle = paint[causeKind(gap.cause)];
  const box = bar(context, strip, gap.start, gap.end ?? now, top, width, 3);
  if (!box || box.wide < 6) return;
  context.save();
  context.beginPath();
  context.rect(box.left, top, box.wide, LANE);
  context.clip();
  context.strokeStyle = paint.surface;
  context.globalAlpha = 0.35;
  context.lineWidth = 2;
  context.beginPath();
  for (let x = box.left - LANE; x < box.left + box.wide; x += 9) {
    context.moveTo(x, top + LANE);
    context.lineTo(x + LANE, top);
  }
  context.stroke();
  context.restore();
}

/** A band along the top of what stays. */
function locks(context, strip, items, top, width, paint) {
  context.fillStyle = paint.lock;
  for (const lock of items) {
    const [left, right] = [Math.max(0, strip.x(Date.parse(lock.start))), Math.min(width, strip.x(Date.parse(lock.end)))];
    if (right > left) context.fillRect(left, top, Math.max(3, right - left), 6);
  }
}

function selection(context, strip, paint, top, width, height) {
  if (!strip.selection) return;
  const [left, right] = [Math.max(0, strip.x(strip.selection.from)), Math.min(width, strip.x(strip.selection.to))];
  if (right < 0 || left > width) return;
  context.fillStyle = paint.accent;
  context.globalAlpha = 0.2;
  context.fillRect(left, top - 4, right - left, height - top + 4);
  context.globalAlpha = 1;
  for (const x of [left, right - 2]) context.fillRect(x, top - 4, 2, height - top + 4);
}

function scale(context, strip, paint, height) {
  const isFine = strip.perPixel * 90 < MINUTE;
  context.textAlign = "center";
  let taken = -Infinity;
  for (const tick of strip.ticks(isFine ? 84 : 64)) {
    const x = Math.round(strip.x(tick.time)) + 0.5;
    context.strokeStyle = paint.line;
    context.lineWidth = tick.isDay ? 2 : 1;
    context.beginPath();
    context.moveTo(x, SCALE - 5);
    context.lineTo(x, height);
    context.stroke();
    const date = new Date(tick.time);
    const text = tick.isDay ? shortDay(date) : tick.step < MINUTE ? clockSeconds(date) : clock(date);
    const half = context.measureText(text).width / 2;
    const middle = Math.min(Math.max(x, half), strip.width - half);
    if (middle - half < taken + 8) continue;
    taken = middle + half;
    context.fillStyle = tick.isDay ? paint.ink : paint.soft;
    context.fillText(text, middle, 10);
  }
}

function shows(context, strip, items, top, width, paint) {
  context.textAlign = "left";
  let taken = -Infinity;
  const sorted = [...items].sort((a, b) => a.start.localeCompare(b.start));
  for (const [index, item] of sorted.entries()) {
    const [left, right] = [strip.x(Date.parse(item.start)), strip.x(Date.parse(item.end))];
    // Of many short shows in a pixel one is enough.
    if (right < Math.max(0, taken) || left > width) continue;
    taken = Math.max(left + 3, right);
    const [from, wide] = [Math.max(0, left), Math.min(width, right) - Math.max(0, left)];
    const isOn = item.state === "recording" || item.state === "finishing";
    context.globalAlpha = 0.22;
    context.fillStyle = isOn ? paint.live : paint.show;
    context.beginPath();
    context.roundRect(from, top, Math.max(3, wide - 1), SHOWS, 6);
    context.fill();
    context.globalAlpha = 1;
    if (wide < 40) continue;
    context.save();
    context.beginPath();
    // A title ends where the next show begins.
    const next = sorted[index + 1] ? strip.x(Date.parse(sorted[index + 1].start)) : Infinity;
    context.rect(from + 8, top, Math.min(wide - 14, Math.max(0, next - from - 12)), SHOWS);
    context.clip();
    context.fillStyle = isOn ? paint.live : paint.show;
    context.fillText(item.title, from + 8, top + SHOWS / 2 + 1);
    context.restore();
  }
}

function line(context, strip, time, colour, top, bottom, wide) {
  const x = strip.x(time);
  context.fillStyle = colour;
  context.fillRect(x - wide / 2, top, wide, bottom - top);
}

function pointers(context, page, paint, width, height) {
  const { strip } = page;
  const head = page.playhead();
  if (head !== null) {
    line(context, strip, head, paint.accent, SCALE - 8, height, 2.5);
    const x = strip.x(head);
    context.beginPath();
    context.moveTo(x - 7, SCALE - 12);
    context.lineTo(x + 7, SCALE - 12);
    context.lineTo(x, SCALE - 2);
    context.fill();
  }
  if (strip.cursor === null || strip.cursor < strip.from || strip.cursor > strip.to) return;
  line(context, strip, strip.cursor, paint.ink, SCALE - 4, height, 1);
  const text = clockSeconds(new Date(strip.cursor));
  const wide = context.measureText(text).width + 14;
  const left = Math.min(Math.max(strip.x(strip.cursor) - wide / 2, 0), width - wide);
  context.fillStyle = paint.ink;
  context.beginPath();
  context.roundRect(left, 0, wide, 20, 6);
  context.fill();
  context.fillStyle = paint.surface;
  context.textAlign = "center";
  context.fillText(text, left + wide / 2, 11);
}
