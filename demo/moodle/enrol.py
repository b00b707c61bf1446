"""`core_enrol_…`: the participants of a course, the courses of a person."""

from __future__ import annotations

import unicodedata
from typing import Any

from . import costs, errors
from . import roles as cap
from .call import Call, integer
from .profiles import Profiles
from .world import SEPARATE_GROUPS, Course, Enrolment, User

SORTS = ("id", "firstname", "lastname", "siteorder")


def _sort_key(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in folded if not unicodedata.combining(char))


def get_enrolled_users(call: Call) -> list[dict[str, Any]]:
    call.only("courseid", "options")
    course_id = call.integer("courseid")
    options = call.options()
    sortby = options.get("sortby", "id")
    if sortby not in SORTS:
        raise errors.invalid_parameter()
    fields = [name.strip() for name in options.get("userfields", "").split(",") if name.strip()] or None
    course = call.world.courses.get(course_id)
    if course is None:
        raise errors.no_record("course")
    by_status = _check(call, course, options)
    chosen = _sorted(call, _chosen(call, course, options), sortby, options)
    page = _page(chosen, options)
    profiles = Profiles(call, course, fields)
    rows = [profiles.write(user, enrolment) for user, enrolment in page if _shown(call, course, user)]
    call.people = len(rows)
    call.ms = costs.enrolled_users(len(page), fields, len(course.enrolments), by_status=by_status)
    return rows


def _check(call: Call, course: Course, options: dict[str, str]) -> bool:
    """The rights, in Moodle's order; says whether enrolments are chosen by their status."""
    call.require_access(course)
    if not (call.can(cap.VIEW_PARTICIPANTS, course) or call.can(cap.ENROL_REVIEW, course)):
        raise errors.no_permission(cap.VIEW_PARTICIPANTS)
    if options.get("withcapability"):
        call.require(cap.ROLE_REVIEW, course)
    group_id = integer(options.get("groupid", "0"))
    if group_id and _own_groups_only(call, course) and group_id not in _own_group_ids(call, course):
        raise errors.no_permission(cap.ACCESS_ALL_GROUPS)
    active = bool(integer(options.get("onlyactive", "0")))
    suspended = bool(integer(options.get("onlysuspended", "0")))
    if active or suspended:
        call.require(cap.ENROL_REVIEW, course)
    if active and suspended:
        raise errors.both_statuses()
    return active or suspended


def _own_groups_only(call: Call, course: Course) -> bool:
    return course.groupmode == SEPARATE_GROUPS and not call.can(cap.ACCESS_ALL_GROUPS, course)


def _own_group_ids(call: Call, course: Course) -> set[int]:
    return {group.id for group in course.groups_of(call.user.id)}


def _members(call: Call, course: Course, group_id: int) -> set[int] | None:
    if group_id:
        groups = [g for c in call.world.courses.values() for g in c.groups.values() if g.id == group_id]
        return course.members_of(groups)
    if _own_groups_only(call, course):
        return course.members_of(course.groups_of(call.user.id))
    return None


def _chosen(call: Call, course: Course, options: dict[str, str]) -> list[tuple[User, Enrolment]]:
    world, now = call.world, call.world.now()
    members = _members(call, course, integer(options.get("groupid", "0")))
    active = bool(integer(options.get("onlyactive", "0")))
    suspended = bool(integer(options.get("onlysuspended", "0")))
    capability = options.get("withcapability")
    chosen = []
    for user_id in sorted(course.enrolments):
        enrolment = course.enrolments[user_id]
        user = world.users[user_id]
        if members is not None and user_id not in members:
            continue
        if (active or suspended) and enrolment.active(now) != active:
            continue
        if capability and not world.has_capability(user, capability, course):
            continue
        if call.keep is not None and not _kept(user_id, call.keep):
            continue
        chosen.append((user, enrolment))
    return chosen


def _kept(user_id: int, keep: float) -> bool:
    """The fault «short»: the same part of the people whatever the page (Knuth's multiplicative hash)."""
    return (user_id * 2654435761 % 2**32) / 2**32 < keep


def _sorted(
    call: Call, people: list[tuple[User, Enrolment]], sortby: str, options: dict[str, str]
) -> list[tuple[User, Enrolment]]:
    down = options.get("sortdirection", "ASC").upper() == "DESC"
    if sortby == "id":
        return people[::-1] if down else people
    if sortby == "siteorder":
        # Moodle turns only the last key, the id.
        sign = -1 if down else 1
        people.sort(key=lambda p: (_sort_key(p[0].lastname), _sort_key(p[0].firstname), sign * p[0].id))
    else:
        people.sort(key=lambda p: _sort_key(getattr(p[0], sortby)), reverse=down)
    return people


def _page(people: list[tuple[User, Enrolment]], options: dict[str, str]) -> list[tuple[User, Enrolment]]:
    start = integer(options.get("limitfrom", "0"))
    number = integer(options.get("limitnumber", "0"))
    return people[start : start + number] if number else people[start:]


def _shown(call: Call, course: Course, user: User) -> bool:
    """Rows are dropped here, after the limit: a page can be shorter than asked though more follow."""
    return user.id == call.user.id or call.can(cap.VIEW_DETAILS, course) or call.world.is_contact(course, user.id)


def get_users_courses(call: Call) -> list[dict[str, Any]]:
    call.only("userid", "returnusercount")
    user_id = call.integer("userid")
    count = bool(call.integer("returnusercount", 1))
    call.ms = costs.CALL
    user = call.world.users.get(user_id)
    if user is None:
        raise errors.no_record("user")
    courses = []
    for course in call.world.courses_of(user_id):
        if not course.visible and not call.world.has_capability(user, cap.VIEW_HIDDEN_COURSES, course):
            continue
        if user_id != call.user.id and not call.can(cap.VIEW_PARTICIPANTS, course):
            continue
        courses.append(_users_course(call, course, user_id, count))
    return courses


def _users_course(call: Call, course: Course, user_id: int, count: bool) -> dict[str, Any]:
    name = call.formatted(course.fullname)
    row: dict[str, Any] = {
        "id": course.id,
        "shortname": course.shortname,
        "fullname": name,
        "displayname": name,
    }
    if count:
        row["enrolledusercount"] = len(course.enrolments)
    return row | {
        "idnumber": course.shortname,
        "visible": int(course.visible),
        "summary": "",
        "summaryformat": 1,
        "format": "topics",
        "courseimage": f"{call.world.url}/pluginfile.php/{course.id + 9}/course/generated/course.svg",
        "showgrades": True,
        "lang": "",
        "enablecompletion": True,
        "completionhascriteria": False,
        "completionusertracked": False,
        "category": course.category_id,
        "progress": None,
        "completed": False,
        "startdate": course.startdate,
        "enddate": course.enddate,
        "marker": 0,
        "lastaccess": course.enrolments[user_id].lastcourseaccess or None,
        "isfavourite": False,
        "hidden": False,
        "overviewfiles": [],
        "showactivitydates": call.world.version != "4.3",
        "showcompletionconditions": True,
        "timemodified": call.world.born,
    }
