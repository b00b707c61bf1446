import uuid

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Person(models.Model):
    """The human behind one or several Moodle accounts."""

    do_not_call = models.BooleanField(_("does not want to be called"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"person {self.pk}"


class PersonAccount(models.Model):
    """Which person a Moodle account belongs to."""

    class Link(models.TextChoices):
        ALONE = "alone", _("no other account known")
        EMAIL = "email", _("same e-mail address")
        HAND = "hand", _("linked by hand")

    participant = models.OneToOneField(
        "moodle_sync.Participant", models.CASCADE, primary_key=True, related_name="account"
    )
    person = models.ForeignKey(Person, models.CASCADE, related_name="accounts")
    link = models.CharField(max_length=5, choices=Link, default=Link.ALONE)


class PersonChange(models.Model):
    """Two persons made one, or one made two; kept to say so, and to take it back."""

    class Kind(models.TextChoices):
        MERGE = "merge", _("merged")
        SPLIT = "split", _("separated")

    act = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=5, choices=Kind)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="NULL: a read did, by e-mail."
    )
    at = models.DateTimeField(default=timezone.now, editable=False)
    kept = models.ForeignKey(Person, models.CASCADE, related_name="changes")
    other = models.ForeignKey(
        Person, models.CASCADE, related_name="+", help_text="Emptied by a merge, made by a split."
    )
    before = models.JSONField(help_text="Who had which account, detail and wish, for undo.")
    after = models.JSONField(help_text="And what it became: undo is refused where this no longer holds.")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(kept=models.F("other")), name="a_change_is_between_two_persons")
        ]

    def __str__(self) -> str:
        return f"change {self.pk}"


class ContactDetail(models.Model):
    """A phone, an e-mail or a school typed by a tutor or brought by a file; a sync never touches it."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("phone")
        EMAIL = "email", _("e-mail")
        SCHOOL = "school", _("school")

    person = models.ForeignKey(Person, models.CASCADE, related_name="details")
    kind = models.CharField(max_length=6, choices=Kind)
    value = models.CharField(_("number, address or school"), max_length=254)
    label = models.CharField(_("label"), max_length=60, blank=True)
    search_key = models.CharField(max_length=254, editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "value"],
                condition=Q(removed_at__isnull=True),
                name="one_detail_per_value",
            )
        ]
        indexes = [GinIndex(OpClass("search_key", name="gin_trgm_ops"), name="detail_search")]
