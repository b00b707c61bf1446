// Forms and links outside a list that filters itself in place: they take along what the address says by now.

document.addEventListener(
  "submit",
  ({ target }) => {
    if (!target.matches("[data-here]")) return;
    if (target.elements.query) target.elements.query.value = location.search.slice(1);
    if (target.elements.next) target.elements.next.value = location.pathname + location.search;
    target.closest("details.vg-menu")?.removeAttribute("open");
  },
  true,
);

document.addEventListener(
  "click",
  ({ target }) => {
    const link = target instanceof Element ? target.closest("a[data-here]") : null;
    if (link) link.search = location.search;
    if (target instanceof Element && target.closest("[data-print]")) print();
  },
  true,
);

// ---- The view that is open is marked in the side bar and the menu, which no swap of the list brings anew

function markView() {
  const key = new URLSearchParams(location.search).get("view");
  for (const link of document.querySelectorAll("a[data-view]")) {
    if (link.dataset.view === key && document.getElementById("roster")) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:afterSettle"]) document.addEventListener(name, markView);
window.addEventListener("popstate", markView, true);

document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));
