// Clock times in a zone that need not be the browser's, by the browser's own table of zones.

const formats = new Map();

function format(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    }));
  }
  return formats.get(zone);
}

export function isZone(zone) {
  try {
    format(zone);
    return true;
  } catch { return false; }
}

/** What the clocks of a zone show: { year, month, day, hour, minute, second, weekday }, Monday 1. */
export function wall(time, zone) {
  const found = { second: 0 };
  for (const { type, value } of format(zone).formatToParts(time)) if (type !== "literal") found[type] = Number(value);
  found.weekday = new Date(Date.UTC(found.year, found.month - 1, found.day)).getUTCDay() || 7;
  return found;
}

const asUTC = (at) => Date.UTC(at.year, at.month - 1, at.day, at.hour ?? 0, at.minute ?? 0, at.second ?? 0);

/** The instant (ms) at which a zone's clocks show this: the first of two; where they skip it, the same
 *  elapsed time after midnight. Days beyond the month's end count on. */
export function instant(at, zone) {
  const wanted = asUTC(at);
  const shift = (guess) => asUTC(wall(guess, zone)) - Math.floor(guess / 1000) * 1000;
  const first = wanted - shift(wanted - 86_400_000);
  if (asUTC(wall(first, zone)) === wanted) return first;
  const second = wanted - shift(first);
  return asUTC(wall(second, zone)) === wanted ? second : first;
}

/** Midnight of the Monday of the week that an instant lies in, `weeks` further. */
export function weekStart(time, zone, weeks = 0) {
  const at = wall(time, zone);
  return instant({ year: at.year, month: at.month, day: at.day - (at.weekday - 1) + 7 * weeks }, zone);
}

/** Midnight so many days after another midnight. */
export function dayAfter(midnight, days, zone) {
  const at = wall(midnight, zone);
  return instant({ year: at.year, month: at.month, day: at.day + days }, zone);
}

const two = (number) => String(number).padStart(2, "0");

export const clockIn = (time, zone) => {
  const at = wall(time, zone);
  return `${two(at.hour)}:${two(at.minute)}`;
};

export const dateIn = (time, zone) => {
  const at = wall(time, zone);
  return `${at.year}-${two(at.month)}-${two(at.day)}`;
};

/** All zones that the browser knows, for a field to choose from. */
export const zoneNames = () => Intl.supportedValuesOf?.("timeZone") ?? [];
