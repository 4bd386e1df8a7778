// How well a stream is captured: its score, and in words what lowered it.

import { h } from "./dom.js";
import { codecName, rate } from "./format.js";

const kindOf = (score) => (score >= 90 ? "good" : score >= 50 ? "warn" : "bad");

/** A ring that is as full as the score; nothing where the recorder has not said. */
export function healthRing(status) {
  const health = status?.health;
  if (!health) return null;
  return h("div", {
    class: `ring ${kindOf(health.score)}`, vars: { score: `${health.score}%` }, role: "img",
    "aria-label": `Health ${health.score} of 100`, title: `Health ${health.score} of 100`,
  }, h("span", { "aria-hidden": "true" }, health.score));
}

export function healthReasons(status) {
  const reasons = status?.health?.reasons ?? [];
  if (!reasons.length) return null;
  return h("ul", { class: "reasons", "aria-label": "What lowers its health" }, reasons.map((text) => h("li", {}, text)));
}

const names = { mp3: "MP3", aac: "AAC", adts: "AAC", opus: "Opus", vorbis: "Vorbis", flac: "FLAC", h264: "H.264", hevc: "H.265", ac3: "AC-3", eac3: "E-AC-3", mp2: "MP2" };
const containers = { mpegts: "MPEG-TS", fmp4: "fragmented MP4", ogg: "Ogg", adts: null, mp3: null, "mpeg-audio": null };
const channelNames = { 1: "mono", 2: "stereo", 6: "5.1" };

/** A source in one line: MP3 · 128 kbit/s · 44.1 kHz stereo */
export function describeSource(source, status) {
  const codecs = source?.codecs?.length ? source.codecs.map((one) => names[one] ?? one.toUpperCase()).join(", ") : codecName(status?.codec);
  const bits = source?.bitsPerSecond ?? status?.bitsPerSecond;
  const height = source?.height ?? status?.height;
  const container = source?.container && source.container in containers ? containers[source.container] : source?.container;
  const sound = [source?.sampleRate ? `${source.sampleRate / 1000} kHz` : null,
    source?.channels ? channelNames[source.channels] ?? `${source.channels} channels` : null].filter(Boolean).join(" ");
  return [codecs, container, bits ? rate(bits) : null,
    height ? (source?.width ? `${source.width} × ${height}` : `${height} lines`) : null,
    source?.framesPerSecond ? `${Math.round(source.framesPerSecond * 100) / 100} frames/s` : null, sound || null,
  ].filter(Boolean).join(" · ");
}
