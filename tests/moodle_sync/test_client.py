"""The client on what real Moodle 4.3 and 5.1 answered."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest
import responses

from moodle_sync.client import MoodleClient
from moodle_sync.errors import InvalidResponse, MoodleError, MoodleRefused, MoodleUnavailable, Trouble
from moodle_sync.remote import RemoteParticipant
from tests.contract import recordings as rec
from tests.contract.replay import replaying

URL = "https://moodle.example.org"
ENDPOINT = f"{URL}/webservice/rest/server.php"
TOKEN = "FAKESECRET1234567890FAKESECRET12"

T = TypeVar("T")
Ask = Callable[[MoodleClient], Any]


def people(client: MoodleClient) -> list[RemoteParticipant]:
    return client.enrolled(2, start=0, limit=1000)


def site_info(client: MoodleClient) -> Any:
    return client.site_info()


def recorded(version: str, name: str, ask: Callable[[MoodleClient], T]) -> T:
    """The client's answer when Moodle answers with this recording."""
    response = rec.load(version, name)["response"]
    body = response["body"]
    content = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    headers = dict(response["headers"])
    with responses.RequestsMock() as mock, MoodleClient(URL, TOKEN) as client:
        mock.post(
            ENDPOINT,
            content.encode(),
            status=response["status"],
            content_type=headers.pop("Content-Type"),
            headers=headers,
        )
        return ask(client)


versions = pytest.mark.parametrize("version", rec.VERSIONS)


@versions
def test_who_the_token_is(version: str) -> None:
    info = recorded(version, "site_info_service", site_info)
    assert (info.name, info.user_id) == ("Moodle de démonstration", 20149)
    assert info.version == {"4.3": 2023100900, "5.1": 2025100603}[version]
    assert info.release.startswith(version)
    assert {"core_enrol_get_enrolled_users", "core_group_get_group_members"} <= info.functions
    tutor = recorded(version, "site_info_mobile_tutor", site_info)
    assert tutor.user_id == 4
    assert "core_group_get_group_members" not in tutor.functions


@versions
def test_people_as_they_come(version: str) -> None:
    rows = {p.moodle_id: p for p in recorded(version, "enrolled_users/A_service_userfields", people)}
    raw = {row["id"]: row for row in rec.body(version, "enrolled_users/A_service_userfields")}
    assert list(rows) == sorted(raw)
    for user_id, person in rows.items():
        row = raw[user_id]
        assert person.first_name == row["firstname"]
        assert person.last_name == row["lastname"]
        assert person.full_name == row["fullname"].strip()
        assert person.email == row["email"]
        assert person.city == row.get("city")
        assert (person.last_site_access, person.last_course_access) == (row["lastaccess"], row["lastcourseaccess"])
        assert person.roles == tuple(role["shortname"] for role in row["roles"])
        assert person.phone1 is None
    # A stock role has no name: only its shortname counts.
    assert rows[3].roles == ("editingteacher",)
    assert rows[3].groups is None
    assert rows[14].full_name == 'Anne & Co L"Hôte; "Zed"'
    assert rows[9].groups == ((4, "Groupe 04"),)


@versions
def test_never_is_zero_and_unknown_is_none(version: str) -> None:
    known = {p.moodle_id: p for p in recorded(version, "enrolled_users/A_service_userfields", people)}
    assert (known[12].last_site_access, known[12].last_course_access) == (0, 0)
    assert known[9].last_course_access == 0
    assert known[9].last_site_access
    hidden = recorded(version, "enrolled_users/B_service_hiddenfields_nocap", people)
    assert len(hidden) == 12
    assert {p.last_site_access for p in hidden} == {None} == {p.last_course_access for p in hidden}


@versions
def test_blank_full_names(version: str) -> None:
    rows = {p.moodle_id: p for p in recorded(version, "enrolled_users/A_service_userfields", people)}
    for user_id in rec.NAMELESS:
        assert (rows[user_id].first_name, rows[user_id].last_name, rows[user_id].full_name) == ("", "", "")


@versions
def test_phones_where_they_are_identity_fields(version: str) -> None:
    rows = recorded(version, "enrolled_users/B_service_identity_phones", people)
    raw = rec.body(version, "enrolled_users/B_service_identity_phones")
    assert [(p.phone1, p.phone2) for p in rows] == [(row.get("phone1"), row.get("phone2")) for row in raw]
    assert any(p.phone1 for p in rows)
    assert any(p.phone1 is None for p in rows)


@versions
@pytest.mark.parametrize(
    ("name", "own_id", "username"),
    [
        ("enrolled_users/A_tutor_full", 4, "tuteur1"),
        ("enrolled_users/B_formateur_full", 3, "formateur1"),
    ],
)
def test_no_username_is_kept(version: str, name: str, own_id: int, username: str) -> None:
    assert any(row.get("username") == username for row in rec.body(version, name))
    own = next(p for p in recorded(version, name, people) if p.moodle_id == own_id)
    values = [value for value in dataclasses.astuple(own) if isinstance(value, str)]
    assert username not in values
    assert "username" not in repr(own)
    assert "preferences" not in repr(own)


@versions
def test_course_and_group_names_are_unescaped_once(version: str) -> None:
    (course,) = recorded(version, "courses_fullname_escaped", lambda client: client.courses())
    assert course.full_name == "Éducation aux médias & à l’information"
    groups = recorded(version, "course_groups_special_name", lambda client: client.groups(2))
    assert groups[6] == 'Groupe 06 & Amis ""'
    rows = recorded(version, "enrolled_users/A_group_special_name", people)
    assert {dict(p.groups or ())[6] for p in rows} == {'Groupe 06 & Amis ""'}


@versions
def test_courses(version: str) -> None:
    listed = recorded(version, "courses_all_service", lambda client: client.courses())
    assert {c.moodle_id for c in listed} == {2, 3, 4, 5, 6, 7}, "the front page is no course"
    own = recorded(version, "users_courses_tutor", lambda client: client.own_courses(4))
    assert [c.moodle_id for c in own] == [6, 5, 3, 2]
    assert all(c.people for c in own)
    facts = recorded(version, "courses_by_field_ids", lambda client: client.courses_by_id([2, 3, 4]))
    assert [(c.moodle_id, c.visible, c.category_name) for c in facts] == [(n, True, "Category 1") for n in (2, 3, 4)]
    assert facts[0].start == 1795042800


@versions
def test_a_course_without_end(version: str) -> None:
    rows = {row["id"]: row for row in rec.body(version, "courses_all_service")}
    for course in recorded(version, "courses_all_service", lambda client: client.courses()):
        assert (course.start, course.end) == (rows[course.moodle_id]["startdate"], rows[course.moodle_id]["enddate"])


@versions
def test_suspensions(version: str) -> None:
    ids = recorded(version, "enrolled_users/A_onlysuspended", lambda client: client.suspended_ids(2))
    assert ids == rec.INACTIVE_ENROLMENTS
    accounts = recorded(version, "users_by_field_id", lambda client: client.accounts_suspended([26, 7, 15]))
    assert accounts == {26: True, 7: False, 15: False}


@versions
def test_an_empty_course_and_the_end_of_a_list(version: str) -> None:
    assert recorded(version, "enrolled_users/C_empty", people) == []
    assert recorded(version, "enrolled_users/A_service_beyond_end", people) == []
    assert recorded(version, "course_groups_empty", lambda client: client.groups(4)) == {}


# What was refused, and how. By `errorcode`: 5.1 puts the class names into a namespace.

ERRORS: dict[str, tuple[type[MoodleError], str]] = {
    "blocked_ip": (MoodleRefused, Trouble.NOT_JSON),
    "cli_maintenance": (MoodleUnavailable, Trouble.HTTP_5XX),
    "course_zero": (MoodleRefused, "invalidrecord"),
    "database_down": (MoodleUnavailable, "dbconnectionfailed"),
    "empty_token": (MoodleRefused, "invalidtoken"),
    "expired_token": (MoodleRefused, "accessexception"),
    "expired_token_again": (MoodleRefused, "invalidtoken"),
    "function_not_in_mobile_service": (MoodleRefused, "accessexception"),
    "function_not_in_service": (MoodleRefused, "accessexception"),
    "hidden_course_no_cap": (MoodleRefused, "errorcoursecontextnotvalid"),
    "http_404": (MoodleRefused, Trouble.NOT_FOUND),
    "invalid_parameter_missing": (MoodleRefused, "invalidparameter"),
    "invalid_parameter_type": (MoodleRefused, "invalidparameter"),
    "invalid_parameter_unknown": (MoodleRefused, "invalidparameter"),
    "invalid_token": (MoodleRefused, "invalidtoken"),
    "invalid_token_no_format": (MoodleRefused, Trouble.NOT_JSON),
    "low_rights_completion": (MoodleRefused, "requireloginerror"),
    "low_rights_enrolled_users": (MoodleRefused, "errorcoursecontextnotvalid"),
    "low_rights_groups": (MoodleRefused, "errorcoursecontextnotvalid"),
    "maintenance": (MoodleUnavailable, "sitemaintenance"),
    "maintenance_enrolled": (MoodleUnavailable, "sitemaintenance"),
    "maintenance_message": (MoodleUnavailable, "sitemaintenance"),
    "malformed_token": (MoodleRefused, "invalidtoken"),
    "missing_function": (MoodleRefused, "invalidparameter"),
    "missing_token": (MoodleRefused, "invalidtoken"),
    "mobile_service_disabled": (MoodleRefused, "accessexception"),
    "no_course_view": (MoodleRefused, "errorcoursecontextnotvalid"),
    "no_enrolreview_onlyactive": (MoodleRefused, "nopermissions"),
    "no_rest_use": (MoodleRefused, "accessexception"),
    "no_viewparticipants": (MoodleRefused, "nopermissions"),
    "rest_disabled": (MoodleRefused, Trouble.FORBIDDEN),
    "service_disabled": (MoodleRefused, "accessexception"),
    "soap_disabled": (MoodleRefused, Trouble.NOT_JSON),
    "success_no_format": (MoodleRefused, Trouble.NOT_JSON),
    "suspended_account": (MoodleRefused, "wsaccessusersuspended"),
    "token_ip_restriction": (MoodleRefused, "accessexception"),
    "unknown_course": (MoodleRefused, "invalidrecord"),
    "unknown_course_groups": (MoodleRefused, "errorcoursecontextnotvalid"),
    "unknown_function": (MoodleRefused, "invalidrecord"),
    "upgrade_running": (MoodleUnavailable, "upgraderunning"),
    "user_not_in_service_list": (MoodleRefused, "accessexception"),
    "webservices_disabled": (MoodleRefused, Trouble.FORBIDDEN),
}
SUCCESSES = {
    "front_page_course", "get_method_success", "no_viewparticipants_but_enrolreview", "upgrade_pending",
    "upgrade_pending_enrolled",
}  # fmt: skip
RECORDED_ERRORS = [
    (version, name)
    for version in rec.VERSIONS
    for name in rec.names(version)
    if name.startswith("errors/") and name.removeprefix("errors/") not in SUCCESSES
]


@pytest.mark.parametrize(("version", "name"), RECORDED_ERRORS)
def test_recorded_errors(version: str, name: str) -> None:
    kind, code = ERRORS[name.removeprefix("errors/")]
    if code == "invalidrecord" and version == "5.1":
        code = "invalidrecordunknown"
    with pytest.raises(MoodleError) as caught:
        recorded(version, name, people)
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert caught.value.function == "core_enrol_get_enrolled_users"


@versions
@pytest.mark.parametrize(
    "name",
    [
        "enrolled_users/B_poison_script_firstname",
        "enrolled_users/B_poison_script_userfields",
        "enrolled_users/B_poison_country",
        "enrolled_users/B_name_unclosed_tag",
        "users_by_field_poison",
    ],
)
def test_a_profile_that_breaks_the_answer(version: str, name: str) -> None:
    with pytest.raises(InvalidResponse):
        recorded(version, name, people)


@versions
def test_a_lone_less_than_breaks_nothing(version: str) -> None:
    rows = recorded(version, "enrolled_users/B_name_less_than", people)
    assert any(p.first_name == "a < b" for p in rows)


@versions
def test_how_long_maintenance_asks_to_wait(version: str) -> None:
    with pytest.raises(MoodleUnavailable) as caught:
        recorded(version, "errors/cli_maintenance", people)
    assert caught.value.retry_after == 300


@versions
def test_an_expired_token_says_something_else_from_the_second_time_on(version: str) -> None:
    with replaying(version, tokens={TOKEN: rec.LOW_RIGHTS}) as site, MoodleClient(site.url, TOKEN) as client:
        site.state = "expired token"
        codes = []
        for _ in range(3):
            with pytest.raises(MoodleRefused) as caught:
                client.site_info()
            codes.append(caught.value.code)
    assert codes == ["accessexception", "invalidtoken", "invalidtoken"]


@versions
def test_messages_of_moodle_are_not_repeated(version: str) -> None:
    """«Refused web service access for suspended username: …» holds a username."""
    message = rec.body(version, "errors/suspended_account")["message"]
    with pytest.raises(MoodleRefused) as caught:
        recorded(version, "errors/suspended_account", people)
    assert message.split()[-1] not in f"{caught.value!s} {caught.value!r} {caught.value.args}"


@versions
def test_the_token_travels_in_the_body_only(version: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with responses.RequestsMock() as mock, MoodleClient(URL, TOKEN) as client:
        for name in ("errors/invalid_token", "errors/rest_disabled", "enrolled_users/A_service_userfields"):
            response = rec.load(version, name)["response"]
            body = response["body"] if isinstance(response["body"], str) else json.dumps(response["body"])
            mock.post(ENDPOINT, body, status=response["status"])
        for _ in range(2):
            with pytest.raises(MoodleError) as caught:
                people(client)
            assert TOKEN not in f"{caught.value!s}{caught.value!r}{caught.value.__dict__}"
        people(client)
        for call in mock.calls:
            request = call.request
            assert request.method == "POST"
            assert TOKEN not in str(request.url)
            assert TOKEN not in str(request.headers)
            assert parse_qs(str(request.body))["wstoken"] == [TOKEN]
        assert TOKEN not in repr(client)
    assert TOKEN not in caplog.text


@versions
@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("courses_by_field_ids", lambda client: client.courses_by_id([2, 3, 4])),
        ("courses_all_service", lambda client: client.courses()),
        ("users_courses_service_self", lambda client: client.own_courses(20149)),
        ("course_groups_service", lambda client: client.groups(2)),
        ("users_by_field_id", lambda client: client.accounts_suspended([26, 7, 15])),
        ("site_info_service", lambda client: client.site_info()),
    ],
)
def test_we_ask_as_it_was_recorded(version: str, name: str, ask: Ask) -> None:
    recording = rec.load(version, name)
    with responses.RequestsMock() as mock, MoodleClient(URL, rec.SERVICE) as client:
        mock.post(ENDPOINT, json=recording["response"]["body"])
        ask(client)
        (call,) = mock.calls
    sent = {key: values[0] for key, values in parse_qs(str(call.request.body)).items()}
    assert sent == recording["request"]["params"]
