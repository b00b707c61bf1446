"""What the token of one course may not see, what that costs, and who can change it: in plain words."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moodle_sync.enums import GOOD_RUNS
from moodle_sync.models import Course, SyncRun

Words = str | Promise


@dataclass(frozen=True)
class Untold:
    """`remedy`: what the Moodle administrator may grant; empty where nothing needs to be done."""

    what: Words
    cost: Words
    remedy: Words = ""


FIELDS = {
    "lastcourseaccess": Untold(
        _("The last access to the course"),
        _("Nobody is shown as never come in for that: their access is unknown, and unknown people are not chased."),
        _("Moodle 3.6 or later, and the right moodle/course:viewhiddenuserfields where “last access” is hidden."),
    ),
    "lastaccess": Untold(
        _("The last access to the platform"),
        _("Who never logged in to the platform cannot be told from who has."),
        _("The right moodle/course:viewhiddenuserfields."),
    ),
    "email": Untold(
        _("E-mail addresses"),
        _("No reminder can be sent, and one person on two platforms is not recognised. Addresses may be typed in."),
        _("The right moodle/course:useremail or moodle/site:viewuseridentity."),
    ),
    "phone": Untold(
        _("Phone numbers"),
        _("Numbers have to be typed in by tutors. Many platforms simply have none."),
        _("The right moodle/site:viewuseridentity, and phone numbers among the identity fields shown."),
    ),
}
RIGHTS = {
    "groups": Untold(
        _("The list of groups"),
        _("Groups are known from their members: an empty or a deleted group is not noticed."),
        _("The right moodle/course:managegroups, and the function core_group_get_course_groups in the service."),
    ),
    "group_members": Untold(
        _("The members of each group at once"),
        _("Nothing is missing: groups come with each person, which costs Moodle more."),
        _("The function core_group_get_group_members in the service."),
    ),
    "suspended": Untold(
        _("Which enrolments are suspended"),
        _("People whose enrolment is suspended stay in the lists of work."),
        _("The right moodle/course:enrolreview."),
    ),
    "accounts": Untold(
        _("Which accounts are suspended"),
        _("People whose account is suspended stay in the lists of work."),
        _("The function core_user_get_users_by_field in the service."),
    ),
    "course_facts": Untold(
        _("The course’s dates and visibility"),
        _("They stay as they were last known; a hidden course is not noticed."),
        _("The rights moodle/course:view and moodle/course:viewhiddencourses."),
    ),
}


def untold(course: Course, run: SyncRun | None) -> list[Untold]:
    """As of the last good read: what hides the most comes first."""
    if run is None or run.state not in GOOD_RUNS:
        run = course.runs.filter(state__in=GOOD_RUNS).order_by("-pk").first()
    missing = run.missing_rights if run else []
    fields = [found for name, found in FIELDS.items() if name in course.untold]
    return fields + [found for name, found in RIGHTS.items() if name in missing]


def right_words(rights: list[str]) -> str:
    """«The list of groups · …», for the history of reads."""
    return " · ".join(str(RIGHTS[right].what) if right in RIGHTS else right for right in rights)
