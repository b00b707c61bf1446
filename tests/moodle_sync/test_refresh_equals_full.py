"""For accesses, memberships, suspensions, names and who is there, a refresh sees exactly what a full read would.

Random worlds and random lives; after each step the same tables are read once by a refresh and once in full, over HTTP,
into PostgreSQL, and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from demo.moodle import World, running
from demo.moodle import roles as cap
from demo.moodle.world import SEPARATE_GROUPS, VISIBLE_GROUPS
from moodle_sync import reading
from moodle_sync.enums import ReadKind, Service
from moodle_sync.models import Course, Enrolment, Group, SyncRun
from tests.moodle_sync.moodle import FIRST, TOKEN, Moodle, connect, small_world, somebody

pytestmark = pytest.mark.django_db
SIZE = 8
PROFILES, MEMBERS = "core_user_get_course_user_profiles", "core_group_get_group_members"
GROUPS, ACCOUNTS = "core_group_get_course_groups", "core_user_get_users_by_field"
Change = Callable[[World], None]

people = st.integers(FIRST, FIRST + SIZE + 5)
stamps = st.sampled_from([0, 1_790_000_000, 1_795_000_000, 1_795_400_000])
names = st.sampled_from(["Dupré", "", "O'Brien", "Éléonore", "Anne-<Marie", "a < b", "x" * 120])


def there(world: World, user_id: int) -> Any:
    return world.courses[2].enrolments.get(user_id)


def access(world: World, user_id: int, site: int, course: int) -> None:
    if user_id in world.users and there(world, user_id):
        world.users[user_id].lastaccess, there(world, user_id).lastcourseaccess = site, course


def suspend(world: World, user_id: int, how: str) -> None:
    if enrolment := there(world, user_id):
        enrolment.suspended = how == "suspended"
        enrolment.timeend = 1_000 if how == "expired" else 0
        enrolment.timestart = 4_000_000_000 if how == "not yet" else 0


def enrol(world: World, user_id: int) -> None:
    """Everybody has one role for ever: a new role of somebody known is what a refresh does not see."""
    roles = ["participant"] if user_id < FIRST + SIZE else [["participant"], ["student"], ["tuteur"], []][user_id % 4]
    if user_id not in world.users:
        world.add_user(somebody(world, user_id))
    if not there(world, user_id):
        world.enrol(world.courses[2], world.users[user_id], *roles)


def unenrol(world: World, user_id: int) -> None:
    world.unenrol(world.courses[2], user_id)


def rename(world: World, user_id: int, first: str, last: str) -> None:
    if user_id in world.users:
        world.users[user_id].firstname, world.users[user_id].lastname = first, last


def move(world: World, user_id: int, wanted: set[int]) -> None:
    if there(world, user_id):
        for group in world.courses[2].groups.values():
            (group.members.add if group.id in wanted else group.members.discard)(user_id)


def regroup(world: World, group_id: int, how: str) -> None:
    groups = world.courses[2].groups
    if how == "delete":
        groups.pop(group_id, None)
    elif group_id in groups:
        groups[group_id].name = f"{how} & {group_id}"
    else:
        world.add_group(world.courses[2], how, group_id)


def hide(world: World, hidden: frozenset[str], may_see: bool) -> None:
    world.settings.hiddenuserfields = hidden
    allow(world, cap.VIEW_HIDDEN_USER_FIELDS, may_see)


def allow(world: World, right: str, granted: bool) -> None:
    caller = world.users[world.tokens[TOKEN].user_id]
    caller.capabilities = caller.capabilities | {right} if granted else caller.capabilities - {right}


def serve(world: World, function: str, granted: bool) -> None:
    functions = world.services["suivi"].functions
    (functions.add if granted else functions.discard)(function)


def group_mode(world: World, mode: int) -> None:
    world.courses[2].groupmode = mode


def change(act: Callable[..., None], **choices: st.SearchStrategy[Any]) -> st.SearchStrategy[Change]:
    return st.fixed_dictionaries(choices).map(lambda chosen: lambda world: act(world, **chosen))


RIGHTS = [cap.ENROL_REVIEW, cap.MANAGE_GROUPS, cap.ACCESS_ALL_GROUPS, cap.VIEW_FULL_NAMES, cap.VIEW_DETAILS]
CHANGES = st.one_of(
    change(access, user_id=people, site=stamps, course=stamps),
    change(suspend, user_id=people, how=st.sampled_from(["no", "suspended", "expired", "not yet"])),
    change(enrol, user_id=people),
    change(unenrol, user_id=people),
    change(rename, user_id=people, first=names, last=names),
    change(move, user_id=people, wanted=st.sets(st.integers(1, 3))),
    change(regroup, group_id=st.integers(1, 3), how=st.sampled_from(["delete", "Sud", "Nord"])),
    change(hide, hidden=st.sampled_from([frozenset(), frozenset({"lastaccess"})]), may_see=st.booleans()),
    change(allow, right=st.sampled_from(RIGHTS), granted=st.booleans()),
    change(serve, function=st.sampled_from([PROFILES, MEMBERS, GROUPS, ACCOUNTS]), granted=st.booleans()),
    change(group_mode, mode=st.sampled_from([SEPARATE_GROUPS, VISIBLE_GROUPS])),
)


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside never was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def known(course: Course) -> dict[str, Any]:
    """Everything stored of the course that a refresh promises, by Moodle's ids."""
    enrolments = Enrolment.objects.filter(course=course).select_related("participant")
    return {
        "people": {
            e.participant.moodle_id: (
                (e.participant.full_name, e.participant.search_key, e.roles, e.standing, e.suspended),
                (e.last_site_access, e.last_course_access, e.missed_reads, e.left_at is not None),
                sorted(e.groups.values_list("moodle_id", flat=True)),
            )
            for e in enrolments
        },
        "groups": {(g.moodle_id, g.name, g.gone_at is None) for g in Group.objects.filter(course=course)},
    }


def outcome(run: SyncRun) -> dict[str, Any]:
    names = ("state", "error_code", "people_read", "created", "left", "first_accesses", "skipped_positions")
    return {name: getattr(run, name) for name in names}


def both_ways(moodle: Moodle, course: Course) -> SyncRun:
    """Read in full and take it back, then by a refresh."""
    with undone():
        moodle.full = True
        full = moodle.read(course)
        by_full = known(course), outcome(full)
    moodle.full = False
    run = moodle.read(course)
    assert (known(course), outcome(run)) == by_full
    return run


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    version=st.sampled_from(["4.3", "5.1"]),
    service=st.sampled_from(Service),
    steps=st.lists(st.lists(CHANGES, max_size=6), min_size=1, max_size=4),
    page_size=st.sampled_from([3, 100]),
)
def test_a_refresh_sees_what_a_full_read_would(
    db: None, version: str, service: Service, steps: list[list[Change]], page_size: int
) -> None:
    world = small_world(SIZE, version=version)
    with (
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
        running(world) as server,
    ):
        patch.setattr("django.conf.settings.MOODLE_PAGE_SIZE", page_size)
        patch.setattr(reading, "STAMPS_PER_FIELDS", 1)
        moodle = connect(server, TOKEN)
        moodle.connection.service = service
        moodle.connection.save()
        course = moodle.follow()
        moodle.read(course)
        for step in steps:
            for happen in step:
                happen(world)
            run = both_ways(moodle, course)
            event(f"{run.kind}, {run.state}")
        transaction.set_rollback(True)


def test_the_comparison_sees_a_difference(db: None) -> None:
    """A law that could not fail would prove nothing: roles of known people are not what a refresh promises."""
    with running(small_world(SIZE)) as server:
        moodle = connect(server, TOKEN)
        course = moodle.follow()
        moodle.read(course)
        there(moodle.world, FIRST).roles = ["tuteur"]
        with pytest.raises(AssertionError):
            both_ways(moodle, course)
        assert SyncRun.objects.latest("pk").kind == ReadKind.REFRESH
