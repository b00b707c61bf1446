"""Who is in which group."""

from django.db import models


class Membership(models.Model):
    enrolment = models.ForeignKey("moodle_sync.Enrolment", models.CASCADE, related_name="memberships")
    group = models.ForeignKey("moodle_sync.Group", models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "group"], name="one_membership_per_group")]
