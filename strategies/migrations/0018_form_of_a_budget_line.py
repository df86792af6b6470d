from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0017_declined_requests")]

    operations = [
        migrations.AddField(
            model_name="budgetline",
            name="form_uuid",
            field=models.UUIDField(editable=False, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="historicalbudgetline",
            name="form_uuid",
            field=models.UUIDField(db_index=True, editable=False, null=True),
        ),
    ]
