"""When a course's people are reminded and called, and on which days."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.enums import Channel


def monday_to_friday() -> list[int]:
    return [0, 1, 2, 3, 4]


class WorkingDays(models.Model):
    """On which days a site's people are written to and called. None for a site: Monday to Friday, its country's."""

    site = models.OneToOneField("moodle_sync.Site", models.CASCADE, primary_key=True, related_name="working_days")
    country = models.CharField(_("public holidays of"), max_length=2, default="FR", help_text="ISO 3166-1.")
    subdivision = models.CharField(_("region"), max_length=10, blank=True, help_text="As `holidays` names it.")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=monday_to_friday, help_text="0: Monday.")

    def __str__(self) -> str:
        return f"working days of {self.site_id}"


class MessageTemplate(models.Model):
    """Words to send, with variables in braces. Of a site, or of all of them."""

    site = models.ForeignKey("moodle_sync.Site", models.CASCADE, null=True, blank=True, related_name="templates")
    name = models.CharField(_("name"), max_length=80)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("message"), max_length=4000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], nulls_distinct=False, name="one_template_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """The steps of one course, or the default of one site. Neither: `rules.DEFAULT_STEPS`."""

    site = models.OneToOneField("moodle_sync.Site", models.CASCADE, null=True, related_name="plan")
    course = models.OneToOneField("moodle_sync.Course", models.CASCADE, null=True, related_name="plan")
    reopen_dormant = models.BooleanField(_("look after those who no longer come"), default=False)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(site__isnull=False, course__isnull=True) | Q(site__isnull=True, course__isnull=False),
                name="a_plan_of_a_site_or_a_course",
            )
        ]

    def __str__(self) -> str:
        return f"plan {self.pk}"


class PlanStep(models.Model):
    """On this day after day 0 (or the next working one), by this channel."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="steps")
    day = models.PositiveSmallIntegerField(_("day after the opening"))
    channel = models.CharField(_("channel"), max_length=5, choices=Channel)
    template = models.ForeignKey(MessageTemplate, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "day"], name="one_step_a_day")]
        ordering = ["day"]

    def __str__(self) -> str:
        return f"D+{self.day} {self.channel}"
