// Doing something for a person: the button is busy meanwhile, and what became of it is said in one
// sentence, also when the service that does it takes its time.

import { api, outcome, said } from "./api.js";
import { confirmed, dialog, h, toast } from "./dom.js";

/** Runs `action`, which gives an answer of the gateway; `done` is said where the answer says nothing. */
export async function perform(action, done, button) {
  if (button) button.disabled = true;
  try {
    const answer = await action();
    toast(said(answer, done));
    if (answer.status === 202) {
      const found = await outcome(answer.value.command);
      if (found) toast(found.text ?? done);
    }
    return true;
  } catch (error) {
    toast(error.message, "bad");
    return false;
  } finally {
    if (button) button.disabled = false;
  }
}

/** A button that gives a command; it asks first where `question` is given: { title, text, action }. */
export function button(label, path, done, { kind = "", id, question } = {}) {
  return h("button", {
    class: `button ${kind}`, type: "button", id,
    onclick: async (event) => {
      const pressed = event.currentTarget;
      if (question && !await confirmed(question.title, question.text, question.action)) return;
      await perform(() => api.post(path), done, pressed);
    },
  }, label);
}

/** Shows a log as it is now; `missing` is said where there is none. */
export async function showLog(title, path, missing) {
  try {
    const text = await api.text(path);
    dialog(title, h("pre", { class: "log", tabindex: 0 }, text || "Nothing was written yet."), { wide: true });
  } catch (error) {
    toast(error.status === 404 ? missing : error.message, "bad");
  }
}
