"""A file of everybody a list can hold, byte by byte: however it is read and written, it says the same."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import User
from dashboard.enums import Cause, Channel, ClosedFor, Kind, Outcome, State
from dashboard.exports import writers
from dashboard.exports.lines import lines
from dashboard.models import BadNumber, Contact, ContactDetail
from moodle_sync.enums import EPOCH, Standing
from moodle_sync.models import Course, Enrolment, Group, Site
from moodle_sync.text import phone_digits
from tests.factories import EnrolmentFactory, GroupFactory, ParticipantFactory

pytestmark = pytest.mark.django_db
EXPECTED = Path(__file__).with_name("everybody.csv")
NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
OPENED = NOW - timedelta(days=11)
DATED = {State.TODO, State.REMINDED, State.CALLBACK, State.CONTACTED, State.BLOCKED}


@pytest.fixture
def everybody(group: Group, tutor: User) -> list[int]:
    """Each state with each access, and what else changes a line."""
    Course.objects.update(start_date=OPENED, visible_since=OPENED, first_synced_at=OPENED, full_name="Lire ; écrire")
    Site.objects.update(name="Académie")
    accesses = [(None, None), (None, EPOCH), (EPOCH, OPENED), (OPENED, OPENED), (NOW, NOW)]
    ids: list[int] = []
    for state in State:
        for course_access, site_access in accesses:
            given = {"last_course_access": course_access, "last_site_access": site_access, **_dated(state, len(ids))}
            ids.append(_person(group, len(ids), **given).pk)
    later = GroupFactory(course=group.course, name="=Après")
    for standing in Standing:
        ids.append(_person(group, len(ids), standing=standing, **_dated(State.TODO, len(ids))).pk)
    ids.append(_person(later, len(ids), groups=[group, later], **_dated(State.TODO, 2)).pk)
    _contacts(ids, tutor)
    return ids


def _dated(state: State, n: int) -> dict[str, Any]:
    return {
        "follow_up__next_channel": [Channel.CALL, Channel.EMAIL, ""][n % 3],
        "follow_up__next_at": NOW if n % 3 < 2 else None,
        "follow_up__state": state,
        "follow_up__due_at": NOW + timedelta(days=n % 3 - 1, hours=n) if state in DATED else None,
        "follow_up__closed_for": ClosedFor.DECLINED if state == State.CLOSED_OUT else "",
        "follow_up__cause": Cause.TECHNICAL if state == State.BLOCKED and n % 2 else "",
    }


def _person(group: Group, n: int, groups: list[Group] | None = None, **enrolled: Any) -> Enrolment:
    names = {"first_name": "", "last_name": "", "full_name": ""} if n % 7 == 6 else {"last_name": f"Né{n}"}
    facts = {
        "first_name": f"P{n}",
        "email": f"p{n}@example.org" if n % 5 else "",
        "institution": " -École\x02" * (n % 2),
    }
    phones = {"phone1": ["", "0639984127", "ext. 12", "+49 30 901820"][n % 4], "city": "Niort", "country": "FR"}
    participant = ParticipantFactory(site=group.course.site, **{**facts, **phones, **names})
    given = {"last_course_access": EPOCH, "last_site_access": EPOCH, "first_seen_at": OPENED, **enrolled}
    return EnrolmentFactory(course=group.course, groups=groups or [group], participant=participant, **given)


def _contacts(ids: list[int], tutor: User) -> None:
    """Calls and reminders for some, by people and by Vigie; numbers found wrong, details typed."""
    kinds: list[tuple[str, str]] = [
        (Kind.CALL, Outcome.VOICEMAIL),
        (Kind.EMAIL, ""),
        (Kind.CONTACTED, ""),
        (Kind.CALL, Outcome.DECLINED),
    ]
    for n, one in enumerate(Enrolment.objects.filter(pk__in=ids, follow_up__isnull=False).order_by("pk")):
        for k in range(n % 4):
            kind, outcome = kinds[(n + k) % len(kinds)]
            entry = Contact.objects.create(
                follow_up=one.follow_up, kind=kind, outcome=outcome, author=tutor if n % 3 else None, version=k + 1,
                created_at=(at := NOW - timedelta(days=9 - 2 * k)),
            )  # fmt: skip
            type(one.follow_up).objects.filter(pk=one.follow_up.pk).update(last_contact=entry, last_contact_at=at)
        owner = one.participant.account.person
        if n % 6 == 5:
            typed = [("phone", "0639984199"), ("email", f"P{n}@Example.org"), ("school", "=Lycée")]
            for kind, value in typed:
                ContactDetail.objects.create(person=owner, kind=kind, value=value, search_key=value, added_by=tutor)
            BadNumber.objects.create(contact=entry, digits=phone_digits("+33639984199"))
            type(owner).objects.filter(pk=owner.pk).update(do_not_call=n % 4 == 1)


def _file(user: User, ids: list[int], format: str = "csv") -> bytes:
    file = io.BytesIO()
    with translation.override("fr"):
        assert writers.write(format, lines(user, ids, NOW), file) == len(ids)
    return file.getvalue()


def test_the_file_says_what_it_said(everybody: list[int], tutor: User) -> None:
    assert _file(tutor, everybody) == EXPECTED.read_bytes()


def test_no_kind_of_line_costs_a_query_of_its_own(everybody: list[int], tutor: User) -> None:
    def queries(ids: list[int]) -> int:
        with CaptureQueriesContext(connection) as asked:
            _file(tutor, ids)
        return len(asked)

    assert queries(everybody) == queries(everybody[-9:])
