"""Drafts of updates become inputs of forms (``core.FormInput``), which every long form has."""

from django.db import migrations


def move_drafts(apps, _schema_editor):
    rows = apps.get_model("strategies", "UpdateDraft").objects.select_related("action").prefetch_related("files")
    FormInput = apps.get_model("core", "FormInput")
    for draft in rows.iterator(chunk_size=200):
        page = f"/actions/{draft.action_id}/log/"
        fields = {name: typed if isinstance(typed, list) else [str(typed)] for name, typed in draft.fields.items()}
        FormInput.objects.create(
            user_id=draft.author_id,
            nonce=draft.form_uuid.hex,
            page=page,
            path=page,
            title=f"{draft.action.code} {draft.action.title}"[:200],
            fields=fields | {"form_uuid": [str(draft.form_uuid)]},
            files=[["files", str(file.uuid), file.name, file.sha256] for file in draft.files.all()],
            created_at=draft.updated_at,
            updated_at=draft.updated_at,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_forminput"),
        ("strategies", "0023_figures_of_actions"),
    ]

    operations = [
        migrations.RunPython(move_drafts, migrations.RunPython.noop),
        migrations.DeleteModel(name="UpdateDraft"),
    ]
