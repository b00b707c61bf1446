"""Where the pages of a read wait to be applied."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class StagedPerson(models.Model):
    """One row of a page as it arrived, until the run applies them all. Unlogged: worthless after a crash."""

    run = models.ForeignKey("moodle_sync.SyncRun", models.CASCADE, related_name="staged", db_index=False)
    moodle_id = models.BigIntegerField()
    first_name = models.TextField(null=True)
    last_name = models.TextField(null=True)
    full_name = models.TextField()
    email = models.TextField(null=True)
    city = models.TextField(null=True)
    country = models.TextField(null=True)
    phone1 = models.TextField(null=True)
    phone2 = models.TextField(null=True)
    institution = models.TextField(null=True)
    last_site_access = models.BigIntegerField(null=True, help_text="As Moodle: seconds, 0, or absent.")
    last_course_access = models.BigIntegerField(null=True)
    roles = ArrayField(models.TextField())
    group_ids = ArrayField(models.BigIntegerField(), null=True, help_text="Moodle ids; NULL: field absent.")
    search_key = models.TextField()
    sort_key = models.TextField()
    is_staff = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["run", "moodle_id"], name="staged_by_account")]
