// What is typed and not sent outlives whatever redraws the panel, shows another file or closes the dialog.

import { isTyped } from "./fields.js";

const PLACES = "[data-panel], #bulk-step";
const typed = new Map();
const sent = new WeakMap();
// A field that goes with the focus in it says «change» once more, after it was sent.
const done = new Map();
const isBox = (field) => field.matches("[type=checkbox], [type=radio]");
const valueOf = (field) => (isBox(field) ? field.checked : field.value);
const forms = () => [...document.querySelectorAll(":is([data-panel], #bulk-step) form")];

function keyOf(field) {
  const place = field.closest(PLACES);
  if (!place || !field.name || !field.form || field.matches("[type=hidden], [type=file], button")) return null;
  const parts = [place.dataset.panel ?? place.id, field.form.getAttribute("action"), field.name];
  return [...parts, isBox(field) ? field.value : ""].join(" ");
}

function keep(form) {
  for (const field of form?.elements ?? []) {
    const key = keyOf(field);
    if (!key) continue;
    // A call's draft is on the server: leaving the page loses nothing of it.
    if (isTyped(field) && done.get(key) !== valueOf(field)) typed.set(key, { value: valueOf(field), safe: "draft" in form.dataset });
    else typed.delete(key);
  }
}

function putBack(form) {
  let some = false;
  for (const field of form.elements) {
    const kept = typed.get(keyOf(field));
    if (!kept || isTyped(field) || valueOf(field) === kept.value) continue;
    if (isBox(field)) field.checked = kept.value;
    else field.value = kept.value;
    some = true;
  }
  if (!some) return;
  const fold = form.closest("details.vg-unfold");
  if (fold) fold.open = true;
  else if (form.id === "note-form" && !document.querySelector("form[data-calls]")) document.getElementById("act-note")?.click();
}

const keysOf = (form) => [...form.elements].map((field) => [keyOf(field), valueOf(field)]).filter(([key]) => key);

function forget(keys) {
  // What was typed while this was under way stays.
  for (const [key, value] of keys ?? []) {
    done.set(key, value);
    if (typed.get(key)?.value === value) typed.delete(key);
  }
}

document.addEventListener("input", () => done.clear());
for (const name of ["input", "change"]) document.addEventListener(name, ({ target }) => keep(target.form));

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const form = detail.elt.closest?.("form");
  if (form && detail.requestConfig.verb === "post") sent.set(detail.xhr, keysOf(form));
});
// The first where the answer leads elsewhere, the second where the button is gone.
for (const name of ["htmx:beforeOnLoad", "htmx:beforeSwap"]) {
  document.addEventListener(name, ({ detail }) => detail.xhr.status < 400 && forget(sent.get(detail.xhr)));
}
document.addEventListener("submit", (event) => event.defaultPrevented || forget(keysOf(event.target)));
document.addEventListener("htmx:afterSettle", () => forms().forEach(putBack));

// A screen of its own in the panel, such as «Block», is not replaced by the file while somebody writes in it.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { fragment, target } = event.detail;
  if (target.id !== "panel") return;
  const actions = new Set([...fragment.querySelectorAll("form")].map((form) => form.getAttribute("action")));
  const isLost = (form) => !actions.has(form.getAttribute("action")) && [...form.elements].some(isTyped);
  if ([...target.querySelectorAll("form")].some(isLost)) event.preventDefault();
});

window.addEventListener("beforeunload", (event) => {
  const isClosed = (key) => key.startsWith("bulk-step ") && !document.querySelector("#bulk-step form");
  if ([...typed].some(([key, { safe }]) => !safe && !isClosed(key))) event.preventDefault();
});
