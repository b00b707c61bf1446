"""CSV in any separator and encoding that spreadsheets and Moodle write."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator

from moodle_sync.files.columns import recognise
from moodle_sync.files.errors import Problem, Unreadable
from moodle_sync.files.limits import HEADER_WITHIN, MAX_ROWS
from moodle_sync.files.rows import EVERY, Alive, Numbered

SEPARATORS = ",;\t|"
SAMPLE = 40
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def rows(data: bytes, alive: Alive) -> Iterator[Numbered]:
    """Raises Unreadable."""
    text = decoded(data)
    separator, text = _declared(text)
    separator = separator or _guessed(text)
    return iter(_parsed(text, separator, alive))


def decoded(data: bytes) -> str:
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return _strictly(data, encoding)
    if b"\x00" in data[:4096]:
        return _strictly(data, _utf16_without_bom(data))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _western(data)


def _western(data: bytes) -> str:
    """What Excel writes here. Five bytes mean nothing in it."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(Problem.DAMAGED) from None


def _utf16_without_bom(data: bytes) -> str:
    """Latin letters have their zero after them in little-endian, before them in big-endian."""
    sample = data[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < len(sample) / 8:
        raise Unreadable(Problem.NOT_A_TABLE)
    return "utf-16-le" if odd > even else "utf-16-be"


def _declared(text: str) -> tuple[str, str]:
    """Excel's own first line, «sep=;», which it does not count as a row."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.rstrip("\r\n")) == 5:
        return first[4], rest
    return "", text


def _guessed(text: str) -> str:
    """Whichever makes the most known column names, then the most columns that most rows have."""
    return max(SEPARATORS, key=lambda separator: _score(text, separator))


def _score(text: str, separator: str) -> tuple[int, int]:
    sample: list[list[str]] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if any(cell.strip() for cell in cells):
                sample.append(cells)
            if len(sample) == SAMPLE:
                break
    except csv.Error:
        return (0, 0)
    known = max((sum(target is not None for target in recognise(cells)) for cells in sample[:HEADER_WITHIN]), default=0)
    widths = [len(cells) for cells in sample]
    usual = max(set(widths), key=widths.count, default=0)
    return (known, usual)


def _parsed(text: str, separator: str, alive: Alive) -> list[Numbered]:
    expected = text.count("\n")
    try:
        return _kept(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), expected, alive)
    except csv.Error as exc:
        if "unexpected end of data" in str(exc):
            raise Unreadable(Problem.OPEN_QUOTE) from None
    try:  # quotes inside a pasted table are ordinary characters
        return _kept(csv.reader(io.StringIO(text, newline=""), delimiter=separator), expected, alive)
    except csv.Error:
        raise Unreadable(Problem.DAMAGED) from None


def _kept(parsed: Iterable[list[str]], expected: int, alive: Alive) -> list[Numbered]:
    """Rows that hold something, numbered as a spreadsheet shows them: a line break inside quotes is no new row."""
    found = []
    for number, cells in enumerate(parsed, start=1):
        if any(cells):
            found.append((number, cells))
        if len(found) > MAX_ROWS + HEADER_WITHIN:
            raise Unreadable(Problem.TOO_MANY_ROWS)
        if number % EVERY == 0:
            alive(number, expected)
    return found
