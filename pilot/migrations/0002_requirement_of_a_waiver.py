"""A waiver is of one requirement of a gate; condition is Django's word for another thing. The label stays."""

from django.db import migrations, models

NAME = "strategies_gatewaiver_once"


class Migration(migrations.Migration):
    dependencies = [("pilot", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("gatewaiver", NAME),
        migrations.RenameField("gatewaiver", "condition", "requirement"),
        migrations.AddConstraint(
            "gatewaiver",
            models.UniqueConstraint(
                fields=["phase", "requirement"], condition=models.Q(withdrawn_at=None), name=NAME
            ),
        ),
    ]
