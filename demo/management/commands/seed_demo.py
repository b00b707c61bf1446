import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboard.models import Contact
from dashboard.tasks import advance_follow_ups
from demo import morning, seeding, story
from demo.moodle.worlds import DEMO_WORLDS


class Command(BaseCommand):
    help = "The demo's users, sites, courses and past; what is there already is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", action="append", required=True, metavar="WORLD=URL")
        parser.add_argument("--born", type=int, help="when the simulated sites' story begins, in Unix seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("VIGIE_DEMO_PASSWORD")
        if not password:
            raise CommandError("VIGIE_DEMO_PASSWORD is not set.")
        os.environ.pop(story.CONTROL_TOKEN, None)  # the past is told: it must not make people come in now
        users = seeding.make_users(password)
        new = []
        for word in options["site"]:
            name, _, url = word.partition("=")
            if name not in DEMO_WORLDS or not url:
                raise CommandError(f"--site takes one of {', '.join(DEMO_WORLDS)}, as NAME=URL; not {word!r}.")
            new += seeding.connect(DEMO_WORLDS[name], url)
        seeding.read(new)
        if not Contact.objects.exclude(author=None).exists():
            tutors = [user for user in users if user.is_tutor]
            seeding.tell_the_past(tutors, seeding.moment(options["born"]))
            advance_follow_ups()
            morning.begin_the_day(tutors, timezone.now())
        for user in users:
            self.stdout.write(f"{user.role} {user.email} {password}")
