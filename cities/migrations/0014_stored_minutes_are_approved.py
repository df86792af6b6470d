from django.db import migrations
from django.db.models import Q

from core.triggers import triggers_dropped


def approve(apps, schema_editor):
    """Mark the minutes of before as approved; who approved them and when was not recorded."""
    events = apps.get_model("cities", "Event").objects.using(schema_editor.connection.alias)
    with triggers_dropped(schema_editor.connection.alias):  # cancelled events never change otherwise
        kept = events.filter(~Q(minutes="") | Q(minutes_file__isnull=False))
        kept.filter(minutes_state="").update(minutes_state="approved")


def forget(apps, schema_editor):
    """Leave the states: their column is removed by the migration before."""


class Migration(migrations.Migration):
    dependencies = [("cities", "0013_minutes_state")]

    operations = [migrations.RunPython(approve, forget)]
