"""No log tells what a person's row held, also where PostgreSQL says it in its errors."""

import logging

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
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


def written(message: str, exc: Exception) -> str:
    """As the handler that Django sets up from our settings writes it, traceback included."""
    [handler] = [handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, Discreet)]
    info = (type(exc), exc, exc.__traceback__)
    return handler.format(logging.LogRecord("celery.app.trace", logging.ERROR, "", 0, message, (exc,), info))
