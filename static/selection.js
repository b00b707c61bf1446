// The ticks of the roster: kept by id while the rows are swapped under them, never carried over to other people.
// The page brings this module along; it runs once, and listens on the document.

import { announce } from "./announce.js";

const bar = () => document.getElementById("bulk");
const dialog = () => document.getElementById("bulk-dialog");
const boxes = () => [...document.querySelectorAll('#results input[name="row"]')];
const whole = () => document.querySelector("#bulk-selection input");
const id = (box) => box.closest("[data-row]").dataset.row;
const chosen = new Set();
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
  const n = whole() ? Number(whole().dataset.total) : ticked;
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
  document.getElementById("bulk-selection").replaceChildren();
  anchor = null;
  draw();
  if (aloud && some) say(bar().dataset.cleared);
}

// The rows were swapped: by a filter, a page, an act or a refresh.
function kept() {
  const before = place;
  place = here();
  if (place.list === before.list && place.page !== before.page) return clear(true);
  if (whole() && place.list !== before.list) return clear(true);
  // Of «all», every page drawn anew is.
  if (whole()) for (const box of boxes()) chosen.add(id(box));
  const visible = new Set(boxes().map(id));
  for (const one of chosen) if (!visible.has(one)) chosen.delete(one);
  draw();
}

function tick(box, on) {
  if (on) chosen.add(id(box));
  else chosen.delete(id(box));
  // Whoever is taken out of «all» leaves those ticked on this page.
  if (!on) document.getElementById("bulk-selection").replaceChildren();
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
  goOn = [...chosen][0] ?? "";
  clear(false);
});

document.addEventListener("close", (event) => event.target === dialog() && document.getElementById("bulk-step").replaceChildren(), true);

// Back brings the page as it was left, ticks included: they are of another moment.
window.addEventListener("pageshow", () => {
  if (!bar()) return;
  for (const box of boxes()) box.checked = false;
  clear(false);
});
