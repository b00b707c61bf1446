"""Pages as they arrive, copied into `StagedPerson`: memory holds one page, whatever the course's size."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Exists, Model, OuterRef, Q

from moodle_sync.models import Course, Participant, StagedAccount, StagedMember, StagedPerson
from moodle_sync.planning import joining
from moodle_sync.remote import RemoteParticipant
from moodle_sync.text import search_key, sort_key

COLUMNS = (
    "run_id", "moodle_id", "is_full", "first_name", "last_name", "full_name", "email", "city", "country", "phone1",
    "phone2", "institution", "last_site_access", "last_course_access", "roles", "group_ids", "search_key",
    "sort_key",
)  # fmt: skip
ACCOUNTS_PER_CALL = 500
SOMETIMES_EMPTY = ("city", "country", "phone1", "phone2", "institution")
"""Moodle leaves these out when they are empty and when they are forbidden: see `Staging.seen`."""
DUPLICATES = (
    "DELETE FROM moodle_sync_stagedperson a USING moodle_sync_stagedperson b"
    " WHERE a.run_id = %(run)s AND b.run_id = %(run)s AND a.moodle_id = b.moodle_id AND a.id < b.id"
)
DOUBTFUL = (
    "SELECT s.moodle_id FROM moodle_sync_stagedperson s"
    " LEFT JOIN moodle_sync_participant p ON p.site_id = %(site)s AND p.moodle_id = s.moodle_id"
    " LEFT JOIN moodle_sync_enrolment e ON e.course_id = %(course)s AND e.participant_id = p.id"
    " WHERE s.run_id = %(run)s AND (e.id IS NULL OR p.full_name <> s.full_name"
    "  OR e.missed_reads > 0 OR e.left_at IS NOT NULL OR (e.roles = '{}' AND e.first_seen_at > %(full_read_at)s))"
    " ORDER BY s.moodle_id"
)
# A profile has no access to the course; the list and the profile may lie a rename apart, and the list is asked again.
TAKE_STAMPS = (
    "UPDATE moodle_sync_stagedperson d SET full_name = l.full_name, last_site_access = l.last_site_access,"
    " last_course_access = l.last_course_access, group_ids = l.group_ids FROM moodle_sync_stagedperson l"
    " WHERE d.run_id = %(run)s AND l.run_id = %(run)s AND d.moodle_id = l.moodle_id AND d.is_full AND NOT l.is_full"
)
DROP_STAMPS = (
    "DELETE FROM moodle_sync_stagedperson l USING moodle_sync_stagedperson d"
    " WHERE d.run_id = %(run)s AND l.run_id = %(run)s AND d.moodle_id = l.moodle_id AND d.is_full AND NOT l.is_full"
)

TELLING = ("email", "phone", "lastaccess", "lastcourseaccess")
"""What a course can hardly be followed without: `Course.untold` names those that came with nobody."""


class Staging:
    def __init__(self, run_id: int, own_id: int | None = None) -> None:
        self.run_id = run_id
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
        self._copy(self.row(person) for person in page)

    def add_stamps(self, page: Iterable[RemoteParticipant]) -> None:
        """People of whom only what changes from hour to hour was asked for."""
        self._copy(self.stamps_row(person) for person in page)

    def add_details(self, people: Iterable[RemoteParticipant]) -> None:
        """What was not asked for with the stamps of these people."""
        self._copy(self.row(person) for person in people)
        with connection.cursor() as cursor:
            cursor.execute(TAKE_STAMPS, {"run": self.run_id})
            cursor.execute(DROP_STAMPS, {"run": self.run_id})

    def add_accounts(self, suspended: dict[int, bool]) -> None:
        rows = ((self.run_id, moodle_id, is_suspended) for moodle_id, is_suspended in suspended.items())
        self._copy(rows, StagedAccount, ("run_id", "moodle_id", "suspended"))

    def add_members(self, groups: dict[int, list[int]]) -> None:
        rows = ((self.run_id, group_id, moodle_id) for group_id, ids in groups.items() for moodle_id in ids)
        self._copy(rows, StagedMember, ("run_id", "group_id", "moodle_id"))

    def accounts_to_ask(self, course: Course, *, people: int, everybody: bool) -> Iterator[list[int]]:
        """Some accounts at a time: all, or those whom nobody asked about yet. Moodle keeps silent about some."""
        told = StagedAccount.objects.filter(run=self.run_id, moodle_id=OuterRef("moodle_id"))
        staged = StagedPerson.objects.filter(~Exists(told), run=self.run_id).order_by("moodle_id")
        if not everybody:
            asked = Q(suspended__isnull=False) | Q(enrolments__course=course)
            known = Participant.objects.filter(asked, site=course.site_id, moodle_id=OuterRef("moodle_id"))
            staged = staged.filter(~Exists(known))
        ids = [0]
        while True:
            with joining(people):  # not around the caller's work, which goes over the network
                ids = list(staged.filter(moodle_id__gt=ids[-1]).values_list("moodle_id", flat=True)[:ACCOUNTS_PER_CALL])
            if ids:
                yield ids
            if len(ids) < ACCOUNTS_PER_CALL:
                break

    def drop_duplicates(self) -> bool:
        """People move between pages of a live course; the last row read is the newest. Says whether there were any."""
        with connection.cursor() as cursor:
            cursor.execute(DUPLICATES, {"run": self.run_id})
            return bool(cursor.rowcount)

    def doubtful(self, course: Course) -> list[int]:
        """Who is new here, renamed, back, or came without a role: what is stored of them may be wrong."""
        params: dict[str, Any] = {"run": self.run_id, "course": course.pk, "site": course.site_id}
        with connection.cursor() as cursor:
            cursor.execute(DOUBTFUL, params | {"full_read_at": course.full_read_at})
            return [moodle_id for (moodle_id,) in cursor.fetchall()]

    def clear(self) -> None:
        for model in (StagedAccount, StagedMember):
            model._default_manager.filter(run_id=self.run_id).delete()
        self.forget_people()

    def forget_people(self) -> None:
        """What was told of groups and accounts holds however the people are read."""
        StagedPerson.objects.filter(run_id=self.run_id).delete()
        self.seen, self.groups_seen = set(), False

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
        if p.moodle_id != self._own_id:
            given = (p.email, p.phone1 or p.phone2, p.last_site_access, p.last_course_access)
            self.told.update(name for name, value in zip(TELLING, given, strict=True) if value is not None)
        return (
            self.run_id, p.moodle_id, True, first, last, full, email, city, country, phone1, phone2, institution,
            p.last_site_access, p.last_course_access, _text_array(p.roles), self._group_ids(p),
            *keys_of(full, first or "", last or "", email or "", phone1 or "", phone2 or "", institution or ""),
        )  # fmt: skip

    def stamps_row(self, p: RemoteParticipant) -> tuple[object, ...]:
        """The values of COLUMNS, where most were not asked for."""
        return (
            self.run_id, p.moodle_id, False, None, None, _clean(p.full_name, 255), None, None, None, None, None, None,
            p.last_site_access, p.last_course_access, None, self._group_ids(p), "", "",
        )  # fmt: skip

    def _group_ids(self, p: RemoteParticipant) -> str | None:
        if p.groups is None:
            return None
        self.groups_seen = True
        return f"{{{','.join(str(group_id) for group_id, _ in p.groups)}}}"

    def _copy(
        self,
        rows: Iterable[Sequence[object]],
        model: type[Model] = StagedPerson,
        columns: Sequence[str] = COLUMNS,
    ) -> None:
        statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


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
