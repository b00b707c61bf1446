"""Normal forms for search, sorting and identity. PostgreSQL's unaccent() is not immutable: we do it here."""

import re
import unicodedata

from django.utils.formats import number_format


class _Plain(dict[int, str | int | None]):
    """What each character becomes, for `str.translate`; every character is looked up once only."""

    def __missing__(self, code: int) -> int | None:
        self[code] = plain = None if unicodedata.combining(chr(code)) else code
        return plain


LETTERS = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "’": "'"}
"""What Unicode does not take apart."""
PLAIN = _Plain({ord(letter): plain for letter, plain in LETTERS.items()})
# What may stand inside a typed phone number.
PHONE = re.compile(r"^\+?[\d\s().\-/ ]{3,}$")


def folded(text: str) -> str:
    """Lower case, without accents, apostrophes unified, blanks single: what two people would type alike."""
    if text.isascii():  # most are, and a sync folds thousands
        return " ".join(text.lower().split())
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
    if PHONE.match(query.strip()):
        return [digits] if (digits := phone_digits(query)) else []
    return folded(query).split()[:8]


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
