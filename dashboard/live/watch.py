"""What changed on the screen of one user since they were last told, as cheaply as can be asked every few seconds.

As long as nobody anywhere wrote anything, the pulse answers alone. After it, the rows on the screen are compared by
their versions, and the list is made anew only where an entry or a read within the user's scope may have changed it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.live import stamps
from dashboard.models import Contact
from dashboard.queue.page import Queue
from dashboard.roster.listing import Roster
from dashboard.scope import visible_courses, visible_enrolments

AT_MOST = 300
"""Rows of one screen."""
ANYWAY = timedelta(minutes=1)
"""Time alone changes things too: a reservation ends."""
SETTLED = timedelta(seconds=10)
"""An entry with a smaller number may be committed later than its successor, but not by more."""


@dataclass(frozen=True)
class Token:
    """How far a page was told."""

    pulse: int = -1
    entry: int | None = None
    at: int = 0

    @classmethod
    def read(cls, text: str) -> "Token":
        parts = text.split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
            return cls()
        pulse, entry, at = map(int, parts)
        return cls(pulse, entry, min(at, int(timezone.now().timestamp())))

    @classmethod
    def now(cls, pulse: int) -> "Token":
        now = timezone.now()
        settled = Contact.objects.filter(created_at__lte=now - SETTLED).order_by("-pk")
        return cls(pulse, settled.values_list("pk", flat=True).first() or 0, int(now.timestamp()))

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def holds(self, pulse: int) -> bool:
        return pulse == self.pulse and timezone.now() - self.moment < ANYWAY

    def __str__(self) -> str:
        return f"{self.pulse}.{self.entry or 0}.{self.at}"


@dataclass(frozen=True)
class Asked:
    """What the page has, as it says itself: `rows` as `enrolment:stamp`, the file that is open with its stamp, the
    last entry it was opened with, and the colleagues it shows as looking at it."""

    token: Token
    rows: dict[int, str]
    open: int | None
    stamp: str
    last: int
    beside: str

    @classmethod
    def of(cls, params: QueryDict) -> "Asked":
        pairs = [pair.partition(":") for pair in params.get("rows", "").split(",")[:AT_MOST]]
        return cls(
            token=Token.read(params.get("since", "")),
            rows={int(pk): stamp for pk, _colon, stamp in pairs if _is_number(pk)},
            open=_number(params.get("open", "")),
            stamp=params.get("stamp", ""),
            last=_number(params.get("last", "")) or 0,
            beside=params.get("beside", ""),
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _number(text: str) -> int | None:
    return int(text) if _is_number(text) else None


def list_changes(shown: Roster | Queue, asked: Asked) -> dict[str, Any]:
    """For the template: the rows that are another now, who left the list, how many changes a new look would bring."""
    user = shown.user
    now_is = stamps.of_rows(user, asked.rows.keys())
    other = {pk for pk, stamp in asked.rows.items() if now_is.get(pk) != stamp}
    if not other and not _something_happened(user, asked.token):
        return {}
    ids = shown_ids(shown)
    left, joined = asked.rows.keys() - set(ids), set(ids) - asked.rows.keys()
    changed = other & set(ids)
    if not changed and not left and not joined:
        return {}
    return {"changed": changed, "left": sorted(left), "news": max(len(left), len(joined))}


def shown_ids(shown: Roster | Queue) -> list[int]:
    if isinstance(shown, Roster):
        return list(shown.page.object_list)
    return [line.record.pk for section in shown.sections for line in section.lines]


def _something_happened(user: User, since: Token) -> bool:
    """In the user's scope, on the screen or not."""
    if since.entry is None:  # the first question of a page that was drawn a moment ago
        return False
    entries = Contact.objects.filter(pk__gt=since.entry, follow_up__enrolment__in=visible_enrolments(user))
    return entries.exists() or visible_courses(user).filter(synced_at__gte=since.moment - SETTLED).exists()
