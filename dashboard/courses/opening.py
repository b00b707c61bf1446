"""May people come in yet, since when: in words."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from moodle_sync.models import Course


class Phase(Enum):
    FUTURE = "future"
    HIDDEN = "hidden"
    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True)
class Opening:
    phase: Phase
    words: str
    late: bool = False
    """Hidden although its start date has passed: somebody forgot to show it."""

    @property
    def closed(self) -> bool:
        """Nobody can come in, so nobody is to be chased."""
        return self.phase in {Phase.FUTURE, Phase.HIDDEN}


def opening(course: Course, now: datetime) -> Opening:
    zone = course.site.zone
    if course.has_ended(now):
        return Opening(Phase.ENDED, _("Ended on %(day)s") % {"day": day(course.end_date, zone, now)})
    if course.visible is False:
        return _hidden(course, now, zone)
    if not course.is_open(now):
        return Opening(Phase.FUTURE, _("Opens on %(day)s") % {"day": day(course.start_date, zone, now)})
    return Opening(Phase.OPEN, _open_words(course, now, zone))


def _hidden(course: Course, now: datetime, zone: ZoneInfo) -> Opening:
    late = course.start_date is not None and course.start_date <= now
    if late:
        words = _("Hidden on Moodle although it began on %(day)s")
    elif course.start_date:
        words = _("Hidden on Moodle, begins on %(day)s")
    else:
        return Opening(Phase.HIDDEN, _("Hidden on Moodle"))
    return Opening(Phase.HIDDEN, words % {"day": day(course.start_date, zone, now)}, late)


def _open_words(course: Course, now: datetime, zone: ZoneInfo) -> str:
    since = course.opened_at or course.start_date
    if since is None:
        return _("Open")
    days = (now.astimezone(zone).date() - since.astimezone(zone).date()).days
    if days <= 0:
        return _("Opened today")
    return ngettext("Open for %(days)s day", "Open for %(days)s days", days) % {"days": days}


def day(moment: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """The day in the site's zone; with its year when it is not this one."""
    if moment is None:
        return _("an unknown day")
    local = moment.astimezone(zone)
    same_year = local.year == now.astimezone(zone).year
    return date_format(local, "MONTH_DAY_FORMAT" if same_year else "DATE_FORMAT")
