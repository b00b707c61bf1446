import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class Selection(models.Model):
    """All that a filter of the roster found at one moment, kept for a day. Who matches later is not in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    query = models.TextField(blank=True, help_text="The filters as they were understood, as an address has them.")
    enrolments = ArrayField(models.BigIntegerField(), help_text="Ids, in the order of the list.")
    versions = ArrayField(
        models.IntegerField(), help_text="Of their follow-ups, in the same order; -1: there is none to act on."
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"selection {self.pk}"
