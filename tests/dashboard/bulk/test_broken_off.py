"""An act, or its undo, that ends in the middle of a chunk: that chunk never was, the rest goes on."""

from typing import Any

import pytest
from django.db import DatabaseError
from django.http import QueryDict

from accounts.models import User
from dashboard.bulk import work
from dashboard.bulk.rules import Name
from dashboard.enums import State
from dashboard.follow_up import many
from dashboard.models import BulkAct, Contact, FollowUp
from dashboard.selection.picked import picked
from moodle_sync.models import Group
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(tutor: User, group: Group, monkeypatch: pytest.MonkeyPatch) -> BulkAct:
    """Marked as contacted, two at a time, by nobody yet."""
    people = EnrolmentFactory.create_batch(5, course=group.course, groups=[group])
    monkeypatch.setattr(work, "AT_ONCE", 0)
    monkeypatch.setattr(work, "CHUNK", 2)
    rows = "&".join(f"row={enrolment.pk}:0" for enrolment in people)
    return work.begin(picked(tutor, QueryDict(rows)), Name.CONTACTED, {})


def broken_off(act: BulkAct, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next chunk writes everything but its next steps."""

    def break_off(*_args: Any) -> int:
        raise DatabaseError

    with monkeypatch.context() as broken:
        broken.setattr(many, "recompute_some", break_off)
        with pytest.raises(DatabaseError):
            work._step(act.pk)
    act.refresh_from_db()


def states() -> list[str]:
    return sorted(FollowUp.objects.values_list("state", flat=True))


def test_in_the_middle_of_doing(five: BulkAct, monkeypatch: pytest.MonkeyPatch) -> None:
    work._step(five.pk)
    broken_off(five, monkeypatch)
    assert (five.position, five.done, Contact.objects.count()) == (2, 2, 2)
    assert states() == [State.CONTACTED] * 2 + [State.TODO] * 3
    work.run(five.pk)
    assert states() == [State.CONTACTED] * 5
    assert Contact.objects.count() == 5


def test_in_the_middle_of_undoing(five: BulkAct, monkeypatch: pytest.MonkeyPatch) -> None:
    work.run(five.pk)
    work.undo(five)
    work._step(five.pk)
    broken_off(five, monkeypatch)
    assert (five.position, five.undone, Contact.objects.count()) == (2, 2, 7)
    work.run(five.pk)
    five.refresh_from_db()
    assert (five.state, five.undone, five.kept) == (BulkAct.State.UNDONE, 5, [])
    assert states() == [State.TODO] * 5
    assert Contact.objects.filter(kind="undo").count() == 5


def test_a_chunk_reads_and_writes_none_of_the_others(five: BulkAct, django_assert_num_queries: Any) -> None:
    """20,000 ids, each time anew, were a third of the time."""
    with django_assert_num_queries(1) as asked:
        assert work._chunk(five) == dict(zip(five.enrolments[:2], five.versions[:2], strict=True))
    assert "[1:2]" in asked[0]["sql"]
    assert not {*work.LONG} & {*work.MOVES}
