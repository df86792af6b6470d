"""The field ``status`` of an update is its stage of implementation, so it is called ``stage``; its label stays.

Drafts keep what was typed under the names of the form's fields, so theirs is renamed too.
"""

from django.db import migrations


def _rename_in_drafts(apps, editor, old, new):
    drafts = apps.get_model("strategies", "UpdateDraft").objects.using(editor.connection.alias)
    for draft in drafts.iterator():
        if old in draft.fields:
            draft.fields = {new if name == old else name: typed for name, typed in draft.fields.items()}
            draft.save(update_fields=["fields"])


def forwards(apps, editor):
    _rename_in_drafts(apps, editor, "status", "stage")


def backwards(apps, editor):
    _rename_in_drafts(apps, editor, "stage", "status")


class Migration(migrations.Migration):
    dependencies = [("strategies", "0010_risk")]

    operations = [
        migrations.RenameField("actionupdate", "status", "stage"),
        migrations.RenameField("historicalactionupdate", "status", "stage"),
        migrations.RenameField("revisionaction", "status", "stage"),
        migrations.RunPython(forwards, backwards),
    ]
