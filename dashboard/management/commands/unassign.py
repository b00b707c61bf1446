"""End an assignment that was made by hand. One that comes from Moodle ends there."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Assignment
from dashboard.management.commands import _assignments


class Command(BaseCommand):
    help = "End an assignment made with `assign`, given the same way."

    def add_arguments(self, parser: ArgumentParser) -> None:
        _assignments.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        place = _assignments.place(options)
        same = Assignment.objects.current().filter(
            user=place.user, course=place.course, group=place.group, ungrouped=place.ungrouped
        )
        if not same.filter(source=Assignment.Source.HAND).update(ended_at=timezone.now()):
            reason = "it comes from Moodle: take the tutor's role away there" if same.exists() else "there is none"
            raise CommandError(f"No assignment by hand to end: {reason}.", returncode=_assignments.NOTHING_TO_DO)
        if options["json"]:
            self.stdout.write(json.dumps(_assignments.described(place) | {"ended": True}))
        else:
            self.stdout.write(f"{place.user.email} no longer follows {_assignments.sentence(place)}.")
