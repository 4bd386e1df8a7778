// What this page knows: everything is asked for once, then kept up to date by live events.

import { api } from "./api.js";

export const store = {
  me: null,
  streams: new Map(),
  schedules: new Map(),
  recordings: new Map(),
  destinations: new Map(),
  deliveries: new Map(),
  nodes: new Map(),
  /** Bytes sent of deliveries under way. */
  progress: new Map(),
  publicKey: null,
  isLoaded: false,
  isLive: false,
};

const listeners = new Set();
let isScheduled = false;

export function onChange(listener) { listeners.add(listener); }

function changed() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    for (const listener of listeners) listener();
  });
}

const byId = (list) => new Map(list.map((item) => [item.id, item]));

export async function load() {
  const [me, streams, schedules, coming, past, destinations, deliveries, nodes] = await Promise.all([
    api.get("session"), api.get("streams"), api.get("schedules"),
    api.get("recordings?state=planned,assigned,recording,finishing&order=oldest&limit=1000"),
    api.get("recordings?state=committed,missed,cancelled&limit=300"),
    api.get("destinations"), api.get("deliveries?limit=300"), api.get("nodes"),
  ]);
  store.me = me;
  store.streams = byId(streams.streams);
  store.schedules = byId(schedules.schedules);
  store.recordings = byId([...coming.recordings, ...past.recordings]);
  store.destinations = byId(destinations.destinations);
  store.publicKey = destinations.publicKey ?? null;
  store.deliveries = byId(deliveries.deliveries);
  store.nodes = new Map(nodes.nodes.map((node) => [node.heartbeat.node, node]));
  store.isLoaded = true;
  changed();
}

const kinds = {
  stream: "streams", schedule: "schedules", recording: "recordings",
  destination: "destinations", delivery: "deliveries",
};

/** Listens for changes. After each new connection everything is asked for again, because what was
 *  said in between was not heard. */
export function listen() {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("hello", async () => {
    await reload();
    setLive(true);
  });
  source.addEventListener("reload", reload);
  for (const [topic, name] of Object.entries(kinds)) {
    source.addEventListener(topic, (event) => {
      const item = JSON.parse(event.data);
      if (item.removed) store[name].delete(item.id);
      else store[name].set(item.id, item);
      changed();
    });
  }
  source.addEventListener("node", (event) => {
    const node = JSON.parse(event.data);
    store.nodes.set(node.heartbeat.node, node);
    changed();
  });
  source.addEventListener("identity", (event) => {
    store.publicKey = JSON.parse(event.data).publicKey;
    changed();
  });
  source.addEventListener("progress", (event) => {
    const progress = JSON.parse(event.data);
    store.progress.set(progress.delivery, progress);
    changed();
  });
  source.addEventListener("error", () => {
    setLive(false);
    // A session that has ended is answered 401, and the browser gives up on the source.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

async function reload() {
  try { await load(); } catch { /* the next connection tries again */ }
}

function setLive(isLive) {
  store.isLive = isLive;
  changed();
}

// What several pages ask of the store.

const running = new Set(["recording", "finishing"]);
const coming = new Set(["planned", "assigned"]);
const byStart = (a, b) => a.start.localeCompare(b.start);

export const onAir = () =>
  [...store.recordings.values()].filter((item) => running.has(item.state)).sort(byStart);
export const upNext = () =>
  [...store.recordings.values()].filter((item) => coming.has(item.state)).sort(byStart);
export const done = () =>
  [...store.recordings.values()].filter((item) => !running.has(item.state) && !coming.has(item.state))
    .sort((a, b) => byStart(b, a));
export const streamName = (id) => store.streams.get(id)?.name ?? id;
export const deliveriesOf = (recording) =>
  [...store.deliveries.values()].filter((item) => item.recording === recording);
