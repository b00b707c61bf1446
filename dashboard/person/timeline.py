"""One timeline per person, across courses. What lies outside the user's scope is a date and a channel."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.blocked.listing import asked_of
from dashboard.calls.questions import in_words
from dashboard.enums import TOUCHES, Cause, ClosedFor, Kind, Outcome, State
from dashboard.follow_up.moves import is_last
from dashboard.models import Contact, NoteVersion
from dashboard.moments import clock
from dashboard.person.corrections import Earlier, earlier_texts, may_correct
from dashboard.person.file import File
from dashboard.person.windows import after_contact, window_words

ICONS = {
    Kind.CALL: "phone",
    Kind.CONTACTED: "message-2-check",
    Kind.EMAIL: "send",
    Kind.MESSAGE: "message",
    Kind.NOTE: "note",
    Kind.BOUNCED: "mail-off",
    Kind.DUE: "calendar-clock",
    Kind.ENTERED: "login-2",
    Kind.DECLARED: "login-2",
    Kind.SEEN: "login-2",
    Kind.RETURNED: "login-2",
    Kind.LEFT: "logout",
    Kind.REJOINED: "user-plus",
    Kind.ENDED: "flag",
    Kind.REOPENED: "flag",
    Kind.DORMANT: "hourglass-empty",
    Kind.ASSIGNED: "users",
    Kind.REDATED: "calendar",
    Kind.BLOCKED: "lock",
    Kind.LIFTED: "lock-open",
    Kind.CAUSE: "bulb",
    Kind.CLOSED: "archive",
    Kind.RESUMED: "refresh",
}
STANDING_STILL = [Kind.ASSIGNED, Kind.CAUSE]
"""These keep the date, which is no news."""
GOOD_NEWS = [Kind.ENTERED, Kind.DECLARED, Kind.SEEN, Kind.RETURNED]


@dataclass(frozen=True)
class Entry:
    """One act or one event, whatever the number of courses it touched."""

    act: uuid.UUID
    kind: Kind
    at: datetime
    title: str
    zone: ZoneInfo
    """The platform's."""
    author: User | None = None
    courses: tuple[str, ...] = ()
    cause: str = ""
    answers: str = ""
    note: str = ""
    window: str = ""
    change: str = ""
    after_contact: str = ""
    earlier: tuple[Earlier, ...] = ()
    """What the note said before it was corrected."""
    corrected: NoteVersion | None = None
    """The last correction."""
    undone: Contact | None = None
    can_undo: bool = False
    can_correct: bool = False
    can_take_back: bool = False
    neutral: bool = False

    @property
    def icon(self) -> str:
        return ICONS[self.kind]

    @property
    def is_good_news(self) -> bool:
        return self.kind in GOOD_NEWS and not self.undone


def timeline(file: File) -> list[Entry]:
    """Newest first; an undo is no entry of its own: it marks what it undoes."""
    contacts = list(
        Contact.objects.filter(follow_up__enrolment__participant__account__person=file.person)
        .exclude(kind=Kind.UNDO)
        .select_related(
            "author",
            "undone_by__author",
            "follow_up__enrolment__course__site",
            "handed_to",
            "blockage__owner",
            "bad_address",
        )
        .prefetch_related("versions__by")
        .order_by("-created_at", "-pk")
    )
    visible = {follow_up.pk for follow_up in file.follow_ups}
    kinds = {contact.pk: Kind(contact.kind) for contact in contacts}
    gone = _taken_back(contacts, file.user)
    entries = [_entry(group, visible, kinds, file.user, gone) for group in _by_act(contacts)]
    return [entry for entry in entries if entry is not None]


def _taken_back(contacts: Iterable[Contact], user: User) -> dict[int, set[int]]:
    """As `moves.taken_back`, of what was read already."""
    versions: dict[int, set[int]] = defaultdict(set)
    for contact in contacts:
        if contact.author_id == user.pk and (undone := getattr(contact, "undone_by", None)):
            versions[contact.follow_up_id] |= {contact.version, undone.version}
    return versions


def _by_act(contacts: Iterable[Contact]) -> Iterable[list[Contact]]:
    """The rows of one act were written together, but another act may stand between them."""
    acts: dict[uuid.UUID, list[Contact]] = {}
    for contact in contacts:
        acts.setdefault(contact.act, []).append(contact)
    return acts.values()


def _entry(
    group: list[Contact], visible: set[int], kinds: dict[int, Kind], user: User, gone: dict[int, set[int]]
) -> Entry | None:
    mine = [contact for contact in group if contact.follow_up_id in visible]
    if not mine:
        return _neutral(group[0])
    head = mine[0]
    kind = Kind(head.kind)
    corrected = next(reversed(head.versions.all()), None)
    correctable = may_correct(user, group, mine)
    return Entry(
        act=head.act,
        kind=kind,
        at=head.happened_at or head.created_at,
        title=title_of(head),
        zone=_zone(head),
        author=head.author,
        courses=tuple(str(contact.follow_up.enrolment.course) for contact in mine),
        cause=str(Cause(head.cause).label) if head.cause not in {"", Cause.UNKNOWN} else "",
        answers=", ".join(in_words(head.answers)),
        note=head.note,
        window=window_words(head) if kind == Kind.ENTERED else "",
        change=_change(mine),
        after_contact=after_contact(head, kinds) if kind in GOOD_NEWS else "",
        earlier=earlier_texts(head),
        corrected=corrected,
        can_correct=correctable,
        can_take_back=correctable and corrected is not None and corrected.by == user and not corrected.takes_back,
        undone=getattr(head, "undone_by", None),
        can_undo=len(mine) == len(group) and all(_is_last(contact, user, gone) for contact in mine),
    )


def _is_last(contact: Contact, user: User, gone: dict[int, set[int]]) -> bool:
    """The same test as `moves.undo` makes."""
    taken_back = gone.get(contact.follow_up_id, ())
    return contact.author_id == user.pk and is_last(contact, contact.follow_up.version, taken_back)


def _neutral(contact: Contact) -> Entry | None:
    """Elsewhere, only what tells a colleague that the person was bothered already (product.md §2)."""
    kind = Kind(contact.kind)
    if kind not in TOUCHES or hasattr(contact, "undone_by"):
        return None
    return Entry(contact.act, kind, contact.created_at, str(kind.label), _zone(contact), neutral=True)


def _zone(contact: Contact) -> ZoneInfo:
    return contact.follow_up.enrolment.course.site.zone


def title_of(contact: Contact) -> str:
    """What an entry is called, by everything that tells of it."""
    if contact.kind == Kind.CALL:
        return str(Outcome(contact.outcome).label)
    if contact.kind == Kind.ENTERED:
        # Whom no read knew to be outside may have been inside for long.
        words = _("Seen in “%(course)s”") if contact.happened_after is None else _("Came into “%(course)s”")
        return words % {"course": contact.follow_up.enrolment.course}
    if contact.handed_to:
        return _("Handed over to %(name)s") % {"name": contact.handed_to}
    if contact.kind == Kind.BOUNCED:
        return _("Message to %(address)s came back") % {"address": contact.bad_address.address}
    if contact.closed_for:
        return _("Closed: %(reason)s") % {"reason": ClosedFor(contact.closed_for).label}
    if asked := asked_of(contact):
        return _("Blocked: %(name)s must act") % {"name": asked}
    return str(Kind(contact.kind).label)


def _change(contacts: list[Contact]) -> str:
    """«Follow-up set to “Contacted”, until 26/11», once for all the courses that moved alike."""
    told = {
        (contact.to_state, contact.to_due_at): contact
        for contact in contacts
        if _moved(contact) or (contact.to_due_at and contact.kind not in STANDING_STILL)
    }
    return " · ".join(_told(contact) for contact in told.values())


def _moved(contact: Contact) -> bool:
    return contact.to_state != contact.from_state


def _is_kept_callback(contact: Contact) -> bool:
    """What was agreed outlived this act: an unanswered call, a reminder."""
    due = contact.before.get("due_at")
    agreed = contact.from_state == contact.to_state == State.CALLBACK and contact.outcome != Outcome.CALLBACK
    return agreed and bool(due) and datetime.fromisoformat(due) == contact.to_due_at


def _told(contact: Contact) -> str:
    state = State(contact.to_state).label
    if contact.to_due_at is None or contact.kind == Kind.DUE:
        return _("follow-up set to “%(state)s”") % {"state": state}
    due = timezone.localtime(contact.to_due_at, _zone(contact))
    day = formats.date_format(due, "SHORT_DATE_FORMAT")
    time = "" if due.hour == due.minute == 0 else f", {clock(due, _zone(contact))}"
    if _is_kept_callback(contact):
        return _("callback kept on %(date)s") % {"date": day + time}
    return _("follow-up set to “%(state)s”, due %(date)s") % {"state": state, "date": day + time}
