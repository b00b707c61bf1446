from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside whatever is being written: a million enrolments take a while to be put in order."""

    atomic = False

    dependencies = [
        ("moodle_sync", "0003_city"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="enrolment",
            index=models.Index(
                models.OrderBy(models.F("last_site_access"), nulls_last=True),
                models.F("id"),
                name="enrolment_by_platform",
                condition=models.Q(("standing", "present")),
            ),
        ),
        AddIndexConcurrently(
            model_name="enrolment",
            index=models.Index(
                models.OrderBy(models.F("last_site_access"), descending=True, nulls_last=True),
                models.OrderBy(models.F("id"), descending=True),
                name="enrolment_by_platform_desc",
                condition=models.Q(("standing", "present")),
            ),
        ),
    ]
