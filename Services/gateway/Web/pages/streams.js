// The streams: what can be captured, how it is doing, and the form to add one.

import { api, said } from "./api.js";
import { confirmed, empty, h, icon, pageHead, toast } from "./dom.js";
import { field, input, objection, openForm, select } from "./forms.js";
import { codecName, length, rate } from "./format.js";
import { captureChip } from "./states.js";
import { playLive } from "./player.js";
import { store } from "./store.js";
import { editSchedule } from "./schedules.js";

export function streams() {
  const add = h("button", { class: "button primary", type: "button", id: "add-stream", onclick: () => editStream() },
    icon("plus"), "Add a stream");
  const items = [...store.streams.values()].sort((a, b) => a.name.localeCompare(b.name));
  return h("div", { class: "stack" },
    pageHead("Streams", "What can be recorded, and how it is doing.", items.length ? add : null),
    items.length
      ? h("div", { class: "cards" }, items.map(card))
      : empty("streams", "No streams yet",
        "A stream is the address of a radio station, such as http://example.org:8000/live.mp3, or of an HLS playlist "
        + "(…/stream.m3u8). It is connected to only while something is to be recorded.", add));
}

function card(item) {
  const status = item.status;
  const uses = [...store.schedules.values()].filter((schedule) => schedule.stream === item.id).length;
  return h("article", { class: "card stream" },
    h("div", { class: "card-head" }, h("h2", {}, item.name), captureChip(status?.state ?? "idle")),
    status?.title ? h("p", { class: "now-playing" }, icon("streams"), status.title) : null,
    status?.reason ? h("p", { class: "reason" }, status.reason) : null,
    h("ul", { class: "urls" }, item.urls.map((url) => h("li", {}, h("code", {}, url)))),
    h("p", { class: "muted small" },
      [codecName(status?.codec), status?.height ? `${status.height} lines` : null,
        status?.bitsPerSecond ? rate(status.bitsPerSecond) : null,
        item.maximumHeight ? `at most ${item.maximumHeight} lines` : null, uses ? `${uses} ${uses === 1 ? "schedule" : "schedules"}` : "no schedules", `id ${item.id}`]
        .filter(Boolean).join(" · ")),
    h("div", { class: "actions" },
      status?.state === "capturing" ? h("button", {
        class: "button", type: "button", id: `live-${item.id}`, "aria-label": `Play ${item.name} live`, onclick: () => playLive(item.id),
      }, icon("play"), "Live") : null,
      h("button", { class: "button", type: "button", id: `now-${item.id}`, onclick: () => recordNow(item) },
        h("span", { class: "dot" }), "Record now"),
      h("button", { class: "button", type: "button", id: `plan-${item.id}`, onclick: () => editSchedule(null, item.id) }, "Schedule"),
      h("a", { class: "button quiet", id: `tape-${item.id}`, href: `#/timeline/${item.id}` }, "Timeline"),
      h("button", { class: "button quiet", type: "button", id: `edit-${item.id}`, onclick: () => editStream(item) }, "Edit")));
}

const heights = [["", "The best there is"], ["1080", "Up to 1080 lines"], ["720", "Up to 720 lines"], ["576", "Up to 576 lines"],
  ["480", "Up to 480 lines"], ["360", "Up to 360 lines"]];

export function editStream(item) {
  const name = input({ value: item?.name ?? "", required: true, placeholder: "Radio One" });
  const urls = h("textarea", { rows: 3, spellcheck: "false", placeholder: "http://example.org:8000/live.mp3" });
  urls.value = (item?.urls ?? []).join("\n");
  const agent = input({ value: item?.userAgent ?? "" });
  const height = select(heights, String(item?.maximumHeight ?? ""));
  const fastest = input({
    type: "number", min: 50, max: 100_000, step: "any", inputmode: "numeric", placeholder: "no limit",
    value: item?.maximumBitsPerSecond ? item.maximumBitsPerSecond / 1000 : "",
  });
  openForm(item ? `Edit ${item.name}` : "Add a stream", {
    content: [
      field("name", "Name", name),
      field("urls", "Addresses", urls, "One per line, the best first. The next ones are tried when the first does not answer."),
      h("details", { open: Boolean(item?.maximumHeight || item?.maximumBitsPerSecond) }, h("summary", {}, "Quality of an HLS stream"),
        h("div", { class: "field-row" }, field("maximumHeight", "Picture", height),
          field("maximumBitsPerSecond", "At most, in kbit/s", fastest)),
        h("p", { class: "hint" }, "Of the variants that the station offers, the best within these limits is recorded.")),
      h("details", {}, h("summary", {}, "For peculiar servers"),
        field("userAgent", "User agent", agent, "Some servers only answer to certain players.")),
    ],
    action: item ? "Save" : "Add the stream",
    remove: item ? () => remove(item) : null,
    save: async () => {
      const body = {
        name: name.value.trim(), urls: urls.value.split(/\s+/).filter(Boolean),
        userAgent: agent.value.trim() || undefined, headers: item?.headers,
        maximumHeight: Number(height.value) || undefined,
        maximumBitsPerSecond: Math.round(Number(fastest.value) * 1000) || undefined,
      };
      if (!body.name) throw objection("name", "Give it a name.");
      if (!body.urls.length) throw objection("urls", "At least one address is needed.");
      const answer = item ? await api.put(`streams/${item.id}`, body) : await api.post("streams", body);
      toast(said(answer, item ? "Saved." : `${body.name} was added.`));
    },
  });
}

function recordNow(item) {
  const title = input({ value: item.name });
  const minutes = input({ type: "number", min: 1, max: 1440, value: 60, inputmode: "numeric" });
  openForm(`Record ${item.name} now`, {
    content: [field("name", "Title", title), field("durationSeconds", "For how many minutes", minutes)],
    action: "Start",
    save: async () => {
      const seconds = Math.round(Number(minutes.value) * 60);
      if (!(seconds > 0)) throw objection("durationSeconds", "Say for how long.");
      const answer = await api.post("schedules", {
        name: title.value.trim() || item.name, stream: item.id, durationSeconds: seconds,
        rule: { kind: "once", start: new Date(Date.now() + 2000).toISOString() },
      });
      toast(said(answer, `Recording for ${length(seconds)}.`));
    },
  });
}

async function remove(item) {
  if (!await confirmed(`Remove ${item.name}?`, "Its recordings and its tape stay.", "Remove")) return;
  try {
    toast(said(await api.remove(`streams/${item.id}`), `${item.name} was removed.`));
  } catch (error) { toast(error.message, "bad"); }
}
