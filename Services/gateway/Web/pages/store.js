// What this page knows: everything is asked for once, then kept up to date by live events. Podcasts
// can be tens of thousands and are asked for by their own page.

import { api } from "./api.js";

export const store = {
  me: null,
  streams: new Map(),
  schedules: new Map(),
  recordings: new Map(),
  destinations: new Map(),
  deliveries: new Map(),
  conversions: new Map(),
  alerts: new Map(),
  nodes: new Map(),
  holidays: new Map(),
  /** What is locked of each stream's tape, for those that were asked for. */
  locks: new Map(),
  /** Of deliveries, conversions and episodes under way. */
  progress: new Map(),
  /** Counts of each state, beyond what is loaded. */
  counts: { deliveries: {}, conversions: {}, episodes: {}, feeds: { states: {}, archived: 0, archivedBytes: 0 } },
  mail: { recipients: [] },
  feeder: null,
  publicKey: null,
  /** The delivery service can take secrets. */
  takesSecrets: false,
  isLoaded: false,
  isLive: false,
};

const listeners = new Set();
const topics = new Map();
let isScheduled = false;

export function onChange(listener) { listeners.add(listener); }
export function offChange(listener) { listeners.delete(listener); }

/** Calls a page for each event of a topic, with what it is about. */
export function onEvent(topic, listener) { topics.set(topic, [...(topics.get(topic) ?? []), listener]); }

/** Has the page drawn anew at the next frame. */
export function changed() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    for (const listener of listeners) listener();
  });
}

const byId = (list) => new Map(list.map((item) => [item.id, item]));

export async function load() {
  const [me, streams, schedules, coming, past, destinations, deliveries, conversions, open, gone, mail, nodes, holidays] =
    await Promise.all([
      api.get("session"), api.get("streams"), api.get("schedules"),
      api.get("recordings?state=planned,assigned,recording,finishing&order=oldest&limit=1000"),
      api.get("recordings?state=committed,missed,cancelled&limit=300"),
      api.get("destinations"), api.get("deliveries?limit=300"), api.get("conversions?limit=300"),
      api.get("alerts?state=open&limit=300"), api.get("alerts?state=past&limit=100"), api.get("mail"), api.get("nodes"), api.get("holidays"),
    ]);
  store.me = me;
  store.streams = byId(streams.streams);
  store.schedules = byId(schedules.schedules);
  store.recordings = byId([...coming.recordings, ...past.recordings]);
  store.destinations = byId(destinations.destinations);
  store.publicKey = destinations.publicKey ?? null;
  store.deliveries = byId(deliveries.deliveries);
  store.conversions = byId(conversions.conversions);
  store.alerts = byId([...open.alerts, ...gone.alerts]);
  store.mail = mail;
  store.nodes = new Map(nodes.nodes.map((node) => [node.heartbeat.node, node]));
  store.holidays = byId(holidays.holidays);
  store.locks.clear();
  store.isLoaded = true;
  changed();
  await count();
}

/** Counts are asked for again at most every few seconds, however many events there are. */
async function count() {
  const status = await api.get("status");
  const { deliveries, conversions, episodes, feeds } = status;
  store.counts = { deliveries, conversions, episodes, feeds };
  changed();
}

let counting = null;

function countSoon() {
  counting ??= setTimeout(async () => {
    counting = null;
    try { await count(); } catch { /* the next event tries again */ }
  }, 3000);
}

const kinds = {
  stream: "streams", schedule: "schedules", recording: "recordings", destination: "destinations",
  delivery: "deliveries", conversion: "conversions", alert: "alerts",
  holidays: "holidays",
};
const counted = new Set(["delivery", "conversion", "episode", "feed"]);

/** What else is told: topic → what to do with it. */
const others = {
  node: (node) => store.nodes.set(node.heartbeat.node, node),
  identity: (identity) => { store.publicKey = identity.publicKey; },
  locks: (change) => store.locks.set(change.stream, change.locks),
  mail: (mail) => { store.mail = mail; },
  feeder: (summary) => { store.feeder = summary; },
  progress: (item) => store.progress.set(item.delivery, item),
  "conversion-progress": (item) => store.progress.set(item.id, item),
  "episode-progress": (item) => store.progress.set(item.episode, item),
  feed: () => {},
  episode: () => {},
};

/** Listens for changes. After each new connection everything is asked for again, because what was
 *  said in between was not heard. */
export function listen() {
  const source = new EventSource("/api/v1/events");
  const hear = (topic, apply) => source.addEventListener(topic, (event) => {
    const item = JSON.parse(event.data);
    apply(item);
    for (const listener of topics.get(topic) ?? []) listener(item);
    if (counted.has(topic)) countSoon();
    changed();
  });
  source.addEventListener("hello", async () => {
    await reload();
    setLive(true);
  });
  source.addEventListener("reload", reload);
  for (const [topic, name] of Object.entries(kinds)) {
    hear(topic, (item) => {
      if (item.removed) store[name].delete(item.id);
      else store[name].set(item.id, item);
    });
  }
  for (const [topic, apply] of Object.entries(others)) hear(topic, apply);
  source.addEventListener("error", () => {
    setLive(false);
    // A session that has ended is answered 401, and the browser gives up on the source.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

async function reload() {
  try {
    await load();
    for (const listener of topics.get("reload") ?? []) listener();
  } catch { /* the next connection tries again */ }
}

function setLive(isLive) {
  store.isLive = isLive;
  changed();
}

/** The locks of a stream; those that are not known yet are asked for. */
export function locksOf(stream) {
  if (!store.locks.has(stream)) {
    store.locks.set(stream, []);
    api.get(`streams/${stream}/locks`).then((answer) => {
      store.locks.set(stream, answer.locks);
      if (answer.locks.length) changed();
    }, () => store.locks.delete(stream));
  }
  return store.locks.get(stream);
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
export const placeName = (id) => store.destinations.get(id)?.name ?? id;
export const openAlerts = () => [...store.alerts.values()].filter((item) => !item.endedAt);
export const deliveriesOf = (work) =>
  [...store.deliveries.values()].filter((item) => item.recording === work);
