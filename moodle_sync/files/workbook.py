"""XLSX, made by Moodle, Excel or LibreOffice: the first sheet that holds something."""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import zip_longest
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from moodle_sync.files.errors import Problem, Unreadable
from moodle_sync.files.limits import HEADER_WITHIN, MAX_COLUMNS, MAX_MEMBERS, MAX_ROWS, MAX_UNPACKED

CHUNK = 2**20
LAST_ROW = 4 * MAX_ROWS
"""Blank rows between others count for little; a stray cell at the end of a sheet is not looked for."""
DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
BROKEN = (
    zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException, KeyError, ValueError, TypeError, IndexError,
    AttributeError, EOFError, NotImplementedError, RuntimeError, OSError, OverflowError,
)  # fmt: skip
"""What zipfile, the XML parser and openpyxl raise on damaged or protected files."""
Numbered = tuple[int, list[str]]


def rows(data: bytes) -> Iterator[Numbered]:
    """Raises Unreadable."""
    try:
        has_formulas = _inspect(data)
        found = _with_formulas(data) if has_formulas else _sheet(data, values=True)
    except BROKEN:
        raise Unreadable(Problem.DAMAGED) from None
    return iter(found.items())


def _inspect(data: bytes) -> bool:
    """Unpack once, counting, so that a zip bomb never reaches the parser. Returns whether there are formulas."""
    formulas, unpacked = False, 0
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
                    unpacked += len(chunk)
                    if unpacked > MAX_UNPACKED:  # the directory of the archive lied
                        raise Unreadable(Problem.TOO_LARGE)
                    seen, tail = tail + chunk, chunk[-16:]
                    if DTD.search(seen) and member.filename.endswith((".xml", ".rels")):
                        raise Unreadable(Problem.DAMAGED)
                    formulas = formulas or b"<f>" in seen or b"<f " in seen
    return formulas


def _sheet(data: bytes, *, values: bool) -> dict[int, list[str]]:
    """Rows that hold something, by number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and dates of which nothing is kept
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what the file declares may be wrong; what it holds is read
            found: dict[int, list[str]] = {}
            for number, cells in enumerate(sheet.iter_rows(max_row=LAST_ROW, values_only=True), 1):
                if texts := _texts(cells):
                    found[number] = texts
                if len(found) > MAX_ROWS + HEADER_WITHIN:
                    raise Unreadable(Problem.TOO_MANY_ROWS)
            if found:
                return found
    return {}


def _texts(cells: tuple[Any, ...]) -> list[str]:
    texts = [text_of(cell) for cell in cells]
    while texts and not texts[-1].strip():
        texts.pop()
    if len(texts) > MAX_COLUMNS:
        raise Unreadable(Problem.TOO_MANY_COLUMNS)
    return texts


def _with_formulas(data: bytes) -> dict[int, list[str]]:
    """The computed value; a name such as «=SOMME(A1;A2)», which Moodle 4.3 writes as a formula, has none."""
    computed, written = _sheet(data, values=True), _sheet(data, values=False)
    return {
        number: [value or formula for value, formula in zip_longest(computed.get(number, []), formulas, fillvalue="")]
        for number, formulas in written.items()
    }


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
