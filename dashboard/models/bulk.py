import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BulkAct(models.Model):
    """One act of one user on many follow-ups. Its id is the `act` of all its entries in the timelines.

    Done chunk by chunk: `position` moves in the transaction that writes a chunk, so that nothing is done twice.
    """

    class Name(models.TextChoices):
        CONTACTED = "contacted", _("Mark as contacted")
        CALLBACK = "callback", _("Call back on a date")
        ASSIGN = "assign", _("Hand over")
        NOTE = "note", _("Add a note")
        EMAIL = "email", _("Note an e-mail as sent")
        CLOSE = "close", _("Close without further action")
        REOPEN = "reopen", _("Take up again")
        BLOCK = "block", _("Block until somebody else acts")
        LIFT = "lift", _("Unblock")
        DECLARE = "declare", _("Declare that they came in")

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        UNDOING = "undoing"
        UNDONE = "undone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="bulk_acts")
    name = models.CharField(max_length=10, choices=Name)
    parameters = models.JSONField(default=dict, help_text="What the form of the act said.")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    enrolments = ArrayField(models.BigIntegerField(), help_text="Ids, course by course.")
    versions = ArrayField(models.IntegerField(), help_text="Of their follow-ups as the user saw them; -1: none.")
    position = models.PositiveIntegerField(default=0, help_text="So many of them were dealt with, or undone.")
    done = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=dict, help_text="Ids of enrolments by the reason why nothing was done.")
    undone = models.PositiveIntegerField(default=0)
    kept = ArrayField(models.BigIntegerField(), default=list, help_text="Changed since: an undo left them as they are.")
    created_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now, help_text="A worker that says nothing for long is dead.")
    told = models.BooleanField(default=True, help_text="The user was told how it ended.")

    class Meta:
        indexes = [
            models.Index(fields=["user"], condition=Q(told=False), name="bulk_act_to_tell"),
            models.Index(
                fields=["heartbeat_at"], condition=Q(state__in=["running", "undoing"]), name="bulk_act_under_way"
            ),
        ]

    def __str__(self) -> str:
        return f"bulk act {self.pk}"

    @property
    def is_busy(self) -> bool:
        return self.state in {self.State.RUNNING, self.State.UNDOING}

    @property
    def total(self) -> int:
        return len(self.enrolments)

    @property
    def left_out(self) -> int:
        return sum(len(ids) for ids in self.skipped.values())
