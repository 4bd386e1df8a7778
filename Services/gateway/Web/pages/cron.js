// Saying a cron expression in words. What it cannot say it leaves to the scheduler, which is the one
// that judges.

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = ["January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December"];
const two = (number) => String(number).padStart(2, "0");
const list = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** A sentence, or null where the expression is broken or too unusual to say. */
export function explain(expression) {
  const fields = expression.trim().toLowerCase().split(/\s+/);
  if (fields.length !== 5) return null;
  const [minute, hour, date, month, weekday] = [
    values(fields[0], 0, 59), values(fields[1], 0, 23), values(fields[2], 1, 31),
    values(fields[3], 1, 12, months), values(fields[4], 0, 7, days),
  ];
  if ([minute, hour, date, month, weekday].some((field) => field === null)) return null;
  const time = timePhrase(fields, minute, hour);
  if (!time) return null;
  const isDaily = date.isAll && weekday.isAll;
  const on = isDaily && time.startsWith("Every") ? "" : dayPhrase(date, weekday);
  return `${time}${on}${monthPhrase(month)}`;
}

function timePhrase(fields, minute, hour) {
  if (minute.isAll && hour.isAll) return "Every minute";
  const step = fields[0].match(/^\*\/(\d+)$/);
  if (step && hour.isAll) return `Every ${step[1]} minutes`;
  if (hour.isAll) return `Every hour at ${list(minute.list.map((value) => `:${two(value)}`))}`;
  if (minute.isAll || minute.list.length * hour.list.length > 6) return null;
  const times = hour.list.flatMap((h) => minute.list.map((m) => `${two(h)}:${two(m)}`));
  return `At ${list(times)}`;
}

function dayPhrase(date, weekday) {
  const onDate = `on day ${list(date.list)} of the month`;
  if (weekday.isAll) return date.isAll ? ", every day" : `, ${onDate}`;
  const set = [...new Set(weekday.list.map((value) => value % 7))].sort((a, b) => a - b);
  const key = set.join("");
  const names = key === "12345" ? "Monday to Friday" : key === "06" ? "Saturday and Sunday"
    : list([...set.filter((value) => value), ...set.filter((value) => !value)].map((value) => days[value]));
  // Cron's rule: with both given, either is enough.
  return date.isAll ? `, ${names}` : `, ${onDate} or on ${names}`;
}

const monthPhrase = (month) =>
  month.isAll ? "" : `, in ${list(month.list.map((value) => months[value - 1]))}`;

function values(text, low, high, names = []) {
  const found = new Set();
  for (const part of text.split(",")) {
    const match = part.match(/^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/);
    if (!match) return null;
    const step = match[3] ? Number(match[3]) : 1;
    const first = match[1] === "*" ? low : number(match[1], low, names);
    const last = match[1] === "*" ? high
      : match[2] ? number(match[2], low, names) : match[3] ? high : first;
    if (first === null || last === null || first < low || last > high || first > last || step < 1) return null;
    for (let value = first; value <= last; value += step) found.add(value);
  }
  return { list: [...found].sort((a, b) => a - b), isAll: text === "*" };
}

function number(text, low, names) {
  if (/^\d+$/.test(text)) return Number(text);
  const index = names.findIndex((name) => name.slice(0, 3).toLowerCase() === text.slice(0, 3));
  return index < 0 || text.length < 3 ? null : index + (low === 1 ? 1 : 0);
}

/** Weekdays (0 = Sunday) and a time as an expression. */
export function weekly(weekdays, time) {
  const [hour, minute] = time.split(":").map(Number);
  const set = [...weekdays].sort((a, b) => a - b);
  return `${minute} ${hour} * * ${set.length === 7 ? "*" : set.join(",")}`;
}

/** The reverse, where the expression is that simple; else null. */
export function asWeekly(expression) {
  const match = expression.trim().match(/^(\d+) (\d+) \* \* (\S+)$/);
  const set = match && values(match[3].toLowerCase(), 0, 7, days);
  if (!set) return null;
  return {
    time: `${two(match[2])}:${two(match[1])}`,
    weekdays: new Set(set.list.map((value) => value % 7)),
  };
}
