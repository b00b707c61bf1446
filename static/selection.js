// The ticks of the roster: kept by id while the rows are swapped under them, never carried over to other people.
// The page brings this module along; it runs once, and listens on the document.

import { announce } from "./announce.js";

const bar = () => document.getElementById("bulk");
const dialog = () => document.getElementById("bulk-dialog");
const boxes = () => [...document.querySelectorAll('#results input[name="row"]')];
const whole = () => document.querySelector("#bulk-selection input[name=selection]");
const id = (box) => box.closest("[data-row]").dataset.row;
// By id, what the box sends. Of «all», those of this page; who was taken out again is in `but`.
const chosen = new Map();
const but = new Set();
let hidden = new Set();
let anchor = null;
let goOn = null;
let place = here();

function here() {
  const query = new URLSearchParams(location.search);
  const page = query.get("page") ?? "1";
  for (const name of ["page", "open"]) query.delete(name);
  const list = query.toString();
  query.delete("sort");
  return { page, list, filters: query.toString() };
}

// Beside the page's own live region, which tells of the new list at that moment.
function say(text) {
  announce(text, "bulk-live");
}

function words(n) {
  const { one, many } = bar().dataset;
  return n === 1 ? one : many.replace("{n}", n.toLocaleString(document.documentElement.lang));
}

// What the boxes of this page do not send: who was taken out of «all», or ticked before another order hid their row.
function sendToo(all) {
  const shown = new Set(all.map(id));
  const fields = whole() ? [...but].map((one) => ["but", one]) : [...chosen].filter(([one]) => !shown.has(one)).map(([, value]) => ["row", value]);
  const place = document.getElementById("bulk-selection");
  place.querySelectorAll("[data-too]").forEach((field) => field.remove());
  for (const [name, value] of fields) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    field.dataset.too = "";
    place.append(field);
  }
}

// What the ticks are is drawn anew: on boxes, rows, the page's own box and the bar.
function draw() {
  const all = boxes();
  for (const box of all) {
    box.checked = chosen.has(id(box));
    box.closest("[data-row]").classList.toggle("sel", box.checked);
  }
  const page = document.querySelector("[data-picks-page]");
  const ticked = all.filter((box) => box.checked).length;
  if (page) {
    page.checked = all.length > 0 && ticked === all.length;
    page.indeterminate = ticked > 0 && ticked < all.length;
  }
  sendToo(all);
  const n = whole() ? Number(whole().dataset.total) - but.size : chosen.size;
  const count = document.getElementById("bulk-count");
  const text = n ? words(n) : "";
  if (count.textContent !== text) count.textContent = text;
  const results = document.getElementById("results");
  const more = document.getElementById("bulk-all");
  more.hidden = Boolean(whole()) || !results?.dataset.selectAll;
  if (results?.dataset.selectAll) more.textContent = results.dataset.selectAll;
  bar().elements.query.value = location.search.slice(1);
}

function clear(aloud) {
  const some = chosen.size > 0 || whole();
  chosen.clear();
  but.clear();
  document.getElementById("bulk-selection").replaceChildren();
  anchor = null;
  draw();
  if (aloud && some) say(bar().dataset.cleared);
}

// The rows were swapped: by a filter, a page, an act or a refresh.
function kept() {
  const before = place;
  place = here();
  const sameFilters = place.filters === before.filters;
  if (whole() && !sameFilters) return clear(true);
  if (!whole() && place.list === before.list && place.page !== before.page) return clear(true);
  const visible = new Map(boxes().map((box) => [id(box), box]));
  // Another order shows other rows of the same list: those ticked stay so. Else who is gone has left the list.
  const sorted = sameFilters && place.list !== before.list;
  if (sorted) hidden = new Set([...chosen.keys()].filter((one) => !visible.has(one)));
  for (const one of chosen.keys()) if (!visible.has(one) && (whole() || !hidden.has(one))) chosen.delete(one);
  for (const [one, box] of visible) {
    hidden.delete(one);
    // Of «all», every page drawn anew is.
    if (whole() ? !but.has(one) : chosen.has(one)) chosen.set(one, box.value);
  }
  draw();
}

function tick(box, on) {
  if (on) chosen.set(id(box), box.value);
  else chosen.delete(id(box));
  if (!whole()) return;
  if (on) but.delete(id(box));
  else but.add(id(box));
  if (but.size >= Number(whole().dataset.total)) clear(false);
}

document.addEventListener("click", (event) => {
  const box = event.target instanceof Element ? event.target.closest('#results input[name="row"]') : null;
  if (event.target.closest?.("[data-close-dialog]")) dialog().close();
  if (!box) return;
  const all = boxes();
  const from = event.shiftKey ? all.findIndex((other) => id(other) === anchor) : -1;
  const [first, last] = [from < 0 ? all.indexOf(box) : from, all.indexOf(box)].sort((a, b) => a - b);
  for (const other of all.slice(first, last + 1)) tick(other, box.checked);
  anchor = id(box);
  draw();
});

document.addEventListener("change", ({ target }) => {
  if (target.dataset?.picksPage === undefined) return;
  for (const box of boxes()) tick(box, target.checked);
  draw();
});

document.addEventListener("reset", (event) => {
  if (event.target !== bar()) return;
  event.preventDefault();
  clear(true);
  (document.querySelector("[data-picks-page]") ?? boxes()[0])?.focus();
});

// ---- htmx

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (!bar()) return;
  const step = document.getElementById("bulk-step");
  if (detail.target === step && step.children.length && !dialog().open) dialog().showModal();
  if (detail.target === step && step.children.length) {
    (step.querySelector("[aria-invalid=true]") ?? step.querySelector("input:not([type=hidden]), select, textarea, #bulk-title"))?.focus();
  }
  kept();
});

// Also after an answer whose only content goes elsewhere: nothing is left to ask.
document.addEventListener("htmx:afterRequest", () => {
  const step = document.getElementById("bulk-step");
  if (dialog()?.open && !step.children.length) dialog().close();
  // The bar is gone with its button: the keyboard goes on among the rows.
  if (goOn === null || document.activeElement?.closest("#panel")) return;
  (document.getElementById(`name-${goOn}`) ?? document.querySelector("[data-row] .name"))?.focus();
  goOn = null;
});

// The address of a link's swap is pushed after its rows have come.
document.addEventListener("htmx:pushedIntoHistory", () => bar() && kept());

// The browser's own event for `HX-Trigger: bulk-begun`.
document.addEventListener("bulk-begun", () => {
  if (!bar()) return;
  goOn = [...chosen.keys()][0] ?? "";
  clear(false);
});

document.addEventListener("close", (event) => event.target === dialog() && document.getElementById("bulk-step").replaceChildren(), true);

// Back brings the page as it was left, ticks included: they are of another moment.
window.addEventListener("pageshow", () => {
  if (!bar()) return;
  for (const box of boxes()) box.checked = false;
  clear(false);
});
