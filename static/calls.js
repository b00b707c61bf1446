// What the report of a call adds where there is script: what is typed is kept on the server as it is typed, and the
// person stays reserved as long as the page is looked at. Runs once, and listens on the document.

import { headers, token } from "./session.js";

const TYPED_MS = 700;
const RENEWED_MS = 60_000;
const AGAIN_MS = 5_000;
const LATE = "draft-sent-late";
const form = () => document.querySelector("form[data-draft]");
const post = (url, body) => fetch(url, { method: "POST", body, headers: headers(), keepalive: true, redirect: "manual" });

function body(values = {}) {
  const data = new FormData();
  data.set("csrfmiddlewaretoken", token());
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  return data;
}

// ---- The draft: the fields as they last were, until the server has them

let unsent = null;
let timer;

function tell(word, url) {
  if (form()?.dataset.draft !== url) return;
  const state = document.querySelector("[data-draft-state]");
  if (state && state.textContent !== state.dataset[word]) state.textContent = state.dataset[word];
}

async function send() {
  clearTimeout(timer);
  const sent = unsent;
  if (!sent) return;
  try {
    sent.data.set("csrfmiddlewaretoken", token());
    const { ok, status } = await post(sent.url, sent.data);
    if (ok && unsent === sent) unsent = null;
    if (ok) tell("kept", sent.url);
    else notKept(sent, [401, 403].includes(status) ? "ended" : "lost");
  } catch {
    notKept(sent, "lost");
  }
}

function notKept(sent, word) {
  sent.lost = true;
  tell(word, sent.url);
  clearTimeout(timer);
  timer = setTimeout(send, AGAIN_MS);
}

function typed(shown) {
  unsent = { url: shown.dataset.draft, data: new FormData(shown) };
  clearTimeout(timer);
  timer = setTimeout(send, TYPED_MS);
}

for (const name of ["input", "change"]) {
  document.addEventListener(name, ({ target }) => {
    if (target.form?.dataset.draft) typed(target.form);
  });
}
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send());
window.addEventListener("pagehide", () => {
  if (unsent) sessionStorage.setItem(LATE, JSON.stringify({ url: unsent.url, at: Date.now() }));
  send();
});
window.addEventListener("online", send);
window.addEventListener("beforeunload", (event) => unsent?.lost && event.preventDefault());
document.addEventListener("submit", ({ target }) => {
  // Saved or discarded on purpose: nothing to keep of it. A refusal brings the text back, which counts as typed.
  if ("forgets" in target.dataset) {
    unsent = null;
    clearTimeout(timer);
  }
});
// Another file must not be shown before what was typed about this one is safe.
document.addEventListener("htmx:confirm", (event) => {
  if (!unsent || event.detail.elt === form()) return;
  event.preventDefault();
  send().then(() => event.detail.issueRequest(true));
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!detail.elt.matches?.("form[data-draft]")) return;
  if (detail.successful) {
    unsent = null;
    clearTimeout(timer);
    holding = null;
  }
});

// What was sent while the page was left may have come too late for the next one: that one then looks once more.
// Only that it is so is kept in the browser, nothing of what was typed.
function lookAgain() {
  const late = JSON.parse(sessionStorage.getItem(LATE) ?? "{}");
  sessionStorage.removeItem(LATE);
  if (!late.url || form()?.dataset.draft !== late.url || Date.now() - late.at > AGAIN_MS) return;
  setTimeout(() => unsent || location.reload(), TYPED_MS);
}

// ---- The lease

let holding = null;

async function hold(shown, values = {}) {
  const before = holding;
  const again = before && before.url === shown.dataset.lease;
  try {
    const here = location.pathname + location.search;
    const answer = await post(shown.dataset.lease, body({ next: here, ...values, ...(again ? { held: "1" } : {}) }));
    if (answer.status === 409) lose(shown, await answer.text());
    else if (answer.ok && shown.isConnected) {
      holding = { url: shown.dataset.lease, release: shown.dataset.release, long: "long" in values || (again && before.long) };
    }
  } catch {
    // Without a network nothing can be renewed: the next minute tries again.
  }
}

function lose(shown, notice) {
  holding = null;
  delete shown.dataset.calls;
  const place = document.querySelector("[data-lease-notice]");
  if (place) place.innerHTML = notice;
  document.querySelectorAll("a[data-digits]").forEach((link) => {
    link.removeAttribute("href");
    link.setAttribute("role", "link");
    link.setAttribute("aria-disabled", "true");
  });
}

function renew() {
  const shown = form();
  if (document.visibilityState !== "visible" || !shown) return;
  if (holding?.url === shown.dataset.lease || "calls" in shown.dataset) hold(shown);
}

// The panel was closed or shows somebody else: colleagues may call the person. During a long call they may not.
function letGo() {
  if (!holding || form()?.dataset.lease === holding.url) return;
  if (holding.release && !holding.long) post(holding.release, body()).catch(() => {});
  holding = null;
}

document.addEventListener("input", ({ target }) => {
  const shown = target.form;
  if (shown?.dataset.lease && holding?.url !== shown.dataset.lease && !document.querySelector(".vg-held")) hold(shown);
});
document.addEventListener("click", ({ target }) => {
  const number = target.closest?.("a[data-digits][href]");
  const shown = form();
  if (!number || !shown) return;
  hold(shown, { long: "1" });
  const dialled = shown.querySelector(`[name=number][value="${CSS.escape(number.dataset.digits)}"]`);
  if (dialled?.type === "radio" && !dialled.checked) dialled.click();
});
document.addEventListener("visibilitychange", renew);
setInterval(renew, RENEWED_MS);
window.addEventListener("pagehide", () => {
  if (holding?.release && !holding.long) post(holding.release, body()).catch(() => {});
});

// ---- What the answers suggest

document.addEventListener("change", ({ target }) => {
  if (target.id === "call-cause") {
    target.dataset.chosen = "";
    document.getElementById("call-cause-from").hidden = true;
  }
  if (!target.name?.startsWith("knows_")) return;
  const select = document.getElementById("call-cause");
  if ("chosen" in select.dataset || (select.value && !select.dataset.suggested)) return;
  const unknown = [...target.form.querySelectorAll("[data-suggests]:checked")].sort((a, b) => a.dataset.rank - b.dataset.rank);
  select.value = select.dataset.suggested = unknown[0]?.dataset.suggests ?? "";
  document.getElementById("call-cause-from").hidden = !select.value;
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-cause]");
  if (!button) return;
  const select = document.getElementById("call-cause");
  select.value = button.dataset.cause;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  select.focus();
});

// ---- A new person, or a new panel

function arrived() {
  letGo();
  const shown = form();
  if (shown && "calls" in shown.dataset && holding?.url !== shown.dataset.lease && !document.querySelector(".vg-held")) hold(shown);
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.xhr?.status === 422 && form() && detail.requestConfig?.elt?.id === "call-form") typed(form());
  const verb = detail.requestConfig?.verb;
  if (verb === "post" && detail.target?.id === "callmode" && !document.querySelector("#callmode [autofocus]")) {
    // A moment after the form: Orca takes the fresh list of causes for what has the focus, and does not say who is next.
    setTimeout(() => document.querySelector("#callmode [data-focus]")?.focus(), 100);
  }
  arrived();
});
new MutationObserver(letGo).observe(document.getElementById("panel"), { childList: true });
lookAgain();
arrived();
