from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0005_messages_of_constraints'),
        ('evaluation', '0005_stage_transition'),
        ('strategies', '0017_messages_of_constraints'),
    ]

    operations = [
        migrations.AlterField(
            model_name='evaluationround',
            name='name',
            field=models.CharField(error_messages={'unique': 'Another round has this name. Choose another name.'}, max_length=120, unique=True, verbose_name='name'),
        ),
        migrations.AlterField(
            model_name='historicalevaluationround',
            name='name',
            field=models.CharField(db_index=True, error_messages={'unique': 'Another round has this name. Choose another name.'}, max_length=120, verbose_name='name'),
        ),
        migrations.AlterConstraint(
            model_name='consensus',
            name='evaluation_consensus_once',
            constraint=models.UniqueConstraint(fields=('evaluation', 'dimension'), name='evaluation_consensus_once', violation_error_message='There is a consensus on this dimension already.'),
        ),
        migrations.AlterConstraint(
            model_name='consensus',
            name='evaluation_consensus_level_or_reason',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('level__range', (1, 4)), ('not_assessed_reason', '')), models.Q(('level', None), models.Q(('not_assessed_reason', ''), _negated=True)), _connector='OR'), name='evaluation_consensus_level_or_reason', violation_error_message='Choose a level, or say why this dimension cannot be assessed; not both.'),
        ),
        migrations.AlterConstraint(
            model_name='consensus',
            name='evaluation_consensus_says_why',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='evaluation_consensus_says_why', violation_error_message='Say why, in a sentence.'),
        ),
        migrations.AlterConstraint(
            model_name='dimension',
            name='evaluation_dimension_code_once',
            constraint=models.UniqueConstraint(fields=('framework', 'code'), name='evaluation_dimension_code_once', violation_error_message='Another dimension of this framework has this code. Choose another code.'),
        ),
        migrations.AlterConstraint(
            model_name='dimension',
            name='evaluation_dimension_order_once',
            constraint=models.UniqueConstraint(fields=('framework', 'order'), name='evaluation_dimension_order_once', violation_error_message='Another dimension of this framework has this place in the order. Choose another number.'),
        ),
        migrations.AlterConstraint(
            model_name='dimension',
            name='evaluation_dimension_order_from_one',
            constraint=models.CheckConstraint(condition=models.Q(('order__gte', 1)), name='evaluation_dimension_order_from_one', violation_error_message='The order begins with 1.'),
        ),
        migrations.AlterConstraint(
            model_name='evaluationround',
            name='evaluation_evaluationround_dates_in_order',
            constraint=models.CheckConstraint(condition=models.Q(('decide_by__gte', models.F('review_on')), ('discuss_on__gte', models.F('rate_on')), ('moderate_on__gte', models.F('discuss_on')), ('rate_on__gte', models.F('declare_on')), ('review_on__gte', models.F('moderate_on'))), name='evaluation_evaluationround_dates_in_order', violation_error_message='Each stage begins on the day of the stage before it or later. Check the dates.'),
        ),
        migrations.AlterConstraint(
            model_name='framework',
            name='evaluation_framework_version_once',
            constraint=models.UniqueConstraint(fields=('name', 'version'), name='evaluation_framework_version_once', violation_error_message='This framework has a version with this number already. Choose the next number.'),
        ),
        migrations.AlterConstraint(
            model_name='rating',
            name='evaluation_rating_once',
            constraint=models.UniqueConstraint(fields=('assessment', 'dimension'), name='evaluation_rating_once', violation_error_message='This dimension has been rated in this assessment already.'),
        ),
        migrations.AlterConstraint(
            model_name='rating',
            name='evaluation_rating_level_or_reason',
            constraint=models.CheckConstraint(condition=models.Q(('level', None), models.Q(('level__range', (1, 4)), ('not_assessed_reason', '')), _connector='OR'), name='evaluation_rating_level_or_reason', violation_error_message='Choose a level, or say why this dimension cannot be assessed; not both.'),
        ),
        migrations.AlterConstraint(
            model_name='rating',
            name='evaluation_rating_strength_has_reason',
            constraint=models.CheckConstraint(condition=models.Q(('strength_override', ''), models.Q(('strength_reason', ''), _negated=True), _connector='OR'), name='evaluation_rating_strength_has_reason', violation_error_message='Say why you judge the evidence differently.'),
        ),
    ]
