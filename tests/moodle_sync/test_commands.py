"""add_site, list_courses, follow, unfollow, sync: on the recordings of real Moodle, and with bad input."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import translation
from pytest_django import Settings

from demo.moodle import running
from moodle_sync import runs
from moodle_sync.enums import RunState, Standing
from moodle_sync.errors import Trouble
from moodle_sync.explain import BY_CODE, MOODLE_ADMIN, NOBODY, VIGIE_ADMIN
from moodle_sync.models import Connection, Course, Enrolment, Group, Participant, Site, SyncRun
from tests.contract import held
from tests.contract import recordings as rec
from tests.contract.replay import Replay, replaying
from tests.contract.simulated import contract_world
from tests.moodle_sync.moodle import TOKEN, Moodle, content, small_world
from tests.moodle_sync.wire import answering, http, self_signed

pytestmark = pytest.mark.django_db
SECRETS = [rec.SERVICE, rec.TUTOR, rec.LOW_RIGHTS, rec.UNKNOWN, TOKEN]


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(params=rec.VERSIONS)
def replay(request: pytest.FixtureRequest) -> Iterator[Replay]:
    with replaying(request.param) as site:
        yield site


def command(name: str, *args: object, **options: Any) -> str:
    out = io.StringIO()
    try:
        call_command(name, *map(str, args), stdout=out, stderr=out, **options)
    finally:
        assert not [secret for secret in SECRETS if secret in out.getvalue()]
    return out.getvalue()


def lines(name: str, *args: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in command(name, *args, "--json").splitlines()]


def failing(name: str, *args: object) -> CommandError:
    with pytest.raises(CommandError) as caught:
        command(name, *args)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]
    return caught.value


def add_site(url: str, token: str = rec.SERVICE, *more: str, name: str = "Moodle") -> dict[str, Any]:
    os.environ["VIGIE_TEST_TOKEN"] = token
    try:
        (line,) = lines("add_site", name, url, "--token-env", "VIGIE_TEST_TOKEN", *more)
    finally:
        del os.environ["VIGIE_TEST_TOKEN"]
    return line


def refused_site(url: str, token: str = rec.SERVICE, *, name: str = "Moodle") -> CommandError:
    os.environ["VIGIE_TEST_TOKEN"] = token
    try:
        return failing("add_site", name, url, "--token-env", "VIGIE_TEST_TOKEN")
    finally:
        del os.environ["VIGIE_TEST_TOKEN"]


# On the recordings


def test_add_site_says_what_the_token_may_see(replay: Replay) -> None:
    service = add_site(replay.url)
    assert service["release"].startswith(replay.version)
    assert (service["courses"], service["sees_all_courses"], service["missing"]) == (6, True, [])
    tutor = add_site(replay.url, rec.TUTOR, "--service", "mobile")
    assert (tutor["courses"], tutor["sees_all_courses"], tutor["missing"]) == (4, False, [])
    site = Site.objects.get()
    assert site.version in {2023100900, 2025100603}
    assert {(c.service, c.moodle_user_id) for c in site.connections.all()} == {("dedicated", 20149), ("mobile", 4)}
    stored = str(list(Connection.objects.values_list()))
    assert rec.SERVICE not in stored
    assert rec.TUTOR not in stored


def test_add_site_again_replaces_the_token(replay: Replay) -> None:
    add_site(replay.url)
    add_site(f"{replay.url}/login/index.php")
    assert Site.objects.count() == Connection.objects.count() == 1
    assert Connection.objects.get().token == rec.SERVICE


def test_list_courses(replay: Replay) -> None:
    add_site(replay.url)
    found = lines("list_courses", "Moodle")
    assert [line["id"] for line in found] == [2, 3, 4, 5, 6, 7], "the front page is no course"
    assert found[0]["shortname"] == "2026-SVT-EVAL-S1"
    assert found[0]["fullname"] == "Évaluer les compétences en SVT — session 1"
    assert found[0]["followed"] is False
    command("follow", "Moodle", 2, 3)
    assert [line["id"] for line in lines("list_courses", replay.url) if line["followed"]] == [2, 3]
    text = command("list_courses", "Moodle")
    assert "2026-SVT-EVAL-S1" in text
    assert len(text.splitlines()) == 6


def test_list_courses_of_a_tutor(replay: Replay) -> None:
    add_site(replay.url, rec.TUTOR, "--service", "mobile")
    assert [line["id"] for line in lines("list_courses", "Moodle")] == [2, 3, 5, 6]


def test_follow_and_unfollow(replay: Replay) -> None:
    add_site(replay.url)
    assert [line["course"] for line in lines("follow", "Moodle", 3, 2, 7)] == [2, 3, 7]
    course = Course.objects.get(moodle_id=2)
    assert (course.visible, course.category_name) == (True, "Category 1")
    assert "Followed" in command("follow", "Moodle", 2)
    (line,) = lines("unfollow", "Moodle", 2)
    assert (line["course"], line["followed"]) == (2, False)
    course.refresh_from_db()
    assert course.followed is False
    assert failing("unfollow", "Moodle", 2).returncode == 1
    command("follow", "Moodle", 2)
    course.refresh_from_db()
    assert course.followed is True


def test_follow_all_or_none(replay: Replay) -> None:
    add_site(replay.url)
    error = failing("follow", "Moodle", 2, 999999, 10**30)
    assert "999999" in str(error)
    assert error.returncode == 1
    assert not Course.objects.exists()
    assert failing("unfollow", "Moodle", 10**30).returncode == 1


def test_sync_gives_exactly_the_people_of_the_recordings(replay: Replay) -> None:
    add_site(replay.url)
    command("follow", "Moodle", 2, 3, 4)
    found = {line["course"]: line for line in lines("sync", "--inline", "--site", "Moodle")}
    for course_id in (2, 3, 4):
        people = held.people(replay.version, rec.SERVICE, course_id)
        line = found[course_id]
        assert (line["state"], line["error"], line["skipped"]) == ("ok", "", 0)
        assert line["fetched"] == line["created"] == len(people)
        there = Enrolment.objects.filter(course__moodle_id=course_id)
        assert set(there.values_list("participant__moodle_id", flat=True)) == {row["id"] for row in people}
        for row in people:
            enrolment = there.get(participant__moodle_id=row["id"])
            assert enrolment.participant.full_name == row["fullname"].strip()
            assert enrolment.participant.email == row["email"]
            assert enrolment.roles == sorted(role["shortname"] for role in row["roles"])
            seen = enrolment.last_course_access
            assert seen is not None
            assert seen.timestamp() == row["lastcourseaccess"]
            assert set(enrolment.groups.values_list("moodle_id", flat=True)) == {
                group["id"] for group in row.get("groups", [])
            }
    nameless = Participant.objects.filter(full_name="").values_list("moodle_id", flat=True)
    assert set(nameless) == rec.NAMELESS
    in_a = Enrolment.objects.filter(course__moodle_id=2)
    assert set(in_a.filter(suspended=True).values_list("participant__moodle_id", flat=True)) == rec.INACTIVE_ENROLMENTS
    assert set(Group.objects.filter(course__moodle_id=2).values_list("name", flat=True)) == {
        f"Groupe {n:02}" for n in range(1, 7)
    }
    staff = in_a.filter(standing=Standing.STAFF).values_list("participant__moodle_id", flat=True)
    assert set(staff) == {3, 4, 5, 6}
    # Of the three suspended accounts, one was recorded by id.
    assert Participant.objects.get(moodle_id=26).suspended is True
    again = {line["course"]: line for line in lines("sync", "--inline")}
    assert {(line["created"], line["updated"], line["left"]) for line in again.values()} == {(0, 0, 0)}
    assert {key: line["unchanged"] for key, line in again.items()} == {
        key: line["fetched"] for key, line in found.items()
    }


def test_sync_with_a_tutors_token(replay: Replay) -> None:
    add_site(replay.url, rec.TUTOR, "--service", "mobile")
    command("follow", "Moodle", 2, 3)
    found = {line["course"]: line for line in lines("sync", "--inline")}
    for course_id in (2, 3):
        people = held.people(replay.version, rec.TUTOR, course_id)
        assert (found[course_id]["state"], found[course_id]["fetched"]) == ("ok", len(people))
        assert {"groups", "suspended"} <= set(found[course_id]["missing_rights"])
    assert Group.objects.filter(course__moodle_id=2).exists(), "groups come with the people"
    assert not Enrolment.objects.filter(suspended=True).exists()
    everything = str(content())
    assert "tuteur1@" in everything
    assert "'tuteur1'" not in everything, "the username of the token's owner is not kept"


@pytest.mark.parametrize("version", rec.VERSIONS)
@pytest.mark.parametrize(("token", "service"), [(rec.SERVICE, "dedicated"), (rec.TUTOR, "mobile")])
def test_sync_of_the_whole_course_rebuilt(version: str, token: str, service: str) -> None:
    """All 150 people of course A, as the simulated site has them."""
    with running(contract_world(version)) as server:
        add_site(server.url, token, "--service", service)
        command("follow", "Moodle", 2)
        (line,) = lines("sync", "--inline", "--course", 2)
    assert (line["state"], line["fetched"], line["created"]) == ("ok", 150, 150)
    ids = set(Enrolment.objects.values_list("participant__moodle_id", flat=True))
    assert ids == set(range(3, 153))
    assert set(Participant.objects.filter(full_name="").values_list("moodle_id", flat=True)) == rec.NAMELESS
    suspended = set(Participant.objects.filter(suspended=True).values_list("moodle_id", flat=True))
    inactive = set(Enrolment.objects.filter(suspended=True).values_list("participant__moodle_id", flat=True))
    assert suspended == rec.SUSPENDED_ACCOUNTS
    assert inactive == (rec.INACTIVE_ENROLMENTS if token == rec.SERVICE else set())
    standing = Enrolment.objects.filter(standing=Standing.SUSPENDED).values_list("participant__moodle_id", flat=True)
    assert set(standing) == suspended | inactive


STATES = {
    "no course:view": ("refused", "errorcoursecontextnotvalid"),
    "no viewparticipants": ("refused", "nopermissions"),
    "service disabled": ("refused", "accessexception"),
    "no rest:use": ("refused", "accessexception"),
    "maintenance": ("unavailable", "sitemaintenance"),
    "command-line maintenance": ("unavailable", Trouble.HTTP_5XX),
    "database down": ("unavailable", "dbconnectionfailed"),
    "upgrade running": ("unavailable", "upgraderunning"),
    "rest disabled": ("refused", Trouble.FORBIDDEN),
    "address blocked": ("refused", Trouble.NOT_JSON),
}


def test_what_a_failed_sync_says() -> None:
    """Every recorded state of the site: the code, who must act, the row, the exit code; nothing changed."""
    from tests.contract.simulated import STATES as BREAK

    for state, (expected, code) in STATES.items():
        world = contract_world("5.1")
        with running(world) as server:
            add_site(server.url, name=state)
            command("follow", state, 2)
            command("sync", "--inline", "--site", state)
            before = content()
            BREAK[state](world)
            out = io.StringIO()
            with pytest.raises(CommandError) as caught:
                call_command("sync", "--inline", "--site", state, "--json", stdout=out)
        assert caught.value.returncode == 1
        (line,) = map(json.loads, out.getvalue().splitlines())
        assert (line["state"], line["error_code"]) == (expected, code), state
        words = BY_CODE[code]
        assert str(words.what) in line["error"]
        assert str(words.who) in line["error"]
        assert str(words.todo) in line["error"]
        run = SyncRun.objects.filter(course__site__name=state).latest("pk")
        assert (run.state, run.error_code) == (expected, code)
        assert content() == before


KEYS = {
    "course", "state", "fetched", "created", "updated", "unchanged", "left", "first_accesses", "skipped", "seconds",
    "error",
}  # fmt: skip


def test_the_line_of_a_sync(moodle: Moodle) -> None:
    moodle.follow()
    moodle.world.users[12].city = "<b>"
    (line,) = lines("sync", "--inline")
    assert line.keys() >= KEYS
    assert (line["state"], line["fetched"], line["skipped"], line["skipped_positions"]) == ("partial", 11, 1, [3])
    assert line["seconds"] >= 0
    text = command("sync", "--inline")
    assert "Skipped at position: 3" in text


def test_a_shrunken_course_is_held_until_accepted(moodle: Moodle) -> None:
    moodle.follow()
    command("sync", "--inline")
    for user_id in range(10, 20):
        moodle.world.unenrol(moodle.world.courses[2], user_id)
    assert failing("sync", "--inline").returncode == 1
    (line,) = lines("sync", "--inline", "--accept-shrink")
    assert (line["state"], line["fetched"]) == ("ok", 2)


def test_a_queued_run_is_taken_over_inline(moodle: Moodle) -> None:
    """Asked for through Celery, but no worker ever came."""
    course = moodle.follow()
    run, _ = runs.create_run(course)
    (line,) = lines("sync", "--inline")
    assert (line["state"], line["fetched"]) == ("ok", 12)
    run.refresh_from_db()
    assert run.state == RunState.OK


def test_inline_waits_for_who_is_reading(moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    course = moodle.follow()
    run, _ = runs.create_run(course)
    assert runs.claim(run) is runs.Claim.GOT
    assert "0 s" in str(failing("sync", "--inline", "--timeout", 0))
    monkeypatch.setattr("moodle_sync.management.commands.sync.time.sleep", lambda s: runs.finish(run, RunState.OK))
    (line,) = lines("sync", "--inline")
    assert line["state"] == "ok"
    assert SyncRun.objects.count() == 1


def test_no_worker_answers(moodle: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    moodle.follow()
    error = failing("sync", "--timeout", 0)
    assert "Is a worker running?" in str(error)
    assert error.returncode == 1
    assert SyncRun.objects.get().state == RunState.QUEUED


# Bad input: one clear message that says who must do what, and nothing changed


@pytest.fixture
def nothing_changed() -> Iterator[None]:
    def counts() -> list[int]:
        return [model.objects.count() for model in (Site, Connection, Course, Participant, SyncRun)]

    before = counts()
    yield
    assert counts() == before


def says(error: CommandError, code: str, who: object) -> bool:
    text = str(error)
    return code in text and str(who) in text and str(BY_CODE[code].what) in text and "\n" not in text


@pytest.mark.parametrize(
    "url",
    [
        "moodle.example.org",
        "ftp://moodle.example.org",
        "https://",
        "https://[::1",
        "https://moodle.example.org:99999",
        "https://moodle.example.org:port",
        "https://user:password@moodle.example.org",
        "https://moo dle.example.org",
        "https://moodle.example.org/" + "a" * 300,
        "",
    ],
)
@pytest.mark.usefixtures("nothing_changed")
def test_what_is_no_address(url: str) -> None:
    assert refused_site(url).returncode == 2


@pytest.mark.usefixtures("nothing_changed")
def test_wrong_addresses(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert says(refused_site(nobody), Trouble.CONNECTION, NOBODY)
    assert says(refused_site("http://a..b"), Trouble.NOT_FOUND, VIGIE_ADMIN)
    with answering(http(b"{}"), tls=self_signed(tmp_path)) as server:
        assert says(refused_site(server.url), Trouble.TLS, MOODLE_ADMIN)
    answers: list[tuple[bytes, str, object]] = [
        (http(b"", status="301 Moved", Location="https://elsewhere.example.org"), Trouble.REDIRECT, VIGIE_ADMIN),
        (http(b"<html>", status="404 Not Found"), Trouble.NOT_FOUND, VIGIE_ADMIN),
        (http(b"<html>login</html>"), Trouble.NOT_JSON, VIGIE_ADMIN),
        (http(b'{"sitename": "Moo'), Trouble.BROKEN_BODY, NOBODY),
        (http(b"[]"), Trouble.WRONG_SHAPE, VIGIE_ADMIN),
        (http(b'{"hello": "world"}'), Trouble.WRONG_SHAPE, VIGIE_ADMIN),
    ]
    for answer, code, who in answers:
        with answering(answer) as server:
            error = refused_site(server.url)
            assert says(error, code, who), error
            assert error.returncode == 1


@pytest.mark.usefixtures("nothing_changed")
def test_wrong_tokens(replay: Replay) -> None:
    assert says(refused_site(replay.url, rec.UNKNOWN), "invalidtoken", VIGIE_ADMIN)
    assert refused_site(replay.url, rec.SUSPENDED).returncode == 1
    assert failing("add_site", "Moodle", replay.url, "--token-env", "VIGIE_TEST_NOT_SET").returncode == 2


@pytest.mark.usefixtures("nothing_changed")
def test_a_token_without_the_function() -> None:
    world = contract_world("5.1")
    world.services["suivi"].functions -= {"core_enrol_get_enrolled_users"}
    with running(world) as server:
        error = refused_site(server.url)
    assert says(error, "accessexception", MOODLE_ADMIN)
    assert "core_enrol_get_enrolled_users" in str(error)


def test_a_token_without_the_lesser_functions() -> None:
    world = small_world()
    world.services["suivi"].functions &= {"core_enrol_get_enrolled_users", "core_webservice_get_site_info"}
    world.services["suivi"].functions |= {"core_enrol_get_users_courses", "core_course_get_courses"}
    with running(world) as server:
        line = add_site(server.url, TOKEN)
        assert set(line["missing"]) == {
            "core_course_get_courses_by_field", "core_group_get_course_groups", "core_user_get_users_by_field",
            "core_user_get_course_user_profiles",
        }  # fmt: skip
        command("follow", "Moodle", 2)
        (line,) = lines("sync", "--inline")
    assert (line["state"], line["fetched"]) == ("ok", 12)
    assert line["missing_rights"] == ["course_facts", "groups", "accounts"]


@pytest.mark.usefixtures("nothing_changed")
def test_unknown_site() -> None:
    for name, args in (("list_courses", ()), ("follow", (2,)), ("unfollow", (2,))):
        error = failing(name, "Nulle part", *args)
        assert "Nulle part" in str(error)
        assert error.returncode == 2
    assert failing("sync", "--site", "Nulle part").returncode == 2
    assert failing("sync", "--inline").returncode == 2, "nothing is followed"


def test_names_of_sites(replay: Replay) -> None:
    add_site(replay.url)
    with replaying("5.1") as other:
        assert refused_site(other.url, name="Moodle").returncode == 2
        assert refused_site(other.url, name="x" * 121).returncode == 2
        assert refused_site(other.url, name="  ").returncode == 2
    assert Site.objects.count() == 1


@pytest.mark.parametrize("course_id", [999999, 0, 1, -4])
def test_unknown_or_forbidden_course(replay: Replay, course_id: int) -> None:
    add_site(replay.url, rec.TUTOR, "--service", "mobile")
    assert failing("follow", "Moodle", "--", course_id).returncode == 1
    assert failing("follow", "Moodle", 7).returncode == 1, "hidden from the tutor"
    assert failing("sync", "--inline", "--course", 7).returncode == 2
    assert not Course.objects.exists()


def test_a_course_deleted_on_moodle(moodle: Moodle) -> None:
    moodle.follow()
    command("sync", "--inline")
    before = content()
    del moodle.world.courses[2]
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("sync", "--inline", "--json", stdout=out)
    line = json.loads(out.getvalue())
    assert (line["state"], line["error_code"]) == ("refused", "invalidrecordunknown")
    assert str(VIGIE_ADMIN) in line["error"]
    assert content() == before


BROKEN: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "html_login"}, "refused", Trouble.NOT_JSON),
    ({"kind": "truncated"}, "unavailable", Trouble.BROKEN_BODY),
    ({"kind": "dropped"}, "unavailable", Trouble.BROKEN_BODY),
    ({"kind": "shape", "body": {"users": []}}, "refused", Trouble.WRONG_SHAPE),
    ({"kind": "shape", "body": [{"id": 10**20, "fullname": "x"}]}, "refused", Trouble.WRONG_SHAPE),
    ({"kind": "redirect"}, "refused", Trouble.REDIRECT),
    ({"kind": "invalidtoken"}, "refused", "invalidtoken"),
    ({"kind": "http", "status": 429, "retry_after": 5}, "unavailable", Trouble.TOO_MANY_CALLS),
]


@pytest.mark.parametrize(("fault", "state", "code"), BROKEN, ids=lambda value: str(value)[:40])
def test_broken_answers_mark_the_run_and_change_nothing(
    moodle: Moodle, fault: dict[str, Any], state: str, code: str
) -> None:
    moodle.follow()
    command("sync", "--inline")
    before = content()
    moodle.world.faults.add(**fault)
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("sync", "--inline", "--json", stdout=out, stderr=err)
    line = json.loads(out.getvalue())
    assert (line["state"], line["error_code"]) == (state, code)
    assert str(BY_CODE[code].who) in line["error"]
    assert caught.value.returncode == 1
    assert SyncRun.objects.latest("pk").state == state
    assert content() == before
    assert TOKEN not in f"{out.getvalue()}{err.getvalue()}{caught.value}"


def test_an_unreadable_token(moodle: Moodle, settings: Settings) -> None:
    moodle.follow()
    settings.TOKEN_KEYS = ["b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q="]
    for name, args in (("list_courses", ()), ("follow", (2,))):
        assert says(failing(name, moodle.site.name, *args), Trouble.TOKEN_UNREADABLE, VIGIE_ADMIN)
    assert failing("sync", "--inline").returncode == 1


def test_a_new_token_takes_over_from_a_refused_one() -> None:
    world = contract_world("5.1")
    with running(world) as server:
        add_site(server.url)
        command("follow", "Moodle", 2)
        del world.tokens[rec.SERVICE]
        assert failing("sync", "--inline").returncode == 1
        add_site(server.url, rec.TUTOR, "--service", "mobile")
        (line,) = lines("sync", "--inline")
    assert (line["state"], line["fetched"]) == ("ok", 150)
    assert Course.objects.get().connection == Connection.objects.get(moodle_user_id=4)


def test_a_server_that_knows_the_recorded_requests_only() -> None:
    """The optional calls go without answer there: the people are read all the same."""
    world = small_world()
    only = {"core_webservice_get_site_info", "core_course_get_courses", "core_enrol_get_enrolled_users"}
    with running(world) as server:
        add_site(server.url, TOKEN)
        command("follow", "Moodle", 2)
        for function in set(world.services["suivi"].functions) - only:
            world.faults.add("http", function=function, status=501)
        (line,) = lines("sync", "--inline")
    assert (line["state"], line["fetched"], line["created"]) == ("partial", 12, 12)


# As a process: the exit code, and not one line of traceback


@pytest.mark.django_db(transaction=True)
def test_a_process_fails_in_words(process: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    with replaying("5.1") as replay:
        args = ["add_site", "Moodle", replay.url, "--token-env", "VIGIE_TEST_TOKEN"]
        wrong = process(*args, VIGIE_TEST_TOKEN=rec.UNKNOWN)
        right = process(*args, "--json", VIGIE_TEST_TOKEN=rec.SERVICE)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "invalidtoken" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert len(wrong.stderr.strip().splitlines()) == 1
    assert (right.returncode, right.stderr) == (0, "")
    assert json.loads(right.stdout)["courses"] == 6
    assert rec.UNKNOWN not in wrong.stderr
    assert rec.SERVICE not in right.stdout


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        given = database.settings_dict
        url = f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
        return subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", *args],
            cwd=django_settings.BASE_DIR,
            env={**os.environ, **environment, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
