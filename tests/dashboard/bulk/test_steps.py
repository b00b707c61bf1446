"""Laws of what a step asks and answers before it is done."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dashboard.enums import ClosedFor, State
from dashboard.models import Contact, FollowUp
from moodle_sync.models import Enrolment
from tests.factories import CourseFactory, EnrolmentFactory, SiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def far_west() -> Enrolment:
    course = CourseFactory(site=SiteFactory(time_zone="America/Martinique"))
    enrolment: Enrolment = EnrolmentFactory.create(course=course)
    return enrolment


def call_back(client: Client, date: str, *rows: Enrolment) -> int:
    data = {"row": [f"{row.pk}:0" for row in rows], "go": "1", "date": date, "who": "mine"}
    return client.post(reverse("dashboard:bulk", args=["rappeler"]), data).status_code


def test_in_two_hours_where_they_are_is_not_over_though_it_is_here(
    client: Client, coordinator: User, far_west: Enrolment
) -> None:
    client.force_login(coordinator)
    zone = far_west.course.site.zone
    soon = (timezone.now() + timedelta(hours=2)).astimezone(zone).replace(second=0, microsecond=0)
    here = EnrolmentFactory.create()
    assert call_back(client, f"{soon:%Y-%m-%dT%H:%M}", far_west, here) == 302
    far_west.follow_up.refresh_from_db()
    assert (far_west.follow_up.state, far_west.follow_up.due_at) == (State.CALLBACK, soon)
    assert not Contact.objects.filter(follow_up__enrolment=here).exists(), "theirs has passed"


def test_what_has_passed_for_all_of_them_is_refused(client: Client, coordinator: User, far_west: Enrolment) -> None:
    client.force_login(coordinator)
    over = (timezone.now() - timedelta(minutes=5)).astimezone(far_west.course.site.zone)
    assert call_back(client, f"{over:%Y-%m-%dT%H:%M}", far_west) == 422
    assert call_back(client, f"{over - timedelta(days=1):%Y-%m-%dT%H:%M}", far_west, EnrolmentFactory.create()) == 422


@pytest.mark.parametrize("date", ["2037-03-29T02:30", "2037-10-25T02:30"])
def test_a_night_when_the_clock_is_changed_is_a_night(
    client: Client, coordinator: User, far_west: Enrolment, date: str
) -> None:
    client.force_login(coordinator)
    assert call_back(client, date, far_west) == 302
    [due] = FollowUp.objects.values_list("due_at", flat=True)
    assert due
    assert f"{due.astimezone(far_west.course.site.zone):%Y-%m-%dT%H:%M}" == date


def test_addresses_leave_out_whom_the_noted_e_mail_leaves_out(client: Client, coordinator: User) -> None:
    declined, open_ = EnrolmentFactory.create_batch(2)
    FollowUp.objects.filter(enrolment=declined).update(state=State.CLOSED_OUT, closed_for=ClosedFor.DECLINED)
    client.force_login(coordinator)
    page = client.post(reverse("dashboard:copy-addresses"), {"row": [declined.pk, open_.pk]}).content.decode()
    assert open_.participant.email in page
    assert declined.participant.email not in page
    assert "1\u00a0personne ne suivra pas" in page
