"""CSV and XLSX as a French spreadsheet opens them. Lines come one by one and are never all in memory."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from dashboard.exports.cells import Cell, as_typed, safe
from dashboard.exports.columns import COLUMNS
from dashboard.exports.lines import Line
from dashboard.models import Export

MOMENT = "dd/mm/yyyy hh:mm"


def write(format: str, lines: Iterable[Line], file: IO[bytes]) -> int:
    """How many lines. `file` stays open, at its end."""
    return WRITERS[format](lines, file)


def _cells(line: Line) -> list[Cell]:
    return [safe(column.cell(line)) for column in COLUMNS]


def _csv(lines: Iterable[Line], file: IO[bytes]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow([str(column.header) for column in COLUMNS])
    n = 0
    for line in lines:
        n += 1
        writer.writerow([f"{c:%d/%m/%Y %H:%M}" if isinstance(c, datetime) else as_typed(c) for c in _cells(line)])
    text.detach()
    return n


def _xlsx(lines: Iterable[Line], file: IO[bytes]) -> int:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Teachers"))
    sheet.freeze_panes = "A2"
    for number, column in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    headers = [WriteOnlyCell(sheet, str(column.header)) for column in COLUMNS]
    for header in headers:
        header.font, header.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    sheet.append(headers)
    n, moment = 0, WriteOnlyCell(sheet)
    moment.number_format = MOMENT
    for line in lines:
        n += 1
        sheet.append(_in_sheet(cell, moment) for cell in _cells(line))
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{n + 1}"
    book.save(file)
    return n


def _in_sheet(value: Cell, moment: WriteOnlyCell) -> object:
    """`moment`: one cell for all dates, written out before the next one is asked for; to style each takes as long."""
    if not isinstance(value, datetime):
        return value or None
    moment.value = value
    return moment


WRITERS: dict[str, Callable[[Iterable[Line], IO[bytes]], int]] = {
    Export.Format.CSV: _csv,
    Export.Format.XLSX: _xlsx,
}
