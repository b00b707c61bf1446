"""Moodle's capabilities and stock roles, as far as the simulated functions ask about them."""

from __future__ import annotations

from dataclasses import dataclass, field

REST_USE = "webservice/rest:use"
COURSE_VIEW = "moodle/course:view"
VIEW_HIDDEN_COURSES = "moodle/course:viewhiddencourses"
VIEW_PARTICIPANTS = "moodle/course:viewparticipants"
ENROL_REVIEW = "moodle/course:enrolreview"
VIEW_DETAILS = "moodle/user:viewdetails"
VIEW_ALL_DETAILS = "moodle/user:viewalldetails"
VIEW_FULL_NAMES = "moodle/site:viewfullnames"
VIEW_USER_IDENTITY = "moodle/site:viewuseridentity"
VIEW_HIDDEN_USER_FIELDS = "moodle/course:viewhiddenuserfields"
USER_EMAIL = "moodle/course:useremail"
ACCESS_ALL_GROUPS = "moodle/site:accessallgroups"
MANAGE_GROUPS = "moodle/course:managegroups"
ROLE_REVIEW = "moodle/role:review"

# The wording Moodle puts in «you do not currently have permissions to do that (…)».
LABELS = {
    COURSE_VIEW: "View courses without participation",
    VIEW_PARTICIPANTS: "View participants",
    ENROL_REVIEW: "Review course enrolments",
    ACCESS_ALL_GROUPS: "Access all groups",
    MANAGE_GROUPS: "Manage groups",
    ROLE_REVIEW: "Review permissions for others",
}

ALL_RIGHTS = frozenset(
    {
        REST_USE,
        COURSE_VIEW,
        VIEW_HIDDEN_COURSES,
        VIEW_PARTICIPANTS,
        ENROL_REVIEW,
        VIEW_DETAILS,
        VIEW_FULL_NAMES,
        VIEW_USER_IDENTITY,
        VIEW_HIDDEN_USER_FIELDS,
        USER_EMAIL,
        ACCESS_ALL_GROUPS,
        MANAGE_GROUPS,
        ROLE_REVIEW,
    }
)
STUDENT = frozenset({VIEW_PARTICIPANTS, VIEW_DETAILS})
TEACHER = STUDENT | {VIEW_USER_IDENTITY, VIEW_HIDDEN_USER_FIELDS, VIEW_FULL_NAMES, ROLE_REVIEW}
EDITING_TEACHER = TEACHER | {
    ENROL_REVIEW,
    ACCESS_ALL_GROUPS,
    MANAGE_GROUPS,
    USER_EMAIL,
    VIEW_HIDDEN_COURSES,
}


@dataclass
class Role:
    id: int
    shortname: str
    # Empty for a stock role: Moodle leaves the name to the language pack.
    name: str = ""
    capabilities: frozenset[str] = field(default=frozenset())
    # Course contacts stay visible to someone without `moodle/user:viewdetails`.
    is_contact: bool = False


def stock_roles() -> dict[str, Role]:
    roles = [
        Role(3, "editingteacher", "", EDITING_TEACHER, is_contact=True),
        Role(4, "teacher", "", TEACHER),
        Role(5, "student", "", STUDENT),
        Role(9, "participant", "Participant", STUDENT),
        Role(10, "tuteur", "Tuteur", TEACHER),
        Role(11, "formateur", "Formateur", TEACHER),
    ]
    return {role.shortname: role for role in roles}


# Functions of a dedicated service as the recordings' site has it (those simulated here).
DEDICATED_FUNCTIONS = frozenset(
    {
        "core_course_get_courses",
        "core_course_search_courses",
        "core_course_get_courses_by_field",
        "core_enrol_get_enrolled_users",
        "core_enrol_get_users_courses",
        "core_group_get_course_groups",
        "core_group_get_group_members",
        "core_user_get_course_user_profiles",
        "core_user_get_users_by_field",
        "core_webservice_get_site_info",
    }
)
# The official mobile service has them all but one.
MOBILE_FUNCTIONS = DEDICATED_FUNCTIONS - {"core_group_get_group_members"}
