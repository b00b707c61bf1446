"""Refusals, breakdowns and `login/token.php`: same assertions on the simulator and the recordings."""

from __future__ import annotations

import pytest

from .conftest import Site
from .recordings import (
    LOW_RIGHTS,
    NOT_ON_THE_LIST,
    SERVICE,
    SUSPENDED,
    TUTOR,
    UNKNOWN,
)

SITE_INFO = "core_webservice_get_site_info"
ENROLLED = "core_enrol_get_enrolled_users"
GROUPS = "core_group_get_course_groups"
REST = "/webservice/rest/server.php"
NAMESPACE = "core\\exception\\"


@pytest.mark.parametrize(
    ("function", "params", "errorcode", "exception"),
    [
        (ENROLLED, {}, "invalidparameter", "invalid_parameter_exception"),
        (ENROLLED, {"courseid": "abc"}, "invalidparameter", "invalid_parameter_exception"),
        (ENROLLED, {"courseid": "3", "foo": "bar"}, "invalidparameter", "invalid_parameter_exception"),
        (GROUPS, {"courseid": "999999"}, "errorcoursecontextnotvalid", "moodle_exception"),
    ],
)
def test_errors_come_with_status_200(
    moodle: Site, function: str, params: dict[str, str], errorcode: str, exception: str
) -> None:
    response = moodle.call(function, params)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    answer = response.json()
    assert answer.keys() == {"exception", "errorcode", "message"}
    assert answer["errorcode"] == errorcode
    # The class has a namespace in 5.1: only the code can be compared.
    assert answer["exception"] == ("" if moodle.version == "4.3" else NAMESPACE) + exception


@pytest.mark.parametrize(
    ("function", "params"),
    [(ENROLLED, {"courseid": "999999"}), (ENROLLED, {"courseid": "0"}), ("core_no_such_function", {})],
)
def test_what_does_not_exist_has_another_code_in_each_version(
    moodle: Site, function: str, params: dict[str, str]
) -> None:
    answer = moodle.get(function, params)
    assert answer["errorcode"] == ("invalidrecord" if moodle.version == "4.3" else "invalidrecordunknown")
    assert answer["exception"] == "dml_missing_record_exception"


@pytest.mark.parametrize("token", [UNKNOWN, "", "not a token!"])
def test_unknown_tokens(moodle: Site, token: str) -> None:
    assert moodle.get(SITE_INFO, token=token)["errorcode"] == "invalidtoken"


def test_no_token_and_no_function(moodle: Site) -> None:
    form = {"wsfunction": SITE_INFO, "moodlewsrestformat": "json"}
    assert moodle.post(REST, form).json()["errorcode"] == "invalidtoken"
    form = {"wstoken": SERVICE, "moodlewsrestformat": "json"}
    assert moodle.post(REST, form).json()["errorcode"] == "invalidparameter"


def test_functions_outside_the_service(moodle: Site) -> None:
    user = {f"users[0][{name}]": "x" for name in ("username", "firstname", "lastname")}
    params = {**user, "users[0][email]": "x@example.org"}
    assert moodle.get("core_user_create_users", params)["errorcode"] == "accessexception"
    answer = moodle.get("core_group_get_group_members", {"groupids[0]": "1"}, token=TUTOR)
    assert answer["errorcode"] == "accessexception"
    assert answer["exception"] == "webservice_access_exception"


@pytest.mark.parametrize(
    ("token", "errorcode"), [(SUSPENDED, "wsaccessusersuspended"), (NOT_ON_THE_LIST, "accessexception")]
)
def test_accounts_that_may_not_call(moodle: Site, token: str, errorcode: str) -> None:
    assert moodle.get(SITE_INFO, token=token)["errorcode"] == errorcode


def test_low_rights(moodle: Site) -> None:
    for function in (ENROLLED, GROUPS):
        answer = moodle.get(function, {"courseid": "2"}, token=LOW_RIGHTS)
        assert answer["errorcode"] == "errorcoursecontextnotvalid"


@pytest.mark.parametrize(
    ("state", "errorcode"),
    [
        ("no rest:use", "accessexception"),
        ("service disabled", "accessexception"),
        ("maintenance", "sitemaintenance"),
        ("upgrade running", "upgraderunning"),
        ("database down", "dbconnectionfailed"),
    ],
)
def test_states_that_refuse_every_call(moodle: Site, state: str, errorcode: str) -> None:
    moodle.set_state(state)
    assert moodle.get(SITE_INFO)["errorcode"] == errorcode


def test_an_expired_token_is_refused_once_and_then_unknown(moodle: Site) -> None:
    moodle.set_state("expired token")
    assert moodle.get(SITE_INFO, token=LOW_RIGHTS)["errorcode"] == "accessexception"
    assert moodle.get(SITE_INFO, token=LOW_RIGHTS)["errorcode"] == "invalidtoken"


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("command-line maintenance", 503, "<title>Site maintenance</title>"),
        ("rest disabled", 403, ""),
        ("address blocked", 200, "This site is not available currently."),
    ],
)
def test_answers_that_are_html(moodle: Site, state: str, status: int, words: str) -> None:
    moodle.set_state(state)
    response = moodle.call(SITE_INFO)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert words in response.text if words else response.text == ""
    if status == 503:
        assert response.headers["Retry-After"] == "300"


def test_an_address_that_does_not_exist(moodle: Site) -> None:
    response = moodle.session.get(f"{moodle.url}/webservice/rest/nothere.php", timeout=10)
    assert response.status_code == 404
    assert "404 Not Found" in response.text


def test_xml_without_the_format(moodle: Site) -> None:
    response = moodle.post(REST, {"wstoken": UNKNOWN, "wsfunction": SITE_INFO})
    assert response.headers["Content-Type"].startswith("application/xml")
    assert "<ERRORCODE>invalidtoken</ERRORCODE>" in response.text
    response = moodle.post(REST, {"wstoken": SERVICE, "wsfunction": GROUPS, "courseid": "2"})
    for line in ('<KEY name="name"><VALUE>Groupe 01</VALUE>', '<VALUE null="null"/>', "<MULTIPLE>"):
        assert line in response.text


def test_get_works_too(moodle: Site) -> None:
    params = {"wstoken": SERVICE, "wsfunction": GROUPS, "moodlewsrestformat": "json", "courseid": "3"}
    groups = moodle.session.get(moodle.url + REST, params=params, timeout=10).json()
    assert [group["id"] for group in groups] == [7, 8]


@pytest.mark.parametrize(
    ("changed", "errorcode"),
    [
        ({"password": "wrong"}, "invalidlogin"),
        ({"username": "personne", "password": "wrong"}, "invalidlogin"),
        ({"username": "svc-suspendu"}, "invalidlogin"),
        ({"service": "nimporte"}, "servicenotavailable"),
        ({"service": "suivi"}, "usernotallowed"),
        ({"password": None}, "missingparam"),
    ],
)
def test_no_token_for(moodle: Site, changed: dict[str, str | None], errorcode: str) -> None:
    form = {"username": "tuteur1", "password": "FAKE_PASSWORD", "service": "moodle_mobile_app", **changed}
    given = {name: value for name, value in form.items() if value is not None}
    response = moodle.post("/login/token.php", given)
    assert response.status_code == 200
    answer = response.json()
    assert answer["errorcode"] == errorcode
    assert answer.keys() == {"error", "errorcode", "stacktrace", "debuginfo", "reproductionlink"}


def test_a_token_for_the_right_password(moodle: Site) -> None:
    form = {"username": "tuteur1", "password": "FAKE_PASSWORD", "service": "moodle_mobile_app"}
    answer = moodle.post("/login/token.php", form).json()
    assert answer.keys() == {"token", "privatetoken"}
    assert len(answer["token"]) == 32
    assert answer["privatetoken"] is None
