"""Likely causes: from which facts, in which words for whom, and the tutors' answers."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import Cause, Kind, State
from dashboard.hints.likely import Hint, likely_cause
from dashboard.models import Contact, FollowUp, HintAnswer
from dashboard.person.file import open_file
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, ParticipantFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def ago(**delta: float) -> datetime:
    return timezone.now() - timedelta(**delta)


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.fixture
def never(group: Group) -> Enrolment:
    """Never on the platform; the course has been open for ten days."""
    return EnrolmentFactory(
        course=group.course,
        groups=[group],
        last_site_access=EPOCH,
        participant__first_name="Camille",
        participant__last_name="Ferrand",
        participant__email="camille.ferrand@ac-test.example.org",
    )


def hint(user: User, enrolment: Enrolment) -> Hint | None:
    return likely_cause(open_file(user, enrolment.pk))


def cause(user: User, enrolment: Enrolment) -> Cause | None:
    found = hint(user, enrolment)
    return found.cause if found else None


def elsewhere(never: Enrolment, **fields: Any) -> Enrolment:
    """The same person, in a course of another platform."""
    course = CourseFactory(full_name="Session confidentielle", site__name="Plateforme secrète")
    account = ParticipantFactory(site=course.site, person=never.participant.account.person)
    return EnrolmentFactory(**({"course": course, "participant": account, "last_site_access": ago(days=1)} | fields))


def twin(never: Enrolment, **fields: Any) -> Enrolment:
    names = {"participant__first_name": "Camille", "participant__last_name": "Ferrand"}
    course = CourseFactory(site=never.course.site)
    return EnrolmentFactory(**({"course": course, "last_site_access": ago(days=1)} | names | fields))


def test_facts_that_explain_nothing_give_no_hint(tutor: User, never: Enrolment) -> None:
    assert hint(tutor, never) is None


def test_seen_on_another_followed_platform(tutor: User, never: Enrolment) -> None:
    other = elsewhere(never)
    assert cause(tutor, never) == Cause.WRONG_INSTANCE
    Course.objects.filter(pk=other.course.pk).update(followed=False)
    assert hint(tutor, never) is None


def test_seen_there_before_the_opening_only_is_no_sign(tutor: User, never: Enrolment) -> None:
    elsewhere(never, last_site_access=ago(days=30))
    assert hint(tutor, never) is None


def test_evidence_out_of_sight_names_neither_platform_nor_course(tutor: User, never: Enrolment) -> None:
    other = elsewhere(never)
    found = hint(tutor, never)
    assert found is not None
    for secret in ("secrète", "confidentielle"):
        assert secret not in found.evidence
    AssignmentFactory(user=tutor, course=other.course)
    found = hint(tutor, never)
    assert found is not None
    assert "Plateforme secrète" in found.evidence


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"participant__first_name": "C.", "participant__email": "camille.ferrand@autre.example.org"},
    ],
    ids=["same name", "same local part"],
)
def test_another_account_of_the_same_name_or_local_part_is_used(
    tutor: User, never: Enrolment, fields: dict[str, str]
) -> None:
    other = twin(never, **fields)
    found = hint(tutor, never)
    assert found is not None
    assert found.cause == Cause.DUPLICATE_ACCOUNT
    assert other.participant.email not in found.evidence
    AssignmentFactory(user=tutor, course=other.course)
    found = hint(tutor, never)
    assert found is not None
    assert other.participant.email in found.evidence


@pytest.mark.parametrize(
    "fields",
    [
        {"last_site_access": EPOCH},
        {"last_site_access": ago(days=30)},
        {"participant__first_name": "Camil"},
        {"participant__first_name": "C.", "participant__email": "xcamille.ferrand@ac-test.example.org"},
    ],
)
def test_another_account_that_is_unused_or_unlike_is_no_sign(
    tutor: User, never: Enrolment, fields: dict[str, Any]
) -> None:
    twin(never, **fields)
    assert hint(tutor, never) is None


def test_a_namesake_on_another_platform_is_no_sign(tutor: User, never: Enrolment) -> None:
    twin(never, course=CourseFactory())
    assert hint(tutor, never) is None


def test_a_short_local_part_is_many_peoples(tutor: User, never: Enrolment) -> None:
    never.participant.email = "info@ac-test.example.org"
    never.participant.save()
    twin(never, participant__first_name="Info", participant__email="info@autre.example.org")
    assert hint(tutor, never) is None


def test_a_hidden_course_explains_all(tutor: User, never: Enrolment) -> None:
    elsewhere(never)
    Course.objects.filter(pk=never.course.pk).update(visible=False)
    assert cause(tutor, never) == Cause.SESSION_HIDDEN


def test_on_the_platform_since_the_opening_but_not_in_the_course(tutor: User, never: Enrolment) -> None:
    Enrolment.objects.filter(pk=never.pk).update(last_site_access=ago(days=2))
    assert cause(tutor, never) == Cause.UNAWARE_STARTED
    Enrolment.objects.filter(pk=never.pk).update(last_site_access=ago(days=20))
    assert hint(tutor, never) is None


@pytest.mark.parametrize(
    "change",
    [
        {"last_course_access": timezone.now()},
        {"last_course_access": None, "last_site_access": ago(days=2)},
        {"standing": "suspended"},
    ],
)
def test_who_came_in_or_is_unknown_or_gone_needs_no_hint(tutor: User, never: Enrolment, change: dict[str, Any]) -> None:
    elsewhere(never)
    Enrolment.objects.filter(pk=never.pk).update(**change)
    assert hint(tutor, never) is None


def test_not_before_the_course_opens_nor_once_a_cause_is_known(tutor: User, never: Enrolment) -> None:
    elsewhere(never)
    FollowUp.objects.filter(enrolment=never).update(cause=Cause.NO_TIME)
    assert hint(tutor, never) is None
    FollowUp.objects.filter(enrolment=never).update(cause="")
    Course.objects.filter(pk=never.course.pk).update(start_date=timezone.now() + timedelta(days=1))
    assert hint(tutor, never) is None


# Answers


def answer(client: Client, enrolment: Enrolment, agreed: str, **data: object) -> int:
    data = {"cause": "wrong_instance", "version": 0, "agreed": agreed, **data}
    return client.post(reverse("dashboard:answer-hint", args=[enrolment.pk]), data, headers=HTMX).status_code


def panel(client: Client, enrolment: Enrolment) -> html.HtmlElement:
    return html.fromstring(client.get(reverse("dashboard:person", args=[enrolment.pk])).content.decode())


def test_agreed_in_one_click_and_undone(claire: Client, never: Enrolment) -> None:
    elsewhere(never)
    assert panel(claire, never).xpath("//*[@id='panel-hint']")
    assert answer(claire, never, "1") == 200
    follow_up = FollowUp.objects.get(enrolment=never)
    assert (follow_up.cause, follow_up.state) == (Cause.WRONG_INSTANCE, State.TODO)
    assert follow_up.due_at is not None
    entry = Contact.objects.get(kind=Kind.CAUSE)
    assert not panel(claire, never).xpath("//*[@id='panel-hint']")
    claire.post(reverse("dashboard:undo", args=[entry.act]), headers=HTMX)
    assert FollowUp.objects.get(enrolment=never).cause == ""
    assert panel(claire, never).xpath("//*[@id='panel-hint']")


def test_no_puts_it_aside_and_can_be_taken_back(claire: Client, never: Enrolment) -> None:
    elsewhere(never)
    assert answer(claire, never, "0") == 200
    assert not panel(claire, never).xpath("//*[@id='panel-hint']")
    assert not Contact.objects.exists()
    assert answer(claire, never, "") == 200
    assert panel(claire, never).xpath("//*[@id='panel-hint']")


def test_an_answer_to_what_no_longer_holds_writes_nothing(claire: Client, never: Enrolment) -> None:
    assert answer(claire, never, "1") == 422
    elsewhere(never)
    assert answer(claire, never, "1", cause="duplicate_account") == 422
    assert answer(claire, never, "1", version=7) == 422
    assert not HintAnswer.objects.exists()
    assert not Contact.objects.exists()


def test_coordinators_see_how_often_tutors_agreed_from_five_answers_on(
    client: Client, coordinator: User, other_coordinator: User, tutor: User, group: Group
) -> None:
    people = EnrolmentFactory.create_batch(9, course=group.course, groups=[group])
    for n, enrolment in enumerate(people[:5]):
        HintAnswer.objects.create(follow_up=enrolment.follow_up, cause=Cause.WRONG_INSTANCE, agreed=n < 4, by=tutor)
    for enrolment in people[5:]:
        HintAnswer.objects.create(follow_up=enrolment.follow_up, cause=Cause.SESSION_HIDDEN, agreed=True, by=tutor)
    client.force_login(coordinator)
    page = html.fromstring(client.get(reverse("dashboard:hint-figures")).content.decode())
    rows = {row.xpath("td")[0].text: [cell.text for cell in row.xpath("td")[1:]] for row in page.xpath("//tbody/tr")}
    told = rows[str(Cause.WRONG_INSTANCE.label)]
    assert told[:2] == ["5", "4"]
    assert "80" in told[2]
    assert len(rows[str(Cause.SESSION_HIDDEN.label)]) == 1, "too few to be told"
    client.force_login(other_coordinator)
    assert not html.fromstring(client.get(reverse("dashboard:hint-figures")).content.decode()).xpath("//tbody/tr")


@pytest.mark.parametrize(
    ("chosen", "agreed"), [(Cause.UNAWARE_STARTED, True), (Cause.CREDENTIALS, False), (Cause.UNKNOWN, None), ("", None)]
)
def test_the_cause_that_a_caller_chooses_answers_the_hint_until_undone(
    claire: Client, tutor: User, never: Enrolment, chosen: str, agreed: bool | None
) -> None:
    Enrolment.objects.filter(pk=never.pk).update(last_site_access=ago(days=2))
    told = {"outcome": "voicemail", "cause": chosen, f"version_{never.pk}": never.follow_up.version}
    assert claire.post(reverse("dashboard:call", args=[never.pk]), told).status_code == 302
    counted = HintAnswer.objects.filter(contact__undone_by=None)
    expected = [] if agreed is None else [(Cause.UNAWARE_STARTED, agreed)]
    assert list(counted.values_list("cause", "agreed")) == expected
    act = Contact.objects.get(kind=Kind.CALL).act
    assert claire.post(reverse("dashboard:undo", args=[act])).status_code == 302
    assert not counted.exists()
    assert panel(claire, never).xpath("//button[@name='agreed' and @value='1']"), "asked again"
