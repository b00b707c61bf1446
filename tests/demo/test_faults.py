"""Every fault does what it says, to the calls it is limited to, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from demo.moodle import roles as cap
from demo.moodle.faults import KINDS

from .conftest import Client

SITE_INFO = "core_webservice_get_site_info"
GROUPS = "core_group_get_course_groups"


def test_every_kind_changes_the_answer(ouest: Client) -> None:
    options: dict[str, dict[str, Any]] = {"poison": {"user": 3}, "shape": {"body": {"a": 1}}}
    healthy = ouest.call("core_enrol_get_enrolled_users", {"courseid": 2})
    for kind in sorted(KINDS - {"dropped", "slow"}):
        fault = ouest.world.faults.add(kind, **options.get(kind, {}))
        broken = ouest.call("core_enrol_get_enrolled_users", {"courseid": 2})
        assert (broken.status_code, broken.content) != (healthy.status_code, healthy.content), kind
        ouest.world.faults.remove(fault)
    again = ouest.call("core_enrol_get_enrolled_users", {"courseid": 2})
    assert again.content == healthy.content


def test_a_fault_for_one_function_and_one_course(ouest: Client) -> None:
    ouest.world.faults.add("sitemaintenance", function=GROUPS, course=3)
    assert ouest.call(GROUPS, {"courseid": 3}).json()["errorcode"] == "sitemaintenance"
    assert isinstance(ouest.call(GROUPS, {"courseid": 2}).json(), list)
    assert isinstance(ouest.people(3), list)


def test_a_fault_from_the_nth_call_for_so_many(ouest: Client) -> None:
    ouest.world.faults.add("http", status=503, retry_after=7, after=1, times=2)
    answers = [ouest.call(SITE_INFO) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("cli_maintenance", 503, "text/html"),
        ("html_login", 200, "text/html"),
        ("forbidden", 403, "text/html"),
        ("not_found", 404, "text/html"),
        ("blocked_ip", 200, "text/html"),
        ("redirect", 303, "text/html"),
    ],
)
def test_answers_in_place_of_moodle(ouest: Client, kind: str, status: int, content_type: str) -> None:
    ouest.world.faults.add(kind)
    answer = ouest.call(SITE_INFO)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(content_type)
    assert (kind == "redirect") == ("Location" in answer.headers)


@pytest.mark.parametrize(
    ("kind", "errorcode"),
    [
        ("sitemaintenance", "sitemaintenance"),
        ("upgraderunning", "upgraderunning"),
        ("dbconnectionfailed", "dbconnectionfailed"),
        ("invalidtoken", "invalidtoken"),
        ("accessexception", "accessexception"),
        ("nopermissions", "nopermissions"),
        ("invalidresponse", "invalidresponse"),
    ],
)
def test_errors_of_moodle(ouest: Client, kind: str, errorcode: str) -> None:
    ouest.world.faults.add(kind)
    answer = ouest.call(SITE_INFO)
    assert (answer.status_code, answer.json()["errorcode"]) == (200, errorcode)


def test_an_expired_token_changes_its_answer(ouest: Client) -> None:
    ouest.world.faults.add("expired")
    codes = [ouest.call(SITE_INFO).json()["errorcode"] for _ in range(3)]
    assert codes == ["accessexception", "invalidtoken", "invalidtoken"]


def test_a_short_answer_lacks_the_same_people_on_every_page(ouest: Client) -> None:
    everyone = [row["id"] for row in ouest.people(5, userfields="id")]
    ouest.world.faults.add("short", keep=0.4)
    fewer = [row["id"] for row in ouest.people(5, userfields="id")]
    assert 0.3 < len(fewer) / len(everyone) < 0.5
    assert set(fewer) < set(everyone)
    paged = [
        row["id"]
        for start in range(0, len(fewer), 200)
        for row in ouest.people(5, userfields="id", limitfrom=start, limitnumber=200)
    ]
    assert paged == fewer


def test_a_poisoned_profile_breaks_the_pages_that_hold_it(ouest: Client) -> None:
    ids = [row["id"] for row in ouest.people(2, userfields="id")]
    ouest.world.faults.add("poison", user=ids[25])
    assert ouest.people(2, userfields="id")["errorcode"] == "invalidresponse"
    assert ouest.people(2, userfields="id", limitfrom=25, limitnumber=1)["errorcode"] == "invalidresponse"
    before = ouest.people(2, userfields="id", limitfrom=0, limitnumber=25)
    after = ouest.people(2, userfields="id", limitfrom=26)
    assert [row["id"] for row in before + after] == ids[:25] + ids[26:]


def test_damaged_bodies(ouest: Client) -> None:
    truncated = ouest.world.faults.add("truncated")
    with pytest.raises(requests.JSONDecodeError):
        ouest.people(2)
    ouest.world.faults.remove(truncated)
    shape = ouest.world.faults.add("shape", body={"users": []})
    assert ouest.people(2) == {"users": []}
    ouest.world.faults.remove(shape)
    ouest.world.faults.add("dropped")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ouest.people(2)


def test_rows_without_the_right_to_details_are_dropped_after_the_limit(ouest: Client) -> None:
    """The recordings cannot show it: a page can be short, or empty, though more people follow."""
    course = ouest.world.courses[2]
    service = next(user for user in ouest.world.users.values() if user.username == "svc-vigie")
    service.capabilities -= {cap.VIEW_DETAILS}
    (contact,) = [i for i in course.enrolments if ouest.world.is_contact(course, i)]
    place = sorted(course.enrolments).index(contact)
    assert ouest.people(2, limitfrom=100, limitnumber=50) == []
    page = ouest.people(2, userfields="id", limitfrom=place, limitnumber=50)
    assert [row["id"] for row in page] == [contact]


def test_slow_waits_and_then_answers(ouest: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("demo.moodle.api.time.sleep", slept.append)
    ouest.world.faults.add("slow", seconds=2.5)
    assert len(ouest.people(2)) == 320
    assert slept == [2.5]


def test_faults_over_http_need_the_control_token(ouest: Client) -> None:
    assert ouest.control("faults", {"kind": "forbidden"}, token="other").status_code == 403
    assert ouest.call(SITE_INFO).status_code == 200
    assert ouest.control("faults", {"kind": "forbidden", "times": 1}).status_code == 200
    assert [fault["kind"] for fault in ouest.control("faults").json()] == ["forbidden"]
    assert ouest.call(SITE_INFO).status_code == 403
    assert ouest.control("faults", {"kind": "no such"}).status_code == 400
    ouest.control("faults/reset", {})
    assert ouest.control("faults").json() == []


def test_something_happens_between_two_pages(ouest: Client) -> None:
    course = ouest.world.courses[2]
    first = ouest.people(2, userfields="id", limitfrom=0, limitnumber=100)
    ouest.world.before_call.append(lambda call: call.world.unenrol(course, first[0]["id"]))
    second = ouest.people(2, userfields="id", limitfrom=100, limitnumber=100)
    # Someone left from an earlier page: one person falls between the two.
    assert len(course.enrolments) == 319
    missed = sorted(course.enrolments)[99]
    assert missed not in [row["id"] for row in first + second]
