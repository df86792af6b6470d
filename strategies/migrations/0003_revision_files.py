import json

import django.db.models.deletion
from django.db import migrations, models


def fill(apps, schema_editor):
    """The files that the revisions handed in before name, as far as file and evidence are still known."""
    models_of = {name: apps.get_model("strategies", name) for name in ("Evidence", "PeriodRevision", "RevisionFile")}
    files = dict(apps.get_model("cities", "StoredFile").objects.values_list("uuid", "pk"))
    files = {str(uuid): pk for uuid, pk in files.items()}
    known = set(models_of["Evidence"].objects.values_list("pk", flat=True))
    for revision in models_of["PeriodRevision"].objects.order_by("pk").iterator(chunk_size=20):
        rows = [
            models_of["RevisionFile"](
                revision=revision, evidence_id=piece["id"], file_id=files[piece["file"]["uuid"]], visibility=visibility
            )
            for visibility, piece in pieces_of(json.loads(revision.snapshot))
            if piece["id"] in known and piece["file"]["uuid"] in files
        ]
        models_of["RevisionFile"].objects.bulk_create(rows)


def pieces_of(contents):
    """Each piece of evidence with a file, after the visibility of the update or value that it hangs on."""
    facts = [update for action in contents.get("actions", []) for update in action["updates"]]
    facts += [entry["value"] for entry in contents.get("indicators", []) if entry["value"]]
    return [(fact["visibility"], piece) for fact in facts for piece in fact["evidence"] if piece["file"]]


class Migration(migrations.Migration):
    dependencies = [
        ("cities", "0001_initial"),
        ("strategies", "0002_versions_and_histories"),
    ]

    operations = [
        migrations.CreateModel(
            name="RevisionFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "visibility",
                    models.CharField(
                        choices=[
                            ("city", "our city only"),
                            ("network", "the network"),
                            ("public", "everybody, once published"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "evidence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="frozen_rows",
                        to="strategies.evidence",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="frozen_rows",
                        to="cities.storedfile",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="strategies.periodrevision",
                    ),
                ),
            ],
            options={
                "verbose_name": "file as frozen",
                "verbose_name_plural": "files as frozen",
                "ordering": ["revision", "evidence"],
                "constraints": [
                    models.UniqueConstraint(fields=("revision", "evidence"), name="strategies_revisionfile_once")
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
