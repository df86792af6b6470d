from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0005_messages_of_constraints'),
        ('pilot', '0002_requirement_of_a_waiver'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='pilotphase',
            name='strategies_pilotphase_once',
            constraint=models.UniqueConstraint(fields=('city', 'kind'), name='strategies_pilotphase_once', violation_error_message='This city has this phase already. Edit its dates.'),
        ),
        migrations.AlterConstraint(
            model_name='pilotphase',
            name='strategies_pilotphase_ends_after_start',
            constraint=models.CheckConstraint(condition=models.Q(('planned_end__gte', models.F('planned_start')), models.Q(('actual_end', None), ('actual_end__gte', models.F('actual_start')), _connector='OR')), name='strategies_pilotphase_ends_after_start', violation_error_message='The end comes before the start. Check the dates.'),
        ),
    ]
