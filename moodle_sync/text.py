"""Normal forms for search, sorting and identity. PostgreSQL's unaccent() is not immutable: we do it here."""

import re
import unicodedata

LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
# What may stand inside a typed phone number.
PHONE = re.compile(r"^\+?[\d\s().\-/ ]{3,}$")


def folded(text: str) -> str:
    """Lower case, without accents, apostrophes unified, blanks single: what two people would type alike."""
    text = unicodedata.normalize("NFKD", text.casefold().translate(LIGATURES).replace("’", "'"))
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).split())


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
    return " ".join([*parts, *(digits for phone in phones if (digits := phone_digits(phone)))])


def sort_key(*, first_name: str, last_name: str, full_name: str, email: str) -> str:
    """Last name first; an account without a name sorts by its address."""
    name = f"{last_name} {first_name}".strip() or full_name.strip() or email
    return folded(name)[:200]
