// Holiday calendars: dates on which schedules that name them start nothing.

import { api, said } from "./api.js";
import { confirmed, h, icon, toast } from "./dom.js";
import { field, input, objection, openForm } from "./forms.js";
import { store } from "./store.js";

const yearly = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", timeZone: "UTC" });
const once = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** A date in words; null where it is none. A leap year for those of every year, because of 29 February. */
export function dateText(text) {
  const match = text.match(/^(?:(\d{4})-)?(\d\d)-(\d\d)$/);
  if (!match) return null;
  const date = new Date(Date.UTC(Number(match[1] ?? 2024), Number(match[2]) - 1, Number(match[3])));
  if (date.getUTCMonth() !== Number(match[2]) - 1 || date.getUTCDate() !== Number(match[3])) return null;
  return match[1] ? once.format(date) : `${yearly.format(date)}, every year`;
}

export function holidays() {
  const items = [...store.holidays.values()].sort((a, b) => a.name.localeCompare(b.name));
  const add = h("button", { class: "button", type: "button", id: "add-holidays", onclick: () => editHolidays() }, icon("plus"), "Add a calendar");
  return h("section", { class: "card", id: "holidays" },
    h("div", { class: "card-head" }, h("h2", {}, "Holiday calendars"), add),
    items.length ? h("ul", { class: "rows" }, items.map(row))
      : h("p", { class: "muted" }, "None yet. A schedule that names a calendar starts nothing on its dates."));
}

function row(item) {
  const uses = [...store.schedules.values()].filter((schedule) => schedule.exceptHolidays === item.id).length;
  const dates = item.dates.map((date) => dateText(date) ?? date);
  return h("li", { class: "row top", key: `holidays-${item.id}` },
    h("div", { class: "row-main" }, h("b", {}, item.name), h("span", { class: "muted small" },
      [uses ? `${uses} ${uses === 1 ? "schedule" : "schedules"}` : "not used", `${dates.length} ${dates.length === 1 ? "date" : "dates"}`].join(" · ")),
    h("span", { class: "small" }, dates.slice(0, 6).join(" · "), dates.length > 6 ? ` and ${dates.length - 6} more` : "")),
    h("div", { class: "row-end" }, h("button", { class: "button quiet", type: "button", id: `edit-holidays-${item.id}`, onclick: () => editHolidays(item) }, "Edit")));
}

export function editHolidays(item) {
  const name = input({ value: item?.name ?? "", placeholder: "Public holidays" });
  const dates = h("textarea", { rows: 9, spellcheck: "false", placeholder: "12-25\n01-01\n2027-03-26" });
  dates.value = (item?.dates ?? []).join("\n");
  const words = h("p", { class: "hint", "aria-live": "polite" });
  const list = () => dates.value.split(/[\s,;]+/).filter(Boolean);
  const tell = () => {
    const bad = list().find((text) => dateText(text) === null);
    words.textContent = bad ? `“${bad}” is no date.` : list().map(dateText).join(" · ");
  };
  dates.addEventListener("input", tell);
  tell();
  openForm(item ? `Edit ${item.name}` : "Add a holiday calendar", {
    content: [field("name", "Name", name), field("dates", "Dates", dates, "One a line: 2027-03-26 for one day, 12-25 for every year. Read on the clocks of each schedule."), words],
    action: item ? "Save" : "Add the calendar",
    remove: item ? () => remove(item) : null,
    save: async () => {
      const body = { name: name.value.trim(), dates: list() };
      if (!body.name) throw objection("name", "Give it a name.");
      const bad = body.dates.find((text) => dateText(text) === null);
      if (bad) throw objection("dates", `“${bad}” is no date; write 2027-03-26, or 12-25 for every year.`);
      const answer = item ? await api.put(`holidays/${item.id}`, body) : await api.post("holidays", body);
      toast(said(answer, item ? "Saved." : `${body.name} was added.`));
    },
  });
}

async function remove(item) {
  if (!await confirmed(`Remove ${item.name}?`, "Schedules must not name it any more.", "Remove")) return;
  try {
    toast(said(await api.remove(`holidays/${item.id}`), `${item.name} was removed.`));
  } catch (error) { toast(error.message, "bad"); }
}
