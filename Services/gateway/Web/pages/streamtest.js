// "Test this stream": what answers at an address, how fast, and what would be recorded. Asked before
// anything is saved; it touches no tape.

import { api } from "./api.js";
import { h, icon } from "./dom.js";
import { rate } from "./format.js";
import { describeSource } from "./health.js";

const kinds = { http: "Airloom", hls: "Airloom, by HLS", dash: "Airloom, by DASH", ffmpeg: "FFmpeg", page: "a resolver finds it" };
const wait = (ms) => (ms === undefined || ms === null ? null : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** { content, button, run }: `read` gives the body, and may throw an objection for the form to show. */
export function streamTest(read, object) {
  const result = h("div", { class: "test-result", role: "status", "aria-live": "polite", hidden: true });
  const button = h("button", { class: "button", type: "button", id: "test-stream", onclick: () => run() }, icon("streams"), "Test this stream");
  async function run() {
    let body;
    try { body = read(); } catch (error) { return object(error); }
    button.disabled = true;
    result.hidden = false;
    result.className = "test-result busy";
    result.replaceChildren(h("p", {}, h("span", { class: "spinner", "aria-hidden": "true" }), "Connecting; this takes up to 25 seconds…"));
    try {
      const { value } = await api.post("streams/test", body);
      result.className = `test-result ${value.ok ? "good" : "bad"}`;
      result.replaceChildren(...report(value));
    } catch (error) {
      if (error.field) object(error);
      result.className = "test-result bad";
      result.replaceChildren(verdict(false, error.message));
    }
    button.disabled = false;
  }
  return { button, result };
}

const verdict = (isGood, text) => h("p", { class: "verdict" }, icon(isGood ? "check" : "alert"), h("b", {}, text));

function report(found) {
  const times = [["Connected", wait(found.connect_ms)], ["First byte", wait(found.first_byte_ms)], ["First frame", wait(found.first_frame_ms)]]
    .filter(([, text]) => text);
  const facts = [
    ["What it is", describeSource(found.source) || null], ["Station", found.source?.station], ["Server", found.server],
    ["Languages", (found.languages ?? []).join(", ")],
    ["Address", found.address], ["Read by", kinds[found.kind]],
  ].filter(([, text]) => text);
  return [
    verdict(found.ok, found.ok ? "It works." : found.problem ?? "Nothing that can be recorded came."),
    found.ok && found.would_record ? h("p", {}, "Recorded would be: ", found.would_record) : null,
    found.ok && found.problem ? h("p", { class: "reason" }, found.problem) : null,
    times.length ? h("ol", { class: "steps-line", "aria-label": "How long it took" }, times.map(([name, text]) => h("li", {}, h("b", {}, text), h("span", {}, name)))) : null,
    h("dl", { class: "facts" }, facts.map(([name, text]) => [h("dt", {}, name), h("dd", {}, text)])),
    variants(found.variants ?? []),
  ].filter(Boolean);
}

function variants(list) {
  if (!list.length) return null;
  return h("details", {}, h("summary", {}, `${list.length} ${list.length === 1 ? "variant" : "variants"} on offer`),
    h("ul", { class: "plain-list small" }, list.map((one) => h("li", {}, typeof one === "string" ? one : [
      one.height ? `${one.height} lines` : null, one.bitsPerSecond ?? one.bits_per_second ? rate(one.bitsPerSecond ?? one.bits_per_second) : null,
      one.codecs ? [one.codecs].flat().join(", ") : null, one.name ?? null, one.isChosen ?? one.chosen ? "this one" : null].filter(Boolean).join(" · ")))));
}
