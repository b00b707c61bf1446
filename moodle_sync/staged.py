"""Where the pages of a read wait to be applied."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class StagedPerson(models.Model):
    """One row of a page as it arrived, until the run applies them all. Unlogged: worthless after a crash.

    NULL means «did not come»: not allowed to know in a full row, not asked for in another.
    """

    run = models.ForeignKey("moodle_sync.SyncRun", models.CASCADE, related_name="staged", db_index=False)
    moodle_id = models.BigIntegerField()
    first_name = models.TextField(null=True)
    last_name = models.TextField(null=True)
    full_name = models.TextField()
    is_full = models.BooleanField(default=True, help_text="Every field was asked for, not the stamps alone.")
    email = models.TextField(null=True)
    city = models.TextField(null=True)
    country = models.TextField(null=True)
    phone1 = models.TextField(null=True)
    phone2 = models.TextField(null=True)
    institution = models.TextField(null=True)
    last_site_access = models.BigIntegerField(null=True, help_text="As Moodle: seconds, 0, or absent.")
    last_course_access = models.BigIntegerField(null=True)
    roles = ArrayField(models.TextField(), null=True)
    group_ids = ArrayField(models.BigIntegerField(), null=True, help_text="Moodle ids; NULL: field absent.")
    search_key = models.TextField()
    sort_key = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["run", "moodle_id"], name="staged_by_account")]


class StagedAccount(models.Model):
    """Whether an account is suspended, as far as this run was told."""

    run = models.ForeignKey("moodle_sync.SyncRun", models.CASCADE, related_name="+", db_index=False)
    moodle_id = models.BigIntegerField()
    suspended = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["run", "moodle_id"], name="staged_account")]


class StagedMember(models.Model):
    """Who is in which group, by Moodle's ids, where that was told for whole groups."""

    run = models.ForeignKey("moodle_sync.SyncRun", models.CASCADE, related_name="+")
    group_id = models.BigIntegerField()
    moodle_id = models.BigIntegerField()
