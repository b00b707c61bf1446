"""Who else has to act, who stands in for whom, and what one is told."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from dashboard.enums import Cause
from dashboard.models.contact import Contact
from dashboard.models.follow_up import FollowUp


class Blockage(models.Model):
    """Somebody else has to lift something before the person can come in."""

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="blockages")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+", help_text="The entry that blocked.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="A colleague who lifts it."
    )
    address = models.CharField(max_length=254, blank=True, help_text="Or an address to write to.")
    text = models.TextField(blank=True, help_text="Ready to send: the facts, never the notes.")
    asked_at = models.DateTimeField(null=True, help_text="When somebody said that it was sent.")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["follow_up"], condition=Q(lifted_at__isnull=True), name="one_current_blockage"
            )
        ]

    def __str__(self) -> str:
        return f"blockage {self.pk}"


class Absence(models.Model):
    """From the first to the last day, a colleague sees and works on the user's people too."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences")
    colleague = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="stands_in")
    first_day = models.DateField()
    last_day = models.DateField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="an_absence_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(user=F("colleague")), name="nobody_stands_in_for_oneself"),
        ]

    def __str__(self) -> str:
        return f"absence {self.pk}"


class Notice(models.Model):
    """What a user is told on their next page: people handed over, an absence to cover."""

    class Kind(models.TextChoices):
        HANDED = "handed"
        STANDS_IN = "stands_in"
        BLOCKED = "blocked"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=10, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    number = models.PositiveIntegerField(default=1, help_text="Of persons.")
    reason = models.CharField(max_length=300, blank=True)
    link = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-at"], condition=Q(seen_at=None), name="notice_unseen")]

    def __str__(self) -> str:
        return f"notice {self.pk}"


class HintAnswer(models.Model):
    """A tutor agreed, or did not, with a likely cause."""

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="hint_answers")
    cause = models.CharField(max_length=20, choices=Cause)
    agreed = models.BooleanField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["follow_up", "cause", "by"], name="one_answer_per_hint")]

    def __str__(self) -> str:
        return f"answer {self.pk}"


class CalendarFeed(models.Model):
    """A private address where a calendar reads a tutor's callbacks; only the digest of its token is kept."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"feed of {self.pk}"
