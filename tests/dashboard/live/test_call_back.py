"""«Call back later» says why it does nothing, and does nothing then."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dashboard.enums import ClosedFor, State
from dashboard.follow_up import acts, closing
from dashboard.models import Contact, FollowUp
from moodle_sync.models import Enrolment, Group
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/enseignants/"}


@pytest.fixture
def camille(group: Group) -> Enrolment:
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group])
    return found


def call_back(client: Client, enrolment: Enrolment, **data: Any) -> tuple[int, str]:
    url = reverse("dashboard:call-back", args=[enrolment.pk])
    response = client.post(url, {"version": 0} | data, headers=HTMX)
    return response.status_code, response.content.decode()


def at(**delta: float) -> str:
    return (timezone.localtime() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Indiquez la date."),
        ({"date": "demain"}, "Indiquez la date."),
        ({"date": "2026-02-30T09:00"}, "Indiquez la date."),
        ({"days": "2"}, "choix"),
        ({"date": at(days=-1)}, "date est passée"),
    ],
)
def test_no_date_or_one_that_has_passed_is_refused_in_its_place(
    claire: Client, camille: Enrolment, data: dict[str, str], told: str
) -> None:
    status, page = call_back(claire, camille, **data)
    assert status == 422
    assert 'id="snooze-error"' in page
    assert told in page
    assert not Contact.objects.exists()


def test_what_is_closed_is_taken_up_again_first(claire: Client, tutor: User, camille: Enrolment) -> None:
    closing.close_out(camille.follow_up, 0, ClosedFor.DECLINED, by=tutor)
    status, page = call_back(claire, camille, version=1, days="3")
    assert status == 200
    assert "reprenez" in page.lower()
    assert FollowUp.objects.get().state == State.CLOSED_OUT


def test_who_comes_second_is_told_what_the_first_did(claire: Client, samira: User, camille: Enrolment) -> None:
    acts.mark_contacted(camille.follow_up, by=samira, version=0)
    status, page = call_back(claire, camille, days="3")
    assert status == 200
    assert "Samira B." in page
    assert "<form" not in page.partition('id="toasts"')[2], "nothing to undo"
    assert FollowUp.objects.get().state == State.CONTACTED


def test_staff_have_nothing_to_call_back_for(claire: Client, camille: Enrolment) -> None:
    FollowUp.objects.all().delete()
    assert call_back(claire, camille, days="3")[0] == 404


def test_keys_are_switched_on_and_off_without_a_page(claire: Client, tutor: User) -> None:
    url = reverse("dashboard:shortcuts")
    for word, on in (("off", False), ("on", True)):
        response = claire.post(url, {"shortcuts": word}, headers=HTMX)
        assert (response.status_code, response.content) == (204, b"")
        assert User.objects.get(pk=tutor.pk).preference.shortcuts is on
    assert claire.post(url, {"shortcuts": "perhaps"}, headers=HTMX).status_code == 400
    assert claire.post(url, {"shortcuts": "off", "next": "/vues/"})["Location"] == "/vues/", "without script"
