"""Life in the simulated sites: the same story each time, told by the clock, changed by contacts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demo.moodle.clock import Clock
from demo.moodle.life import NUDGES
from demo.moodle.world import World
from demo.moodle.worlds import OUEST

from .conftest import BORN, Client

HOUR, DAY = 3_600, 86_400


def world_at(now: int, **options: Any) -> World:
    world = OUEST.build(born=BORN, clock=Clock(now), **options)
    world.catch_up()
    return world


def picture(world: World) -> dict[tuple[int, int], tuple[int, int, list[int]]]:
    return {
        (course.id, user_id): (
            enrolment.lastcourseaccess,
            world.users[user_id].lastaccess,
            [group.id for group in course.groups_of(user_id)],
        )
        for course in world.courses.values()
        for user_id, enrolment in course.enrolments.items()
    }


def never_in(world: World, course_id: int) -> list[int]:
    """People who could come in and have not, and are known to no other course."""
    course = world.courses[course_id]
    return [
        user_id
        for user_id, enrolment in sorted(course.enrolments.items())
        if not enrolment.lastcourseaccess and enrolment.active(world.now()) and not world.users[user_id].suspended
    ]


def test_the_same_birth_tells_the_same_story() -> None:
    assert picture(world_at(BORN)) == picture(world_at(BORN))
    assert picture(world_at(BORN + 3 * DAY)) == picture(world_at(BORN + 3 * DAY))
    assert picture(world_at(BORN)) != picture(world_at(BORN + 3 * DAY))


def test_looking_often_or_once_makes_no_difference() -> None:
    watched = world_at(BORN)
    for hour in range(0, 72, 5):
        watched.clock.set(BORN + hour * HOUR)
        watched.catch_up()
    watched.clock.set(BORN + 3 * DAY)
    watched.catch_up()
    assert picture(watched) == picture(world_at(BORN + 3 * DAY))


def test_everything_happens_and_nothing_in_the_future() -> None:
    world = world_at(BORN + 10 * DAY)
    assert world.life is not None
    kinds = Counter(event.kind for event in world.life.log)
    assert kinds.keys() == {"access", "platform", "enrol", "move", "leave"}
    for course_access, platform_access, _ in picture(world).values():
        assert course_access <= platform_access <= BORN + 10 * DAY


def test_a_course_that_has_not_begun_stays_empty_until_it_opens() -> None:
    future = next(course for course in OUEST.courses if course.opened < 0)

    def entered(world: World) -> int:
        return sum(bool(e.lastcourseaccess) for e in world.courses[future.id].enrolments.values())

    assert entered(world_at(BORN)) == 0
    assert entered(world_at(BORN + 15 * DAY)) > 10


def test_people_come_in_as_days_pass_but_not_all() -> None:
    counts = [len(never_in(world_at(BORN + days * DAY), 2)) for days in (0, 5, 40)]
    assert counts[0] > counts[1] > counts[2] > 0.2 * counts[0]


def test_speed_makes_life_denser_and_never_later() -> None:
    slow, fast = world_at(BORN + HOUR), world_at(BORN + HOUR, speed=40)
    assert slow.life is not None
    assert fast.life is not None
    assert len(fast.life.log) > 10 * max(1, len(slow.life.log))
    assert max(access for access, _, _ in picture(fast).values()) <= BORN + HOUR


def comers(outcome: str | None, people: int = 60) -> int:
    """Of so many never in, how many are five minutes after being contacted."""
    world = world_at(BORN)
    chosen = never_in(world, 2)[:people]
    assert world.life is not None
    for user_id in chosen:
        if outcome is not None:
            world.life.contacted(course_id=2, outcome=outcome, user_id=user_id)
    world.clock.advance(300)
    world.catch_up()
    return sum(bool(world.courses[2].enrolments[user_id].lastcourseaccess) for user_id in chosen)


def test_a_contact_brings_people_in() -> None:
    assert comers(None) <= 2
    assert 0.55 * 60 <= comers("will_connect") <= 0.85 * 60
    assert comers("connected_live") == 60
    assert comers("declined") <= 2


def test_every_outcome_is_understood_over_http(ouest: Client) -> None:
    email = ouest.world.users[never_in(ouest.world, 2)[0]].email
    for outcome in NUDGES:
        data = {"email": email, "course": 2, "outcome": outcome}
        assert ouest.control("contacted", data).status_code == 200


def test_connected_live_is_seen_by_the_next_call(ouest: Client) -> None:
    user_id = never_in(ouest.world, 2)[0]
    ouest.control("contacted", {"id": user_id, "course": 2, "outcome": "connected_live"})
    rows = {row["id"]: row for row in ouest.people(2)}
    assert rows[user_id]["lastcourseaccess"] == rows[user_id]["lastaccess"] == BORN


@pytest.mark.parametrize(
    "data",
    [
        {"email": "nobody@example.org", "course": 2, "outcome": "will_connect"},
        {"id": 3, "course": 99, "outcome": "will_connect"},
        {"id": 3, "course": 2},
    ],
)
def test_a_contact_with_nobody_is_refused(ouest: Client, data: dict[str, object]) -> None:
    assert ouest.control("contacted", data).status_code == 400


def test_contacts_survive_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "contacts.jsonl"
    world = world_at(BORN, journal=journal)
    assert world.life is not None
    for minutes, user_id in enumerate(never_in(world, 2)[:20]):
        world.clock.set(BORN + 60 * minutes)
        world.catch_up()
        world.life.contacted(course_id=2, outcome="will_connect", user_id=user_id)
    world.clock.set(BORN + DAY)
    world.catch_up()
    assert picture(world_at(BORN + DAY, journal=journal)) == picture(world)
    assert picture(world_at(BORN + DAY)) != picture(world)
