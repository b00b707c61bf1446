"""«Not to be left aside»: neglect said of groups and courses, never of one person, each with its remedy."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dashboard.courses.counts import counted_enrolments
from dashboard.courses.lines import CourseLine
from dashboard.courses.tutors import Tutoring, lost_groups
from dashboard.enums import State
from dashboard.roster.choices import UNGROUPED
from moodle_sync.querysets import is_open
from moodle_sync.text import grouped

SHOWN = 6
LOOKED_INTO = 20


@dataclass(frozen=True)
class Alert:
    level: str
    icon: str
    title: str
    detail: str
    action: str = ""
    url: str = ""
    """Empty: the user may not meet the people behind the figure."""
    since: datetime | None = None


@dataclass(frozen=True)
class Neglect:
    """A group, or a whole course, whose people to chase no tutor follows."""

    line: CourseLine
    todo: int
    group_id: int | None = None
    group_name: str = ""


def alerts(user: User, lines: Sequence[CourseLine], team: Tutoring, now: datetime) -> list[Alert]:
    """The greatest neglect first, but some of each kind; at most SHOWN, for the table below has them all."""
    places = [] if user.is_tutor else _neglected(user, lines, team, now)[:SHOWN]
    orphans = [_untutored(user, place) for place in places]
    lost = [] if user.is_tutor else _lost(lines)
    return [*orphans[:2], *_overdue(user, lines), *_failing(lines), *lost[:2], *orphans[2:], *lost[2:]][:SHOWN]


def roster_url(user: User, **filters: object) -> str:
    """The roster with these filters, for who may see people; else nothing."""
    if not user.follows_people:
        return ""
    return f"{reverse('dashboard:roster')}?{urlencode(filters)}"


def _neglected(user: User, lines: Sequence[CourseLine], team: Tutoring, now: datetime) -> list[Neglect]:
    """Looks into the courses with the most to do; counting the groups of all would cost as much as the page."""
    partly = [line for line in lines if line.work.todo and line.course.pk not in team.whole]
    worst = sorted(partly, key=lambda line: -line.work.todo)[:LOOKED_INTO]
    orphans = [Neglect(line, line.work.todo) for line in worst if not line.tutors]
    with_team = {line.course.pk: line for line in worst if line.tutors}
    rows = (
        counted_enrolments(user, with_team.keys())
        .filter(is_open("course__", now), follow_up__state=State.TODO, follow_up__due_at__lte=now)
        .values_list("course_id", "memberships__group_id", "memberships__group__name")
        .annotate(todo=Count("pk"))
        .order_by()
    )
    groups = [
        Neglect(with_team[course_id], todo, group_id, name or "")
        for course_id, group_id, name, todo in rows
        if not team.of((course_id, group_id))
    ]
    return sorted([*orphans, *groups], key=lambda place: -place.todo)


def _untutored(user: User, place: Neglect) -> Alert:
    course = place.line.course
    names = {"course": course.full_name, "group": place.group_name}
    filters: dict[str, object] = {"course": course.pk, "state": State.TODO.value, "due": "now"}
    if place.group_id:
        title = _("%(course)s, %(group)s: no tutor") % names
        filters["group"] = place.group_id
    elif place.line.tutors:
        title = _("%(course)s, people without group: no tutor") % names
        filters["group"] = UNGROUPED
    else:
        title = _("%(course)s: no tutor") % names
    people = ngettext("%(n)s person to chase", "%(n)s people to chase", place.todo) % {"n": grouped(place.todo)}
    return Alert(
        "danger",
        "user-off",
        title,
        f"{place.line.opening.words} · {people}",
        _("Open the list"),
        roster_url(user, **filters),
    )


def _lost(lines: Sequence[CourseLine]) -> list[Alert]:
    """Assignments to a group that is no longer: who was entrusted with it may not have noticed."""
    by_course = {line.course.pk: line for line in lines}
    return [
        Alert(
            "warn",
            "users-minus",
            _("%(course)s: group “%(group)s” deleted on Moodle")
            % {"course": by_course[lost.course_id].course.full_name, "group": lost.group},
            ngettext(
                "%(n)s tutor was entrusted with it: see who follows its people now",
                "%(n)s tutors were entrusted with it: see who follows its people now",
                len(lost.tutors),
            )
            % {"n": len(lost.tutors)},
            _("See the course"),
            reverse("dashboard:course", args=[lost.course_id]),
        )
        for lost in lost_groups(by_course.keys())
    ]


def _overdue(user: User, lines: Sequence[CourseLine]) -> Iterator[Alert]:
    late = [line.work.callbacks for line in lines if line.work.callbacks]
    if not late:
        return
    n = sum(late)
    yield Alert(
        "warn",
        "calendar-exclamation",
        ngettext("%(n)s agreed callback is overdue", "%(n)s agreed callbacks are overdue", n) % {"n": n},
        ngettext("In %(n)s course", "In %(n)s courses", len(late)) % {"n": len(late)},
        _("Open the list"),
        roster_url(user, state=State.CALLBACK.value, due="now"),
    )


def _failing(lines: Sequence[CourseLine]) -> Iterator[Alert]:
    """One alert per site and failure: a site that is down is one fact, not forty."""
    places: dict[tuple[int, str], list[CourseLine]] = defaultdict(list)
    for line in lines:
        if line.failing and line.run:
            places[line.course.site_id, line.run.state].append(line)
    for (site_id, _state), stuck in places.items():
        [line, *others] = stuck
        assert line.run is not None
        names = {"site": line.course.site.name, "state": line.run.get_state_display()}
        n = len(stuck)
        if others:
            url = f"{reverse('dashboard:courses')}?{urlencode({'site': site_id, 'failing': 'on'})}"
        else:
            url = reverse("dashboard:course", args=[line.course.pk])
        yield Alert(
            "warn",
            "cloud-off",
            _("%(site)s: %(state)s") % names,
            ngettext("%(n)s course not up to date", "%(n)s courses not up to date", n) % {"n": n},
            _("See the cause"),
            url,
            min((line.course.synced_at for line in stuck if line.course.synced_at), default=None),
        )
