"""One line of the roster, in words: what each cell says of an enrolment."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.enums import Kind, Outcome
from dashboard.follow_up.acts import rests
from dashboard.live.stamps import of_row
from dashboard.models import Contact, FollowUp
from dashboard.plan.why import NextAction, why
from moodle_sync.enums import EPOCH, Standing
from moodle_sync.models import Enrolment

CONTACT_ICONS = {Kind.CALL: "phone", Kind.CONTACTED: "check", Kind.EMAIL: "send", Kind.MESSAGE: "message"}


@cache
def _address(view: str) -> list[str]:
    """What stands before and after the enrolment's id. `reverse` takes longer than the rest of a row's words."""
    return reverse(view, args=[0]).split("0")


@dataclass
class Row:
    record: Enrolment
    user: User
    now: datetime
    is_open: bool = False
    held_by: User | None = None
    """A colleague who is calling this person."""

    @property
    def name(self) -> str:
        """Empty for an account without a name."""
        return self.record.participant.full_name

    @cached_property
    def called(self) -> str:
        """For labels of buttons."""
        return self.name or self.record.participant.email or _("Unknown name")

    @property
    def stamp(self) -> str:
        """By which an open page finds out that another tutor changed the row."""
        return of_row(self.follow_up.version if self.follow_up else None, self.held_by.pk if self.held_by else None)

    @cached_property
    def id(self) -> str:
        """As text: a template formats every number by the rules of the language."""
        return str(self.record.pk)

    # Labels and addresses are made here, once a row: in a template each of them costs several times as much.
    @property
    def person_url(self) -> str:
        return self.id.join(_address("dashboard:person"))

    @property
    def call_url(self) -> str:
        return self.id.join(_address("dashboard:call"))

    @property
    def contacted_url(self) -> str:
        return self.id.join(_address("dashboard:mark-contacted"))

    @property
    def online(self) -> str:
        """«Samira B. is on the phone», said for the colleague and the person alike."""
        return _("%(name)s is on the line") % {"name": self.held_by.short_name} if self.held_by else ""

    @property
    def call_label(self) -> str:
        if self.held_by:
            return _("Call %(name)s: %(reason)s") % {"name": self.called, "reason": self.online}
        words = _("%(name)s does not want to be called") if self.do_not_call else _("Call %(name)s")
        return words % {"name": self.called}

    @property
    def contacted_label(self) -> str:
        return _("Mark %(name)s as contacted") % {"name": self.called}

    @property
    def picked(self) -> str:
        """What a tick sends: `dashboard.selection.picked` reads it."""
        return f"{self.id}:{self.follow_up.version}" if self.follow_up else self.id

    @property
    def select_label(self) -> str:
        return _("Select %(name)s") % {"name": self.called}

    @property
    def note_label(self) -> str:
        return _("Add a note about %(name)s") % {"name": self.called}

    @cached_property
    def follow_up(self) -> FollowUp | None:
        """None for staff, as in their file."""
        return None if self.record.standing == Standing.STAFF else getattr(self.record, "follow_up", None)

    @cached_property
    def group_names(self) -> str:
        return ", ".join(self.record.group_names)  # type: ignore[attr-defined]  # annotated by with_row_data()

    @property
    def no_reminder(self) -> bool:
        """No address that holds, neither from Moodle nor typed by a colleague: nothing can be sent."""
        return not self.record.has_address  # type: ignore[attr-defined]  # by with_row_data()

    @property
    def flag(self) -> str:
        """Why nobody can come in, where it is so."""
        course = self.record.course
        if course.visible is False:
            return _("Hidden")
        if course.has_ended(self.now):
            return _("Ended")
        return "" if course.is_open(self.now) else _("Not open yet")

    @property
    def standing(self) -> str:
        standing = Standing(self.record.standing)
        return "" if standing == Standing.PRESENT else str(standing.label)

    @property
    def seen_on_platform(self) -> datetime | None:
        seen = self.record.last_site_access
        return seen if seen and seen > EPOCH else None

    @cached_property
    def contact(self) -> Contact | None:
        return self.follow_up.last_contact if self.follow_up else None

    @property
    def contact_icon(self) -> str:
        return CONTACT_ICONS.get(Kind(self.contact.kind), "point") if self.contact else ""

    @property
    def contact_words(self) -> str:
        if not self.contact:
            return ""
        return str((Outcome(self.contact.outcome) if self.contact.outcome else Kind(self.contact.kind)).label)

    @property
    def contact_by(self) -> str:
        if not self.contact or not self.contact.author:
            return _("Vigie")
        return _("you") if self.contact.author == self.user else self.contact.author.short_name

    @cached_property
    def next(self) -> NextAction:
        return why(self.record, self.now)

    @property
    def may_be_called(self) -> bool:
        return self.follow_up is not None and not self.do_not_call

    @property
    def may_be_marked(self) -> bool:
        """Contacting whom nobody waits for is a note, or a call: one key too many must not make work of it."""
        return self.follow_up is not None and not rests(self.follow_up, self.now)

    @property
    def do_not_call(self) -> bool:
        account = getattr(self.record.participant, "account", None)
        return account is not None and account.person.do_not_call
