// How a file is made: its format and what belongs to that, what stands beside it, its tags and cover.

import { h } from "./dom.js";
import { artworkPicker } from "./artwork.js";
import { check, field, group, input, select } from "./forms.js";

export const formats = [["source", "As it is sent"], ["mp3", "MP3"], ["aac", "AAC (M4A)"], ["flac", "FLAC"], ["opus", "Opus"], ["mp4", "MP4"], ["mkv", "Matroska (MKV)"], ["ts", "MPEG-TS"]];
const hints = {
  source: "The station's own frames, unchanged.", mp3: "The station's own frames where it sends MP3, else encoded.",
  aac: "The station's own frames where it sends AAC, else encoded.", flac: "Without loss; large.", opus: "Encoded; small and good.",
  mp4: "Sound and picture as they came, in another container.", mkv: "Sound and picture as they came, in another container.", ts: "Sound and picture as they came, in another container.",
};
const encoded = new Set(["mp3", "aac", "opus", "flac"]);
const rates = [["", "What suits the format"], ["64000", "64 kbit/s"], ["96000", "96 kbit/s"], ["128000", "128 kbit/s"], ["192000", "192 kbit/s"], ["256000", "256 kbit/s"], ["320000", "320 kbit/s"]];
const targets = [["", "Leave it; measure only"], ["-23", "−23 LUFS (EBU R128, broadcast)"], ["-18", "−18 LUFS"], ["-16", "−16 LUFS (podcasts)"], ["-14", "−14 LUFS (music services)"]];

/** A choice that keeps what it does not know, such as a rate that a script has set. */
function choice(list, value, name) {
  const text = value === undefined || value === null ? "" : String(value);
  return select(list.some(([key]) => key === text) ? list : [...list, [text, name(value)]], text);
}

export function finishingFields(item) {
  const options = item?.finishing ?? {};
  const format = select(formats, item?.format ?? "source");
  const hint = h("p", { class: "hint" });
  const rate = choice(rates, options.bitsPerSecond, (value) => `${value / 1000} kbit/s`);
  const loudness = choice(targets, options.loudness, (value) => `${value} LUFS`);
  const box = (value) => input({ type: "checkbox", checked: value });
  const chapters = box(options.hasChapters ?? false);
  const cue = box(options.hasCueSheet ?? false);
  const picture = box(options.hasPicture ?? true);
  const pool = input({ value: options.pool ?? "", placeholder: "the recorder's own folder", spellcheck: "false" });
  const rateField = field("finishing.bitsPerSecond", "Bit rate", rate);
  const sound = h("div", { class: "field-row two" }, field("finishing.loudness", "Loudness", loudness), rateField);
  const show = () => {
    hint.textContent = `${hints[format.value]}${loudness.value ? " To bring it to a loudness, the sound is encoded in any case." : ""}`;
    rateField.hidden = !encoded.has(format.value) && !loudness.value;
  };
  loudness.addEventListener("change", show);
  format.addEventListener("change", show);
  show();
  const isOpen = Boolean(item && (item.format !== "source" || Object.keys(options).some((key) => key !== "artwork")));
  return {
    content: h("details", { open: isOpen }, h("summary", {}, "The file"), h("div", { class: "stack inset" },
      h("div", {}, field("format", "Format", format), hint), sound,
      group("finishing", "Beside it", h("div", { class: "checks" }, check("Chapters from the as-run log", chapters), check("Cue sheet from the as-run log", cue),
        check("Picture: waveform or thumbnail", picture))),
      field("finishing.pool", "Pool", pool, "The name of a destination pool in the recorder's settings."))),
    read: (artwork) => {
      const made = {
        bitsPerSecond: !rateField.hidden && rate.value ? Number(rate.value) : undefined, loudness: loudness.value ? Number(loudness.value) : undefined,
        hasChapters: chapters.checked || undefined, hasCueSheet: cue.checked || undefined, hasPicture: picture.checked ? undefined : false,
        artwork: artwork || undefined, pool: pool.value.trim() || undefined,
      };
      return { format: format.value, finishing: Object.values(made).some((value) => value !== undefined) ? made : undefined };
    },
  };
}

const variables = [
  ["{date} {time}", "of the start: 2026-11-21, 20-00"], ["{year} {month} {day}", "of the date"], ["{show}", "the name of the schedule"],
  ["{station} {stream}", "the name and the id of the stream"], ["{track}", "days since 2020-01-01"],
];
const tagNames = [["title", "Title"], ["artist", "Artist"], ["album", "Album"], ["albumArtist", "Album artist"], ["genre", "Genre"], ["comment", "Comment"]];

export function tagFields(item) {
  const tags = item?.tags ?? {};
  const controls = Object.fromEntries(tagNames.map(([key]) => [key, input({ value: tags[key] ?? "", placeholder: key === "title" ? "{date} {show}" : "" })]));
  const cover = artworkPicker(item?.finishing?.artwork);
  const isOpen = Boolean(Object.values(tags).some(Boolean) || item?.finishing?.artwork);
  return {
    content: h("details", { open: isOpen, ontoggle: (event) => { if (event.target.open) cover.load(); } }, h("summary", {}, "Tags and artwork"), h("div", { class: "stack inset" },
      field("tags.title", "Title", controls.title, "Left empty, it is the date and the show, such as “2026-11-21 Evening news”."),
      h("details", { class: "small-print" }, h("summary", {}, "What is filled in"),
        h("p", { class: "hint" }, "In each tag, for each recording; all else stays as it is written."),
        h("dl", { class: "facts small" }, variables.map(([name, meaning]) => [h("dt", {}, h("code", {}, name)), h("dd", {}, meaning)]))),
      h("div", { class: "field-row two" }, tagNames.slice(1).map(([key, label]) => field(`tags.${key}`, label, controls[key]))), cover.content)),
    read: () => Object.fromEntries(tagNames.map(([key]) => [key, controls[key].value.trim()]).filter(([, value]) => value)),
    artwork: cover.read,
  };
}
