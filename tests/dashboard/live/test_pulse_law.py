"""Whatever changes a file without an entry in its timeline is felt by the pages that show it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dashboard import identity
from dashboard.enums import Cause
from dashboard.follow_up import blocking
from dashboard.live import pulse, stamps
from dashboard.models import Contact, ContactDetail, Person, PersonChange
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def camille(group: Group) -> Enrolment:
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group])
    return found


@pytest.fixture
def noel(group: Group) -> Enrolment:
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group])
    return found


def person_of(enrolment: Enrolment) -> Person:
    found: Person = Person.objects.get(accounts__participant__enrolments=enrolment)
    return found


def detail(one: Enrolment, by: User, **fields: Any) -> ContactDetail:
    values = {"kind": "phone", "value": "+33639984155", "search_key": "0639984155", "added_by": by}
    return ContactDetail.objects.create(person=person_of(one), **(values | fields))


def hidden(one: Enrolment, *_others: object) -> None:
    Course.objects.filter(pk=one.course_id).update(visible=False)


def blocked(one: Enrolment, _other: Enrolment, by: User) -> None:
    blocking.block(one.follow_up, one.follow_up.version, by=by, cause=Cause.CREDENTIALS, address="aide@example.org")


def merged(one: Enrolment, other: Enrolment, by: User) -> PersonChange:
    accounts = [one.participant_id, other.participant_id]
    return identity.merge(person_of(one), person_of(other), accounts=accounts, by=by)


Given = Callable[[Enrolment, Enrolment, User], object]
Asked = Callable[[Enrolment, Enrolment], tuple[str, list[Any], dict[str, Any]]]
NO = {"cause": "session_hidden", "agreed": "0"}


def accounts(*people: Enrolment) -> dict[str, Any]:
    return {"account": [one.participant_id for one in people]}


def of_detail(_one: Enrolment, _other: Enrolment) -> list[Any]:
    return [ContactDetail.objects.get().pk]


ACTS: dict[str, tuple[Given, Asked]] = {
    "added": (lambda *_: None, lambda a, b: ("add-detail", [a.pk], {"value": "06 39 98 41 55"})),
    "added in a call": (lambda *_: None, lambda a, b: ("call-add-detail", [a.pk], {"value": "06 39 98 41 55"})),
    "removed": (lambda a, b, by: detail(a, by), lambda a, b: ("remove-detail", of_detail(a, b), {})),
    "put back": (
        lambda a, b, by: detail(a, by, removed_at=timezone.now(), removed_by=by),
        lambda a, b: ("restore-detail", of_detail(a, b), {}),
    ),
    "hint refused": (hidden, lambda a, b: ("answer-hint", [a.pk], NO)),
    "joined": (lambda *_: None, lambda a, b: ("join", [a.pk, b.pk], accounts(a, b))),
    "separated": (merged, lambda a, b: ("separate", [b.pk], accounts(a, b))),
    "join undone": (merged, lambda a, b: ("undo-union", [PersonChange.objects.get().act], {})),
    "request sent": (blocked, lambda a, b: ("blockage-asked", [a.pk], {})),
}


@pytest.mark.parametrize("what", ACTS)
def test_it_beats_once_it_can_be_read_and_the_file_bears_another_stamp(
    claire: Client,
    tutor: User,
    samira: User,
    camille: Enrolment,
    noel: Enrolment,
    what: str,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, asked = ACTS[what]
    given(camille, noel, tutor)
    name, args, data = asked(camille, noel)
    entries, before = Contact.objects.count(), stamps.of_file(person_of(camille), samira)
    # Answers that draw a list beat too; those of call mode draw none.
    monkeypatch.setattr("dashboard.roster.counts.forget", lambda by: None)
    cache.clear()
    with django_capture_on_commit_callbacks(execute=True):
        response = claire.post(reverse(f"dashboard:{name}", args=args), data, headers=HTMX)
        assert response.status_code in {200, 302}, response.content.decode()[:500]
        assert not pulse.current(), "not before it can be read"
    assert pulse.current()
    assert stamps.of_file(person_of(camille), samira) != before
    assert Contact.objects.count() == entries, "else the last entry would have told"


def test_the_stamp_is_as_before_once_a_no_is_taken_back(
    claire: Client, tutor: User, samira: User, camille: Enrolment
) -> None:
    hidden(camille)
    url, before = reverse("dashboard:answer-hint", args=[camille.pk]), stamps.of_file(person_of(camille), samira)
    claire.post(url, NO, headers=HTMX)
    assert stamps.of_file(person_of(camille), samira) != before
    claire.post(url, NO | {"agreed": ""}, headers=HTMX)
    assert stamps.of_file(person_of(camille), samira) == before
