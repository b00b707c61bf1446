"""Laws of a reminder sent by hand: to whom, once, and taken back as one."""

from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html
from pytest_django import DjangoAssertNumQueries

from accounts.links import public_url
from accounts.models import User
from dashboard.enums import Channel, Kind, State
from dashboard.follow_up import acts, moves, system
from dashboard.follow_up.reminding import Obstacle, obstacles, remind
from dashboard.follow_up.rules import DEFAULT_STEPS
from dashboard.models import Contact, ContactDetail, FollowUp, MessageTemplate, PersonAccount
from dashboard.plan import wording
from dashboard.queue.lists import Desk
from dashboard.queue.messages import Message, compose, mailto, posted_versions, usual_template
from dashboard.queue.reminders import addresses, due_reminders, recipients
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment, Participant
from tests.dashboard.queue.conftest import MakePerson
from tests.dashboard.roster.conftest import parsed
from tests.factories import CourseFactory, EnrolmentFactory


@pytest.fixture
def due(person: MakePerson) -> MakePerson:
    def make(**fields: object) -> Enrolment:
        return person(next_channel=Channel.EMAIL, **fields)

    return make


def url(course: Course) -> str:
    return reverse("dashboard:remind-course", args=[course.pk])


def posted(page: html.HtmlElement) -> str:
    [people] = page.xpath("//input[@name='people']/@value")
    return str(people)


def states(*enrolments: Enrolment) -> list[str]:
    found = dict(FollowUp.objects.filter(enrolment__in=enrolments).values_list("enrolment", "state"))
    return [found[one.pk] for one in enrolments]


def write_to(enrolment: Enrolment, by: User, *, ago: timedelta, kind: Kind = Kind.EMAIL) -> Contact:
    entry = moves.record(FollowUp.objects.get(enrolment=enrolment), kind=kind, author=by)
    Contact.objects.filter(pk=entry.pk).update(created_at=timezone.now() - ago)
    still_due = {"next_channel": Channel.EMAIL, "next_at": timezone.now()}  # by a plan that asks for more than it may
    FollowUp.objects.filter(enrolment=enrolment).update(**still_due)
    return entry


def test_all_are_reminded_by_one_act_and_taken_back_by_one(claire: Client, course: Course, due: MakePerson) -> None:
    people = [due() for _ in range(3)]
    response = claire.post(url(course), {"people": posted(parsed(claire, url(course)))}, follow=True)
    assert states(*people) == [State.REMINDED] * 3
    assert set(FollowUp.objects.values_list("due_at__date", flat=True)) == {
        timezone.localdate() + timedelta(days=3) - timedelta(days=1)
    } or all(FollowUp.objects.filter(due_at__gt=timezone.now() + timedelta(days=2)).values_list("pk", flat=True))
    assert Contact.objects.filter(kind=Kind.EMAIL).values("act").distinct().count() == 1
    page = html.document_fromstring(response.content.decode())
    [undo] = page.xpath("//*[@id='toasts']//form/@action")
    claire.post(undo)
    assert states(*people) == [State.TODO] * 3
    assert len(recipients(Desk(people_tutor(people), timezone.now()), course)) == 3


def test_many_are_reminded_and_taken_back_by_as_many_statements_as_few(
    tutor: User, due: MakePerson, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (2, 8):
        people = [due().pk for _ in range(number)]
        with django_assert_max_num_queries(35):
            act = remind(people, dict.fromkeys(people, 0), by=tutor).act
        assert act
        touched = FollowUp.objects.filter(enrolment__in=people)
        assert touched.filter(state=State.REMINDED, version=1, assignee=tutor).count() == number
        assert not touched.exclude(last_contact__act=act).exists()
        with django_assert_max_num_queries(24):
            moves.undo(act, by=tutor, among=touched.values_list("pk", flat=True))
        assert touched.filter(state=State.TODO, version=2, assignee=None).count() == number


def people_tutor(people: list[Enrolment]) -> User:
    return User.objects.get(assignments__group__in=people[0].groups.all())


def test_who_was_moved_meanwhile_is_left_out_and_said(
    claire: Client, course: Course, due: MakePerson, other_tutor: User
) -> None:
    untouched, called, entered, left = (due() for _ in range(4))
    people = posted(parsed(claire, url(course)))
    acts.mark_contacted(called.follow_up, by=other_tutor, version=0)
    Enrolment.objects.filter(pk=entered.pk).update(last_course_access=timezone.now())
    system.close_entered(course)
    Enrolment.objects.filter(pk=left.pk).update(standing="left", left_at=timezone.now())
    response = claire.post(url(course), {"people": people}, follow=True)
    assert states(untouched, called, entered, left) == ["reminded", "contacted", "closed_in", "todo"]
    told = " ".join(
        html.document_fromstring(response.content.decode()).get_element_by_id("toasts").text_content().split()
    )
    assert "1 personne notée comme relancée" in told
    assert "3 ont été laissées de côté" in told


def test_a_message_sent_meanwhile_for_another_course_holds_this_one_back(
    claire: Client, tutor: User, course: Course, due: MakePerson
) -> None:
    one = due()
    people = posted(parsed(claire, url(course)))
    elsewhere = EnrolmentFactory(course=CourseFactory(), participant=same_person(one))
    write_to(elsewhere, tutor, ago=timedelta())
    claire.post(url(course), {"people": people})
    assert states(one) == [State.TODO]


def same_person(enrolment: Enrolment) -> Participant:
    """Another account, on another site."""
    other: Participant = EnrolmentFactory().participant
    person = enrolment.participant.account.person
    PersonAccount.objects.filter(participant=other).update(person=person)
    return other


HOURS = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "elsewhere", "ago", "obstacle"),
    [
        (Kind.EMAIL, False, 71 * HOURS, Obstacle.RECENT),
        (Kind.MESSAGE, False, 71 * HOURS, Obstacle.RECENT),
        (Kind.EMAIL, False, 73 * HOURS, ""),
        (Kind.EMAIL, True, 23 * HOURS, Obstacle.TODAY),
        (Kind.EMAIL, True, 25 * HOURS, ""),
        (Kind.NOTE, False, HOURS, ""),
    ],
)
def test_nobody_is_written_to_twice_within_the_cooldown(
    tutor: User, course: Course, due: MakePerson, kind: Kind, elsewhere: bool, ago: timedelta, obstacle: str
) -> None:
    one = due()
    written = EnrolmentFactory(course=CourseFactory(), participant=same_person(one)) if elsewhere else one
    write_to(written, tutor, ago=ago, kind=kind)
    [found] = due_reminders(Desk(tutor, timezone.now()), course)
    assert obstacles([found.pk], timezone.now()) == {one.pk: obstacle}


def test_an_undone_message_was_not_sent(tutor: User, course: Course, due: MakePerson) -> None:
    one = due()
    entry = moves.record(one.follow_up, kind=Kind.EMAIL, author=tutor)
    moves.undo(entry.act, by=tutor, among=[one.follow_up.pk])
    [found] = recipients(Desk(tutor, timezone.now()), course)
    assert found.obstacle == ""


def test_without_an_address_nothing_is_sent_but_a_typed_one_will_do(
    tutor: User, course: Course, due: MakePerson
) -> None:
    without, typed, gone = (due(participant__email="") for _ in range(3))
    for enrolment, removed in ((typed, None), (gone, timezone.now())):
        ContactDetail.objects.create(
            person=enrolment.participant.account.person, kind="email", value="perso@example.org",
            search_key="perso@example.org", added_by=tutor, removed_at=removed,
        )  # fmt: skip
    found = {r.row.record.pk: (r.obstacle, r.address) for r in recipients(Desk(tutor, timezone.now()), course)}
    assert found == {
        without.pk: (Obstacle.ADDRESS, ""),
        typed.pk: ("", "perso@example.org"),
        gone.pk: (Obstacle.ADDRESS, ""),
    }


def test_who_came_in_is_left_out_before_any_sync_said_so(tutor: User, course: Course, due: MakePerson) -> None:
    due(last_course_access=timezone.now(), follow_up__entry_known=False)
    due(last_course_access=EPOCH)
    found = recipients(Desk(tutor, timezone.now()), course)
    assert sorted(r.obstacle for r in found) == ["", Obstacle.CAME]


def test_each_address_once_and_one_message_to_a_person_with_two_accounts(
    tutor: User, course: Course, due: MakePerson
) -> None:
    first = due(participant__email="a.b@example.org")
    due(participant__email="A.B@example.org")
    due(participant__email="c.d@example.org")
    second_account = due(participant__email="a.b2@example.org")
    person = first.participant.account.person
    PersonAccount.objects.filter(participant=second_account.participant).update(person=person)
    found = recipients(Desk(tutor, timezone.now()), course)
    assert len(addresses(found)) == 2


def test_a_strangers_people_cannot_be_noted_as_reminded(
    client: Client, other_tutor: User, claire: Client, course: Course, due: MakePerson
) -> None:
    theirs = due(groups=[other_tutor.assignments.get().group])
    mine = due()
    claire.post(url(course), {"people": f"{mine.pk}:0 {theirs.pk}:0"})
    assert states(mine, theirs) == [State.REMINDED, State.TODO]


@pytest.mark.parametrize("people", ["", "x", "1", "1:x", "1:0;drop", "-1:0", "9" * 30 + ":0"])
def test_a_strange_form_changes_nothing(claire: Client, course: Course, due: MakePerson, people: str) -> None:
    due()
    assert claire.post(url(course), {"people": people}).status_code == 400
    assert not Contact.objects.exists()


def test_nobody_left_leads_back_with_a_word(claire: Client, course: Course, person: MakePerson) -> None:
    person()
    response = claire.get(url(course), follow=True)
    assert response.redirect_chain == [("/a-faire/", 302)]
    assert str(course) in html.document_fromstring(response.content.decode()).get_element_by_id("toasts").text_content()


def test_variables_are_filled_and_names_are_left_out(tutor: User, course: Course) -> None:
    template = MessageTemplate(subject="{session}", body="Bonjour {prénom} {nom},\n{adresse}\n{tuteur}")
    message = compose(course, tutor, template)
    assert message.subject == str(course)
    assert message.left == ["prénom", "nom"]
    address = f"{course.site.url}/course/view.php?id={course.moodle_id}"
    assert message.body == wording.with_notice(f"Bonjour,\n{address}\nClaire Dumont")


def test_each_step_has_its_words(tutor: User, course: Course) -> None:
    first, second, _call = DEFAULT_STEPS
    shipped = [usual_template(course, step) for step in (first, second, None)]
    assert [template.name for template in shipped] == ["Première relance", "Deuxième relance", "Première relance"]
    own = MessageTemplate.objects.create(site=course.site, name="La nôtre", subject="s", body="b")
    assert usual_template(course, second._replace(template_id=own.pk)) == own
    for template in shipped:
        assert "{" not in "".join([compose(course, tutor, template).subject, compose(course, tutor, template).body])


def test_a_mail_program_gets_all_or_nothing() -> None:
    message = Message("Objet & suite", "Bonjour,\n« à » 100 %")
    found = mailto(message, ["a+b@example.org", "c@example.org"])
    query = parse_qs(urlsplit(found).query)
    assert query["subject"] == ["Objet & suite"]
    assert query["body"] == ["Bonjour,\r\n« à » 100 %"]
    assert unquote(found.split("bcc=")[1].split("&")[0]) == "a+b@example.org,c@example.org"
    assert mailto(message, [f"personne{n}@example.org" for n in range(200)]) == ""
    assert mailto(message, []) == ""


def test_posted_versions() -> None:
    assert posted_versions("12:3 15:0") == {12: 3, 15: 0}


@pytest.mark.parametrize("name", [None, *wording.SHIPPED])
def test_each_message_leads_to_the_notice_once(tutor: User, course: Course, name: str | None) -> None:
    if name:
        wording.available(course.site)
    template = MessageTemplate.objects.filter(name=name).first() or MessageTemplate(subject="S", body="Bonjour")
    body = compose(course, tutor, template).body
    address = public_url(reverse("dashboard:privacy"))
    assert body.count(address) == 1
    again = MessageTemplate(subject="S", body=f"Voir {address}.")
    assert compose(course, tutor, again).body.count(address) == 1
