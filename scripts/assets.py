"""Bring what pages need from node_modules into var/assets: Tabler, Inter, and a sprite of the icons in use.

python scripts/assets.py            write var/assets
Nothing of it is committed; the own style sheet and script are in static/.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
OUT = ROOT / "var" / "assets"
DARK = "[data-bs-theme=dark]"
AUTO = "[data-bs-theme=auto]"
SUBSETS = ["latin-ext", "latin"]
ICON_TAG = re.compile(r"{%-?\s*icon\s+[\"']([a-z0-9-]+)[\"']")
# In Python and in templates, an icon's name is also a plain string: whatever names an icon file is taken.
STRING = re.compile(r"[\"']([a-z][a-z0-9]*(?:-[a-z0-9]+)*)[\"']")
OWN_ICONS = {
    "vigie": '<path d="M3 6.5 10.6 20h2.8L21 6.5" stroke-width="2.6"/>'
    '<circle cx="12" cy="6" r="2.9" fill="currentColor" stroke="none"/>',
}


def rules(css: str) -> Iterator[tuple[str, str]]:
    """(selector, body) of each top-level rule; comments dropped. A media rule's body is its inner rules."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    start, depth, selector = 0, 0, ""
    for found in re.finditer(r"[{}]", css):
        if found.group() == "{":
            if depth == 0:
                selector, start = css[start : found.start()].rpartition(";")[2].strip(), found.end()
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                yield selector, css[start : found.start()]
                start = found.end()


def automatic_dark(css: str) -> str:
    """The dark theme's rules once more, for `data-bs-theme=auto` on a device that prefers dark.

    Neither Tabler nor Bootstrap does this without a script, and a script would flash the light theme first.
    """
    repeated = []
    for selector, body in rules(css):
        if selector.startswith("@"):
            if DARK in body and selector.startswith("@media"):
                repeated.append(f"{selector}{{{''.join(_repeated(body))}}}")
        elif DARK in selector:
            repeated.extend(_repeated(f"{selector}{{{body}}}"))
    return f"@media screen and (prefers-color-scheme:dark){{{''.join(repeated)}}}\n"


def _repeated(css: str) -> Iterator[str]:
    for selector, body in rules(css):
        parts = [part.strip() for part in re.split(r",(?![^(]*\))", selector)]
        dark = [part.replace(DARK, AUTO) for part in parts if DARK in part and not part.startswith("body")]
        if dark:
            yield f"{','.join(dark)}{{{body}}}"


def write(path: Path, content: str | bytes) -> None:
    """A file that would not change keeps its date: the static files are then not collected again."""
    data = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def style_sheets() -> None:
    tabler = (MODULES / "@tabler/core/dist/css/tabler.min.css").read_text()
    tabler = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", tabler)
    write(OUT / "tabler.css", tabler + automatic_dark(tabler))
    write(OUT / "vigie-auto.css", automatic_dark((ROOT / "static/vigie.css").read_text()))


def font() -> None:
    inter = MODULES / "@fontsource-variable/inter"
    faces = re.findall(
        r"/\* inter-([a-z-]+)-wght-normal \*/\s*(@font-face \{.*?\})", (inter / "index.css").read_text(), re.S
    )
    write(OUT / "inter.css", "\n".join(face for subset, face in faces if subset in SUBSETS))
    (OUT / "files").mkdir(exist_ok=True)
    for subset in SUBSETS:
        name = f"inter-{subset}-wght-normal.woff2"
        write(OUT / "files" / name, (inter / "files" / name).read_bytes())


def icon_names() -> set[str]:
    """Names in `{% icon %}` tags, and strings of templates and of our code that name an icon file."""
    tags: set[str] = set()
    strings: set[str] = set()
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        tags.update(ICON_TAG.findall(text))
        strings.update(STRING.findall(text))
    for path in (path for name in ("accounts", "dashboard", "moodle_sync") for path in (ROOT / name).rglob("*.py")):
        strings.update(STRING.findall(path.read_text()))
    missing = sorted(name for name in tags - OWN_ICONS.keys() if not _icon_file(name).exists())
    if missing:
        sys.exit(f"Templates use icons that Tabler does not have: {', '.join(missing)}")
    return tags | {name for name in strings if _icon_file(name).exists()}


def _icon_file(name: str) -> Path:
    return MODULES / "@tabler/icons/icons/outline" / f"{name}.svg"


def sprite() -> None:
    symbols = []
    for name in sorted(icon_names() | OWN_ICONS.keys()):
        drawing = OWN_ICONS.get(name)
        if drawing is None:
            svg = _icon_file(name).read_text()
            drawing = " ".join(svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")].split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>')
    write(OUT / "icons.svg", '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n")


def main() -> None:
    if not (MODULES / "@tabler/core").exists():
        sys.exit("node_modules is missing: run `npm ci` first.")
    OUT.mkdir(parents=True, exist_ok=True)
    style_sheets()
    font()
    sprite()
    size = sum(path.stat().st_size for path in OUT.rglob("*") if path.is_file())
    print(f"var/assets: {size // 1024} KiB")


if __name__ == "__main__":
    main()
