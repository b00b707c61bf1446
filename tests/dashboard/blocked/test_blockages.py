"""What somebody else must lift: who, what is sent, and how it ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.blocked.listing import lines
from dashboard.blocked.request import request_about
from dashboard.enums import OPEN_STATES, Cause, Kind, Outcome, State
from dashboard.follow_up import acts, blocking, moves, system
from dashboard.handover.notices import unseen
from dashboard.models import Blockage, Contact, FollowUp
from moodle_sync.models import Enrolment, Group
from tests.factories import AssignmentFactory, EnrolmentFactory, GroupFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TOAST = HTMX | {"HX-Target": "toasts"}


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


@pytest.fixture
def enrolment(group: Group) -> Enrolment:
    return EnrolmentFactory(
        course=group.course,
        groups=[group],
        participant__first_name="Camille",
        participant__last_name="Ferrand",
        participant__email="camille.ferrand@ac-test.example.org",
        participant__phone1="0639984127",
    )


def follow_up(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.select_related("enrolment__course__site").get(enrolment=enrolment)


def block(client: Client, enrolment: Enrolment, **data: object) -> int:
    found = follow_up(enrolment)
    data = {"version": found.version, "cause": "credentials", "owner": "", "address": "", **data}
    return client.post(reverse("dashboard:block", args=[enrolment.pk]), data, headers=HTMX).status_code


def who(user: User) -> list[str]:
    return [line.who for line in lines(user)]


def test_blocking_names_who_must_act_and_comes_back_after_14_days(
    claire: Client, tutor: User, enrolment: Enrolment
) -> None:
    assert block(claire, enrolment, address="assistance@example.org") == 200
    found = follow_up(enrolment)
    assert (found.state, found.cause) == (State.BLOCKED, Cause.CREDENTIALS)
    assert found.due_at is not None
    assert 13 <= (found.due_at - timezone.now()).days <= 14
    assert who(tutor) == ["assistance@example.org"]
    system.advance(enrolment.course, timezone.now() + timedelta(days=15))
    assert follow_up(enrolment).state == State.TODO
    assert who(tutor) == []


def test_the_owner_is_told_until_it_is_undone(
    claire: Client, tutor: User, coordinator: User, enrolment: Enrolment
) -> None:
    assert block(claire, enrolment, owner=coordinator.pk) == 200
    [told] = unseen(coordinator)
    assert told.link == reverse("dashboard:person", args=[enrolment.pk])
    assert lines(coordinator)[0].is_mine
    act = Contact.objects.get(kind=Kind.BLOCKED).act
    assert claire.post(reverse("dashboard:undo", args=[act]), headers=HTMX).status_code == 200
    assert follow_up(enrolment).state == State.TODO
    assert unseen(coordinator) == []
    assert who(tutor) == []


def test_only_who_may_see_the_person_can_be_named(
    claire: Client, enrolment: Enrolment, other_tutor: User, other_coordinator: User, observer: User
) -> None:
    for stranger in (other_tutor, other_coordinator, observer, UserFactory()):
        assert block(claire, enrolment, owner=stranger.pk) == 422
    assert not Blockage.objects.exists()


def test_either_a_colleague_or_a_true_address(claire: Client, enrolment: Enrolment, coordinator: User) -> None:
    assert block(claire, enrolment, owner=coordinator.pk, address="assistance@example.org") == 422
    assert block(claire, enrolment, address="assistance") == 422
    assert block(claire, enrolment, cause="") == 422
    assert follow_up(enrolment).state == State.TODO


def test_the_text_says_the_facts_and_never_a_note(tutor: User, enrolment: Enrolment) -> None:
    acts.add_note(follow_up(enrolment), "En congé maladie.", by=tutor)
    call = acts.Call(Outcome.NEEDS_SUPPORT, Cause.CREDENTIALS, "Rappeler le soir.")
    person = enrolment.participant.account.person
    acts.log_call(person, [(follow_up(enrolment), 1)], call, by=tutor)
    [line] = lines(tutor)
    text = request_about(line.enrolment).text
    course = enrolment.course
    for fact in (course.site.name, course.site.url, course.full_name, "Camille Ferrand", enrolment.participant.email):
        assert fact in text
    assert str(Cause.CREDENTIALS.label) in text
    for secret in ("congé", "soir", "0639984127", "06 39"):
        assert secret not in text
    mail = request_about(line.enrolment).mailto("assistance@example.org")
    assert mail.startswith("mailto:assistance@example.org?subject=")
    assert "\n" not in mail


def test_a_call_that_needs_support_blocks_and_somebody_is_named_afterwards(
    claire: Client, tutor: User, enrolment: Enrolment
) -> None:
    call = acts.Call(Outcome.NEEDS_SUPPORT, Cause.CREDENTIALS)
    acts.log_call(enrolment.participant.account.person, [(follow_up(enrolment), 0)], call, by=tutor)
    due = follow_up(enrolment).due_at
    assert who(tutor) == [""]
    assert block(claire, enrolment, address="assistance@example.org") == 200
    assert who(tutor) == ["assistance@example.org"]
    assert follow_up(enrolment).due_at == due, "naming somebody does not start the 14 days again"


def test_lifted_it_is_to_do_today_and_undo_brings_back_who_was_to_act(
    claire: Client, tutor: User, enrolment: Enrolment
) -> None:
    block(claire, enrolment, address="assistance@example.org")
    url = reverse("dashboard:lift", args=[enrolment.pk])
    assert claire.post(url, {"version": follow_up(enrolment).version}, headers=HTMX).status_code == 200
    found = follow_up(enrolment)
    assert found.state == State.TODO
    assert found.due_at is not None
    assert found.due_at <= timezone.now()
    assert who(tutor) == []
    moves.undo(Contact.objects.get(kind=Kind.LIFTED).act, by=tutor, among=[found.pk])
    assert who(tutor) == ["assistance@example.org"]


def test_what_was_lifted_by_a_colleague_meanwhile_is_not_lifted_again(
    claire: Client, tutor: User, coordinator: User, enrolment: Enrolment
) -> None:
    block(claire, enrolment)
    seen = follow_up(enrolment).version
    blocking.lift(follow_up(enrolment), seen, by=coordinator)
    url = reverse("dashboard:lift", args=[enrolment.pk])
    assert claire.post(url, {"version": seen}, headers=HTMX).status_code == 422
    assert Contact.objects.filter(kind=Kind.LIFTED).count() == 1


def test_a_first_access_ends_it(claire: Client, tutor: User, enrolment: Enrolment) -> None:
    block(claire, enrolment, address="assistance@example.org")
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=timezone.now())
    system.after_read(enrolment.course)
    assert follow_up(enrolment).state == State.CLOSED_IN
    assert who(tutor) == []


def test_blocked_again_later_the_earlier_one_is_not_asked(claire: Client, tutor: User, enrolment: Enrolment) -> None:
    block(claire, enrolment, address="ancienne@example.org")
    blocking.lift(follow_up(enrolment), follow_up(enrolment).version, by=tutor)
    call = acts.Call(Outcome.NEEDS_SUPPORT)
    acts.log_call(
        enrolment.participant.account.person, [(follow_up(enrolment), follow_up(enrolment).version)], call, by=tutor
    )
    assert who(tutor) == [""]


def test_the_request_is_marked_as_sent_and_unmarked(claire: Client, enrolment: Enrolment) -> None:
    url = reverse("dashboard:blockage-asked", args=[enrolment.pk])
    assert claire.post(url, headers=HTMX).status_code == 404, "nothing is blocked"
    block(claire, enrolment, address="assistance@example.org")
    version = follow_up(enrolment).version
    claire.post(url, headers=HTMX)
    assert Blockage.objects.get().asked_at is not None
    claire.post(url, {"unsent": "1"}, headers=HTMX)
    assert Blockage.objects.get().asked_at is None
    assert follow_up(enrolment).version == version


def test_an_undo_brings_back_the_date_the_request_was_sent(
    claire: Client, sent_long_ago: Blockage, enrolment: Enrolment
) -> None:
    url = reverse("dashboard:blockage-asked", args=[enrolment.pk])
    undo = _undo_of(claire.post(url, {"unsent": "1"}, headers=HTMX))
    assert Blockage.objects.get().asked_at is None
    assert claire.post(undo, headers=TOAST).status_code == 200
    assert Blockage.objects.get().asked_at == sent_long_ago.asked_at, "not today"


def test_an_undo_leaves_alone_what_a_colleague_said_since(
    claire: Client, sent_long_ago: Blockage, enrolment: Enrolment
) -> None:
    url = reverse("dashboard:blockage-asked", args=[enrolment.pk])
    undo = _undo_of(claire.post(url, {"unsent": "1"}, headers=HTMX))
    claire.post(url, headers=HTMX)
    said = Blockage.objects.get().asked_at
    assert "Trop tard" in claire.post(undo, headers=TOAST).content.decode()
    assert Blockage.objects.get().asked_at == said
    assert claire.post(f"{url}?back=made-up", headers=TOAST).status_code == 404


@pytest.fixture
def sent_long_ago(claire: Client, enrolment: Enrolment) -> Blockage:
    """Asked for three days ago."""
    block(claire, enrolment, address="assistance@example.org")
    Blockage.objects.update(asked_at=timezone.now() - timedelta(days=3))
    return Blockage.objects.get()


def _undo_of(response: Any) -> str:
    [form] = html.document_fromstring(response.content.decode()).xpath("//*[@id='toasts']//form")
    return str(form.get("action"))


@pytest.mark.parametrize("state", [State.CLOSED_IN, State.CLOSED_OUT])
def test_what_is_closed_is_not_blocked(claire: Client, enrolment: Enrolment, state: State) -> None:
    reason = "declined" if state == State.CLOSED_OUT else ""
    FollowUp.objects.filter(enrolment=enrolment).update(state=state, due_at=None, closed_for=reason)
    assert state not in OPEN_STATES
    assert block(claire, enrolment) == 422, "what was typed comes back"
    assert follow_up(enrolment).state == state


def test_the_longest_blocked_come_first_and_strangers_do_not(
    claire: Client, tutor: User, group: Group, other_tutor: User
) -> None:
    people = EnrolmentFactory.create_batch(3, course=group.course, groups=[group])
    for enrolment in reversed(people):
        blocking.block(follow_up(enrolment), 0, by=tutor)
    assert [line.enrolment for line in lines(tutor)] == people[::-1]
    assert lines(other_tutor) == []
    page = claire.get(reverse("dashboard:blockages")).content.decode()
    assert page.index(f"blocked-{people[2].pk}") < page.index(f"blocked-{people[0].pk}")


def test_a_colleague_with_the_same_group_may_be_named(claire: Client, tutor: User, enrolment: Enrolment) -> None:
    colleague = UserFactory()
    AssignmentFactory(user=colleague, course=enrolment.course, group=tutor.assignments.get().group)
    AssignmentFactory(user=UserFactory(), course=enrolment.course, group=GroupFactory(course=enrolment.course))
    assert block(claire, enrolment, owner=colleague.pk) == 200
    assert who(colleague) == [str(colleague)]
