// What a time, a shortened text or a pictogram says in full: on hover, on focus, at a touch. It goes with Escape,
// stays while it is pointed at, and stays as long as what it belongs to has the pointer or the focus (WCAG 1.4.13).
// Without it the browser shows the `title` on hover. A row is one stop of the keyboard: its name tells all that the
// row has shortened, so that fifty rows do not become three hundred stops.

const ON_HOVER_MS = 300;
const ON_ROW_MS = 600; // whoever runs down the list is not interrupted
const LEAVE_MS = 200; // the way from the host to the tip
const tip = document.createElement("div");
tip.className = "vg-tip";
tip.popover = "manual";
// Said already: in the page, or as the host's description.
tip.setAttribute("aria-hidden", "true");

let host = null;
let timer;

const plain = (text) => text.replace(/\s+/g, " ").trim().toLowerCase();
const isCut = (node) => node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1;

// The browser's own tip would come as well: `title` is taken over, and stays a description where it says something new.
function text(node) {
  const { title } = node;
  if (title) {
    node.dataset.tip = title;
    node.removeAttribute("title");
    const said = node.getAttribute("aria-label") ?? node.textContent;
    if (!plain(said).includes(plain(title))) node.setAttribute("aria-description", title);
  }
  // A pictogram alone is told by its name.
  const words = node.dataset.tip ?? node.getAttribute("aria-label") ?? "";
  return plain(node.textContent) !== plain(words) || isCut(node) ? words : "";
}

// What the row says in short, under the heads of its columns.
function ofRow(row) {
  return [...row.querySelectorAll("time[data-exact], span[title], span[data-tip]")].flatMap((node) => {
    const words = text(node);
    const cell = node.closest("td");
    const head = cell && cell.closest("table").tHead?.rows[0].cells[cell.cellIndex]?.textContent.trim();
    return words ? [head ? `${head} : ${words}` : words] : [];
  });
}

function place() {
  const { left, top, bottom } = host.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = tip;
  const under = bottom + 4 + height <= innerHeight;
  tip.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  tip.style.top = `${under ? bottom + 4 : Math.max(4, top - height - 4)}px`;
}

function hide() {
  clearTimeout(timer);
  host = null;
  if (tip.matches(":popover-open")) tip.hidePopover();
}

function show(node, lines) {
  clearTimeout(timer);
  if (!node.isConnected || !lines.length) return;
  hide();
  host = node;
  tip.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  // What lies outside of an open dialog cannot be pointed at.
  (node.closest("dialog") ?? document.body).append(tip);
  tip.showPopover();
  place();
}

function soon(node, ms, lines) {
  clearTimeout(timer);
  timer = setTimeout(() => show(node, lines()), ms);
}

const HOSTS = "[title], [data-tip], .btn.sq[aria-label]";
const hosted = (target) => (target instanceof Element ? target.closest(HOSTS) : null);
const lines = (node) => [text(node)].filter(Boolean);

document.addEventListener("pointerover", ({ target, pointerType }) => {
  if (pointerType === "touch") return;
  if (tip.contains(target)) return clearTimeout(timer);
  const node = hosted(target);
  if (node && node === host) clearTimeout(timer);
  else if (node && text(node)) soon(node, ON_HOVER_MS, () => lines(node));
  else if (!host) clearTimeout(timer);
  else if (!host.contains(document.activeElement) || !host.matches(":focus-visible")) {
    clearTimeout(timer);
    timer = setTimeout(hide, LEAVE_MS);
  }
});

document.addEventListener("focusin", ({ target }) => {
  hide();
  if (!target.matches(":focus-visible")) return;
  const row = target.matches(".name") && target.closest("[data-row]");
  if (row) soon(target, ON_ROW_MS, () => ofRow(row));
  else if (target.matches(HOSTS)) show(target, lines(target));
});
document.addEventListener("focusout", hide);

// A finger has no hover: it touches the time or the shortened text itself. Buttons and links do what they do.
document.addEventListener("click", ({ target }) => {
  const node = hosted(target);
  if (node && !node.closest("a, button, summary, label")) show(node, lines(node));
  else if (!tip.contains(target)) hide();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !host) return;
  // Escape on a button also does what it does there; otherwise it has done its work.
  if (!host.matches("button, summary, a:not(.name)")) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  hide();
}, true);

document.addEventListener("scroll", () => host && place(), { capture: true, passive: true });
document.addEventListener("htmx:afterSettle", () => host && !host.isConnected && hide());
