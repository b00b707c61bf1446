from django.conf import settings
from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """Who looked at whose file, took data out, or gave Vigie access to a platform (product.md §6.7)."""

    class Action(models.TextChoices):
        VIEWED = "viewed"
        MERGED = "merged"
        SPLIT = "split"
        CONNECTED = "connected"
        ADDED = "added"
        REPLACED = "replaced"
        REMOVED = "removed"
        EXPORTED = "exported"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    action = models.CharField(max_length=10, choices=Action)
    person = models.ForeignKey("Person", models.SET_NULL, null=True, related_name="+")
    site = models.ForeignKey("moodle_sync.Site", models.SET_NULL, null=True, related_name="+")
    export = models.ForeignKey(
        "Export", models.PROTECT, null=True, related_name="+", help_text="What was taken out: format, filter, how many."
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["person", "-at"], name="audit_person")]
