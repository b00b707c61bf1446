from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """Filters and order of the roster under a name. It names nobody: each who opens it sees their own people."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(blank=True, help_text="As in the roster's address: `views_saved.shelf.normal`.")
    shared = models.BooleanField(_("shared"), default=False)
    position = models.PositiveIntegerField(default=0, help_text="Among its owner's.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, help_text="Kept for a day, to take it back.")

    class Meta:
        indexes = [models.Index(fields=["owner", "position"], name="view_order")]
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name
