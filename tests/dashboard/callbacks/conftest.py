from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from dashboard.enums import Outcome, State
from dashboard.follow_up import acts
from dashboard.models import FollowUp
from moodle_sync.models import Group
from tests.factories import EnrolmentFactory

MakeCallback = Callable[..., FollowUp]


@pytest.fixture(autouse=True)
def no_limits_reached() -> None:
    cache.clear()


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.fixture
def callback(group: Group, tutor: User) -> MakeCallback:
    """Agreed on the phone by `by`, for anyone unless `owner`, of somebody of Claire's group."""

    def make(due: datetime, *, owner: User | None = None, by: User | None = None, **fields: Any) -> FollowUp:
        enrolment = EnrolmentFactory(**({"course": group.course, "groups": [group]} | fields))
        call = acts.Call(Outcome.CALLBACK, chosen=due)
        person = enrolment.participant.account.person
        acts.log_call(person, [(enrolment.follow_up, enrolment.follow_up.version)], call, by=by or tutor)
        FollowUp.objects.filter(enrolment=enrolment).update(callback_for=owner)
        found = FollowUp.objects.select_related("enrolment__course__site").get(enrolment=enrolment)
        assert found.state == State.CALLBACK
        return found

    return make
