"""What is about a platform is told in the platform's time zone, whatever zone the reader's server is in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from lxml import html

from accounts.models import User
from dashboard.follow_up import acts
from dashboard.models import Contact, FollowUp
from dashboard.templatetags.vigie import exact_time
from moodle_sync.enums import RunState
from moodle_sync.models import Connection, Course, Enrolment, SyncRun
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, SiteFactory

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
THERE, HERE = "samedi 21 novembre 2026 à 01:30 (UTC+4)", "vendredi 20 novembre 2026 à 22:30"


@pytest.fixture
def reunion() -> Course:
    course = CourseFactory(site=SiteFactory(time_zone="Indian/Reunion"), synced_at=MOMENT)
    Connection.objects.update(checked_at=MOMENT, refused_at=MOMENT)
    SyncRun.objects.create(course=course, state=RunState.REFUSED, queued_at=MOMENT, finished_at=MOMENT)
    return course


@pytest.fixture
def enrolment(reunion: Course, tutor: User) -> Enrolment:
    AssignmentFactory(user=tutor, course=reunion)
    enrolment = EnrolmentFactory(course=reunion, last_course_access=MOMENT, last_site_access=MOMENT)
    acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
    Contact.objects.update(created_at=MOMENT)
    return enrolment


def shown(client: Client, user: User, name: str, *args: int) -> str:
    client.force_login(user)
    return client.get(reverse(f"dashboard:{name}", args=args), headers={"Accept-Language": "fr"}).content.decode()


@pytest.mark.parametrize(("name", "times"), [("roster", 2), ("person", 4)])
def test_accesses_and_contacts(client: Client, tutor: User, enrolment: Enrolment, name: str, times: int) -> None:
    page = html.fromstring(shown(client, tutor, name, *([enrolment.pk] if name == "person" else [])))
    # Above a list of several platforms the hour of the oldest read is the reader's.
    told = page.xpath("//tr[@data-row]//time/@title" if name == "roster" else "//time/@title")
    assert told == [THERE] * times


def test_a_callback_is_agreed_at_their_hour(client: Client, tutor: User, enrolment: Enrolment) -> None:
    there = enrolment.course.site.zone
    due = (timezone.now().astimezone(there) + timedelta(days=3)).replace(hour=1, minute=30, second=0, microsecond=0)
    typed = {"outcome": "callback", "when": "date", "date": due.strftime("%Y-%m-%dT%H:%M"), "version": 1}
    call = reverse("dashboard:call", args=[enrolment.pk])
    form = html.fromstring(shown(client, tutor, "call", enrolment.pk)).xpath("//form[@id='call-form']")[0]
    assert form.xpath("string(//label[@for='call-date'])").endswith("(UTC+4)")
    assert client.post(call, dict(form.form_values()) | typed).status_code == 302
    assert FollowUp.objects.get().due_at == due
    [row] = html.fromstring(shown(client, tutor, "roster")).xpath("//tr[@data-row]")
    assert "01:30 (UTC+4)" in row.text_content()
    assert f"{due:%d/%m/%Y}, 01:30 (UTC+4)" in shown(client, tutor, "person", enrolment.pk)


@pytest.mark.parametrize("name", ["course", "reads", "site"])
def test_reads_and_tokens(client: Client, administrator: User, reunion: Course, name: str) -> None:
    ids = {"course": [reunion.pk], "reads": [], "site": [reunion.site_id]}
    page = shown(client, administrator, name, *ids[name])
    assert f'title="{THERE}"' in page
    assert HERE not in page


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Paris", HERE),
        ("Europe/Brussels", HERE),
        ("Indian/Reunion", THERE),
        ("America/Cayenne", "vendredi 20 novembre 2026 à 18:30 (UTC−3)"),
        ("Asia/Kolkata", "samedi 21 novembre 2026 à 03:00 (UTC+5:30)"),
    ],
)
def test_the_distance_is_said_where_the_hour_differs(zone: str, words: str) -> None:
    with translation.override("fr"):
        assert exact_time(MOMENT, ZoneInfo(zone)) == words
