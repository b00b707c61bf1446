"""Several tokens on one platform: which reads which course, chosen by hand, and when one of them goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from config.celery import app
from demo.moodle import running
from demo.moodle.world import User as MoodleUser
from moodle_sync import runs, sync
from moodle_sync.client import MoodleClient
from moodle_sync.enums import RunState, Service
from moodle_sync.errors import Trouble
from moodle_sync.explain import explain
from moodle_sync.models import AutoFollow, Connection, Course, Enrolment, Participant, SyncRun
from tests.factories import ConnectionFactory
from tests.moodle_sync.moodle import TOKEN, Moodle, connect, small_world

pytestmark = pytest.mark.django_db
TUTOR = "FAKETUTOROFTWO000000000000000000"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def moodle(db: None) -> Iterator[Moodle]:
    """Three courses; a tutor of two of them has a token of the mobile service."""
    world = small_world(courses=3)
    tutor = world.add_user(MoodleUser(9, "tuteur9", "Dominique", "Tuteur", "tuteur9@ac-test.example.org"))
    for number in (2, 3):
        world.enrol(world.courses[number], tutor, "tuteur")
    world.add_token(TUTOR, tutor, "moodle_mobile_app")
    with running(world) as server:
        yield connect(server)


@pytest.fixture
def second(moodle: Moodle) -> Connection:
    return ConnectionFactory(site=moodle.site, token=TUTOR, moodle_user_id=9, service=Service.MOBILE)


@pytest.fixture
def courses(moodle: Moodle) -> list[Course]:
    return [moodle.follow(number) for number in (2, 3, 4)]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(app, "send_task", lambda name, args, **options: found.extend(args))
    return found


@pytest.fixture
def ada(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


def hand(client: Client, moodle: Moodle, courses: list[Course], to: Connection) -> str:
    data = {"course": [course.pk for course in courses], "connection": to.pk}
    response = client.post(reverse("dashboard:hand-courses", args=[moodle.site.pk]), data, headers=ENGLISH, follow=True)
    return " ".join(str(message) for message in response.context["messages"])


def readers() -> dict[int | None, Connection | None]:
    return {course.moodle_id: course.connection for course in Course.objects.select_related("connection")}


def remove(client: Client, connection: Connection, **data: Any) -> str:
    url = reverse("dashboard:remove-connection", args=[connection.pk])
    response = client.post(url, data, headers=ENGLISH, follow=True)
    return " ".join(str(message) for message in response.context["messages"])


# By hand


def test_courses_are_handed_to_a_token_that_lists_them_and_read_at_once(
    ada: Client,
    moodle: Moodle,
    courses: list[Course],
    second: Connection,
    sent: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    for course in courses:
        moodle.read(course)
    people = Participant.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        said = hand(ada, moodle, [courses[0], courses[2]], second)
    assert readers() == {2: second, 3: moodle.connection, 4: moodle.connection}
    assert "1 course is read by this token now" in said
    assert "1 course stays as it was, for this token does not list it: Session 4." in said
    run = SyncRun.objects.active().get()
    assert (run.course, sent) == (courses[0], [run.pk])
    assert runs.claim(run) is runs.Claim.GOT
    sync.perform(run)
    assert (run.state, run.created, run.left) == (RunState.OK, 0, 0), "the same people, seen by somebody else"
    assert Participant.objects.count() == people


def test_all_of_them_at_once(ada: Client, moodle: Moodle, courses: list[Course], second: Connection) -> None:
    ada.post(reverse("dashboard:hand-courses", args=[moodle.site.pk]), {"all": "1", "connection": second.pk})
    assert readers() == {2: second, 3: second, 4: moodle.connection}


def test_the_page_offers_it_to_administrators_where_there_is_a_choice(
    ada: Client, moodle: Moodle, courses: list[Course]
) -> None:
    def offered() -> tuple[int, list[str]]:
        page = html.fromstring(ada.get(reverse("dashboard:site", args=[moodle.site.pk]), headers=ENGLISH).content)
        options = page.xpath("//select[@name='connection']/option[@value!='']")
        return len(page.xpath("//input[@name='course']")), [" ".join(o.text_content().split()) for o in options]

    assert offered() == (0, []), "with one token there is nothing to choose"
    ConnectionFactory(site=moodle.site, token=TUTOR, moodle_user_id=9, service=Service.MOBILE)
    assert offered() == (
        3, ["dedicated service, Moodle account no. 2", "official mobile service, Moodle account no. 9"]
    )  # fmt: skip


@pytest.mark.parametrize("wrong", ["nothing ticked", "another platform's token", "another platform's course"])
def test_what_was_not_offered_changes_nothing(
    ada: Client, moodle: Moodle, courses: list[Course], second: Connection, wrong: str
) -> None:
    elsewhere = ConnectionFactory()
    foreign = Course.objects.create(site=elsewhere.site, connection=elsewhere, moodle_id=2, full_name="Ailleurs")
    chosen = {"nothing ticked": [], "another platform's course": [courses[0], foreign]}.get(wrong, courses)
    said = hand(ada, moodle, chosen, elsewhere if wrong == "another platform's token" else second)
    assert "Tick the courses" in said
    assert set(readers().values()) == {moodle.connection, elsewhere}
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("fault", ["invalidtoken", "sitemaintenance"])
def test_a_token_that_cannot_be_asked_gets_nothing(
    ada: Client, moodle: Moodle, courses: list[Course], second: Connection, fault: str
) -> None:
    moodle.world.faults.add(fault)
    assert "Nothing was changed." in hand(ada, moodle, courses, second)
    assert set(readers().values()) == {moodle.connection}


def test_a_token_revoked_while_its_course_is_handed_over_is_the_one_refused(
    moodle: Moodle, courses: list[Course], second: Connection
) -> None:
    def handed(link: Connection) -> MoodleClient:
        Course.objects.filter(moodle_id=2).update(connection=second)
        return sync.client_for(link)

    moodle.world.faults.add("invalidtoken", function="core_enrol_get_enrolled_users")
    run, _is_new = runs.create_run(courses[0])
    assert runs.claim(run) is runs.Claim.GOT
    sync.perform(run, client_factory=handed)
    assert (run.state, run.error_code) == (RunState.INTERRUPTED, Trouble.HANDED_OVER)
    assert explain(run) is not None
    assert run.next_try_at is not None
    assert run.next_try_at < timezone.now() + timedelta(minutes=2), "the new token need not wait for hours"
    refused = {link.pk: link.refused_at is not None for link in Connection.objects.all()}
    assert refused == {moodle.connection.pk: True, second.pk: False}


# When a token goes


def test_the_courses_of_a_removed_token_go_to_one_that_lists_them(
    ada: Client, moodle: Moodle, courses: list[Course], second: Connection
) -> None:
    for course in courses:
        moodle.read(course)
    people = Enrolment.objects.count()
    AutoFollow.objects.create(connection=moodle.connection, pattern="S*")
    said = remove(ada, moodle.connection)
    assert readers() == {2: second, 3: second, 4: None}
    assert AutoFollow.objects.get().connection == second
    assert "1 rule now chooses among the courses of the token of Moodle account no. 9." in said
    assert "1 course waits for another one that lists it" in said
    assert Enrolment.objects.count() == people
    page = ada.get(reverse("dashboard:site", args=[moodle.site.pk]), headers=ENGLISH).content.decode()
    assert "1 followed course has no token to read it" in page
    assert not Course.objects.filter(connection=second, next_sync_at__gt=timezone.now()).exists(), "read at once"


@pytest.mark.parametrize("asked", ["named", "forget", "another platform's token"])
def test_the_rules_of_a_removed_token_go_where_its_remover_says(
    ada: Client, moodle: Moodle, second: Connection, asked: str
) -> None:
    elsewhere = ConnectionFactory()
    refused = ConnectionFactory(site=moodle.site, moodle_user_id=8, refused_at=timezone.now())
    AutoFollow.objects.create(connection=moodle.connection, pattern="S*")
    AutoFollow.objects.create(connection=second, pattern="S*")
    AutoFollow.objects.create(connection=moodle.connection, category_id=2)
    page = html.fromstring(ada.get(reverse("dashboard:site", args=[moodle.site.pk]), headers=ENGLISH).content)
    offered = page.xpath(f"//form[contains(@action, '/{moodle.connection.pk}/')]//select[@name='rules']/option/@value")
    assert set(offered) == {str(second.pk), str(refused.pk), "forget"}
    given = {"named": refused.pk, "another platform's token": elsewhere.pk}.get(asked, asked)
    said = remove(ada, moodle.connection, rules=given)
    assert ("2 rules went with it." in said) is (asked == "forget")
    left = set(AutoFollow.objects.values_list("connection", "category_id", "pattern"))
    if asked == "named":
        assert left == {(second.pk, None, "S*"), (refused.pk, None, "S*"), (refused.pk, 2, "")}
    elif asked == "forget":
        assert left == {(second.pk, None, "S*")}
    else:
        assert left == {(second.pk, None, "S*"), (second.pk, 2, "")}, "the likeliest; a rule that it has stays one"


def test_a_refused_token_inherits_nothing(
    ada: Client, moodle: Moodle, courses: list[Course], second: Connection
) -> None:
    del moodle.world.tokens[TUTOR]
    remove(ada, moodle.connection)
    assert set(readers().values()) == {None}


def test_on_a_platform_that_does_not_answer_the_other_token_tries(
    ada: Client, moodle: Moodle, courses: list[Course], second: Connection
) -> None:
    moodle.world.faults.add("sitemaintenance")
    remove(ada, moodle.connection)
    assert set(readers().values()) == {second}, "its reads will tell what it sees"


def test_a_replaced_token_hands_on_what_its_successor_does_not_list(
    ada: Client, moodle: Moodle, courses: list[Course]
) -> None:
    other = moodle.world.add_user(MoodleUser(8, "svc8", "Service", "Autre", "svc8@service.example.org"))
    other.capabilities = moodle.world.users[2].capabilities
    third = "FAKETHIRDSERVICE0000000000000000"
    moodle.world.add_token(third, other, "suivi")
    spare = ConnectionFactory(site=moodle.site, token=third, moodle_user_id=8)
    AutoFollow.objects.create(connection=moodle.connection, pattern="S*")
    ada.post(reverse("dashboard:new-token", args=[moodle.connection.pk]))
    given: Any = {"way": "token", "token": TUTOR, "service": "mobile"}
    assert ada.post(reverse("dashboard:connect-token"), given).status_code == 302
    new = Connection.objects.get(moodle_user_id=9)
    assert readers() == {2: new, 3: new, 4: spare}
    assert AutoFollow.objects.get().connection == new
    assert not Connection.objects.filter(pk=moodle.connection.pk).exists()
    assert TOKEN in moodle.world.tokens, "Moodle is left to revoke it"
