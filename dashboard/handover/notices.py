"""What a colleague is told on their next page, until they put it away."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dashboard.models import Absence, Contact, Notice

SHOWN = 3


@dataclass(frozen=True)
class Told:
    pk: int
    icon: str
    words: str
    link: str
    link_words: str


def unseen(user: User) -> list[Told]:
    """Newest first; not what was taken back, nor an absence that is over."""
    if not user.notices.filter(seen_at=None).exists():  # the usual case, on every page
        return []
    return [_told(notice) for notice in _current(user).filter(seen_at=None).order_by("-at", "-pk")[:SHOWN]]


def _current(user: User) -> QuerySet[Notice]:
    entries = Contact.objects.filter(act=OuterRef("act"))
    undone, standing = entries.filter(undone_by__isnull=False), entries.filter(undone_by=None)
    return (
        user.notices.filter(~Exists(undone) | Exists(standing))  # of many handed over, one may be taken back
        .filter(Q(absence=None) | Q(absence__last_day__gte=timezone.localdate(), absence__cancelled_at=None))
        .select_related("by", "absence__user")
    )


def handed(user: User) -> list[tuple[str, str]]:
    """What was ever handed to the user, as choices of the roster's filter."""
    notices = _current(user).filter(kind=Notice.Kind.HANDED).order_by("-at", "-pk")
    return [
        (str(notice.act), f"{_by(notice)}, {date_format(timezone.localtime(notice.at), 'd/m')}") for notice in notices
    ]


def tell_of_people(to: User, *, by: User, act: UUID, number: int, reason: str) -> None:
    if to == by:
        return
    link = f"{reverse('dashboard:roster')}?handed={act}"
    Notice.objects.create(user=to, kind=Notice.Kind.HANDED, by=by, act=act, number=number, reason=reason, link=link)


def tell_of_absence(absence: Absence) -> None:
    Notice.objects.create(
        user=absence.colleague,
        kind=Notice.Kind.STANDS_IN,
        by=absence.made_by,
        absence=absence,
        link=reverse("dashboard:absences"),
    )


def tell_of_blockage(to: User, *, by: User, act: UUID, enrolment: int) -> None:
    if to == by:
        return
    link = reverse("dashboard:person", args=[enrolment])
    Notice.objects.create(user=to, kind=Notice.Kind.BLOCKED, by=by, act=act, link=link)


def _by(notice: Notice) -> str:
    return notice.by.short_name if notice.by else _("A colleague")


def _told(notice: Notice) -> Told:
    match notice.kind:
        case Notice.Kind.HANDED:
            told = ngettext(
                "%(by)s hands %(n)s person over to you", "%(by)s hands %(n)s people over to you", notice.number
            ) % {"by": _by(notice), "n": notice.number}
            words = _("%(told)s: “%(reason)s”") % {"told": told, "reason": notice.reason} if notice.reason else told
            return Told(notice.pk, "users", words, notice.link, _("See them"))
        case Notice.Kind.STANDS_IN:
            assert notice.absence is not None
            words = _("You stand in for %(name)s from %(first)s to %(last)s.") % {
                "name": notice.absence.user.short_name,
                "first": date_format(notice.absence.first_day, "d/m"),
                "last": date_format(notice.absence.last_day, "d/m"),
            }
            return Told(notice.pk, "calendar", words, notice.link, _("See the absences"))
        case _:
            words = _("%(by)s counts on you to lift what keeps a person out.") % {"by": _by(notice)}
            return Told(notice.pk, "lock", words, notice.link, _("Open the file"))
