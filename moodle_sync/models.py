"""What Moodle says. Workers rewrite these rows; nothing that a person wrote lives here."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, OrderBy, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moodle_sync import crypto, history  # noqa: F401 (the other models)
from moodle_sync.auto_follow_rules import AutoFollow
from moodle_sync.enums import ACTIVE_RUNS, EPOCH, ReadKind, RunState, Service, Standing, Urgency
from moodle_sync.membership import Membership
from moodle_sync.names import SortedByName
from moodle_sync.places import city_key
from moodle_sync.querysets import CourseQuerySet, EnrolmentQuerySet, ParticipantQuerySet, SyncRunQuerySet, last_access
from moodle_sync.staged import StagedAccount, StagedMember, StagedPerson

__all__ = [
    "AutoFollow", "Connection", "Course", "Enrolment", "Group", "Membership", "Participant", "Site", "StagedAccount",
    "StagedMember", "StagedPerson", "SyncRun",
]  # fmt: skip


def default_trainee_roles() -> list[str]:
    return ["participant", "student"]


def default_tutor_roles() -> list[str]:
    return ["tuteur", "formateur", "teacher", "editingteacher"]


class Site(models.Model):
    """One Moodle, known by its address."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    url = models.URLField(_("address"), max_length=250, unique=True, help_text="Without a final slash.")
    time_zone = models.CharField(max_length=60, default="Europe/Paris")
    country = models.CharField(max_length=2, default="FR", help_text="Where phone numbers are read.")
    trainee_roles = ArrayField(models.CharField(max_length=100), default=default_trainee_roles)
    tutor_roles = ArrayField(models.CharField(max_length=100), default=default_tutor_roles)
    release = models.CharField(max_length=100, blank=True, help_text="As Moodle says it: 5.1.3+ (Build: …)")
    version = models.BigIntegerField(default=0, help_text="Moodle's branch in 10 digits; 0: not known.")
    max_concurrent = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1)])
    pause_ms = models.PositiveIntegerField(default=0, help_text="Between two calls of one run.")
    clock_ahead = models.IntegerField(default=0, help_text="Seconds that Moodle's clock is ahead of ours.")
    facts_due_at = models.DateTimeField(default=timezone.now, help_text="Next look at the facts of every course.")
    facts_claimed_until = models.DateTimeField(null=True, help_text="Somebody looks at them now.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Connection(models.Model):
    """A token on a site. It is encrypted at rest, and never logged nor shown again."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="connections")
    service = models.CharField(max_length=10, choices=Service, default=Service.DEDICATED)
    token_encrypted = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    moodle_user_id = models.PositiveBigIntegerField(null=True, help_text="Whose token it is, on Moodle.")
    functions = ArrayField(models.CharField(max_length=100), default=list)
    checked_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True, help_text="Set while Moodle refuses the token.")
    capability = models.JSONField(null=True, help_text="The last capability report; NULL: never tried.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "moodle_user_id", "service"], name="one_connection_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.site} ({self.get_service_display()})"

    @property
    def token(self) -> str:
        """Raises `crypto.TokenUnreadable` when no configured key opens it."""
        return crypto.decrypt(self.token_encrypted)

    @token.setter
    def token(self, value: str) -> None:
        self.token_encrypted = crypto.encrypt(value)


class Course(SortedByName):
    """One Moodle course that Vigie follows, or followed."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="courses")
    connection = models.ForeignKey(
        Connection, models.SET_NULL, null=True, related_name="courses", help_text="NULL: lost, or by file only."
    )
    moodle_id = models.PositiveBigIntegerField(null=True, help_text="NULL: known by a file only.")
    short_name = models.CharField(max_length=255)
    category_id = models.PositiveBigIntegerField(null=True)
    category_name = models.CharField(max_length=255, blank=True)
    start_date = models.DateTimeField(null=True, help_text="NULL: Moodle does not say.")
    end_date = models.DateTimeField(null=True, help_text="NULL: no end.")
    visible = models.BooleanField(null=True, help_text="NULL: the token may not know.")
    visible_since = models.DateTimeField(null=True, help_text="First time it was seen visible.")
    facts_read_at = models.DateTimeField(null=True, help_text="When Moodle last told its names and dates.")
    followed = models.BooleanField(default=True)
    followed_since = models.DateTimeField(default=timezone.now)
    dormant_after = models.DurationField(default=timedelta(days=14))

    first_synced_at = models.DateTimeField(null=True, help_text="The first good read: who joins later is new.")
    synced_at = models.DateTimeField(null=True, help_text="Moment the last good read began: the data's date.")
    complete_reads = models.PositiveIntegerField(default=0)
    complete_at = models.DateTimeField(null=True, help_text="The last good read that can have missed nobody.")
    people_read = models.PositiveIntegerField(null=True, help_text="Accounts in the last good read.")
    full_read_at = models.DateTimeField(null=True, help_text="Last read of every field. NULL: the next one reads all.")
    full_read_with = models.CharField(max_length=64, blank=True, help_text="Digest of the token and release it had.")
    untold = ArrayField(models.CharField(max_length=100), default=list, help_text="Nobody came with these fields.")
    accounts_checked_at = models.DateTimeField(null=True, help_text="Last look at every account's suspension.")
    claimed_by = models.BigIntegerField(null=True, help_text="The run that reads it now: its proof when it writes.")
    claim_expires_at = models.DateTimeField(null=True, help_text="Pushed on with every page.")
    next_sync_at = models.DateTimeField(default=timezone.now)

    objects = CourseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "moodle_id"], name="one_course_per_moodle_id")]
        indexes = [
            models.Index(fields=["next_sync_at"], condition=Q(followed=True), name="course_due"),
            models.Index(fields=["sort_key", "id"], name="course_by_name"),
        ]

    @property
    def opened_at(self) -> datetime | None:
        """The course's own day 0: the later of its start and the first time it was seen visible."""
        if self.visible is False or self.visible_since is None:
            return None
        return max(self.visible_since, self.start_date) if self.start_date else self.visible_since

    @property
    def by_file(self) -> bool:
        """No web service ever read it: what files say is all there is."""
        return self.connection_id is None and not self.complete_reads

    def is_open(self, now: datetime) -> bool:
        return self.visible is not False and not (self.start_date and self.start_date > now)

    def has_ended(self, now: datetime) -> bool:
        return self.end_date is not None and self.end_date <= now


class Group(models.Model):
    course = models.ForeignKey(Course, models.CASCADE, related_name="groups")
    moodle_id = models.PositiveBigIntegerField(null=True, help_text="NULL: known by its name in a file only.")
    name = models.CharField(max_length=255)
    gone_at = models.DateTimeField(null=True, help_text="No longer on Moodle; kept for what hangs on it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "moodle_id"], name="one_group_per_moodle_id"),
            models.UniqueConstraint(
                fields=["course", "name"], condition=Q(moodle_id=None), name="one_file_group_per_name"
            ),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Participant(models.Model):
    """One Moodle account on one site. Its username is never read nor stored."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="participants")
    moodle_id = models.PositiveBigIntegerField(
        null=True, help_text="NULL: known by a file only, until a sync brings the same e-mail."
    )
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    full_name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)
    phone1 = models.CharField(max_length=50, blank=True)
    phone2 = models.CharField(max_length=50, blank=True)
    institution = models.CharField(max_length=255, blank=True)
    suspended = models.BooleanField(null=True, help_text="The account; NULL: not known.")
    search_key = models.TextField(editable=False)
    sort_key = models.CharField(max_length=200, editable=False)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "moodle_id"], name="one_participant_per_moodle_id"),
            models.UniqueConstraint(
                "site", Lower("email"), condition=Q(moodle_id=None) & ~Q(email=""), name="one_file_account_per_email"
            ),
        ]
        indexes = [
            GinIndex(OpClass("search_key", name="gin_trgm_ops"), name="participant_search"),
            models.Index(fields=["sort_key"], name="participant_sort"),
            models.Index(city_key().asc(nulls_last=True), "country", "id", name="participant_by_city"),
            models.Index(Lower("email"), name="participant_email"),
        ]

    def __str__(self) -> str:
        return f"participant {self.pk}"

    @property
    def has_name(self) -> bool:
        return bool(self.full_name)


def _present(*expressions: OrderBy | str, name: str) -> models.Index:
    return models.Index(*expressions, name=name, condition=Q(standing="present"))


class Enrolment(models.Model):
    """Participant × course, with the access facts as reading this course shows them."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="enrolments")
    course = models.ForeignKey(Course, models.CASCADE, related_name="enrolments")
    roles = ArrayField(models.CharField(max_length=100), default=list, help_text="Role shortnames.")
    suspended = models.BooleanField(null=True, help_text="The enrolment; NULL: the token may not know.")
    last_course_access = models.DateTimeField(null=True, help_text="1970: never. NULL: not allowed to know.")
    last_site_access = models.DateTimeField(null=True, help_text="1970: never. NULL: not allowed to know.")
    entered_after = models.DateTimeField(null=True, help_text="The first access came later. See `entries`.")
    entered_before = models.DateTimeField(null=True, help_text="The first access came by then. NULL: none was seen.")
    standing = models.CharField(max_length=10, choices=Standing, default=Standing.PRESENT)
    first_seen_at = models.DateTimeField(default=timezone.now)
    missed_reads = models.PositiveSmallIntegerField(default=0, help_text="Complete reads without this person.")
    left_at = models.DateTimeField(null=True)
    groups = models.ManyToManyField(Group, through="Membership", related_name="enrolments")

    objects = EnrolmentQuerySet.as_manager()
    access: str  # annotated by with_access()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "participant"], name="one_enrolment_per_course"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(standing__in=[Standing.LEFT, Standing.STAFF]),
                name="who_left_is_not_present",
            ),
        ]
        indexes = [
            models.Index(fields=["course", "standing"], name="enrolment_course"),
            # Unknown comes last in both directions, which no index read backwards can do.
            _present(last_access().asc(nulls_last=True), "id", name="enrolment_by_access"),
            _present(last_access().desc(nulls_last=True), F("id").desc(), name="enrolment_by_access_desc"),
            _present(F("last_site_access").asc(nulls_last=True), "id", name="enrolment_by_platform"),
            _present(F("last_site_access").desc(nulls_last=True), F("id").desc(), name="enrolment_by_platform_desc"),
        ]

    def __str__(self) -> str:
        return f"enrolment {self.pk}"

    @property
    def has_entered(self) -> bool:
        return self.last_course_access is not None and self.last_course_access > EPOCH


class SyncRun(models.Model):
    """One attempt to read one course, with what it found and why it stopped."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="runs")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=12, choices=RunState, default=RunState.QUEUED)
    kind = models.CharField(max_length=8, choices=ReadKind, default=ReadKind.FULL)
    attempt = models.PositiveSmallIntegerField(default=1)
    urgency = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.SCHEDULED)
    accept_shrink = models.BooleanField(default=False)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    people_read = models.PositiveIntegerField(default=0)
    people_expected = models.PositiveIntegerField(null=True, help_text="NULL: not known yet.")
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0, db_default=0, help_text="Had left, and are enrolled again.")
    first_accesses = models.PositiveIntegerField(default=0)
    skipped_positions = ArrayField(models.PositiveIntegerField(), default=list)
    missing_rights = ArrayField(models.CharField(max_length=100), default=list)
    error_code = models.CharField(max_length=60, blank=True, help_text="Moodle's errorcode, or ours.")
    error_function = models.CharField(max_length=100, blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course"], condition=Q(state__in=ACTIVE_RUNS), name="one_active_run_per_course"
            )
        ]
        indexes = [models.Index(fields=["course", "-id"], name="run_latest")]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_RUNS
