"""Laws of a selection: never the wrong rows, never newcomers."""

import uuid
from datetime import timedelta

import pytest
from django.http import Http404, QueryDict
from django.utils import timezone

from accounts.models import Assignment, User
from dashboard.enums import State
from dashboard.follow_up import acts
from dashboard.models import Selection
from dashboard.selection import stored
from dashboard.selection.picked import picked
from dashboard.selection.stored import TooMany, forget_old, select_all
from moodle_sync.enums import Standing
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory, GroupFactory


@pytest.fixture
def three(course: Course, group: Group) -> list[Enrolment]:
    return [
        EnrolmentFactory.create(course=course, groups=[group], participant__sort_key=name) for name in ("c", "a", "b")
    ]


def all_of(user: User, query: str = "") -> QueryDict:
    return QueryDict(f"selection={select_all(user, QueryDict(query)).pk}")


def test_ticked_rows_are_those_in_scope(tutor: User, three: list[Enrolment], course: Course) -> None:
    strange = EnrolmentFactory.create(course=course, groups=[GroupFactory(course=course)])
    data = QueryDict(f"row={three[0].pk}:4&row={three[1].pk}&row={strange.pk}:0&row=x&row=12:&row=-1&row={'9' * 19}")
    found = picked(tutor, data)
    assert found.versions == {three[0].pk: 4, three[1].pk: stored.NO_FOLLOW_UP, strange.pk: 0}
    assert found.present == [three[0].pk, three[1].pk]
    assert found.gone == 1


def test_all_but_these(tutor: User, three: list[Enrolment]) -> None:
    data = all_of(tutor, "sort=teacher").copy()
    data.setlist("but", [str(three[2].pk), "x", "9" * 19])
    found = picked(tutor, data)
    assert (found.present, found.gone) == ([three[1].pk, three[0].pk], 0)


def test_nothing_picked_is_nothing(tutor: User, three: list[Enrolment]) -> None:
    found = picked(tutor, QueryDict(""))
    assert not found
    assert not found.rows().exists()


def test_all_that_matches_is_kept_in_the_order_of_the_list(tutor: User, three: list[Enrolment]) -> None:
    found = picked(tutor, all_of(tutor, "sort=teacher&page=1&open=3"))
    assert found.ids == [three[1].pk, three[2].pk, three[0].pk]
    assert found.selection is not None
    assert found.selection.query == ""
    assert found.in_order(list(found.rows()))[0] == three[1]


def test_who_matches_no_longer_is_gone_and_newcomers_never_join(
    tutor: User, three: list[Enrolment], course: Course, group: Group
) -> None:
    data = all_of(tutor, "state=todo&access=nonsense&access=never_course")
    acts.mark_contacted(three[0].follow_up, by=tutor, version=0)
    EnrolmentFactory.create(course=course, groups=[group])
    found = picked(tutor, data)
    assert set(found.present) == {three[1].pk, three[2].pk}
    assert found.gone == 1


def test_a_filter_whose_value_is_gone_since_holds_nobody(
    coordinator: User, tutor: User, three: list[Enrolment], course: Course, group: Group
) -> None:
    """Neither the tutor's people, entrusted to another, nor those of a group deleted on Moodle turn into everybody."""
    of_tutor, of_group = all_of(coordinator, f"tutor={tutor.pk}"), all_of(coordinator, f"group={group.pk}")
    of_all = all_of(coordinator, f"course={course.pk}")
    Assignment.objects.filter(user=tutor).update(ended_at=timezone.now())
    Group.objects.filter(pk=group.pk).update(gone_at=timezone.now())
    assert [len(picked(coordinator, data).present) for data in (of_tutor, of_group, of_all)] == [0, 0, 3]


def test_who_left_the_scope_is_gone(tutor: User, three: list[Enrolment]) -> None:
    data = all_of(tutor)
    Assignment.objects.filter(user=tutor).update(ended_at=timezone.now())
    assert picked(tutor, data).gone == 3


def test_only_ones_own_selections_of_the_day(tutor: User, other_tutor: User, three: list[Enrolment]) -> None:
    data = all_of(tutor)
    for user, asked in (
        (other_tutor, data),
        (tutor, QueryDict(f"selection={uuid.uuid4()}")),
        (tutor, QueryDict("selection=1")),
    ):
        with pytest.raises(Http404):
            picked(user, asked)
    Selection.objects.update(created_at=timezone.now() - timedelta(days=1))
    with pytest.raises(Http404):
        picked(tutor, data)
    assert forget_old() == 1


def test_staff_are_seen_but_not_acted_on(tutor: User, course: Course, group: Group) -> None:
    staff = EnrolmentFactory.create(course=course, groups=[group], standing=Standing.STAFF)
    blocked = EnrolmentFactory.create(course=course, groups=[group], follow_up__state=State.BLOCKED)
    assert picked(tutor, all_of(tutor, "presence=staff")).versions == {staff.pk: stored.NO_FOLLOW_UP}
    assert picked(tutor, all_of(tutor, "state=blocked")).versions == {blocked.pk: 0}


def test_too_many_are_refused_whole(tutor: User, three: list[Enrolment], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST", 3)
    assert len(select_all(tutor, QueryDict()).enrolments) == 3
    monkeypatch.setattr(stored, "MOST", 2)
    with pytest.raises(TooMany):
        select_all(tutor, QueryDict())
    assert Selection.objects.count() == 1
