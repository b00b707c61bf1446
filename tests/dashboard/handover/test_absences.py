"""Who stands in sees the absent tutor's people from the first to the last day, and no longer."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Scope, User
from dashboard.callbacks.listing import Callbacks
from dashboard.follow_up import acts, dating
from dashboard.handover.notices import tell_of_absence, unseen
from dashboard.handover.standing_in import covered
from dashboard.models import Absence, FollowUp
from dashboard.scope import own_enrolments, visible_courses, visible_enrolments
from moodle_sync.models import Enrolment, Group
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def day(n: int) -> date:
    return timezone.localdate() + timedelta(days=n)


def absent(user: User, colleague: User, first: int, last: int) -> Absence:
    return Absence.objects.create(user=user, colleague=colleague, first_day=day(first), last_day=day(last))


@pytest.fixture
def hers(group: Group) -> Enrolment:
    return EnrolmentFactory(course=group.course, groups=[group])


def opens(user: User, enrolment: Enrolment) -> bool:
    client = Client()
    client.force_login(user)
    return client.get(reverse("dashboard:person", args=[enrolment.pk])).status_code == 200


@pytest.mark.parametrize(
    ("first", "last", "seen"),
    [(1, 9, False), (0, 0, True), (-3, 0, True), (0, 5, True), (-9, -1, False)],
    ids=["before", "one day", "last day", "first day", "after"],
)
def test_from_the_first_to_the_last_day(
    tutor: User, other_tutor: User, hers: Enrolment, first: int, last: int, seen: bool
) -> None:
    absent(tutor, other_tutor, first, last)
    assert (hers in visible_enrolments(other_tutor)) is seen
    assert opens(other_tutor, hers) is seen
    assert hers in visible_enrolments(tutor), "the absent one loses nothing"


def test_by_group_course_ungrouped_and_name(tutor: User, other_tutor: User, hers: Enrolment) -> None:
    site = hers.course.site
    whole, ungrouped, named = CourseFactory.create_batch(3, site=site)
    AssignmentFactory(user=tutor, course=whole)
    AssignmentFactory(user=tutor, course=ungrouped, ungrouped=True)
    people: list[Enrolment] = [
        hers,
        EnrolmentFactory(course=whole),
        EnrolmentFactory(course=ungrouped),
        EnrolmentFactory(course=named, follow_up__assignee=tutor),
    ]
    absent(tutor, other_tutor, 0, 1)
    assert set(visible_enrolments(other_tutor)) == set(people)
    assert set(visible_courses(other_tutor)) == {e.course for e in people} | {hers.course}


def test_a_stranger_sees_nobody_and_the_one_who_stands_in_nobody_else(
    tutor: User, other_tutor: User, hers: Enrolment
) -> None:
    stranger = UserFactory()
    foreign = EnrolmentFactory()
    absent(tutor, other_tutor, 0, 1)
    assert not opens(stranger, hers)
    assert not opens(other_tutor, foreign)


def test_there_is_no_chain(tutor: User, other_tutor: User, hers: Enrolment) -> None:
    third = UserFactory()
    absent(tutor, other_tutor, 0, 1)
    absent(other_tutor, third, 0, 1)
    assert hers not in visible_enrolments(third)


def test_it_says_whom_one_stands_in_for_but_not_for_ones_own(
    tutor: User, other_tutor: User, hers: Enrolment, group: Group
) -> None:
    both = EnrolmentFactory(course=group.course, groups=[group, other_tutor.assignments.get().group])
    absent(tutor, other_tutor, 0, 1)
    assert covered(other_tutor, [hers.pk, both.pk]) == {hers.pk: tutor}
    assert hers not in own_enrolments(other_tutor)
    assert both in own_enrolments(other_tutor)


def test_what_one_stands_in_for_is_not_handed_on(
    client: Client, tutor: User, other_tutor: User, coordinator: User, hers: Enrolment
) -> None:
    absent(tutor, other_tutor, 0, 1)
    client.force_login(other_tutor)
    assert client.get(reverse("dashboard:hand-over", args=[hers.pk])).status_code == 404
    data = {"people": [hers.pk], "to": coordinator.pk}
    assert client.post(reverse("dashboard:handover"), data).status_code == 404


def test_what_one_did_meanwhile_is_kept_and_the_person_goes_back(
    tutor: User, other_tutor: User, hers: Enrolment
) -> None:
    """The first to act takes a follow-up; who only stands in does not."""
    absence = absent(tutor, other_tutor, -2, 0)
    follow_up = FollowUp.objects.select_related("enrolment__course__site").get(enrolment=hers)
    acts.mark_contacted(follow_up, by=other_tutor, version=0)
    absence.last_day = day(-1)
    absence.save()
    assert FollowUp.objects.get(enrolment=hers).assignee is None
    assert not opens(other_tutor, hers)


def test_a_callback_one_takes_while_standing_in_is_the_absent_ones(
    tutor: User, other_tutor: User, hers: Enrolment
) -> None:
    """Else nobody would keep it once the colleague is back."""
    absent(tutor, other_tutor, 0, 0)
    FollowUp.objects.filter(enrolment=hers).update(state="callback")
    follow_up = FollowUp.objects.select_related("enrolment__course__site").get(enrolment=hers)
    dating.entrust_callbacks([(follow_up, 0)], other_tutor, by=other_tutor)
    assert FollowUp.objects.get(enrolment=hers).callback_for == tutor
    assert [row.enrolment for row in Callbacks(other_tutor, QueryDict("whose=mine")).rows] == [hers]


def tell(client: Client, by: User, /, **data: Any) -> int:
    client.force_login(by)
    data = {"first_day": day(0).isoformat(), "last_day": day(3).isoformat(), **data}
    return client.post(reverse("dashboard:absences"), data).status_code


def test_a_tutor_tells_an_absence_and_the_colleague_is_told(
    client: Client, tutor: User, other_tutor: User, hers: Enrolment
) -> None:
    assert tell(client, tutor, colleague=other_tutor.pk) == 302
    absence = Absence.objects.get()
    assert (absence.user, absence.colleague, absence.made_by) == (tutor, other_tutor, tutor)
    [told] = unseen(other_tutor)
    assert tutor.short_name in told.words
    assert opens(other_tutor, hers)


def test_cancelled_each_sees_their_own_again(client: Client, tutor: User, other_tutor: User, hers: Enrolment) -> None:
    absent(tutor, other_tutor, 0, 3)
    begun = absent(tutor, other_tutor, -3, 3)
    client.force_login(tutor)
    for absence in Absence.objects.all():
        assert client.post(reverse("dashboard:cancel-absence", args=[absence.pk])).status_code == 302
    assert not opens(other_tutor, hers)
    assert unseen(other_tutor) == []
    assert not Absence.objects.standing().exists()
    begun.refresh_from_db()
    assert (begun.last_day, begun.cancelled_at is None) == (day(3), False), "until when it let see is kept"


def test_cancelling_is_taken_back_unless_one_of_the_two_is_away_by_now(
    client: Client, tutor: User, other_tutor: User, hers: Enrolment
) -> None:
    absence = absent(tutor, other_tutor, 0, 3)
    tell_of_absence(absence)
    client.force_login(tutor)
    cancel, restore = (reverse(f"dashboard:{name}-absence", args=[absence.pk]) for name in ("cancel", "restore"))
    client.post(cancel)
    other = absent(other_tutor, tutor, 3, 5)
    assert "Trop tard" in client.post(restore, headers={"HX-Request": "true"}).content.decode()
    assert not opens(other_tutor, hers)
    other.delete()
    client.post(restore)
    assert opens(other_tutor, hers)
    assert len(unseen(other_tutor)) == 1
    assert client.post(restore).status_code == 404, "it stands"


@pytest.mark.parametrize(
    "data",
    [
        {"last_day": day(-1).isoformat()},
        {"first_day": day(5).isoformat()},
        {"first_day": "demain"},
        {"colleague": ""},
    ],
)
def test_days_must_be_some(client: Client, tutor: User, other_tutor: User, data: dict[str, str]) -> None:
    assert tell(client, tutor, **({"colleague": other_tutor.pk} | data)) == 422
    assert not Absence.objects.exists()


def test_only_who_shares_a_site_and_is_there_stands_in(client: Client, tutor: User, other_tutor: User) -> None:
    elsewhere = AssignmentFactory().user
    for nobody in (elsewhere, tutor, UserFactory()):
        assert tell(client, tutor, colleague=nobody.pk) == 422
    absent(other_tutor, tutor, 2, 9)
    assert tell(client, tutor, colleague=other_tutor.pk) == 422, "away on one of these days"
    assert tell(client, tutor, colleague=other_tutor.pk, last_day=day(1).isoformat()) == 302
    assert tell(client, tutor, colleague=other_tutor.pk, last_day=day(0).isoformat()) == 422, "told already"


def test_a_coordinator_does_it_for_tutors_of_their_scope(
    client: Client, tutor: User, other_tutor: User, other_coordinator: User, hers: Enrolment
) -> None:
    names = {"user": tutor.pk, "colleague": other_tutor.pk}
    assert tell(client, other_coordinator, **names) == 422
    Scope.objects.create(user=other_coordinator, site=hers.course.site)
    assert tell(client, other_coordinator, **names) == 302
    Absence.objects.all().delete()
    AssignmentFactory(user=tutor)  # on a platform that this coordinator does not oversee
    assert tell(client, other_coordinator, **names) == 422


def test_nobody_cancels_a_colleagues_absence(client: Client, tutor: User, other_tutor: User) -> None:
    absence = absent(tutor, other_tutor, 0, 3)
    client.force_login(other_tutor)
    assert client.post(reverse("dashboard:cancel-absence", args=[absence.pk])).status_code == 404
