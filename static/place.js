// Where the open file stands in the list beside it, when one goes from file to file or the list changes.

function shown() {
  const url = new URL(location.href);
  for (const name of ["open", "page"]) url.searchParams.delete(name);
  return url.pathname + url.search;
}

// The list turns to the page on which the open file stands.
export function turnPage() {
  const page = document.getElementById("panel-place")?.dataset.page;
  const results = document.getElementById("results");
  const url = new URL(location.href);
  if (!page || !results || (url.searchParams.get("page") ?? "1") === page) return;
  url.searchParams.set("page", page);
  const next = url.pathname + url.search;
  history.replaceState({ htmx: true }, "", next);
  window.htmx.ajax("GET", next, { source: results, target: results, select: "#results", swap: "outerHTML" });
}

// Filters and order make another list: the neighbours are asked for again.
export function placeAgain() {
  const place = document.getElementById("panel-place");
  if (!place) return;
  place.dataset.list ??= shown();
  if (place.dataset.list === shown()) return;
  place.dataset.list = shown();
  const { url } = place.closest("[data-panel]").dataset;
  window.htmx.ajax("GET", url, { source: place, target: place, swap: "outerHTML" });
}
