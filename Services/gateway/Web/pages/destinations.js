// Where finished files go: folders on servers that are reached by SSH, and S3 buckets.

import { button, perform } from "./actions.js";
import { api, said } from "./api.js";
import { chip, confirmed, empty, h, icon, pageHead, toast } from "./dom.js";
import { check, field, input, objection, openForm, select } from "./forms.js";
import { store } from "./store.js";

export function destinations() {
  const add = h("button", { class: "button primary", type: "button", id: "add-place", onclick: () => editDestination() },
    icon("plus"), "Add a destination");
  const places = [...store.destinations.values()].sort((a, b) => a.name.localeCompare(b.name));
  return h("div", { class: "stack wide-gap" },
    pageHead("Destinations", "Servers over SFTP and S3 buckets; what arrives there is compared with what was sent.", places.length ? add : null),
    places.length ? h("div", { class: "cards" }, places.map(card))
      : empty("destinations", "No destinations yet",
        "A destination is a folder on a server that you reach by SSH, or an S3 bucket. Schedules and podcasts then send each finished file there.", add),
    keyCard());
}

function keyCard() {
  if (!store.publicKey) return null;
  return h("section", { class: "card" }, h("h2", {}, "Airloom’s key"),
    h("p", { class: "muted" }, "For SFTP: add this line to ~/.ssh/authorized_keys of the user on each server, so that Airloom may log in."),
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

const isBucket = (item) => item.kind === "s3";

function address(item) {
  if (isBucket(item)) {
    const { bucket } = item;
    const port = item.port === (bucket.isTLS ? 443 : 80) ? "" : `:${item.port}`;
    return `${bucket.isTLS ? "https" : "http"}://${item.host}${port}/${bucket.name}/${item.folder}`;
  }
  return `${item.user}@${item.host}${item.port === 22 ? "" : `:${item.port}`}:${item.folder}`;
}

function stateChip(item) {
  if (!item.isEnabled) return chip("off", "off");
  if (item.fault) return chip("trouble", "bad");
  return isBucket(item) || item.hostKey ? chip("ready", "good") : chip("key not confirmed", "warn");
}

function card(item) {
  return h("article", { class: `card ${item.isEnabled ? "" : "faded"}` },
    h("div", { class: "card-head" }, h("h2", {}, item.name), h("div", { class: "chips" }, chip(isBucket(item) ? "S3" : "SFTP", ""), stateChip(item))),
    h("p", {}, h("code", {}, address(item))),
    item.fault && !item.foundHostKey ? h("p", { class: "reason" }, item.fault) : null,
    item.foundHostKey ? h("div", { class: "notice" },
      h("p", {}, item.hostKey ? "The server shows another key than the one that was confirmed. Unless somebody changed it on purpose, a stranger may be answering:"
        : "The server showed this key. Compare it with what its administrator says, then confirm it:"),
      h("code", {}, item.foundHostKey),
      h("div", { class: "actions" },
        h("button", { class: "button", type: "button", id: `pin-${item.id}`, onclick: () => confirmKey(item) }, "Confirm this key"))) : null,
    h("div", { class: "actions" },
      button("Test", `destinations/${item.id}/test`, `${item.name} works.`, { id: `test-${item.id}` }),
      h("button", { class: "button quiet", type: "button", id: `edit-${item.id}`, onclick: () => editDestination(item) }, "Edit"),
      h("button", { class: "button quiet", type: "button", id: `flip-${item.id}`, onclick: (event) => flip(item, event.currentTarget) },
        item.isEnabled ? "Switch off" : "Switch on")));
}

const plain = ({ fault, foundHostKey, ...definition }) => definition;
const put = (item, change, done, pressed) =>
  perform(() => api.put(`destinations/${item.id}`, { ...plain(item), ...change }), done, pressed);

async function confirmKey(item) {
  if (item.hostKey && !await confirmed("Trust the new key?", "Do this only when you know why the key has changed.", "Trust it")) return;
  await put(item, { hostKey: item.foundHostKey }, "Confirmed.");
}

const flip = (item, pressed) =>
  put(item, { isEnabled: !item.isEnabled }, item.isEnabled ? "Switched off." : "Switched on.", pressed);

async function remove(item) {
  if (!await confirmed(`Remove ${item.name}?`, "Files that are there stay there.", "Remove")) return;
  await perform(() => api.remove(`destinations/${item.id}`), `${item.name} was removed.`);
}

export function editDestination(item) {
  const kind = select([["sftp", "A server, over SFTP"], ["s3", "An S3 bucket"]], item?.kind ?? "sftp");
  const name = input({ value: item?.name ?? "", placeholder: "Archive" });
  const parts = { sftp: serverFields(item), s3: bucketFields(item) };
  const show = () => { for (const [key, part] of Object.entries(parts)) part.content.hidden = key !== kind.value; };
  kind.addEventListener("change", show);
  show();
  openForm(item ? `Edit ${item.name}` : "Add a destination", {
    content: [field("name", "Name", name), item ? null : field("kind", "What it is", kind), parts.sftp.content, parts.s3.content],
    action: item ? "Save" : "Add the destination",
    remove: item ? () => remove(item) : null,
    save: async () => {
      const body = { ...(item ? plain(item) : {}), kind: kind.value, name: name.value.trim(), ...parts[kind.value].read() };
      if (!body.name) throw objection("name", "Give it a name.");
      const answer = item ? await api.put(`destinations/${item.id}`, body) : await api.post("destinations", body);
      toast(said(answer, item ? "Saved." : `${body.name} was added.`));
    },
  });
}

function need(body, wanted) {
  for (const [key, text] of Object.entries(wanted)) if (!body[key]) throw objection(key, text);
  return body;
}

function serverFields(item) {
  const known = item?.kind === "s3" ? null : item;
  const host = input({ value: known?.host ?? "", placeholder: "archive.example.org", spellcheck: "false" });
  const port = input({ type: "number", min: 1, max: 65535, value: known?.port ?? 22, inputmode: "numeric" });
  const user = input({ value: known?.user ?? "", spellcheck: "false", autocapitalize: "none" });
  const folder = input({ value: known?.folder ?? "", placeholder: "recordings", spellcheck: "false" });
  const key = input({ value: known?.hostKey ?? "", placeholder: "SHA256:…", spellcheck: "false", class: "mono" });
  return {
    content: h("div", { class: "stack" },
      h("div", { class: "field-row host" }, field("host", "Server", host), field("port", "Port", port)),
      field("user", "User", user),
      field("folder", "Folder", folder, "Must exist. Without a leading slash it is inside the user’s home."),
      field("hostKey", "Host key", key, "Leave it empty to be shown the key that the server has, and confirm it then.")),
    read: () => need({
      host: host.value.trim(), port: Number(port.value), user: user.value.trim(), folder: folder.value.trim(),
      hostKey: key.value.trim() || undefined,
    }, { host: "Which server?", user: "As which user?" }),
  };
}

function bucketFields(item) {
  const known = item?.kind === "s3" ? item : null;
  const host = input({ value: known?.host ?? "", placeholder: "s3.eu-central-1.amazonaws.com", spellcheck: "false" });
  const port = input({ type: "number", min: 1, max: 65535, value: known?.port ?? 443, inputmode: "numeric" });
  const tls = input({ type: "checkbox", checked: known?.bucket.isTLS ?? true });
  const style = input({ type: "checkbox", checked: known?.bucket.usesPathStyle ?? true });
  const bucket = input({ value: known?.bucket.name ?? "", placeholder: "airloom", spellcheck: "false", autocapitalize: "none" });
  const region = input({ value: known?.bucket.region ?? "us-east-1", spellcheck: "false", autocapitalize: "none" });
  const folder = input({ value: known?.folder ?? "", placeholder: "recordings", spellcheck: "false" });
  const user = input({ value: known?.user ?? "", spellcheck: "false", autocapitalize: "none", class: "mono" });
  const secret = input({ type: "password", autocomplete: "new-password", placeholder: known ? "unchanged" : "" });
  tls.addEventListener("change", () => { port.value = tls.checked ? 443 : 80; });
  return {
    content: h("div", { class: "stack" },
      h("div", { class: "field-row host" }, field("host", "Endpoint", host), field("port", "Port", port)),
      check("Encrypted (HTTPS)", tls),
      h("div", { class: "field-row" }, field("bucket.name", "Bucket", bucket), field("bucket.region", "Region", region)),
      check("The bucket is in the path, not in the host’s name", style),
      field("folder", "Prefix", folder, "What the names of the objects begin with; may be empty."),
      field("user", "Access key", user),
      field("secret", "Secret key", secret, "It is sealed at once for the service that sends the files, and never shown again.")),
    read: () => {
      const body = need({
        host: host.value.trim(), port: Number(port.value), user: user.value.trim(), folder: folder.value.trim(),
        bucket: { name: bucket.value.trim(), region: region.value.trim(), isTLS: tls.checked, usesPathStyle: style.checked },
        secret: secret.value || undefined,
      }, { host: "Which endpoint?", user: "Which access key?" });
      if (!body.bucket.name) throw objection("bucket.name", "Which bucket?");
      if (!known && !body.secret) throw objection("secret", "The secret key that belongs to the access key.");
      return body;
    },
  };
}
