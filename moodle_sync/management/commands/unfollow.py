from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from moodle_sync.cli import FAILED, MoodleCommand


class Command(MoodleCommand):
    help = "Stop following courses; what was done there is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the platform's name or address")
        parser.add_argument("courses", nargs="+", type=int, metavar="MOODLE_COURSE_ID")

    def handle(self, *args: Any, **options: Any) -> None:
        courses = list(self.site(options["site"]).courses.followed().filter(moodle_id__in=options["courses"]))
        if unknown := set(options["courses"]) - {course.moodle_id for course in courses}:
            raise CommandError(
                _("Nothing was changed. Not followed: %(ids)s.") % {"ids": ", ".join(map(str, sorted(unknown)))},
                returncode=FAILED,
            )
        for course in courses:
            course.followed = False
            course.save(update_fields=["followed"])
            self.tell(
                {"course": course.moodle_id, "fullname": course.full_name, "followed": False},
                _("No longer followed: %(name)s") % {"name": f"{course.moodle_id} {course.full_name}"},
            )
