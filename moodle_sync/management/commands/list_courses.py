from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from moodle_sync import sites
from moodle_sync.cli import MoodleCommand, refusal
from moodle_sync.errors import MoodleError
from moodle_sync.facts import moment
from moodle_sync.sync import client_for


class Command(MoodleCommand):
    help = "List the courses that the platform's token may see: all of them, or its owner's."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the platform's name or address")

    def handle(self, *args: Any, **options: Any) -> None:
        site = self.site(options["site"])
        connection = self.connection(site)
        try:
            with client_for(connection) as client:
                courses, _all = sites.listed_courses(client, connection.moodle_user_id or 0)
        except MoodleError as exc:
            raise refusal(exc) from exc
        followed = set(site.courses.followed().values_list("moodle_id", flat=True))
        for course in sorted(courses, key=lambda c: c.moodle_id):
            start, end = moment(course.start), moment(course.end)
            is_followed = course.moodle_id in followed
            self.tell(
                {
                    "id": course.moodle_id,
                    "shortname": course.short_name,
                    "fullname": course.full_name,
                    "start": start.isoformat() if start else None,
                    "end": end.isoformat() if end else None,
                    "visible": course.visible,
                    "followed": is_followed,
                },
                f"{course.moodle_id:>6}  {'*' if is_followed else ' '}  {course.short_name:<28}  {course.full_name}",
            )
        if not courses and not self.json:
            self.stdout.write(_("The token lists no course."))
