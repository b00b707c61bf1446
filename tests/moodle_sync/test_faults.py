"""What may break while Moodle is read. Each time: what the user sees, and a good read that repairs everything."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import Settings

from accounts.models import User
from demo.moodle import running
from demo.moodle.big import TOKEN as BIG_TOKEN
from demo.moodle.big import big_world
from demo.moodle.call import Call
from moodle_sync import client, runs, sync, tasks
from moodle_sync.enums import EPOCH, Access, RunState, Standing
from moodle_sync.errors import Trouble
from moodle_sync.explain import explain
from moodle_sync.models import Course, Enrolment, Participant, SyncRun
from tests.moodle_sync.moodle import DAY, FIRST, Moodle, connect, content, rows, somebody
from tests.moodle_sync.test_sync_concurrency import at_once
from tests.moodle_sync.wire import answering, http

pytestmark = pytest.mark.django_db
HUGE = 100 * 2**20
ENROLLED = "core_enrol_get_enrolled_users"


def mirror(moodle: Moodle, course: int = 2) -> None:
    """Vigie knows exactly what Moodle holds: who is there, in which groups, with which stamps."""
    there = moodle.world.courses[course]
    here = Enrolment.objects.filter(course__moodle_id=course, left_at=None, missed_reads=0)
    found = {e.participant.moodle_id: e for e in here.select_related("participant").prefetch_related("groups")}
    assert found.keys() == there.enrolments.keys()
    for user_id, enrolment in found.items():
        assert user_id is not None
        user, enrolled = moodle.world.users[user_id], there.enrolments[user_id]
        assert enrolment.participant.last_name == user.lastname
        assert enrolment.last_course_access is not None
        assert enrolment.last_site_access is not None
        assert int(enrolment.last_course_access.timestamp()) == enrolled.lastcourseaccess
        assert int(enrolment.last_site_access.timestamp()) == user.lastaccess
        assert {g.name for g in enrolment.groups.all()} == {g.name for g in there.groups_of(user_id)}
    assert len(found) == Participant.objects.filter(enrolments__in=here).distinct().count(), "nobody is doubled"


def life_goes_on(moodle: Moodle) -> None:
    """While Vigie could not read: somebody came in, somebody joined, somebody married."""
    there, world = moodle.world.courses[2], moodle.world
    there.enrolments[FIRST + 1].lastcourseaccess = world.users[FIRST + 1].lastaccess = world.now() - 60
    world.users[FIRST + 3].lastname = "Nouveau"
    newcomer = max(world.users) + 1
    world.enrol(there, world.add_user(somebody(world, newcomer)), "participant", groups=list(there.groups.values())[:1])


def next_read(moodle: Moodle, course: Course) -> SyncRun:
    """As the schedule does it: sweep, then a run when it is due."""
    runs.sweep()
    return moodle.read(course, attempt=runs.next_attempt(course))


def shown(client: Client, user: User, course: Course) -> str:
    """The page of the course, as text."""
    client.force_login(user)
    page = client.get(reverse("dashboard:course", args=[course.pk]), headers={"Accept-Language": "en"})
    return " ".join(html.fromstring(page.content).text_content().split())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", (1, 0.3))


FAULTS: list[Any] = [
    pytest.param({"kind": "slow", "seconds": 1.0}, "unavailable", Trouble.TIMEOUT, id="silence"),
    pytest.param({"kind": "dropped"}, "unavailable", Trouble.BROKEN_BODY, id="dropped in the body"),
    pytest.param({"kind": "http", "status": 503, "retry_after": 900}, "unavailable", Trouble.HTTP_5XX, id="503"),
    pytest.param({"kind": "http", "status": 429, "retry_after": 900}, "unavailable", Trouble.TOO_MANY_CALLS, id="429"),
    pytest.param({"kind": "html_login"}, "refused", Trouble.NOT_JSON, id="a login page"),
    pytest.param({"kind": "sitemaintenance"}, "unavailable", "sitemaintenance", id="maintenance"),
    pytest.param({"kind": "cli_maintenance"}, "unavailable", Trouble.HTTP_5XX, id="maintenance page"),
    pytest.param({"kind": "truncated"}, "unavailable", Trouble.BROKEN_BODY, id="truncated JSON"),
    pytest.param({"kind": "shape", "body": [{"id": "?"}]}, "refused", Trouble.WRONG_SHAPE, id="wrong shape"),
    pytest.param({"kind": "invalidtoken"}, "refused", "invalidtoken", id="token revoked"),
]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "state", "code"), FAULTS)
def test_moodle_breaks_in_the_middle(
    moodle: Moodle,
    settings: Settings,
    client: Client,
    administrator: User,
    fault: dict[str, Any],
    state: str,
    code: str,
) -> None:
    """The second page fails: nothing of the first is kept, the page says why, and the next read makes all good."""
    settings.MOODLE_PAGE_SIZE = 5
    course = moodle.follow()
    moodle.read(course)
    before, good_at = content(), Course.objects.get().synced_at
    life_goes_on(moodle)
    moodle.world.faults.add(**fault, function=ENROLLED, after=1)
    run = moodle.read(course)
    assert (run.state, run.error_code) == (state, code)
    assert content() == before
    course.refresh_from_db()
    assert course.synced_at == good_at, "the date of what is shown is that of the last good read"
    page = shown(client, administrator, course)
    words = explain(run)
    assert words is not None
    assert str(words.what) in page
    assert "Next try:" in page
    if fault.get("retry_after"):
        assert run.next_try_at is not None
        assert run.next_try_at >= timezone.now() + timedelta(minutes=14), "Moodle said when to come back"
    moodle.world.faults.clear()
    assert next_read(moodle, course).state == RunState.OK
    mirror(moodle)


def test_an_answer_of_100_mb(moodle: Moodle, client: Client, administrator: User) -> None:
    course = moodle.follow()
    moodle.read(course)
    before = content()
    life_goes_on(moodle)
    own = moodle.site.url
    with answering(http(b"[" + b" " * HUGE)) as wire:
        type(moodle.site).objects.update(url=wire.url)
        run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.UNAVAILABLE, Trouble.TOO_LARGE)
    assert content() == before
    assert "Moodle’s answer was far too large and was dropped." in shown(client, administrator, course)
    type(moodle.site).objects.update(url=own)
    assert next_read(moodle, course).state == RunState.OK
    mirror(moodle)


def test_a_redirect_to_another_host(moodle: Moodle, client: Client, administrator: User) -> None:
    """The token never goes there: nobody is even rung up."""
    course = moodle.follow()
    moodle.read(course)
    life_goes_on(moodle)
    with answering(http(b"[]")) as elsewhere:
        moodle.world.faults.add("redirect", to=f"{elsewhere.url}/login/index.php")
        run = moodle.read(course)
        assert (run.state, run.error_code) == (RunState.REFUSED, Trouble.REDIRECT)
        assert elsewhere.received == []
    assert "The platform’s address leads elsewhere; the token was not sent there." in shown(
        client, administrator, course
    )
    moodle.world.faults.clear()
    assert next_read(moodle, course).state == RunState.OK
    mirror(moodle)


def test_people_move_between_pages(moodle: Moodle, settings: Settings) -> None:
    """Somebody of the first page leaves while the second is asked for: whoever slips through has not left."""
    settings.MOODLE_PAGE_SIZE = 5
    course = moodle.follow()
    moodle.read(course)

    def leave(call: Call) -> None:
        if call.function == ENROLLED and FIRST in moodle.world.courses[2].enrolments and int(next(starts)) == 1:
            moodle.world.unenrol(moodle.world.courses[2], FIRST)

    starts = iter(range(99))
    moodle.world.before_call.append(leave)
    assert moodle.read(course).state == RunState.OK
    moodle.world.before_call.clear()
    assert not Enrolment.objects.filter(standing=Standing.LEFT).exists()
    assert Enrolment.objects.present().count() == 12
    for _ in range(2):
        assert next_read(moodle, course).state == RunState.OK
    mirror(moodle)
    assert Enrolment.objects.get(standing=Standing.LEFT).participant.moodle_id == FIRST


def test_an_empty_course_that_had_people(moodle: Moodle, client: Client, administrator: User) -> None:
    course = moodle.follow()
    moodle.read(course)
    before, there = content(), moodle.world.courses[2]
    kept = dict(there.enrolments)
    there.enrolments.clear()
    run = moodle.read(course)
    assert (run.state, run.error_code) == (RunState.HELD, Trouble.SHRUNK)
    assert content() == before
    assert "Accept the new list" in shown(client, administrator, course)
    there.enrolments.update(kept)
    assert next_read(moodle, course).state == RunState.OK
    mirror(moodle)


def test_an_empty_course_is_accepted_from_its_page(
    moodle: Moodle, client: Client, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "send", lambda run: None)
    course = moodle.follow()
    moodle.read(course)
    moodle.world.courses[2].enrolments.clear()
    assert moodle.read(course).state == RunState.HELD
    assert "0 people now, 12 before." in shown(client, coordinator, course)
    page = html.fromstring(client.get(reverse("dashboard:course", args=[course.pk])).content)
    [answer] = page.xpath("//form[input[@name='accept_shrink']]")
    assert client.post(answer.get("action"), {"accept_shrink": "1"}).status_code == 302
    run = SyncRun.objects.active().get()
    assert runs.claim(run) is runs.Claim.GOT
    sync.perform(run)
    assert "Up to date: shorter list accepted, 12 have left" in shown(client, coordinator, course)
    gone = html.fromstring(client.get(reverse("dashboard:read", args=[run.pk])).content)
    assert len(gone.xpath("//section[@aria-labelledby='brought-left']//li")) == 12, "and who they are"
    mirror(moodle)


# Clocks


@pytest.mark.parametrize("hours", [-1, 1])
def test_an_hour_of_clock_skew(moodle: Moodle, hours: int) -> None:
    """Stamps are kept as our clock would have written them, and an unchanged course stays unchanged."""
    world = moodle.world
    world.clock.ahead = hours * 3600
    came = world.courses[2].enrolments[FIRST + 1]
    course = moodle.follow()
    moodle.read(course)
    came.lastcourseaccess = world.now()
    moodle.read(course)
    enrolment = Enrolment.objects.with_access().get(participant__moodle_id=FIRST + 1)
    assert enrolment.last_course_access is not None
    assert abs(enrolment.last_course_access - timezone.now()) < timedelta(seconds=5)
    assert enrolment.access == Access.ACTIVE
    never = Enrolment.objects.with_access().get(participant__moodle_id=FIRST + 2)
    assert (never.last_course_access, never.access) == (EPOCH, Access.NEVER_PLATFORM), "0 is no time"
    before = rows()
    time.sleep(1.1)
    assert moodle.read(course).updated == 0
    assert rows() == before
    moodle.site.refresh_from_db()
    assert abs(moodle.site.clock_ahead - hours * 3600) < 5


def test_a_clock_put_right(moodle: Moodle) -> None:
    moodle.world.clock.ahead = 3600
    course = moodle.follow()
    moodle.read(course)
    moodle.world.clock.ahead = 0
    moodle.read(course)
    moodle.site.refresh_from_db()
    assert moodle.site.clock_ahead == 0
    mirror(moodle)


def test_a_stamp_from_beyond_tomorrow_is_unknown(moodle: Moodle) -> None:
    """Neither «active» for years nor «never»."""
    moodle.world.courses[2].enrolments[FIRST + 1].lastcourseaccess = moodle.world.now() + 400 * DAY
    moodle.read(moodle.follow())
    enrolment = Enrolment.objects.with_access().get(participant__moodle_id=FIRST + 1)
    assert (enrolment.last_course_access, enrolment.access) == (None, Access.UNKNOWN)


# Large


def test_a_poisoned_profile_in_the_middle_of_20_000(client: Client, administrator: User) -> None:
    with running(big_world(20_000)) as server:
        moodle = connect(server, BIG_TOKEN)
        course = moodle.follow()
        victim = sorted(server.world.courses[2].enrolments)[10_000]
        server.world.faults.add("poison", user=victim)
        run = moodle.read(course)
        assert (run.state, run.people_read, run.skipped_positions) == (RunState.PARTIAL, 19_999, [10_001])
        assert not Participant.objects.filter(moodle_id=victim).exists()
        page = shown(client, administrator, course)
        assert "Some profiles hold characters that Moodle itself refuses to give" in page
        assert re.search(r"10.?001", page), "who can correct it is told where"
        server.world.faults.clear()
        run = next_read(moodle, course)
        assert (run.state, run.people_read, run.created) == (RunState.OK, 20_000, 1)


# Ourselves


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once(two_courses: Moodle, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(runs, "send", lambda run: sent.append(run.pk))
    two_courses.follow(2)
    two_courses.follow(3)
    for _ in range(3):
        at_once(tasks.enqueue_due, tasks.enqueue_due)
    assert sorted(sent) == sorted(SyncRun.objects.values_list("pk", flat=True))
    assert len(sent) == 2


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_look_at_the_facts_once(two_courses: Moodle) -> None:
    two_courses.follow(2)
    at_once(tasks.read_due_facts, tasks.read_due_facts)
    assert two_courses.world.account.calls["core_course_get_courses_by_field"] == 1


@pytest.fixture
def overtaken(moodle: Moodle, transactional_db: None) -> Iterator[tuple[Moodle, Course, Callable[[], SyncRun]]]:
    """A run that hangs in Moodle's first page, whose claim has expired. Call the last one to let it end."""
    course = moodle.follow()
    run, _ = runs.create_run(course)
    assert runs.claim(run) is runs.Claim.GOT
    inside, go_on = threading.Event(), threading.Event()

    def hang(call: Call) -> None:
        if call.function == "core_group_get_course_groups" and not inside.is_set():
            inside.set()
            moodle.world.lock.release()  # others may ask meanwhile
            try:
                assert go_on.wait(20)
            finally:
                moodle.world.lock.acquire()

    moodle.world.before_call.append(hang)
    slow = threading.Thread(target=lambda: at_once(lambda: sync.perform(run)))
    slow.start()
    assert inside.wait(20)
    Course.objects.update(claim_expires_at=timezone.now())

    def end() -> SyncRun:
        go_on.set()
        slow.join(20)
        run.refresh_from_db()
        return run

    yield moodle, course, end
    end()


def test_a_run_that_outlives_its_claim(
    overtaken: tuple[Moodle, Course, Callable[[], SyncRun]], client: Client, administrator: User
) -> None:
    """Another one takes over and reads well; the old one comes back and writes nothing."""
    moodle, course, end = overtaken
    heir = next_read(moodle, course)
    assert (heir.state, heir.created) == (RunState.OK, 12)
    before = rows()
    old = end()
    assert old.state == RunState.INTERRUPTED
    told = "The read was interrupted on Vigie’s side."
    assert told in shown(client, administrator, course), "in the history: the last good read is later"
    assert rows() == before
    assert not old.staged.exists()
    mirror(moodle)
