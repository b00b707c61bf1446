// What the file of a person adds where there is script: keys for outcomes, Ctrl+Enter, a hint on sensitive words.
// The panel brings this module along; it runs once, and listens on the document.

const TYPING = "textarea, select, input:not([type=radio], [type=checkbox])";

document.addEventListener("keydown", (event) => {
  // In call mode and beside the list the keys are meant for the one form that is seen, wherever the focus is outside of another.
  const seen = () => [...document.querySelectorAll("form[data-whole], #panel form[data-keys]")].find((form) => form.checkVisibility());
  const form = event.target.closest?.("form") ? event.target.closest("form[data-keys]") : seen();
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

// On a page of its own no list is redrawn: after an undo, the file asks for itself again.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const panel = document.querySelector(".vg-alone .vg-panel");
  const undoes = detail.requestConfig.path.endsWith("/annuler/") || detail.target?.id === "toasts";
  if (!panel || !detail.successful || !undoes) return;
  window.htmx.ajax("GET", panel.dataset.url, { target: panel, swap: "outerHTML", select: ".vg-panel" });
});
