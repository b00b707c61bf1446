"""Laws of «did it work?»."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Outcome
from dashboard.follow_up import acts, system
from dashboard.queue.lists import Desk
from dashboard.queue.since import came_in
from moodle_sync.models import Enrolment, Group
from tests.factories import EnrolmentFactory


@pytest.mark.parametrize(("before", "theirs"), [(timedelta(minutes=2), 1), (timedelta(hours=2), 0)])
def test_who_came_in_during_the_call_came_in_by_it(group: Group, tutor: User, before: timedelta, theirs: int) -> None:
    one = EnrolmentFactory(course=group.course, groups=[group], follow_up__state="todo")
    call = acts.Call(Outcome.CONNECTED_LIVE)
    acts.log_call(one.participant.account.person, [(one.follow_up, 0)], call, by=tutor)
    Enrolment.objects.update(last_course_access=timezone.now() - before)
    system.close_entered(group.course)
    since = came_in(Desk(tutor, timezone.now()), shown=4)
    assert (since.total, since.after_mine) == (1, theirs)
    assert bool(since.entries[0].words) == bool(theirs)
