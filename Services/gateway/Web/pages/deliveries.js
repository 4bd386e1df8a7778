// Where finished files go, and how far they have come.

import { api, said } from "./api.js";
import { chip, confirmed, empty, h, icon, pageHead, toast } from "./dom.js";
import { field, input, objection, openForm } from "./forms.js";
import { bytes, dayAndTime, relative } from "./format.js";
import { deliveryChip } from "./states.js";
import { store } from "./store.js";

export function deliveries() {
  const add = h("button", { class: "button primary", type: "button", id: "add-place", onclick: () => editDestination() },
    icon("plus"), "Add a destination");
  const places = [...store.destinations.values()].sort((a, b) => a.name.localeCompare(b.name));
  const items = [...store.deliveries.values()].sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  return h("div", { class: "stack wide-gap" },
    pageHead("Deliveries", "Finished files go to these servers over SFTP, and are checked on arrival.", places.length ? add : null),
    places.length ? h("div", { class: "cards" }, places.map(placeCard))
      : empty("deliveries", "No destinations yet",
        "A destination is a folder on a server that you reach by SSH. Schedules then send each finished file there.", add),
    keyCard(), items.length ? sendings(items) : null);
}

function keyCard() {
  if (!store.publicKey) return null;
  return h("section", { class: "card" }, h("h2", {}, "Airloom’s key"),
    h("p", { class: "muted" }, "Add this line to ~/.ssh/authorized_keys of the user on each server, so that Airloom may log in."),
    h("div", { class: "copy" }, h("code", {}, store.publicKey),
      h("button", { class: "button", type: "button", id: "copy-key", onclick: copyKey }, "Copy")));
}

async function copyKey() {
  try {
    await navigator.clipboard.writeText(store.publicKey);
    toast("Copied.");
  } catch {
    toast("The browser does not allow copying here; mark the line and copy it yourself.", "bad");
  }
}

function placeCard(item) {
  return h("article", { class: `card ${item.isEnabled ? "" : "faded"}` },
    h("div", { class: "card-head" }, h("h2", {}, item.name),
      !item.isEnabled ? chip("off", "off") : item.fault ? chip("trouble", "bad") : item.hostKey ? chip("ready", "good") : chip("key not confirmed", "warn")),
    h("p", {}, h("code", {}, `${item.user}@${item.host}${item.port === 22 ? "" : `:${item.port}`}:${item.folder}`)),
    item.fault && !item.foundHostKey ? h("p", { class: "reason" }, item.fault) : null,
    item.foundHostKey ? h("div", { class: "notice" },
      h("p", {}, item.hostKey ? "The server shows another key than the one that was confirmed. Unless somebody changed it on purpose, a stranger may be answering:"
        : "The server showed this key. Compare it with what its administrator says, then confirm it:"),
      h("code", {}, item.foundHostKey),
      h("div", { class: "actions" },
        h("button", { class: "button", type: "button", id: `pin-${item.id}`, onclick: () => confirmKey(item) }, "Confirm this key"))) : null,
    h("div", { class: "actions" },
      h("button", { class: "button", type: "button", id: `test-${item.id}`, onclick: (event) => test(item, event.currentTarget) }, "Test"),
      h("button", { class: "button quiet", type: "button", id: `edit-${item.id}`, onclick: () => editDestination(item) }, "Edit"),
      h("button", { class: "button quiet", type: "button", id: `drop-${item.id}`, onclick: () => remove(item) }, "Remove")));
}

const plain = ({ fault, foundHostKey, ...definition }) => definition;

async function confirmKey(item) {
  if (item.hostKey && !await confirmed("Trust the new key?", "Do this only when you know why the key has changed.", "Trust it")) return;
  await attempt(() => api.put(`destinations/${item.id}`, { ...plain(item), hostKey: item.foundHostKey }), "Confirmed.");
}

async function test(item, button) {
  button.disabled = true;
  await attempt(() => api.post(`destinations/${item.id}/test`), `${item.name} works.`);
  button.disabled = false;
}

async function remove(item) {
  if (!await confirmed(`Remove ${item.name}?`, "Files that are there stay there.", "Remove")) return;
  await attempt(() => api.remove(`destinations/${item.id}`), `${item.name} was removed.`);
}

async function attempt(action, doneText) {
  try { toast(said(await action(), doneText)); } catch (error) { toast(error.message, "bad"); }
}

export function editDestination(item) {
  const name = input({ value: item?.name ?? "", placeholder: "Archive" });
  const host = input({ value: item?.host ?? "", placeholder: "archive.example.org", spellcheck: "false" });
  const port = input({ type: "number", min: 1, max: 65535, value: item?.port ?? 22, inputmode: "numeric" });
  const user = input({ value: item?.user ?? "", spellcheck: "false", autocapitalize: "none" });
  const folder = input({ value: item?.folder ?? "", placeholder: "recordings", spellcheck: "false" });
  const key = input({ value: item?.hostKey ?? "", placeholder: "SHA256:…", spellcheck: "false", class: "mono" });
  openForm(item ? `Edit ${item.name}` : "Add a destination", {
    content: [
      field("name", "Name", name),
      h("div", { class: "field-row host" }, field("host", "Server", host), field("port", "Port", port)),
      field("user", "User", user),
      field("folder", "Folder", folder, "Must exist. Without a leading slash it is inside the user’s home."),
      field("hostKey", "Host key", key, "Leave it empty to be shown the key that the server has, and confirm it then."),
    ],
    action: item ? "Save" : "Add the destination",
    save: async () => {
      const body = {
        ...(item ? plain(item) : {}), name: name.value.trim(), host: host.value.trim(), port: Number(port.value),
        user: user.value.trim(), folder: folder.value.trim(), hostKey: key.value.trim() || undefined,
      };
      for (const [key, text] of [["name", "Give it a name."], ["host", "Which server?"], ["user", "As which user?"]]) {
        if (!body[key]) throw objection(key, text);
      }
      const answer = item ? await api.put(`destinations/${item.id}`, body) : await api.post("destinations", body);
      toast(said(answer, item ? "Saved." : `${body.name} was added.`));
    },
  });
}

function sendings(items) {
  return h("section", { class: "card" }, h("h2", {}, "Files"), h("ul", { class: "rows" }, items.slice(0, 100).map((item) => {
    const progress = item.state === "sending" ? store.progress.get(item.id) : null;
    const canRetry = item.state === "waiting" || item.state === "dead";
    return h("li", { class: "row" },
      h("div", { class: "row-main" }, h("span", { class: "strong" }, item.fileName),
        h("span", { class: "muted small" },
          [store.destinations.get(item.destination)?.name ?? item.destination, bytes(item.bytes), dayAndTime(item.updatedAt),
            item.attempts > 1 ? `${item.attempts} tries` : null,
            item.state === "waiting" && item.retryAt ? `next try ${relative(item.retryAt)}` : null].filter(Boolean).join(" · ")),
        item.reason ? h("span", { class: "reason" }, item.reason) : null,
        progress ? h("progress", { max: progress.totalBytes, value: progress.sentBytes, "aria-label": "Sent" }) : null),
      h("div", { class: "row-end" }, deliveryChip(item.state),
        canRetry ? h("button", { class: "button", type: "button", id: `retry-${item.id}`, onclick: () => attempt(() => api.post(`deliveries/${item.id}/retry`), "It is tried again.") }, "Try now") : null,
        canRetry ? h("button", { class: "button quiet", type: "button", id: `discard-${item.id}`, onclick: () => discard(item) }, "Give up") : null));
  })));
}

async function discard(item) {
  if (!await confirmed("Give this delivery up?", "The recording stays here; it is only not sent.", "Give up")) return;
  await attempt(() => api.post(`deliveries/${item.id}/discard`), "It was given up.");
}
