"""What the lines of an export are made of: read in batches, each column only where it is written out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.contrib.postgres.expressions import ArraySubquery

from accounts.models import User
from dashboard.plan import tried
from dashboard.roster.queries import GROUP_NAMES, among_these
from dashboard.scope import visible_enrolments
from moodle_sync.models import Course, Enrolment

BATCH = 1_000
"""Rows that are in memory at once, however many there are."""
PEOPLE = ("participant__account__person", "follow_up__last_contact")
WRITTEN_OUT = [
    "participant", "course", "standing", "first_seen_at", "last_course_access", "last_site_access",
    *(f"participant__{name}" for name in (
        "first_name", "last_name", "full_name", "email", "phone1", "phone2", "institution", "city", "country",
    )),
    "participant__account__person__do_not_call",
    *(f"follow_up__{name}" for name in (
        "enrolment", "state", "due_at", "cause", "closed_for", "next_channel", "next_at", "last_contact",
    )),
    *(f"follow_up__last_contact__{name}" for name in ("kind", "outcome", "author", "created_at")),
]  # fmt: skip
"""And what `plan.why` asks for. A field more costs every line; one that is missing costs a query a line."""


@dataclass
class Reader:
    user: User
    now: datetime
    _courses: dict[int, Course] = field(default_factory=dict)
    _authors: dict[int, User] = field(default_factory=dict)
    """Few, and shared by many lines: read once, not with each."""

    def batches(self, ids: Iterable[int]) -> Iterator[list[Enrolment]]:
        """In the order of `ids`; who is gone, or out of the user's sight by now, is left out."""
        rest = iter(ids)
        while some := list(islice(rest, BATCH)):
            yield self._batch(some)

    def _batch(self, ids: Sequence[int]) -> list[Enrolment]:
        seen = visible_enrolments(self.user).filter(pk__in=ids).values_list("pk", flat=True)
        found = Enrolment.objects.filter(among_these("pk", seen)).with_access(now=self.now)
        rows = found.annotate(group_names=ArraySubquery(GROUP_NAMES)).select_related(*PEOPLE).only(*WRITTEN_OUT)
        by_id = {row.pk: row for row in self._shared(list(rows))}
        tried.look_up(by_id.values())
        return [by_id[pk] for pk in ids if pk in by_id]

    def _shared(self, rows: list[Enrolment]) -> list[Enrolment]:
        contacts = [f.last_contact for row in rows if (f := getattr(row, "follow_up", None)) and f.last_contact]
        courses = {row.course_id for row in rows} - self._courses.keys()
        authors = {contact.author_id for contact in contacts if contact.author_id} - self._authors.keys()
        self._courses |= Course.objects.select_related("site").in_bulk(courses)
        self._authors |= User.objects.in_bulk(authors)
        for contact in contacts:
            contact.author = self._authors.get(contact.author_id or 0)
        there = [row for row in rows if row.course_id in self._courses]  # not one removed just now
        for row in there:
            row.course = self._courses[row.course_id]
        return there
