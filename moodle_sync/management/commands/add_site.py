import os
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from moodle_sync import capability_words, sites
from moodle_sync.capability import Capability
from moodle_sync.capability_trial import keep, trial_course
from moodle_sync.cli import FAILED, USAGE, MoodleCommand, refusal
from moodle_sync.enums import Service
from moodle_sync.errors import MoodleError
from moodle_sync.models import Connection, Site


class Command(MoodleCommand):
    help = "Connect a Moodle site: check the token, say what it may see, keep it encrypted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what you call this platform")
        parser.add_argument("url", help="the address of Moodle's home page")
        parser.add_argument(
            "--token-env", required=True, metavar="VAR", help="environment variable that holds the token"
        )
        parser.add_argument("--service", choices=Service.values, default=Service.DEDICATED)

    def handle(self, *args: Any, **options: Any) -> None:
        token = os.environ.get(options["token_env"], "").strip()
        if not token:
            raise CommandError(
                _("The environment variable %(name)s is empty or not set.") % {"name": options["token_env"]},
                returncode=USAGE,
            )
        name = options["name"].strip()
        try:
            url = sites.normalised_url(options["url"])
        except sites.BadAddress as exc:
            raise CommandError(
                _("“%(url)s” is not a web address such as https://moodle.example.org") % {"url": options["url"]},
                returncode=USAGE,
            ) from exc
        if not name or len(name) > sites.LONGEST_NAME:
            raise CommandError(
                _("A platform’s name has 1 to %(length)d characters.") % {"length": sites.LONGEST_NAME},
                returncode=USAGE,
            )
        if Site.objects.filter(name=name).exclude(url=url).exists():
            raise CommandError(_("Another platform is already called “%(name)s”.") % {"name": name}, returncode=USAGE)
        try:
            report = sites.inspect(url, token)
        except MoodleError as exc:
            raise refusal(exc) from exc
        if not report.info.user_id:
            raise CommandError(_("Moodle does not say whose token this is."), returncode=FAILED)
        try:
            connection, is_new = sites.connect(name, url, token, Service(options["service"]), report)
            capability = keep(connection, report, trial_course(report.courses, set()))
        except sites.AlreadyKnown as exc:
            raise CommandError(
                _("This Moodle is already connected, under the address %(url)s.") % {"url": exc.site.url},
                returncode=USAGE,
            ) from exc
        except MoodleError as exc:
            raise refusal(exc) from exc
        self._report(connection, report, is_new, capability)

    def _report(self, connection: Connection, report: sites.Report, is_new: bool, capability: Capability) -> None:
        site = connection.site
        lines = [
            _("Platform “%(name)s”: Moodle %(release)s, %(url)s")
            % {"name": site.name, "release": report.info.release, "url": site.url},
            _("Token accepted and kept encrypted.") if is_new else _("Token replaced."),
            _("It lists every course: %(count)d.") % {"count": len(report.courses)}
            if report.sees_all_courses
            else _("It lists the courses of its owner only: %(count)d.") % {"count": len(report.courses)},
        ]
        for function, what in sites.NEEDED.items():
            mark = "✘" if function in report.missing else "✔"
            lines.append(f"  {mark} {what} ({function})")
        for line in capability_words.lines(capability):
            lines.append(f"  {line.outcome}: {line.title}. {line.finding}")
        if request := capability_words.request(capability, site.name):
            lines += ["", request, ""]
        lines.append(_("Next: list_courses, then follow."))
        self.tell(
            {
                "site": site.name,
                "url": site.url,
                "release": report.info.release,
                "service": connection.service,
                "courses": len(report.courses),
                "sees_all_courses": report.sees_all_courses,
                "functions": connection.functions,
                "missing": report.missing,
                "checks": {check.aspect: check.outcome for check in capability.checks},
            },
            "\n".join(lines),
        )
