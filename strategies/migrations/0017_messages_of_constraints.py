from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0005_messages_of_constraints'),
        ('strategies', '0016_period_transition'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicalreportingperiod',
            name='name',
            field=models.CharField(db_index=True, error_messages={'unique': 'Another period has this name. Choose another name.'}, max_length=80, verbose_name='name'),
        ),
        migrations.AlterField(
            model_name='historicalreportingperiod',
            name='starts_on',
            field=models.DateField(db_index=True, error_messages={'unique': 'Another period begins on this day. Choose another day.'}, verbose_name='first day'),
        ),
        migrations.AlterField(
            model_name='reportingperiod',
            name='name',
            field=models.CharField(error_messages={'unique': 'Another period has this name. Choose another name.'}, max_length=80, unique=True, verbose_name='name'),
        ),
        migrations.AlterField(
            model_name='reportingperiod',
            name='starts_on',
            field=models.DateField(error_messages={'unique': 'Another period begins on this day. Choose another day.'}, unique=True, verbose_name='first day'),
        ),
        migrations.AlterConstraint(
            model_name='action',
            name='strategies_action_code_once',
            constraint=models.UniqueConstraint(fields=('objective', 'code'), name='strategies_action_code_once', violation_error_message='Another action of this objective has this code. Choose another code.'),
        ),
        migrations.AlterConstraint(
            model_name='action',
            name='strategies_action_ends_after_start',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='strategies_action_ends_after_start', violation_error_message='The action ends before it starts. Choose a later end.'),
        ),
        migrations.AlterConstraint(
            model_name='action',
            name='strategies_action_withdrawn_has_reason',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('withdrawn_reason', ''), _negated=True), _connector='OR'), name='strategies_action_withdrawn_has_reason', violation_error_message='Say why the action is withdrawn.'),
        ),
        migrations.AlterConstraint(
            model_name='actionupdate',
            name='strategies_actionupdate_progress_in_percent',
            constraint=models.CheckConstraint(condition=models.Q(('progress', None), ('progress__lte', 100), _connector='OR'), name='strategies_actionupdate_progress_in_percent', violation_error_message='Progress is a number from 0 to 100.'),
        ),
        migrations.AlterConstraint(
            model_name='actionupdate',
            name='strategies_actionupdate_negative_has_reason',
            constraint=models.CheckConstraint(condition=models.Q(('spent', None), ('spent__gte', 0), models.Q(('spent_reason', ''), _negated=True), _connector='OR'), name='strategies_actionupdate_negative_has_reason', violation_error_message='Say why the amount is negative, for example a correction or a refund.'),
        ),
        migrations.AlterConstraint(
            model_name='actionupdate',
            name='strategies_actionupdate_withdrawn_has_reason',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('withdrawn_reason', ''), _negated=True), _connector='OR'), name='strategies_actionupdate_withdrawn_has_reason', violation_error_message='Say why the update is withdrawn.'),
        ),
        migrations.AlterConstraint(
            model_name='actionupdate',
            name='strategies_actionupdate_has_text',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='strategies_actionupdate_has_text', violation_error_message='Write a sentence about what has happened.'),
        ),
        migrations.AlterConstraint(
            model_name='budgetline',
            name='strategies_budgetline_amount_positive',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='strategies_budgetline_amount_positive', violation_error_message='A budget is more than nothing.'),
        ),
        migrations.AlterConstraint(
            model_name='indicator',
            name='strategies_indicator_one_place',
            constraint=models.CheckConstraint(condition=models.Q(('objective', None), ('action', None), _connector='OR'), name='strategies_indicator_one_place', violation_error_message='Choose either an objective or an action: the action has its objective already.'),
        ),
        migrations.AlterConstraint(
            model_name='milestone',
            name='strategies_milestone_weight_positive',
            constraint=models.CheckConstraint(condition=models.Q(('weight__gte', 1)), name='strategies_milestone_weight_positive', violation_error_message='A weight is 1 or more.'),
        ),
        migrations.AlterConstraint(
            model_name='objective',
            name='strategies_objective_code_once',
            constraint=models.UniqueConstraint(fields=('area', 'code'), name='strategies_objective_code_once', violation_error_message='Another objective of this priority area has this code. Choose another code.'),
        ),
        migrations.AlterConstraint(
            model_name='objective',
            name='strategies_objective_withdrawn_has_reason',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('withdrawn_reason', ''), _negated=True), _connector='OR'), name='strategies_objective_withdrawn_has_reason', violation_error_message='Say why the objective is withdrawn.'),
        ),
        migrations.AlterConstraint(
            model_name='priorityarea',
            name='strategies_priorityarea_code_once',
            constraint=models.UniqueConstraint(fields=('strategy', 'code'), name='strategies_priorityarea_code_once', violation_error_message='Another priority area of this strategy has this code. Choose another code.'),
        ),
        migrations.AlterConstraint(
            model_name='priorityarea',
            name='strategies_priorityarea_withdrawn_has_reason',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('withdrawn_reason', ''), _negated=True), _connector='OR'), name='strategies_priorityarea_withdrawn_has_reason', violation_error_message='Say why the priority area is withdrawn.'),
        ),
        migrations.AlterConstraint(
            model_name='reportingperiod',
            name='strategies_reportingperiod_dates_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('due_on__gte', models.F('ends_on')), ('ends_on__gte', models.F('starts_on')), ('opens_on__lte', models.F('ends_on'))), name='strategies_reportingperiod_dates_in_order', violation_error_message='A period opens on or before its last day, and is due on its last day or later. Check the dates.'),
        ),
        migrations.AlterConstraint(
            model_name='strategy',
            name='strategies_strategy_ends_after_start',
            constraint=models.CheckConstraint(condition=models.Q(('year_to__gte', models.F('year_from'))), name='strategies_strategy_ends_after_start', violation_error_message='The last year comes before the first one. Choose a later last year.'),
        ),
        migrations.AlterConstraint(
            model_name='strategy',
            name='strategies_strategy_adopted_has_date',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('adopted_on', None), ('status', 'draft')), models.Q(('adopted_on__isnull', False), ('status', 'adopted')), _connector='OR'), name='strategies_strategy_adopted_has_date', violation_error_message='An adopted strategy has a date of adoption, and a draft has none.'),
        ),
        migrations.AlterConstraint(
            model_name='strategy',
            name='strategies_strategy_published_is_adopted',
            constraint=models.CheckConstraint(condition=models.Q(('published_at', None), ('status', 'adopted'), _connector='OR'), name='strategies_strategy_published_is_adopted', violation_error_message='Only an adopted strategy can be published.'),
        ),
        migrations.AlterConstraint(
            model_name='strategy',
            name='strategies_strategy_one_current',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_at', None), models.Q(('replaces', None), ('status', 'adopted'), _connector='OR')), fields=('city',), name='strategies_strategy_one_current', violation_error_message='This city has a strategy already. Change it, or write the next one beside it.'),
        ),
        migrations.AlterConstraint(
            model_name='strategy',
            name='strategies_strategy_superseded_was_adopted',
            constraint=models.CheckConstraint(condition=models.Q(('superseded_at', None), ('status', 'adopted'), _connector='OR'), name='strategies_strategy_superseded_was_adopted', violation_error_message='Only an adopted strategy can be followed by another one.'),
        ),
    ]
