"""The steps of the bulk bar: for each, its words, its icon and the form it asks with."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboard.bulk.forms import AssignForm, BulkForm, CallbackForm, ContactedForm, EmailForm, NoteForm, StateForm
from dashboard.handover.colleagues import receivers, who_see_all
from dashboard.handover.listing import courses_of, handable
from dashboard.roster.queries import among_these
from dashboard.selection.picked import Picked
from moodle_sync.models import Enrolment, Site

Form = BulkForm | AssignForm


@dataclass(frozen=True)
class Step:
    slug: str
    title: str | Promise
    button: str | Promise
    icon: str
    build: Callable[[QueryDict | None, Picked], Form]


def _call_back(data: QueryDict | None, picked: Picked) -> Form:
    courses = Enrolment.objects.filter(among_these("pk", picked.present)).values("course__site")
    return CallbackForm(data, zones=lambda: {site.zone for site in Site.objects.filter(pk__in=courses)})


def _assign(data: QueryDict | None, picked: Picked) -> Form:
    found = handable(picked.user).filter(enrolment__in=picked.rows())
    return AssignForm(data, receivers=receivers(picked.user, courses_of(found)))


def _follow_up(data: QueryDict | None, picked: Picked) -> Form:
    return StateForm(data, owners=who_see_all(Enrolment.objects.filter(among_these("pk", picked.present))))


STEPS = {
    step.slug: step
    for step in (
        Step(
            "contactes",
            _("Mark as contacted"),
            pgettext_lazy("button", "Mark contacted"),
            "check",
            lambda data, _picked: ContactedForm(data),
        ),
        Step(
            "rappeler",
            _("Call back on a date"),
            _("Call back…"),
            "calendar-clock",
            _call_back,
        ),
        Step("attribuer", _("Hand over to a colleague"), _("Hand over…"), "user-share", _assign),
        Step("note", _("Add a note"), pgettext_lazy("button", "Note…"), "note", lambda data, _picked: NoteForm(data)),
        Step("suivi", _("Change the follow-up"), _("Follow-up…"), "inbox", _follow_up),
        Step(
            "e-mail", _("Note an e-mail as sent"), _("Note the e-mail"), "send", lambda data, _picked: EmailForm(data)
        ),
    )
}
ON_THE_BAR = [step for slug, step in STEPS.items() if slug != "e-mail"]
