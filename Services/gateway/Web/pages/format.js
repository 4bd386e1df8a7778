// Times, lengths and sizes as people read them. Clock times are in the browser's zone.

const two = (number) => String(number).padStart(2, "0");
const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const longDayFormat = new Intl.DateTimeFormat("en-GB",
  { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;
export const clockSeconds = (date) => `${clock(date)}:${two(date.getSeconds())}`;
export const shortDay = (date) => dayFormat.format(date);
export const longDay = (date) => longDayFormat.format(date);

/** As a datetime-local field with seconds wants it. */
export function localSeconds(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clockSeconds(date)}`;
}

/** today, tomorrow, yesterday or a date */
export function day(date, now = new Date()) {
  const start = (value) => new Date(value.getFullYear(), value.getMonth(), value.getDate());
  const days = Math.round((start(date) - start(now)) / 86_400_000);
  if (days === 0) return "today";
  if (days === 1) return "tomorrow";
  if (days === -1) return "yesterday";
  const text = dayFormat.format(date);
  return date.getFullYear() === now.getFullYear() ? text : `${text} ${date.getFullYear()}`;
}

export const dayAndTime = (text) => {
  const date = new Date(text);
  return `${day(date)} ${clock(date)}`;
};

/** 20:00–21:30 */
export const span = (start, end) => `${clock(new Date(start))}–${clock(new Date(end))}`;

/** 1:02:03 or 2:03 */
export function position(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** 1 h 30 min, 45 min, 20 s, 0.4 s */
export function length(seconds) {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  const rest = minutes % 60;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return rest ? `${hours} h ${rest} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

export const between = (start, end) => (new Date(end) - new Date(start)) / 1000;

/** in 5 min, 2 h ago */
export function relative(text, now = Date.now()) {
  const seconds = (new Date(text) - now) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  return seconds > 0 ? `in ${length(seconds)}` : `${length(-seconds)} ago`;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  let value = count;
  for (const unit of ["kB", "MB", "GB", "TB"]) {
    value /= 1000;
    if (value < 999.5 || unit === "TB") return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
}

/** What a recording lacks, in words. */
export function completeness(file) {
  if (!file) return null;
  const lost = (file.gaps ?? []).reduce((sum, gap) => sum + between(gap.start, gap.end), 0);
  return lost > 0 ? { text: `${length(lost)} missing`, isWhole: false } : { text: "complete", isWhole: true };
}

/** 128 kbit/s, 2.8 Mbit/s */
export const rate = (bits) => (bits < 1e6 ? `${Math.round(bits / 1000)} kbit/s` : `${(bits / 1e6).toFixed(1)} Mbit/s`);

const codecs = [[/^avc[13]/, "H.264"], [/^h[ev][vc]1/, "H.265"], [/^mp4a\.40/, "AAC"], [/^mp4a/, "MPEG audio"], [/^ac-?3/, "AC-3"], [/^ec-?3/, "E-AC-3"]];

/** What a codec is called outside of playlists: avc1.64001f,mp4a.40.2 is H.264, AAC. */
export const codecName = (text) => text?.split(",").map((one) =>
  codecs.find(([pattern]) => pattern.test(one.trim()))?.[1] ?? one.trim().toUpperCase()).join(", ");

/** A sentence begins with a capital letter. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
