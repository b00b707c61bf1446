"""What a user may choose in the course and group filters: only what is theirs."""

from collections.abc import Sequence

from django.db.models import Q
from django.http import QueryDict

from accounts.models import User
from dashboard.scope import visible_courses, visible_groups
from moodle_sync.text import folded

UNGROUPED = "none"
Choice = tuple[str, str]


def courses(user: User) -> list[Choice]:
    """By name as people sort: «Éducation» stands before «Laïcité», wherever the database would put it."""
    found = visible_courses(user).order_by("pk").values_list("pk", "full_name")
    return [(str(pk), name) for pk, name in sorted(found, key=lambda course: folded(course[1]))]


def groups(user: User, params: QueryDict, courses: Sequence[Choice]) -> list[tuple[str, list[Choice]]]:
    """(course name, its groups). A coordinator has thousands: only those of the chosen courses, and the chosen ones."""
    names = dict(courses)
    chosen_courses = [int(pk) for pk in params.getlist("course") if pk in names]
    chosen_groups = [int(pk) for pk in params.getlist("group") if pk.isascii() and pk.isdigit() and len(pk) < 19]
    found = visible_groups(user)
    if chosen_courses:
        found = found.filter(Q(course__in=chosen_courses) | Q(pk__in=chosen_groups))
    elif user.is_coordinator:
        found = found.filter(pk__in=chosen_groups)
    by_course: dict[str, list[Choice]] = {}
    for pk, course_id, name in found.order_by("name", "pk").values_list("pk", "course_id", "name"):
        by_course.setdefault(str(course_id), []).append((str(pk), name))
    order = {course: rank for rank, course in enumerate(names)}
    return [(names[pk], by_course[pk]) for pk in sorted(by_course, key=lambda pk: order[pk])]
