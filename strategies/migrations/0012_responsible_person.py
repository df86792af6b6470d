"""The person who answers for an action is its responsible person; the label stays."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cities", "0001_initial"), ("strategies", "0011_stage_of_an_update")]

    operations = [
        migrations.RenameField("action", "accountable", "responsible"),
        migrations.RenameField("historicalaction", "accountable", "responsible"),
        migrations.AlterField(
            "action",
            "responsible",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="responsible_for",
                to="cities.person",
                verbose_name="accountable person",
            ),
        ),
    ]
