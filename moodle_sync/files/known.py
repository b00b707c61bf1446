"""What the database knows of the people of a file, before it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from moodle_sync.files.lines import FilePerson, name_key
from moodle_sync.models import Course

COLUMNS = (
    "p.id", "p.moodle_id", "p.first_name", "p.last_name", "p.full_name", "p.email", "p.phone1", "p.phone2",
    "p.institution", "p.city", "p.suspended", "e.id", "e.roles", "e.suspended", "e.last_course_access",
    "e.last_site_access", "e.standing", "e.left_at",
)  # fmt: skip
GROUPS = "ARRAY(SELECT m.group_id FROM moodle_sync_membership m WHERE m.enrolment_id = e.id)"
STATEMENT = (
    f"SELECT {', '.join(COLUMNS)}, {GROUPS} FROM moodle_sync_participant p"
    " LEFT JOIN moodle_sync_enrolment e ON e.participant_id = p.id AND e.course_id = %(course)s"
    " WHERE p.site_id = %(site)s AND (e.id IS NOT NULL OR lower(p.email) = ANY(%(emails)s)) ORDER BY p.id"
)


@dataclass(frozen=True)
class Known:
    """One account of the site; `enrolment` is None when it is not in the course."""

    pk: int
    moodle_id: int | None
    first_name: str
    last_name: str
    full_name: str
    email: str
    phone1: str
    phone2: str
    institution: str
    city: str
    account_suspended: bool | None
    enrolment: int | None
    roles: list[str] | None
    suspended: bool | None
    course_access: datetime | None
    site_access: datetime | None
    standing: str | None
    left_at: datetime | None
    groups: list[int]


class Ambiguous(Exception):
    """Several people could be meant."""


class Directory:
    """Finds the account of each person of a file: by e-mail, else by a name that only one has in the course."""

    def __init__(self, course: Course, people: Iterable[FilePerson]) -> None:
        people = list(people)
        self._by_email: dict[str, Known] = {}
        self._by_name: dict[str, list[Known]] = defaultdict(list)
        self._namesakes: dict[str, int] = defaultdict(int)
        self._taken: set[int] = set()
        for person in people:
            self._namesakes[person.name_key] += 1
        for known in _accounts(course, [person.email.lower() for person in people if person.email]):
            address = known.email.lower()
            before = self._by_email.get(address)
            if address and (before is None or (before.enrolment is None and known.enrolment is not None)):
                self._by_email[address] = known
            if known.enrolment is not None and known.full_name:
                self._by_name[name_key(known.full_name)].append(known)

    def find(self, person: FilePerson) -> Known | None:
        """Raises Ambiguous. People with an e-mail first: a name alone must not take their account."""
        found = self._by_email.get(person.email.lower()) if person.email else None
        if found is None and person.full_name:
            found = self._namesake(person)
        if found:
            self._taken.add(found.pk)
        return found

    def _namesake(self, person: FilePerson) -> Known | None:
        same = self._by_name.get(person.name_key, [])
        if person.email:  # the account may be the one whose e-mail Moodle does not tell
            silent = [known for known in same if not known.email and known.pk not in self._taken]
            return silent[0] if len(silent) == 1 and self._namesakes[person.name_key] == 1 else None
        if self._namesakes[person.name_key] > 1 or len(same) > 1:
            raise Ambiguous
        if same and same[0].pk in self._taken:
            raise Ambiguous
        return same[0] if same else None


def _accounts(course: Course, emails: list[str]) -> Iterator[Known]:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"course": course.pk, "site": course.site_id, "emails": emails})
        for row in cursor.fetchall():
            yield Known(*row)
