"""People handed over: one, many, by whom, to whom, told and taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import Role, Scope, User
from dashboard.enums import Kind, State
from dashboard.handover.notices import unseen
from dashboard.models import Contact, FollowUp, Notice
from dashboard.scope import visible_enrolments
from moodle_sync.models import Enrolment, Group
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
VERSION = {"version": 0}


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.fixture
def people(group: Group) -> list[Enrolment]:
    return [EnrolmentFactory(course=group.course, groups=[group]) for _n in range(3)]


def tick(enrolment: Enrolment) -> str:
    """As the page has it."""
    return f"{enrolment.pk}:{FollowUp.objects.get(enrolment=enrolment).version}"


def hand(client: Client, people: list[Enrolment], to: User, reason: str = "congé", **query: Any) -> Any:
    data = {"people": list(map(tick, people)), "to": to.pk, "reason": reason}
    return client.post(reverse("dashboard:handover", query=query), data)


def act_of(kind: Kind) -> str:
    return str(Contact.objects.filter(kind=kind).order_by("pk")[0].act)


def test_many_at_once_are_seen_by_the_receiver_who_is_told(
    claire: Client, tutor: User, other_tutor: User, people: list[Enrolment]
) -> None:
    assert not visible_enrolments(other_tutor).filter(pk__in=[e.pk for e in people]).exists()
    assert hand(claire, people[:2], other_tutor).status_code == 302
    assert set(visible_enrolments(other_tutor)) >= set(people[:2])
    assert people[2] not in visible_enrolments(other_tutor)
    [told] = unseen(other_tutor)
    assert "2" in told.words
    assert "congé" in told.words
    assert tutor.short_name in told.words
    entries = Contact.objects.filter(kind=Kind.ASSIGNED)
    assert {(e.author, e.handed_to, e.note) for e in entries} == {(tutor, other_tutor, "congé")}
    assert len({e.act for e in entries}) == 1


def test_the_note_leads_to_exactly_those_and_is_put_away(
    client: Client, claire: Client, other_tutor: User, people: list[Enrolment], group: Group
) -> None:
    EnrolmentFactory(course=group.course, groups=[other_tutor.assignments.get().group])
    hand(claire, people[1:], other_tutor)
    client.force_login(other_tutor)
    [told] = unseen(other_tutor)
    page = html.fromstring(client.get(told.link).content.decode())
    assert {int(pk) for pk in page.xpath("//tr/@data-row")} == {people[1].pk, people[2].pk}
    assert page.xpath("//form[contains(@action, '/lue/')]")
    client.post(reverse("dashboard:notice-seen", args=[told.pk]), headers=HTMX)
    assert unseen(other_tutor) == []
    assert not html.fromstring(client.get("/enseignants/").content.decode()).xpath("//form[contains(@action, '/lue/')]")


def test_a_note_that_was_put_away_is_brought_back(
    client: Client, claire: Client, other_tutor: User, people: list[Enrolment]
) -> None:
    hand(claire, people[:1], other_tutor)
    client.force_login(other_tutor)
    [told] = unseen(other_tutor)
    away = html.fromstring(client.post(reverse("dashboard:notice-seen", args=[told.pk]), headers=HTMX).content.decode())
    assert not away.xpath("//*[@id='notices']//form")
    [undo] = away.xpath("//*[@id='toasts']//form/@action")
    back = html.fromstring(client.post(undo, headers=HTMX | {"HX-Target": "toasts"}).content.decode())
    assert back.xpath("//*[@id='notices']//form")
    assert not back.xpath("//*[@id='toasts']//form")
    assert unseen(other_tutor) == [told]


def test_anothers_note_cannot_be_used_as_a_filter(
    client: Client, claire: Client, coordinator: User, other_tutor: User, people: list[Enrolment]
) -> None:
    hand(claire, people[:1], other_tutor)
    client.force_login(coordinator)
    link = Notice.objects.get().link
    page = html.fromstring(client.get(link).content.decode())
    assert not page.xpath("//tr[@data-row]"), "an unknown value is nobody's"


def test_taken_back_as_a_whole_even_out_of_sight(
    claire: Client, tutor: User, other_tutor: User, people: list[Enrolment]
) -> None:
    """Claire had them by name only: handed over, they are no longer hers to see."""
    alone = CourseFactory(site=people[0].course.site)
    mine = EnrolmentFactory.create_batch(2, course=alone, follow_up__assignee=tutor)
    hand(claire, mine, other_tutor)
    assert not visible_enrolments(tutor).filter(course=alone).exists()
    undo = reverse("dashboard:undo", args=[act_of(Kind.ASSIGNED)])
    assert claire.post(undo, headers=HTMX).status_code == 200
    assert set(visible_enrolments(tutor).filter(course=alone)) == set(mine)
    assert unseen(other_tutor) == []


def test_what_happened_since_stays(claire: Client, other_tutor: User, people: list[Enrolment]) -> None:
    hand(claire, people, other_tutor)
    undo = reverse("dashboard:undo", args=[act_of(Kind.ASSIGNED)])
    FollowUp.objects.filter(enrolment=people[0]).update(version=7)
    answer = claire.post(undo, headers=HTMX).content.decode()
    assert FollowUp.objects.filter(assignee=other_tutor).count() == 1
    assert "Annulé pour 2 personnes. 1 a changé depuis" in answer.replace("\u00a0", " ")
    assert len(unseen(other_tutor)) == 1, "one of them is still theirs"


def test_a_state_and_its_date_stay_and_a_callback_goes_along(
    claire: Client, tutor: User, other_tutor: User, group: Group
) -> None:
    due = timezone.now() + timedelta(days=2)
    kept = {"follow_up__state": State.CALLBACK, "follow_up__due_at": due}
    mine = EnrolmentFactory(course=group.course, groups=[group], follow_up__callback_for=tutor, **kept)
    anyones = EnrolmentFactory(course=group.course, groups=[group], **kept)
    contacted = EnrolmentFactory(
        course=group.course, groups=[group], follow_up__state=State.CONTACTED, follow_up__due_at=due
    )
    hand(claire, [mine, anyones, contacted], other_tutor)
    rows = {f.enrolment_id: f for f in FollowUp.objects.all()}
    assert {f.due_at for f in rows.values()} == {due}
    assert rows[mine.pk].callback_for == other_tutor
    assert rows[anyones.pk].callback_for is None
    assert rows[contacted.pk].state == State.CONTACTED


def test_a_list_with_a_stranger_in_it_moves_nobody(
    claire: Client, other_tutor: User, coordinator: User, people: list[Enrolment], group: Group
) -> None:
    stranger = EnrolmentFactory(course=group.course, groups=[other_tutor.assignments.get().group])
    assert hand(claire, [*people, stranger], coordinator).status_code == 404
    assert not Contact.objects.exists()


def test_receivers_work_on_the_same_site_or_oversee_the_course(
    claire: Client, tutor: User, coordinator: User, other_coordinator: User, observer: User, people: list[Enrolment]
) -> None:
    there = AssignmentFactory(user=UserFactory(), course=CourseFactory(site=people[0].course.site)).user
    elsewhere = AssignmentFactory().user
    gone = AssignmentFactory(course=people[0].course, user=UserFactory(is_active=False)).user
    ended = AssignmentFactory(course=people[0].course, ended_at=timezone.now()).user
    for refused in (tutor, elsewhere, gone, ended, other_coordinator, observer):
        assert hand(claire, people, refused).status_code == 422
    assert not Contact.objects.exists()
    for n, receiver in enumerate((there, coordinator)):
        assert hand(claire, [people[n]], receiver).status_code == 302


def test_a_coordinator_only_hands_over_within_their_scope(
    client: Client, people: list[Enrolment], other_tutor: User, other_coordinator: User
) -> None:
    client.force_login(other_coordinator)
    assert hand(client, people, other_tutor).status_code == 404
    Scope.objects.create(user=other_coordinator, site=people[0].course.site)
    assert hand(client, people, other_tutor).status_code == 302


def test_who_is_closed_or_gone_is_not_handed_over(claire: Client, other_tutor: User, group: Group) -> None:
    closed = EnrolmentFactory(
        course=group.course, groups=[group], follow_up__state=State.CLOSED_IN, follow_up__due_at=None
    )
    suspended = EnrolmentFactory(course=group.course, groups=[group], standing="suspended")
    for one in (closed, suspended):
        assert hand(claire, [one], other_tutor).status_code == 404


def test_from_the_file_one_is_handed_over(claire: Client, other_tutor: User, people: list[Enrolment]) -> None:
    url = reverse("dashboard:hand-over", args=[people[0].pk])
    form = html.fromstring(claire.get(url, headers=HTMX).content.decode())
    assert str(other_tutor.pk) in form.xpath("//select[@name='to']/option/@value")
    assert claire.post(url, {"to": ""}, headers=HTMX).status_code == 422
    assert claire.post(url, VERSION | {"to": other_tutor.pk}, headers=HTMX).status_code == 200
    assert FollowUp.objects.get(enrolment=people[0]).assignee == other_tutor
    assert unseen(other_tutor)


def test_who_gives_away_what_they_had_by_name_only_is_led_back_to_the_list(
    claire: Client, tutor: User, other_tutor: User, group: Group
) -> None:
    one = EnrolmentFactory(course=CourseFactory(site=group.course.site), follow_up__assignee=tutor)
    url = reverse("dashboard:hand-over", args=[one.pk])
    response = claire.post(url, VERSION | {"to": other_tutor.pk}, headers=HTMX)
    assert response["HX-Redirect"] == reverse("dashboard:roster")
    assert claire.get(reverse("dashboard:person", args=[one.pk])).status_code == 404


def test_nobody_ticked_is_said(claire: Client, other_tutor: User, people: list[Enrolment]) -> None:
    assert hand(claire, [], other_tutor).status_code == 422


def test_a_coordinator_chooses_by_course_group_and_tutor(
    client: Client, coordinator: User, tutor: User, other_tutor: User, people: list[Enrolment], group: Group
) -> None:
    theirs = EnrolmentFactory(course=group.course, groups=[other_tutor.assignments.get().group])
    client.force_login(coordinator)

    def shown(**query: Any) -> set[int]:
        page = html.fromstring(client.get(reverse("dashboard:handover", query=query)).content.decode())
        return {int(value.partition(":")[0]) for value in page.xpath("//input[@name='people']/@value")}

    mine = {e.pk for e in people}
    assert shown() == set()
    assert shown(course=group.course.pk) == mine | {theirs.pk}
    assert shown(course=group.course.pk, group=group.pk) == mine
    assert shown(tutor=tutor.pk) == mine
    hand(client, people[:1], other_tutor, tutor=tutor.pk)
    assert shown(tutor=tutor.pk) == mine - {people[0].pk}
    assert shown(tutor=other_tutor.pk) == {theirs.pk, people[0].pk}


def test_a_new_role_sees_nobody_any_more(claire: Client, other_tutor: User, people: list[Enrolment]) -> None:
    hand(claire, people, other_tutor)
    User.objects.filter(pk=other_tutor.pk).update(role=Role.OBSERVER)
    assert not visible_enrolments(User.objects.get(pk=other_tutor.pk)).exists()


def test_a_coordinator_finds_anybody_by_name_beyond_those_shown(
    client: Client, people: list[Enrolment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.handover.listing.SHOWN", 1)
    client.force_login(UserFactory(role=Role.COORDINATOR, sees_all=True))
    last = sorted(people, key=lambda enrolment: enrolment.participant.sort_key)[-1]
    found = client.get(reverse("dashboard:handover"), {"q": last.participant.email})
    ticks = html.fromstring(found.content.decode()).xpath("//input[@name='people']/@value")
    assert ticks == [tick(last)]
    nobody = client.get(reverse("dashboard:handover"), {"q": "zzyzx"}).content.decode()
    assert not html.fromstring(nobody).xpath("//input[@name='people']")
