// The form of a stream: where it comes from and what is tried when that fails, how it is read, who may
// capture it and how much of its tape is kept.

import { api, said } from "./api.js";
import { confirmed, h, toast } from "./dom.js";
import { check, field, group, input, objection, openForm, select } from "./forms.js";
import { lines } from "./lines.js";
import { store } from "./store.js";
import { streamTest } from "./streamtest.js";

const kinds = [["", "By the address itself"], ["http", "A radio, HLS or DASH stream over HTTP"], ["ffmpeg", "Anything else that FFmpeg reads"], ["page", "A web page with a stream on it"]];
const hints = {
  "": "http and https: Icecast, Shoutcast, playlists, HLS, DASH. Other kinds, such as rtsp: or srt:, are given to FFmpeg.",
  http: "Icecast, Shoutcast, .m3u, .pls, .asx playlists, HLS and DASH, read by Airloom itself.",
  ffmpeg: "RTMP, RTSP, SRT, UDP, RTP or a device, without encoding.",
  page: "The address of a page; yt-dlp or streamlink finds the stream behind it.",
};
const examples = { "": "http://example.org:8000/live.mp3", http: "http://example.org:8000/live.mp3", ffmpeg: "srt://example.org:9000", page: "http://video.example.org/channel/live" };
const heights = [["", "The best there is"], ["1080", "Up to 1080 lines"], ["720", "Up to 720 lines"], ["576", "Up to 576 lines"],
  ["480", "Up to 480 lines"], ["360", "Up to 360 lines"]];
const qualities = ["best", "1080p", "720p", "480p", "audio", "worst"];
const DAY = 86_400;
const GIB = 2 ** 30;

export function editStream(item) {
  const name = input({ value: item?.name ?? "", required: true, placeholder: "Radio One" });
  const kind = select(kinds, item?.source ?? "");
  const hint = h("p", { class: "hint" });
  const urls = lines({
    id: "urls", items: (item?.urls ?? []).map((url) => ({ url })), ordered: true, add: "Add a fallback", first: "First", next: "Then",
    fields: [{ name: "url", label: "Address", placeholder: examples[""], mono: true }],
  });
  const quality = qualityFields(item);
  const access = accessFields(item);
  const keeping = keepingFields(item);
  const read = () => {
    const body = { name: name.value.trim(), urls: urls.lines().map((line) => line.url), ...quality.read(kind.value), ...access.read(), ...keeping.read() };
    if (kind.value) body.source = kind.value;
    if (!body.urls.length) throw objection("urls", "At least one address is needed.");
    return body;
  };
  const test = streamTest(() => {
    const body = read();
    return { ...body, id: item?.id ?? "test", name: body.name || "test", headers: body.headers ?? {} };
  }, (error) => form.object(error));
  const show = () => {
    hint.textContent = hints[kind.value];
    for (const control of urls.querySelectorAll("input")) control.placeholder = examples[kind.value];
    quality.show(kind.value);
  };
  kind.addEventListener("change", show);
  show();
  const form = openForm(item ? `Edit ${item.name}` : "Add a stream", {
    wide: true,
    content: [
      field("name", "Name", name),
      h("div", {}, field("source", "Kind of source", kind), hint),
      group("urls", "Addresses", urls, h("p", { class: "hint" }, "The next one is tried when one does not answer; when the first is back, it is taken again.")),
      h("div", { class: "stack tight" }, h("div", { class: "actions" }, test.button, h("span", { class: "hint" }, "Nothing is saved or recorded by it.")), test.result),
      quality.content, access.content, keeping.content,
    ],
    action: item ? "Save" : "Add the stream",
    remove: item ? () => remove(item) : null,
    save: async () => {
      const body = read();
      if (!body.name) throw objection("name", "Give it a name.");
      const answer = item ? await api.put(`streams/${item.id}`, body) : await api.post("streams", body);
      toast(said(answer, item ? "Saved." : `${body.name} was added.`));
    },
  });
}

function qualityFields(item) {
  const height = select(heights, String(item?.maximumHeight ?? ""));
  const fastest = input({
    type: "number", min: 50, max: 100_000, step: "any", inputmode: "numeric", placeholder: "no limit",
    value: item?.maximumBitsPerSecond ? item.maximumBitsPerSecond / 1000 : "",
  });
  const language = input({ value: item?.soundLanguage ?? "", placeholder: "the station's own choice", spellcheck: "false", maxlength: 35 });
  const quality = input({ value: item?.quality ?? "", placeholder: "best", list: "qualities", spellcheck: "false" });
  const format = input({ value: item?.inputFormat ?? "", placeholder: "alsa", spellcheck: "false", class: "mono" });
  const parts = {
    hls: h("div", {}, h("div", { class: "field-row" }, field("maximumHeight", "Picture", height), field("maximumBitsPerSecond", "At most, in kbit/s", fastest)),
      field("soundLanguage", "Language of the sound", language, "Such as de or pt-BR, where a station offers several."),
      h("p", { class: "hint" }, "Of the variants that an HLS or DASH station offers, the best within these limits is recorded.")),
    page: field("quality", "Quality", quality, "What the resolver is asked for: best, 720p, audio, …"),
    ffmpeg: field("inputFormat", "Input format", format, "Only where the address does not tell it: the name that FFmpeg has for the device or format, such as alsa."),
  };
  const content = h("details", { open: Boolean(item?.soundLanguage || item?.maximumHeight || item?.maximumBitsPerSecond || item?.quality || item?.inputFormat) },
    h("summary", {}, "Quality and format"), h("div", { class: "stack inset" }, Object.values(parts),
      h("datalist", { id: "qualities" }, qualities.map((value) => h("option", { value })))));
  return {
    content,
    show: (kind) => {
      parts.hls.hidden = kind === "ffmpeg" || kind === "page";
      parts.page.hidden = kind !== "page";
      parts.ffmpeg.hidden = kind !== "ffmpeg";
    },
    read: (kind) => ({
      ...(kind === "" || kind === "http" ? { maximumHeight: Number(height.value) || undefined, maximumBitsPerSecond: Math.round(Number(fastest.value) * 1000) || undefined, soundLanguage: language.value.trim() || undefined } : {}),
      ...(kind === "page" ? { quality: quality.value.trim() || undefined } : {}),
      ...(kind === "ffmpeg" ? { inputFormat: format.value.trim() || undefined } : {}),
    }),
  };
}

function accessFields(item) {
  const agent = input({ value: item?.userAgent ?? "" });
  const headers = lines({
    id: "headers", items: Object.entries(item?.headers ?? {}).map(([name, value]) => ({ name, value })), add: "Add a header",
    fields: [{ name: "name", label: "Header", placeholder: "Referer", mono: true }, { name: "value", label: "Value of header", placeholder: "http://example.org/", mono: true }],
  });
  return {
    content: h("details", { open: Boolean(item?.userAgent || Object.keys(item?.headers ?? {}).length) }, h("summary", {}, "What the server wants to see"),
      h("div", { class: "stack inset" }, field("userAgent", "User agent", agent, "Some servers only answer to certain players."),
        group("headers", "Request headers", headers, h("p", { class: "hint" }, "Values are kept secret: they are shown as “…”, and stay as they are while that is left.")))),
    read: () => ({
      userAgent: agent.value.trim() || undefined,
      headers: Object.fromEntries(headers.lines().filter((line) => line.name).map((line) => [line.name, line.value])),
    }),
  };
}

function keepingFields(item) {
  const known = [...new Set([...store.nodes.values()].flatMap((node) => node.heartbeat.recorder?.tags ?? []))].sort();
  const tags = input({ value: (item?.tags ?? []).join(", "), placeholder: "none", list: "recorder-tags", spellcheck: "false" });
  const doubled = input({ type: "checkbox", checked: item?.isDoubled ?? false });
  const age = input({
    type: "number", min: 0, step: "any", inputmode: "decimal", placeholder: "as the recorder has it",
    value: item?.retention?.maximumAgeSeconds ? item.retention.maximumAgeSeconds / DAY : "",
  });
  const size = input({
    type: "number", min: 0, step: "any", inputmode: "decimal", placeholder: "as the recorder has it",
    value: item?.retention?.maximumBytes ? Math.round((item.retention.maximumBytes / GIB) * 100) / 100 : "",
  });
  const isOpen = Boolean(item?.tags?.length || item?.isDoubled || item?.retention);
  return {
    content: h("details", { open: isOpen }, h("summary", {}, "Recorders and how much is kept"), h("div", { class: "stack inset" },
      field("tags", "Only recorders with these tags", tags, known.length ? `There are: ${known.join(", ")}.` : "Such as a site or a network; commas between."),
      h("datalist", { id: "recorder-tags" }, known.map((value) => h("option", { value }))),
      group("isDoubled", "Safety", check("A second recorder captures it too, and fills in for the first", doubled)),
      h("div", { class: "field-row" }, field("retention.maximumAgeSeconds", "Keep the tape for, in days", age), field("retention.maximumBytes", "Keep at most, in GiB", size)),
      h("p", { class: "hint" }, "The oldest goes first. What is locked, or a recording still needs, stays."))),
    read: () => {
      const retention = {
        maximumAgeSeconds: age.value ? Math.round(Number(age.value) * DAY) : undefined,
        maximumBytes: size.value ? Math.round(Number(size.value) * GIB) : undefined,
      };
      return {
        tags: tags.value.split(/[,\s]+/).filter(Boolean), isDoubled: doubled.checked,
        retention: retention.maximumAgeSeconds || retention.maximumBytes ? retention : undefined,
      };
    },
  };
}

async function remove(item) {
  if (!await confirmed(`Remove ${item.name}?`, "Its recordings and its tape stay.", "Remove")) return;
  try {
    toast(said(await api.remove(`streams/${item.id}`), `${item.name} was removed.`));
  } catch (error) { toast(error.message, "bad"); }
}
