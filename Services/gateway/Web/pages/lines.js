// A list of text fields in a form that grows and shrinks: addresses in their order, headers, dates.

import { h, icon } from "./dom.js";
import { input } from "./forms.js";

/** `fields`: what stands in each line, { name, placeholder, label, type, value(item) }. `ordered` lines
 *  can be moved. The `element` has `lines()`, an array of objects by name without empty lines. */
export function lines({ id, items, fields, ordered = false, add, first, next, onChange = () => {} }) {
  const list = h(ordered ? "ol" : "ul", { class: `lines ${ordered ? "ordered" : ""}` });
  const more = h("button", { class: "button quiet", type: "button", id: `${id}-more`, onclick: () => { append({}).focus(); tell(); } }, icon("plus"), add);
  const element = h("div", { class: "stack tight" }, list, h("div", { class: "actions" }, more));

  const press = (label, name, action) => h("button", {
    class: "button quiet icon-only", type: "button", "aria-label": label, title: label, onclick: action,
  }, icon(name));

  function append(item) {
    const controls = fields.map((one) => input({
      type: one.type ?? "text", value: item[one.name] ?? "", placeholder: one.placeholder ?? "", spellcheck: "false", class: one.mono ? "mono" : null,
      "data-name": one.name, list: one.list, oninput: tell,
    }));
    const row = h("li", {}, ordered ? h("span", { class: "line-note small muted" }) : null,
      h("div", { class: "line-fields" }, controls),
      h("div", { class: "line-actions" },
        ordered ? press("Move up", "up", () => { row.previousElementSibling?.before(row); tell(); controls[0].focus(); }) : null,
        press("Remove", "close", () => { const other = row.nextElementSibling ?? row.previousElementSibling; row.remove(); tell(); (other?.querySelector("input") ?? more).focus(); })));
    list.append(row);
    return controls[0];
  }

  function tell() {
    [...list.children].forEach((row, index) => {
      const note = row.querySelector(".line-note");
      if (note) note.textContent = index ? next : first;
      row.querySelectorAll("input").forEach((control, at) => control.setAttribute("aria-label", `${fields[at].label} ${index + 1}`));
      const up = row.querySelector("[aria-label='Move up']");
      if (up) up.disabled = index === 0;
    });
    onChange();
  }

  for (const item of items.length ? items : ordered ? [{}] : []) append(item);
  tell();
  element.lines = () => [...list.children].map((row) => Object.fromEntries(
    [...row.querySelectorAll("input")].map((control) => [control.dataset.name, control.value.trim()])))
    .filter((item) => Object.values(item).some(Boolean));
  return element;
}
