// The search from anywhere: results below the box, by the arrow keys too. Without it, Enter leads to the page.

import { announce } from "./announce.js";

const box = () => document.getElementById("find");
const found = () => document.getElementById("found");
const links = () => [...found().querySelectorAll("a")];

function close() {
  found()?.replaceChildren();
}

function step(from, by) {
  const all = links();
  const next = all.indexOf(from) + by;
  if (next < 0) box().focus();
  else all[Math.min(next, all.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  const inside = event.target instanceof Element && event.target.closest(".vg-find");
  if (!inside) return;
  if (event.key === "Escape") {
    if (!found().hasChildNodes()) return;
    // Nothing else closes by the same key.
    event.preventDefault();
    event.stopPropagation();
    box().focus();
    close();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!links().length) return;
    event.preventDefault();
    step(event.target === box() ? null : event.target, event.key === "ArrowDown" ? 1 : -1);
  }
}, true);

document.addEventListener("focusin", ({ target }) => {
  if (!target.closest(".vg-find")) close();
  // Back in the box with what was typed before: what it finds now.
  else if (target === box() && target.value && !found().hasChildNodes()) target.dispatchEvent(new Event("again"));
});
document.addEventListener("click", ({ target }) => {
  if (target instanceof Element && !target.closest(".vg-find")) close();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  // An answer that comes after one went on would cover the page.
  if (event.detail.target?.id === "found" && document.activeElement !== box()) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target?.id !== "found") return;
  announce(detail.target.querySelector("[data-announce]")?.dataset.announce ?? "");
});
