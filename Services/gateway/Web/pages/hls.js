// Plays a stream's tape: live, or from any moment of the past.
//
//   import { play } from "./hls.js";
//   const player = play(element, { stream: "radio", live: true });
//   const player = play(element, { stream: "radio", start: new Date(…), duration: 3600 });
//   player.stop();
//
// `element` is an <audio> or a <video>; its own controls work. `start` is a Date or Unix seconds,
// `duration` seconds; a span that still runs goes on growing. Further options: `window`, how many
// seconds one can go back in live (60), and `onstate(state, text)`, which is called with "loading",
// "playing", "waiting" (nothing comes, it tries again), "ended" or "failed" and a sentence.
//
// The player tells where it is in time: `player.time()` is a Date, or null before anything plays;
// `player.seek(date)` goes there, over holes to what comes next. `player.mode` is "native" or "mse".
// `stop()` frees everything and leaves the element empty. Starting another on the same element ends
// the one before it.
//
// Where the browser plays HLS by itself it does; the rest is done here by Media Source with
// fragmented MP4. Holes are passed over; what was lost on the way is asked for again.

const RETRY_MS = [500, 1000, 2000, 4000];
// How much is fetched ahead of what plays, and kept behind it, in seconds.
const AHEAD = 30, BEHIND = 30;
// Where live begins, in seconds before the end.
const LIVE_DISTANCE = 12;
const players = new WeakMap();

export function play(element, options) {
  players.get(element)?.stop();
  const player = new Player(element, options);
  players.set(element, player);
  player.begin();
  return player;
}

/** The address of the playlist; `format` is "ts" or "fmp4". */
export function playlistAddress({ stream, start, duration, window: back }, format) {
  if (start === undefined) return `/live/${stream}/stream.m3u8?format=${format}&window=${back ?? 60}`;
  const from = Math.round(start instanceof Date ? start.getTime() : start * 1000);
  return `/live/${stream}/start/${from}/${Math.ceil(duration)}/vod.m3u8?format=${format}`;
}

class Player {
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.mode = null;
    this.engine = null;
    this.stopped = false;
    this.listeners = new AbortController();
  }

  begin() {
    this.tell("loading", "");
    const playsNatively = this.element.canPlayType("application/vnd.apple.mpegurl") !== "";
    if (playsNatively && !this.options.forceMediaSource) this.beginNative();
    else this.beginMediaSource();
    const on = (name, act) => this.element.addEventListener(name, act, { signal: this.listeners.signal });
    on("playing", () => this.tell("playing", ""));
    on("waiting", () => this.tell("waiting", "Waiting for the stream."));
    on("ended", () => this.tell("ended", ""));
  }

  beginNative() {
    this.mode = "native";
    this.engine = new NativeEngine(this);
    this.engine.begin();
  }

  beginMediaSource() {
    if (!window.MediaSource) return this.fail("This browser can play neither HLS nor Media Source.");
    this.mode = "mse";
    this.engine = new MediaSourceEngine(this);
    this.engine.begin();
  }

  fail(text) {
    if (this.stopped) return;
    this.engine?.end();
    this.tell("failed", text);
  }

  tell(state, text) { if (!this.stopped) this.options.onstate?.(state, text); }

  time() { return this.engine?.time() ?? null; }

  seek(date) { this.engine?.seek(date); }

  stop() {
    if (this.stopped) return;
    this.stopped = true;
    this.listeners.abort();
    this.engine?.end();
    this.element.pause();
    this.element.removeAttribute("src");
    this.element.load();
    players.delete(this.element);
  }
}

// The browser does all; a browser that only said that it can is found out.
class NativeEngine {
  constructor(player) {
    this.player = player;
    this.element = player.element;
    this.address = playlistAddress(player.options, "ts");
    this.listeners = new AbortController();
    this.hasPlayed = false;
    this.tries = 0;
    this.timer = 0;
    this.startTime = null;
  }

  begin() {
    const on = (name, act) => this.element.addEventListener(name, act, { signal: this.listeners.signal });
    on("loadedmetadata", () => { this.hasPlayed = true; });
    on("timeupdate", () => { if (this.element.currentTime > 0) this.tries = 0; });
    on("error", () => this.recover());
    this.element.src = this.address;
    this.element.play().catch(() => { /* the person presses play */ });
    this.readStart();
  }

  // An error before anything was known of the media, though the gateway answers: the browser cannot do
  // it. Else the gateway may have been away.
  async recover() {
    if (!this.hasPlayed) {
      const answer = await fetch(this.address, { signal: this.listeners.signal }).catch(() => null);
      if (this.listeners.signal.aborted) return;
      if (answer?.ok) {
        this.end();
        this.player.beginMediaSource();
        return;
      }
      if (answer && answer.status < 500) {
        return this.player.fail((await answer.json().catch(() => null))?.error?.message ?? `It was answered ${answer.status}.`);
      }
    }
    if (this.tries >= 30) return this.player.fail("The stream cannot be reached any more.");
    const at = this.player.options.start === undefined ? null : this.element.currentTime;
    this.player.tell("waiting", "The connection was lost; trying again.");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.element.src = this.address;
      if (at !== null) this.element.currentTime = at;
      this.element.play().catch(() => { /* as above */ });
    }, RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
  }

  // When the first entry of a span begins; in a live playlist the browser knows, where it tells.
  async readStart() {
    if (this.player.options.start === undefined) return;
    try {
      const answer = await fetch(this.address, { signal: this.listeners.signal });
      if (answer.ok) this.list = new Playlist(await answer.text(), this.address);
    } catch { /* the time is not shown then */ }
  }

  time() {
    const started = this.element.getStartDate?.();
    if (started && !Number.isNaN(started.getTime())) return new Date(started.getTime() + this.element.currentTime * 1000);
    return this.list?.dateAt(this.element.currentTime) ?? null;
  }

  seek(date) {
    const position = this.list?.positionOf(date);
    if (position !== undefined && position !== null) this.element.currentTime = position;
  }

  end() {
    clearTimeout(this.timer);
    this.listeners.abort();
  }
}

// A playlist, as far as a player needs it. `position` of an entry is the sum of what lies before it.
export class Playlist {
  constructor(text, address) {
    this.entries = [];
    this.isComplete = false;
    this.target = 6;
    let number = 0, run = 0, map = null, date = null, duration = null, isGap = false;
    for (const line of text.split("\n").map((line) => line.trim())) {
      const value = line.slice(line.indexOf(":") + 1);
      if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) number = Number(value);
      else if (line.startsWith("#EXT-X-DISCONTINUITY-SEQUENCE:")) run = Number(value);
      else if (line.startsWith("#EXT-X-TARGETDURATION:")) this.target = Number(value);
      else if (line === "#EXT-X-DISCONTINUITY") run += 1;
      else if (line === "#EXT-X-ENDLIST") this.isComplete = true;
      else if (line === "#EXT-X-GAP") isGap = true;
      else if (line.startsWith("#EXT-X-MAP:")) map = /URI="([^"]*)"/.exec(line)?.[1] ?? null;
      else if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) date = Date.parse(value);
      else if (line.startsWith("#EXTINF:")) duration = parseFloat(value);
      else if (line && !line.startsWith("#") && duration !== null) {
        this.entries.push({ number, run, map, date, duration, isGap, address: new URL(line, new URL(address, location.href)).href });
        number += 1;
        duration = null;
        isGap = false;
      }
    }
  }

  dateAt(position) {
    let before = 0;
    for (const entry of this.entries) {
      if (position < before + entry.duration) return new Date(entry.date + (position - before) * 1000);
      before += entry.duration;
    }
    const last = this.entries.at(-1);
    return last ? new Date(last.date + last.duration * 1000) : null;
  }

  positionOf(date) {
    let before = 0;
    for (const entry of this.entries) {
      const offset = (date.getTime() - entry.date) / 1000;
      if (offset < entry.duration) return before + Math.max(0, offset);
      before += entry.duration;
    }
    return this.entries.length ? before : null;
  }
}

// Appends segments in order to a Media Source. Its line of time is the sum of what was captured:
// holes take no time in it, and `date` of each entry tells the time of the day.
class MediaSourceEngine {
  constructor(player) {
    this.player = player;
    this.element = player.element;
    this.address = playlistAddress(player.options, "fmp4");
    this.isLive = player.options.start === undefined;
    this.abort = new AbortController();
    this.known = new Map();
    this.entries = [];
    this.origin = null;
    this.next = null;
    this.isComplete = false;
    this.map = null;
    this.run = null;
    this.appended = null;
    this.problem = null;
    this.buffer = null;
    this.url = null;
  }

  begin() {
    this.source = new MediaSource();
    this.url = URL.createObjectURL(this.source);
    this.source.addEventListener("sourceopen", () => this.work(), { once: true });
    this.element.addEventListener("seeking", () => this.jump(), { signal: this.abort.signal });
    this.element.addEventListener("error", () => {
      if (!this.abort.signal.aborted) this.player.fail(this.element.error?.message || "This stream cannot be played here.");
    }, { signal: this.abort.signal });
    this.element.src = this.url;
    this.element.play().catch(() => { /* the person presses play */ });
  }

  end() {
    this.abort.abort();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
  }

  async work() {
    try {
      await this.reload();
      if (this.isLive) await this.waitForEntries();
      this.place();
      while (!this.abort.signal.aborted) await this.step();
    } catch (error) {
      if (!this.abort.signal.aborted) this.player.fail(error.message);
    }
  }

  // One thing at a time: a segment, a look at the playlist, or a rest.
  async step() {
    const position = this.element.currentTime;
    const entry = this.entries[this.next];
    if (this.startsLate(position)) return;
    if (entry && entry.position < position + AHEAD) {
      await this.append(entry);
      return;
    }
    if (this.isComplete && !entry) {
      if (!this.buffer) throw new Error(this.problem ?? "Nothing of this can be had.");
      if (this.source.readyState === "open" && this.buffer && !this.buffer.updating) this.source.endOfStream();
    } else if (!this.isComplete && performance.now() - this.readAt > this.target * 500) {
      await this.reload();
    }
    this.passHole();
    await this.free(position);
    await this.rest(200);
  }

  // Playing must begin where there is something: the first time, and behind a hole in the buffer.
  passHole() {
    const { buffered, currentTime } = this.element;
    for (let index = 0; index < buffered.length; index += 1) {
      const start = buffered.start(index);
      if (currentTime >= start && currentTime < buffered.end(index) - 0.05) return;
      // Only what is appended without a break: the player is between two ranges, not waiting.
      if (start > currentTime && start - currentTime < (this.element.seeking ? 30 : 2)) {
        this.element.currentTime = start + 0.01;
        return;
      }
    }
  }

  // Live that has fallen out of the window goes on at its end.
  startsLate(position) {
    if (!this.isLive || !this.entries.length || this.next === null) return false;
    const first = this.entries.find((entry) => !entry.isGone);
    if (!first || this.next >= this.entries.indexOf(first)) return false;
    this.next = this.liveIndex();
    this.element.currentTime = this.entries[this.next].position;
    return position !== this.element.currentTime;
  }

  liveIndex() {
    const last = this.entries.at(-1);
    const wanted = last.position + last.duration - LIVE_DISTANCE;
    const index = this.entries.findIndex((entry) => !entry.isGone && entry.position + entry.duration > wanted);
    return Math.max(0, index);
  }

  async waitForEntries() {
    while (!this.entries.length && !this.abort.signal.aborted) {
      await this.rest(1000);
      await this.reload();
    }
  }

  /** Where playing begins. */
  place() {
    if (this.isLive) {
      this.next = this.liveIndex();
    } else {
      const start = this.player.options.start;
      const wanted = start instanceof Date ? start.getTime() : start * 1000;
      this.next = Math.max(0, this.entries.findIndex((entry) => entry.date + entry.duration * 1000 > wanted));
      const entry = this.entries[this.next];
      this.placeAt = entry.position + Math.max(0, (wanted - entry.date) / 1000);
    }
    this.placeAt ??= this.entries[this.next].position;
    if (this.placeAt > 0) this.element.currentTime = this.placeAt;
  }

  /** The listener has moved: go on where that is, unless it is there already. */
  jump() {
    if (this.next === null) return;
    const position = this.element.currentTime;
    const index = this.entries.findIndex((entry) => !entry.isGone && entry.position + entry.duration > position + 0.01);
    if (index < 0) return;
    this.next = this.isBuffered(position) ? this.firstMissing(index) : index;
  }

  isBuffered(position) {
    const { buffered } = this.element;
    for (let index = 0; index < buffered.length; index += 1) {
      if (position >= buffered.start(index) && position < buffered.end(index)) return true;
    }
    return false;
  }

  firstMissing(index) {
    while (index < this.entries.length && this.isBuffered(this.entries[index].position + this.entries[index].duration / 2)) index += 1;
    return index;
  }

  async reload() {
    const text = await this.text(this.address);
    const apart = /#EXT-X-STREAM-INF:.*\n(.+)/.exec(text);
    if (apart) {
      this.address = new URL(apart[1], new URL(this.address, location.href)).href;
      this.player.tell("playing", "The sound of this stream is offered apart; this browser shows the picture alone.");
      return this.reload();
    }
    const list = new Playlist(text, this.address);
    this.readAt = performance.now();
    this.target = list.target;
    this.isComplete = list.isComplete;
    const present = new Set(list.entries.map((entry) => entry.number));
    for (const entry of this.entries) entry.isGone = !present.has(entry.number);
    for (const entry of list.entries) {
      if (this.known.has(entry.number) || entry.isGap) continue;
      const last = this.entries.at(-1);
      if (last && entry.number < last.number) continue;
      entry.position = last ? last.position + last.duration : 0;
      this.known.set(entry.number, entry);
      this.entries.push(entry);
    }
    if (this.source.readyState === "open" && this.entries.length) {
      const last = this.entries.at(-1);
      const end = last.position + last.duration;
      if (this.isLive) this.source.setLiveSeekableRange?.(this.entries.find((entry) => !entry.isGone).position, end);
      else if (this.buffer && !this.buffer.updating && !(this.source.duration >= end)) this.source.duration = end;
    }
  }

  async append(entry) {
    const media = await this.bytes(entry.address);
    if (this.abort.signal.aborted || this.entries[this.next] !== entry) return;
    this.next += 1;
    if (!media) return;
    if (entry.map !== this.map || !this.buffer) await this.useMap(entry.map);
    // What follows what was appended last goes on by its own times, so that nothing is torn by
    // rounding; everything else is put where it belongs.
    const follows = this.run === entry.run && this.appended !== null && Math.abs(this.appended - entry.position) < 0.001;
    const isDrifting = follows && Math.abs(this.endNear(entry.position) - entry.position) > 0.3;
    if (!follows || isDrifting) {
      await this.idle();
      this.buffer.abort();
      this.buffer.timestampOffset = entry.position;
    }
    await this.put(media);
    this.run = entry.run;
    this.appended = entry.position + entry.duration;
  }

  // Where the range that lies around a position ends.
  endNear(position) {
    const { buffered } = this.buffer;
    for (let index = 0; index < buffered.length; index += 1) {
      if (buffered.start(index) <= position && position <= buffered.end(index) + 5) return buffered.end(index);
    }
    return position;
  }

  async useMap(address) {
    const bytes = await this.bytes(address);
    if (!bytes) throw new Error(this.problem ?? "The beginning of this part is missing.");
    const head = readHead(bytes);
    this.map = address;
    this.appended = null;
    const type = `${head.hasVideo ? "video" : "audio"}/mp4; codecs="${head.codecs.join(",")}"`;
    if (!this.buffer) {
      if (!MediaSource.isTypeSupported(type)) throw new Error(`This browser cannot play ${type}.`);
      this.buffer = this.source.addSourceBuffer(type);
      // The media's own times begin anywhere; what counts is the order.
      this.buffer.mode = "sequence";
      if (!this.isLive) {
        const last = this.entries.at(-1);
        this.source.duration = last.position + last.duration;
      }
    } else if (type !== this.type && this.buffer.changeType) {
      await this.idle();
      this.buffer.changeType(type);
    }
    this.type = type;
    await this.put(bytes);
  }

  // Where the buffer is full, what was played goes first.
  async put(bytes) {
    for (let attempt = 0; ; attempt += 1) {
      await this.idle();
      try {
        this.buffer.appendBuffer(bytes);
        break;
      } catch (error) {
        if (error.name !== "QuotaExceededError" || attempt > 20) throw error;
        await this.free(this.element.currentTime, 5);
        await this.rest(500);
      }
    }
    await this.idle();
  }

  async free(position, keep = BEHIND) {
    const { buffered } = this.element;
    if (!this.buffer || !buffered.length || buffered.start(0) >= position - keep - 10) return;
    await this.idle();
    this.buffer.remove(0, position - keep);
    await this.idle();
  }

  async idle() {
    while (this.buffer?.updating) {
      await new Promise((resolve) => this.buffer.addEventListener("updateend", resolve, { once: true }));
    }
    if (this.abort.signal.aborted) throw new Error("stopped");
  }

  // Tries until it is there: a gateway that is started again is no reason to stop.
  async text(address) { return new TextDecoder().decode(await this.ask(address, true)); }

  /** null where the tape no longer has it. */
  async bytes(address) { return this.ask(address, false); }

  async ask(address, isNeeded) {
    for (let attempt = 0; ; attempt += 1) {
      let problem = "The gateway does not answer.";
      try {
        const answer = await fetch(address, { signal: this.abort.signal });
        if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
        problem = (await answer.json().catch(() => null))?.error?.message ?? `It was answered ${answer.status}.`;
        const isFinal = answer.status < 500 && answer.status !== 429;
        if (isFinal) this.problem = problem;
        if (isFinal && !isNeeded) return null;
        // Live that is not captured now may be again soon.
        if (isFinal && !(this.isLive && this.entries.length)) throw new Refusal(problem);
      } catch (error) {
        if (this.abort.signal.aborted || error instanceof Refusal) throw error;
      }
      if (attempt > 60) throw new Error(problem);
      if (attempt > 0) this.player.tell("waiting", problem);
      await this.rest(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]);
    }
  }

  rest(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.abort.signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
  }

  time() {
    const position = this.element.currentTime;
    const entry = this.entries.findLast((entry) => entry.position <= position + 0.001);
    return entry ? new Date(entry.date + Math.min(position - entry.position, entry.duration) * 1000) : null;
  }

  seek(date) {
    const entry = this.entries.find((entry) => !entry.isGone && entry.date + entry.duration * 1000 > date.getTime());
    if (entry) this.element.currentTime = entry.position + Math.max(0, (date.getTime() - entry.date) / 1000);
  }
}

class Refusal extends Error {}

// MP4 (ISO/IEC 14496-12), as far as it must be understood: which codecs there are.

function* boxes(bytes, from = 0, to = bytes.length) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = from; at + 8 <= to;) {
    const size = view.getUint32(at);
    if (size < 8) return;
    yield { name: String.fromCharCode(...bytes.subarray(at + 4, at + 8)), from: at + 8, to: Math.min(at + size, to) };
    at += size;
  }
}

function find(bytes, box, path) {
  let found = [box];
  for (const name of path) {
    found = found.flatMap((outer) => [...boxes(bytes, outer.from, outer.to)].filter((inner) => inner.name === name));
  }
  return found;
}

/** The codecs of an initialisation section as RFC 6381 names them. */
export function readHead(bytes) {
  const head = { codecs: [], hasVideo: false };
  for (const track of find(bytes, { from: 0, to: bytes.length }, ["moov", "trak"])) {
    const [stsd] = find(bytes, track, ["mdia", "minf", "stbl", "stsd"]);
    if (!stsd) continue;
    const [entry] = boxes(bytes, stsd.from + 8, stsd.to);
    if (!entry) continue;
    const isVideo = ["avc1", "avc3", "hvc1", "hev1", "av01", "vp09"].includes(entry.name);
    head.hasVideo ||= isVideo;
    const [details] = boxes(bytes, entry.from + (isVideo ? 78 : 28), entry.to);
    head.codecs.push(codec(bytes, entry, details));
  }
  return head;
}

function codec(bytes, entry, details) {
  const hex = (from, count) => [...bytes.subarray(from, from + count)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (details?.name === "avcC") return `${entry.name}.${hex(details.from + 1, 3)}`;
  if (details?.name === "hvcC") return `${entry.name}.1.6.L${bytes[details.from + 12]}.B0`;
  if (details?.name === "esds") {
    // Descriptors in each other: tag, size in one to four bytes, content.
    let at = details.from + 4;
    const open = () => { const tag = bytes[at]; do at += 1; while (bytes[at] & 0x80); at += 1; return tag; };
    open();
    at += 3;
    open();
    const type = bytes[at];
    if (type === 0x6B || type === 0x69) return "mp3";
    at += 13;
    open();
    return `mp4a.40.${bytes[at] >> 3 || 2}`;
  }
  return { Opus: "opus", fLaC: "flac", "ac-3": "ac-3", "ec-3": "ec-3", ".mp3": "mp3" }[entry.name] ?? entry.name;
}
