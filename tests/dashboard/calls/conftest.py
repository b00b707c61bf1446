from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from moodle_sync.models import Enrolment, Group
from tests.factories import AssignmentFactory, EnrolmentFactory, UserFactory

MakePeople = Callable[..., list[Enrolment]]
PHONE = "0639984127"


@pytest.fixture
def samira(tutor: User, group: Group) -> User:
    """Follows the same group as Claire."""
    samira = UserFactory(email="samira@example.org", first_name="Samira", last_name="Benali")
    AssignmentFactory(user=samira, course=group.course, group=group)
    return samira


@pytest.fixture
def people(group: Group, tutor: User) -> MakePeople:
    """Of Claire's group, with a number, in the order of their ids."""

    def make(number: int = 1, **fields: object) -> list[Enrolment]:
        values = {"participant__phone1": PHONE} | fields
        return EnrolmentFactory.create_batch(number, course=group.course, groups=[group], **values)  # type: ignore[no-any-return]

    return make


@pytest.fixture
def claire(tutor: User) -> Client:
    return logged_in(tutor)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
