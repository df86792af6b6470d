"""Let updates of a period be counted by the index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cities", "0010_form_texts"),
        ("strategies", "0029_period_of_city_message"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="actionupdate",
            name="strategies__city_pe_cfd37d_idx",
        ),
        migrations.AddIndex(
            model_name="actionupdate",
            index=models.Index(fields=["city_period", "action", "withdrawn_at"], name="strategies__city_pe_c401e6_idx"),
        ),
    ]
