"""Moodle's own exports, and files as people's spreadsheets write them."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

RECORDINGS = Path(__file__).resolve().parent / "recordings"
VERSIONS = ["4.3", "5.1"]


def sample(version: str, name: str) -> bytes:
    return (RECORDINGS / version / "participants_page" / name).read_bytes()


def pasted(version: str) -> bytes:
    """The page's table copied into a text file."""
    rows = json.loads(sample(version, "table_text.json"))["rows"]
    return "\n".join("\t".join(row) for row in rows).encode()


def as_csv(rows: Sequence[Sequence[str]], *, separator: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Sequence[Sequence[Any]], *, formats: dict[str, str] | None = None, merged: str = "") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    if merged:
        sheet.merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
