"""Why this person, why now: what to do next about one enrolment, in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboard.enums import Cause, Channel, ClosedFor, Outcome, State
from dashboard.models import FollowUp
from dashboard.moments import clock
from dashboard.plan.next_step import OTHER_WAY
from dashboard.plan.schedule import day_zero
from dashboard.plan.tried import Tried, tried
from moodle_sync.enums import Access, Standing
from moodle_sync.models import Course, Enrolment

DATES_NAMED = 2
"""More reminders than these are counted."""


@dataclass(frozen=True)
class NextAction:
    """`overdue`: an agreed moment has passed, the only thing shown in red."""

    icon: str
    text: str
    reason: str = ""
    overdue: bool = False
    nothing: bool = False
    because: str = ""
    """The whole why, where there is something to do."""
    do: str = ""
    """And what, in a word or two."""

    @property
    def sentence(self) -> str:
        """One readable line: «Never entered, open for 6 days, reminder of 12/11 to no effect: call»."""
        if self.because:
            return _("%(why)s: %(what)s") % {"why": self.because, "what": self.do}
        return f"{self.text} ({self.reason})" if self.reason else self.text


@dataclass(frozen=True)
class Facts:
    """One enrolment at one moment."""

    enrolment: Enrolment
    follow_up: FollowUp
    now: datetime

    @property
    def course(self) -> Course:
        return self.enrolment.course

    @cached_property
    def zone(self) -> ZoneInfo:
        return self.course.site.zone

    @cached_property
    def access(self) -> Access:
        return Access(self.enrolment.access)

    @cached_property
    def day_zero(self) -> datetime | None:
        return day_zero(self.course, self.enrolment.first_seen_at)

    @cached_property
    def tried(self) -> Tried:
        return tried(self.enrolment)

    @property
    def last_outcome(self) -> Outcome | None:
        contact = self.follow_up.last_contact
        return Outcome(contact.outcome) if contact and contact.outcome else None

    @property
    def may_be_called(self) -> bool:
        account = getattr(self.enrolment.participant, "account", None)
        return account is None or not account.person.do_not_call


def why(enrolment: Enrolment, now: datetime) -> NextAction:
    """Needs the annotation `access`; reads `follow_up.last_contact`, `course.site` and the participant's person.

    For lists, `tried.look_up` first.
    """
    follow_up: FollowUp | None = getattr(enrolment, "follow_up", None)
    if follow_up is None or enrolment.standing != Standing.PRESENT:
        return _nothing(str(Standing(enrolment.standing).label))
    facts = Facts(enrolment, follow_up, now)
    match follow_up.state:
        case State.CLOSED_IN:
            return _nothing(_("Has not come back") if facts.access == Access.DORMANT else _("Has come in"))
        case State.CLOSED_OUT:
            return _nothing(capfirst(str(ClosedFor(follow_up.closed_for).label)))
    closed = _closed_door(facts)
    if closed:
        return closed
    match follow_up.state:
        case State.WAITING:
            return _waiting(facts)
        case State.CALLBACK:
            return _callback(facts)
        case State.TODO:
            return _to_do(facts)
        case _:
            return _dated(facts)


def _nothing(reason: str) -> NextAction:
    return NextAction("circle-dashed", _("Nothing to do"), reason, nothing=True)


def _closed_door(facts: Facts) -> NextAction | None:
    """Nobody can come in: nobody is to be chased."""
    course, now = facts.course, facts.now
    if course.has_ended(now):
        return _nothing(_("Session ended"))
    if course.visible is False:
        return NextAction("eye-off", _("Wait: session hidden"), _("nobody can come in"), nothing=True)
    if not course.is_open(now) and course.start_date:
        text = _("Wait: opens on %(day)s") % {"day": short_day(course.start_date, facts)}
        return NextAction("hourglass-empty", text, _("nobody can come in"), nothing=True)
    return None


def _waiting(facts: Facts) -> NextAction:
    if facts.access == Access.UNKNOWN:
        return NextAction("eye-question", _("Not to be chased"), _("Moodle does not tell the access"), nothing=True)
    step = facts.follow_up.next_at
    if step is not None and facts.day_zero is not None and step > facts.now:
        text = _("Nothing before %(day)s") % {"day": short_day(step, facts)}
        since = _("day 0: %(day)s") % {"day": short_day(facts.day_zero, facts)}
        return NextAction("hourglass-empty", text, since, nothing=True)
    return NextAction("hourglass-empty", _("Wait"), nothing=True)


def _dated(facts: Facts) -> NextAction:
    """Reminded, contacted, blocked: these have a date; the database makes sure of it."""
    follow_up = facts.follow_up
    due = follow_up.due_at
    assert due is not None
    if follow_up.state == State.BLOCKED:
        cause = Cause(follow_up.cause).label if follow_up.cause else _("somebody else has to act")
        return NextAction("calendar", _("Check %(when)s") % {"when": due_day(due, facts)}, str(cause))
    text = _("Wait until %(day)s") % {"day": short_day(due, facts)}
    then = {Channel.CALL: _("then call, without new access"), Channel.EMAIL: _("then remind, without new access")}
    words = _("then to do, without new access")
    if follow_up.next_channel:
        words = then[Channel(follow_up.next_channel)]
    return NextAction("hourglass-empty", text, words)


def _callback(facts: Facts) -> NextAction:
    due = facts.follow_up.due_at
    assert due is not None
    time = clock(due, facts.zone)
    if due <= facts.now:
        agreed = _("agreed for %(moment)s") % {"moment": f"{short_day(due, facts)}, {time}"}
        because = ", ".join([_said(facts), _("callback %(agreed)s") % {"agreed": agreed}])
        words = _("Call back, overdue")
        return NextAction("alert-triangle", words, agreed, overdue=True, because=because, do=_("call back"))
    when = f"{due_day(due, facts)}, {time}"
    return NextAction("calendar-clock", _("Call back %(when)s") % {"when": when}, _("as agreed"))


def _to_do(facts: Facts) -> NextAction:
    follow_up, because = facts.follow_up, _why_chased(facts)
    channel, at = follow_up.next_channel, follow_up.next_at
    if not channel or at is None:
        return _by_no_channel(facts, because)
    reason = _tried_briefly(facts.tried) or capfirst(_open_for(facts)) or _said(facts)
    if facts.last_outcome in OTHER_WAY and channel == Channel.EMAIL:
        label = str(facts.last_outcome.label)
        because, reason = f"{because}, {label[:1].lower()}{label[1:]}", label
    when = {"when": due_day(at, facts)}
    if channel == Channel.EMAIL:
        return NextAction("send", _("Remind %(when)s") % when, reason, because=because, do=_("remind by e-mail"))
    return NextAction("phone", _("Call %(when)s") % when, reason, because=because, do=pgettext("what to do", "call"))


def _by_no_channel(facts: Facts, because: str) -> NextAction:
    """Only a person can tell what to do: nothing repeats itself."""
    if facts.access == Access.UNKNOWN:
        return NextAction("eye-question", _("Your choice"), _("Moodle does not tell the access"))
    if facts.access == Access.ACTIVE:
        return NextAction("circle-dashed", _("Your choice"), _("Has come in"))
    if not facts.may_be_called and facts.follow_up.next_channel == "" and not facts.enrolment.participant.email:
        reason = _("wants no calls, and has no e-mail address")
        return NextAction("ban", _("Find another way"), reason, because=f"{because}, {reason}", do=_("another way"))
    reason, do = _("plan finished"), _("call back, block or close")
    return NextAction("flag", capfirst(do), capfirst(reason), because=f"{because}, {reason}", do=do)


def _said(facts: Facts) -> str:
    return {
        Access.NEVER_PLATFORM: _("Never logged in"),
        Access.NEVER_COURSE: _("Never entered"),
        Access.DORMANT: _("Has not come back"),
        Access.ACTIVE: _("Has come in"),
    }.get(facts.access, _("Access unknown"))


def _why_chased(facts: Facts) -> str:
    """«Never entered, open for 11 days, reminders of 16/11 and 20/11 to no effect, 2 calls without answer»."""
    parts = [part for part in (_said(facts), _open_for(facts)) if part]
    reminders = facts.tried.reminders
    if len(reminders) == 1:
        parts.append(_("reminder of %(day)s to no effect") % {"day": short_day(reminders[0], facts)})
    elif len(reminders) == DATES_NAMED:
        first, second = (short_day(at, facts) for at in reminders)
        parts.append(_("reminders of %(first)s and %(second)s to no effect") % {"first": first, "second": second})
    elif reminders:
        parts.append(_reminders(len(reminders)))
    if facts.tried.unanswered:
        parts.append(_calls(facts.tried.unanswered))
    return ", ".join(parts)


def _open_for(facts: Facts) -> str:
    if facts.day_zero is None:
        return ""
    days = (facts.now.astimezone(facts.zone).date() - facts.day_zero.astimezone(facts.zone).date()).days
    return ngettext("open for %(n)s day", "open for %(n)s days", days) % {"n": days} if days >= 1 else ""


def _tried_briefly(what: Tried) -> str:
    parts = [_reminders(len(what.reminders))] if what.reminders else []
    return ", ".join([*parts, _calls(what.unanswered)] if what.unanswered else parts)


def _reminders(n: int) -> str:
    return ngettext("%(n)s reminder to no effect", "%(n)s reminders to no effect", n) % {"n": n}


def _calls(n: int) -> str:
    return ngettext("%(n)s call without answer", "%(n)s calls without answer", n) % {"n": n}


def due_day(moment: datetime, facts: Facts) -> str:
    """«today», «tomorrow» or «on 25/11», in the site's zone. What is past is due today."""
    day, today = moment.astimezone(facts.zone).date(), facts.now.astimezone(facts.zone).date()
    if day <= today:
        return _("today")
    if day == today + timedelta(days=1):
        return _("tomorrow")
    return _("on %(day)s") % {"day": short_day(moment, facts)}


def short_day(moment: datetime, facts: Facts) -> str:
    """The day in the site's zone, its year only when it is another one."""
    local = moment.astimezone(facts.zone)
    return date_format(local, "d/m" if local.year == facts.now.astimezone(facts.zone).year else "d/m/Y")
