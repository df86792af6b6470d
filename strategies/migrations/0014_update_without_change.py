"""Code calls an update that only says that nothing is new one of no change (``log_no_change``); its label stays."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("strategies", "0013_figures_across_cities")]

    operations = [
        migrations.RenameField("actionupdate", "is_nothing_new", "is_no_change"),
        migrations.RenameField("historicalactionupdate", "is_nothing_new", "is_no_change"),
    ]
