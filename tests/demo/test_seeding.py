"""The demo's first morning: real commands against the two simulated sites."""

import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from dashboard.enums import Kind, State
from dashboard.models import Contact, FollowUp
from dashboard.scope import visible_enrolments
from demo import story
from demo.moodle import running
from demo.moodle.worlds import NORD, OUEST
from moodle_sync.models import Connection, Course, Enrolment, Site

pytestmark = pytest.mark.django_db(transaction=True)


def seed(**urls: str) -> list[str]:
    out = StringIO()
    sites = [word for name, url in urls.items() for word in ("--site", f"{name}={url}")]
    call_command("seed_demo", *sites, "--born", str(int(time.time())), stdout=out)
    return out.getvalue().splitlines()


def test_the_demo_begins_with_people_work_and_a_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_DEMO_PASSWORD", "demo-password-1")
    born = int(time.time())
    with running(OUEST.build(born=born)) as ouest, running(NORD.build(born=born)) as nord:
        logins = seed(ouest=ouest.url, nord=nord.url)
        assert [line.split()[0] for line in logins] == [
            "tutor",
            "tutor",
            "coordinator",
            "administrator",
            "observer",
        ]
        assert Course.objects.filter(synced_at=None).count() == 0
        assert all(connection.capability for connection in Connection.objects.all()), "what each token gets is told"
        tutors = list(User.objects.filter(role="tutor"))
        seen = [set(visible_enrolments(tutor).values_list("pk", flat=True)) for tutor in tutors]
        assert all(50 < len(people) < Enrolment.objects.count() for people in seen)
        assert seen[0] != seen[1]
        assert Contact.objects.filter(kind=Kind.CALL).count() > 10
        states = set(FollowUp.objects.values_list("state", flat=True))
        assert {State.TODO, State.CALLBACK, State.CONTACTED, State.BLOCKED, State.CLOSED_IN} <= states
        contacts = Contact.objects.count()
        moved = running(OUEST.build(born=born))
        with moved as ouest_again:
            assert seed(ouest=ouest_again.url, nord=nord.url) == logins
        assert Contact.objects.count() == contacts
        assert Site.objects.count() == 2
        assert Site.objects.get(name="Académie Ouest").url == ouest_again.url


def test_a_site_it_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_DEMO_PASSWORD", "demo-password-1")
    with pytest.raises(CommandError, match="ouest, nord"):
        seed(sud="http://127.0.0.1:1")


def test_the_simulated_moodle_hears_of_a_contact() -> None:
    with running(OUEST.build(born=int(time.time())), control_token="secret") as server:
        course = server.world.courses[2]
        absent = next(e for e in course.enrolments.values() if "participant" in e.roles and not e.lastcourseaccess)
        news = {"id": absent.user_id, "course": course.id, "outcome": "connected_live"}
        story.post(f"{server.url}/_control/contacted", "secret", news)
        server.world.catch_up()
        assert absent.lastcourseaccess > 0
