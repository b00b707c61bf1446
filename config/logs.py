"""What must not reach a log: the values of a row that PostgreSQL refused, which are people's, and links that let in."""

import logging
import re

# To the end of the exception: a note may have several lines.
END = r"(?=\n\nThe above exception|\n\nDuring handling|\nTraceback \(most|\Z)"
DETAIL = re.compile(rf"(DETAIL|CONTEXT|QUERY): .*?{END}", re.DOTALL)
LINK = re.compile(r"(/invitation/|/mot-de-passe/nouveau/|/rappels/calendrier/)[^\s/]+")


class Discreet(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = DETAIL.sub(r"\1: (left out)", super().format(record))
        return LINK.sub(r"\1(left out)", told)
