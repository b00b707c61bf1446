"""The simulator's answers have the recordings' keys and types, all the way down; its errors, their words."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from demo.moodle import running

from .recordings import VERSIONS, body, load, stateless
from .simulated import contract_world

RECORDINGS = [
    "site_info_service",
    "courses_all_service",
    "courses_by_field_shortname",
    "courses_by_field_shortname_tutor",
    "search_courses",
    "course_groups_service",
    "group_members",
    "users_courses_tutor",
    "users_by_field_id",
    "course_user_profiles",
    "enrolled_users/A_service_first60_full",
    "enrolled_users/A_service_page2_userfields",
    "enrolled_users/A_tutor_full",
    "enrolled_users/A_participant",
    "enrolled_users/B_service_full",
    "enrolled_users/B_tutor_separate_groups",
    "enrolled_users/H_hidden_course_service",
]


def keys(value: Any, path: str = "") -> set[str]:
    """Every key with the type of its value; those of a list's items are put together."""
    if isinstance(value, dict):
        found = {f"{path}.{key}:{type(item).__name__}" for key, item in value.items()}
        return found.union(*(keys(item, f"{path}.{key}") for key, item in value.items()))
    if isinstance(value, list):
        return set().union(*(keys(item, f"{path}[]") for item in value))
    return set()


def essential(found: set[str]) -> set[str]:
    """Without one's own preferences, which hold whatever one did before."""
    return {key for key in found if ".preferences[]" not in key and "courseformatoptions[].value" not in key}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", RECORDINGS)
def test_same_keys_and_types(version: str, name: str) -> None:
    with running(contract_world(version)) as server:
        form = load(version, name)["request"]["params"]
        response = requests.post(f"{server.url}/webservice/rest/server.php", form, timeout=10)
    answer, recorded = response.json(), body(version, name)
    assert essential(keys(answer)) == essential(keys(recorded))


ERRORS = [
    (version, name)
    for version in VERSIONS
    for name in stateless(version)
    if isinstance(body(version, name), dict) and "errorcode" in body(version, name)
]


@pytest.mark.parametrize(("version", "name"), ERRORS)
def test_same_errors_to_the_letter(version: str, name: str) -> None:
    request = load(version, name)["request"]
    with running(contract_world(version)) as server:
        response = requests.post(server.url + request["path"], request["params"], timeout=10)
    assert response.status_code == 200
    assert response.json() == body(version, name)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_request_has_one_answer(version: str) -> None:
    """Otherwise the replay would have to choose: such recordings belong to a state of the site."""
    answers: dict[str, list[str]] = {}
    for name in stateless(version):
        request = load(version, name)["request"]
        answers.setdefault(f"{request['path']} {sorted(request['params'].items())}", []).append(name)
    for same in answers.values():
        assert all(body(version, name) == body(version, same[0]) for name in same), same
