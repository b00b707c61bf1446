"""The courses that a token lists, kept for a few minutes: paging and filtering cost Moodle nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.core.cache import cache

from accounts.models import User
from moodle_sync import sites
from moodle_sync.client import MoodleClient
from moodle_sync.errors import MoodleError
from moodle_sync.models import Connection
from moodle_sync.remote import RemoteCourse
from moodle_sync.sync import client_for

SECONDS = 600
CHUNK = 100
"""Courses asked for at once: their ids go in one parameter."""


@dataclass(frozen=True)
class Listing:
    courses: list[RemoteCourse]
    sees_all: bool

    @property
    def categories(self) -> dict[int, str]:
        names = {c.category_id: c.category_name or f"no. {c.category_id}" for c in self.courses if c.category_id}
        return dict(sorted(names.items(), key=lambda item: item[1].casefold()))


def cached(connection: Connection, user: User) -> Listing | None:
    found: Listing | None = cache.get(_key(connection, user))
    return found


def listing(connection: Connection, user: User, *, fresh: bool = False) -> Listing:
    """For a tutor, only the courses of the token's account. Raises MoodleError."""
    found = None if fresh else cached(connection, user)
    if found is None:
        with client_for(connection) as client:
            found = _ask(client, connection, own_only=user.is_tutor)
        cache.set(_key(connection, user), found, SECONDS)
    return found


def _key(connection: Connection, user: User) -> str:
    return f"listing:{connection.pk}:{'own' if user.is_tutor else 'all'}:{connection.checked_at}".replace(" ", "")


def _ask(client: MoodleClient, connection: Connection, *, own_only: bool) -> Listing:
    owner = connection.moodle_user_id or 0
    courses, sees_all = (client.own_courses(owner), False) if own_only else sites.listed_courses(client, owner)
    if "core_course_get_courses_by_field" in connection.functions:
        courses = _completed(client, courses)
    return Listing(sorted(courses, key=lambda c: (-c.start, c.full_name.casefold())), sees_all)


def _completed(client: MoodleClient, courses: Iterable[RemoteCourse]) -> list[RemoteCourse]:
    """With what only the other function tells: category names and visibility."""
    courses = list(courses)
    told: dict[int, RemoteCourse] = {}
    try:
        for start in range(0, len(courses), CHUNK):
            ids = [course.moodle_id for course in courses[start : start + CHUNK]]
            told |= {course.moodle_id: course for course in client.courses_by_id(ids)}
    except MoodleError:
        pass  # the names of categories are a comfort; the list itself came
    return [_with(course, told.get(course.moodle_id)) for course in courses]


def _with(course: RemoteCourse, told: RemoteCourse | None) -> RemoteCourse:
    if told is None:
        return course
    return replace(
        course,
        category_id=course.category_id if told.category_id is None else told.category_id,
        category_name=told.category_name or course.category_name,
        visible=course.visible if told.visible is None else told.visible,
    )
