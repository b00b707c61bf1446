"""What `assign` and `unassign` have in common: which user, which course, which part of it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.models import Assignment, Role, User, normalised_email
from moodle_sync.models import Course, Group, Site

BAD_INPUT, NOTHING_TO_DO = 2, 1


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("email")
    parser.add_argument("--course", required=True, metavar="ID_OR_SHORTNAME", help="its Moodle id or short name")
    parser.add_argument("--site", help="the site's name, where several have such a course")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--group", help="only this group of the course")
    part.add_argument("--ungrouped", action="store_true", help="only the people without a group")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def place(options: dict[str, Any]) -> Assignment:
    """The assignment that the options describe, not saved."""
    course = _course(options["course"], options["site"])
    return Assignment(
        user=_tutor(options["email"]),
        course=course,
        group=_group(course, options["group"]) if options["group"] else None,
        ungrouped=options["ungrouped"],
        source=Assignment.Source.HAND,
    )


def described(assignment: Assignment) -> dict[str, Any]:
    return {
        "email": assignment.user.email,
        "site": assignment.course.site.name,
        "course": assignment.course.moodle_id,
        "group": assignment.group.name if assignment.group else None,
        "ungrouped": assignment.ungrouped,
    }


def sentence(assignment: Assignment) -> str:
    course = assignment.course
    part = f"the group “{assignment.group}” of " if assignment.group else ""
    part = "the people without a group of " if assignment.ungrouped else part
    return f"{part}“{course}” (course {course.moodle_id} of {course.site})"


def bad(message: str) -> CommandError:
    return CommandError(f"{message} Nothing was changed.", returncode=BAD_INPUT)


def _tutor(email: str) -> User:
    user = User.objects.filter(email=normalised_email(email)).first()
    if user is None:
        raise bad(f"Nobody has the address {email}: invite them first.")
    if user.role != Role.TUTOR or not user.is_active:
        raise bad(f"{user.email} is not an active tutor: only tutors are assigned to courses.")
    return user


def _course(name: str, site: str | None) -> Course:
    courses = Course.objects.select_related("site")
    if site:
        if not Site.objects.filter(name=site).exists():
            known = ", ".join(Site.objects.order_by("name").values_list("name", flat=True)) or "none yet"
            raise bad(f"Unknown site “{site}”. Known sites: {known}.")
        courses = courses.filter(site__name=site)
    found = list(courses.filter(short_name=name)[:2])
    if not found and name.isascii() and name.isdigit() and len(name) < 19:
        found = list(courses.filter(moodle_id=int(name))[:2])
    if not found:
        raise bad(f"No course “{name}” here: follow it first, or give its Moodle id or short name.")
    if len(found) > 1:
        raise bad(f"Several courses answer to “{name}”: add --site NAME, or give the Moodle id.")
    return found[0]


def _group(course: Course, name: str) -> Group:
    groups = list(Group.objects.filter(course=course, gone_at=None))
    named = [group for group in groups if group.name == name]
    if not named:
        known = ", ".join(group.name for group in groups) or "none"
        raise bad(f"No group “{name}” in this course. Its groups: {known}.")
    if len(named) > 1:
        raise bad(f"Several groups of this course are named “{name}”: rename one on Moodle.")
    return named[0]
