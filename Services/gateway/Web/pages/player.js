// One player for the whole page; it goes on while other pages are opened. Seeking asks the gateway
// for ranges of the file.

import { h, icon, toast } from "./dom.js";
import { dayAndTime, position } from "./format.js";
import { streamName } from "./store.js";

const box = document.getElementById("player");
const audio = new Audio();
audio.preload = "metadata";
let isSeeking = false;

const toggle = h("button", { class: "button round primary", type: "button", onclick: flip }, icon("play"));
const seek = h("input", { type: "range", min: 0, max: 1000, value: 0, step: 1, "aria-label": "Position" });
const title = h("b", {});
const about = h("span", { class: "muted small" });
const time = h("span", { class: "muted small mono" });
const speed = h("select", { "aria-label": "Speed" },
  [0.75, 1, 1.25, 1.5, 2].map((value) => h("option", { value, selected: value === 1 }, `${value}×`)));
const back = h("button", { class: "button quiet", type: "button", "aria-label": "Back 15 seconds", onclick: () => { audio.currentTime -= 15; } }, "−15");
const ahead = h("button", { class: "button quiet", type: "button", "aria-label": "Ahead 30 seconds", onclick: () => { audio.currentTime += 30; } }, "+30");
const close = h("button", { class: "button quiet icon-only", type: "button", "aria-label": "Close the player", onclick: end }, icon("close"));

box.append(toggle, h("div", { class: "player-text" }, title, about), back,
  h("div", { class: "player-seek" }, seek, time), ahead, speed, close);

export function play(item) {
  title.textContent = item.title;
  about.textContent = `${streamName(item.stream)} · ${dayAndTime(item.start)}`;
  audio.src = `/api/v1/recordings/${item.id}/file`;
  audio.playbackRate = Number(speed.value);
  box.hidden = false;
  document.body.classList.add("playing");
  // The file's own length, until the browser has worked it out.
  show(0, item.file.durationUs / 1e6);
  audio.play().catch(() => { /* shown as paused; the person presses play */ });
}

function flip() { audio.paused ? audio.play() : audio.pause(); }

function end() {
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  box.hidden = true;
  document.body.classList.remove("playing");
}

function show(at, whole) {
  time.textContent = `${position(at)} / ${position(whole || 0)}`;
  if (!isSeeking) seek.value = whole ? (at / whole) * 1000 : 0;
  seek.setAttribute("aria-valuetext", time.textContent);
}

function showState() {
  toggle.replaceChildren(icon(audio.paused ? "play" : "pause"));
  toggle.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
}

audio.addEventListener("timeupdate", () => {
  if (Number.isFinite(audio.duration)) show(audio.currentTime, audio.duration);
});
for (const name of ["play", "pause", "ended", "emptied"]) audio.addEventListener(name, showState);
audio.addEventListener("error", () => {
  if (audio.getAttribute("src")) toast("This file cannot be played here; download it instead.", "bad");
});
seek.addEventListener("input", () => { isSeeking = true; });
seek.addEventListener("change", () => {
  if (Number.isFinite(audio.duration)) audio.currentTime = (seek.value / 1000) * audio.duration;
  isSeeking = false;
});
speed.addEventListener("change", () => { audio.playbackRate = Number(speed.value); });
showState();
