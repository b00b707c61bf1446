"""What may stand in a cell of somebody else's spreadsheet."""

import re
from datetime import datetime

Cell = str | datetime
"""A datetime is naive: the clock of the platform it is about, as a spreadsheet knows no time zones."""

_RISKY = frozenset("=+-@\t\r\n＝＋－＠")  # spreadsheets take these too
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


_MONTH = (
    "janv(?:ier)?|f[ée]v(?:r|rier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|ao[uû]t|sept?(?:embre|ember)?"
    "|oct(?:obre|ober)?|nov(?:embre|ember)?|d[ée]c(?:embre|ember)?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?"
    "|apr(?:il)?|may|june?|july?|aug(?:ust)?"
)
_NUMBER = re.compile(r"[\d\s.,:/()\-]+(?:e[+\-]?\d+)?\s*[%€$£]?", re.IGNORECASE)
_DATE = re.compile(rf"(?=.*\d)[\d\s.\-/]*(?:{_MONTH})[\d\s.\-/]*", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"0|[1-9]\d{0,9}")
"""Read as a number it looks the same."""
_TRUTHS = frozenset({"vrai", "faux", "true", "false"})
_BEGINNINGS, _DIGITS = frozenset("0123456789(.,"), frozenset("0123456789.")


def as_typed(value: str) -> str:
    """For CSV, which cannot say that something is text: «0512», «1/2», «12E5», «3 mars» would open as something else.

    Phone numbers in pairs of digits stay as they are: no spreadsheet takes them for a number.
    """
    if not value or (value[0] not in _BEGINNINGS and value[-1] not in _DIGITS and value.lower() not in _TRUTHS):
        return value
    return f"'{value}" if _is_retyped(value.strip()) else value


def _is_retyped(text: str) -> bool:
    if text.lower() in _TRUTHS or _DATE.fullmatch(text):
        return True
    if not _NUMBER.fullmatch(text) or _PLAIN_NUMBER.fullmatch(text):
        return False
    _first, *groups = text.split()
    return len(groups) < 2 or all(len(group) == 3 for group in groups)


def safe(value: Cell) -> Cell:
    """Text that no spreadsheet takes for a formula: a name typed by anybody would run as one.

    The apostrophe is what people type themselves for «this is text»; it stays when the file is saved again.
    """
    if isinstance(value, datetime):
        return value
    text = value if value.isprintable() else _UNWRITABLE.sub("", value)
    return f"'{text}" if text.lstrip(" \u00a0")[:1] in _RISKY else text
