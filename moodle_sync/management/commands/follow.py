from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from moodle_sync import sites
from moodle_sync.cli import FAILED, MoodleCommand, refusal
from moodle_sync.errors import MoodleError


class Command(MoodleCommand):
    help = "Follow courses of a platform, by their Moodle ids: all of those named, or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the platform's name or address")
        parser.add_argument("courses", nargs="+", type=int, metavar="MOODLE_COURSE_ID")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = self.connection(self.site(options["site"]))
        try:
            courses = sites.follow(connection, options["courses"])
        except sites.NotListed as exc:
            raise CommandError(
                _("Nothing was followed. Unknown to Moodle, or hidden from this token: %(ids)s. See list_courses.")
                % {"ids": exc},
                returncode=FAILED,
            ) from exc
        except MoodleError as exc:
            raise refusal(exc) from exc
        for course in courses:
            self.tell(
                {"course": course.moodle_id, "fullname": course.full_name, "followed": True},
                _("Followed: %(name)s") % {"name": f"{course.moodle_id} {course.full_name}"},
            )
