// Forms in dialogs: labels, hints, and the server's objections beside the field that they are about.

import { Refusal } from "./api.js";
import { dialog, h } from "./dom.js";

let serial = 0;

/** A labelled control; `name` is what the server calls the field. */
export function field(name, label, control, hint) {
  const id = `field-${++serial}`;
  control.id = id;
  const note = h("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const help = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  control.setAttribute("aria-describedby", `${id}-error${help ? ` ${id}-hint` : ""}`);
  const box = h("div", { class: "field", "data-field": name }, h("label", { for: id }, label), control, help, note);
  return box;
}

/** Several controls under one heading, such as the days of the week. */
export function group(name, label, ...content) {
  const note = h("p", { class: "field-error", hidden: true });
  return h("fieldset", { class: "field", "data-field": name }, h("legend", {}, label), content, note);
}

export const input = (properties) => h("input", { autocomplete: "off", ...properties });

export const select = (options, value) =>
  h("select", {}, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));

export const check = (label, control) => h("label", { class: "check" }, control, h("span", {}, label));

/** Opens a form; `save` sends it and may throw a `Refusal`. `remove` closes it and does away with what
 *  the form is about. */
export function openForm(title, { content, action = "Save", save, remove, wide = false, beside = null }) {
  const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
  const submit = h("button", { class: "button primary", type: "submit" }, action);
  const form = h("form", { class: beside ? "stack with-side" : "stack", novalidate: true },
    beside ? h("div", { class: "form-parts" }, h("div", { class: "stack" }, content), beside) : content, problem,
    h("div", { class: "actions end" },
      remove ? h("button", { class: "button quiet first", type: "button", onclick: () => { box.close(); remove(); } }, "Remove…") : null,
      h("button", { class: "button", type: "button", onclick: () => box.close() }, "Cancel"), submit));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(form, problem);
    submit.disabled = true;
    try {
      await save();
      box.close();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      show(form, problem, error);
    } finally {
      submit.disabled = false;
    }
  });
  const box = dialog(title, form, { wide });
  if (beside) box.classList.add("huge");
  /** For what a form does before it is saved, such as a test. */
  box.object = (error) => {
    clear(form, problem);
    show(form, problem, error);
  };
  form.querySelector("input, select, textarea")?.focus();
  return box;
}

/** A refusal that this page makes itself, shown like the server's. */
export const objection = (fieldName, message) => new Refusal(422, { message, field: fieldName });

function clear(form, problem) {
  problem.hidden = true;
  for (const box of form.querySelectorAll(".field")) {
    box.classList.remove("bad");
    const note = box.querySelector(".field-error");
    if (note) note.hidden = true;
    box.querySelector("input, select, textarea")?.removeAttribute("aria-invalid");
  }
}

function show(form, problem, refusal) {
  const box = refusal.field && findField(form, refusal.field);
  for (let at = box?.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  if (!box) {
    problem.textContent = refusal.message;
    problem.hidden = false;
    return;
  }
  const note = box.querySelector(".field-error");
  note.textContent = refusal.message;
  note.hidden = false;
  box.classList.add("bad");
  const control = box.querySelector("input, select, textarea");
  control?.setAttribute("aria-invalid", "true");
  control?.focus();
}

/** The server may name a part of a field (`urls.0`) or what a field is part of (`rule`). */
function findField(form, name) {
  const isShown = (box) => box.closest("[hidden]") === null;
  const boxes = [...form.querySelectorAll("[data-field]")].filter(isShown);
  const plain = name.replace(/^(stream|schedule|destination)\./, "");
  return boxes.find((box) => box.dataset.field === plain)
    ?? boxes.find((box) => plain.startsWith(`${box.dataset.field}.`))
    ?? boxes.find((box) => box.dataset.field.startsWith(`${plain}.`));
}
