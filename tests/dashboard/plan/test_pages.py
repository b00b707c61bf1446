"""The plan's screens: who sees, who changes, and what a change does to people."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, Scope, User
from dashboard import tasks
from dashboard.enums import Channel, State
from dashboard.follow_up.rules import DEFAULT_STEPS, Step
from dashboard.models import FollowUp, MessageTemplate, Plan, WorkingDays
from dashboard.plan import wording
from dashboard.plan.schedule import schedule_of
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def somebody(group: Group) -> Enrolment:
    """Of Claire's, who has come: a tutor sees the courses in which they have people."""
    return EnrolmentFactory(course=group.course, groups=[group], last_course_access=timezone.now(), **CLOSED)


CLOSED = {"follow_up__state": State.CLOSED_IN, "follow_up__due_at": None}


def posted(*steps: tuple[object, ...], **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"steps-TOTAL_FORMS": len(steps), "steps-INITIAL_FORMS": 0, **more}
    for n, (day, channel, *rest) in enumerate(steps):
        data |= {f"steps-{n}-day": day, f"steps-{n}-channel": channel}
        if rest:
            data[f"steps-{n}-template"] = rest[0]
    return data


def text(response: Any) -> str:
    return str(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def plan_of(course: Course) -> str:
    return reverse("dashboard:plan", args=[course.pk])


def test_a_tutor_sees_the_plan_of_their_course_and_changes_nothing(tutor: User, course: Course) -> None:
    page = text(logged_in(tutor).get(plan_of(course)))
    assert "J+4, e-mail" in page
    assert "J+11, appel" in page
    assert "Enregistrer le plan" not in page
    assert logged_in(tutor).post(plan_of(course), posted((2, "call"))).status_code == 404
    assert not Plan.objects.exists()


def test_a_coordinator_gives_a_course_a_plan_of_its_own(coordinator: User, course: Course) -> None:
    """Steps in any order, a line left empty; at once everybody's next step is the new plan's."""
    enrolment = EnrolmentFactory(course=course)
    assert enrolment.follow_up.next_channel == Channel.EMAIL
    answer = logged_in(coordinator).post(plan_of(course), posted((15, "email"), (2, "call"), ("", "email")))
    assert answer.status_code == 302
    assert schedule_of(course).steps == (Step(2, Channel.CALL), Step(15, Channel.EMAIL))
    assert Plan.objects.get().changed_by == coordinator
    assert FollowUp.objects.get(enrolment=enrolment).next_channel == Channel.CALL
    page = text(logged_in(coordinator).get(plan_of(course)))
    assert "J+2, appel" in page
    assert "1 personne, à traiter maintenant" in page


def test_a_shorter_plan_makes_those_who_wait_due_at_once(coordinator: User) -> None:
    opened = timezone.now() - timedelta(days=2)
    course = CourseFactory(start_date=opened, visible_since=opened)
    WorkingDays.objects.create(site=course.site, country="", weekdays=list(range(7)))
    waiting = EnrolmentFactory(course=course, follow_up__state=State.WAITING, follow_up__due_at=None)
    logged_in(coordinator).post(plan_of(course), posted((1, "call")))
    assert FollowUp.objects.get(enrolment=waiting).state == State.TODO


def test_taking_a_step_out_and_following_the_platform_again(coordinator: User, course: Course) -> None:
    client = logged_in(coordinator)
    client.post(plan_of(course), posted((2, "call"), (3, "email"), **{"steps-0-DELETE": "on"}))
    assert schedule_of(course).steps == (Step(3, Channel.EMAIL),)
    client.post(reverse("dashboard:reset-plan", args=[course.pk]))
    assert schedule_of(course).steps == DEFAULT_STEPS


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([(4, "email"), (4, "call")], "Deux étapes tombent le même jour"),
        ([(-1, "email")], "supérieure ou égale à 0"),
        ([(400, "email")], "inférieure ou égale à 365"),
        ([(4, "pigeon")], "pigeon"),
    ],
)
def test_an_impossible_plan_is_refused_in_words(
    coordinator: User, course: Course, steps: list[tuple[object, ...]], words: str
) -> None:
    answer = logged_in(coordinator).post(plan_of(course), posted(*steps))
    assert answer.status_code == 422
    assert words in text(answer)
    assert not Plan.objects.exists()


def test_each_step_s_day_is_said_for_this_course(tutor: User, course: Course) -> None:
    """«J+4 → lundi 30 novembre», with the working days of its site."""
    from django.utils import formats, translation

    with translation.override("fr"):
        days = [formats.date_format(one.at.date(), "l j F") for one in schedule_of(course).dated(course.opened_at)]
    page = text(logged_in(tutor).get(plan_of(course)))
    assert all(day in page for day in days)


def test_the_course_page_shows_the_plan(tutor: User, coordinator: User, course: Course) -> None:
    url = reverse("dashboard:course", args=[course.pk])
    assert "Voir le plan" in text(logged_in(tutor).get(url))
    assert "Modifier le plan" in text(logged_in(coordinator).get(url))


def test_counts_of_a_tutor_are_of_their_own_people(tutor: User, coordinator: User, course: Course) -> None:
    group = tutor.assignments.get().group
    EnrolmentFactory(course=course, groups=[group])
    EnrolmentFactory.create_batch(2, course=course)
    assert "1 personne, à traiter maintenant" in text(logged_in(tutor).get(plan_of(course)))
    assert "3 personnes, à traiter maintenant" in text(logged_in(coordinator).get(plan_of(course)))


def test_the_site_s_default_is_followed_by_courses_without_a_plan(coordinator: User, course: Course) -> None:
    own = CourseFactory(site=course.site)
    Plan.objects.create(course=own).steps.create(day=30, channel=Channel.CALL)
    one, other = EnrolmentFactory(course=course), EnrolmentFactory(course=own)
    url = reverse("dashboard:site-plan", args=[course.site_id])
    answer = logged_in(coordinator).post(url, posted((1, "call"), reopen_dormant="on"))
    assert answer.status_code == 302
    tasks.replan_site(course.site_id)
    assert FollowUp.objects.get(enrolment=one).next_channel == Channel.CALL
    assert schedule_of(course).reopen_dormant
    later = FollowUp.objects.get(enrolment=other).next_at
    assert later is not None
    assert later > timezone.now()
    assert "1 session le suit" in text(logged_in(coordinator).get(url))
    logged_in(coordinator).post(reverse("dashboard:reset-site-plan", args=[course.site_id]))
    assert schedule_of(course).steps == DEFAULT_STEPS


def test_who_oversees_a_category_does_not_change_the_site_s_plan(course: Course) -> None:
    user = UserFactory(role=Role.COORDINATOR)
    Scope.objects.create(user=user, site=course.site, category_id=7)
    Course.objects.update(category_id=7)
    assert logged_in(user).get(reverse("dashboard:site-plan", args=[course.site_id])).status_code == 404
    assert logged_in(user).post(plan_of(course), posted((1, "call"))).status_code == 302


def test_working_days_and_region(coordinator: User, course: Course) -> None:
    url = reverse("dashboard:working-days", args=[course.site_id])
    client = logged_in(coordinator)
    answer = client.post(url, {"weekdays": ["0", "3"], "country": "FR", "subdivision": "974"})
    assert answer.status_code == 302
    days = WorkingDays.objects.get()
    assert (days.weekdays, days.country, days.subdivision) == ([0, 3], "FR", "974")
    page = text(client.get(plan_of(course)))
    assert "Lundi, jeudi" in page
    assert "La Réunion" in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"country": "FR"}, "Choisissez au moins un jour"),
        ({"weekdays": ["0"], "country": "BE", "subdivision": "974"}, "Cette région est d’un autre pays"),
        ({"weekdays": ["9"]}, "9"),
    ],
)
def test_impossible_days_are_refused_in_words(
    coordinator: User, course: Course, data: dict[str, Any], words: str
) -> None:
    answer = logged_in(coordinator).post(reverse("dashboard:working-days", args=[course.site_id]), data)
    assert answer.status_code == 422
    assert words in text(answer)
    assert not WorkingDays.objects.exists()


# Messages.


def test_two_messages_come_with_vigie_and_a_step_sends_one(coordinator: User, course: Course) -> None:
    first, second = wording.available(course.site)
    assert list(wording.available(course.site)) == [first, second], "put there once"
    for one in (first, second):
        wording.check(one.subject)
        wording.check(one.body)
    logged_in(coordinator).post(plan_of(course), posted((4, "email", first.pk), (8, "call", second.pk)))
    assert schedule_of(course).steps == (Step(4, Channel.EMAIL, first.pk), Step(8, Channel.CALL))
    first.delete()
    assert schedule_of(course).steps[0].template_id is None, "the step stays, and asks"


def test_a_message_of_another_site_is_not_offered(coordinator: User, course: Course) -> None:
    foreign = MessageTemplate.objects.create(site=CourseFactory().site, name="N", subject="S", body="B")
    assert logged_in(coordinator).post(plan_of(course), posted((4, "email", foreign.pk))).status_code == 422


@pytest.mark.parametrize("words", ["Bonjour {prenom}", "{}", "{nom!r}", "{nom:>9}", "{nom.__class__}", "Une { seule"])
def test_a_variable_that_nothing_fills_in_is_refused(coordinator: User, course: Course, words: str) -> None:
    url = reverse("dashboard:add-template", args=[course.site_id])
    answer = logged_in(coordinator).post(url, {"name": "Relance", "subject": "Sujet", "body": words})
    assert answer.status_code == 422
    assert words in text(answer).replace("&gt;", ">"), "what was typed is still there"
    assert not MessageTemplate.objects.filter(name="Relance").exists()
    with pytest.raises(ValidationError):
        wording.check(words)


def test_a_message_is_filled_in_for_each_person(course: Course, tutor: User) -> None:
    enrolment = EnrolmentFactory(course=course, participant__first_name="Zoé", participant__last_name="{nom}")
    values = wording.variables(enrolment, tutor)
    words = "{prénom} {nom}, {session} : {adresse} ({tuteur}) {{sic}}"
    wording.check(words)
    address = f"{course.site.url}/course/view.php?id={course.moodle_id}"
    assert wording.fill(words, values) == f"Zoé {{nom}}, {course.full_name} : {address} (Claire Dumont) {{sic}}"


def test_a_message_is_written_changed_and_deleted(coordinator: User, course: Course) -> None:
    client = logged_in(coordinator)
    added = reverse("dashboard:add-template", args=[course.site_id])
    client.post(added, {"name": "Maison", "subject": "{session}", "body": "Bonjour {prénom}"})
    one = MessageTemplate.objects.get(name="Maison")
    assert one.site == course.site
    again = client.post(added, {"name": "Maison", "subject": "S", "body": "B"})
    assert "Un autre message porte ce nom" in text(again)
    url = reverse("dashboard:template", args=[course.site_id, one.pk])
    client.post(url, {"name": "Maison", "subject": "Autre", "body": "Bonjour {nom}"})
    one.refresh_from_db()
    assert one.subject == "Autre"
    client.post(reverse("dashboard:remove-template", args=[course.site_id, one.pk]))
    assert not MessageTemplate.objects.filter(pk=one.pk).exists()


def test_a_message_of_all_sites_is_not_one_coordinator_s(course: Course) -> None:
    user = UserFactory(role=Role.COORDINATOR)
    Scope.objects.create(user=user, site=course.site)
    [first, _second] = wording.available(course.site)
    url = reverse("dashboard:template", args=[course.site_id, first.pk])
    assert logged_in(user).get(url).status_code == 404
    assert first.name in text(logged_in(user).get(reverse("dashboard:site-plan", args=[course.site_id])))


def test_an_observer_sees_figures_and_no_colleague(observer: User, coordinator: User, course: Course) -> None:
    logged_in(coordinator).post(plan_of(course), posted((2, "call")))
    assert coordinator.short_name in text(logged_in(coordinator).get(plan_of(course)))
    page = text(logged_in(observer).get(plan_of(course)))
    assert "J+2, appel" in page
    assert coordinator.first_name not in page
    assert logged_in(observer).post(plan_of(course), posted((3, "call"))).status_code == 404
