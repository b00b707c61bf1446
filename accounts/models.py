"""Who uses Vigie, and whom each may follow."""

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    TUTOR = "tutor", _("tutor")
    COORDINATOR = "coordinator", _("coordinator")
    ADMINISTRATOR = "administrator", _("administrator")
    OBSERVER = "observer", _("observer")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=normalised_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalised_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """Logs in by e-mail. No user name, no Django admin: roles decide (product.md §1)."""

    email = models.EmailField(_("e-mail address"), unique=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    role = models.CharField(_("role"), max_length=15, choices=Role, default=Role.TUTOR)
    sees_all = models.BooleanField(
        _("sees every course"),
        default=False,
        help_text=_("For coordinators and observers; else: the listed scopes."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_email")]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email.partition("@")[0]

    @property
    def short_name(self) -> str:
        """«Samira B.», as colleagues see one another in lists."""
        return f"{self.first_name} {self.last_name[:1]}." if self.first_name and self.last_name else str(self)

    @property
    def initials(self) -> str:
        return "".join(part[:1] for part in str(self).split()[:2]).upper()

    @property
    def is_tutor(self) -> bool:
        return self.role == Role.TUTOR

    @property
    def is_coordinator(self) -> bool:
        return self.role == Role.COORDINATOR

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR

    @property
    def follows_people(self) -> bool:
        """Tutors and coordinators meet named people; administrators and observers only see aggregates."""
        return self.is_tutor or self.is_coordinator


class Scope(models.Model):
    """What a coordinator or observer without `sees_all` sees: a site, or one category of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="scopes")
    site = models.ForeignKey("moodle_sync.Site", models.CASCADE, related_name="+")
    category_id = models.PositiveBigIntegerField(null=True, blank=True, help_text="Moodle's; NULL: the whole site.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "site", "category_id"], nulls_distinct=False, name="one_scope_per_place"
            )
        ]

    def __str__(self) -> str:
        return f"scope {self.pk}"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def current(self) -> "AssignmentQuerySet":
        return self.filter(ended_at=None)


class Assignment(models.Model):
    """A tutor follows a course: all of it, one group, or the people without a group."""

    class Source(models.TextChoices):
        MOODLE = "moodle", _("from Moodle")
        HAND = "hand", _("by hand")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="assignments")
    course = models.ForeignKey("moodle_sync.Course", models.CASCADE, related_name="assignments")
    group = models.ForeignKey("moodle_sync.Group", models.CASCADE, null=True, blank=True, related_name="assignments")
    ungrouped = models.BooleanField(default=False, help_text="The people of the course who are in no group.")
    source = models.CharField(max_length=6, choices=Source, default=Source.HAND)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "course", "group", "ungrouped", "source"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="one_current_assignment",
            ),
            models.CheckConstraint(
                condition=Q(group__isnull=True) | Q(ungrouped=False), name="a_group_or_without_group"
            ),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"


def normalised_email(email: str) -> str:
    return email.strip().lower()
