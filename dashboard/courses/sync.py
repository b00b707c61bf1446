"""Asking Moodle again from the screen: who may, how often, and what to say of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Role, User
from dashboard.courses.freshness import FAILED_RUNS, latest_runs
from dashboard.courses.tries import next_try_words
from dashboard.scope import overseen_courses
from moodle_sync.enums import GOOD_RUNS, RunState
from moodle_sync.explain import Explanation, explain
from moodle_sync.models import Course, SyncRun
from moodle_sync.runs import request_run
from moodle_sync.text import grouped

PAUSE = timedelta(seconds=10)
"""A course just read is not read again: a double click costs Moodle nothing."""
NEWS = timedelta(minutes=2)
"""How long a cell keeps telling what the last read brought."""


def syncable_courses(user: User) -> QuerySet[Course]:
    """Courses the user may have read again: all they oversee, but observers only look."""
    courses = overseen_courses(user)
    return courses.none() if user.role == Role.OBSERVER else courses


def may_accept(user: User) -> bool:
    """Who may decide that far fewer people than before is right."""
    return user.is_coordinator or user.is_administrator


def may_sync_all(user: User) -> bool:
    return user.is_coordinator or user.is_administrator


@dataclass
class SyncCell:
    """What is said of the reading of one course, with the buttons the user may press."""

    course: Course
    run: SyncRun | None
    user: User
    now: datetime
    in_list: bool = False
    notice: str = ""

    @property
    def active(self) -> bool:
        return self.run is not None and self.run.is_active

    @property
    def poll_seconds(self) -> int:
        """One second for what moves or what someone waits for; a nightly queue of hundreds can wait."""
        assert self.run is not None
        return 1 if self.run.state == RunState.RUNNING or self.run.requested_by_id else 15

    @property
    def failed(self) -> bool:
        return self.run is not None and self.run.state in FAILED_RUNS

    @property
    def partial(self) -> bool:
        return self.run is not None and self.run.state == RunState.PARTIAL

    @property
    def held(self) -> bool:
        return self.run is not None and self.run.state == RunState.HELD

    @cached_property
    def explanation(self) -> Explanation | None:
        if self.run is None:
            return None
        self.run.course = self.course  # already here: spares a query per row
        return explain(self.run)

    @property
    def next_try(self) -> str:
        at = self.run.next_try_at if self.run else None
        return next_try_words(at, self.course.site, self.now) if at else ""

    @property
    def may_sync(self) -> bool:
        """A course that only files tell of has nothing to ask anew."""
        return self.user.role != Role.OBSERVER and not self.course.by_file

    @property
    def may_accept(self) -> bool:
        return self.held and may_accept(self.user)

    @property
    def news(self) -> str:
        """What the last read brought, while it is news."""
        run = self.run
        if run is None or run.finished_at is None or self.now - run.finished_at > NEWS:
            return ""
        return result_words(run)


def cell_of(course: Course, user: User, now: datetime, *, in_list: bool = False) -> SyncCell:
    return SyncCell(course, latest_runs([course.pk]).get(course.pk), user, now, in_list)


def ask(cell: SyncCell, *, accept_shrink: bool = False) -> None:
    """Have the course read, unless it just was; leaves the run and perhaps a notice on the cell."""
    run = cell.run
    just_read = run is not None and run.finished_at is not None and cell.now - run.finished_at < PAUSE
    if run is not None and just_read and not accept_shrink:
        cell.notice = just_read_words(run)
        return
    cell.run = request_run(cell.course, by=cell.user, accept_shrink=accept_shrink)


def just_read_words(run: SyncRun) -> str:
    if run.state in FAILED_RUNS:
        said = _("Tried a few seconds ago (%(result)s): Moodle was not asked again.")
        return said % {"result": run.get_state_display()}
    return _("Read a few seconds ago: Moodle was not asked again.")


def result_words(run: SyncRun) -> str:
    if run.state not in GOOD_RUNS:
        return run.get_state_display()
    parts = [
        (run.created, ngettext("%(n)s new", "%(n)s new", run.created)),
        (run.returned, ngettext("%(n)s enrolled again", "%(n)s enrolled again", run.returned)),
        (run.left, ngettext("%(n)s has left", "%(n)s have left", run.left)),
        (run.first_accesses, ngettext("%(n)s came in", "%(n)s came in", run.first_accesses)),
    ]
    said = [words % {"n": grouped(n)} for n, words in parts if n]
    if run.accept_shrink and run.left:
        said.insert(0, _("shorter list accepted"))
    news = ", ".join(said) or _("nothing new")
    return _("%(state)s: %(news)s") % {"state": run.get_state_display(), "news": news}
