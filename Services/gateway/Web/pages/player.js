// One player for the whole page; it goes on while other pages are opened. It plays finished files,
// what a stream sends right now, and any stretch of a stream's tape. A picture is shown where there
// is one.

import { captionsOf } from "./captions.js";
import { h, icon, toast } from "./dom.js";
import { clockSeconds, dayAndTime, position } from "./format.js";
import { play as playHLS } from "./hls.js";
import { playerLog } from "./playerlog.js";
import { streamName } from "./store.js";

const box = document.getElementById("player");
const media = h("video", { playsinline: true, preload: "metadata", class: "player-picture", "aria-label": "Picture" });
let isSeeking = false;
/** What plays: { title, kind: "file" | "live" | "tape", stream?, start? (ms), seconds?, titles?, picture? }.
 *  `titles` says where titles are and how they lie in it: { stream, from, to, position(ms) → seconds }. */
let playing = null;
let session = null;
const listeners = new Set();

const toggle = h("button", { class: "button round primary", type: "button", id: "player-toggle", onclick: flip }, icon("play"));
const seek = h("input", { type: "range", min: 0, max: 1000, value: 0, step: 1, "aria-label": "Position" });
const title = h("b", {});
const about = h("span", { class: "muted small" });
const time = h("span", { class: "muted small mono" });
const speed = h("select", { "aria-label": "Speed" },
  [0.75, 1, 1.25, 1.5, 2].map((value) => h("option", { value, selected: value === 1 }, `${value}×`)));
const jump = (label, seconds, text) => h("button", {
  class: "button quiet", type: "button", "aria-label": label, onclick: () => goTo(heardAt() + seconds),
}, text);
const back = jump("Back 15 seconds", -15, "−15");
const ahead = jump("Ahead 30 seconds", 30, "+30");
const whole = h("button", {
  class: "button quiet icon-only", type: "button", "aria-label": "Whole screen",
  onclick: () => media.requestFullscreen?.(),
}, icon("screen"));
const close = h("button", { class: "button quiet icon-only", type: "button", "aria-label": "Close the player", onclick: stop }, icon("close"));
const wave = h("img", { class: "player-wave", alt: "", hidden: true, onerror: () => { wave.hidden = true; } });
const log = playerLog((seconds) => {
  goTo(seconds);
  media.play().catch(() => { /* paused; the person presses play */ });
});

box.append(media, log.element, h("div", { class: "player-bar" }, toggle, h("div", { class: "player-text" }, title, about), back,
  h("div", { class: "player-seek" }, h("div", { class: "player-track" }, wave, seek), time), ahead, speed, log.toggle, whole, close));

/** Calls whoever draws where the player is; at each step and when it starts or ends. */
export function onPlayer(listener) { listeners.add(listener); }

/** What plays, and of a stream the time of day that is heard (ms; null before it is known). */
export const nowPlaying = () => playing && { ...playing, time: session?.time()?.getTime() ?? null };

/** Seconds from the beginning: of a file, or of the stretch of a tape, holes included. */
function heardAt() {
  if (playing?.kind !== "tape") return media.currentTime;
  const time = session?.time();
  return time ? (time.getTime() - playing.start) / 1000 : 0;
}

function goTo(seconds) {
  const at = Math.max(0, Math.min(seconds, wholeLength() || seconds));
  if (playing?.kind === "tape") session?.seek(new Date(playing.start + at * 1000));
  else media.currentTime = at;
}

/** A finished file: { title, about, src, seconds, captions? } */
export function playFile({ title: name, about: text, src, seconds, captions, titles, picture }) {
  begin({ title: name, kind: "file", seconds, titles, picture }, text);
  media.src = src;
  if (captions) captionsOf(media, captions);
  media.play().catch(() => { /* shown as paused; the person presses play */ });
}

/** A recording as the store has it. */
export const play = (item) => playFile({
  title: item.title, about: `${streamName(item.stream)} · ${dayAndTime(item.start)}`,
  src: `/api/v1/recordings/${item.id}/file`, seconds: item.file.durationUs / 1e6, picture: waveOf(item),
  titles: { stream: item.stream, from: Date.parse(item.paddedStart), to: Date.parse(item.paddedEnd), position: (at) => secondsInto(item, at) },
});

function waveOf(item) {
  const file = item.file.companions?.find((one) => one.kind === "waveform");
  return file ? `/api/v1/recordings/${item.id}/companions/${encodeURIComponent(file.name)}` : undefined;
}

/** Where in the file an instant is: what was missing before it is not in the file. */
function secondsInto(item, at) {
  const lost = item.file.gaps.reduce((sum, gap) => sum + Math.max(0, Math.min(at, Date.parse(gap.end)) - Date.parse(gap.start)), 0);
  return Math.max(0, at - Date.parse(item.paddedStart) - lost) / 1000;
}

/** What a stream sends now. */
export const playLive = (stream) => playStream({ title: streamName(stream), kind: "live", stream }, "live", { stream, live: true });

/** A stretch of a stream's tape; `from` in milliseconds since 1970. */
export const playTape = (stream, from, seconds) => playStream(
  {
    title: streamName(stream), kind: "tape", stream, start: from, seconds,
    titles: { stream, from, to: from + seconds * 1000, position: (at) => Math.max(0, at - from) / 1000 },
  },
  `from ${dayAndTime(from).replace(/\S+$/, clockSeconds(new Date(from)))}`,
  { stream, start: new Date(from), duration: Math.max(1, Math.round(seconds)) });

function playStream(what, text, source) {
  begin(what, text);
  session = playHLS(media, { ...source, onstate: (state, reason) => {
    if (playing !== what) return;
    if (state === "failed") {
      stop();
      toast(reason || "This cannot be played here.", "bad");
    } else if (reason) about.textContent = reason;
    else about.textContent = text;
  } });
}

function begin(what, text) {
  release();
  playing = what;
  title.textContent = what.title;
  about.textContent = text;
  media.playbackRate = Number(speed.value);
  box.hidden = false;
  const isLive = what.kind === "live";
  for (const control of [seek, back, ahead, speed]) control.hidden = isLive;
  wave.hidden = !what.picture;
  box.classList.toggle("waved", Boolean(what.picture));
  if (what.picture) wave.src = what.picture;
  log.load(what.titles);
  box.classList.toggle("live", isLive);
  document.body.classList.add("playing");
  // The file's own length, until the browser has worked it out.
  show(0, what.seconds);
  showState();
}

function flip() { media.paused ? media.play() : media.pause(); }

function release() {
  session?.stop();
  session = null;
  playing = null;
  media.pause();
  captionsOf(media, null);
  if (media.getAttribute("src")) {
    media.removeAttribute("src");
    media.load();
  }
}

export function stop() {
  release();
  log.load(null);
  box.hidden = true;
  document.body.classList.remove("playing");
  showState();
}

const wholeLength = () => (playing?.kind === "file" && Number.isFinite(media.duration) ? media.duration : playing?.seconds ?? 0);

function show(at, length) {
  time.textContent = playing?.kind === "live" ? position(at) : `${position(at)} / ${position(length || 0)}`;
  if (!isSeeking) seek.value = length ? (at / length) * 1000 : 0;
  seek.setAttribute("aria-valuetext", time.textContent);
}

function showState() {
  toggle.replaceChildren(icon(media.paused ? "play" : "pause"));
  toggle.setAttribute("aria-label", media.paused ? "Play" : "Pause");
  const hasPicture = media.videoHeight > 0 && playing !== null;
  box.classList.toggle("picture", hasPicture);
  document.body.classList.toggle("picture", hasPicture);
  tell();
}

function tell() { for (const listener of listeners) listener(); }

media.addEventListener("timeupdate", () => {
  if (!playing) return;
  show(heardAt(), wholeLength());
  log.show(heardAt());
  tell();
});
for (const name of ["play", "pause", "ended", "emptied", "loadedmetadata", "resize"]) media.addEventListener(name, showState);
media.addEventListener("error", () => {
  if (media.getAttribute("src") && playing?.kind === "file") toast("This file cannot be played here; download it instead.", "bad");
});
seek.addEventListener("input", () => { isSeeking = true; });
seek.addEventListener("change", () => {
  const length = wholeLength();
  if (length) goTo((seek.value / 1000) * length);
  isSeeking = false;
});
speed.addEventListener("change", () => { media.playbackRate = Number(speed.value); });
showState();
