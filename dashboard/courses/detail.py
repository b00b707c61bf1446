"""The page of one course: its groups, its tutors, what was read of Moodle."""

from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import User
from dashboard.courses.counts import BY_GROUP, AccessCounts, Work, access_by, counted_enrolments, work_by
from dashboard.courses.freshness import FAILED_RUNS
from dashboard.courses.lines import CourseLine, course_lines
from dashboard.courses.sync import SyncCell, result_words
from dashboard.courses.tries import next_try_words
from dashboard.courses.tutors import tutoring
from dashboard.courses.untold import right_words
from moodle_sync.explain import Explanation, explain
from moodle_sync.models import Course, SyncRun

RUNS_SHOWN = 20


@dataclass(frozen=True)
class GroupLine:
    """`pk` None: the people without group."""

    pk: int | None
    name: str
    access: AccessCounts
    work: Work
    tutors: list[User] = field(default_factory=list)


@dataclass(frozen=True)
class RunLine:
    run: SyncRun
    words: str
    explanation: Explanation | None
    now: datetime

    @property
    def next_try(self) -> str:
        """In words, while it is still to come."""
        at = self.run.next_try_at
        return next_try_words(at, self.run.course.site, self.now) if at else ""

    @property
    def is_coming(self) -> bool:
        """Its next try is still to come: it was the last read, or nearly."""
        return self.run.next_try_at is not None and self.run.next_try_at > self.now

    @property
    def failed(self) -> bool:
        return self.run.state in FAILED_RUNS

    @property
    def missing(self) -> str:
        return right_words(self.run.missing_rights)

    @property
    def seconds(self) -> float | None:
        if self.run.started_at is None or self.run.finished_at is None:
            return None
        return (self.run.finished_at - self.run.started_at).total_seconds()


def course_line(user: User, course: Course, now: datetime) -> CourseLine:
    [line], _team = course_lines(user, [course], now)
    return line


def group_lines(user: User, course: Course, now: datetime) -> list[GroupLine]:
    """Groups in which the user counts somebody; for who oversees the course, the empty ones too."""
    people = counted_enrolments(user, [course.pk])
    access, work = access_by(BY_GROUP, people, now), work_by(BY_GROUP, people, now)
    team = tutoring([course.pk])
    names: dict[int | None, str] = dict(course.groups.filter(gone_at=None).values_list("pk", "name"))
    if not names:
        return []
    if user.is_tutor:
        names = {pk: name for pk, name in names.items() if pk in access}
    if None in access:
        names[None] = ""
    return [
        GroupLine(pk, name, access.get(pk, AccessCounts()), work.get(pk, Work()), team.of((course.pk, pk)))
        for pk, name in names.items()
    ]


def run_lines(course: Course, now: datetime) -> list[RunLine]:
    lines = []
    for run in course.runs.select_related("requested_by").order_by("-pk")[:RUNS_SHOWN]:
        run.course = course
        lines.append(RunLine(run, result_words(run), explain(run), now))
    return lines


def cell_for(line: CourseLine, user: User, *, in_list: bool) -> SyncCell:
    return SyncCell(line.course, line.run, user, line.now, in_list)
