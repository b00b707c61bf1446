"""Call mode: who is on the phone with whom, and what is typed meanwhile."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from dashboard.models.contact import Contact
from dashboard.models.person import Person


class Lease(models.Model):
    """One tutor works on one person, over all courses, until it is released or expires. See `calls.leases`."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="lease")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="leases")
    taken_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"lease {self.pk}"


class Draft(models.Model):
    """What somebody typed about a person and did not save yet."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="drafts")
    answers = models.JSONField(default=dict, help_text="The form's fields as posted.")
    updated_at = models.DateTimeField(default=timezone.now)
    dropped_at = models.DateTimeField(null=True, help_text="By hand. Kept for a day, to take it back.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "person"], name="one_draft_per_person")]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class CallRound(models.Model):
    """A tutor's way through a list: whom it was begun with, in which order, and who is left."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="call_round")
    title = models.CharField(max_length=200, blank=True, help_text="Of the list it began from.")
    back = models.CharField(max_length=2000, help_text="Address of that list.")
    left = ArrayField(models.BigIntegerField(), default=list, help_text="Enrolments still to call, in order.")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0, help_text="Calls that were saved.")
    called = ArrayField(
        models.BigIntegerField(), default=list, db_default=[], help_text="Enrolments of these: an undo brings one back."
    )
    set_aside = models.PositiveIntegerField(default=0, help_text="Of the list, but not to be called when it began.")
    current = models.ForeignKey("moodle_sync.Enrolment", models.SET_NULL, null=True, related_name="+")
    paused_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"round {self.pk}"


class BadNumber(models.Model):
    """A number that turned out not to be the person's. It stands as long as the call that says so is not undone.

    It hangs on the call, so it goes where the account goes when files are joined or separated.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="bad_numbers")
    digits = models.CharField(max_length=20, help_text="As `moodle_sync.text.phone_digits` makes them.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "digits"], name="one_bad_number")]

    def __str__(self) -> str:
        return f"bad number {self.pk}"


class BadAddress(models.Model):
    """An e-mail address from which a message came back. It stands until the entry that says so is undone.

    Another address, typed or changed on Moodle, is another one: it needs nobody to take this back.
    """

    contact = models.OneToOneField(Contact, models.CASCADE, related_name="bad_address")
    address = models.CharField(max_length=254, help_text="In small letters.")

    def __str__(self) -> str:
        return f"bad address {self.pk}"
