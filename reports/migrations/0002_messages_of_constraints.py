from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0001_initial'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='reportschedule',
            name='evaluation_reportschedule_once',
            constraint=models.UniqueConstraint(fields=('kind', 'trigger'), name='evaluation_reportschedule_once', violation_error_message='There is a schedule for this kind of report at this time already. Edit that one.'),
        ),
    ]
