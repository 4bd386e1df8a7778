// One place for what a state is called and how it looks.

import { chip } from "./dom.js";

const recording = {
  planned: ["planned", ""], assigned: ["ready", "info"], recording: ["on air", "live"],
  finishing: ["finishing", "busy"], committed: ["recorded", "good"], missed: ["missed", "bad"],
  cancelled: ["cancelled", "off"],
};

const capture = {
  idle: ["idle", "off"], connecting: ["connecting", "busy"], capturing: ["capturing", "live"],
  stalled: ["stalled", "warn"], waiting: ["waiting", "warn"], blocked: ["cannot write", "bad"],
};

const delivery = {
  queued: ["queued", ""], sending: ["sending", "busy"], verifying: ["checking", "busy"],
  delivered: ["delivered", "good"], waiting: ["will try again", "warn"], dead: ["failed", "bad"],
  discarded: ["given up", "off"],
};

const conversion = {
  growing: ["growing", "info"], queued: ["queued", ""], converting: ["converting", "busy"],
  verifying: ["checking", "busy"], converted: ["converted", "good"], failed: ["failed", "bad"],
  vanished: ["gone", "off"],
};

const feed = {
  new: ["new", "info"], ok: ["fine", "good"], failing: ["failing", "warn"], broken: ["out of reach", "bad"],
  gone: ["ended", "off"], disabled: ["off", "off"],
};

const episode = {
  listed: ["not wanted", "off"], queued: ["queued", ""], downloading: ["downloading", "busy"],
  validating: ["checking", "busy"], archived: ["archived", "good"], waiting: ["will try again", "warn"],
  failed: ["failed", "bad"],
};

const mail = {
  off: ["not mailed", "off"], queued: ["mail queued", ""], sent: ["mailed", "good"],
  waiting: ["mail will be tried again", "warn"], dead: ["mail failed", "bad"],
};

const node = { running: ["running", "good"], paused: ["paused", "warn"], draining: ["draining", "warn"] };

const of = (table) => (state) => chip(...(table[state] ?? [state, ""]));

export const recordingChip = of(recording);
export const captureChip = of(capture);
export const deliveryChip = of(delivery);
export const conversionChip = of(conversion);
export const feedChip = of(feed);
export const episodeChip = of(episode);
export const mailChip = of(mail);
export const nodeChip = (item) => item.isAlive ? of(node)(item.heartbeat.state) : chip("silent", "bad");

export const feedStates = Object.fromEntries(Object.entries(feed).map(([key, [text]]) => [key, text]));

/** Why something is missing, in words, and which of the colours of the timeline tells it. */
const causes = {
  "source-unreachable": ["the source could not be reached", "source"],
  "source-refused": ["the source refused", "source"],
  "source-closed": ["the source closed the connection", "source"],
  "source-stalled": ["the source was connected, but nothing came", "source"],
  "source-garbled": ["what the source sent was not sound", "source"],
  "source-expired": ["the source no longer offered it when it was back", "source"],
  "source-gap": ["the source itself had nothing", "source"],
  "disk-full": ["the disk was full", "disk"],
  "disk-fault": ["the folder could not be written", "disk"],
  "recorder-down": ["the recorder was not running", "recorder"],
  "planned-late": ["nothing was to be recorded yet", "recorder"],
  "tape-damaged": ["the tape is damaged or gone", "disk"],
  "clock-set": ["the clock was set forward; no time passed", "recorder"],
  paused: ["the recorder was paused", "recorder"],
  "not-kept": ["it was captured, and is older or more than is kept", "kept"],
  overload: ["the machine was overloaded", "recorder"],
  unknown: ["nothing tells why", "unknown"],
};

export const causeText = (cause) => causes[cause]?.[0] ?? cause.replaceAll("-", " ");
export const causeKind = (cause) => causes[cause]?.[1] ?? "source";
