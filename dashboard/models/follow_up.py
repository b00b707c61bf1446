from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from dashboard.enums import BY_URGENCY, DATED_STATES, Cause, Channel, ClosedFor, State


def state_rank(prefix: str = "") -> Case:
    """To sort by state, the most pressing first."""
    return Case(
        *(When(**{f"{prefix}state": state}, then=Value(rank)) for rank, state in enumerate(BY_URGENCY)),
        output_field=models.SmallIntegerField(),
    )


class FollowUp(models.Model):
    """The current state of one enrolment's follow-up; how it came about is told by its contacts.

    Every write goes through `dashboard.follow_up.moves` and raises `version`: the loser of a race finds
    another version and changes nothing.
    """

    enrolment = models.OneToOneField("moodle_sync.Enrolment", models.CASCADE, related_name="follow_up")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=20, choices=Cause, blank=True)
    closed_for = models.CharField(max_length=10, choices=ClosedFor, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="follow_ups",
        help_text="Who acts, when set: the first to act, or the one it was given to.",
    )
    callback_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="NULL: anyone calls back."
    )
    step_day = models.PositiveSmallIntegerField(
        null=True, help_text="Day of the plan's last step that was done or left behind."
    )
    next_channel = models.CharField(
        max_length=5,
        choices=Channel,
        blank=True,
        db_default="",
        help_text="What the plan has next; blank: nothing by itself.",
    )
    next_at = models.DateTimeField(null=True, help_text="And when: see `plan`.")
    entry_known = models.BooleanField(default=False, help_text="The first access was seen: it closes only once.")
    last_contact = models.ForeignKey("Contact", models.SET_NULL, null=True, related_name="+")
    last_contact_at = models.DateTimeField(null=True, help_text="Moment of `last_contact`, to sort by.")
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=DATED_STATES) | Q(due_at__isnull=False), name="open_states_have_a_date"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.CLOSED_OUT) | ~Q(closed_for=""), name="closed_out_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="follow_up_due"),
            models.Index(fields=["due_at", "id"], name="follow_up_by_date"),
            models.Index(F("last_contact_at").asc(nulls_first=True), "id", name="follow_up_by_contact"),
            models.Index(state_rank().asc(), "id", name="follow_up_by_state"),
        ]

    def __str__(self) -> str:
        return f"follow-up {self.pk}"
