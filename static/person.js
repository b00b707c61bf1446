// What the file of a person adds where there is script: keys for outcomes, Ctrl+Enter, a hint on sensitive words.
// The panel brings this module along; it runs once, and listens on the document.

const TYPING = "textarea, select, input:not([type=radio], [type=checkbox])";

document.addEventListener("keydown", (event) => {
  // In call mode the keys are meant for the one form, wherever the focus is outside of another.
  const form = event.target.closest?.("form") ? event.target.closest("form[data-keys]") : document.querySelector("form[data-whole]");
  if (!form) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPING)) return;
  // Outside of the form single keys work only for those who want them.
  if (!form.contains(event.target) && !("shortcuts" in document.body.dataset)) return;
  const outcome = form.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!outcome) return;
  event.preventDefault();
  outcome.focus();
  outcome.click();
});

// As moodle_sync.text.folded: lower case, without accents.
const folded = (text) => text.toLowerCase().replaceAll("’", "'").normalize("NFKD").replace(/\p{M}/gu, "");

function advise(area) {
  const hint = area.parentElement.querySelector("[data-sensitive-hint]");
  const text = new RegExp(area.dataset.sensitive).test(folded(area.value)) ? hint.dataset.text : "";
  if (hint.textContent !== text) hint.textContent = text;
}

document.addEventListener("input", ({ target }) => target.dataset?.sensitive && advise(target));
// A form that was refused comes back with its text.
document.addEventListener("htmx:afterSettle", () => document.querySelectorAll("[data-sensitive]").forEach(advise));

// ---- Text typed and not saved outlives whatever redraws the panel or shows another file. A call's is on the server.

const typed = new Map();
const KEPT = "textarea[data-kept], input[data-kept]";
const keyOf = (area) => `${area.form.action} ${area.id}`; // each file has forms of its own

function putBack(area) {
  const text = typed.get(keyOf(area));
  if (text === undefined || area.value !== area.defaultValue || area.value === text) return;
  area.value = text;
  const fold = area.closest("details");
  if (fold) fold.open = true;
  else if (!document.querySelector("form[data-calls]")) document.getElementById("act-note")?.click();
}

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.(KEPT)) return;
  if (target.value === target.defaultValue) typed.delete(keyOf(target));
  else typed.set(keyOf(target), target.value);
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { elt, verb } = detail.requestConfig;
  // Not what the undo key sends, on behalf of the whole page.
  if (verb !== "post" || detail.xhr.status >= 400 || !elt.matches("form")) return;
  for (const area of elt.querySelectorAll(KEPT)) typed.delete(keyOf(area));
});
document.addEventListener("htmx:afterSettle", () => document.querySelectorAll(KEPT).forEach(putBack));
window.addEventListener("beforeunload", (event) => typed.size && event.preventDefault());

// On a page of its own no list is redrawn: after an undo, the file asks for itself again.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const panel = document.querySelector(".vg-alone .vg-panel");
  const undoes = detail.requestConfig.path.endsWith("/annuler/") || detail.target?.id === "toasts";
  if (!panel || !detail.successful || !undoes) return;
  window.htmx.ajax("GET", panel.dataset.url, { target: panel, swap: "outerHTML", select: ".vg-panel" });
});
