"""What Moodle changed of a course behind its coordinator's back: hidden on its first day, other dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from dashboard.courses.opening import day
from dashboard.models import FlagSeen
from moodle_sync.history import DatesMoved
from moodle_sync.models import Course

Kind = FlagSeen.Kind
REMEMBERED = timedelta(days=30)
"""Dates that moved longer ago are no news to anybody."""


@dataclass(frozen=True)
class Flag:
    course: Course
    kind: FlagSeen.Kind
    words: str


def may_see_flags(user: User) -> bool:
    return user.is_coordinator or user.is_administrator


def flags(courses: Sequence[Course], now: datetime) -> list[Flag]:
    """Those that nobody has seen yet, in the order of the courses."""
    ids = [course.pk for course in courses]
    seen = {(row.course_id, row.kind): row.at for row in FlagSeen.objects.filter(course__in=ids)}
    moves: dict[int, list[DatesMoved]] = {}
    recent = DatesMoved.objects.filter(course__in=ids, noticed_at__gt=now - REMEMBERED)
    for move in recent.order_by("noticed_at", "pk"):
        if _unseen(seen.get((move.course_id, Kind.DATES)), move.noticed_at):
            moves.setdefault(move.course_id, []).append(move)
    found = []
    for course in courses:
        if _hidden_late(course, now) and _unseen(seen.get((course.pk, Kind.HIDDEN)), course.start_date):
            words = _("Still hidden on Moodle although it was to begin on %(day)s: nobody can come in.")
            found.append(Flag(course, Kind.HIDDEN, words % {"day": day(course.start_date, course.site.zone, now)}))
        if words := _moved_words(course, moves.get(course.pk, []), now):
            found.append(Flag(course, Kind.DATES, words))
    return found


def acknowledge(course: Course, kind: FlagSeen.Kind, user: User) -> None:
    FlagSeen.objects.update_or_create(course=course, kind=kind, defaults={"by": user, "at": timezone.now()})


def _unseen(seen: datetime | None, happened: datetime | None) -> bool:
    return seen is None or (happened is not None and happened > seen)


def _hidden_late(course: Course, now: datetime) -> bool:
    begun = course.start_date is not None and course.start_date <= now
    return course.visible is False and begun and not course.has_ended(now)


def _moved_words(course: Course, moves: Sequence[DatesMoved], now: datetime) -> str:
    """From what was last seen to what holds now; put back to where they were, nothing moved."""
    if not moves:
        return ""
    old, parts = moves[0], []
    if old.old_start != course.start_date:
        days = {"old": _day(old.old_start, course, now), "new": _day(course.start_date, course, now)}
        parts.append(_("Beginning: %(old)s → %(new)s.") % days)
    if old.old_end != course.end_date:
        days = {"old": _day(old.old_end, course, now), "new": _day(course.end_date, course, now)}
        parts.append(_("End: %(old)s → %(new)s.") % days)
    return " ".join(parts)


def _day(moment: datetime | None, course: Course, now: datetime) -> str:
    return day(moment, course.site.zone, now) if moment else _("none")
