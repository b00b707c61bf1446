"""Taking back reaches as far as it was asked: one person in their file, all of them by the toast; and no further."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Assignment, User
from dashboard.bulk import work
from dashboard.bulk.rules import Name
from dashboard.enums import Kind, Outcome, State
from dashboard.follow_up import acts, handing, reminding
from dashboard.models import BulkAct, Contact, FollowUp
from dashboard.person.file import open_file
from dashboard.person.timeline import timeline
from dashboard.selection.picked import picked
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "toasts"}


@pytest.fixture
def three(course: Course, group: Group) -> list[Enrolment]:
    return [EnrolmentFactory.create(course=course, groups=[group]) for _ in range(3)]


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def undo(client: Client, act: UUID, enrolment: Enrolment | None = None) -> tuple[int, str]:
    data = {"enrolment": str(enrolment.pk)} if enrolment else {}
    response = client.post(reverse("dashboard:undo", args=[act]), data, headers=HTMX)
    return response.status_code, response.content.decode().replace("\u00a0", " ")


def standing(act: UUID) -> set[int]:
    """Enrolments for which the act still holds."""
    return set(Contact.objects.filter(act=act, undone_by=None).values_list("follow_up__enrolment", flat=True))


def remind(people: list[Enrolment], by: User) -> UUID:
    act = reminding.remind([e.pk for e in people], {e.pk: 0 for e in people}, by=by).act
    assert act
    return act


def hand_over(people: list[Enrolment], by: User) -> UUID:
    to = User.objects.exclude(pk=by.pk).filter(role="tutor").first() or by
    return handing.hand_over({e.follow_up.pk: 0 for e in people}, to, by=by)[0]


def mark(people: list[Enrolment], by: User) -> UUID:
    rows = "&".join(f"row={e.pk}:0" for e in people)
    return work.begin(picked(by, QueryDict(rows)), Name.CONTACTED, {}).pk


def mark_long_ago(people: list[Enrolment], by: User) -> UUID:
    act = mark(people, by)
    BulkAct.objects.update(created_at=timezone.now() - timedelta(days=31))
    work.forget_old()
    return act


OF_MANY = [remind, hand_over, mark, mark_long_ago]


@pytest.mark.parametrize("do", OF_MANY)
def test_in_a_file_for_that_person_only_and_once(
    claire: Client, tutor: User, other_tutor: User, three: list[Enrolment], do: Callable[[list[Enrolment], User], UUID]
) -> None:
    act = do(three, tutor)
    assert undo(claire, act, three[0])[0] == 200
    assert standing(act) == {three[1].pk, three[2].pk}
    assert "Trop tard" in undo(claire, act, three[0])[1]
    status, _words = undo(claire, act)
    assert (status, standing(act)) == (200, set())
    stranger = EnrolmentFactory.create(course=three[0].course)
    assert undo(claire, act, stranger)[0] == 404
    assert claire.post(reverse("dashboard:undo", args=[act]), {"enrolment": "9" * 30}).status_code == 404


@pytest.mark.parametrize("do", OF_MANY)
def test_one_that_changed_since_keeps_itself_and_not_the_others(
    claire: Client, tutor: User, other_tutor: User, three: list[Enrolment], do: Callable[[list[Enrolment], User], UUID]
) -> None:
    act = do(three, tutor)
    acts.add_note(FollowUp.objects.get(enrolment=three[0]), "A rappelé.", by=other_tutor)
    status, words = undo(claire, act)
    assert (status, standing(act)) == (200, {three[0].pk})
    assert "Annulé pour 2 personnes. 1 a changé depuis" in words


def test_step_by_step_back_through_ones_own_acts(claire: Client, tutor: User, three: list[Enrolment]) -> None:
    """`Ctrl+Z` twice: what was taken back already stands in nobody's way. The timeline offers the same."""
    one = three[0]
    done = [acts.add_note(one.follow_up, "Un.", by=tutor).act]
    done.append(acts.mark_contacted(one.follow_up, by=tutor, version=1).act)
    done.append(acts.add_note(one.follow_up, "Deux.", by=tutor).act)
    for act in reversed(done):
        offered = [entry.act for entry in timeline(open_file(tutor, one.pk)) if entry.can_undo]
        assert offered == [act]
        assert "Trop tard" not in undo(claire, act)[1]
        assert "Trop tard" in undo(claire, act)[1], "but once"
    assert not Contact.objects.filter(undone_by=None).exclude(kind=Kind.UNDO).exists()
    assert FollowUp.objects.get(enrolment=one).state == State.TODO


def test_what_a_colleague_did_since_stands_in_the_way(
    claire: Client, tutor: User, other_tutor: User, three: list[Enrolment]
) -> None:
    one = three[0]
    first = acts.add_note(one.follow_up, "Un.", by=tutor).act
    acts.add_note(one.follow_up, "Deux.", by=other_tutor)
    undo(claire, acts.add_note(one.follow_up, "Trois.", by=tutor).act)
    assert "Trop tard" in undo(claire, first)[1]


def test_a_call_for_two_courses_one_of_them_lost_says_which(
    claire: Client, tutor: User, three: list[Enrolment]
) -> None:
    other = CourseFactory(site=three[0].course.site, full_name="Autre session")
    AssignmentFactory(user=tutor, course=other)
    second = EnrolmentFactory.create(course=other, participant=three[0].participant)
    pairs = [(three[0].follow_up, 0), (second.follow_up, 0)]
    act = acts.log_call(three[0].participant.account.person, pairs, acts.Call(Outcome.NO_ANSWER), by=tutor)
    FollowUp.objects.update(assignee=None)
    Assignment.objects.filter(course=other).update(ended_at=timezone.now())
    for enrolment in (None, three[0]):
        status, words = undo(claire, act, enrolment)
        assert status == 200
        assert "Autre session" in words
    assert standing(act) == {three[0].pk, second.pk}
