import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", _("Comfortable")
    COMPACT = "compact", _("Compact")


PAGE_SIZES = (25, 50, 100)


class Preference(models.Model):
    """How one user likes the screens. Whoever chose nothing has no row: ask `dashboard.preferences.of`."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preference")
    column_order = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="Of the roster; empty: as Vigie has them."
    )
    hidden_columns = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    sort = models.CharField(max_length=21, blank=True, help_text="The roster's, “-” before it: descending.")
    density = models.CharField(max_length=11, choices=Density, default=Density.COMFORTABLE)
    page_size = models.PositiveSmallIntegerField(choices=[(n, str(n)) for n in PAGE_SIZES], default=PAGE_SIZES[0])
    default_view = models.CharField(
        max_length=20, blank=True, help_text="What opens the roster: `views_saved.shelf.View.key`; blank: everybody."
    )
    shortcuts = models.BooleanField(default=True, help_text="Keys that act without Ctrl.")

    def __str__(self) -> str:
        return f"preference of {self.pk}"


class DeskChange(models.Model):
    """What one user changed of their views and of their list: kept for a day, to take it back."""

    act = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    before = models.JSONField(help_text="What was touched, as `dashboard.desk_changes` reads it.")
    after = models.JSONField(help_text="And what it became: undo is refused where this no longer holds.")
    at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"change {self.pk}"

    @property
    def undo_url(self) -> str:
        """Blank where nothing became another."""
        return reverse("dashboard:undo-desk", args=[self.act]) if self.before != self.after else ""
