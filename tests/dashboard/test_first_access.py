"""Late, replayed, missed or half-done syncs give the same states; only the windows widen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from dashboard.after_sync import react
from dashboard.enums import Kind, State
from dashboard.follow_up import acts, system
from dashboard.models import Contact, FollowUp
from demo.moodle import running
from moodle_sync.models import Course
from tests.factories import UserFactory
from tests.moodle_sync.moodle import FIRST, Moodle, connect, small_world, somebody

pytestmark = pytest.mark.django_db
DAYS = 9
END = DAYS * 24 * 60
moments = st.integers(1, END - 1)
"""In minutes since the first read."""


@dataclass(frozen=True)
class Life:
    """What one person does; who joins late comes in afterwards."""

    accesses: tuple[int, ...] = ()
    joins: int = 0
    contacted: int | None = None

    @property
    def first(self) -> int | None:
        return min(self.accesses, default=None)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    accesses = tuple(sorted(draw(st.lists(moments, max_size=3))))
    joins = draw(st.integers(0, accesses[0])) if accesses else 0
    latest = accesses[0] - 1 if accesses else END - 1
    contacted = draw(st.none() | st.integers(1, latest)) if not joins and latest else None
    return Life(accesses, joins, contacted)


@dataclass(frozen=True)
class Read:
    at: int
    made: bool = True
    """Else: the worker was down."""
    times: int = 1
    told: bool = True
    """Else: it died between writing what it read and what follows from it."""


reads = st.builds(Read, moments, st.booleans(), st.integers(1, 2), st.booleans())


@dataclass
class Outcome:
    """What Vigie believes at the end, by Moodle id."""

    states: dict[int, tuple[str, bool, str]] = field(default_factory=dict)
    windows: dict[int, list[tuple[datetime | None, datetime | None]]] = field(default_factory=dict)


def play(story: Sequence[Life], plan: Sequence[Read], start: datetime, tutor: User) -> Outcome:
    """The story on a site of its own, read as planned; then everything is put back."""
    world = small_world(0)
    now = start

    def happen(minute: int) -> None:
        nonlocal now
        now = start + timedelta(minutes=minute)
        world.clock.set(int(now.timestamp()))

    with pytest.MonkeyPatch.context() as patch, transaction.atomic(), running(world) as server:
        patch.setattr(timezone, "now", lambda: now)
        happen(0)
        world.courses[2].startdate = world.now() - 86_400
        moodle = connect(server)
        course = moodle.follow()
        for minute, act in _timeline(story, plan, moodle, course, tutor):
            happen(minute)
            act()
        course.refresh_from_db()
        system.advance(course, now)
        found = _outcome(course)
        transaction.set_rollback(True)
    return found


def _timeline(
    story: Sequence[Life], plan: Sequence[Read], moodle: Moodle, course: Course, tutor: User
) -> list[tuple[int, Callable[[], None]]]:
    """What happens when; at one minute first the joining, last the reading."""
    there = moodle.world.courses[2]

    def join(user_id: int) -> None:
        moodle.world.enrol(there, moodle.world.add_user(somebody(moodle.world, user_id)), "participant")

    def enter(user_id: int) -> None:
        there.enrolments[user_id].lastcourseaccess = moodle.world.now()

    def contact(user_id: int) -> None:
        follow_up = FollowUp.objects.get(enrolment__participant__moodle_id=user_id, enrolment__course=course)
        acts.mark_contacted(follow_up, by=tutor, version=follow_up.version)

    def read(one: Read) -> None:
        for _ in range(one.times if one.made else 0):
            moodle.read(course)
        if one.made and one.told:
            react(course_id=course.pk)

    todo: list[tuple[int, int, Callable[[], None]]] = [(0, 1, partial(read, Read(0)))]
    for rank, life in enumerate(story):
        user_id = FIRST + rank
        todo.append((life.joins, 0, partial(join, user_id)))
        todo += [(minute, 1, partial(enter, user_id)) for minute in life.accesses]
        if life.contacted:
            todo.append((life.contacted, 2, partial(contact, user_id)))
    todo += [(one.at, 3, partial(read, one)) for one in plan]
    todo.append((END, 4, partial(read, Read(END))))
    return [(minute, act) for minute, _order, act in sorted(todo, key=lambda entry: entry[:2])]


def _outcome(course: Course) -> Outcome:
    found = Outcome()
    for follow_up in FollowUp.objects.filter(enrolment__course=course).select_related("enrolment__participant"):
        user_id = follow_up.enrolment.participant.moodle_id
        assert user_id is not None
        found.states[user_id] = (follow_up.state, follow_up.entry_known, follow_up.closed_for)
        events = Contact.objects.filter(follow_up=follow_up, kind=Kind.ENTERED)
        found.windows[user_id] = [(event.happened_after, event.happened_at) for event in events]
    return found


@given(
    story=st.lists(lives(), min_size=1, max_size=4),
    plan=st.lists(reads, max_size=4, unique_by=lambda read: read.at),
)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_states_do_not_depend_on_which_reads_were_made(story: list[Life], plan: list[Read]) -> None:
    tutor = UserFactory()
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=DAYS + 1)
    perfect = play(story, [Read(read.at) for read in plan], start, tutor)
    poor = play(story, plan, start, tutor)
    assert poor.states == perfect.states
    for rank, life in enumerate(story):
        wide, narrow = poor.windows[FIRST + rank], perfect.windows[FIRST + rank]
        assert len(wide) == len(narrow) == (life.first is not None)
        if life.first is None:
            continue
        assert perfect.states[FIRST + rank][0] == State.CLOSED_IN
        [(after, before)], [(earliest, latest)] = narrow, wide
        came = start + timedelta(minutes=life.first)
        assert earliest is not None
        assert latest is not None
        assert after is not None
        assert before is not None
        assert earliest <= after <= came <= before <= latest
