"""What a reminder is known by is a key, as for emails."""

from django.db import migrations, models

NAME = "strategies_reminder_once"


class Migration(migrations.Migration):
    dependencies = [("strategies", "0014_update_without_change")]

    operations = [
        migrations.RemoveConstraint("reminder", NAME),
        migrations.RenameField("reminder", "about", "key"),
        migrations.AddConstraint("reminder", models.UniqueConstraint(fields=["person", "key"], name=NAME)),
    ]
