from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0016_period_transition")]

    operations = [
        migrations.AlterField(
            model_name="periodcomment",
            name="kind",
            field=models.CharField(
                choices=[
                    ("comment", "comment"),
                    ("endorsement", "endorsement"),
                    ("ask_reopen", "request to reopen"),
                    ("decline", "request declined"),
                ],
                max_length=12,
            ),
        ),
    ]
