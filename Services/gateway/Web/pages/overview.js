// What is on air now, what comes next, and what needs a hand.

import { empty, h, icon, ticking } from "./dom.js";
import { between, clockSeconds, completeness, day, dayAndTime, length, longDay, position, relative, span, zone } from "./format.js";
import { deliveriesOf, done, onAir, openAlerts, store, streamName, upNext } from "./store.js";
import { captureChip, recordingChip } from "./states.js";
import { glance } from "./glance.js";
import { lanes } from "./lanes.js";
import { openRecording } from "./recording.js";
import { editStream } from "./streamform.js";
import { editSchedule } from "./scheduleform.js";
import { play } from "./player.js";

export function overview() {
  const isEmpty = !store.streams.size && !store.conversions.size && !Object.keys(store.counts.feeds.states).length;
  if (isEmpty) return welcome();
  return h("div", { class: "stack wide-gap" }, head(), troubles(), air(), glance(), lanes(openRecording),
    h("div", { class: "columns" }, next(), latest()));
}

function head() {
  return h("div", { class: "page-head clock-head" },
    h("div", {}, h("h1", {}, "On air"), h("p", { class: "muted" }, longDay(new Date()))),
    h("div", { class: "clock" },
      ticking("div", { class: "clock-time" }, () => clockSeconds(new Date())),
      ticking("div", { class: "muted small" }, () => `${zone} · ${new Date().toISOString().slice(11, 16)} UTC`)));
}

function air() {
  const items = onAir();
  if (items.length) return h("div", { class: "cards" }, items.map(airCard));
  const first = upNext()[0];
  return h("div", { class: "card quiet-air" }, h("div", { class: "lamp" }, "Off air"),
    first
      ? h("p", {}, "Next: ", h("b", {}, first.title), ` on ${streamName(first.stream)}, ${dayAndTime(first.start)} (`,
        ticking("span", {}, () => relative(first.start)), ")")
      : h("p", {}, "Nothing is planned. ", h("a", { href: "#/schedules" }, "Schedule a recording"), "."));
}

function airCard(item) {
  const capture = store.streams.get(item.stream)?.status;
  const [start, end] = [new Date(item.paddedStart), new Date(item.paddedEnd)];
  const bar = ticking("div", { class: "bar-fill" }, (element) => {
    element.style.setProperty("--done", `${Math.min(100, ((Date.now() - start) / (end - start)) * 100)}%`);
    return "";
  });
  return h("article", { class: "card air" },
    h("div", { class: "air-top" }, h("div", { class: `lamp ${item.state === "recording" ? "lit" : ""}` }, "On air"),
      capture && capture.state !== "capturing" ? captureChip(capture.state) : null,
      ticking("div", { class: "air-time" }, () => position((Date.now() - start) / 1000))),
    h("h2", {}, h("button", { class: "plain", type: "button", id: `air-${item.id}`, onclick: () => openRecording(item.id) },
      item.title)),
    h("p", { class: "muted" }, `${streamName(item.stream)} · ${span(item.start, item.end)}`),
    capture?.title ? h("p", { class: "now-playing" }, icon("streams"), capture.title) : null,
    capture?.reason ? h("p", { class: "reason" }, capture.reason) : null,
    h("div", { class: "bar", "aria-hidden": "true" }, bar),
    ticking("p", { class: "muted small" }, () =>
      item.state === "finishing" ? "Making the file…" : `${length(Math.max(0, (end - Date.now()) / 1000))} left`));
}

function next() {
  const items = upNext().slice(0, 6);
  return h("section", { class: "card" }, h("h2", {}, "Next"),
    items.length
      ? h("ul", { class: "rows" }, items.map((item) => h("li", { class: "row" },
        h("div", { class: "row-when" }, h("b", {}, dayAndTime(item.start).split(" ").at(-1)),
          h("span", { class: "muted small" }, day(new Date(item.start)))),
        h("div", { class: "row-main" },
          h("button", { class: "plain", type: "button", id: `next-${item.id}`, onclick: () => openRecording(item.id) }, item.title),
          h("span", { class: "muted small" }, `${streamName(item.stream)} · ${length(between(item.start, item.end))}`)),
        ticking("span", { class: "muted small" }, () => relative(item.start)))))
      : h("p", { class: "muted" }, "Nothing is planned for the next 24 hours."));
}

function latest() {
  const items = done().slice(0, 6);
  return h("section", { class: "card" }, h("h2", {}, "Latest"),
    items.length
      ? h("ul", { class: "rows" }, items.map((item) => {
        const whole = completeness(item.file);
        const places = deliveriesOf(item.id).filter((delivery) => delivery.state === "delivered").length;
        return h("li", { class: "row" },
          item.file
            ? h("button", {
              class: "button round", type: "button", id: `play-${item.id}`, "aria-label": `Play ${item.title}`,
              onclick: () => play(item),
            }, icon("play"))
            : h("span", { class: "round-space" }),
          h("div", { class: "row-main" },
            h("button", { class: "plain", type: "button", id: `late-${item.id}`, onclick: () => openRecording(item.id) }, item.title),
            h("span", { class: "muted small" },
              [dayAndTime(item.start), whole?.text, places ? `delivered to ${places}` : null, item.reason]
                .filter(Boolean).join(" · "))),
          item.state === "committed" && whole?.isWhole ? null : recordingChip(item.state));
      }))
      : h("p", { class: "muted" }, "Finished recordings will be listed here."));
}

function troubles() {
  const found = [];
  for (const item of store.nodes.values()) {
    if (!item.isAlive) found.push([`${item.heartbeat.node} has fallen silent`, "#/system"]);
    for (const fault of item.heartbeat.faults) found.push([`${item.heartbeat.node}: ${fault}`, "#/system"]);
  }
  for (const item of store.destinations.values()) {
    if (item.fault) found.push([`${item.name}: ${item.fault}`, "#/destinations"]);
  }
  for (const item of openAlerts()) found.push([item.subject, "#/alerts"]);
  const dead = store.counts.deliveries.dead ?? 0;
  if (dead) found.push([dead === 1 ? "A delivery has failed and waits for you" : `${dead} deliveries have failed and wait for you`, "#/deliveries"]);
  if (store.mail.fault) found.push([`Mails do not go out: ${store.mail.fault}`, "#/alerts"]);
  if (!found.length) return null;
  return h("ul", { class: "troubles", "aria-label": "What needs a hand" },
    found.slice(0, 6).map(([text, link]) => h("li", {}, icon("alert"), h("a", { href: link }, text))));
}

function welcome() {
  const step = (number, title, text, action) => h("li", { class: "card step" },
    h("span", { class: "step-number" }, number), h("h3", {}, title), h("p", { class: "muted" }, text), action);
  return h("div", { class: "stack wide-gap" }, head(),
    empty("overview", "Welcome to Airloom", "It records what is on air, all of it, and hands it on. Three steps to the first recording:"),
    h("ol", { class: "steps" },
      step(1, "Add a stream", "The address of a radio stream or an HLS playlist, as a player would open it.",
        h("button", { class: "button primary", type: "button", onclick: () => editStream() }, icon("plus"), "Add a stream")),
      step(2, "Say when", "Each week, by a cron expression, or once.",
        h("button", { class: "button", type: "button", onclick: () => editSchedule() }, "Add a schedule")),
      step(3, "Send it on", "If you like: every file to a server over SFTP or to an S3 bucket, checked on arrival.",
        h("a", { class: "button", href: "#/destinations" }, "Add a destination"))),
    h("p", { class: "muted" }, "There is more to keep: ", h("a", { href: "#/podcasts" }, "podcasts"), " are archived as they appear, and ",
      h("a", { href: "#/conversions" }, "what a PVR drops"), " into a watched folder becomes an MP4."));
}
