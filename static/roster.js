// The list of teachers: what it must not lose, and what must not come too late.

import { headers } from "./session.js";

const panel = document.getElementById("panel");
const list = () => document.getElementById("roster");
const LISTS = ["roster", "results"];
const PARTS = [...LISTS, "tiles", "chips"];

function here() {
  const url = new URL(location.href);
  url.searchParams.delete("open");
  return url.pathname + url.search;
}

const refresh = () =>
  window.htmx.ajax("GET", location.pathname + location.search, { target: "#roster", select: "#roster", swap: "outerHTML show:none" });

// ---- Menus: their boxes come when they open

const MENU = /-(found|choices)$/;
let ticked = [];

document.addEventListener(
  "toggle",
  ({ target }) => {
    const name = target.dataset?.menu;
    if (!name || !target.open) return;
    const choices = document.getElementById(`${name}-choices`);
    // Groups are those of the sessions chosen meanwhile.
    if (name === "group" || choices.querySelector("[data-awaited]")) window.htmx.trigger(choices, "vg-open");
  },
  true, // it does not bubble
);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (MENU.test(detail.target?.id)) ticked = [...detail.target.querySelectorAll("label:has(input:checked)")];
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (!MENU.test(detail.target?.id)) return;
  const boxes = detail.target.querySelector("[id$=-found]") ?? detail.target;
  const kept = new Set(ticked.map((label) => label.querySelector("input").id));
  // What was ticked, or no longer, while the answer was on its way stays so.
  for (const box of boxes.querySelectorAll("input[type=checkbox]")) box.checked = kept.has(box.id);
  for (const label of ticked.reverse()) if (!document.getElementById(label.querySelector("input").id)) boxes.prepend(label);
});

// ---- The filters: no question twice, one step of the history for a word however slowly typed

let typing = false;
let wordInHistory = false;
let asked = null;

document.addEventListener("input", ({ target }) => target.id === "q" && (asked = null));

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, formData, target, triggeringEvent, verb } = event.detail;
  if (verb !== "get" || !LISTS.includes(target?.id)) return;
  typing = elt.id === "filters" && triggeringEvent?.target?.id === "q" && triggeringEvent.type !== "submit";
  const query = elt.id === "filters" ? new URLSearchParams([...formData].filter(([name]) => name !== "open")).toString() : null;
  // A field that is left says «change» of what was asked while typing.
  if (query !== null && query === asked && triggeringEvent?.type === "change") event.preventDefault();
  asked = query;
});

document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
  if (!LISTS.includes(detail.target?.id)) return;
  if (typing && wordInHistory) detail.history.type = "replace";
  wordInHistory = typing;
});

// ---- Late answers: the address has gone on, so they are of another list

const askedFrom = new WeakMap();
let late = false;
let unsent = null;

document.addEventListener("htmx:beforeRequest", ({ detail }) => askedFrom.set(detail.xhr, here()));

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!list()) return;
  late = askedFrom.has(detail.xhr) && askedFrom.get(detail.xhr) !== here();
  if (late && LISTS.includes(detail.target?.id)) detail.shouldSwap = false;
  if (late) {
    // Once its parts were swapped or left out; a button that is gone says no `afterRequest`.
    setTimeout(() => {
      late = false;
      if (detail.requestConfig.verb !== "get") refresh();
    });
  }
  const search = document.getElementById("q");
  if (detail.target?.id !== "roster" || !detail.shouldSwap || !search) return;
  // A link brings the search field too, as it was when pressed: what is typed since goes on in it.
  const sent = new URL(detail.xhr.responseURL).searchParams.get("q") ?? "";
  unsent = search.value === sent || document.activeElement !== search ? null : search.value;
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig.elt.isConnected || !detail.shouldSwap || detail.requestConfig.verb === "get") return;
  // The button is gone with its row: htmx would look for the parts of the answer, «Undo» among them, in what is gone.
  detail.shouldSwap = false;
  window.htmx.swap(detail.target, detail.serverResponse, { swapStyle: "none", swapDelay: 0, settleDelay: 0 });
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (late && PARTS.includes(event.detail.target?.id)) event.preventDefault();
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id !== "roster" || unsent === null) return;
  const search = document.getElementById("q");
  search.value = unsent;
  unsent = null;
  search.dispatchEvent(new Event("input", { bubbles: true }));
});

// ---- Back and forth: the list alone is read again, and the panel where it is another one's

window.addEventListener(
  "popstate",
  (event) => {
    if (!event.state?.htmx || !list()) return;
    event.stopImmediatePropagation();
    wordInHistory = false;
    asked = null;
    const wanted = new URL(location.href).searchParams.get("open");
    const shown = panel.querySelector("[data-panel]")?.dataset.panel ?? null;
    if (wanted !== shown) panel.replaceChildren();
    refresh();
    if (wanted && wanted !== shown) {
      const url = list().dataset.person.replace("/0/", `/${encodeURIComponent(wanted)}/`);
      window.htmx.ajax("GET", url, { target: "#panel", swap: "innerHTML" });
    }
  },
  true, // before htmx, which would load the whole page, and with it drop what is half typed in the panel
);

window.addEventListener("pageshow", (event) => {
  if (!event.persisted || !list()) return;
  document.querySelectorAll("details.vg-menu[open]").forEach((menu) => (menu.open = false));
  refresh();
});

// ---- A heading's sort is remembered

document.addEventListener("click", ({ target }) => {
  const heading = target.closest?.("a[data-sort]");
  if (!heading) return;
  const body = new URLSearchParams({ sort: heading.dataset.sort });
  fetch(list().dataset.layout, { method: "POST", body, headers: headers(), keepalive: true });
});

// ---- Said at once: a row shows what its button does, and takes it back where no answer comes

const saidAtOnce = new WeakMap();

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const cell = detail.elt.matches("form[data-at-once]") && detail.elt.closest("[data-row]")?.querySelector(".c-fu");
  const badge = document.getElementById("at-once");
  if (!cell || !badge) return;
  saidAtOnce.set(detail.elt, [cell, [...cell.childNodes]]);
  cell.replaceChildren(badge.content.cloneNode(true));
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    const [cell, before] = saidAtOnce.get(detail.elt) ?? [];
    cell?.replaceChildren(...before);
  });
}
