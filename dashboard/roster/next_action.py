"""What to do next about one enrolment, and why: the right-most column. A pure function of the row and the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.enums import Cause, ClosedFor, Outcome, State
from dashboard.follow_up.rules import Facts, first_step_at
from dashboard.follow_up.system import facts_of
from dashboard.models import FollowUp
from dashboard.moments import clock
from moodle_sync.enums import Access, Standing
from moodle_sync.models import Enrolment


@dataclass(frozen=True)
class NextAction:
    """`overdue`: an agreed moment has passed, the only thing shown in red."""

    icon: str
    text: str
    reason: str = ""
    overdue: bool = False
    nothing: bool = False


def next_action(enrolment: Enrolment, *, now: datetime) -> NextAction:
    """Needs the annotation `access`; reads `follow_up`, `course.site` and `follow_up.last_contact`."""
    follow_up: FollowUp | None = getattr(enrolment, "follow_up", None)
    if follow_up is None or enrolment.standing != Standing.PRESENT:
        return _nothing(str(Standing(enrolment.standing).label))
    access = Access(enrolment.access)
    facts = facts_of(enrolment, enrolment.course, access, now)
    match follow_up.state:
        case State.CLOSED_IN:
            return _nothing(_("Has not come back") if access == Access.DORMANT else _("Has come in"))
        case State.CLOSED_OUT:
            return _nothing(str(ClosedFor(follow_up.closed_for).label).capitalize())
        case State.WAITING:
            return _waiting(enrolment, facts, now)
    return _closed_door(enrolment, facts, now) or _dated(follow_up, facts, now)


def _nothing(reason: str) -> NextAction:
    return NextAction("circle-dashed", _("Nothing to do"), reason, nothing=True)


def _closed_door(enrolment: Enrolment, facts: Facts, now: datetime) -> NextAction | None:
    """Nobody can come in: nobody is to be chased."""
    course = enrolment.course
    if facts.course_ended:
        return _nothing(_("Session ended"))
    if course.visible is False:
        return NextAction("eye-off", _("Wait: session hidden"), _("nobody can come in"), nothing=True)
    if not facts.course_open and course.start_date:
        text = _("Wait: opens on %(day)s") % {"day": short_day(course.start_date, facts, now)}
        return NextAction("hourglass-empty", text, _("nobody can come in"), nothing=True)
    return None


def _waiting(enrolment: Enrolment, facts: Facts, now: datetime) -> NextAction:
    closed = _closed_door(enrolment, facts, now)
    if closed:
        return closed
    if facts.access == Access.UNKNOWN:
        return NextAction("eye-question", _("Not to be chased"), _("Moodle does not tell the access"), nothing=True)
    step = first_step_at(facts)
    if step is not None and facts.day_zero is not None and step > now:
        text = _("Nothing before %(day)s") % {"day": short_day(step, facts, now)}
        since = _("day 0: %(day)s") % {"day": short_day(facts.day_zero, facts, now)}
        return NextAction("hourglass-empty", text, since, nothing=True)
    return NextAction("hourglass-empty", _("Wait"), nothing=True)


def _dated(follow_up: FollowUp, facts: Facts, now: datetime) -> NextAction:
    """States that have a date; the database makes sure of it."""
    due = follow_up.due_at
    assert due is not None
    if follow_up.state == State.CALLBACK:
        return _callback(due, facts, now)
    day = due_day(due, facts, now)
    if follow_up.state == State.BLOCKED:
        cause = Cause(follow_up.cause).label if follow_up.cause else _("somebody else has to act")
        return NextAction("calendar", _("Check %(when)s") % {"when": day}, str(cause))
    if follow_up.state in {State.CONTACTED, State.REMINDED}:
        text = _("Wait until %(day)s") % {"day": short_day(due, facts, now)}
        return NextAction("hourglass-empty", text, _("then to do, without new access"))
    last = _last_outcome(follow_up)
    if last in {Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL}:
        return NextAction("mail", _("Write, or find another way"), str(last.label))
    if due > now:
        return NextAction("phone", _("Call again %(when)s") % {"when": day}, str(last.label) if last else "")
    return NextAction("phone", _("Call or remind today"), _why_chased(facts, now))


def _callback(due: datetime, facts: Facts, now: datetime) -> NextAction:
    moment = f"{short_day(due, facts, now)}, {clock(due, facts.zone)}"
    if due <= now:
        return NextAction(
            "alert-triangle", _("Call back, overdue"), _("agreed for %(moment)s") % {"moment": moment}, overdue=True
        )
    when = f"{due_day(due, facts, now)}, {clock(due, facts.zone)}"
    return NextAction("calendar-clock", _("Call back %(when)s") % {"when": when}, _("as agreed"))


def _last_outcome(follow_up: FollowUp) -> Outcome | None:
    contact = follow_up.last_contact
    return Outcome(contact.outcome) if contact and contact.outcome else None


def _why_chased(facts: Facts, now: datetime) -> str:
    what = {
        Access.NEVER_PLATFORM: _("Never logged in"),
        Access.NEVER_COURSE: _("Never entered"),
        Access.DORMANT: _("Has not come back"),
    }.get(facts.access, _("Access unknown"))
    if facts.day_zero is None:
        return what
    days = (now.astimezone(facts.zone).date() - facts.day_zero.astimezone(facts.zone).date()).days
    if days < 1:
        return what
    open_for = ngettext("open for %(n)s day", "open for %(n)s days", days) % {"n": days}
    return f"{what}, {open_for}"


def due_day(moment: datetime, facts: Facts, now: datetime) -> str:
    """«today», «tomorrow» or «on 25/11», in the site's zone. What is past is due today."""
    day, today = moment.astimezone(facts.zone).date(), now.astimezone(facts.zone).date()
    if day <= today:
        return _("today")
    if day == today + timedelta(days=1):
        return _("tomorrow")
    return _("on %(day)s") % {"day": short_day(moment, facts, now)}


def short_day(moment: datetime, facts: Facts, now: datetime) -> str:
    """The day in the site's zone, its year only when it is another one."""
    local = moment.astimezone(facts.zone)
    return date_format(local, "d/m" if local.year == now.astimezone(facts.zone).year else "d/m/Y")
