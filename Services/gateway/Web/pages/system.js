// The services and how they are, and the account of whoever is logged in.

import { api } from "./api.js";
import { confirmed, dialog, empty, h, pageHead, ticking, toast } from "./dom.js";
import { field, input, objection, openForm } from "./forms.js";
import { bytes, dayAndTime, length, relative } from "./format.js";
import { nodeChip } from "./states.js";
import { store } from "./store.js";

export function system() {
  const nodes = [...store.nodes.values()].sort((a, b) => a.heartbeat.node.localeCompare(b.heartbeat.node));
  return h("div", { class: "stack wide-gap" },
    pageHead("System", "The services that make up this Airloom."),
    nodes.length ? h("div", { class: "cards" }, nodes.map(nodeCard))
      : empty("system", "No service has reported yet", "Start all of them with “airloom up”; each says every second how it is."),
    account());
}

function nodeCard(item) {
  const { heartbeat } = item;
  const load = heartbeat.recorder;
  const facts = [
    ["Service", `${heartbeat.service} ${heartbeat.version}`],
    ["Memory", bytes(heartbeat.residentBytes)],
    load && ["Captures", `${load.activeCaptures} active, room for ${load.freeCaptures}`],
    load && ["Disk", `${bytes(load.diskFreeBytes)} free`],
    heartbeat.http && ["Status", heartbeat.http],
    Math.abs(item.clockOffsetMs) > 250 && ["Clock", `${item.clockOffsetMs} ms from ours`],
  ].filter(Boolean);
  const isPaused = heartbeat.state === "paused";
  const order = (command, label) => h("button", {
    class: "button quiet", type: "button", id: `${command}-${heartbeat.node}`, onclick: () => control(heartbeat.node, command),
  }, label);
  return h("article", { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, heartbeat.node), nodeChip(item)),
    heartbeat.faults.map((fault) => h("p", { class: "reason" }, fault)),
    h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
      h("dt", {}, "Up"), ticking("dd", {}, () => length(Math.max(0, (Date.now() - new Date(heartbeat.startedAt)) / 1000)))),
    h("div", { class: "actions" }, order("ping", "Ping"), isPaused ? order("resume", "Resume") : order("pause", "Pause"),
      order("stats", "Numbers"), order("errors", "Errors")));
}

async function control(node, command) {
  if (command === "pause" && !await confirmed(`Pause ${node}?`, "It goes on with what it has and takes nothing new until it is resumed.", "Pause")) return;
  try {
    const answer = await api.post(`nodes/${node}/control`, { command });
    if (command === "stats" || command === "errors") {
      dialog(`${command === "stats" ? "Numbers" : "Errors"} of ${node}`,
        h("pre", { class: "log", tabindex: 0 }, JSON.stringify(answer.value, null, 2)), { wide: true });
    } else {
      toast({ ping: `${node} answers.`, pause: `${node} is paused.`, resume: `${node} goes on.` }[command]);
    }
  } catch (error) { toast(error.message, "bad"); }
}

function account() {
  const button = (label, action, id) => h("button", { class: "button", type: "button", id, onclick: action }, label);
  return h("section", { class: "card" }, h("h2", {}, "Your account"),
    h("p", { class: "muted" }, "You are logged in as ", h("b", {}, store.me.name), "."),
    h("div", { class: "actions" }, button("Change the password", changePassword, "account-password"),
      button("Tokens for scripts", tokens, "account-tokens"), button("Where you are logged in", sessions, "account-sessions")));
}

export function changePassword() {
  const old = input({ type: "password", autocomplete: "current-password" });
  const fresh = input({ type: "password", autocomplete: "new-password" });
  openForm("Change the password", {
    content: [field("password", "Password now", old),
      field("newPassword", "New password", fresh, "At least 8 characters; a few words are easy to remember and hard to guess.")],
    action: "Change it",
    save: async () => {
      await api.put("password", { password: old.value, newPassword: fresh.value });
      store.me.hasFirstPassword = false;
      document.getElementById("banner").hidden = true;
      toast("The password is changed; other browsers have been logged out.");
    },
  });
}

async function tokens() {
  const list = h("ul", { class: "rows" });
  const fill = async () => {
    const { tokens: items } = await api.get("tokens");
    list.replaceChildren(...items.map((item) => h("li", { class: "row" },
      h("div", { class: "row-main" }, item.name, h("span", { class: "muted small" },
        `made ${dayAndTime(item.createdAt)} · ${item.usedAt ? `used ${relative(item.usedAt)}` : "never used"}`)),
      h("button", { class: "button quiet", type: "button", onclick: async () => { await api.remove(`tokens/${item.id}`); await fill(); } }, "Revoke"))));
    if (!items.length) list.replaceChildren(h("li", { class: "muted" }, "There are no tokens."));
  };
  const name = input({ placeholder: "What is it for?", "aria-label": "What the token is for" });
  const shown = h("div", { class: "notice", hidden: true });
  const make = async (event) => {
    event.preventDefault();
    try {
      const { value } = await api.post("tokens", { name: name.value.trim() });
      shown.replaceChildren(h("p", {}, "Copy it now; it is not shown again. Send it as “Authorization: Bearer …”."), h("code", {}, value.token));
      shown.hidden = false;
      name.value = "";
      await fill();
    } catch (error) { toast(error.message, "bad"); }
  };
  await fill();
  dialog("Tokens for scripts", h("div", { class: "stack" }, list, shown,
    h("form", { class: "inline", onsubmit: make }, name, h("button", { class: "button primary", type: "submit" }, "Make a token"))));
}

async function sessions() {
  const list = h("ul", { class: "rows" });
  const fill = async () => {
    const { sessions: items } = await api.get("sessions");
    list.replaceChildren(...items.map((item) => h("li", { class: "row" },
      h("div", { class: "row-main" }, h("span", {}, item.agent || "unknown browser"),
        h("span", { class: "muted small" }, `${item.peer} · used ${relative(item.usedAt)}`)),
      item.isCurrent ? h("span", { class: "chip good" }, "this one")
        : h("button", { class: "button quiet", type: "button", onclick: async () => { await api.remove(`sessions/${item.id}`); await fill(); } }, "Log out"))));
  };
  await fill();
  dialog("Where you are logged in", list);
}
