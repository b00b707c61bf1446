"""Connecting a platform in the browser: the steps, the ways in, and that no secret stays anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from lxml import html
from pytest_django import Settings

from accounts.models import Assignment, User
from dashboard.models import AuditEntry
from demo.moodle import MoodleServer, running
from moodle_sync import auto_follow, runs, sync
from moodle_sync.capability import Capability
from moodle_sync.enums import Service
from moodle_sync.models import AutoFollow, Connection, Course, Enrolment, Participant, Site, SyncRun
from tests.contract import recordings as rec
from tests.contract.simulated import PASSWORD, contract_world
from tests.factories import UserFactory
from tests.moodle_sync.wire import answering, http

pytestmark = pytest.mark.django_db
SECRETS = [PASSWORD, rec.SERVICE, rec.TUTOR]


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def server() -> Iterator[MoodleServer]:
    with running(contract_world("5.1")) as running_server:
        yield running_server


@pytest.fixture(autouse=True)
def no_secret_anywhere(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level("DEBUG")
    yield
    kept = everything()
    for secret in SECRETS:
        assert secret not in caplog.text
        assert secret not in kept


def everything() -> str:
    """Every row of every table of ours, and every key of the cache."""
    found = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def logged_in(user: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def typed(client: Client, url: str, **more: str) -> Any:
    return client.post(reverse("dashboard:connect-site"), {"url": url, **more})


def give(client: Client, **fields: str) -> Any:
    return client.post(reverse("dashboard:connect-token"), fields)


def connected(client: Client, server: MoodleServer, token: str = rec.SERVICE, service: str = "dedicated") -> Connection:
    assert typed(client, server.url).status_code == 302
    response = give(client, way="token", token=token, service=service)
    assert response.status_code == 302, response.content.decode()
    return Connection.objects.latest("pk")


def read_all() -> None:
    for course in Course.objects.followed():
        run = SyncRun.objects.active().filter(course=course).first() or runs.create_run(course)[0]
        assert runs.claim(run) is runs.Claim.GOT
        sync.perform(run)


# The ways in


def test_a_dedicated_token_from_address_to_courses(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    connection = connected(client, server)
    assert (connection.owner, connection.service, connection.token) == (administrator, "dedicated", rec.SERVICE)
    assert Capability.from_dict(connection.capability or {}).is_usable
    assert AuditEntry.objects.get().action == AuditEntry.Action.CONNECTED
    assert "connecting" not in client.session
    page = client.get(reverse("dashboard:connection", args=[connection.pk])).content.decode()
    assert "showuseridentity" in page, "the request is on the page, ready to copy"

    choose = reverse("dashboard:choose-courses", args=[connection.pk])
    tree = html.fromstring(client.get(choose).content)
    assert set(tree.xpath("//input[@name='course']/@value")) == {"2", "3", "4", "7"}
    response = client.post(choose, {"course": ["2", "3"]})
    assert response["Location"] == reverse("dashboard:site", args=[connection.site_id])
    followed = Course.objects.followed()
    assert set(followed.values_list("moodle_id", flat=True)) == {2, 3}
    assert set(SyncRun.objects.active().values_list("course__moodle_id", flat=True)) == {2, 3}


def test_one_s_own_login_is_exchanged_once(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    assert typed(client, server.url).status_code == 302
    response = give(client, way="login", username="tuteur1", password=PASSWORD)
    connection = Connection.objects.get()
    assert response["Location"] == reverse("dashboard:connection", args=[connection.pk])
    assert (connection.service, connection.moodle_user_id, connection.token) == (Service.MOBILE, 4, rec.TUTOR)
    assert PASSWORD not in str(dict(client.session))


@pytest.mark.parametrize("name", ["token_wrong_password", "token_mobile_disabled", "token_webservices_disabled"])
def test_a_refused_login_is_explained_and_kept_nowhere(administrator: User, server: MoodleServer, name: str) -> None:
    client = logged_in(administrator)
    typed(client, server.url)
    body = rec.load("5.1", f"login/{name}")["response"]["body"]
    with answering(http(str(body).replace("'", '"').replace("None", "null").encode())) as refusing:
        session = client.session
        session["connecting"] = {"url": refusing.url, "name": "", "replaces": None}
        session.save()
        response = give(client, way="login", username="claire", password=PASSWORD)
    page = response.content.decode()
    assert response.status_code == 200
    assert html.fromstring(page).xpath("//*[@role='alert']")
    assert PASSWORD not in page
    assert "/user/managetoken.php" in page, "the way out for those who log in through a portal"
    assert not Connection.objects.exists()
    assert not Site.objects.exists()


def test_a_wrong_token_is_not_shown_again(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    typed(client, server.url)
    response = give(client, way="token", token=rec.UNKNOWN, service="dedicated")
    assert response.status_code == 200
    assert rec.UNKNOWN not in response.content.decode()
    assert not Connection.objects.exists()


def test_a_redirecting_address_gets_no_token(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    moved = http(b"", status="301 Moved Permanently", Location=f"{server.url}/webservice/rest/server.php")
    with answering(moved) as old:
        response = typed(client, old.url)
        tree = html.fromstring(response.content)
        assert response.status_code == 200
        assert tree.xpath(f"//input[@type='hidden'][@name='url'][@value='{server.url}']")
        assert give(client, way="token", token=rec.SERVICE, service="dedicated").status_code == 302, "no draft"
        assert rec.SERVICE.encode() not in b"".join(old.received)


@pytest.mark.parametrize("url", ["", "ftp://x", "https://", "http://127.0.0.1:9", "https://u:p@moodle.example.org"])
def test_bad_addresses_keep_what_was_typed(administrator: User, url: str) -> None:
    response = typed(logged_in(administrator), url)
    assert response.status_code == 200
    assert html.fromstring(response.content).xpath("//input[@name='url']")[0].get("value", "") == url


def test_private_addresses_are_refused_in_production(
    administrator: User, server: MoodleServer, settings: Settings
) -> None:
    settings.PRIVATE_SITES = []
    response = typed(logged_in(administrator), server.url)
    assert response.status_code == 200
    assert "VIGIE_PRIVATE_SITES" in response.content.decode()
    assert server.world.account.as_dict()["calls"] == {}


def test_tries_are_counted(administrator: User) -> None:
    client = logged_in(administrator)
    for _ in range(21):
        response = typed(client, "http://127.0.0.1:9")
    assert "ten minutes" in response.content.decode()


def test_without_a_scheme_both_are_tried(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    assert typed(client, server.url.removeprefix("http://")).status_code == 302
    assert server.url in client.get(reverse("dashboard:connect-token")).content.decode()
    assert typed(client, server.url.replace("http://", "https://")).status_code == 200, "nobody asked for http"


def test_nothing_answers(administrator: User) -> None:
    """Nobody tries again by itself what is not connected yet."""
    page = typed(logged_in(administrator), "http://127.0.0.1:9").content.decode()
    assert "Nothing answers at this address." in page
    assert "tries again by itself" not in page


# Several tokens on one platform


def test_several_connections_never_double_the_people(administrator: User, server: MoodleServer) -> None:
    """Law: whichever tokens read which courses, one account of Moodle is one participant."""
    client = logged_in(administrator)
    service = connected(client, server)
    tutor = connected(client, server, rec.TUTOR, "mobile")
    assert service.site_id == tutor.site_id
    told = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(told) == [AuditEntry.Action.CONNECTED, AuditEntry.Action.ADDED]
    client.post(reverse("dashboard:choose-courses", args=[service.pk]), {"course": ["2"]})
    client.post(reverse("dashboard:choose-courses", args=[tutor.pk]), {"course": ["2", "3"]})
    read_all()
    assert Course.objects.count() == 2
    assert Course.objects.get(moodle_id=2).connection == service, "who reads a course is not changed by asking again"
    ids = list(Participant.objects.values_list("moodle_id", flat=True))
    assert len(ids) == len(set(ids))
    both = Enrolment.objects.filter(participant__moodle_id=7).values_list("course__moodle_id", flat=True)
    assert list(both.order_by("course__moodle_id")) == [2, 3]
    assert Participant.objects.filter(moodle_id=7).count() == 1


def test_replacing_a_token_by_another_account_s(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    old = connected(client, server, rec.TUTOR, "mobile")
    client.post(reverse("dashboard:choose-courses", args=[old.pk]), {"course": ["2"]})
    AutoFollow.objects.create(connection=old, pattern="2026-*")
    client.post(reverse("dashboard:new-token", args=[old.pk]))
    assert give(client, way="token", token=rec.SERVICE, service="dedicated").status_code == 302
    new = Connection.objects.get()
    assert (new.pk != old.pk, Course.objects.get().connection, AutoFollow.objects.get().connection) == (True, new, new)
    assert AuditEntry.objects.filter(action=AuditEntry.Action.REPLACED, site=new.site, user=administrator).exists()


def test_removing_a_token_deletes_nobody(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    first, second = connected(client, server), connected(client, server, rec.TUTOR, "mobile")
    client.post(reverse("dashboard:choose-courses", args=[second.pk]), {"course": ["3"]})
    read_all()
    people = Participant.objects.count()
    assert people
    client.post(reverse("dashboard:remove-connection", args=[second.pk]))
    assert Course.objects.get().connection == first
    client.post(reverse("dashboard:remove-connection", args=[first.pk]))
    assert Course.objects.get().connection is None
    assert Participant.objects.count() == people
    page = client.get(reverse("dashboard:site", args=[first.site_id]))
    assert page.status_code == 200
    assert b"no token" in page.content


# Choosing and rules


def test_all_that_match_are_followed_and_no_other(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    connection = connected(client, server)
    url = reverse("dashboard:choose-courses", args=[connection.pk])
    client.post(url, {"all": "1", "q": "2026", "phase": "current", "category": ""})
    assert set(Course.objects.values_list("moodle_id", flat=True)) == {2, 7}
    tree = html.fromstring(client.get(url).content)
    assert set(tree.xpath("//input[@name='course']/@value")) == {"3", "4"}, "those followed are marked, not offered"
    ended = html.fromstring(client.get(url, {"phase": "ended"}).content)
    assert ended.xpath("//input[@name='course']/@value") == ["3"]


def test_a_rule_previews_applies_at_once_and_every_day(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    connection = connected(client, server)
    url = reverse("dashboard:choose-courses", args=[connection.pk])
    preview = client.get(url, {"preview": "1", "pattern": "2026-*", "category": ""}).content.decode()
    assert "Évaluer les compétences" in html.fromstring(preview).xpath("string(//section[@id='rules'])")
    assert not Course.objects.exists(), "a preview follows nothing"

    client.post(reverse("dashboard:add-rule", args=[connection.pk]), {"pattern": "2026-*", "category": ""})
    assert set(Course.objects.followed().values_list("moodle_id", flat=True)) == {2, 7}, "3 has ended"
    Course.objects.filter(moodle_id=7).update(followed=False)
    server.world.courses[4].shortname = "2026-NEW"
    assert auto_follow.apply_all() == 1
    assert auto_follow.apply_all() == 0
    followed = set(Course.objects.followed().values_list("moodle_id", flat=True))
    assert followed == {2, 4}, "what somebody stopped following stays stopped"


@pytest.mark.parametrize("pattern", ["", "*", " ** "])
def test_a_rule_leaves_something_out(administrator: User, server: MoodleServer, pattern: str) -> None:
    client = logged_in(administrator)
    connection = connected(client, server)
    url = reverse("dashboard:add-rule", args=[connection.pk])
    assert client.post(url, {"pattern": pattern, "category": ""}).status_code == 200
    assert not AutoFollow.objects.exists()


def test_a_star_is_the_only_special_character(administrator: User, server: MoodleServer) -> None:
    client = logged_in(administrator)
    connection = connected(client, server)
    server.world.courses[2].shortname = "[2026] SVT?"
    with sync.client_for(connection) as moodle:
        listed = moodle.courses()
    rule = AutoFollow(connection=connection, pattern="[2026] svt?")
    assert [course.moodle_id for course in auto_follow.matching(rule, listed)] == [2]
    assert not auto_follow.matching(AutoFollow(connection=connection, pattern="[2026] SV??"), listed)


# Tutors, where the setting allows


@pytest.fixture
def here(settings: Settings) -> None:
    settings.TUTOR_SITES = ["127.0.0.*"]


def test_a_tutor_follows_their_own_courses_and_meets_their_own_groups(
    tutor: User, server: MoodleServer, here: None
) -> None:
    Assignment.objects.all().delete()
    Course.objects.all().delete()
    client = logged_in(tutor)
    assert typed(client, server.url, name="Renamed").status_code == 302
    give(client, way="login", username="tuteur1", password=PASSWORD)
    connection = Connection.objects.get(owner=tutor)
    url = reverse("dashboard:choose-courses", args=[connection.pk])
    assert set(html.fromstring(client.get(url).content).xpath("//input[@name='course']/@value")) == {"2", "3"}
    client.post(url, {"course": ["2", "3", "4", "7"]})
    assert set(Course.objects.values_list("moodle_id", flat=True)) == {2, 3}, "nobody else's, whatever is posted"
    read_all()
    from dashboard.follow_up.assign import follow_moodle_roles

    for course in Course.objects.all():
        follow_moodle_roles(course)
    groups = tutor.assignments.current().filter(course__moodle_id=2).values_list("group__name", flat=True)
    assert set(groups) == {"Groupe 01", "Groupe 02"}, "whose account it is, the token proves: addresses differ"


def test_a_tutor_takes_over_no_course_that_is_followed(
    administrator: User, tutor: User, server: MoodleServer, here: None
) -> None:
    service = connected(logged_in(administrator), server)
    logged_in(administrator).post(reverse("dashboard:choose-courses", args=[service.pk]), {"course": ["2"]})
    client = logged_in(tutor)
    own = connected(client, server, rec.TUTOR, "mobile")
    client.post(reverse("dashboard:choose-courses", args=[own.pk]), {"course": ["2", "3"]})
    assert Course.objects.get(moodle_id=2, site=own.site).connection == service
    assert Course.objects.get(moodle_id=3, site=own.site).connection == own
    for name in ("connection", "choose-courses"):
        assert client.get(reverse(f"dashboard:{name}", args=[service.pk])).status_code == 404
    for name in ("test-connection", "new-token", "remove-connection", "add-rule"):
        assert client.post(reverse(f"dashboard:{name}", args=[service.pk])).status_code == 404
    assert client.post(reverse("dashboard:add-rule", args=[own.pk]), {"pattern": "2026-*"}).status_code == 404
    assert service.token not in client.get(reverse("dashboard:site", args=[own.site_id])).content.decode()


def test_a_tutor_connects_only_hosts_that_are_named(tutor: User, server: MoodleServer, settings: Settings) -> None:
    settings.TUTOR_SITES = ["*.education.example.org"]
    client = logged_in(tutor)
    assert typed(client, server.url).status_code == 200
    assert server.world.account.as_dict()["calls"] == {}, "a refused address is not even asked"
    settings.TUTOR_SITES = []
    assert client.get(reverse("dashboard:connect-site")).status_code == 403


def test_others_never_connect(coordinator: User, observer: User, here: None) -> None:
    for user in (coordinator, observer, UserFactory(role="observer")):
        assert logged_in(user).get(reverse("dashboard:sites")).status_code == 403
