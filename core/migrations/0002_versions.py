from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_installation_id'),
    ]

    operations = [
        migrations.CreateModel(
            name='Version',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('value', models.CharField(max_length=36)),
            ],
            options={
                'verbose_name': 'version',
                'verbose_name_plural': 'versions',
            },
        ),
    ]
