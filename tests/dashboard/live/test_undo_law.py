"""Every act of the desk answers with an undo, which restores what was; and the timeline then tells what holds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import html

from accounts.models import User
from dashboard import identity
from dashboard.enums import Cause, Channel, ClosedFor, Kind, Outcome
from dashboard.follow_up import acts, blocking, closing, moves
from dashboard.models import (
    Absence,
    BadAddress,
    BadNumber,
    Blockage,
    Contact,
    ContactDetail,
    FollowUp,
    HintAnswer,
    Notice,
    Person,
    PersonAccount,
    SavedView,
)
from dashboard.person.file import open_file
from dashboard.person.timeline import timeline
from moodle_sync.enums import EPOCH
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TOAST = HTMX | {"HX-Target": "toasts"}
Data = dict[str, Any]
TOMORROW = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def camille(group: Group) -> Enrolment:
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group], participant__phone1="0639984127")
    return found


def follow_up(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.get(enrolment=enrolment)


def state() -> list[Any]:
    """All that an act of the desk may change, but for the versions and the entries of the timeline."""
    standing = Contact.objects.filter(undone_by=None).exclude(kind=Kind.UNDO)
    return [
        list(FollowUp.objects.order_by("pk").values_list("pk", *moves.RESTORED)),
        list(Person.objects.filter(accounts__isnull=False).order_by("pk").values_list("pk", "do_not_call")),
        list(standing.exclude(kind=Kind.NOTE).order_by("pk").values_list("note")),
        list(BadAddress.objects.filter(contact__in=standing).values_list("address")),
        list(BadNumber.objects.filter(contact__in=standing).values_list("digits")),
        list(Notice.objects.filter(seen_at=None, act=None, absence__cancelled_at=None).values_list("user", "by")),
        list(SavedView.objects.filter(deleted_at=None).values_list("name", "query", "shared", "position")),
        list(ContactDetail.objects.filter(removed_at=None).order_by("pk").values_list("person", "value")),
        list(HintAnswer.objects.filter(contact__undone_by=None).values_list("follow_up", "cause", "agreed")),
        list(Blockage.objects.filter(contact__undone_by=None).values_list("follow_up", "owner", "address", "asked_at")),
        list(PersonAccount.objects.order_by("participant").values_list("participant", "person")),
        list(Absence.objects.standing().values_list("user", "colleague", "first_day", "last_day")),
    ]


def timelines(by: User) -> tuple[list[Any], int]:
    """What they say still holds, of everybody; and how many entries they mark as undone."""
    found = [entry for pk in Enrolment.objects.order_by("pk") for entry in timeline(open_file(by, pk.pk))]
    holds = [(entry.act, entry.title, entry.note, entry.change) for entry in found if not entry.undone]
    return holds, len(found) - len(holds)


def told(client: Client, url: str, data: Data, headers: dict[str, str]) -> html.HtmlElement:
    """What the act answers, after the redirect that some end with."""
    response = client.post(url, data, headers=headers, follow=True)
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


def joined(enrolment: Enrolment, by: User) -> None:
    with_namesake(enrolment, by)
    other = other_of(enrolment)
    persons = [one.participant.account.person for one in (enrolment, other)]
    identity.merge(*persons, accounts=[enrolment.participant_id, other.participant_id], by=by)


def closed(enrolment: Enrolment, by: User) -> None:
    found = follow_up(enrolment)
    closing.close_out(found, found.version, ClosedFor.DECLINED, by=by)


def noted(enrolment: Enrolment, by: User) -> None:
    acts.add_note(follow_up(enrolment), "Sonne ocupé.", by=by)


def called(enrolment: Enrolment, by: User) -> None:
    """In vain: the tutor then writes."""
    found = follow_up(enrolment)
    acts.log_call(enrolment.participant.account.person, [(found, found.version)], acts.Call(Outcome.NO_ANSWER), by=by)


def with_detail(enrolment: Enrolment, by: User) -> None:
    person = enrolment.participant.account.person
    ContactDetail.objects.create(person=person, kind="phone", value="+33639984155", search_key="06", added_by=by)


def away(_enrolment: Enrolment, by: User) -> None:
    samira, today = User.objects.get(first_name="Samira"), timezone.localdate()
    Absence.objects.create(user=by, colleague=samira, first_day=today, last_day=today)


def with_note(_enrolment: Enrolment, by: User) -> None:
    Notice.objects.create(user=by, kind="handed", by=User.objects.get(first_name="Samira"))


def with_view(_enrolment: Enrolment, by: User) -> None:
    SavedView.objects.create(owner=by, name="Ma vue", query="state=todo")


def to_remind(enrolment: Enrolment, _by: User) -> None:
    values = {"next_channel": Channel.EMAIL, "next_at": timezone.now() - timedelta(hours=1)}
    FollowUp.objects.filter(enrolment=enrolment).update(**values)
    Enrolment.objects.filter(pk=enrolment.pk).update(last_course_access=EPOCH, last_site_access=EPOCH)


def nothing(_enrolment: Enrolment, _by: User) -> None:
    """As it is."""


def key(enrolment: Enrolment) -> str:
    return f"{enrolment.pk}:{follow_up(enrolment).version}"


def other_of(enrolment: Enrolment) -> Enrolment:
    return Enrolment.objects.exclude(pk=enrolment.pk).get()


def joining(enrolment: Enrolment) -> Data:
    both = [enrolment.participant_id, other_of(enrolment).participant_id]
    return {"account": both}


def to(enrolment: Enrolment) -> int:
    return int(User.objects.get(first_name="Samira").pk)


def picked(enrolment: Enrolment) -> Data:
    """By the bar of the list, as its boxes are ticked."""
    return {"go": "1", "row": [key(enrolment), key(other_of(enrolment))]}


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
    "separated": ("separate", joined, joining),
    "reopened": ("reopen", closed, lambda e: {}),
    "wrong number": ("call", nothing, lambda e: {"outcome": "wrong_number", "number": "0639984127"}),
    "note corrected": ("correct-note", noted, lambda e: {"text": "Sonne occupé.", "version": "0"}),
    "wrote": ("call-wrote", called, lambda e: {}),
    "bounced": ("bounced", nothing, lambda e: {"address": e.participant.email}),
    "taken charge of": ("take-charge", nothing, lambda e: {}),
    "detail removed": ("remove-detail", with_detail, lambda e: {"enrolment": e.pk}),
    "reminded": ("remind-course", to_remind, lambda e: {"people": key(e)}),
    "handed over": ("hand-over", nothing, lambda e: {"to": to(e)}),
    "many handed over": ("handover", with_namesake, lambda e: {"people": [key(e), key(other_of(e))], "to": to(e)}),
    "many contacted": ("bulk contactes", with_namesake, picked),
    "many noted": ("bulk note", with_namesake, lambda e: picked(e) | {"text": "Rappeler."}),
    "many given": ("bulk attribuer", with_namesake, lambda e: picked(e) | {"to": to(e)}),
    "many called back": ("bulk rappeler", with_namesake, lambda e: picked(e) | {"date": TOMORROW, "who": "mine"}),
    "many closed": ("bulk suivi", with_namesake, lambda e: picked(e) | {"what": "close", "reason": "declined"}),
    "many blocked": ("bulk suivi", with_namesake, lambda e: picked(e) | {"what": "block", "cause": "credentials"}),
    "view saved": ("save-view", nothing, lambda e: {"name": "Ma vue", "query": "state=todo"}),
    "view renamed": ("change-view", with_view, lambda e: {"name": "Autre"}),
    "view deleted": ("delete-view", with_view, lambda e: {}),
    "note put away": ("notice-seen", with_note, lambda e: {}),
    "absence cancelled": ("cancel-absence", away, lambda e: {}),
    "absent": ("absences", nothing, lambda e: {
        "colleague": to(e),
        "first_day": timezone.localdate().isoformat(), "last_day": timezone.localdate().isoformat(),
    }),
}  # fmt: skip
OF = {
    "redate": lambda e: [], "absences": lambda e: [], "handover": lambda e: [], "save-view": lambda e: [],
    "join": lambda e: [e.pk, other_of(e).pk],
    "correct-note": lambda e: [e.pk, Contact.objects.get(kind=Kind.NOTE).act],
    "remove-detail": lambda e: [ContactDetail.objects.get().pk],
    "remind-course": lambda e: [e.course_id],
    "notice-seen": lambda e: [Notice.objects.get().pk],
    "cancel-absence": lambda e: [Absence.objects.get().pk],
    "change-view": lambda e: [SavedView.objects.get().pk],
    "delete-view": lambda e: [SavedView.objects.get().pk],
}  # fmt: skip
"""What the address names, where it is not the person."""
BY_A_PAGE = {"cancel-absence"}
"""Forms that load a page: with htmx they are a toast's."""


def address(name: str, enrolment: Enrolment) -> str:
    if name.startswith("bulk "):
        return reverse("dashboard:bulk", args=[name.removeprefix("bulk ")])
    return reverse(f"dashboard:{name}", args=OF.get(name, lambda e: [e.pk])(enrolment))


@pytest.mark.parametrize("what", ACTS)
def test_an_act_offers_an_undo_that_restores_what_was(
    claire: Client, tutor: User, samira: User, camille: Enrolment, what: str
) -> None:
    name, given, data = ACTS[what]
    given(camille, tutor)
    before, (held, marked), entries = state(), timelines(tutor), Contact.objects.count()
    headers = {} if name in BY_A_PAGE else HTMX
    page = told(claire, address(name, camille), versions(camille) | data(camille), headers)
    written = set(Contact.objects.order_by("pk")[entries:].values_list("act", flat=True))
    assert (state(), timelines(tutor)[0]) != (before, held), "the act did something"
    [form] = page.xpath("//*[@id='toasts']//form")
    undone = claire.post(form.get("action"), headers=TOAST)
    assert undone.status_code == 200
    assert b"<form" not in _toasts(undone.content), "an undo is not undone in turn"
    assert state() == before
    holds, by_now = timelines(tutor)
    assert holds == held, "what is said to hold held before"
    assert (by_now > marked) == bool(written), "and what was undone stays to be seen"


def _toasts(content: bytes) -> bytes:
    return bytes(html.tostring(html.document_fromstring(content.decode()).get_element_by_id("toasts")))
