from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0003_imports_and_audit")]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(condition=models.Q(("kind", "entered")), fields=["created_at"], name="contact_entered"),
        ),
    ]
