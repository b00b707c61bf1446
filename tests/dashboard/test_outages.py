"""Mail to administrators: after three hours of failing, at the recovery, once a day each, whoever looks."""

from datetime import datetime, timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from accounts.models import Role, User
from dashboard import outages
from dashboard.models import SiteNotice
from moodle_sync.enums import RunState
from moodle_sync.models import Course, SyncRun
from tests.factories import EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MORNING = datetime(2026, 3, 10, 6, tzinfo=timezone.get_current_timezone())


def ran(course: Course, at: datetime, state: RunState, code: str = "") -> None:
    SyncRun.objects.create(course=course, state=state, error_code=code, started_at=at, finished_at=at)


def down(course: Course, at: datetime, code: str = "sitemaintenance") -> None:
    ran(course, at, RunState.UNAVAILABLE, code)


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


@pytest.fixture(autouse=True)
def somebody_to_tell(administrator: User) -> User:
    return administrator


def test_after_three_hours_and_at_the_recovery(course: Course) -> None:
    ran(course, MORNING, RunState.OK)
    for hours in (1, 2, 3):
        down(course, MORNING + hours * HOUR)
    assert outages.watch(MORNING + 3.9 * HOUR) == 0
    assert outages.watch(MORNING + 4 * HOUR) == 1
    assert outages.watch(MORNING + 9 * HOUR) == 0, "once"
    ran(course, MORNING + 10 * HOUR, RunState.OK)
    assert outages.watch(MORNING + 10 * HOUR) == 1
    assert outages.watch(MORNING + 11 * HOUR) == 0
    assert subjects() == [
        f"{course.site} ne répond plus à Vigie depuis trois heures",
        f"{course.site} répond de nouveau à Vigie",
    ]


def test_a_passing_failure_is_no_news(course: Course) -> None:
    down(course, MORNING)
    ran(course, MORNING + 2 * HOUR, RunState.PARTIAL)
    down(course, MORNING + 2.5 * HOUR)
    assert outages.watch(MORNING + 5 * HOUR) == 0
    assert not SiteNotice.objects.exists()


@pytest.mark.parametrize(
    ("state", "code"),
    [(RunState.HELD, ""), (RunState.INTERRUPTED, ""), (RunState.REFUSED, "nopermissions")],
)
def test_what_says_nothing_against_the_site(course: Course, state: RunState, code: str) -> None:
    ran(course, MORNING, state, code)
    assert outages.watch(MORNING + 5 * HOUR) == 0


def test_a_flapping_site_is_told_once_a_day_each(course: Course) -> None:
    for start in (0, 5, 10):
        down(course, MORNING + start * HOUR)
        outages.watch(MORNING + (start + 3) * HOUR)
        ran(course, MORNING + (start + 4) * HOUR, RunState.OK)
        outages.watch(MORNING + (start + 4) * HOUR)
    assert len(subjects()) == 2
    down(course, MORNING + 15 * HOUR)
    outages.watch(MORNING + 17.9 * HOUR)
    assert len(subjects()) == 2
    outages.watch(MORNING + 20 * HOUR)
    assert len(subjects()) == 3, "the next day it is told: it still fails"


def test_several_who_look_send_one(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    down(course, MORNING)
    outages.watch(MORNING + 3 * HOUR)
    [notice] = SiteNotice.objects.all()
    assert outages.send(notice, MORNING + 3 * HOUR) == 0
    assert len(mail.outbox) == 1


def test_a_mail_that_was_not_taken_is_sent_later(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(self: EmailBackend, messages: object) -> int:
        raise SMTPServerDisconnected

    down(course, MORNING)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", lost)
        assert outages.watch(MORNING + 3 * HOUR) == 0
    assert outages.watch(MORNING + 3.1 * HOUR) == 1
    assert SiteNotice.objects.get().sent_at is not None


def test_what_the_mail_says(course: Course, somebody_to_tell: User, coordinator: User) -> None:
    """Cause, who can act, next try and a link; no person; administrators do not see one another's address."""
    other = UserFactory(email="alan@example.org", role=Role.ADMINISTRATOR)
    UserFactory(email="gone@example.org", role=Role.ADMINISTRATOR, is_active=False)
    enrolment = EnrolmentFactory(course=course)
    down(course, MORNING)
    outages.watch(MORNING + 3 * HOUR)
    [message] = mail.outbox
    assert sorted(message.recipients()) == sorted([somebody_to_tell.email, other.email])
    assert message.to == []
    assert "Moodle est en maintenance" in message.body
    assert "Prochain essai" in message.body
    assert f"/sessions/?site={course.site_id}" in message.body
    for secret in (enrolment.participant.last_name, enrolment.participant.email, coordinator.email):
        assert secret not in message.body
