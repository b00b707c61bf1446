"""How much of a file is looked at before it is refused."""

MAX_BYTES = 10 * 2**20
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_UNPACKED = 150 * 2**20
"""Of an XLSX file, which is a compressed archive."""
MAX_MEMBERS = 500
LONGEST_CELL = 1_000
HEADER_WITHIN = 15
"""A title and a few remarks may stand above the column names."""
