import json
import zlib
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from moodle_sync import crypto
from moodle_sync.files.errors import Problem


class ImportFile(models.Model):
    """A file on its way in. Its rows rest here encrypted until it is confirmed or a day old; who and how many stay."""

    class Kind(models.TextChoices):
        PEOPLE = "people", _("Participants of a course")
        DETAILS = "details", _("Phones and schools of people already known")

    class State(models.TextChoices):
        READING = "reading", _("Being read")
        MAPPING = "mapping", _("Columns to check")
        CHECKING = "checking", _("Being compared")
        READY = "ready", _("To confirm")
        APPLYING = "applying", _("Being imported")
        DONE = "done", pgettext_lazy("file", "Imported")
        FAILED = "failed", _("Failed: nothing was written")
        DROPPED = "dropped", _("Given up")

    site = models.ForeignKey("moodle_sync.Site", models.CASCADE, related_name="+")
    course = models.ForeignKey("moodle_sync.Course", models.SET_NULL, null=True, related_name="imports")
    kind = models.CharField(max_length=7, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.MAPPING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    moment = models.DateTimeField(help_text="When the file was exported: ages in it count from then.")
    course_name = models.CharField(max_length=255, blank=True, help_text="Of a course to be made on confirmation.")
    course_moodle_id = models.PositiveBigIntegerField(null=True, help_text="Its number on Moodle, where given.")
    course_start = models.DateTimeField(null=True)
    lines = models.PositiveIntegerField(help_text="None is known before the file was read.")
    dropped = models.JSONField(default=list, help_text="Names of the columns thrown away while reading.")
    mapping = models.JSONField(default=list, help_text="What each kept column holds; empty: nothing.")
    counts = models.JSONField(default=dict)
    content = models.BinaryField(
        null=True,
        help_text="Headers and rows, compressed and encrypted; until a worker has read it, the file's key.",
    )
    outcome = models.BinaryField(null=True, help_text="The preview, likewise.")
    problem = models.CharField(max_length=20, blank=True, help_text="Why it could not be read.")

    class Meta:
        indexes = [
            models.Index(fields=["site", "-id"], name="import_latest"),
            models.Index(fields=["uploaded_at"], condition=Q(content__isnull=False), name="import_to_forget"),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def is_busy(self) -> bool:
        return self.state in {self.State.READING, self.State.CHECKING, self.State.APPLYING}

    @property
    def why(self) -> str | Promise:
        return Problem(self.problem).label if self.problem else ""

    @property
    def has_rows(self) -> bool:
        return self.content is not None and self.state != self.State.READING


def sealed(value: Any) -> bytes:
    return crypto.seal(zlib.compress(json.dumps(value, ensure_ascii=False).encode()))


def unsealed(content: bytes | memoryview) -> Any:
    """Raises crypto.TokenUnreadable when the keys were changed meanwhile."""
    return json.loads(zlib.decompress(crypto.unseal(bytes(content))))
