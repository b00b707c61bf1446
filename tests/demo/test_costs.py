"""The cost account agrees with what was measured on a real Moodle (rows of the measured table)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from demo.moodle import running
from demo.moodle.big import TOKEN, big_world

from .conftest import Client

ACCESSES = "id,lastaccess,lastcourseaccess"
NEEDED = f"{ACCESSES},firstname,lastname,email,groups,roles,city,country,phone1,phone2"
FUNCTION = "core_enrol_get_enrolled_users"


@pytest.fixture(scope="module")
def big() -> Iterator[Client]:
    with running(big_world(participants=20_000)) as server:
        yield Client(server, TOKEN)


def cost(client: Client, **options: object) -> float:
    client.world.account.reset()
    client.people(2, **options)
    return client.world.account.ms


@pytest.mark.parametrize(("people", "measured"), [(150, 160), (1_000, 870), (20_000, 14_100)])
def test_accesses_only(big: Client, people: int, measured: float) -> None:
    assert cost(big, userfields=ACCESSES, limitnumber=people) == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize(("field", "measured"), [("roles", 0.4), ("email", 1.3), ("groups", 0.8)])
def test_what_one_more_field_costs_a_person(big: Client, field: str, measured: float) -> None:
    plain = cost(big, userfields=ACCESSES, limitnumber=1_000)
    more = cost(big, userfields=f"{ACCESSES},{field}", limitnumber=1_000)
    assert (more - plain) / 1_000 == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize(("page", "measured"), [(500, 3.0), (1_000, 2.9), (5_000, 3.3)])
def test_all_that_is_needed_by_page_size(big: Client, page: int, measured: float) -> None:
    total = cost(big, userfields=NEEDED, limitfrom=5_000, limitnumber=page)
    assert total / page == pytest.approx(measured, rel=0.1)


def test_all_fields(big: Client) -> None:
    assert cost(big) == pytest.approx(104_700, rel=0.1)


def test_who_is_suspended() -> None:
    with running(big_world(participants=20_000)) as server:
        # So few that the scan is what counts, as on the measured site.
        for enrolment in server.world.courses[2].enrolments.values():
            enrolment.suspended = enrolment.user_id < 20
        assert cost(Client(server, TOKEN), onlysuspended=1, userfields="id") == pytest.approx(230, rel=0.1)


def test_members_of_forty_groups() -> None:
    with running(big_world(participants=20_000)) as server:
        course = server.world.courses[2]
        course.groups = dict(list(course.groups.items())[:40])
        for rank, group in enumerate(course.groups.values()):
            group.members = set(list(course.enrolments)[rank::40])
        params: dict[str, object] = {f"groupids[{i}]": group for i, group in enumerate(course.groups)}
        Client(server, TOKEN).call("core_group_get_group_members", params)
        assert server.world.account.people == 20_000
        assert server.world.account.ms == pytest.approx(360, rel=0.1)


@pytest.mark.parametrize("function", ["core_webservice_get_site_info", "core_group_get_course_groups"])
def test_small_calls(ouest: Client, function: str) -> None:
    ouest.call(function, {"courseid": 2} if "group" in function else None)
    assert 35 <= ouest.world.account.ms <= 45


def test_profiles_and_users(ouest: Client) -> None:
    ids = sorted(ouest.world.courses[5].enrolments)[:500]
    values: dict[str, object] = {f"values[{user_id}]": user_id for user_id in ids}
    ouest.call("core_user_get_users_by_field", {"field": "id", **values})
    assert ouest.world.account.ms / 500 == pytest.approx(4.3, rel=0.1)
    ouest.world.account.reset()
    params: dict[str, object] = {}
    for user_id in ids:
        params |= {f"userlist[{user_id}][userid]": user_id, f"userlist[{user_id}][courseid]": 5}
    ouest.call("core_user_get_course_user_profiles", params)
    assert ouest.world.account.ms / 500 == pytest.approx(6.5, rel=0.1)


def test_kept_answers_cost_as_much_as_fresh_ones(big: Client) -> None:
    big.world.touch()
    first, again = (cost(big, userfields=ACCESSES, limitnumber=500) for _ in range(2))
    assert first == again > 0
    assert len(big.world.answers) == 1


def test_the_account_counts_calls_and_how_many_ran_at_once(ouest: Client) -> None:
    meet = threading.Barrier(3, timeout=10)
    ouest.world.faults.add("slow", seconds=0)
    clients = [Client(ouest.server, ouest.token) for _ in range(3)]
    begun = ouest.world.account.begin

    def begin_together() -> None:
        begun()
        meet.wait()

    ouest.world.account.begin = begin_together  # type: ignore[method-assign]
    threads = [threading.Thread(target=client.people, args=(2,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    account = ouest.control("account").json()
    assert account["simultaneous"] == 3
    assert account["calls"] == {FUNCTION: 3}
    assert account["people"] == 3 * 320
    ouest.control("account/reset", {})
    assert ouest.control("account").json()["ms"] == 0


def test_paced_takes_the_time_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("demo.moodle.api.time.sleep", slept.append)
    with running(big_world(participants=100), pace=1) as server:
        client = Client(server, TOKEN)
        client.people(2, userfields=ACCESSES)
        assert sum(slept) * 1000 == pytest.approx(server.world.account.ms) == pytest.approx(115)
