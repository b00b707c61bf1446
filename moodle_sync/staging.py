"""Pages as they arrive, copied into `StagedPerson`: memory holds one page, whatever the course's size."""

from collections.abc import Iterable
from functools import lru_cache

from django.db import connection

from moodle_sync.models import StagedPerson
from moodle_sync.remote import RemoteParticipant
from moodle_sync.text import search_key, sort_key

COLUMNS = (
    "run_id", "moodle_id", "first_name", "last_name", "full_name", "email", "city", "country", "phone1",
    "phone2", "institution", "last_site_access", "last_course_access", "roles", "group_ids", "search_key",
    "sort_key", "is_staff",
)  # fmt: skip
SOMETIMES_EMPTY = ("city", "country", "phone1", "phone2", "institution")
"""Moodle leaves these out when they are empty and when they are forbidden: see `Staging.seen`."""

TELLING = ("email", "phone", "lastaccess", "lastcourseaccess")
"""What a course can hardly be followed without: `Course.untold` names those that came with nobody."""


class Staging:
    def __init__(self, run_id: int, trainee_roles: frozenset[str], own_id: int | None = None) -> None:
        self._run_id = run_id
        self._trainee_roles = trainee_roles
        self._own_id = own_id
        self.seen: set[str] = set()
        """Fields that came with at least one person: absent elsewhere, they are empty there, not forbidden."""
        self.groups_seen = False
        self.told: set[str] = set()
        """Of TELLING, what came with somebody else than the token's own account."""

    @property
    def untold(self) -> list[str]:
        return [name for name in TELLING if name not in self.told]

    def add(self, page: Iterable[RemoteParticipant]) -> None:
        statement = f"COPY {StagedPerson._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for person in page:
                copy.write_row(self.row(person))

    def clear(self) -> None:
        StagedPerson.objects.filter(run_id=self._run_id).delete()

    def row(self, p: RemoteParticipant) -> tuple[object, ...]:
        """The values of COLUMNS; arrays in PostgreSQL's own notation, which the driver writes slowly."""
        first, last = _clean(p.first_name, 100), _clean(p.last_name, 100)
        full, email = _clean(p.full_name, 255) or "", _clean(p.email, 255)
        city, country = _clean(p.city, 120), _clean(p.country, 2)
        phone1, phone2 = _clean(p.phone1, 50), _clean(p.phone2, 50)
        # Moodle shows everyone their own institution: the token's own row says nothing of the others'.
        institution = None if p.moodle_id == self._own_id else _clean(p.institution, 255)
        for name, value in zip(SOMETIMES_EMPTY, (city, country, phone1, phone2, institution), strict=True):
            if value is not None:
                self.seen.add(name)
        if p.groups is not None:
            self.groups_seen = True
        if p.moodle_id != self._own_id:
            given = (p.email, p.phone1 or p.phone2, p.last_site_access, p.last_course_access)
            self.told.update(name for name, value in zip(TELLING, given, strict=True) if value is not None)
        return (
            self._run_id, p.moodle_id, first, last, full, email, city, country, phone1, phone2, institution,
            p.last_site_access, p.last_course_access, _text_array(p.roles),
            None if p.groups is None else f"{{{','.join(str(group_id) for group_id, _ in p.groups)}}}",
            *keys_of(full, first or "", last or "", email or "", phone1 or "", phone2 or "", institution or ""),
            not self._trainee_roles.issuperset(p.roles),
        )  # fmt: skip


def keys_of(
    full: str, first: str, last: str, email: str, phone1: str, phone2: str, institution: str
) -> tuple[str, str]:
    """The (search key, sort key) of a participant."""
    names = [full] if full else [first, last]
    return (
        search_key(names=[*names, institution], email=email, phones=[phone1, phone2]),
        sort_key(first_name=first, last_name=last, full_name=full, email=email),
    )


@lru_cache
def _text_array(words: tuple[str, ...]) -> str:
    escaped = (word[:100].replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "{" + ",".join(f'"{word}"' for word in escaped) + "}"


def _clean(value: str | None, length: int) -> str | None:
    """Moodle's own limits are shorter than ours, a patched site's may not be."""
    return None if value is None else value.strip()[:length]
