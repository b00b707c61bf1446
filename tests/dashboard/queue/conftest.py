from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Channel, State
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory

MakePerson = Callable[..., Enrolment]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_kept_counts() -> None:
    """Tests roll back behind the cache's back."""
    cache.clear()


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.fixture
def person(course: Course, group: Group) -> MakePerson:
    """Somebody of Claire's group: `person(state=…, next_channel=…, …)`, other fields as the factory takes them."""

    def make(
        state: State = State.TODO, *, next_channel: str = "", next_in: timedelta = -HOUR, **fields: Any
    ) -> Enrolment:
        own: dict[str, Any] = {"follow_up__state": state}
        if state != State.WAITING or next_channel:  # else as the plan has it
            own["follow_up__next_channel"] = next_channel
        if next_channel:
            own["follow_up__next_at"] = timezone.now() + next_in
        if state in {State.WAITING, State.CLOSED_IN, State.CLOSED_OUT}:
            own["follow_up__due_at"] = None
        if state == State.CLOSED_OUT:
            own["follow_up__closed_for"] = "declined"
        enrolment: Enrolment = EnrolmentFactory.create(**({"course": course, "groups": [group]} | own | fields))
        return enrolment

    return make


@pytest.fixture
def callback(person: MakePerson) -> MakePerson:
    def make(due_in: timedelta = -HOUR, **fields: Any) -> Enrolment:
        due = {"follow_up__due_at": timezone.now() + due_in}
        return person(State.CALLBACK, next_channel=Channel.CALL, **(due | fields))

    return make


@pytest.fixture
def newcomer(person: MakePerson) -> MakePerson:
    """Joined yesterday, after the first read."""

    def make(**fields: Any) -> Enrolment:
        seen = {"first_seen_at": timezone.now() - timedelta(days=1)}
        return person(State.WAITING, **(seen | fields))

    return make
