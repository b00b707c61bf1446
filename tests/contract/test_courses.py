"""Courses, groups, people by id, the site itself: same assertions on the simulator and the recordings."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Site
from .recordings import (
    COURSE_A,
    COURSE_B,
    COURSE_C,
    HIDDEN_COURSE,
    SERVICE,
    TUTOR,
)

RELEASES = {"4.3": "4.3 (Build: 20231009)", "5.1": "5.1.3+ (Build: 20260327)"}
BY_FIELD = "core_course_get_courses_by_field"


def by_id(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in rows}


@pytest.mark.parametrize(("token", "user_id", "mobile"), [(SERVICE, 20149, 0), (TUTOR, 4, 1)], ids=["service", "tutor"])
def test_site_info(moodle: Site, token: str, user_id: int, mobile: int) -> None:
    info = moodle.get("core_webservice_get_site_info", token=token)
    assert info["release"] == RELEASES[moodle.version]
    assert info["userid"] == user_id
    assert info["downloadfiles"] == info["uploadfiles"] == mobile
    assert ("policyagreed" in info) == (moodle.version == "5.1")
    functions = {function["name"] for function in info["functions"]}
    assert "core_enrol_get_enrolled_users" in functions
    assert ("core_group_get_group_members" in functions) == (token == SERVICE)


def test_all_courses_hold_the_front_page_and_hidden_ones(moodle: Site) -> None:
    courses = by_id(moodle.get("core_course_get_courses"))
    assert courses.keys() >= {1, COURSE_A, COURSE_B, COURSE_C, HIDDEN_COURSE}
    assert courses[1]["format"] == "site"
    assert courses[1]["categoryid"] == 0
    assert courses[HIDDEN_COURSE]["enddate"] == 0
    assert courses[COURSE_A]["startdate"] > courses[COURSE_B]["startdate"] > 0
    assert "visible" not in courses[HIDDEN_COURSE]


def test_chosen_courses(moodle: Site) -> None:
    courses = moodle.get("core_course_get_courses", {"options[ids][0]": "2", "options[ids][1]": "4"})
    assert [course["id"] for course in courses] == [2, 4]


def test_course_names_are_escaped_and_stripped_unless_raw(moodle: Site) -> None:
    params = {"options[ids][0]": str(COURSE_C)}
    (course,) = moodle.get("core_course_get_courses", params)
    assert course["fullname"] == "Éducation aux médias &amp; à l’information "
    (raw,) = moodle.get("core_course_get_courses", {**params, "moodlewssettingraw": "1"})
    assert raw["fullname"] == "Éducation aux médias & à l’information <initiation>"


def test_a_tutor_may_not_list_all_courses(moodle: Site) -> None:
    answer = moodle.get("core_course_get_courses", token=TUTOR)
    assert answer["errorcode"] == "nopermissions"
    assert "View courses without participation" in answer["message"]


@pytest.mark.parametrize("token", [SERVICE, TUTOR], ids=["service", "tutor"])
def test_a_course_by_its_short_name(moodle: Site, token: str) -> None:
    params = {"field": "shortname", "value": "2026-SVT-EVAL-S1"}
    answer = moodle.get(BY_FIELD, params, token=token)
    assert answer["warnings"] == []
    (course,) = answer["courses"]
    assert (course["id"], course["visible"], course["groupmode"]) == (COURSE_A, 1, 2)
    assert [contact["id"] for contact in course["contacts"]] == [3]


def test_courses_by_ids(moodle: Site) -> None:
    courses = by_id(moodle.get(BY_FIELD, {"field": "ids", "value": "2,3,4"})["courses"])
    assert {course_id: course["groupmode"] for course_id, course in courses.items()} == {
        2: 2,
        3: 1,
        4: courses[4]["groupmode"],
    }


@pytest.mark.parametrize(
    ("token", "shortname"), [(SERVICE, "NO-SUCH"), (TUTOR, "2026-HIST-CACHE")], ids=["unknown", "hidden"]
)
def test_no_course_is_no_error(moodle: Site, token: str, shortname: str) -> None:
    params = {"field": "shortname", "value": shortname}
    assert moodle.get(BY_FIELD, params, token=token) == {"courses": [], "warnings": []}


def test_groups(moodle: Site) -> None:
    groups = moodle.get("core_group_get_course_groups", {"courseid": str(COURSE_A)})
    assert [group["id"] for group in groups] == [1, 2, 3, 4, 5, 6]
    assert groups[0] == {
        "id": 1,
        "courseid": COURSE_A,
        "name": "Groupe 01",
        "description": "",
        "descriptionformat": 0,
        "enrolmentkey": None,
        "idnumber": "G1",
        "visibility": 0,
        "participation": True,
    }
    assert moodle.get("core_group_get_course_groups", {"courseid": str(COURSE_C)}) == []


def test_group_names_are_escaped_and_stripped(moodle: Site) -> None:
    moodle.set_state("markup in a group name")
    groups = moodle.get("core_group_get_course_groups", {"courseid": str(COURSE_A)})
    assert groups[5]["name"] == 'Groupe 06 &amp; Amis ""'
    people = moodle.people(COURSE_A, groupid=6, userfields="id,fullname,groups", limitnumber=3)
    assert {group["name"] for row in people for group in row["groups"] if group["id"] == 6} == {
        'Groupe 06 &amp; Amis ""'
    }


def test_a_tutor_may_not_list_groups(moodle: Site) -> None:
    answer = moodle.get("core_group_get_course_groups", {"courseid": str(COURSE_A)}, token=TUTOR)
    assert answer["errorcode"] == "nopermissions"


def test_group_members(moodle: Site) -> None:
    members = moodle.get("core_group_get_group_members", {"groupids[0]": "7", "groupids[1]": "8"})
    assert {entry["groupid"]: set(entry["userids"]) for entry in members} == {
        7: {4, 7, 9, 26, 41, 43},
        8: {5, 8, 15, 36},
    }


def test_courses_of_a_tutor(moodle: Site) -> None:
    params = {"userid": "4"}
    courses = by_id(moodle.get("core_enrol_get_users_courses", params, token=TUTOR))
    assert courses.keys() >= {COURSE_A, COURSE_B}
    assert courses[COURSE_A]["enrolledusercount"] == 150
    # Never is null here, not 0.
    assert courses[COURSE_B]["lastaccess"] is None
    assert courses[COURSE_A]["lastaccess"] > 0
    assert [*courses][-1] == COURSE_A
    seen_by_service = by_id(moodle.get("core_enrol_get_users_courses", params))
    assert seen_by_service.keys() == courses.keys()
    without = moodle.get("core_enrol_get_users_courses", {**params, "returnusercount": "0"}, token=TUTOR)
    assert all("enrolledusercount" not in course for course in without)


def test_a_service_account_is_in_no_course(moodle: Site) -> None:
    assert moodle.get("core_enrol_get_users_courses", {"userid": "20149"}) == []


def test_people_by_id_say_who_is_suspended(moodle: Site) -> None:
    params = {"field": "id", "values[0]": "26", "values[1]": "7", "values[2]": "15"}
    people = moodle.get("core_user_get_users_by_field", params)
    assert [person["id"] for person in people] == [7, 15, 26]
    assert [person["suspended"] for person in people] == [False, False, True]
    assert people[1]["fullname"] == " "
    assert people[1]["lastaccess"] == 0
    assert "displayvalue" in people[0]["customfields"][0]
    assert "lastcourseaccess" not in people[0]


def test_an_email_nobody_has(moodle: Site) -> None:
    params = {"field": "email", "values[0]": "personne@example.org"}
    assert moodle.get("core_user_get_users_by_field", params) == []


def test_people_by_id_break_on_a_bad_profile(moodle: Site) -> None:
    moodle.set_state("script in a first name")
    params = {"field": "id", "values[0]": "41"}
    assert moodle.get("core_user_get_users_by_field", params)["errorcode"] == "invalidresponse"


def test_profiles_in_a_course(moodle: Site) -> None:
    params: dict[str, str] = {}
    for index, user_id in enumerate((26, 56, 7)):
        params |= {f"userlist[{index}][userid]": str(user_id), f"userlist[{index}][courseid]": "2"}
    people = moodle.get("core_user_get_course_user_profiles", params)
    assert [person["id"] for person in people] == [7, 26, 56]
    assert [person["suspended"] for person in people] == [False, True, False]
    assert all(person["groups"] and person["roles"] for person in people)
    assert "lastcourseaccess" not in people[0]


def test_search(moodle: Site) -> None:
    answer = moodle.get("core_course_search_courses", {"criterianame": "search", "criteriavalue": "SVT"})
    assert answer["total"] == 1
    assert [course["id"] for course in answer["courses"]] == [COURSE_A]
    assert "startdate" not in answer["courses"][0]
