"""Several callbacks at once: where one of them cannot be moved, none is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Outcome
from dashboard.follow_up import acts, dating, moves
from dashboard.follow_up.machine import Forbidden
from dashboard.models import Contact, FollowUp
from moodle_sync.models import Group
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
Act = Callable[[list[dating.Seen], User], Any]


def later(follow_up: FollowUp) -> datetime:
    assert follow_up.due_at
    return follow_up.due_at + timedelta(days=1)


ACTS: dict[str, Act] = {
    "redate": lambda seen, user: dating.redate(seen, later, by=user),
    "entrust": lambda seen, user: dating.entrust_callbacks(seen, user, by=user),
    "anyone": lambda seen, user: dating.entrust_callbacks(seen, None, by=user),
}


@pytest.fixture
def callbacks(group: Group, tutor: User) -> list[FollowUp]:
    made = EnrolmentFactory.create_batch(3, course=group.course, groups=[group])
    for enrolment in made:
        call = acts.Call(Outcome.CALLBACK, chosen=timezone.now() + timedelta(days=2), callback_for=tutor.pk)
        acts.log_call(enrolment.participant.account.person, [(enrolment.follow_up, 0)], call, by=tutor)
    return list(FollowUp.objects.select_related("enrolment__course__site").order_by("pk"))


def state() -> list[Any]:
    return list(FollowUp.objects.order_by("pk").values("due_at", "callback_for", "version"))


@pytest.mark.parametrize("rank", [0, 1, 2])
@pytest.mark.parametrize("what", ACTS)
def test_one_that_moved_meanwhile_leaves_all_as_they_were(
    tutor: User, samira: User, callbacks: list[FollowUp], what: str, rank: int
) -> None:
    seen = [(one, one.version) for one in callbacks]
    acts.add_note(callbacks[rank], "Sonne occupé.", by=samira)
    before, entries = state(), Contact.objects.count()
    with pytest.raises(moves.Stale):
        ACTS[what](seen, tutor)
    assert (state(), Contact.objects.count()) == (before, entries)


@pytest.mark.parametrize("what", ACTS)
def test_a_rule_that_forbids_the_last_forbids_all(
    tutor: User, callbacks: list[FollowUp], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, entries, record = state(), Contact.objects.count(), moves.record
    written: list[int] = []

    def until_the_last(follow_up: FollowUp, **values: Any) -> Contact:
        if len(written) == 2:
            raise Forbidden
        written.append(follow_up.pk)
        return record(follow_up, **values)

    monkeypatch.setattr(moves, "record", until_the_last)
    with pytest.raises(Forbidden):
        ACTS[what]([(one, one.version) for one in callbacks], tutor)
    assert len(written) == 2
    assert (state(), Contact.objects.count()) == (before, entries)
