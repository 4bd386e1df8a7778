// Picking a cover: the pictures that are there, a new one, or none, each seen before it is chosen.

import { api, upload } from "./api.js";
import { h, icon } from "./dom.js";
import { group } from "./forms.js";

const LARGEST = 10 * 2 ** 20;
let serial = 0;

const address = (id) => `/api/v1/artwork/${id}`;

export function artworkPicker(chosen) {
  const name = `artwork-${++serial}`;
  const note = h("p", { class: "hint", role: "status" });
  const list = h("div", { class: "artworks" });
  const file = h("input", { type: "file", accept: "image/jpeg,image/png", class: "visually-hidden", id: `${name}-file`, onchange: () => take() });
  const preview = h("div", { class: "artwork-now" });
  let known = chosen ? [chosen] : [];
  let isLoaded = false;

  function draw() {
    list.replaceChildren(
      choice("", h("span", { class: "artwork-none" }, "None")),
      ...known.map((id, index) => choice(id, h("img", { src: address(id), alt: `Picture ${index + 1}`, loading: "lazy", width: 72, height: 72 }))));
    preview.replaceChildren(...(chosen ? [h("img", { src: address(chosen), alt: "The chosen cover", width: 180, height: 180 })] : []));
    preview.hidden = !chosen;
  }

  const choice = (id, face) => h("label", { class: "artwork" },
    h("input", { type: "radio", name, value: id, checked: id === (chosen ?? ""), onchange: () => { chosen = id || null; draw(); list.querySelector(":checked")?.focus(); } }), face);

  async function take() {
    const picked = file.files[0];
    file.value = "";
    if (!picked) return;
    if (picked.size > LARGEST) { note.textContent = "The picture is larger than 10 MiB; choose a smaller one."; return; }
    note.textContent = `Uploading ${picked.name}…`;
    try {
      const { value } = await upload("artwork", picked);
      known = [value.id, ...known.filter((id) => id !== value.id)];
      chosen = value.id;
      note.textContent = `${picked.name} is chosen.`;
    } catch (error) { note.textContent = error.message; }
    draw();
  }

  async function load() {
    if (isLoaded) return;
    isLoaded = true;
    try {
      const found = await api.get("artwork");
      const all = (found.artwork ?? found.artworks ?? []).map((item) => item.id ?? item);
      known = [...new Set([...known, ...all])];
    } catch (error) { note.textContent = error.message; }
    draw();
  }

  draw();
  return {
    load,
    read: () => chosen || undefined,
    content: group("finishing.artwork", "Cover", h("div", { class: "artwork-box" }, preview, h("div", { class: "stack tight" }, list,
      h("div", { class: "actions" }, h("label", { class: "button upload", for: `${name}-file` }, icon("upload"), "Upload a picture"), file), note,
      h("p", { class: "hint" }, "JPEG or PNG, up to 10 MiB. It is put into each file.")))),
  };
}
