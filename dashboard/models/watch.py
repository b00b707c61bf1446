"""What the team makes of the sync's own troubles: what a coordinator has seen, what administrators were told."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class FlagSeen(models.Model):
    """Somebody in charge saw that a course is hidden late or its dates moved; later changes are flagged anew."""

    class Kind(models.TextChoices):
        HIDDEN = "hidden"
        DATES = "dates"

    course = models.ForeignKey("moodle_sync.Course", models.CASCADE, related_name="flags_seen")
    kind = models.CharField(max_length=10, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "kind"], name="one_seen_per_flag")]


class SiteNotice(models.Model):
    """One mail to the administrators. The row comes first; who claims it sends it, once."""

    class Kind(models.TextChoices):
        DOWN = "down"
        UP = "up"

    site = models.ForeignKey("moodle_sync.Site", models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=5, choices=Kind)
    day = models.DateField(help_text="In the site's time zone: at most one of a kind a day.")
    since = models.DateTimeField(help_text="When the failing began.")
    error_code = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "kind", "day"], name="one_notice_a_day")]
