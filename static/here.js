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

document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));
