import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='InstallationId',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.UUIDField(default=uuid.uuid4)),
            ],
            options={
                'verbose_name': 'installation id',
                'verbose_name_plural': 'installation ids',
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='core_installationid_single')],
            },
        ),
    ]
