from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0005_messages_of_constraints'),
        ('training', '0002_location'),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicaltrainingweek',
            name='slug',
            field=models.SlugField(error_messages={'unique': 'Another week has this short name. Choose another.'}),
        ),
        migrations.AlterField(
            model_name='trainingweek',
            name='slug',
            field=models.SlugField(error_messages={'unique': 'Another week has this short name. Choose another.'}, unique=True),
        ),
        migrations.AlterConstraint(
            model_name='session',
            name='training_session_ends_after_start',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='training_session_ends_after_start', violation_error_message='The session ends before it begins. Choose a later end.'),
        ),
        migrations.AlterConstraint(
            model_name='trainingweek',
            name='training_trainingweek_ends_after_start',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='training_trainingweek_ends_after_start', violation_error_message='The week ends before it begins. Choose a later last day.'),
        ),
    ]
