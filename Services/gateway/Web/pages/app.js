// The frame of the page: navigation, the view that is shown, and the live connection.

import { api } from "./api.js";
import { dialog, h, icon, toast } from "./dom.js";
import { morph } from "./morph.js";
import { listen, load, onAir, onChange, openAlerts, store } from "./store.js";
import { overview } from "./overview.js";
import { streams } from "./streams.js";
import { timeline } from "./timeline.js";
import { schedules } from "./schedules.js";
import { week } from "./week.js";
import { recordings } from "./recordings.js";
import { podcasts } from "./podcasts.js";
import { conversions } from "./conversions.js";
import { deliveries } from "./deliveries.js";
import { destinations } from "./destinations.js";
import { alerts } from "./alerts.js";
import { system, changePassword } from "./system.js";

// In the order of the navigation; `onPhone` are in the bar at the bottom of a small screen, which has
// room for four and the rest.
const views = {
  "": { title: "Overview", icon: "overview", render: overview, onPhone: true },
  streams: { title: "Streams", icon: "streams", render: streams, group: "On air" },
  timeline: { title: "Timeline", icon: "timeline", render: timeline, onPhone: true },
  schedules: { title: "Schedule", icon: "schedules", render: schedules },
  week: { title: "Week", icon: "week", render: week },
  recordings: { title: "Recordings", icon: "recordings", render: recordings, onPhone: true },
  podcasts: { title: "Podcasts", icon: "podcasts", render: podcasts, onPhone: true, group: "Archive" },
  conversions: { title: "Conversions", icon: "conversions", render: conversions },
  deliveries: { title: "Deliveries", icon: "deliveries", render: deliveries, group: "Handed on" },
  destinations: { title: "Destinations", icon: "destinations", render: destinations },
  alerts: { title: "Alerts", icon: "alerts", render: alerts, group: "House" },
  system: { title: "System", icon: "system", render: system },
};

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const more = document.getElementById("more");
let shown = null;

/** `#/podcasts/some-feed` is the view `podcasts` with the part `some-feed`. */
function current() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, part] = path.split("/");
  return { ...(views[name] ? { name, part } : { name: "" }), query: new URLSearchParams(query) };
}

/** What waits for a person on each page. */
function counts() {
  const isSick = (item) => !item.isAlive || item.heartbeat.faults.length;
  return {
    "": { number: onAir().length, kind: "live" },
    deliveries: { number: store.counts.deliveries.dead ?? 0, kind: "bad" },
    conversions: { number: store.counts.conversions.failed ?? 0, kind: "bad" },
    alerts: { number: openAlerts().length, kind: "bad" },
    system: { number: [...store.nodes.values()].filter(isSick).length, kind: "bad" },
  };
}

function link(key, view, waiting, prefix) {
  return h("a", {
    href: `#/${key}`, id: `${prefix}-${key}`, class: view.onPhone ? "first" : "rest",
    "aria-current": key === current().name ? "page" : null,
  }, icon(view.icon), h("span", {}, view.title),
  waiting?.number ? h("span", { class: `count ${waiting.kind}` }, waiting.number) : null);
}

function renderNav() {
  const waiting = counts();
  const links = Object.entries(views).map(([key, view]) => [
    view.group ? h("div", { class: "nav-group", "aria-hidden": "true" }, view.group) : null,
    link(key, view, waiting[key], "nav")]);
  morph(nav.firstElementChild ?? nav.appendChild(h("div", {})), h("div", { class: "nav-list" }, links));
  const { name } = current();
  const others = Object.entries(waiting).some(([key, item]) => !views[key].onPhone && item.number);
  more.classList.toggle("chosen", !views[name].onPhone);
  more.classList.toggle("waiting", others);
}

/** All pages, for small screens. */
more.append(icon("more"), h("span", {}, "More"));
more.addEventListener("click", () => {
  const waiting = counts();
  const box = dialog("Pages", h("nav", { class: "sheet", "aria-label": "All pages" },
    Object.entries(views).map(([key, view]) => link(key, view, waiting[key], "sheet"))));
  box.classList.add("bottom");
  box.addEventListener("click", (event) => { if (event.target.closest("a")) box.close(); });
});

function renderBanner() {
  const banner = document.getElementById("banner");
  banner.hidden = !store.me?.hasFirstPassword;
  if (banner.hidden || banner.childElementCount) return;
  banner.className = "banner";
  banner.replaceChildren(
    h("span", {}, "You are still using the password that was made at the first start."),
    h("button", { class: "button", type: "button", onclick: changePassword }, "Choose your own"));
}

function renderLink() {
  const state = document.getElementById("link");
  state.className = store.isLive ? "link on" : "link";
  const text = store.isLive ? "live" : "connecting…";
  if (state.textContent !== text) state.textContent = text;
}

function render() {
  renderNav();
  renderBanner();
  renderLink();
  const { name, part, query } = current();
  const view = views[name];
  document.title = `${view.title} · Airloom`;
  const content = store.isLoaded ? view.render(part, query) : h("p", { class: "muted loading" }, "One moment…");
  if (shown === location.hash && main.firstElementChild) morph(main.firstElementChild, content);
  else main.replaceChildren(content);
  shown = location.hash;
}

window.addEventListener("hashchange", () => {
  // Whoever goes back does not want to find the form of the page before over this one.
  for (const box of document.querySelectorAll("dialog[open]")) box.close();
  render();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
});

document.getElementById("logout").addEventListener("click", async () => {
  await api.remove("session");
  location.replace("/login");
});

window.addEventListener("unhandledrejection", (event) => toast(event.reason?.message ?? "Something failed.", "bad"));

onChange(render);
render();
try { await load(); } catch (error) { toast(error.message, "bad"); }
listen();
