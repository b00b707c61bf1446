"""What may stand in a cell of somebody else's spreadsheet."""

import re
from datetime import datetime

Cell = str | datetime
"""A datetime is naive: the clock of the platform it is about, as a spreadsheet knows no time zones."""

_RISKY = frozenset("=+-@\t\r\n＝＋－＠")  # spreadsheets take these too
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def safe(value: Cell) -> Cell:
    """Text that no spreadsheet takes for a formula: a name typed by anybody would run as one.

    The apostrophe is what people type themselves for «this is text»; it stays when the file is saved again.
    """
    if isinstance(value, datetime):
        return value
    text = value if value.isprintable() else _UNWRITABLE.sub("", value)
    return f"'{text}" if text.lstrip(" \u00a0")[:1] in _RISKY else text
