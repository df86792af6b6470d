"""What is added up across the network is cities, so the field says so; its label stays."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("strategies", "0012_responsible_person")]

    operations = [
        migrations.RenameField("indicator", "across_places", "across_cities"),
        migrations.RenameField("historicalindicator", "across_places", "across_cities"),
    ]
