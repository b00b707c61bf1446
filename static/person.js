// What the file of a person adds where there is script: keys for outcomes, Ctrl+Enter, a hint on sensitive words.
// The panel brings this module along; it runs once, and listens on the document.

const TYPING = "textarea, select, input:not([type=radio], [type=checkbox])";

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form[data-keys]");
  if (!form) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPING)) return;
  const outcome = form.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!outcome) return;
  event.preventDefault();
  outcome.focus();
  outcome.click();
});

// As moodle_sync.text.folded: lower case, without accents.
const folded = (text) => text.toLowerCase().replaceAll("’", "'").normalize("NFKD").replace(/\p{M}/gu, "");

document.addEventListener("input", ({ target }) => {
  if (!target.dataset?.sensitive) return;
  const hint = target.parentElement.querySelector("[data-sensitive-hint]");
  hint.textContent = new RegExp(target.dataset.sensitive).test(folded(target.value)) ? hint.dataset.text : "";
});

// On a page of its own no list is redrawn: after an undo, the file asks for itself again.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const panel = document.querySelector(".vg-alone .vg-panel");
  if (!panel || !detail.successful || !detail.requestConfig.path.endsWith("/annuler/")) return;
  window.htmx.ajax("GET", panel.dataset.url, { target: panel, swap: "outerHTML", select: ".vg-panel" });
});
