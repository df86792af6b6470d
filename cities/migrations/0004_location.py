"""Place had nine meanings in code: where something is has the field ``location``. Labels stay."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cities", "0003_bodies_of_the_network_in_one_order")]

    operations = [
        migrations.RenameField("organisation", "place", "location"),
        migrations.RenameField("event", "place", "location"),
        migrations.RenameField("historicalevent", "place", "location"),
    ]
