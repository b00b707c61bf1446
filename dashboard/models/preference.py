from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
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
