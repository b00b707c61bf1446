import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone

from dashboard.enums import Cause, ClosedFor, Kind, Outcome, State
from dashboard.models.follow_up import FollowUp


class Contact(models.Model):
    """One entry of the timeline. Never updated, but for a corrected note, whose earlier texts are kept; an undo is
    another entry.

    One act (a call that counts for three courses) is one `act` with one row per follow-up.
    """

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="contacts")
    act = models.UUIDField(default=uuid.uuid4, db_index=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="NULL: the system."
    )
    kind = models.CharField(max_length=10, choices=Kind)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    cause = models.CharField(max_length=20, choices=Cause, blank=True)
    note = models.TextField(blank=True)
    closed_for = models.CharField(max_length=10, choices=ClosedFor, blank=True, help_text="Of a closing by hand.")
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="Of a handover."
    )
    answers = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="Of a call: what the person knew: `calls.questions`.",
    )
    happened_at = models.DateTimeField(null=True, help_text="Of an access: the latest it can have happened.")
    happened_after = models.DateTimeField(null=True, help_text="And the earliest; NULL: not known.")
    created_at = models.DateTimeField(default=timezone.now)
    from_state = models.CharField(max_length=10, choices=State, blank=True)
    to_state = models.CharField(max_length=10, choices=State, blank=True)
    to_due_at = models.DateTimeField(null=True)
    before = models.JSONField(default=dict, help_text="The follow-up's fields before this entry, for undo.")
    version = models.PositiveIntegerField(help_text="The follow-up's version this entry made.")
    undoes = models.OneToOneField("self", models.CASCADE, null=True, related_name="undone_by")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="callback_has_a_date",
                condition=~Q(outcome=Outcome.CALLBACK) | Q(to_due_at__isnull=False),
            ),
            models.CheckConstraint(name="a_call_has_an_outcome", condition=~Q(kind=Kind.CALL) | ~Q(outcome="")),
            models.UniqueConstraint(fields=["follow_up", "version"], name="one_entry_per_version"),
        ]
        indexes = [
            models.Index(fields=["follow_up", "-id"], name="contact_timeline"),
            models.Index(fields=["created_at"], name="contact_entered", condition=Q(kind=Kind.ENTERED)),
        ]

    def __str__(self) -> str:
        return f"contact {self.pk}"


class NoteVersion(models.Model):
    """What a note said before it was corrected. Never updated; it goes when its entry does."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="versions")
    act = models.UUIDField(db_index=True, help_text="The correction: of one call, all its courses' entries.")
    text = models.TextField(help_text="The text that was replaced.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    takes_back = models.BooleanField(default=False, help_text="The correction before was undone by this one.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"version {self.pk}"
