from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from moodle_sync.cli import USAGE, MoodleCommand
from moodle_sync.models import Site

LONGEST_PAUSE_MS = 60_000


class Command(MoodleCommand):
    help = "How gently a platform is asked: readers at once, and the pause between two calls of one reader."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the platform, by name or address")
        parser.add_argument("--at-once", type=int, metavar="N", help="readers at once, at least 1")
        parser.add_argument("--pause-ms", type=int, metavar="MS", help="between two calls of one reader")

    def handle(self, *args: Any, **options: Any) -> None:
        site = self.site(options["name"])
        at_once, pause = options["at_once"], options["pause_ms"]
        if at_once is not None and not 1 <= at_once <= 100:
            raise CommandError(_("At least 1 reader at once, at most 100."), returncode=USAGE)
        if pause is not None and not 0 <= pause <= LONGEST_PAUSE_MS:
            raise CommandError(_("The pause is 0 to 60000 milliseconds."), returncode=USAGE)
        given = {"max_concurrent": at_once, "pause_ms": pause}
        if changed := {name: value for name, value in given.items() if value is not None}:
            Site.objects.filter(pk=site.pk).update(**changed)
            site.refresh_from_db()
        sentence = _("%(name)s: %(n)d readers at once, %(ms)d ms between two calls.")
        self.tell(
            {"site": site.name, "at_once": site.max_concurrent, "pause_ms": site.pause_ms},
            sentence % {"name": site.name, "n": site.max_concurrent, "ms": site.pause_ms},
        )
