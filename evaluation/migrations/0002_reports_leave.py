"""Reports and their schedules move to the app ``reports``; their tables stay (see reports.0001)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel("HistoricalReportSchedule"),
                migrations.DeleteModel("ReportSchedule"),
                migrations.DeleteModel("ReportFile"),
                migrations.DeleteModel("Report"),
            ]
        )
    ]
