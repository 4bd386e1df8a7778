// Captions in SubRip, shown by the browser's own player.

import { api } from "./api.js";

const track = new WeakMap();

/** Shows the captions at an address of the interface under a video; null takes them away. */
export async function captionsOf(video, path) {
  const shown = track.get(video) ?? video.addTextTrack("captions", "Captions");
  track.set(video, shown);
  shown.mode = path ? "showing" : "disabled";
  // Cues can only be taken out while the track is not disabled.
  if (!path) shown.mode = "hidden";
  for (const cue of [...(shown.cues ?? [])]) shown.removeCue(cue);
  if (!path) {
    shown.mode = "disabled";
    return;
  }
  for (const cue of cues(await api.text(path))) shown.addCue(new VTTCue(cue.start, cue.end, cue.text));
}

/** Number, times, lines, empty line; what is not of that form is passed over. */
export function cues(text) {
  const found = [];
  for (const block of text.replaceAll("\r", "").split(/\n\n+/)) {
    const times = block.match(/(\d+):(\d\d):(\d\d)[,.](\d{3}) --> (\d+):(\d\d):(\d\d)[,.](\d{3})[^\n]*\n([^]*)/);
    if (!times) continue;
    const [start, end] = [seconds(times.slice(1, 5)), seconds(times.slice(5, 9))];
    if (end > start) found.push({ start, end, text: times[9].trim() });
  }
  return found;
}

const seconds = ([hours, minutes, whole, milli]) => hours * 3600 + minutes * 60 + Number(whole) + milli / 1000;
