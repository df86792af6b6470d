"""The phases of the pilot move to the app ``pilot``; their tables stay (see pilot.0001)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("strategies", "0008_withdrawn_parts")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel("GateWaiver"),
                migrations.DeleteModel("HistoricalPilotPhase"),
                migrations.DeleteModel("PilotPhase"),
            ]
        )
    ]
