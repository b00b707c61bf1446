"""Translations without the system's gettext: Babel, with our own reader of Django's templates.

python scripts/messages.py extract    print the source catalogue
python scripts/messages.py update     bring locale/fr up to date with the sources
python scripts/messages.py compile    write django.mo where it is older than django.po
python scripts/messages.py check      fail when French is missing, doubtful or out of date
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from template_messages import extract_template

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
PYTHON = ["config", "accounts", "moodle_sync", "dashboard", "demo"]
TEMPLATES = ["templates", *PYTHON]
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# No dates and no names: the file changes only when a message does.
HEADER = """msgid ""
msgstr ""
"Language: fr\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|%[sd]")
# What French typography never has: a straight apostrophe, a breaking or no space before high punctuation.
TYPOGRAPHY = re.compile(r"\w'\w| [:;?!»]|« |(?<!&)\b[^\W\d_]+[?!](?=\s|$)")


def sources() -> Iterator[tuple[Path, Any]]:
    for folder in PYTHON:
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path, "python"
    for folder in TEMPLATES:
        for suffix in ("*.html", "*.txt"):
            for path in (ROOT / folder).rglob(suffix):
                yield path, extract_template


def extract() -> Catalog:
    catalog = Catalog(locale="fr", charset="utf-8")
    for path, method in sorted(sources(), key=lambda source: source[0]):
        name = path.relative_to(ROOT).as_posix()
        messages = extract_from_file(method, path, keywords=KEYWORDS, comment_tags=["Translators:"])
        for line, message, comments, context in messages:
            catalog.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return catalog


def read() -> Catalog:
    if not PO.exists():
        return Catalog(locale="fr", charset="utf-8")
    with PO.open("rb") as file:
        return read_po(file, locale="fr", charset="utf-8")


def brought_up_to_date() -> str:
    catalog = read()
    catalog.update(extract(), no_fuzzy_matching=True)
    buffer = io.BytesIO()
    write_po(
        buffer,
        catalog,
        width=100,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    return HEADER + buffer.getvalue().decode().strip() + "\n"


def show() -> int:
    buffer = io.BytesIO()
    write_po(buffer, extract(), width=100, omit_header=True, sort_output=True, include_lineno=False)
    sys.stdout.write(buffer.getvalue().decode())
    return 0


def update() -> int:
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_text(brought_up_to_date(), encoding="utf-8")
    missing = sum(not translated(message) for message in messages_of(read()))
    print(f"{PO.relative_to(ROOT)}: {len(read())} messages, {missing} without French")
    return 0


def compile_() -> int:
    target = PO.with_suffix(".mo")
    if not PO.exists():
        print(f"{PO.relative_to(ROOT)} is missing: run `make messages`", file=sys.stderr)
        return 0
    if target.exists() and target.stat().st_mtime_ns >= PO.stat().st_mtime_ns:
        return 0
    # Written aside and renamed: a process that starts meanwhile never reads half a catalogue.
    aside = target.with_suffix(f".mo.{os.getpid()}")
    with aside.open("wb") as file:
        write_mo(file, read())
    aside.replace(target)
    print(f"{target.relative_to(ROOT)} compiled")
    return 0


def messages_of(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def forms(value: Any) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) else [value or ""]


def translated(message: Message) -> bool:
    wanted = 2 if message.pluralizable else 1
    found = forms(message.string)
    return len(found) == wanted and all(found)


def faults(message: Message) -> Iterator[str]:
    if message.fuzzy:
        yield "fuzzy"
    if not translated(message):
        yield "no French"
        return
    source, french = forms(message.id), forms(message.string)
    for number, (ours, theirs) in enumerate(zip(source, french, strict=True)):
        wanted, found = placeholders([ours]), placeholders([theirs])
        # "1 person" may be "une personne": a singular may leave the number out, and nothing else.
        singular = message.pluralizable and number == 0
        if found != wanted and not (singular and found < placeholders(source)):
            yield f"placeholders {sorted(found)} instead of {sorted(wanted)}"
        if fault := TYPOGRAPHY.search(theirs):
            yield f"typography at “{fault[0]}”"


def places(message: Message) -> str:
    return ", ".join(name for name, _ in message.locations)


def placeholders(texts: Iterable[str]) -> set[str]:
    return {found for text in texts for found in PLACEHOLDER.findall(text)}


def check() -> int:
    found = [
        f"{places(message)}: {forms(message.id)[0]!r}: {fault}"
        for message in messages_of(read())
        for fault in faults(message)
    ]
    current = PO.read_text(encoding="utf-8") if PO.exists() else ""
    if current != brought_up_to_date():
        known = {(message.id, message.context) for message in messages_of(read())}
        found += [
            f"{places(message)}: {forms(message.id)[0]!r}: not in the catalogue"
            for message in messages_of(extract())
            if (message.id, message.context) not in known
        ]
        found.append(f"{PO.relative_to(ROOT)} is not what the sources give: run `make messages`")
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


def main(arguments: list[str]) -> int:
    commands = {"extract": show, "update": update, "compile": compile_, "check": check}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return commands[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
