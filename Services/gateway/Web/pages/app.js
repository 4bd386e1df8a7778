// The frame of the page: navigation, the view that is shown, and the live connection.

import { api } from "./api.js";
import { h, icon, toast } from "./dom.js";
import { listen, load, onChange, onAir, store } from "./store.js";
import { overview } from "./overview.js";
import { streams } from "./streams.js";
import { schedules } from "./schedules.js";
import { recordings } from "./recordings.js";
import { deliveries } from "./deliveries.js";
import { system, changePassword } from "./system.js";

const views = {
  "": { title: "Overview", icon: "overview", render: overview },
  streams: { title: "Streams", icon: "streams", render: streams },
  schedules: { title: "Schedules", icon: "schedules", render: schedules },
  recordings: { title: "Recordings", icon: "recordings", render: recordings },
  deliveries: { title: "Deliveries", icon: "deliveries", render: deliveries },
  system: { title: "System", icon: "system", render: system },
};

const main = document.getElementById("main");

function current() {
  const name = location.hash.replace(/^#\/?/, "").split("?")[0];
  return views[name] ? name : "";
}

function renderNav() {
  const name = current();
  const trouble = [...store.deliveries.values()].filter((item) => item.state === "dead").length;
  const silent = [...store.nodes.values()].filter((item) => !item.isAlive || item.heartbeat.faults.length).length;
  const counts = { "": onAir().length, deliveries: trouble, system: silent };
  document.getElementById("nav").replaceChildren(...Object.entries(views).map(([key, view]) =>
    h("a", { href: `#/${key}`, id: `nav-${key}`, "aria-current": key === name ? "page" : null },
      icon(view.icon), h("span", {}, view.title),
      counts[key] ? h("span", { class: key ? "count bad" : "count live" }, counts[key]) : null)));
}

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
  const link = document.getElementById("link");
  link.className = store.isLive ? "link on" : "link";
  const text = store.isLive ? "live" : "connecting…";
  if (link.textContent !== text) link.textContent = text;
}

/** Draws the view anew; whoever was on a button there stays on it. */
function render() {
  renderNav();
  renderBanner();
  renderLink();
  const focused = main.contains(document.activeElement) ? document.activeElement.id : null;
  const view = views[current()];
  document.title = `${view.title} · Airloom`;
  main.replaceChildren(store.isLoaded ? view.render() : h("p", { class: "muted loading" }, "One moment…"));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

window.addEventListener("hashchange", () => {
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
