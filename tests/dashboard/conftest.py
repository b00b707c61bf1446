import pytest
from django.test import Client

from accounts.models import User
from moodle_sync.models import Group
from tests.factories import AssignmentFactory, UserFactory


@pytest.fixture
def samira(group: Group) -> User:
    """A colleague in the same group."""
    found: User = UserFactory.create(first_name="Samira", last_name="Benali")
    AssignmentFactory.create(user=found, course=group.course, group=group)
    return found


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client
