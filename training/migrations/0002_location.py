"""Place had nine meanings in code: where something is has the field ``location``. Labels stay."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial")]

    operations = [
        migrations.RenameField("trainingweek", "place", "location"),
        migrations.RenameField("historicaltrainingweek", "place", "location"),
    ]
