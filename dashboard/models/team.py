"""Who else has to act, who stands in for whom, and what one is told."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from dashboard.enums import Cause
from dashboard.models.contact import Contact
from dashboard.models.follow_up import FollowUp


class Blockage(models.Model):
    """Who has to lift something before the person can come in.

    It holds as long as the follow-up is blocked: see `follow_up.blocking.current_blockages`.
    """

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="blockages")
    contact = models.OneToOneField(
        Contact, models.CASCADE, related_name="blockage", help_text="The entry that blocked."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="A colleague who lifts it."
    )
    address = models.CharField(max_length=254, blank=True, help_text="Or an address to write to.")
    asked_at = models.DateTimeField(null=True, help_text="When somebody said that the request was sent.")

    def __str__(self) -> str:
        return f"blockage {self.pk}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def standing(self) -> Self:
        """Not cancelled."""
        return self.filter(cancelled_at=None)

    def on(self, day: date) -> Self:
        """Today or later: one that was cancelled meanwhile counted until then."""
        return self.standing().filter(first_day__lte=day, last_day__gte=day)


class Absence(models.Model):
    """From the first to the last day, a colleague sees and works on the user's people too."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences")
    colleague = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="stands_in")
    first_day = models.DateField()
    last_day = models.DateField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True, help_text="Until then, it let the colleague see. NULL: it stands.")

    objects = AbsenceQuerySet.as_manager()

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
    act = models.UUIDField(null=True, help_text="What it tells of: once undone, it is not told.")
    absence = models.ForeignKey(Absence, models.CASCADE, null=True, related_name="+")
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
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, related_name="+", help_text="The entry that noted the cause."
    )
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
