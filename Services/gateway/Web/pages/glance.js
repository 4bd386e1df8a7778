// The house at a glance: one tile for each kind of work, each the way to its page.

import { h, icon } from "./dom.js";
import { bytes } from "./format.js";
import { openAlerts, store } from "./store.js";

const many = (number, one, more = `${one}s`) => `${number} ${number === 1 ? one : more}`;
const sum = (counts, ...states) => states.reduce((total, state) => total + (counts[state] ?? 0), 0);

export function glance() {
  return h("div", { class: "tiles" }, [podcasts(), conversions(), deliveries(), alerts()].map((tile) =>
    h("a", { class: `card tile ${tile.kind ?? ""}`, href: tile.href, id: `tile-${tile.name}` }, icon(tile.name),
      h("span", { class: "tile-text" }, h("b", {}, tile.title), h("span", { class: "muted small" }, tile.text)),
      tile.share === undefined ? null : h("span", { class: "bar", "aria-hidden": "true" },
        h("span", { class: "bar-fill calm", vars: { done: `${tile.share * 100}%` } })))));
}

function podcasts() {
  const { states, archived, archivedBytes } = store.counts.feeds;
  const total = Object.values(states).reduce((all, one) => all + one, 0);
  const busy = sum(store.counts.episodes, "downloading", "validating", "queued");
  const sick = sum(states, "failing", "broken");
  return {
    name: "podcasts", href: "#/podcasts", title: total ? many(total, "podcast") : "No podcasts yet",
    text: !total ? "Add one by its address"
      : busy ? `${many(busy, "episode")} to fetch` : [many(archived, "episode"), archived ? bytes(archivedBytes) : null,
        sick ? `${sick} failing` : null].filter(Boolean).join(" · "),
  };
}

function conversions() {
  const { counts } = store;
  const running = [...store.conversions.values()].find((item) => item.state === "converting");
  const progress = running && store.progress.get(running.id);
  const failed = counts.conversions.failed ?? 0;
  const waiting = sum(counts.conversions, "queued", "growing", "verifying");
  return {
    name: "conversions", href: "#/conversions", kind: failed ? "bad" : "",
    title: running ? `Converting ${running.name}` : many(counts.conversions.converted ?? 0, "conversion"),
    text: [failed ? `${failed} failed` : null, waiting ? `${waiting} waiting` : null].filter(Boolean).join(" · ")
      || (running ? "nothing else waits" : "nothing waits"),
    share: progress?.totalUs ? progress.doneUs / progress.totalUs : undefined,
  };
}

function deliveries() {
  const { counts } = store;
  const dead = counts.deliveries.dead ?? 0;
  const busy = sum(counts.deliveries, "queued", "sending", "verifying", "waiting");
  return {
    name: "deliveries", href: "#/deliveries", kind: dead ? "bad" : "",
    title: `${counts.deliveries.delivered ?? 0} delivered`,
    text: dead ? `${many(dead, "dead letter")} to look at` : busy ? `${busy} on the way` : "nothing on the way",
  };
}

function alerts() {
  const open = openAlerts();
  const isBad = open.some((item) => item.severity === "critical");
  return {
    name: "alerts", href: "#/alerts", kind: isBad ? "bad" : open.length ? "warn" : "",
    title: open.length ? many(open.length, "open alert") : "No open alerts",
    text: store.mail.fault ? "mails do not go out"
      : store.mail.recipients.length ? `mailed to ${store.mail.recipients.length === 1 ? store.mail.recipients[0] : many(store.mail.recipients.length, "person", "people")}`
        : "shown here only",
  };
}
