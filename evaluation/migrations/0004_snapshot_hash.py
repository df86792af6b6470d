"""A member decides on a snapshot, and the row holds its hash."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0003_review_visit")]

    operations = [migrations.RenameField("committeereview", "stated_hash", "snapshot_hash")]
