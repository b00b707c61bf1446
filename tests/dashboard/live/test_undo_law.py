"""Every act of the desk answers with an undo, and the undo restores what was."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard.enums import Cause, Outcome
from dashboard.follow_up import acts, blocking
from dashboard.models import Absence, Blockage, ContactDetail, FollowUp, HintAnswer, PersonAccount
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TOAST = HTMX | {"HX-Target": "toasts"}
Data = dict[str, Any]


@pytest.fixture
def camille(group: Group) -> Enrolment:
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group], participant__phone1="0639984127")
    return found


def follow_up(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.get(enrolment=enrolment)


def state() -> list[Any]:
    """All that an act of the desk may change, but for the versions and the entries of the timeline."""
    fields = ("pk", "state", "due_at", "closed_for", "cause", "callback_for", "assignee")
    return [
        list(FollowUp.objects.order_by("pk").values_list(*fields)),
        list(ContactDetail.objects.filter(removed_at=None).order_by("pk").values_list("person", "value")),
        list(HintAnswer.objects.filter(contact__undone_by=None).values_list("follow_up", "cause", "agreed")),
        list(Blockage.objects.filter(contact__undone_by=None).values_list("follow_up", "owner", "address", "asked_at")),
        list(PersonAccount.objects.order_by("participant").values_list("participant", "person")),
        list(Absence.objects.values_list("user", "colleague", "first_day", "last_day")),
    ]


def told(client: Client, url: str, data: Data) -> html.HtmlElement:
    """What the act answers, after the redirect that some end with."""
    response = client.post(url, data, headers=HTMX, follow=True)
    assert response.status_code == 200, response.content.decode()[:2000]
    return html.document_fromstring(response.content.decode() or "<p></p>")


def versions(enrolment: Enrolment) -> Data:
    found = follow_up(enrolment)
    return {"version": found.version, f"version_{enrolment.pk}": found.version}


def hidden(enrolment: Enrolment, _by: User) -> None:
    """A cause is likely: the course is hidden."""
    Course.objects.filter(pk=enrolment.course_id).update(visible=False)


def untold(enrolment: Enrolment, _by: User) -> None:
    """Moodle does not say whether the person came in."""
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=None)


def blocked(enrolment: Enrolment, by: User) -> None:
    found = follow_up(enrolment)
    blocking.block(found, found.version, by=by, cause=Cause.CREDENTIALS, owner=None, address="aide@example.org")


def to_call_back(enrolment: Enrolment, by: User) -> None:
    found = follow_up(enrolment)
    call = acts.Call(Outcome.CALLBACK, chosen=timezone.now() + timedelta(days=2))
    acts.log_call(enrolment.participant.account.person, [(found, found.version)], call, by=by)


def with_namesake(enrolment: Enrolment, _by: User) -> None:
    EnrolmentFactory.create(course=enrolment.course, groups=list(enrolment.groups.all()))


def nothing(_enrolment: Enrolment, _by: User) -> None:
    """As it is."""


def key(enrolment: Enrolment) -> str:
    return f"{enrolment.pk}:{follow_up(enrolment).version}"


def other_of(enrolment: Enrolment) -> Enrolment:
    return Enrolment.objects.exclude(pk=enrolment.pk).get()


def joining(enrolment: Enrolment) -> Data:
    both = [enrolment.participant_id, other_of(enrolment).participant_id]
    return {"account": both}


Given = Callable[[Enrolment, User], None]
ACTS: dict[str, tuple[str, Given, Callable[[Enrolment], Data]]] = {
    "contacted": ("mark-contacted", nothing, lambda e: {}),
    "call": ("call", nothing, lambda e: {"outcome": "no_answer"}),
    "do not call": ("call", nothing, lambda e: {"outcome": "do_not_call"}),
    "call back later": ("call-back", nothing, lambda e: {"days": "3"}),
    "note": ("note", nothing, lambda e: {"text": "Rappeler."}),
    "phone": ("add-detail", nothing, lambda e: {"value": "06 39 98 41 55"}),
    "e-mail": ("add-detail", nothing, lambda e: {"value": "autre@example.org"}),
    "closed": ("close-out", nothing, lambda e: {"reason": "declined"}),
    "declared": ("declare-in", untold, lambda e: {}),
    "hint yes": ("answer-hint", hidden, lambda e: {"cause": "session_hidden", "agreed": "1"}),
    "hint no": ("answer-hint", hidden, lambda e: {"cause": "session_hidden", "agreed": "0"}),
    "blocked": ("block", nothing, lambda e: {"cause": "credentials", "address": "aide@example.org"}),
    "asked": ("blockage-asked", blocked, lambda e: {}),
    "lifted": ("lift", blocked, lambda e: {}),
    "redated": ("redate", to_call_back, lambda e: {"what": "1", "callback": key(e)}),
    "entrusted": ("redate", to_call_back, lambda e: {"what": "mine", "callback": key(e)}),
    "joined": ("join", with_namesake, joining),
    "handed over": ("hand-over", nothing, lambda e: {"to": User.objects.get(first_name="Samira").pk}),
    "absent": ("absences", nothing, lambda e: {
        "colleague": User.objects.get(first_name="Samira").pk,
        "first_day": timezone.localdate().isoformat(), "last_day": timezone.localdate().isoformat(),
    }),
}  # fmt: skip
ABOUT_NOBODY = {"redate", "absences"}


@pytest.mark.parametrize("what", ACTS)
def test_an_act_offers_an_undo_that_restores_what_was(
    claire: Client, tutor: User, samira: User, camille: Enrolment, what: str
) -> None:
    name, given, data = ACTS[what]
    given(camille, tutor)
    args = [] if name in ABOUT_NOBODY else [camille.pk]
    if name == "join":
        args.append(other_of(camille).pk)
    before = state()
    page = told(claire, reverse(f"dashboard:{name}", args=args), versions(camille) | data(camille))
    if what != "note":  # it changes nothing but the timeline
        assert state() != before, "the act did something"
    [form] = page.xpath("//*[@id='toasts']//form")
    undone = claire.post(form.get("action"), headers=TOAST)
    assert undone.status_code == 200
    assert b"<form" not in undone.content, "an undo is not undone in turn"
    assert state() == before
