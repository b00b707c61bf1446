"""`core_enrol_get_enrolled_users`: what comes, in which form, page by page, for whom."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Site
from .recordings import (
    COURSE_A,
    COURSE_B,
    COURSE_C,
    HIDDEN_COURSE,
    INACTIVE_ENROLMENTS,
    LOW_RIGHTS,
    NAMELESS,
    PARTICIPANT,
    SERVICE,
    SUSPENDED_ACCOUNTS,
    TEACHER,
    TUTOR,
)

Row = dict[str, Any]
TYPES: dict[str, type] = {
    "id": int,
    "username": str,
    "firstname": str,
    "lastname": str,
    "fullname": str,
    "email": str,
    "phone1": str,
    "phone2": str,
    "department": str,
    "institution": str,
    "firstaccess": int,
    "lastaccess": int,
    "lastcourseaccess": int,
    "description": str,
    "descriptionformat": int,
    "city": str,
    "country": str,
    "profileimageurl": str,
    "profileimageurlsmall": str,
    "customfields": list,
    "groups": list,
    "roles": list,
    "preferences": list,
    "enrolledcourses": list,
}
ALWAYS_WITH_ALL_RIGHTS = {
    "id",
    "firstname",
    "lastname",
    "fullname",
    "email",
    "firstaccess",
    "lastaccess",
    "lastcourseaccess",
    "description",
    "descriptionformat",
    "profileimageurl",
    "profileimageurlsmall",
    "roles",
}
# Nobody gets these without being asked as an identity field, or being that person.
OWN_OR_IDENTITY = {"username", "department", "institution", "preferences", "phone1", "phone2", "idnumber"}
NEVER = {"suspended", "auth", "confirmed", "lang", "timezone"}


def holding(rows: list[Row], field: str) -> set[int]:
    return {row["id"] for row in rows if field in row}


def ids(rows: list[Row]) -> list[int]:
    return [row["id"] for row in rows]


def test_all_rights_all_fields(moodle: Site) -> None:
    rows = moodle.people(COURSE_A, limitfrom=0, limitnumber=60)
    assert ids(rows) == list(range(3, 63))
    for row in rows:
        assert set(row) >= ALWAYS_WITH_ALL_RIGHTS
        assert not set(row) & (OWN_OR_IDENTITY | NEVER)
        for name, value in row.items():
            assert type(value) is TYPES[name], name
        for name in ("lastaccess", "lastcourseaccess", "firstaccess"):
            assert row[name] >= 0
        assert row["lastaccess"] > 0 or row["lastcourseaccess"] == 0


def test_a_nameless_account_has_a_blank_full_name(moodle: Site) -> None:
    rows = {row["id"]: row for row in moodle.people(COURSE_A, limitfrom=0, limitnumber=60)}
    for user_id in NAMELESS:
        row = rows[user_id]
        assert (row["firstname"], row["lastname"], row["fullname"]) == ("", "", " ")
        assert row["lastaccess"] == row["lastcourseaccess"] == row["firstaccess"] == 0
        # Empty is absent for the city, unlike the names.
        assert "city" not in row


def test_people_s_names_are_not_escaped(moodle: Site) -> None:
    rows = {row["id"]: row for row in moodle.people(COURSE_A, limitfrom=0, limitnumber=60)}
    assert rows[14]["fullname"] == 'Anne & Co L"Hôte; "Zed"'
    assert "🌻" in rows[9]["firstname"]


def test_stock_roles_are_nameless_and_custom_ones_named(moodle: Site) -> None:
    rows = {row["id"]: row for row in moodle.people(COURSE_A, limitfrom=0, limitnumber=60)}
    assert rows[3]["roles"] == [{"roleid": 3, "name": "", "shortname": "editingteacher", "sortorder": 0}]
    assert rows[4]["roles"] == [{"roleid": 10, "name": "Tuteur", "shortname": "tuteur", "sortorder": 0}]
    assert [role["name"] for role in rows[7]["roles"]] == ["Participant"]


def test_groups_are_absent_for_who_is_in_none(moodle: Site) -> None:
    rows = {row["id"]: row for row in moodle.people(COURSE_A, limitfrom=0, limitnumber=60)}
    assert "groups" not in rows[3]
    assert [group["id"] for group in rows[4]["groups"]] == [1, 2]
    assert set(rows[4]["groups"][0]) == {"id", "name", "description", "descriptionformat"}


def test_suspended_people_come_unmarked(moodle: Site) -> None:
    rows = {row["id"]: row for row in moodle.people(COURSE_A)}
    assert rows.keys() >= SUSPENDED_ACCOUNTS | INACTIVE_ENROLMENTS
    asked = moodle.people(COURSE_A, userfields="id,suspended,username,auth", limitnumber=30)
    assert all(set(row) == {"id", "fullname"} for row in asked)


def test_only_suspended_lists_the_inactive_enrolments(moodle: Site) -> None:
    rows = moodle.people(COURSE_A, onlysuspended=1, userfields="id")
    assert set(ids(rows)) == INACTIVE_ENROLMENTS
    assert not set(ids(rows)) & SUSPENDED_ACCOUNTS


def test_only_active_is_the_rest_with_suspended_accounts(moodle: Site) -> None:
    everyone = set(ids(moodle.people(COURSE_A, userfields="id")))
    active = set(ids(moodle.people(COURSE_A, onlyactive=1, userfields="id")))
    assert active == everyone - INACTIVE_ENROLMENTS
    assert active >= SUSPENDED_ACCOUNTS


def test_both_at_once_is_an_error(moodle: Site) -> None:
    answer = moodle.people(COURSE_A, onlyactive=1, onlysuspended=1)
    assert answer["errorcode"] == "codingerror"


@pytest.mark.parametrize("size", [1, 7, 60])
def test_pages_add_up_to_the_whole_in_order_of_id(moodle: Site, size: int) -> None:
    whole = ids(moodle.people(COURSE_A, userfields="id"))
    assert whole == sorted(set(whole))
    start, seen = 0, []
    # The first 21 are enough where pages are small.
    while start < (len(whole) if size == 60 else 21):
        page = moodle.people(COURSE_A, userfields="id", limitfrom=start, limitnumber=size)
        seen += ids(page)
        start += size
    assert seen == whole[: len(seen)]
    assert size != 60 or seen == whole


def test_the_limits_edges(moodle: Site) -> None:
    whole = ids(moodle.people(COURSE_A, userfields="id"))
    assert moodle.people(COURSE_A, limitfrom=500, limitnumber=60) == []
    assert ids(moodle.people(COURSE_A, limitfrom=100, limitnumber=0, userfields="id")) == whole[100:]
    assert ids(moodle.people(COURSE_A, limitfrom=100, userfields="id")) == whole[100:]


def test_userfields_restrict_and_id_and_full_name_always_come(moodle: Site) -> None:
    rows = moodle.people(COURSE_A, userfields="lastaccess,lastcourseaccess", limitnumber=10)
    assert all(set(row) == {"id", "fullname", "lastaccess", "lastcourseaccess"} for row in rows)
    rows = moodle.people(COURSE_A, userfields="id, email, lastcourseaccess", limitnumber=3)
    assert all(set(row) == {"id", "fullname", "email", "lastcourseaccess"} for row in rows)


def test_unknown_options_are_ignored_and_unknown_fields_refused(moodle: Site) -> None:
    options: dict[str, object] = {"nosuchoption": 1, "userfields": "id,fullname,lastcourseaccess", "limitnumber": 2}
    assert ids(moodle.people(COURSE_A, token=SERVICE, **options)) == [3, 4]
    assert moodle.people(COURSE_A, userfields="id,nosuchfield")["errorcode"] == "invaliduserfield"


def test_sort_orders(moodle: Site) -> None:
    assert moodle.people(COURSE_A, sortby="lastaccess")["errorcode"] == "invalidparameter"
    by_name = moodle.people(COURSE_A, sortby="lastname", userfields="id,firstname,lastname", limitnumber=60)
    assert set(ids(by_name)[:5]) == NAMELESS
    down: dict[str, object] = {"sortby": "siteorder", "sortdirection": "DESC", "userfields": "id,firstname,lastname"}
    # The direction turns the id only: the empty names still come first.
    assert ids(moodle.people(COURSE_A, token=SERVICE, **down, limitnumber=20))[:5] == [19, 18, 17, 16, 15]


def test_one_group(moodle: Site) -> None:
    rows = moodle.people(COURSE_A, groupid=3, userfields="id,fullname,groups")
    assert rows
    assert all(3 in [group["id"] for group in row["groups"]] for row in rows)
    assert moodle.people(COURSE_A, groupid=999999, userfields="id,fullname") == []
    other_course = moodle.people(COURSE_A, groupid=7, userfields="id,fullname,lastcourseaccess")
    assert ids(other_course) == [4, 7, 9, 26, 41, 43]


def test_with_a_capability(moodle: Site) -> None:
    options = {"withcapability": "moodle/course:managegroups", "userfields": "id,fullname,roles"}
    assert ids(moodle.people(COURSE_A, **options)) == [3]


def test_other_courses(moodle: Site) -> None:
    assert ids(moodle.people(COURSE_B)) == [3, 4, 5, 7, 8, 9, 15, 26, 36, 41, 42, 43]
    assert moodle.people(COURSE_C) == []
    assert ids(moodle.people(HIDDEN_COURSE, userfields="id,email")) == [3, 46, 47]


def test_enrolled_courses_are_the_active_ones_hidden_last(moodle: Site) -> None:
    rows = {row["id"]: row for row in moodle.people(COURSE_A, limitfrom=0, limitnumber=60)}
    assert [course["id"] for course in rows[3]["enrolledcourses"]][-1] == HIDDEN_COURSE
    assert set(rows[7]["enrolledcourses"][0]) == {"id", "fullname", "shortname"}
    # Their only enrolment is suspended.
    assert "enrolledcourses" not in rows[56]


def test_a_tutor_s_own_row_carries_more(moodle: Site) -> None:
    rows = moodle.people(COURSE_A, token=TUTOR, limitnumber=40)
    assert ids(rows) == list(range(3, 43))
    for name in ("username", "preferences", "institution", "department"):
        assert holding(rows, name) == {4}
    for name in ("email", "firstname", "lastaccess", "lastcourseaccess"):
        assert len(holding(rows, name)) == 40


def test_a_participant_sees_names_in_5_1_only_and_not_every_email(moodle: Site) -> None:
    rows = moodle.people(COURSE_A, token=PARTICIPANT, limitnumber=40)
    assert len(holding(rows, "firstname")) == (0 if moodle.version == "4.3" else 40)
    assert set(ids(rows)) - holding(rows, "email") == {36, 37}
    assert len(holding(rows, "lastcourseaccess")) == 40
    assert holding(rows, "username") == {42}


@pytest.mark.parametrize("token", [TUTOR, PARTICIPANT])
def test_status_needs_enrolreview(moodle: Site, token: str) -> None:
    options: dict[str, object] = {"onlyactive": 1, "userfields": "id,fullname,lastcourseaccess"}
    if token == TUTOR:
        options["limitnumber"] = 5
    assert moodle.people(COURSE_A, token=token, **options)["errorcode"] == "nopermissions"


def test_separate_groups_show_the_caller_s_only(moodle: Site) -> None:
    assert ids(moodle.people(COURSE_B, token=TUTOR)) == [4, 7, 9, 26, 41, 43]
    assert moodle.people(COURSE_B, token=PARTICIPANT) == []
    assert len(moodle.people(COURSE_B, token=TEACHER)) == 12


def test_separate_groups_refuse_another_group(moodle: Site) -> None:
    moodle.set_state("A in separate groups")
    fields = (
        "id,firstname,lastname,fullname,email,lastaccess,lastcourseaccess,groups,roles,"
        "city,country,phone1,phone2,institution,customfields"
    )
    rows = moodle.people(COURSE_A, token=TUTOR, userfields=fields)
    assert 40 < len(rows) < 60
    assert {group["id"] for row in rows for group in row["groups"]} == {1, 2}
    answer = moodle.people(COURSE_A, token=TUTOR, groupid=5, userfields="id,fullname,lastcourseaccess")
    assert answer["errorcode"] == "nopermissions"


def test_no_accessallgroups_empties_the_list_without_error(moodle: Site) -> None:
    moodle.set_state("no accessallgroups")
    assert moodle.people(COURSE_B) == []


def test_no_viewdetails_leaves_the_contacts(moodle: Site) -> None:
    moodle.set_state("no viewdetails")
    assert ids(moodle.people(COURSE_B)) == [3]


def test_no_right_to_names_nor_emails(moodle: Site) -> None:
    moodle.set_state("no names, no e-mail")
    rows = moodle.people(COURSE_B)
    assert len(rows) == 12
    assert holding(rows, "email") == set()
    assert len(holding(rows, "firstname")) == (0 if moodle.version == "4.3" else 12)
    assert len(holding(rows, "fullname")) == 12


HIDDEN = ("lastaccess", "lastcourseaccess", "firstaccess", "city", "country")


def test_hidden_fields_are_absent_for_who_may_not_see_them(moodle: Site) -> None:
    moodle.set_state("hidden fields")
    participant = moodle.people(COURSE_A, token=PARTICIPANT, limitnumber=40)
    tutor = moodle.people(COURSE_A, token=TUTOR, limitnumber=40)
    assert len(participant) == len(tutor) == 40
    for name in HIDDEN:
        assert holding(participant, name) == set()
    assert holding(participant, "email") == {42}
    assert len(holding(tutor, "lastcourseaccess")) == len(holding(tutor, "email")) == 40
    assert len(holding(moodle.people(COURSE_B), "lastaccess")) == 12


def test_hidden_fields_vanish_for_the_service_with_the_right(moodle: Site) -> None:
    moodle.set_state("hidden fields, right taken")
    rows = moodle.people(COURSE_B)
    assert len(rows) == 12
    for name in (*HIDDEN, "email"):
        assert holding(rows, name) == set()
    assert len(holding(rows, "firstname")) == 12


def test_phones_come_as_identity_fields(moodle: Site) -> None:
    moodle.set_state("phones are identity")
    assert holding(moodle.people(COURSE_B), "phone1")
    assert holding(moodle.people(COURSE_B, token=TUTOR), "phone1")
    participant = moodle.people(COURSE_A, token=PARTICIPANT, limitnumber=40)
    assert holding(participant, "phone1") == holding(participant, "phone2") == set()
    assert holding(participant, "institution") == {42}


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        ("script in a first name", ""),
        ("script in a first name", "id,email"),
        ("unclosed tag in a first name", "id,firstname,fullname"),
        ("country that is not letters", "id,country"),
    ],
)
def test_one_bad_profile_breaks_the_whole_call(moodle: Site, state: str, fields: str) -> None:
    moodle.set_state(state)
    options = {"userfields": fields} if fields else {}
    assert moodle.people(COURSE_B, **options)["errorcode"] == "invalidresponse"


def test_a_lone_less_than_passes(moodle: Site) -> None:
    moodle.set_state("lone less-than in a first name")
    rows = moodle.people(COURSE_B, userfields="id,firstname,fullname")
    assert "a < b" in [row["firstname"] for row in rows]


def test_low_rights(moodle: Site) -> None:
    answer = moodle.people(COURSE_B, token=LOW_RIGHTS)
    assert answer["errorcode"] == "errorcoursecontextnotvalid"
    assert "course id:3" in answer["message"]


@pytest.mark.parametrize(
    ("state", "course", "errorcode"),
    [
        ("no course:view", COURSE_A, "errorcoursecontextnotvalid"),
        ("no viewhiddencourses", HIDDEN_COURSE, "errorcoursecontextnotvalid"),
        ("no viewparticipants", COURSE_A, "nopermissions"),
    ],
)
def test_a_right_taken_from_the_service(moodle: Site, state: str, course: int, errorcode: str) -> None:
    moodle.set_state(state)
    assert moodle.people(course, token=SERVICE)["errorcode"] == errorcode


def test_enrolreview_alone_is_enough(moodle: Site) -> None:
    moodle.set_state("no viewparticipants but enrolreview")
    rows = moodle.people(COURSE_A, userfields="id,fullname,lastcourseaccess", limitnumber=3)
    assert ids(rows) == [3, 4, 5]
