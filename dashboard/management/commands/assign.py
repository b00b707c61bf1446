"""Let a tutor follow a course, or a part of it, whatever Moodle says."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import IntegrityError, transaction

from dashboard.management.commands import _assignments


class Command(BaseCommand):
    help = "Assign a tutor to a course, to a group, or to the people without a group. Syncs leave it alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        _assignments.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        assignment = _assignments.place(options)
        created = True
        try:
            with transaction.atomic():
                assignment.save()
        except IntegrityError:
            created = False
        if options["json"]:
            self.stdout.write(json.dumps(_assignments.described(assignment) | {"created": created}))
        else:
            verb = "now follows" if created else "already followed, by hand,"
            self.stdout.write(f"{assignment.user.email} {verb} {_assignments.sentence(assignment)}.")
