"""XLSX, made by Moodle, Excel or LibreOffice: the first sheet that holds something."""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from itertools import zip_longest
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from moodle_sync.files.errors import Problem, Unreadable
from moodle_sync.files.limits import HEADER_WITHIN, MAX_COLUMNS, MAX_MEMBERS, MAX_ROWS, MAX_UNPACKED
from moodle_sync.files.rows import EVERY, Alive, Numbered

CHUNK = 2**20
LAST_ROW = 4 * MAX_ROWS
"""Blank rows between others count for little; a stray cell at the end of a sheet is not looked for."""
DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
BROKEN = (
    zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException, KeyError, ValueError, TypeError, IndexError,
    AttributeError, EOFError, NotImplementedError, RuntimeError, OSError, OverflowError,
)  # fmt: skip
"""What zipfile, the XML parser and openpyxl raise on damaged or protected files."""
ROW = re.compile(rb"<(?:\w+:)?row[ >/]")


def unpacked(data: bytes) -> int:
    """Bytes of its members, as the archive's directory says. Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(member.file_size for member in archive.infolist())
    except BROKEN:
        raise Unreadable(Problem.DAMAGED) from None


def rows(data: bytes, alive: Alive) -> Iterator[Numbered]:
    """Raises Unreadable."""
    try:
        has_formulas, expected = _inspect(data)
        found = _first_sheet(data, has_formulas, lambda done: alive(done, expected))
    except BROKEN:
        raise Unreadable(Problem.DAMAGED) from None
    return iter(found)


def _inspect(data: bytes) -> tuple[bool, int]:
    """Unpack once, counting, so that a zip bomb never reaches the parser. Are there formulas, how many rows?"""
    formulas, size, expected = False, 0, 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if "xl/workbook.xml" not in archive.namelist():
            raise Unreadable(Problem.NOT_A_TABLE)
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
            raise Unreadable(Problem.TOO_LARGE)
        for member in members:
            with archive.open(member) as stream:
                tail = b""
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > MAX_UNPACKED:  # the directory of the archive lied
                        raise Unreadable(Problem.TOO_LARGE)
                    seen, tail = tail + chunk, chunk[-16:]
                    if DTD.search(seen) and member.filename.endswith((".xml", ".rels")):
                        raise Unreadable(Problem.DAMAGED)
                    formulas = formulas or b"<f>" in seen or b"<f " in seen
                    expected += len(ROW.findall(chunk))
    return formulas, expected


def _first_sheet(data: bytes, has_formulas: bool, alive: Callable[[int], None]) -> list[Numbered]:
    """Its rows that hold something. With formulas the file is read twice at once: what they are, and what they give."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and dates of which nothing is kept
        books = [
            openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)
            for values in ([True, False] if has_formulas else [True])
        ]
        for sheets in zip(*(book.worksheets for book in books), strict=True):
            found: list[Numbered] = []
            for number, twice in enumerate(zip_longest(*map(_cells, sheets), fillvalue=()), 1):
                if texts := _texts(twice):
                    found.append((number, texts))
                if len(found) > MAX_ROWS + HEADER_WITHIN:
                    raise Unreadable(Problem.TOO_MANY_ROWS)
                if number % EVERY == 0:
                    alive(number)
            if found:
                return found
    return []


def _cells(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # what the file declares may be wrong; what it holds is read
    yield from sheet.iter_rows(max_row=LAST_ROW, values_only=True)


def _texts(twice: tuple[tuple[Any, ...], ...]) -> list[str]:
    """The computed value; a name such as «=SOMME(A1;A2)», which Moodle 4.3 writes as a formula, has none."""
    texts = [next(filter(None, map(text_of, cells)), "") for cells in zip_longest(*twice)]
    while texts and not texts[-1].strip():
        texts.pop()
    if len(texts) > MAX_COLUMNS:
        raise Unreadable(Problem.TOO_MANY_COLUMNS)
    return texts


def text_of(cell: Any) -> str:
    """As people read it in the sheet: whole numbers without «.0», dates as ISO."""
    match cell:
        case None:
            return ""
        case bool():
            return "1" if cell else "0"
        case datetime():
            return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case str():
            return "" if re.fullmatch(r"#(?:N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!)", cell) else cell
        case _:
            return str(cell)
