// The as-run log beside the player: what is heard is marked, a click jumps to it.

import { asRun, asRunList } from "./asrun.js";
import { h, icon } from "./dom.js";

/** `jump` is given seconds. { element, toggle, load(titles), show(seconds) }; `titles` is what the player
 *  says of what it plays: { stream, from, to, position(ms) → seconds }, or nothing. */
export function playerLog(jump) {
  const element = h("section", { class: "player-log", id: "player-log", "aria-label": "As-run log", hidden: true });
  const toggle = h("button", {
    class: "button quiet icon-only", type: "button", id: "player-titles", "aria-label": "As-run log", title: "As-run log",
    "aria-expanded": "false", "aria-controls": "player-log", hidden: true, onclick: () => open(element.hidden),
  }, icon("list"));
  let playing = null;
  let entries = [];
  let shown = -1;
  let heard = 0;

  /** The button appears once there is something to show. */
  async function load(titles) {
    playing = titles ?? null;
    entries = [];
    heard = 0;
    toggle.hidden = true;
    open(false);
    if (!titles) return;
    let found;
    try { found = (await asRun(titles.stream, titles.from, titles.to)).entries; } catch { return; }
    if (playing !== titles) return;
    entries = found;
    toggle.hidden = !entries.length;
  }

  function open(isOpen) {
    element.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    shown = -1;
    show(heard);
    element.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  function show(seconds) {
    heard = seconds;
    if (element.hidden || !playing) return;
    const now = Math.max(0, entries.findLastIndex((entry) => playing.position(entry.time) <= seconds + 0.5));
    if (now === shown) return;
    shown = now;
    element.replaceChildren(h("h3", {}, "As-run log"),
      asRunList(entries, (entry) => jump(playing.position(entry.time)), (_, index) => index === now));
  }

  return { element, toggle, load, show };
}
