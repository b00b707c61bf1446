// What HTML and htmx cannot do: menus that close, toasts that fade, focus that is not lost.
// Every page works without it, with one more load.

import { announce } from "./announce.js";
import "./kept.js";
import { placeAgain, turnPage } from "./place.js";
import { leftForLogin } from "./session.js";

const TOAST_MS = 8000;
const NARROW = matchMedia("(max-width: 47.99rem)");
const LISTED = new Set(["results", "panel-place", "find", "recount"]); // these ask by themselves: nobody changed a filter
const panel = document.getElementById("panel");
const openRow = () => panel?.querySelector("[data-panel]")?.dataset.panel;
const at = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

// ---- Toasts

function fade(toast) {
  let timer;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    if (!toast.matches(":hover, :focus-within")) timer = setTimeout(() => toast.remove(), TOAST_MS);
  };
  // Nobody reading or about to press «Undo» is interrupted.
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", () => setTimeout(start)); // once the focus has gone on
  start();
}

function showToasts() {
  document.querySelectorAll(".vg-toast[data-fades]:not([data-seen])").forEach((toast) => {
    toast.dataset.seen = "";
    fade(toast);
  });
}

// What went wrong, in words, and stays until it is closed or something succeeds.
function failed({ detail }) {
  const status = String(detail.xhr?.status || "");
  const shown = document.querySelector(".vg-failed");
  if (leftForLogin(detail) || (shown && shown.dataset.failed === status && detail.requestConfig?.verb === "get")) return;
  const toast = document.getElementById("failed").content.firstElementChild.cloneNode(true);
  const texts = [...toast.querySelectorAll("[data-status]")];
  toast.dataset.failed = status;
  const told = texts.find((text) => text.dataset.status.split(" ").includes(status)) ?? texts.at(-1);
  for (const text of texts) if (text !== told) text.remove();
  const login = detail.xhr?.getResponseHeader("X-Vigie-Login");
  if (login) told.querySelector("a").href = login;
  document.getElementById("toasts").replaceChildren(toast);
}

// ---- The panel beside the list: the address carries `open`, so that reload and Back show the same

function address(open) {
  const url = new URL(location.href);
  if (open) url.searchParams.set("open", open);
  else url.searchParams.delete("open");
  return url.pathname + url.search;
}

function goTo(next) {
  // htmx answers Back only on entries that bear its mark, and the page one came to first has none yet.
  history.replaceState({ htmx: true }, "");
  history.pushState({ htmx: true }, "", next);
}

function markRow() {
  const open = openRow();
  document.querySelectorAll("[data-row]").forEach((row) => row.classList.toggle("open", row.dataset.row === open));
}

function opened(link) {
  const wanted = link.dataset.opens;
  if (openRow() !== wanted) return;
  const next = address(wanted);
  // From file to file, Back still closes the panel.
  if ("steps" in link.dataset) history.replaceState({ htmx: true }, "", next);
  else if (next !== location.pathname + location.search) goTo(next);
  markRow();
  turnPage();
  if ("steps" in link.dataset) {
    announce(panel.querySelector(".vg-pname").textContent);
    document.getElementById(`name-${wanted}`)?.scrollIntoView({ block: "nearest" });
  }
  if (link.dataset.tab) panel.querySelector(`#act-${link.dataset.tab}`)?.click();
  focusPanel();
  // Who opened it to call finds the outcomes under the thumb.
  if (NARROW.matches) panel.querySelector("form[data-calls]")?.scrollIntoView();
}

function focusPanel() {
  if (panel.contains(document.activeElement)) return;
  const heading = panel.querySelector(".vg-pname");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus();
}

function closePanel() {
  const row = openRow();
  panel.replaceChildren();
  goTo(address(null));
  markRow();
  // What was done in the panel may have taken the row out of the list.
  (document.getElementById(`name-${row}`) ?? document.querySelector("[data-row] .name") ?? document.getElementById("contenu")).focus();
}

// ---- Menus: <details> that close by themselves

function closeMenus(except) {
  document.querySelectorAll("details.vg-menu[open]").forEach((menu) => {
    if (!except || !menu.contains(except)) menu.open = false;
  });
}

function copied(button) {
  const { copied: said } = document.body.dataset;
  announce(said);
  button.dataset.done = said;
  setTimeout(() => delete button.dataset.done, 2000);
}

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  const close = at(event, "[data-close]");
  const copy = at(event, "[data-copy]");
  if (close?.closest(".vg-toast")) {
    close.closest(".vg-toast").remove();
    (lastPressed() ?? document.querySelector("[data-row] .name") ?? document.getElementById("contenu"))?.focus();
  } else if (close && panel?.contains(close)) {
    event.preventDefault();
    closePanel();
  }
  if (copy) {
    navigator.clipboard.writeText(copy.dataset.copy).then(() => copied(copy));
  }
});

// ---- One tick for all of a list

document.addEventListener("change", ({ target }) => {
  const name = target.dataset?.ticks;
  if (!name) return;
  for (const box of target.form.querySelectorAll(`input[name="${CSS.escape(name)}"]`)) box.checked = target.checked;
});

document.addEventListener("keydown", (event) => {
  const typing = at(event, "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (event.key === "Escape") {
    if (at(event, "dialog")) return;
    const menu = at(event, "details.vg-menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (openRow() && document.querySelector("[data-row]") && !typing) closePanel();
    return;
  }
});

// ---- htmx

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") return;
  // Addresses stay short: no blank fields.
  for (const [name, value] of [...detail.formData.entries()]) if (value === "") detail.formData.delete(name);
  // Sorting or filtering leaves the panel open.
  if (openRow() && ["roster", "results"].includes(detail.target?.id)) detail.formData.set("open", openRow());
});

// ---- A file that was closed before its answer came: the list and the message tell what became of it all the same

function answerTheList({ detail }) {
  if (detail.target.isConnected) return;
  // What was refused is shown again, with what was typed.
  const again = detail.xhr.status >= 400 && !openRow();
  // htmx would look for the list inside of what is gone.
  detail.shouldSwap = false;
  window.htmx.swap(again ? panel : document.body, detail.serverResponse, { swapStyle: again ? "innerHTML" : "none", swapDelay: 0, settleDelay: 20 }, { eventInfo: detail });
  if (detail.xhr.getResponseHeader("HX-Trigger") === "acted") window.htmx.trigger(document.body, "acted");
}

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  // Heard on what is to be swapped: once it is gone, the document hears nothing of it.
  if (panel?.contains(detail.target)) detail.target.addEventListener("htmx:beforeSwap", answerTheList);
});

// ---- The row that was acted on, or stood on as the list was drawn anew, may have left it: go on in its place

let rowLeft = null;
let pressed = null;
// The same button, also after its row was drawn anew.
const lastPressed = () => (pressed?.isConnected ? pressed : document.getElementById(pressed?.id || null));

function rankOf(element) {
  const row = element?.closest?.("[data-row]");
  return row ? [...document.querySelectorAll("[data-row]")].indexOf(row) : null;
}

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  // What is asked for by itself meanwhile, such as the navigation's figures, left no row.
  if (detail.requestConfig.verb === "get") return;
  pressed = document.activeElement;
  rowLeft = rankOf(detail.elt);
});
// The answer may be to something done elsewhere: in a file that was closed before it came.
for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) {
  document.addEventListener(name, () => (rowLeft = rankOf(document.activeElement) ?? rowLeft));
}

function standAgain({ requestConfig }) {
  if (rowLeft === null || requestConfig?.verb === "get" || document.activeElement !== document.body) return;
  const rows = document.querySelectorAll("[data-row]");
  rows[Math.min(rowLeft, rows.length - 1)]?.querySelector(".name")?.focus();
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  showToasts();
  const link = detail.requestConfig?.elt;
  if (link?.dataset?.opens) opened(link);
  else markRow();
  placeAgain();
  standAgain(detail); // of a form that is gone no other event is heard
  // A form of the panel that is answered by a new panel takes the focus with it.
  if (detail.requestConfig?.verb === "post" && openRow() && rowLeft === null && document.activeElement === document.body) {
    focusPanel();
  }
});

// What was refused is corrected where it was typed; its field says why (WCAG 3.3.1).
function toFirstError() {
  if (document.activeElement.closest("[aria-invalid=true]")) return;
  const field = document.querySelector("dialog[open] [aria-invalid=true], #panel [aria-invalid=true]") ?? document.querySelector("main [aria-invalid=true]");
  const input = field?.matches("input, select, textarea") ? field : field?.querySelector("input, select, textarea");
  input?.focus();
}

document.addEventListener("htmx:afterSettle", ({ detail }) => detail.xhr?.status === 422 && toFirstError());

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.successful) {
    // A button disabled meanwhile has lost the focus: back to it, to try again.
    if (document.activeElement === document.body) lastPressed()?.focus();
    return;
  }
  if (detail.requestConfig.verb !== "get") document.querySelector(".vg-failed")?.remove();
  const chips = document.getElementById("chips");
  if (chips && detail.requestConfig.verb === "get" && ["roster", "results"].includes(detail.target?.id) && !LISTED.has(detail.elt.id)) {
    const order = detail.requestConfig.elt.dataset.sort === undefined ? "" : (document.querySelector("th[data-order]")?.dataset.order ?? "");
    announce([chips.dataset.announce, order].filter(Boolean).join(", "));
  }
  standAgain(detail);
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, failed);
}

showToasts();
markRow();
if (document.activeElement === document.body) toFirstError();
