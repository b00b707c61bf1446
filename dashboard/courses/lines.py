"""The lines of the courses page: everything said of one course, from a constant number of queries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from accounts.models import User
from dashboard.courses.counts import AccessCounts, Work, counts_by_course
from dashboard.courses.freshness import FAILED_RUNS, latest_runs
from dashboard.courses.opening import Opening, opening
from dashboard.courses.tutors import Tutoring, peopled_groups, tutoring
from dashboard.follow_up.rules import FIRST_STEP_DAYS, WAIT_AFTER_CONTACT
from moodle_sync.models import Course, SyncRun
from moodle_sync.text import folded

LONG_OPEN = timedelta(days=FIRST_STEP_DAYS + WAIT_AFTER_CONTACT)
"""By then a first contact and its answer should lie behind."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class CourseLine:
    course: Course
    now: datetime
    access: AccessCounts = field(default_factory=AccessCounts)
    work: Work = field(default_factory=Work)
    tutors: list[User] = field(default_factory=list)
    untutored: int = 0
    run: SyncRun | None = None
    """The newest run, perhaps still going on."""

    @cached_property
    def opening(self) -> Opening:
        return opening(self.course, self.now)

    @property
    def failing(self) -> bool:
        return self.run is not None and self.run.state in FAILED_RUNS

    @property
    def neglected(self) -> bool:
        """People to chase whom nobody has contacted, though the course has been open for long."""
        opened = self.course.opened_at or self.course.start_date
        return bool(self.work.untouched) and opened is not None and self.now - opened > LONG_OPEN

    @property
    def sort_name(self) -> str:
        return folded(self.course.full_name)

    @property
    def sort_entered(self) -> int:
        """Unknown and not open before 0 %: what cannot be told is not a good figure."""
        percent = None if self.opening.closed else self.access.entered_percent
        return -1 if percent is None else percent

    @property
    def sort_tutors(self) -> tuple[bool, int]:
        """Ascending: courses with something that nobody follows first, then those with the fewest tutors."""
        return not self.untutored and bool(self.tutors), len(self.tutors)

    @property
    def sort_read(self) -> datetime:
        return self.course.synced_at or LONG_AGO


def course_lines(user: User, courses: Sequence[Course], now: datetime) -> tuple[list[CourseLine], Tutoring]:
    """Sorted by name, so that equal figures keep an order; with the tutoring they were made from."""
    courses = sorted(courses, key=lambda course: (folded(course.full_name), course.pk))
    ids = [course.pk for course in courses]
    access, work = counts_by_course(user, ids, now)
    team, runs = tutoring(ids), latest_runs(ids)
    # What no tutor follows is not a tutor's to know: their counts are of their own people.
    groups = [] if user.is_tutor else peopled_groups(ids)
    untutored = Counter(course_id for course_id, group_id in groups if not team.of((course_id, group_id)))
    lines = [
        CourseLine(
            course,
            now,
            access.get(course.pk, AccessCounts()),
            work.get(course.pk, Work()),
            team.of_course(course.pk),
            untutored[course.pk],
            runs.get(course.pk),
        )
        for course in courses
    ]
    return lines, team
