"""Which field of a person appears to whom: Moodle's `user_get_user_details`, as far as recorded."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from . import errors
from . import roles as cap
from .call import Call
from .world import SEPARATE_GROUPS, Course, Enrolment, Group, User

_FIELD_NAMES = """
id username fullname firstname lastname email address phone1 phone2 department institution idnumber
interests firstaccess lastaccess auth confirmed lang calendartype theme timezone mailformat description
descriptionformat city country profileimageurlsmall profileimageurl customfields groups roles preferences
enrolledcourses suspended lastcourseaccess trackforums
"""
FIELDS = frozenset(_FIELD_NAMES.split())


class Profiles:
    """Writes the profiles of one call; what the caller may see is worked out once."""

    def __init__(
        self, call: Call, course: Course | None, fields: Collection[str] | None, *, enrolled: bool = True
    ) -> None:
        self.call = call
        self.world = call.world
        self.course = course
        self.enrolled = enrolled
        unknown = sorted(set(fields or ()) - FIELDS)
        if unknown:
            raise errors.invalid_user_field(unknown[0])
        self.fields = FIELDS if fields is None else frozenset(fields) | {"id", "fullname"}
        self.now = self.world.now()
        sees_hidden = call.can(cap.VIEW_HIDDEN_USER_FIELDS, course)
        self.hidden = frozenset() if sees_hidden else self.world.settings.hiddenuserfields
        identity = frozenset(self.world.settings.showuseridentity) - self.hidden
        self.identity = identity if call.can(cap.VIEW_USER_IDENTITY, course) else frozenset()
        self.real_names = self.world.version != "4.3" or call.can(cap.VIEW_FULL_NAMES, course)
        self.all_details = call.can(cap.VIEW_ALL_DETAILS, course)
        self.course_email = call.can(cap.USER_EMAIL, course)
        self.images = f"{self.world.url}/theme/image.php/boost/core/{self.world.born}/u/"
        self.own_groups = self._own_groups()
        self.groups = self._groups_by_user() if course is not None and self.wants("groups") else {}

    def _own_groups(self) -> frozenset[int] | None:
        """In separate groups, the caller's; None where all may be seen."""
        course = self.course
        if course is None or course.groupmode != SEPARATE_GROUPS:
            return None
        if self.call.can(cap.ACCESS_ALL_GROUPS, course):
            return None
        return frozenset(group.id for group in course.groups_of(self.call.user.id))

    def _groups_by_user(self) -> dict[int, list[Group]]:
        assert self.course is not None
        groups: dict[int, list[Group]] = {}
        for group in self.course.groups.values():
            if self.own_groups is None or group.id in self.own_groups:
                for user_id in group.members:
                    groups.setdefault(user_id, []).append(group)
        return groups

    def wants(self, name: str) -> bool:
        return name in self.fields

    def write(self, user: User, enrolment: Enrolment | None) -> dict[str, Any]:
        row: dict[str, Any] = {"id": user.id}
        own = user.id == self.call.user.id
        details = own or self.all_details
        if details and self.wants("username"):
            row["username"] = user.username
        if self.real_names:
            self._copy(row, user, "firstname", "lastname")
        row["fullname"] = user.fullname if user.firstname or user.lastname else " "
        if self.wants("email") and self._shows_email(user, own):
            row["email"] = user.email
        for name in ("phone1", "phone2"):
            if name in self.identity and getattr(user, name):
                self._copy(row, user, name)
        self._identity_texts(row, user, details)
        self._accesses(row, user, enrolment)
        if self.wants("suspended") and not self.enrolled:
            row["suspended"] = user.suspended
        if self.wants("timezone") and not self.enrolled:
            row["timezone"] = "99"
        if self.wants("description"):
            row["description"] = ""
            row["descriptionformat"] = 1
        for name in ("city", "country"):
            if name not in self.hidden and getattr(user, name):
                self._copy(row, user, name)
        self._extras(row, user, enrolment, own)
        self._clean(row, user)
        return row

    def _copy(self, row: dict[str, Any], user: User, *names: str) -> None:
        for name in names:
            if name in self.fields:
                row[name] = getattr(user, name)

    def _shows_email(self, user: User, own: bool) -> bool:
        if own or "email" in self.identity:
            return True
        if "email" in self.hidden:
            return False
        if user.maildisplay == 1 or self.course_email:
            return True
        return user.maildisplay == 2 and self.world.share_a_course(user.id, self.call.user.id)

    def _identity_texts(self, row: dict[str, Any], user: User, details: bool) -> None:
        if details or "department" in self.identity:
            self._copy(row, user, "department")
        for name in ("institution", "idnumber"):
            if getattr(user, name) and (details or name in self.identity):
                self._copy(row, user, name)

    def _accesses(self, row: dict[str, Any], user: User, enrolment: Enrolment | None) -> None:
        if "firstaccess" not in self.hidden:
            self._copy(row, user, "firstaccess")
        if "lastaccess" in self.hidden:
            return
        self._copy(row, user, "lastaccess")
        if self.enrolled and enrolment is not None and self.wants("lastcourseaccess"):
            row["lastcourseaccess"] = enrolment.lastcourseaccess

    def _extras(self, row: dict[str, Any], user: User, enrolment: Enrolment | None, own: bool) -> None:
        if self.wants("profileimageurl"):
            row["profileimageurlsmall"] = self.images + "f2"
            row["profileimageurl"] = self.images + "f1"
        if self.wants("customfields") and user.customfields:
            row["customfields"] = [self._custom_field(*field) for field in user.customfields]
        if self.course is not None and enrolment is not None:
            if user.id in self.groups:
                row["groups"] = [self._group(group) for group in self.groups[user.id]]
            if self.wants("roles"):
                row["roles"] = [self._role(name) for name in enrolment.roles]
        if own and self.enrolled and self.wants("preferences"):
            row["preferences"] = [{"name": "_lastloaded", "value": self.now}]
        if self.course is not None and self.wants("enrolledcourses") and "mycourses" not in self.hidden:
            courses = [self._enrolled_course(course) for course in self.world.courses_of(user.id)]
            if courses:
                row["enrolledcourses"] = courses

    def _custom_field(self, shortname: str, name: str, value: str) -> dict[str, str]:
        field = {"type": "text", "value": value, "name": name, "shortname": shortname}
        return field if self.enrolled else {**field, "displayvalue": value}

    def _group(self, group: Group) -> dict[str, Any]:
        name = self.call.formatted(group.name)
        return {"id": group.id, "name": name, "description": "", "descriptionformat": 0}

    def _role(self, shortname: str) -> dict[str, Any]:
        role = self.world.roles[shortname]
        return {"roleid": role.id, "name": role.name, "shortname": role.shortname, "sortorder": 0}

    def _enrolled_course(self, course: Course) -> dict[str, Any]:
        return {
            "id": course.id,
            "fullname": self.call.formatted(course.fullname),
            "shortname": course.shortname,
        }

    def _clean(self, row: dict[str, Any], user: User) -> None:
        """One value that does not survive Moodle's cleaning makes the whole call fail."""
        if user.id in self.call.poisoned or not user.bad_fields().isdisjoint(row):
            raise errors.invalid_response()
