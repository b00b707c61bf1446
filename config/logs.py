"""What must not reach a log: PostgreSQL says which values a refused row held, and those are people's."""

import logging
import re

# To the end of the exception: a note may have several lines.
END = r"(?=\n\nThe above exception|\n\nDuring handling|\nTraceback \(most|\Z)"
DETAIL = re.compile(rf"(DETAIL|CONTEXT|QUERY): .*?{END}", re.DOTALL)


class Discreet(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return DETAIL.sub(r"\1: (left out)", super().format(record))
