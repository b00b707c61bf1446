"""What the commands share: one JSON object a line for machines, sentences and exit codes for people."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from moodle_sync.errors import MoodleError
from moodle_sync.explain import explain_code
from moodle_sync.models import Connection, Site

USAGE, FAILED = 2, 1


class MoodleCommand(BaseCommand):
    """Exit codes: 0 done, 1 Moodle or the data said no, 2 wrong call."""

    json: bool

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="one JSON object a line, for machines")
        return parser

    def execute(self, *args: Any, **options: Any) -> Any:
        self.json = options["json"]
        return super().execute(*args, **options)

    def tell(self, data: dict[str, Any], sentence: str) -> None:
        self.stdout.write(json.dumps(data, ensure_ascii=False) if self.json else sentence)

    def site(self, name: str) -> Site:
        """By name or address."""
        site = Site.objects.filter(name=name).first() or Site.objects.filter(url=name.rstrip("/")).first()
        if site is None:
            names = ", ".join(Site.objects.order_by("name").values_list("name", flat=True)) or "–"
            raise CommandError(
                _("No platform is called “%(name)s”. Known: %(names)s.") % {"name": name, "names": names},
                returncode=USAGE,
            )
        return site

    def connection(self, site: Site) -> Connection:
        connection = site.connections.filter(refused_at=None).order_by("pk").last() or site.connections.last()
        if connection is None:
            raise CommandError(
                _("The platform “%(name)s” has no token: enter one with add_site.") % {"name": site},
                returncode=FAILED,
            )
        return connection


def refusal(exc: MoodleError) -> CommandError:
    """Moodle's trouble in words: what happened, who must act, what to do."""
    words = explain_code(str(exc.code))
    text = _("%(what)s Who must act: %(who)s. %(todo)s [%(function)s: %(code)s]") % {
        "what": words.what, "who": words.who, "todo": words.todo, "function": exc.function or "–", "code": exc.code,
    }  # fmt: skip
    return CommandError(text, returncode=FAILED)
