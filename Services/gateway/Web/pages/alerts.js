// What people should hear of, whether it lasts, and whether the mails about it go out.

import { button } from "./actions.js";
import { chip, empty, h, pageHead, tabs } from "./dom.js";
import { dayAndTime, length, relative } from "./format.js";
import { mailChip } from "./states.js";
import { changed, store } from "./store.js";

const names = { open: "Open", past: "Past" };
let group = "open";

export function alerts() {
  const items = [...store.alerts.values()].sort((a, b) => b.raisedAt.localeCompare(a.raisedAt));
  const lists = { open: items.filter((item) => !item.endedAt), past: items.filter((item) => item.endedAt) };
  const counts = { open: lists.open.length, past: lists.past.length };
  return h("div", { class: "stack" }, pageHead("Alerts", "What is lost, or will be unless somebody acts."), mailCard(),
    tabs("Which alerts", names, group, (key) => { group = key; changed(); }, counts),
    lists[group].length ? h("ul", { class: "card list" }, lists[group].map(row))
      : group === "open" ? empty("check", "All is well", "A stream that fails, a show that was missed or a file that cannot be sent would be told here.")
        : empty("alerts", "Nothing yet", "What was told and is over is kept here."));
}

function mailCard() {
  const { recipients, fault } = store.mail;
  if (!recipients.length) {
    return h("section", { class: "card" }, h("h2", {}, "Mail"),
      h("p", { class: "muted" }, "Nobody is mailed. Name the server and the recipients under [alerts] in the configuration (smtp, from, to) to hear of alerts elsewhere."));
  }
  return h("section", { class: "card stack tight" },
    h("div", { class: "card-head" }, h("h2", {}, "Mail"), fault ? chip("trouble", "bad") : chip("ready", "good")),
    h("p", {}, `Mailed to ${recipients.join(", ")}.`),
    fault ? h("p", { class: "reason" }, fault) : null,
    h("div", { class: "actions" }, button("Send a test mail", "mail/test", "The test mail is out.", { id: "test-mail" })));
}

function row(item) {
  const canRetry = item.mail === "dead" || item.mail === "waiting";
  const lasted = item.endedAt ? (new Date(item.endedAt) - new Date(item.raisedAt)) / 1000 : null;
  return h("li", { class: "row top", key: item.id },
    h("span", { class: `lamp-dot ${item.endedAt ? "off" : item.severity}`, role: "img", "aria-label": item.severity }),
    h("div", { class: "row-main" }, h("span", { class: "strong" }, item.subject), h("span", {}, item.text),
      h("span", { class: "muted small" }, [item.severity, dayAndTime(item.raisedAt),
        lasted === null ? `since ${length((Date.now() - new Date(item.raisedAt)) / 1000)}` : `lasted ${length(lasted)}`, item.node].join(" · ")),
      item.reason ? h("span", { class: "reason" }, item.reason) : null),
    h("div", { class: "row-end" }, mailChip(item.mail),
      item.mail === "waiting" && item.retryAt ? h("span", { class: "muted small" }, relative(item.retryAt)) : null,
      canRetry ? button("Mail again", `alerts/${item.id}/retry`, "It is mailed again.", { id: `retry-${item.id}` }) : null,
      canRetry || item.endedAt ? button(item.endedAt ? "Forget" : "Stop mailing", `alerts/${item.id}/dismiss`, "Done.", { kind: "quiet", id: `dismiss-${item.id}` }) : null));
}
