"""The two demo sites hold what the demo needs, and the generated people what code trips over."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from demo.moodle import World, running
from demo.moodle.clock import Clock
from demo.moodle.people import FIXED_RANGES, MOBILE_RANGE
from demo.moodle.worlds import DEMO_WORLDS, NORD, OUEST, TUTEUR2, TUTORS, TUTRICE1

from .conftest import BORN, Client

DAY = 86_400


@pytest.fixture(params=sorted(DEMO_WORLDS))
def world(request: pytest.FixtureRequest) -> World:
    return DEMO_WORLDS[request.param].build(born=BORN, clock=Clock(BORN))


def test_people_are_obviously_generated(world: World) -> None:
    phones = [phone for user in world.users.values() for phone in (user.phone1, user.phone2) if phone]
    assert all(phone.startswith((*FIXED_RANGES, MOBILE_RANGE)) for phone in phones)
    assert 0 < len(phones) < len(world.users)
    emails = [user.email for user in world.users.values()]
    assert all(re.fullmatch(r"[^@\s]+@([a-z-]+\.)+example\.org", email) for email in emails)
    assert len(set(emails)) == len(emails)
    assert not any(user.bad_fields() for user in world.users.values())


def test_people_are_as_odd_as_real_ones(world: World) -> None:
    names = [(user.firstname, user.lastname) for user in world.users.values()]
    text = " ".join(f"{first} {last}" for first, last in names)
    assert names.count(("", "")) >= 3
    for odd in ("é", "’", "-", "🌻", " =", "a < b", "&", "Le ", "فاطمة"):
        assert odd in text, odd
    assert max(len(last) for _, last in names) > 50
    assert {"FR", "RE", "GP"} <= {user.country for user in world.users.values()}
    assert any(user.suspended for user in world.users.values())


def test_enrolments_of_every_status() -> None:
    world = OUEST.build(born=BORN, clock=Clock(BORN))
    enrolments = [e for course in world.courses.values() for e in course.enrolments.values()]
    assert 2_400 <= len(enrolments) <= 2_600
    assert any(e.suspended for e in enrolments)
    assert any(e.timestart > BORN for e in enrolments)
    assert any(0 < e.timeend < BORN for e in enrolments)


def test_courses_of_every_kind() -> None:
    world = OUEST.build(born=BORN, clock=Clock(BORN))
    ages = {course.id: round((BORN - course.startdate) / DAY) for course in world.courses.values()}
    for course in OUEST.courses:
        assert abs(ages[course.id] - course.opened) <= 1
    assert {4, 11, 18} <= {course.opened for course in OUEST.courses}
    assert any(not course.visible for course in world.courses.values())
    assert any(course.enddate < BORN for course in world.courses.values())
    assert any(course.startdate > BORN for course in world.courses.values())
    sizes = [len(g.members) for c in world.courses.values() if c.visible for g in c.groups.values()]
    assert min(sizes) >= 10
    assert max(sizes) <= 50
    assert any("&" in g.name for c in world.courses.values() for g in c.groups.values())


def test_the_demo_s_tutors_have_their_own_groups_on_both_sites() -> None:
    for plan in (OUEST, NORD):
        world = plan.build(born=BORN, clock=Clock(BORN))
        ids = {user.email: user.id for user in world.users.values()}
        for course in list(world.courses.values())[:2]:
            own = [{g.id for g in course.groups_of(ids[tutor.email])} for tutor in TUTORS]
            assert len(own[0]) == len(own[1]) == 2
            assert not own[0] & own[1]
            assert {course.enrolments[ids[t.email]].roles[0] for t in TUTORS} == {"tuteur"}
    assert TUTRICE1.email != TUTEUR2.email


def test_some_people_are_on_both_sites_and_in_several_courses() -> None:
    sites = [plan.build(born=BORN, clock=Clock(BORN)) for plan in (OUEST, NORD)]
    emails = [{user.email for user in world.users.values()} for world in sites]
    assert len(emails[0] & emails[1]) > 20
    times = Counter(user_id for course in sites[0].courses.values() for user_id in course.enrolments)
    assert sum(count > 1 for count in times.values()) > 100


def test_nord_as_its_tutor_sees_it() -> None:
    world = NORD.build(born=BORN, clock=Clock(BORN))
    with running(world) as server:
        client = Client(server, NORD.token)
        me = client.call("core_webservice_get_site_info").json()["userid"]
        courses = client.call("core_enrol_get_users_courses", {"userid": me}).json()
        assert {course["id"] for course in courses} == {course.id for course in NORD.courses}
        known, separate, unknown = (client.people(course.id) for course in NORD.courses)
        assert client.people(2, onlysuspended=1)["errorcode"] == "nopermissions"
    assert len(known) == 90
    assert all("lastcourseaccess" in row for row in known)
    assert 20 < len(separate) < 140
    assert not any("lastcourseaccess" in row or "lastaccess" in row for row in unknown)
