from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Export(models.Model):
    """A list of people that somebody took out of Vigie. Who, when, what and how many stay; the file goes."""

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        XLSX = "xlsx", _("Excel")
        PAPER = "paper", _("Printed page")
        EMAIL = "email", _("E-mail addresses copied")

    class State(models.TextChoices):
        GIVEN = "given", _("Given at once")
        WAITING = "waiting", _("Waiting for its turn")
        MAKING = "making", _("Being prepared")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        FORGOTTEN = "forgotten", _("Expired")

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    format = models.CharField(max_length=5, choices=Format)
    words = models.TextField(help_text="Which people, in words; what was searched for, a name mostly, is left out.")
    language = models.CharField(max_length=10, help_text="Of its headers and words.")
    people = models.PositiveIntegerField(help_text="How many matched when it was asked for.")
    state = models.CharField(max_length=9, choices=State)
    done = models.PositiveIntegerField(default=0, help_text="How many of them a worker has written.")
    claim = models.UUIDField(null=True, help_text="Of the worker that makes it: one that was given up stops.")
    ids = ArrayField(
        models.BigIntegerField(), null=True, help_text="The enrolments, in order, as long as the file is to be had."
    )
    asked_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, help_text="When somebody last worked at it.")
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["by", "-id"], name="export_latest")]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def is_busy(self) -> bool:
        return self.state in {self.State.WAITING, self.State.MAKING}


class ExportPart(models.Model):
    """A piece of a prepared file, encrypted: a file of a hundred thousand is never whole in memory."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="one_part_per_number")]

    def __str__(self) -> str:
        return f"part {self.number} of export {self.export_id}"
