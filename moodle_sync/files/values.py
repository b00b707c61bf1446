"""What the cells of a file mean: moments, ages, statuses, roles, groups, names, phones. All pure functions."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

from moodle_sync.enums import EPOCH
from moodle_sync.text import folded

NEVER = {"never", "jamais"}
NOW = {"now", "just now", "maintenant", "a l'instant"}
NOTHING_SAID = {"", "-", "–", "—", "n/a", "unknown", "inconnu", "?"}
DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Moodle is younger: an older date is a mistake, not an access."""
UNITS = {
    "an ans annee annees year years yr yrs": timedelta(days=365),
    "mois month months": timedelta(days=30),
    "semaine semaines sem week weeks": timedelta(days=7),
    "jour jours j day days d": DAY,
    "heure heures h hour hours hr hrs": timedelta(hours=1),
    "minute minutes min mins mn": MINUTE,
    "seconde secondes second seconds sec secs s": SECOND,
}
UNIT = {word: length for words, length in UNITS.items() for word in words.split()}
AGE = re.compile(r"(\d{1,6}) ?([a-z]+)\.?(?:,| et| and)? ?")
MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january janvier jan janv", "february fevrier feb fev fevr", "march mars mar", "april avril apr avr",
            "may mai", "june juin jun", "july juillet jul juil", "august aout aug", "september septembre sep sept",
            "october octobre oct", "november novembre nov", "december decembre dec",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
CLOCK = (
    r"(?:(?:,| a| at|t)? ?(?P<hour>\d{1,2}) ?[:h] ?(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.\d+)?)? ?(?P<half>[ap]\.?m\.?)?)?"
)
ZONE = r" ?(?P<zone>z|utc|[+-]\d{2}:?\d{2})?"
DATES = [
    re.compile(rf"(?P<year>\d{{4}})[-/](?P<month>\d{{1,2}})[-/](?P<day>\d{{1,2}}){CLOCK}{ZONE}"),
    re.compile(rf"(?P<day>\d{{1,2}})[-/.](?P<month>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d{{2}}){CLOCK}{ZONE}"),
    re.compile(
        rf"(?:[a-z]+\.?,? )?(?P<day>\d{{1,2}})(?:er|st|nd|rd|th)? (?P<name>[a-z]+)\.?,? (?P<year>\d{{4}}){CLOCK}"
    ),
    re.compile(rf"(?:[a-z]+\.?,? )?(?P<name>[a-z]+)\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}}){CLOCK}"),
]
SERIAL = re.compile(r"[2-8]\d{4}(?:[.,]\d+)?")
SERIAL_ZERO = datetime(1899, 12, 30)
"""Excel counts days from here, with a leap day of its own in 1900."""
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
EMAIL = re.compile(r"[^\s@<>\"(),;:]+@[^\s@<>\"(),;:]+\.[^\s@<>\"(),;:.]{2,}")
SUSPENDED = {
    "suspended": True, "suspendu": True, "suspendue": True, "not current": True, "inactive": True, "inactif": True,
    "non actif": True, "pas actuel": True,
    "active": False, "actif": False, "current": False,
}  # fmt: skip
ROLES = {
    "student": "student", "etudiant": "student", "etudiante": "student", "eleve": "student", "apprenant": "student",
    "participant": "participant", "participante": "participant", "stagiaire": "participant",
    "teacher": "editingteacher", "enseignant": "editingteacher", "enseignante": "editingteacher",
    "non-editing teacher": "teacher", "enseignant non editeur": "teacher", "enseignant non-editeur": "teacher",
    "manager": "manager", "gestionnaire": "manager", "course creator": "coursecreator",
    "createur de cours": "coursecreator", "tuteur": "tuteur", "tutrice": "tuteur", "tutor": "tuteur",
    "formateur": "formateur", "formatrice": "formateur",
}  # fmt: skip
NO_GROUP = {"no groups", "aucun groupe", "no group", "sans groupe", "pas de groupe"}
NO_ROLE = {"no roles", "aucun role", "no role"}


class NotAMoment(ValueError):
    pass


class InTheFuture(NotAMoment):
    pass


@dataclass(frozen=True)
class Stamp:
    """An access. `earliest` to `latest`: what the words leave open; another time within says nothing else."""

    at: datetime
    earliest: datetime
    latest: datetime


NEVER_STAMP = Stamp(EPOCH, EPOCH, EPOCH)


def access(text: str, *, moment: datetime, zone: ZoneInfo) -> Stamp | None:
    """`moment`: when the file was exported. None: the cell says nothing. Raises NotAMoment."""
    words = folded(text).rstrip(".")
    if words in NOTHING_SAID:
        return None
    if words in NEVER:
        return NEVER_STAMP
    if words in NOW:
        return Stamp(moment, moment - MINUTE, moment)
    stamp = _age(words, moment) or _date(words, zone) or _serial(words, zone)
    if stamp is None or stamp.at < EARLIEST:
        raise NotAMoment(text)
    if stamp.at > moment + DAY:
        raise InTheFuture(text)
    return stamp


def _age(words: str, moment: datetime) -> Stamp | None:
    """«23 jours 4 heures»: cut, not rounded, at its smallest unit."""
    rest = words.removeprefix("il y a ").removesuffix(" ago").strip() + " "
    age, smallest, position = timedelta(), None, 0
    for match in AGE.finditer(rest):
        length = UNIT.get(match[2])
        if match.start() != position or length is None or (smallest and length >= smallest):
            return None
        age, smallest, position = age + int(match[1]) * length, length, match.end()
    if smallest is None or rest[position:].strip() or age > timedelta(days=365 * 25):
        return None
    return Stamp(moment - age, moment - age - smallest, moment - age)


def _date(words: str, zone: ZoneInfo) -> Stamp | None:
    for pattern in DATES:
        if match := pattern.fullmatch(words):
            return _moment(match.groupdict(), zone)
    return None


def _moment(parts: dict[str, str | None], zone: ZoneInfo) -> Stamp | None:
    month = MONTHS.get(parts["name"] or "") if "name" in parts else int(parts["month"] or 0)
    year = int(parts["year"] or 0)
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    half = (parts["half"] or "").replace(".", "")
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        local = datetime(year + 2000 if year < 100 else year, month or 0, int(parts["day"] or 0), hour, minute, second)
    except ValueError:
        return None
    width = DAY if parts["hour"] is None else MINUTE if parts["second"] is None else SECOND
    at = local.replace(tzinfo=_offset(parts.get("zone")) or zone).astimezone(UTC)
    return Stamp(at, at, at + width)


def _offset(text: str | None) -> ZoneInfo | None:
    if not text:
        return None
    if text in {"z", "utc"}:
        return ZoneInfo("UTC")
    return datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo  # type: ignore[return-value]


def _serial(words: str, zone: ZoneInfo) -> Stamp | None:
    """A date whose cell was formatted as a number, as Excel counts: days, and parts of a day."""
    if not SERIAL.fullmatch(words):
        return None
    days = float(words.replace(",", "."))
    local = SERIAL_ZERO + timedelta(seconds=round(days * 86_400))
    at = local.replace(tzinfo=zone).astimezone(UTC)
    return Stamp(at, at, at + (DAY if days.is_integer() else MINUTE))


def tidy(text: str, length: int = 255) -> str:
    """A name as people read it: reports write `O&#039;Brien`."""
    return " ".join(ENTITY.sub(lambda match: unescape(match[0]), text).replace("\x00", "").split())[:length]


def email(text: str) -> str:
    """Empty for none. Raises ValueError."""
    address = tidy(text, 1000).removeprefix("mailto:").strip("<>")
    if folded(address) in NOTHING_SAID:
        return ""
    if len(address) > 254 or not address.isascii() or not EMAIL.fullmatch(address):
        raise ValueError(text)
    return address


def suspended(text: str) -> bool | None:
    """None: the cell says nothing. Raises KeyError."""
    words = folded(text)
    return None if words in NOTHING_SAID else SUSPENDED[_neutral(words)]


def _neutral(words: str) -> str:
    """«étudiant·e», «suspendu(e)»."""
    return re.sub(r"(?<=\w)[·(.]e?s?\)?$", "", words)


def roles(text: str) -> list[str]:
    """Moodle's short names where the words are known, else the words."""
    names = [_neutral(name) for part in text.split(",") if (name := folded(tidy(part)))]
    return sorted({ROLES.get(name, name)[:100] for name in names if name not in NO_ROLE | NOTHING_SAID})


def groups(text: str, known: frozenset[str] = frozenset()) -> list[str]:
    """Names joined by commas; a known group whose own name has a comma stays whole."""
    whole = tidy(text)
    if folded(whole) in NO_GROUP | NOTHING_SAID:
        return []
    if whole in known:
        return [whole]
    return list(dict.fromkeys(name for part in whole.split(",") if (name := part.strip())))


def group(text: str) -> list[str]:
    name = tidy(text)
    return [] if folded(name) in NO_GROUP | NOTHING_SAID else [name]


def full_name(text: str) -> str:
    """Without the initials that the page of participants puts in front: «KB Karim Benali»."""
    words = tidy(text).split()
    if len(words) >= 3 and words[0].isupper() and 1 <= len(words[0]) <= 3:
        initials = "".join(word[0] for word in words[1:]).upper()
        if words[0] in {initials, initials[0] + initials[-1], words[1][0].upper() + words[2][0].upper()}:
            words = words[1:]
    return " ".join(words)


def phone(text: str) -> str:
    """Excel takes a number for a number: its leading zero is put back, and 6.39E+08 written out."""
    number = tidy(text, 50)
    if re.fullmatch(r"\d[.,]\d+E\+?\d{1,2}", number, re.IGNORECASE):
        number = str(int(float(number.replace(",", "."))))
    if re.fullmatch(r"[1-9]\d{8}", number):
        number = f"0{number}"
    return "" if folded(number) in NOTHING_SAID else number
