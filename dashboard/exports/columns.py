"""The columns of an export: what the roster shows, and what one needs away from it. Never a note, never a user name."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from dashboard.enums import OPEN_STATES, Cause, State
from dashboard.exports.cells import Cell
from dashboard.exports.lines import Line
from moodle_sync.enums import EPOCH, Access, Standing


class Column(NamedTuple):
    header: str | Promise
    width: int
    """In characters."""
    cell: Callable[[Line], Cell]


def _day(line: Line, moment: datetime | None) -> Cell:
    """By the platform's own clock; without seconds, which nobody reads."""
    if moment is None:
        return ""
    return line.local(moment).replace(tzinfo=None, second=0, microsecond=0)


def _seen(line: Line, moment: datetime | None) -> Cell:
    """A stamp of Moodle's: never is not the same as not known."""
    if moment is None:
        return _("Not known")
    return _("Never") if moment <= EPOCH else _day(line, moment)


@cache
def _in_words(choices: type[TextChoices], value: str, _language: str) -> str:
    """Looked up once for all lines: they are hundreds of thousands, the words a few dozen."""
    return str(choices(value).label)


def _label(choices: type[TextChoices], value: str) -> str:
    return _in_words(choices, value, get_language() or "")


def _state(line: Line) -> str:
    follow_up = line.row.follow_up
    return _label(State, follow_up.state) if follow_up else ""


def _due(line: Line) -> Cell:
    follow_up = line.row.follow_up
    return _day(line, follow_up.due_at) if follow_up and follow_up.state in OPEN_STATES else ""


def _cause(line: Line) -> str:
    follow_up = line.row.follow_up
    return _label(Cause, follow_up.cause) if follow_up and follow_up.cause else ""


def _contacted_at(line: Line) -> Cell:
    return _day(line, line.row.contact.created_at) if line.row.contact else ""


def _contacted_by(line: Line) -> str:
    contact = line.row.contact
    return (str(contact.author) if contact.author else _("Vigie")) if contact else ""


COLUMNS = [
    Column(gettext_lazy("Last name"), 20, lambda line: line.record.participant.last_name),
    Column(gettext_lazy("First name"), 18, lambda line: line.record.participant.first_name),
    Column(gettext_lazy("E-mail"), 34, lambda line: line.emails[0] if line.emails else ""),
    Column(gettext_lazy("Other e-mails"), 20, lambda line: ", ".join(line.emails[1:])),
    Column(gettext_lazy("Phone"), 17, lambda line: line.phones[0] if line.phones else ""),
    Column(gettext_lazy("Other phones"), 17, lambda line: ", ".join(line.phones[1:])),
    Column(gettext_lazy("Calls"), 14, lambda line: _("Do not call") if line.row.do_not_call else ""),
    Column(gettext_lazy("School"), 26, lambda line: line.school),
    Column(gettext_lazy("City"), 16, lambda line: line.record.participant.city),
    Column(gettext_lazy("Country"), 8, lambda line: line.record.participant.country),
    Column(gettext_lazy("Platform"), 20, lambda line: line.record.course.site.name),
    Column(gettext_lazy("Session"), 36, lambda line: line.record.course.full_name),
    Column(gettext_lazy("Groups"), 22, lambda line: line.row.group_names),
    Column(gettext_lazy("Presence"), 12, lambda line: _label(Standing, line.record.standing)),
    Column(gettext_lazy("Access"), 30, lambda line: _label(Access, line.record.access)),
    Column(gettext_lazy("Last access to the session"), 18, lambda line: _seen(line, line.record.last_course_access)),
    Column(gettext_lazy("Last access to the platform"), 18, lambda line: _seen(line, line.record.last_site_access)),
    Column(gettext_lazy("Follow-up"), 14, _state),
    Column(pgettext_lazy("column", "Due"), 18, _due),
    Column(gettext_lazy("Cause"), 24, _cause),
    Column(gettext_lazy("Last contact"), 18, _contacted_at),
    Column(gettext_lazy("What"), 26, lambda line: line.row.contact_words),
    Column(gettext_lazy("By"), 20, _contacted_by),
    Column(gettext_lazy("Next action"), 26, lambda line: line.next.text),
    Column(gettext_lazy("Why"), 60, lambda line: capfirst(line.why)),
]
