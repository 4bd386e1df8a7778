// The tape of a stream: every second of it, captured or missing, and why. Pointing tells the time and
// the cause; a click plays from there.

import { empty, h, icon, pageHead, toast } from "./dom.js";
import { clock, clockSeconds, day, length } from "./format.js";
import { keepButtons, runningOf } from "./keep.js";
import { morph } from "./morph.js";
import { nowPlaying, onPlayer, playLive, playTape } from "./player.js";
import { captureChip, causeText } from "./states.js";
import { locksOf, store, streamName } from "./store.js";
import { Selection } from "./selection.js";
import { TapeLists } from "./tapelists.js";
import { TapeLog } from "./tapelog.js";
import { Strip } from "./strip.js";
import { Tape } from "./tape.js";
import { paintTape } from "./tapepaint.js";

const HOUR = 3_600_000;
/** The longest stretch that is played in one go. */
const LONGEST = 6 * 3600;

/** The page stays the same element while it is shown: a canvas must not be made anew at each event. */
let page = null;

export function timeline(part, query) {
  const streams = [...store.streams.values()].sort((a, b) => a.name.localeCompare(b.name));
  if (!streams.length) {
    return h("div", { class: "stack" }, pageHead("Timeline", "Every second of a stream, captured or missing."),
      empty("timeline", "No streams yet", "Add a stream; what is captured of it is then seen here to the second.",
        h("a", { class: "button primary", href: "#/streams" }, "Go to the streams")));
  }
  const busy = streams.find((item) => item.status && item.status.state !== "idle");
  const wanted = store.streams.has(part) ? part : page && store.streams.has(page.stream) ? page.stream : (busy ?? streams[0]).id;
  if (page?.stream !== wanted) page = new Page(wanted);
  page.update(streams);
  page.lookAt(query.get("at"));
  return page.root;
}

setInterval(() => { if (page?.root.isConnected) page.tick(); }, 1000);
onPlayer(() => { if (page?.root.isConnected) page.strip.draw(); });

class Page {
  constructor(stream) {
    this.stream = stream;
    this.isFollowing = false;
    this.tape = new Tape(stream, () => this.tell());
    this.canvas = h("canvas", {
      class: "tape", tabindex: 0, role: "slider", "aria-label": "Time on the tape; arrow keys move, plus and minus zoom, Enter plays, brackets set the ends of a selection",
      "aria-valuemin": 0, "aria-valuemax": 1000, "aria-valuenow": 0,
    });
    this.strip = new Strip(this.canvas, {
      paint: (context, width, height) => paintTape(context, { width, height, page: this }),
      onMove: () => this.moved(),
      onPick: (time, isTouch) => { if (!isTouch) this.play(time); },
    });
    this.#build();
    this.showDay(new Date());
  }

  #build() {
    const press = (id, label, content, action) => h("button", {
      class: "button icon-only", type: "button", id, "aria-label": label, title: label, onclick: action,
    }, content);
    this.streams = h("select", { id: "tape-stream", "aria-label": "Stream", onchange: (event) => { location.hash = `#/timeline/${event.target.value}`; } });
    this.date = h("input", { type: "date", id: "tape-day", "aria-label": "Day", onchange: () => this.#picked() });
    this.follow = h("button", { class: "button", type: "button", id: "tape-now", "aria-pressed": "false", onclick: () => this.setFollowing(!this.isFollowing) },
      h("span", { class: "dot" }), "Now");
    this.info = h("p", { class: "tape-info", role: "status" });
    this.sums = h("p", { class: "muted small" });
    this.warning = h("p", { class: "remark bad", role: "status", hidden: true });
    this.lists = new TapeLists(this);
    this.chip = h("span", {});
    this.select = h("button", {
      class: "button", type: "button", id: "tape-select", "aria-pressed": "false", title: "Drag over the tape to select a span",
      onclick: () => { this.strip.isSelecting = !this.strip.isSelecting; this.select.setAttribute("aria-pressed", String(this.strip.isSelecting)); },
    }, icon("select"), "Select");
    this.selection = new Selection(this);
    this.log = new TapeLog(this);
    this.doings = h("section", { class: "card doings", "aria-label": "Recording from this stream" });
    this.root = h("div", { class: "stack timeline-page" },
      h("div", { class: "page-head" }, h("div", {}, h("h1", {}, "Timeline"), h("p", { class: "muted" }, "Every second of a stream, captured or missing.")), this.chip),
      h("div", { class: "filters" }, this.streams,
        h("div", { class: "joined" }, press("tape-before", "The day before", icon("left"), () => this.#turn(-1)), this.date,
          press("tape-after", "The day after", icon("right"), () => this.#turn(1))),
        this.follow,
        h("div", { class: "joined" }, press("tape-out", "Zoom out", icon("zoomOut"), () => this.#zoom(2)),
          h("button", { class: "button", type: "button", id: "tape-whole", onclick: () => this.showDay(this.#middle()) }, "Day"),
          h("button", { class: "button", type: "button", id: "tape-week", onclick: () => this.#showWeek() }, "Week"),
          press("tape-in", "Zoom in", icon("zoomIn"), () => this.#zoom(0.5))), this.select),
      h("div", { class: "card tape-card" }, this.canvas, this.info, this.selection.element, h("div", { class: "tape-foot" }, this.lists.legend, this.sums)), this.warning,
      this.doings, h("div", { class: "columns" }, this.log.element, this.lists.missing, this.lists.locked));
  }

  update(streams) {
    const known = streams.map((item) => item.id).join();
    if (this.known !== known) {
      this.known = known;
      this.streams.replaceChildren(...streams.map((item) => h("option", { value: item.id, selected: item.id === this.stream }, item.name)));
    }
    const item = store.streams.get(this.stream);
    this.chip.replaceChildren(captureChip(item?.status?.state ?? "idle"));
    morph(this.doings, h("section", { class: "card doings", "aria-label": "Recording from this stream" },
      h("div", { class: "actions" }, keepButtons(item, "tape")), runningOf(this.stream)));
    this.lists.tellLocks();
    this.selection.tell();
    this.strip.draw();
  }

  locks() { return locksOf(this.stream); }

  /** An address such as #/timeline/radio?at=2026-11-21T20:00:00Z shows that time, once. */
  lookAt(text) {
    const time = text ? Date.parse(text) : NaN;
    if (Number.isNaN(time) || this.lookedAt === text) return;
    this.lookedAt = text;
    this.isWelcomed = true;
    this.setFollowing(false);
    this.strip.show(time - HOUR / 4, time + HOUR * 1.25);
    this.strip.point(time);
  }

  #showWeek() {
    const at = this.#middle();
    const monday = new Date(at.getFullYear(), at.getMonth(), at.getDate() - ((at.getDay() + 6) % 7));
    this.setFollowing(false);
    this.strip.show(monday.getTime(), new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + 7).getTime());
  }

  tick() {
    if (this.isFollowing) this.#toNow();
    this.tape.want(this.strip.from, this.strip.to);
    this.strip.draw();
  }

  showDay(date) {
    const start = new Date(date.getFullYear(), date.getMonth(), date.getDate());
    const end = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1);
    this.setFollowing(false);
    this.strip.show(start.getTime(), end.getTime());
  }

  setFollowing(isFollowing) {
    this.isFollowing = isFollowing;
    this.follow.setAttribute("aria-pressed", String(isFollowing));
    if (isFollowing) {
      const known = this.strip.to - this.strip.from;
      this.#toNow(known > 6 * HOUR ? HOUR / 2 : known);
    }
  }

  #toNow(wide = this.strip.to - this.strip.from) {
    this.isMoving = true;
    this.strip.show(Date.now() - wide * 0.85, Date.now() + wide * 0.15);
    this.isMoving = false;
  }

  #middle() { return new Date((this.strip.from + this.strip.to) / 2); }

  #turn(days) {
    const at = this.#middle();
    this.showDay(new Date(at.getFullYear(), at.getMonth(), at.getDate() + days));
  }

  #picked() {
    const [year, month, date] = this.date.value.split("-").map(Number);
    if (year) this.showDay(new Date(year, month - 1, date));
  }

  #zoom(factor) {
    this.strip.zoom(factor, this.isFollowing ? Date.now() : this.strip.cursor ?? undefined);
  }

  /** The view or what is pointed at has changed. */
  moved() {
    const { strip } = this;
    // Whoever moves away from the present does not want to be pulled back.
    if (this.isFollowing && !this.isMoving && (Date.now() < strip.from || Date.now() > strip.to)) this.setFollowing(false);
    this.tape.want(strip.from, strip.to);
    this.log.want(strip.from, strip.to);
    this.selection.tell();
    const at = this.#middle();
    const text = `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
    if (this.date.value !== text && document.activeElement !== this.date) this.date.value = text;
    this.tell();
  }

  /** A tape that has just begun would be a hairline in its day: it is shown from its beginning. */
  #welcome() {
    if (this.isWelcomed || !this.tape.isLoaded) return;
    this.isWelcomed = true;
    const begun = this.tape.spans[0]?.start;
    if (begun === undefined || Date.now() - begun > 3 * HOUR) return;
    this.isFollowing = true;
    this.follow.setAttribute("aria-pressed", "true");
    this.#toNow(Math.max(HOUR / 12, (Date.now() - begun) * 1.3));
  }

  /** Says in words what is pointed at, and what is missing. */
  tell() {
    this.#welcome();
    const { strip, tape } = this;
    strip.draw();
    const text = strip.cursor === null ? null : this.describe(strip.cursor);
    this.canvas.setAttribute("aria-valuetext", text ?? `${clock(new Date(strip.from))} to ${clock(new Date(strip.to))}`);
    if (strip.cursor !== null) {
      this.canvas.setAttribute("aria-valuenow", String(Math.round(((strip.cursor - strip.from) / (strip.to - strip.from)) * 1000)));
    }
    this.info.replaceChildren(...(text
      ? [h("span", {}, text), h("button", { class: "button", type: "button", id: "tape-play", onclick: () => this.play(strip.cursor) }, icon("play"), "Play from here")]
      : [h("span", { class: "muted" }, (tape.isLoaded || tape.problem ? "Point at a time to be told what there is; click to play from there." : "One moment…"))]));
    this.warning.hidden = !tape.problem;
    if (tape.problem && this.warning.textContent !== tape.problem) this.warning.replaceChildren(icon("alert"), h("span", {}, tape.problem));
    this.#tellSums();
  }

  describe(time) {
    const found = this.tape.at(time, this.strip.perPixel * 2);
    const when = `${day(new Date(time))} ${clockSeconds(new Date(time))}`;
    const show = this.shows().find((item) => new Date(item.start) <= time && new Date(item.end) > time);
    const lock = this.locks().find((item) => new Date(item.start) <= time && new Date(item.end) > time);
    const title = `${show ? ` · ${show.title}` : ""}${lock ? ` · locked: ${lock.reason}` : ""}`;
    if (found.kind === "captured") return `${when}${title} · captured`;
    if (found.kind === "future") return `${when}${title} · not yet`;
    if (found.kind === "nothing") return `${when}${title} · nothing was to be captured`;
    const end = found.end ?? Date.now();
    const span = `${clockSeconds(new Date(found.start))}–${found.end ? clockSeconds(new Date(end)) : "now"}`;
    return `${when}${title} · missing ${length((end - found.start) / 1000)} (${span}): ${causeText(found.cause)}${found.detail ? `. ${found.detail}` : ""}`;
  }

  shows() { return [...store.recordings.values()].filter((item) => item.stream === this.stream && item.state !== "cancelled"); }

  #tellSums() {
    const { from, to } = this.strip;
    const { captured, missing } = this.tape.sums(from, to);
    const gaps = this.tape.gapsIn(from, to);
    const isKnown = this.tape.isLoaded && !(this.tape.problem && !captured && !missing);
    this.sums.textContent = isKnown
      ? `${length(captured / 1000)} captured, ${missing ? `${length(missing / 1000)} missing in ${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}` : "nothing missing"}`
      : "";
    this.lists.tell(gaps, from, to);
  }

  look(start, end) {
    const margin = Math.max(30_000, (end - start) * 0.75);
    this.setFollowing(false);
    this.strip.show(start - margin, end + margin);
    this.strip.point(start);
    this.canvas.scrollIntoView({ block: "nearest" });
  }

  play(time) {
    if (time === null) return;
    const now = Date.now();
    const status = store.streams.get(this.stream)?.status;
    if (time > now - 5000 && status?.state === "capturing") return playLive(this.stream);
    const start = this.tape.nextCaptured(time);
    if (start === null || start > now) return toast(`Nothing of ${streamName(this.stream)} was captured from there on.`, "bad");
    playTape(this.stream, start, Math.min(LONGEST, (now - start) / 1000));
  }

  /** Where the player is on this tape; null where it plays something else. */
  playhead() {
    const playing = nowPlaying();
    if (playing?.stream !== this.stream || playing.kind !== "tape") return null;
    return playing.time;
  }
}
