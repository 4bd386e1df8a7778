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

const node = { running: ["running", "good"], paused: ["paused", "warn"], draining: ["draining", "warn"] };

const of = (table) => (state) => chip(...(table[state] ?? [state, ""]));

export const recordingChip = of(recording);
export const captureChip = of(capture);
export const deliveryChip = of(delivery);
export const nodeChip = (item) => item.isAlive ? of(node)(item.heartbeat.state) : chip("silent", "bad");
