// Saying a cron expression in words. What it cannot say it leaves to the scheduler, which is the one
// that judges.

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = ["January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December"];
const ordinals = ["", "first", "second", "third", "fourth", "fifth"];
const named = {
  "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
};
const two = (number) => String(number).padStart(2, "0");
const list = (items, word = "and") =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1)}`;

/** A sentence, or null where the expression is broken or too unusual to say. */
export function explain(expression) {
  const text = expression.trim().toLowerCase();
  const fields = (named[text] ?? text).split(/\s+/);
  if (fields.length === 5) fields.unshift("0");
  if (fields.length !== 6) return null;
  const [second, minute, hour, month] = [values(fields[0], 0, 59), values(fields[1], 0, 59), values(fields[2], 0, 23), values(fields[4], 1, 12, months)];
  const [date, weekday] = [dates(fields[3]), weekdays(fields[5])];
  if ([second, minute, hour, month, date, weekday].includes(null)) return null;
  const time = timePhrase(fields, second, minute, hour);
  if (!time) return null;
  const isDaily = !date.words && !weekday.words;
  const on = isDaily ? (time.startsWith("Every") ? "" : ", every day") : dayPhrase(fields, date, weekday);
  return `${time}${on}${monthPhrase(month)}`;
}

function timePhrase(fields, second, minute, hour) {
  const step = (text) => text.match(/^(?:\*|0)\/(\d+)$/)?.[1];
  if (minute.isAll && hour.isAll) {
    if (second.isAll) return "Every second";
    if (step(fields[0])) return `Every ${step(fields[0])} seconds`;
    return second.list.join() === "0" ? "Every minute" : `Every minute at second ${list(second.list)}`;
  }
  if (second.list.length > 1) return null;
  const seconds = second.list[0] ? `:${two(second.list[0])}` : "";
  if (step(fields[1]) && hour.isAll && !seconds) return `Every ${step(fields[1])} minutes`;
  if (hour.isAll) return minute.list.length > 8 ? null : `Every hour at ${list(minute.list.map((value) => `:${two(value)}${seconds}`))}`;
  if (minute.list.length === 1 && step(fields[2]) && !seconds) return `Every ${step(fields[2])} hours, at minute ${minute.list[0]}`;
  if (minute.isAll || minute.list.length * hour.list.length > 6) return null;
  return `At ${list(hour.list.flatMap((h) => minute.list.map((m) => `${two(h)}:${two(m)}${seconds}`)))}`;
}

/** Either is enough where both are given; both must hold where one of them begins with a star. */
function dayPhrase(fields, date, weekday) {
  if (!weekday.words) return `, on ${date.words}`;
  if (!date.words) return `, ${weekday.isPlain ? "" : "on "}${weekday.words}`;
  const isBoth = /^[*?]/.test(fields[3]) || /^[*?]/.test(fields[5]);
  return `, on ${date.words} ${isBoth ? "where that is" : "or on"} ${weekday.words}`;
}

const monthPhrase = (month) =>
  month.isAll ? "" : `, in ${list(month.list.map((value) => months[value - 1]))}`;

/** The days of the month: { words }, null words for every day. */
function dates(text) {
  if (text === "*" || text === "?") return { words: null };
  const plain = [];
  const special = [];
  for (const part of text.split(",")) {
    const before = part.match(/^l-(\d+)$/);
    const nearest = part.match(/^(\d+)w$/);
    if (part === "l") special.push("the last day");
    else if (part === "lw" || part === "wl") special.push("the last workday");
    else if (before) special.push(`the day ${before[1]} ${before[1] === "1" ? "day" : "days"} before the last`);
    else if (nearest) special.push(`the workday nearest to day ${nearest[1]}`);
    else {
      const found = values(part, 1, 31);
      if (!found) return null;
      plain.push(...found.list);
    }
  }
  const all = [...new Set(plain)].sort((a, b) => a - b);
  return { words: `${list([...(all.length ? [`day ${list(all)}`] : []), ...special])} of the month` };
}

/** The days of the week: { words, isPlain }, null words for every day. */
function weekdays(text) {
  if (text === "*" || text === "?") return { words: null };
  const plain = [];
  const special = [];
  for (const part of text.split(",")) {
    const last = part.match(/^([a-z0-9]+)l$/);
    const numbered = part.match(/^([a-z0-9]+)#(\d)$/);
    const day = last ? number(last[1], 0, days) : numbered ? number(numbered[1], 0, days) : null;
    if (last && day !== null && day <= 7) special.push(`the last ${days[day % 7]} of the month`);
    else if (numbered && day !== null && day <= 7 && ordinals[numbered[2]]) special.push(`the ${ordinals[numbered[2]]} ${days[day % 7]} of the month`);
    else {
      const found = values(part, 0, 7, days);
      if (!found) return null;
      plain.push(...found.list.map((value) => value % 7));
    }
  }
  const set = [...new Set(plain)].sort((a, b) => a - b);
  const key = set.join("");
  const names = key === "12345" ? ["Monday to Friday"] : key === "06" ? ["Saturday and Sunday"] : key === "0123456" && !special.length ? ["every day"]
    : [...set.filter((value) => value), ...set.filter((value) => !value)].map((value) => days[value]);
  return { words: list([...names, ...special]), isPlain: !special.length };
}

function values(text, low, high, names = []) {
  const found = new Set();
  for (const part of text.split(",")) {
    const match = part.match(/^(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:\/(\d+))?$/);
    if (!match) return null;
    const step = match[3] ? Number(match[3]) : 1;
    const first = match[1] === "*" ? low : number(match[1], low, names);
    const last = match[1] === "*" ? high
      : match[2] ? number(match[2], low, names) : match[3] ? high : first;
    if (first === null || last === null || first < low || last > high || step < 1) return null;
    // Of days of the week, Friday to Sunday goes to 7.
    const end = last < first && high === 7 && last === 0 ? 7 : last;
    if (first > end) return null;
    for (let value = first; value <= end; value += step) found.add(value);
  }
  return { list: [...found].sort((a, b) => a - b), isAll: text === "*" };
}

function number(text, low, names) {
  if (/^\d+$/.test(text)) return Number(text);
  const index = names.findIndex((name) => name.slice(0, 3).toLowerCase() === text.slice(0, 3));
  return index < 0 || text.length < 3 ? null : index + (low === 1 ? 1 : 0);
}
