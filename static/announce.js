// What a screen reader is told. A new node each time: emptied and filled again within a moment, a region that says the
// same as before is silent (heard with Orca), and sorting or turning the page often leaves the count as it was.

export function announce(text, region = "live") {
  const line = document.createElement("p");
  line.textContent = text;
  document.getElementById(region).replaceChildren(line);
}
