"""Why this person, why now: one line, in French, that says what was tried."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from accounts.models import User
from dashboard.enums import Kind, Outcome, State
from dashboard.models import Contact, FollowUp, Person
from dashboard.plan import tried
from dashboard.plan.recompute import recompute
from dashboard.plan.why import NextAction, why
from moodle_sync.models import Course, Enrolment
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Europe/Paris"))
OPENED = NOW - timedelta(days=11)


@pytest.fixture(name="running")
def running_course(monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return CourseFactory(start_date=OPENED, visible_since=OPENED, first_synced_at=OPENED)


def told(enrolment: Enrolment) -> NextAction:
    recompute(enrolment.course, NOW)
    row = Enrolment.objects.with_access(now=NOW).select_related("course__site", "participant__account__person")
    with translation.override("fr"):
        return why(row.get(pk=enrolment.pk), NOW)


def said(what: NextAction) -> str:
    return what.sentence.replace("\N{NO-BREAK SPACE}", " ")


def wrote(enrolment: Enrolment, days_ago: int, kind: Kind = Kind.EMAIL, outcome: str = "") -> Contact:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    follow_up.version += 1
    follow_up.last_contact = Contact.objects.create(
        follow_up=follow_up,
        author=UserFactory(),
        kind=kind,
        outcome=outcome,
        version=follow_up.version,
        created_at=NOW - timedelta(days=days_ago),
    )
    follow_up.save()
    return follow_up.last_contact


def test_never_entered_and_reminded_once(running: Course) -> None:
    enrolment = EnrolmentFactory(course=running)
    wrote(enrolment, 7)
    assert said(told(enrolment)) == ("Jamais entré, session ouverte depuis 11 j, relance du 16/11 sans effet : appeler")
    assert told(enrolment).text == "Appeler aujourd’hui"
    assert told(enrolment).reason == "1\N{NO-BREAK SPACE}relance sans effet"


def test_what_was_tried_is_dated_or_counted(running: Course) -> None:
    enrolment = EnrolmentFactory(course=running)
    wrote(enrolment, 7)
    wrote(enrolment, 3)
    assert "relances du 16/11 et du 20/11 sans effet" in said(told(enrolment))
    wrote(enrolment, 2)
    assert "3 relances sans effet" in said(told(enrolment))
    wrote(enrolment, 1, Kind.CALL, Outcome.NO_ANSWER)
    wrote(enrolment, 0, Kind.CALL, Outcome.VOICEMAIL)
    assert "3 relances sans effet, 2 appels sans réponse" in said(told(enrolment))
    assert told(enrolment).text == "Appeler aujourd’hui"


def test_what_was_undone_or_worked_was_not_tried_in_vain(running: Course, tutor: User) -> None:
    enrolment = EnrolmentFactory(course=running)
    undone = wrote(enrolment, 5)
    entry = wrote(enrolment, 4, Kind.UNDO)
    Contact.objects.filter(pk=entry.pk).update(undoes=undone)
    assert "relance" not in said(told(enrolment))
    dormant = EnrolmentFactory(course=running, last_course_access=NOW - timedelta(days=20))
    wrote(dormant, 25)
    assert said(told(dormant)).startswith("N’est plus venu, session ouverte depuis 11 j")
    assert "relance" not in said(told(dormant))


def test_a_call_that_reached_somebody_begins_the_count_again(running: Course) -> None:
    enrolment = EnrolmentFactory(course=running)
    for outcome in (Outcome.NO_ANSWER, Outcome.WILL_CONNECT, Outcome.NO_ANSWER):
        wrote(enrolment, 2, Kind.CALL, outcome)
    assert "1 appel sans réponse" in said(told(enrolment))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"follow_up__step_day": 11},
            "Jamais entré, session ouverte depuis 11 j, plan terminé : rappeler, bloquer ou clore",
        ),
        (
            {"last_course_access": None, "follow_up__state": State.WAITING, "follow_up__due_at": None},
            "Ne pas relancer (Moodle ne dit pas cet accès)",
        ),
        (
            {"follow_up__state": State.CALLBACK, "follow_up__due_at": NOW - timedelta(hours=1)},
            "Jamais entré, rappel convenu pour le 23/11, 09:00 : rappeler",
        ),
        (
            {"follow_up__state": State.CONTACTED, "follow_up__due_at": NOW + timedelta(days=2)},
            "Attendre jusqu’au 25/11",
        ),
    ],
)
def test_other_states_say_theirs(running: Course, fields: dict[str, Any], sentence: str) -> None:
    found = told(EnrolmentFactory(course=running, **fields))
    assert said(found).startswith(sentence), found.sentence


def test_who_wants_no_calls_and_has_no_address(running: Course) -> None:
    enrolment = EnrolmentFactory(course=running, participant__email="")
    Person.objects.update(do_not_call=True)
    found = told(enrolment)
    assert found.text == "Trouver un autre moyen"
    assert "aucune adresse e-mail connue" in found.sentence


def test_a_hidden_course_chases_nobody(running: Course) -> None:
    Course.objects.update(visible=False)
    enrolment = EnrolmentFactory(course=Course.objects.get())
    assert told(enrolment).nothing
    assert told(enrolment).icon == "eye-off"


def test_what_was_tried_is_one_query_for_a_whole_list(running: Course, django_assert_num_queries: Any) -> None:
    for enrolment in EnrolmentFactory.create_batch(5, course=running):
        wrote(enrolment, 3)
    rows = list(
        Enrolment.objects.with_access(now=NOW).select_related(
            "course__site", "follow_up__last_contact", "participant__account__person"
        )
    )
    with django_assert_num_queries(1):
        tried.look_up(rows)
        assert len({why(row, NOW).sentence for row in rows}) == 1
