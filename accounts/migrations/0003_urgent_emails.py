from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_sessions_name_the_moved_backend")]

    operations = [
        migrations.AddField(
            model_name="mail",
            name="is_urgent",
            field=models.BooleanField(default=False, help_text="Somebody waits for it: sent before the others."),
        ),
    ]
