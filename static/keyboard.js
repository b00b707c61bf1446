// The desk by keyboard: single keys where nobody is typing, the last act taken back, the sheet that lists the keys.
// Single keys can be switched off (WCAG 2.1.4); a key does what a link or button of the page does, and nothing else.

import { announce } from "./announce.js";

const MOST_ACTS = 20;
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

const sheet = document.getElementById("keys");
const snooze = document.getElementById("snooze");
const rows = () => [...document.querySelectorAll("[data-row]")];
const words = sheet?.dataset ?? {};
const isOn = () => "shortcuts" in document.body.dataset;

// ---- The current row: the one whose name has, or last had, the focus

let currentId = null;
const current = () => document.querySelector(`[data-row="${CSS.escape(currentId ?? "")}"]`);

function mark(id) {
  currentId = id;
  for (const row of rows()) {
    row.classList.toggle("current", row.dataset.row === id);
    const name = row.querySelector(".name");
    if (row.dataset.row === id) name?.setAttribute("aria-current", "true");
    else name?.removeAttribute("aria-current");
  }
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const open = document.querySelector("[data-panel]")?.dataset.panel;
  const from = all.indexOf(current() ?? document.activeElement?.closest("[data-row]") ?? all.find((row) => row.dataset.row === open));
  const next = all[from < 0 ? 0 : Math.min(Math.max(from + step, 0), all.length - 1)];
  mark(next.dataset.row);
  const name = next.querySelector(".name");
  name?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("focusin", ({ target }) => {
  const row = target.closest("[data-row]");
  if (row && currentId !== null && row.dataset.row !== currentId) mark(row.dataset.row);
});
for (const name of ["htmx:afterSettle", "vigie:renewed"]) document.addEventListener(name, () => currentId && mark(currentId));

// ---- What the keys do: true where there was something to do

function press(row, ...selectors) {
  const button = selectors.map((selector) => row?.querySelector(selector)).find(Boolean);
  if (!button) return false;
  if (button.getAttribute("aria-disabled") === "true") announce(button.getAttribute("aria-label"));
  else button.click();
  return true;
}

function inPanel(tab, field) {
  const choice = document.getElementById(`act-${tab}`);
  if (!choice) return false;
  choice.click();
  document.querySelector(field)?.focus();
  return true;
}

function startCalls() {
  const row = current();
  if (!row) return inPanel("call", "#call-form [data-key]");
  const form = document.getElementById("call-from");
  form.elements.list.value = document.getElementById("queue") ? "queue" : "roster";
  form.elements.query.value = location.search.slice(1);
  form.elements.first.value = row.dataset.row;
  form.elements.next.value = location.pathname + location.search;
  form.requestSubmit();
  return true;
}

function askWhen() {
  const row = current() ?? document.querySelector("[data-panel]");
  if (!row || !snooze) return false;
  const id = row.dataset.row ?? row.dataset.panel;
  snooze.dataset.url = snooze.dataset.address.replace("/0/", `/${id}/`);
  snooze.querySelector("[name=version]").value = (row.dataset.version ?? row.querySelector("[name=version]")?.value) || "";
  snooze.querySelector("[data-who]").textContent = (row.querySelector(".name, .vg-pname")?.textContent ?? "").trim();
  document.getElementById("snooze-error").textContent = "";
  snooze.showModal();
  return true;
}

// The bar of those ticked stands behind all the rows: too many steps with Tab.
function toBar() {
  const button = document.querySelector("#bulk .btn");
  if (!button?.checkVisibility()) return false;
  button.focus();
  return true;
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => press(current(), "input[name=row]", "input[type=checkbox]"),
  o: () => press(current(), ".name"),
  c: startCalls,
  b: () => toBar(),
  m: () => press(current(), "[id^=contacted-]"),
  n: () => press(current(), "[data-tab=note]") || inPanel("note", "#note-text"),
  s: askWhen,
  u: () => undo(),
  "?": () => (showKeys(), true),
};

// ---- «g», then a letter, however slowly

let going = false;

function go(key) {
  going = false;
  const link = document.querySelector(`a[data-go="${CSS.escape(key)}"]`);
  link?.click();
  return Boolean(link);
}

// ---- Undo: the acts of this tab, the last one first

const kept = () => `acts:${document.body.dataset.user}`;
const acts = () => JSON.parse(sessionStorage.getItem(kept()) ?? "[]");
const keep = (list) => sessionStorage.setItem(kept(), JSON.stringify(list.slice(-MOST_ACTS)));

function remember() {
  for (const form of document.querySelectorAll("#toasts form[hx-post]:not([data-kept])")) {
    form.dataset.kept = "";
    const path = form.getAttribute("hx-post");
    keep([...acts().filter((other) => other !== path), path]);
  }
}

const undoing = new Set();

function undo() {
  const last = acts().findLast((path) => !undoing.has(path));
  if (!last) {
    announce(words.nothing);
    return true;
  }
  undoing.add(last);
  const focus = () => document.activeElement === document.body && (current() ?? rows()[0])?.querySelector(".name")?.focus();
  // Without a network it stays the last act; `htmx:sendError` says so.
  const answered = window.htmx.ajax("POST", last, { source: document.body, target: "#toasts", swap: "none" });
  answered.then(focus, () => {}).finally(() => undoing.delete(last));
  return true;
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if ((detail.successful || [404, 409].includes(detail.xhr.status)) && detail.requestConfig.verb === "post") {
    // Taken back, by its button or by the key, or never to be: not a second time.
    keep(acts().filter((path) => path !== detail.requestConfig.path));
  }
});
document.addEventListener("htmx:afterSettle", remember);

// ---- The sheet lists what works on this screen

function showKeys() {
  for (const line of sheet.querySelectorAll("[data-needs]")) line.hidden = !document.querySelector(line.dataset.needs);
  for (const group of sheet.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("li:not([hidden])");
  sheet.showModal();
}

// A selection dragged out of a field ends in a click on what is behind the dialog.
let pressed = null;
document.addEventListener("pointerdown", ({ target }) => (pressed = target));

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("[data-show-keys]")) showKeys();
  const dialog = target?.closest("dialog");
  if (dialog && ((target === dialog && pressed === dialog) || target.closest("[data-dismiss]"))) dialog.close();
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.elt.closest?.("form[data-switch]");
  if (!form || !detail.successful) return;
  const on = detail.requestConfig.parameters.shortcuts === "on";
  document.body.toggleAttribute("data-shortcuts", on);
  for (const other of document.querySelectorAll("form[data-switch]")) {
    other.elements.shortcuts.value = on ? "off" : "on";
    other.elements.shortcuts.setAttribute("aria-pressed", on);
  }
  announce(on ? words.on : words.off);
});

// ---- Snooze

snooze?.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const values = Object.fromEntries(new FormData(event.target, event.submitter));
  // The row takes the focus back, and the answer goes on from there.
  window.htmx.ajax("POST", snooze.dataset.url, { source: current()?.querySelector(".name") ?? document.body, values, swap: "none" }).catch(() => {});
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && snooze?.open && detail.requestConfig.path === snooze.dataset.url) snooze.close();
});
snooze?.addEventListener("keydown", (event) => {
  if (event.target.matches(TYPING)) return;
  const pick = snooze.querySelector(`button[name=days][value="${CSS.escape(event.key)}"]`);
  if (pick) pick.click();
});

// ---- Listening

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.defaultPrevented || target.closest("dialog")) return;
  const typing = target.closest(TYPING);
  if (event.key === "Escape") going = false;
  if (!typing && event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    undo();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !isOn() || event.repeat && !"jk".includes(event.key)) return;
  const field = document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`);
  if (field) {
    event.preventDefault();
    field.focus();
    field.select?.();
  } else if (going) {
    if (go(event.key)) event.preventDefault();
  } else if (event.key === "g") {
    going = true;
  } else if (Object.hasOwn(KEYS, event.key) && KEYS[event.key]()) {
    event.preventDefault();
  }
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.requestConfig?.elt?.dataset?.tab === "note") document.getElementById("note-text")?.focus();
});

if (sheet) remember();
