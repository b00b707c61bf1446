"""What reading a CSV and reading an XLSX have in common."""

from collections.abc import Callable

Numbered = tuple[int, list[str]]
"""A row's number as a spreadsheet shows it, and its cells."""
Alive = Callable[[int, int], None]
"""Told now and then: lines done, lines expected."""
EVERY = 500
"""Lines between two signs of life."""
