"""From the bytes of a CSV or XLSX file to rows of text, numbered as a spreadsheet shows them.

Columns of user names, NUMEN and the like end here: what is returned has never held them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from moodle_sync.files import delimited, workbook
from moodle_sync.files.columns import Target, is_secret, recognise
from moodle_sync.files.errors import Problem, Unreadable
from moodle_sync.files.limits import HEADER_WITHIN, LONGEST_CELL, MAX_BYTES, MAX_COLUMNS, MAX_ROWS
from moodle_sync.files.rows import Alive, Numbered

ARCHIVE = b"PK"
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
NUMEN = re.compile(r"^\d{2}[A-Z]\d{7}[A-Z]{3}$", re.IGNORECASE)
NEUTRALISED = re.compile(r"^'(?=[=+\-@\t\r])")
"""Moodle 5 and careful exports put an apostrophe before what a spreadsheet would take for a formula."""


@dataclass(frozen=True)
class Table:
    headers: list[str]
    rows: list[Numbered]
    dropped: list[str]
    """Names of the columns that were thrown away."""


def weight(data: bytes) -> int:
    """How much there is to read, in bytes, found without reading. Raises Unreadable."""
    if len(data) > MAX_BYTES:
        raise Unreadable(Problem.TOO_LARGE)
    if data.startswith(OLD_EXCEL):
        raise Unreadable(Problem.OLD_EXCEL)
    return workbook.unpacked(data) if data.startswith(ARCHIVE) else len(data)


def read(data: bytes, alive: Alive = lambda done, expected: None) -> Table:
    """`alive` is told the lines read so far and those expected. Raises Unreadable."""
    weight(data)
    read_rows = workbook.rows if data.startswith(ARCHIVE) else delimited.rows
    rows = list(_tidied(read_rows(data, alive)))
    if not rows:
        raise Unreadable(Problem.EMPTY)
    return _table(rows)


def _tidied(rows: Iterator[Numbered]) -> Iterator[Numbered]:
    """Without blank rows; numbers stay those of the file."""
    for number, cells in rows:
        tidy = [_tidy(cell) for cell in cells]
        while tidy and not tidy[-1]:
            tidy.pop()
        if len(tidy) > MAX_COLUMNS:
            raise Unreadable(Problem.TOO_MANY_COLUMNS)
        if tidy:
            yield number, tidy


def _tidy(cell: str) -> str:
    """PostgreSQL takes neither NUL nor half a surrogate pair."""
    text = cell.replace("\x00", "").encode("utf-8", "replace").decode().replace("\ufeff", "").strip()
    return NEUTRALISED.sub("", text)[:LONGEST_CELL]


def _table(rows: Sequence[Numbered]) -> Table:
    position = _header_position(rows)
    names = rows[position][1]
    body = rows[position + 1 :]
    if not body:
        raise Unreadable(Problem.NO_LINES)
    if len(body) > MAX_ROWS:
        raise Unreadable(Problem.TOO_MANY_ROWS)
    width = max(len(names), max(len(cells) for _, cells in body))
    names = names + [""] * (width - len(names))
    secret = {index for index in range(width) if is_secret(names[index]) or _holds_numen(body, index)}
    used = {index for _, cells in body for index, cell in enumerate(cells) if cell}
    kept = [index for index in range(width) if index not in secret and (names[index] or index in used)]
    return Table(
        headers=[names[index] for index in kept],
        rows=[(number, [cells[i] if i < len(cells) else "" for i in kept]) for number, cells in body],
        dropped=[names[index] for index in sorted(secret) if names[index]],
    )


def _header_position(rows: Sequence[Numbered]) -> int:
    """The first row that names a person's columns; a title merged over the table names none."""
    for position, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        found = {target for target in recognise(cells) if target}
        if len(found) >= 2 or Target.EMAIL in found:
            return position
    return 0


def _holds_numen(body: Sequence[Numbered], index: int) -> bool:
    return any(index < len(cells) and NUMEN.match(cells[index]) for _, cells in body)
