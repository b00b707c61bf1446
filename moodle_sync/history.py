"""What happened over time: whom a run brought or lost, dates that moved, reads asked for together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

from moodle_sync.enums import Change

if TYPE_CHECKING:
    from moodle_sync.models import SyncRun


class RunChange(models.Model):
    """Who came in, joined or left with one run. A course's first read is no news of anybody."""

    run = models.ForeignKey("SyncRun", models.CASCADE, related_name="changes")
    enrolment = models.ForeignKey("Enrolment", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Change)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind", "enrolment"], name="one_change_per_person")]


class DatesMoved(models.Model):
    """Moodle gave other dates than the time before."""

    course = models.ForeignKey("Course", models.CASCADE, related_name="moves")
    noticed_at = models.DateTimeField(default=timezone.now)
    old_start = models.DateTimeField(null=True)
    old_end = models.DateTimeField(null=True)
    new_start = models.DateTimeField(null=True)
    new_end = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["course", "noticed_at"], name="dates_moved")]


class SyncBatch(models.Model):
    """«Synchronise all»: the runs somebody watches together, some of which were under way already."""

    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    runs: models.ManyToManyField[SyncRun, models.Model] = models.ManyToManyField("SyncRun", related_name="batches")

    def __str__(self) -> str:
        return f"batch {self.pk}"
