"""The rules of `auto_follow`, as they are kept. Imported through `models`, like every other row."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class AutoFollow(models.Model):
    """Courses that appear on Moodle later and are followed by themselves: a category, a pattern, or both."""

    connection = models.ForeignKey("Connection", models.CASCADE, related_name="rules")
    category_id = models.PositiveBigIntegerField(null=True, help_text="Moodle's; NULL: any.")
    category_name = models.CharField(max_length=255, blank=True)
    pattern = models.CharField(max_length=100, blank=True, help_text="Of short names, with *; empty: any.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "category_id", "pattern"], nulls_distinct=False, name="one_rule_per_choice"
            ),
            models.CheckConstraint(
                condition=Q(category_id__isnull=False) | ~Q(pattern=""), name="a_rule_chooses_something"
            ),
        ]

    def __str__(self) -> str:
        return f"rule {self.pk}"
