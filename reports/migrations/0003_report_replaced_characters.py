from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0002_messages_of_constraints'),
    ]

    operations = [
        migrations.AddField(
            model_name='report',
            name='replaced_characters',
            field=models.TextField(blank=True, default=''),
            preserve_default=False,
        ),
    ]
