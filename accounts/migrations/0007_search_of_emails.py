"""The log of emails is searched in a folded column, so that case and marks do not matter on any database."""

from django.db import migrations, models

from core.collation import fold

BATCH = 500


def fold_stored_mails(apps, schema_editor):
    mails = apps.get_model("accounts", "Mail").objects.using(schema_editor.connection.alias)
    batch = []
    for mail in mails.only("subject", "recipient").iterator(chunk_size=BATCH):
        mail.searched = fold(f"{mail.subject} {mail.recipient}")[:700]
        batch.append(mail)
        if len(batch) == BATCH:
            mails.bulk_update(batch, ["searched"])
            batch = []
    mails.bulk_update(batch, ["searched"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_messages_of_constraints")]

    operations = [
        migrations.AddField(
            "mail",
            "searched",
            models.CharField(blank=True, default="", editable=False, max_length=700),
        ),
        migrations.RunPython(fold_stored_mails, migrations.RunPython.noop, elidable=True),
    ]
