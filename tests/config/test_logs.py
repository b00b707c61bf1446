"""No log tells what a person's row held, also where PostgreSQL says it in its errors."""

import logging
from urllib.parse import urlsplit

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import invitations
from accounts.models import Role, User
from config.logs import Discreet
from dashboard.enums import Kind
from dashboard.models import Contact, ContactDetail, Person
from moodle_sync.models import Course
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
NUMBER = "+33639984127"


def test_a_refused_row_is_not_told(tutor: User) -> None:
    values = {"person": Person.objects.create(), "kind": "phone", "value": NUMBER, "added_by": tutor}
    ContactDetail.objects.create(**values)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        ContactDetail.objects.create(**values)
    assert NUMBER in str(refused.value)
    told = written("Task raised unexpected: %r", refused.value)
    assert told.count("one_detail_per_value") == 3
    assert NUMBER not in told


def test_nor_is_a_note_of_several_lines(course: Course, tutor: User) -> None:
    follow_up = EnrolmentFactory(course=course).follow_up
    note = "Malade.\n\nRappeler mardi."
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Contact.objects.create(follow_up=follow_up, author=tutor, kind=Kind.CALL, note=note, version=1)
    assert "mardi" in str(refused.value)
    told = written("%s", refused.value)
    assert "a_call_has_an_outcome" in told
    assert "Malade" not in told
    assert "mardi" not in told


def test_a_refused_form_of_an_invitation_does_not_tell_its_link(caplog: pytest.LogCaptureFixture) -> None:
    lou, _new = invitations.invite("lou@example.org", Role.TUTOR, overseen=invitations.Overseen())
    path = urlsplit(invitations.link(lou)).path
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    told = "".join(handler().format(record) for record in caplog.records)
    assert "/invitation/" in told
    assert path.split("/")[2] not in told


def written(message: str, exc: Exception) -> str:
    info = (type(exc), exc, exc.__traceback__)
    return handler().format(logging.LogRecord("celery.app.trace", logging.ERROR, "", 0, message, (exc,), info))


def handler() -> logging.Handler:
    """The one that Django sets up from our settings."""
    [ours] = [handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, Discreet)]
    return ours


@pytest.mark.django_db
def test_an_old_address_of_a_calendar_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    path = reverse("dashboard:callback-feed", args=["jeton-revoque"])
    assert Client().get(path).status_code == 404
    told = "".join(handler().format(record) for record in caplog.records)
    assert "/rappels/calendrier/" in told
    assert "jeton" not in told
