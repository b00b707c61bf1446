"""`core_user_…`: people by id or e-mail, and their profile in a course."""

from __future__ import annotations

from typing import Any

from . import costs, errors
from . import roles as cap
from .call import Call, integer
from .profiles import Profiles

KEYS = ("id", "email", "username", "idnumber")


def get_users_by_field(call: Call) -> list[dict[str, Any]]:
    call.only("field", "values")
    field = call.text("field")
    values = call.listed("values") if "values" in call.params else []
    if field not in KEYS:
        raise errors.invalid_parameter()
    wanted = {integer(value) for value in values} if field == "id" else set(values)
    profiles = Profiles(call, None, None, enrolled=False)
    rows = []
    for user_id in sorted(call.world.users):
        user = call.world.users[user_id]
        if getattr(user, field) in wanted and _visible(call, user_id):
            rows.append(profiles.write(user, None))
    call.people = len(rows)
    call.ms = costs.CALL + costs.USER_BY_FIELD * len(rows)
    return rows


def _visible(call: Call, user_id: int) -> bool:
    if user_id == call.user.id or call.can(cap.VIEW_DETAILS):
        return True
    shared = [c for c in call.world.courses_of(call.user.id) if user_id in c.enrolments]
    return any(call.can(cap.VIEW_DETAILS, course) for course in shared)


def get_course_user_profiles(call: Call) -> list[dict[str, Any]]:
    call.only("userlist")
    wanted: list[tuple[int, int]] = []
    for entry in call.listed("userlist"):
        if not isinstance(entry, dict) or set(entry) != {"userid", "courseid"}:
            raise errors.invalid_parameter()
        wanted.append((integer(entry["userid"]), integer(entry["courseid"])))
    rows = []
    for user_id, course_id in sorted(wanted):
        course = call.world.courses.get(course_id)
        if course is None:
            raise errors.no_record("course")
        call.require_access(course)
        enrolment = course.enrolments.get(user_id)
        contact = call.world.is_contact(course, user_id)
        shown = contact or user_id == call.user.id or call.can(cap.VIEW_DETAILS, course)
        if enrolment is not None and shown:
            profiles = Profiles(call, course, None, enrolled=False)
            rows.append(profiles.write(call.world.users[user_id], enrolment))
    call.people = len(rows)
    call.ms = costs.CALL + costs.COURSE_PROFILE * len(rows)
    return rows
