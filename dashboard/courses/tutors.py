"""Who follows what in some courses, and what nobody follows."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef

from accounts.models import Assignment, User
from moodle_sync.enums import Standing
from moodle_sync.models import Group, Membership

Place = tuple[int, int | None]
"""(course, group); no group: the people without one."""


@dataclass
class Tutoring:
    """Current assignments of active users. `whole`: courses followed as a whole by someone."""

    by_course: dict[int, list[User]] = field(default_factory=lambda: defaultdict(list))
    by_place: dict[Place, list[User]] = field(default_factory=lambda: defaultdict(list))
    whole: dict[int, list[User]] = field(default_factory=lambda: defaultdict(list))

    def of_course(self, course_id: int) -> list[User]:
        return self.by_course.get(course_id, [])

    def of(self, place: Place) -> list[User]:
        """Tutors of one group, those of the whole course included."""
        own = self.by_place.get(place, [])
        return own + [user for user in self.whole.get(place[0], []) if user not in own]


def tutoring(course_ids: Collection[int]) -> Tutoring:
    """Two queries: assignments are many and users few."""
    rows = (
        Assignment.objects.current()
        .filter(course_id__in=course_ids, user__is_active=True)
        .order_by("user__last_name", "user__first_name", "user_id")
        .values_list("user_id", "course_id", "group_id", "ungrouped")
    )
    found = list(rows)
    users = User.objects.in_bulk({user_id for user_id, *_ in found})
    result = Tutoring()
    for user_id, course_id, group_id, ungrouped in found:
        user = users[user_id]
        if user not in (team := result.by_course[course_id]):
            team.append(user)
        here = result.by_place[course_id, group_id] if group_id or ungrouped else result.whole[course_id]
        if user not in here:  # by hand and from Moodle at once
            here.append(user)
    return result


@dataclass
class LostGroup:
    """A group deleted on Moodle that somebody was entrusted with: they follow nobody through it any more."""

    course_id: int
    group: str
    tutors: list[User] = field(default_factory=list)

    @property
    def names(self) -> str:
        return ", ".join(str(tutor) for tutor in self.tutors)


def lost_groups(course_ids: Collection[int]) -> list[LostGroup]:
    rows = (
        Assignment.objects.current()
        .filter(course_id__in=course_ids, group__gone_at__isnull=False, user__is_active=True)
        .select_related("user", "group")
        .order_by("group__name", "group_id", "user__last_name", "user_id")
    )
    found: dict[int, LostGroup] = {}
    for row in rows:
        assert row.group is not None
        lost = found.setdefault(row.group.pk, LostGroup(row.course_id, row.group.name))
        if row.user not in lost.tutors:
            lost.tutors.append(row.user)
    return list(found.values())


def peopled_groups(course_ids: Collection[int]) -> list[tuple[int, int]]:
    """(course, group) of every group in which somebody present is."""
    someone = Membership.objects.filter(group=OuterRef("pk"), enrolment__standing=Standing.PRESENT)
    groups = Group.objects.filter(Exists(someone), course_id__in=course_ids, gone_at=None)
    return list(groups.order_by().values_list("course_id", "pk"))
