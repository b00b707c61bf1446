"""Normal forms for search, sorting and identity. PostgreSQL's unaccent() is not immutable: we do it here."""

import re
import unicodedata
from typing import ClassVar

from django.utils.formats import number_format


class _Plain(dict[int, str | int | None]):
    """What each character becomes, for `str.translate`; every character is looked up once only."""

    def __missing__(self, code: int) -> int | None:
        self[code] = plain = None if unicodedata.combining(chr(code)) else code
        return plain


class _Marks(dict[int, str | int]):
    """Marks that look alike, or like nothing, as one: of each dash, quotation mark and apostrophe there are many."""

    KINDS: ClassVar = {"Cc": " ", "Cf": " ", "Pd": "-", "Pi": "'", "Pf": "'", "Lm": "'", "Sk": "'"}

    def __missing__(self, code: int) -> str | int:
        self[code] = mark = self.KINDS.get(unicodedata.category(chr(code)), code)
        return mark


LETTERS = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "’": "'", "\0": ""}
"""What Unicode does not take apart; and what PostgreSQL refuses."""
PLAIN = _Plain({ord(letter): plain for letter, plain in LETTERS.items()})
# What may stand inside a typed phone number.
PHONE = re.compile(r"^\+?[\d\s().\-/ ]{3,}$")
# A whole one among other words: years and house numbers are shorter.
NUMBER_INSIDE = re.compile(r"(?<![^\s,;<])\+?\(?\d(?:[\s().\-/]*\d){7,}(?![^\s,;>])")
FRENCH = re.compile(r"(?:33)?0?([1-9]\d{8})")
MARKS = _Marks({ord("′"): "'"})
# «Anne-Sophie» is «Anne Sophie» to whoever types; the rest comes along where one copies «Le Goff, Anne <a.legoff@…>;».
BETWEEN_WORDS = re.compile(r"""[\s\-'",;<>()\[\]]+""")


def folded(text: str) -> str:
    """Lower case, without accents, apostrophes unified, blanks single: what two people would type alike."""
    if text.isascii():  # most are, and a sync folds thousands
        return " ".join(text.replace("\0", "").lower().split())
    return " ".join(unicodedata.normalize("NFKD", text).casefold().translate(PLAIN).split())


def phone_digits(text: str) -> str:
    """The digits of a phone number in national form: «+33 6 39 98 41 27» and «06.39.98.41.27» are equal."""
    digits = re.sub(r"\D", "", text)
    for prefix in ("0033", "33") if text.strip().startswith(("+", "00")) else ():
        if digits.startswith(prefix):
            return "0" + digits.removeprefix(prefix).removeprefix("0")
    return digits


def search_words(query: str) -> list[str]:
    """The fragments that must all be found in a `search_key`; a phone number is one fragment."""
    query = query.translate(MARKS)
    rest = "" if PHONE.match(query.strip()) else NUMBER_INSIDE.sub(" ", query)
    return [*numbers_in(query), *words_of(folded(rest))][:8]


def words_of(text: str) -> list[str]:
    """Of folded text; its full stops belong to addresses."""
    words = (word.strip(".:") for word in BETWEEN_WORDS.split(text.translate(MARKS)))
    return [word for word in words if word]


def numbers_in(query: str) -> list[str]:
    """The phone numbers typed, perhaps among other words; of a whole French one the digits that every spelling has."""
    query = query.translate(MARKS).strip()
    found = [query] if PHONE.match(query) else NUMBER_INSIDE.findall(query)
    return [_as_kept(digits) for text in found if (digits := phone_digits(text))]


def _as_kept(digits: str) -> str:
    french = FRENCH.fullmatch(digits)
    return french[1] if french else digits.removeprefix("00")


def search_key(*, names: list[str], email: str, phones: list[str]) -> str:
    parts = [folded(part) for part in [*names, email] if part.strip()]
    return " ".join([*parts, *(digits for phone in phones if phone and (digits := phone_digits(phone)))])


def sort_key(*, first_name: str, last_name: str, full_name: str, email: str) -> str:
    """Last name first; an account without a name sorts by its address."""
    name = f"{last_name} {first_name}".strip() or full_name.strip() or email
    return folded(name)[:200]


def grouped(number: int) -> str:
    """A count as the reader's language writes it: «1 200»."""
    return number_format(number, force_grouping=True)
