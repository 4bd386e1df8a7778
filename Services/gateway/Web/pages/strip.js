// Draws a stretch of time on a canvas and lets it be moved and stretched by wheel, fingers and keys.
// It knows nothing of streams: what to draw is given by its `paint`.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NARROWEST = 20 * SECOND;
const WIDEST = 35 * DAY;
const steps = [1, 2, 5, 10, 15, 30].map((n) => n * SECOND)
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), [1, 2, 3, 6, 12].map((n) => n * HOUR), [DAY, 2 * DAY, 7 * DAY]);

export class Strip {
  from = 0;
  to = 1;
  /** Where the mouse, a finger or the keys point; null: nowhere. */
  cursor = null;
  /** What is selected: { from, to }; null: nothing. */
  selection = null;
  /** A drag selects rather than moves; Shift does the other. */
  isSelecting = false;
  #anchor = null;
  #pointers = new Map();
  #moved = 0;
  #isAsked = false;

  /** paint(context, width, height), onMove() after the view, the cursor or the selection changed,
   *  onPick(time, isTouch) */
  constructor(canvas, { paint, onMove, onPick }) {
    Object.assign(this, { canvas, paint, onMove, onPick });
    canvas.onwheel = (event) => this.#wheel(event);
    canvas.onpointerdown = (event) => this.#down(event);
    canvas.onpointermove = (event) => this.#move(event);
    canvas.onpointerup = (event) => this.#up(event, true);
    canvas.onpointercancel = (event) => this.#up(event, false);
    canvas.onpointerleave = (event) => { if (event.pointerType === "mouse" && !this.#pointers.size) this.point(null); };
    canvas.onkeydown = (event) => this.#key(event);
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  get width() { return this.canvas.clientWidth || 1; }
  get perPixel() { return (this.to - this.from) / this.width; }
  x(time) { return (time - this.from) / this.perPixel; }
  time(x) { return this.from + x * this.perPixel; }

  show(from, to) {
    const length = Math.min(WIDEST, Math.max(NARROWEST, to - from));
    [this.from, this.to] = [from, from + length];
    if (this.cursor < this.from || this.cursor > this.to) this.cursor = null;
    this.#changed();
  }

  zoom(factor, around = (this.from + this.to) / 2) {
    const length = Math.min(WIDEST, Math.max(NARROWEST, (this.to - this.from) * factor));
    const share = (around - this.from) / (this.to - this.from);
    this.show(around - share * length, around + (1 - share) * length);
  }

  pan(milliseconds) { this.show(this.from + milliseconds, this.to + milliseconds); }

  point(time) {
    this.cursor = time;
    this.#changed();
  }

  /** In either order; null selects nothing. */
  select(one, other) {
    this.selection = one === null || one === other ? null : { from: Math.min(one, other), to: Math.max(one, other) };
    this.#changed();
  }

  /** At the next frame, however often it is asked for. */
  draw() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      if (this.canvas.isConnected) this.#paint();
    });
  }

  #changed() {
    this.draw();
    this.onMove();
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const density = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * density), Math.round(height * density)];
    if (this.canvas.width !== wide) this.canvas.width = wide;
    if (this.canvas.height !== high) this.canvas.height = high;
    const context = this.canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    this.paint(context, width, height);
  }

  /** The round times that are in view, not closer than so many pixels: { time, isDay } */
  ticks(distance) {
    const step = steps.find((one) => one / this.perPixel >= distance) ?? steps.at(-1);
    const found = [];
    const shift = new Date(this.from).getTimezoneOffset() * MINUTE;
    for (let time = Math.ceil((this.from - shift) / step) * step + shift; time < this.to; time += step) {
      const date = new Date(time);
      found.push({ time, step, isDay: date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0 });
    }
    return found;
  }

  #wheel(event) {
    event.preventDefault();
    const line = event.deltaMode === 1 ? 20 : 1;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      this.pan((event.deltaX || event.deltaY) * line * this.perPixel);
    } else {
      this.zoom(Math.exp(event.deltaY * line * 0.0022), this.time(event.offsetX));
    }
  }

  #down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    if (!this.#pointers.size) {
      this.#moved = 0;
      this.#anchor = event.shiftKey !== this.isSelecting ? this.#grasp(event.offsetX) : null;
    }
    this.#pointers.set(event.pointerId, event.offsetX);
  }

  /** Where a selection is anchored that begins here: an end that is taken hold of moves. */
  #grasp(x) {
    if (this.selection) {
      if (Math.abs(this.x(this.selection.from) - x) < 9) return this.selection.to;
      if (Math.abs(this.x(this.selection.to) - x) < 9) return this.selection.from;
    }
    return this.time(x);
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") this.point(this.time(event.offsetX));
      return;
    }
    const before = [...this.#pointers.values()];
    const old = this.#pointers.get(event.pointerId);
    this.#pointers.set(event.pointerId, event.offsetX);
    const after = [...this.#pointers.values()];
    this.#moved += Math.abs(event.offsetX - old);
    // A trembling hand does not move the tape.
    if (this.#moved < 5) return;
    if (after.length === 1 && this.#anchor !== null) {
      const time = this.time(Math.min(Math.max(event.offsetX, 0), this.width));
      this.cursor = time;
      return this.select(this.#anchor, time);
    }
    if (after.length === 1) return this.pan((old - event.offsetX) * this.perPixel);
    const spread = (points) => Math.max(12, Math.abs(points[0] - points[1]));
    const middle = (points) => (points[0] + points[1]) / 2;
    const around = this.time(middle(before));
    this.zoom(spread(before) / spread(after), around);
    this.pan((middle(before) - middle(after)) * this.perPixel);
  }

  #up(event, isDone) {
    const wasAlone = this.#pointers.size === 1;
    if (!this.#pointers.delete(event.pointerId) || !isDone || !wasAlone || this.#moved >= 5) return;
    const time = this.time(event.offsetX);
    this.point(time);
    this.onPick(time, event.pointerType !== "mouse");
  }

  #key(event) {
    const step = (this.to - this.from) / (event.shiftKey ? 10 : 100);
    const at = this.cursor ?? (this.from + this.to) / 2;
    const moves = { ArrowLeft: -step, ArrowRight: step, PageUp: -(this.to - this.from) / 2, PageDown: (this.to - this.from) / 2 };
    if (event.key in moves) {
      const time = at + moves[event.key];
      if (time < this.from || time > this.to) this.pan(moves[event.key]);
      this.point(time);
    } else if (event.key === "+" || event.key === "=") this.zoom(0.5, at);
    else if (event.key === "-") this.zoom(2, at);
    else if (event.key === "[") this.select(at, this.selection && this.selection.to > at ? this.selection.to : this.to);
    else if (event.key === "]") this.select(this.selection && this.selection.from < at ? this.selection.from : this.from, at);
    else if (event.key === "Escape" && this.selection) this.select(null);
    else if (event.key === "Enter" || event.key === " ") this.onPick(at, false);
    else return;
    event.preventDefault();
  }
}
