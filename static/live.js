// What others do meanwhile comes to the page by itself, part by part, as long as somebody looks at it. What is being
// used stays as it is: a part with the focus, with typed text or with something unfolded waits for the next time.

import { isTyped } from "./fields.js";
import { headers } from "./session.js";

const SOON_MS = 4_000;
const LATE_MS = 60_000;
const BESIDE_MS = 12_000; // with a file open: colleagues are told who else looks at it
const ACTIVE_MS = 30_000;

const url = document.body.dataset.live;
const panel = () => document.querySelector("[data-panel][data-stamp]");
const rows = () => [...document.querySelectorAll("[data-row][data-stamp]")];
const watches = () => document.getElementById("news") || document.getElementById("presence");

let since = "";
let pause = SOON_MS;
let lastActive = Date.now();
let timer;
let asking = null;

// ---- Putting the parts in their places

const isTicked = (field) => field.matches("input[name=row]");

function isInUse(part) {
  if (part.contains(document.activeElement)) return true;
  if (part.querySelector("details[open]:not(.vg-kept)")) return true;
  return [...part.querySelectorAll("input, select, textarea")].some((field) => !isTicked(field) && isTyped(field));
}

function renew(old, fresh) {
  if (!old || old.isEqualNode(fresh)) return true;
  if (isInUse(old)) return false;
  const ticked = old.querySelector("input[name=row]:checked");
  old.replaceWith(fresh);
  const box = fresh.querySelector("input[name=row]");
  if (ticked && box) box.checked = true;
  window.htmx.process(fresh);
  return true;
}

// A row of a table is renewed cell by cell: the focus on its name does not keep the rest of it old.
function renewRow(fresh) {
  const old = document.getElementById(fresh.id);
  if (!old) return;
  fresh.className = old.className;
  if (fresh.localName !== "tr" || fresh.cells.length !== old.cells.length) {
    renew(old, fresh);
    return;
  }
  const done = [...fresh.cells].map((cell, i) => renew(old.cells[i], cell)).every(Boolean);
  if (done) old.dataset.stamp = fresh.dataset.stamp;
}

function renewPanel(fresh) {
  const old = panel();
  if (!old || old.dataset.panel !== fresh.dataset.panel) return;
  const parts = [...fresh.querySelectorAll("[data-live]")];
  const done = parts.map((part) => renew(document.getElementById(part.id), part)).every(Boolean);
  if (done) old.dataset.stamp = fresh.dataset.stamp;
}

function markLeft() {
  const left = new Set((document.getElementById("news")?.dataset.left ?? "").split(","));
  for (const row of rows()) row.classList.toggle("left", left.has(row.dataset.row));
}

function place(html) {
  const parts = new DOMParser().parseFromString(html, "text/html").body;
  parts.querySelectorAll("[data-row]").forEach(renewRow);
  for (const part of [...parts.children]) {
    if (part.matches("[data-panel]")) renewPanel(part);
    else if (part.id) renew(document.getElementById(part.id), part);
  }
  markLeft();
  document.dispatchEvent(new CustomEvent("vigie:renewed"));
}

// ---- Asking

function question() {
  const open = panel();
  const presence = document.getElementById("presence");
  if (open) open.dataset.last ??= open.dataset.stamp.split("-")[0];
  const asked = new URLSearchParams({ since, rows: rows().map((row) => `${row.dataset.row}:${row.dataset.stamp}`).join(",") });
  if (open) asked.set("stamp", open.dataset.stamp);
  if (open) asked.set("last", open.dataset.last);
  if (presence) asked.set("open", presence.dataset.open);
  if (presence) asked.set("beside", presence.dataset.beside);
  return `${url}?${asked}`;
}

async function ask() {
  const request = (asking = new AbortController());
  try {
    const sent = { ...headers(), "HX-Request": "true", "HX-Current-URL": location.href };
    const answer = await fetch(question(), { headers: sent, signal: request.signal });
    // The session has ended: what is typed stays, and the next act leads to the login.
    if ([401, 403].includes(answer.status)) return false;
    const html = answer.status === 200 ? await answer.text() : "";
    // An act of one's own drew the page anew while this was under way: its answer is the newer one.
    if (request.signal.aborted || !answer.ok) return true;
    since = answer.headers.get("X-Vigie-Since") ?? "";
    if (html) place(html);
  } catch {
    // Without a network nothing can be told: the next time tries again.
  } finally {
    if (asking === request) asking = null;
  }
  return true;
}

async function tick() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible" || asking) return;
  if (watches() && !(await ask())) return;
  const idle = Date.now() - lastActive > ACTIVE_MS;
  pause = idle ? Math.min(pause * 2, document.getElementById("presence") ? BESIDE_MS : LATE_MS) : SOON_MS;
  plan();
}

function plan() {
  clearTimeout(timer);
  // Not all screens of a team at the same moment.
  timer = setTimeout(tick, pause * (0.8 + 0.4 * Math.random()));
}

function active() {
  const wasIdle = pause > SOON_MS;
  lastActive = Date.now();
  pause = SOON_MS;
  if (wasIdle && !asking) plan();
}

if (url) {
  for (const name of ["pointermove", "pointerdown", "keydown", "scroll"]) {
    document.addEventListener(name, active, { passive: true, capture: true });
  }
  document.addEventListener("visibilitychange", tick);
  for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) document.addEventListener(name, () => asking?.abort());
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const part = detail.target;
    // A list that was drawn anew has no news.
    if (["roster", "results", "queue"].includes(part?.id)) {
      const news = document.getElementById("news");
      news?.replaceChildren();
      if (news) news.dataset.left = "";
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-refresh]") : null;
    if (!link) return;
    const list = document.getElementById("roster") ?? document.getElementById("queue");
    if (!list || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    // The link goes away with the news: the first row takes the focus.
    window.htmx
      .ajax("GET", location.pathname + location.search, { source: list, target: list, select: `#${list.id}`, swap: "outerHTML show:none" })
      .then(() => document.querySelector("[data-row] .name")?.focus());
  });
  plan();
}
