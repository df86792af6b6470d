"""The models come from the app ``evaluation`` with their tables, rows, histories, permissions and log entries."""

import core.clock
import django.db.models.deletion
import reports.models
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from core.model_moves import DEPENDENCIES, MoveContentTypes


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        *DEPENDENCIES,
        ('evaluation', '0002_reports_leave'),
        ('cities', '0003_bodies_of_the_network_in_one_order'),
        ('strategies', '0009_pilot_leaves'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='HistoricalReportSchedule',
                    fields=[
                        ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('city_period', 'city period report'), ('network_period', 'network period report')], max_length=16, verbose_name='kind')),
                        ('trigger', models.CharField(choices=[('accepted', "days after the city's period was accepted"), ('period_due', 'days after the day by which periods are submitted')], max_length=12, verbose_name='when')),
                        ('offset_days', models.PositiveSmallIntegerField(default=0, verbose_name='days after')),
                        ('recipients', models.JSONField(blank=True, default=list, validators=[reports.models.validate_recipients], verbose_name='recipients')),
                        ('language', models.CharField(choices=[('en', 'English'), ('sv', 'Swedish')], default='en', max_length=10, verbose_name='language')),
                        ('is_active', models.BooleanField(default=True, verbose_name='active')),
                        ('active_from', models.DateField(default=core.clock.today, verbose_name='active from')),
                        ('history_id', models.AutoField(primary_key=True, serialize=False)),
                        ('history_date', models.DateTimeField(db_index=True)),
                        ('history_change_reason', models.CharField(max_length=100, null=True)),
                        ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                        ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'verbose_name': 'historical report schedule',
                        'verbose_name_plural': 'historical report schedules',
                        'db_table': 'evaluation_historicalreportschedule',
                        'ordering': ('-history_date', '-history_id'),
                        'get_latest_by': ('history_date', 'history_id'),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name='Report',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('city_period', 'city period report'), ('network_period', 'network period report')], max_length=16, verbose_name='kind')),
                        ('revision', models.PositiveIntegerField(default=1)),
                        ('number', models.CharField(max_length=100, unique=True, verbose_name='number')),
                        ('language', models.CharField(max_length=10, verbose_name='language')),
                        ('snapshot', models.TextField()),
                        ('sha256', models.CharField(max_length=64)),
                        ('schema_version', models.PositiveSmallIntegerField(default=1)),
                        ('issued_at', models.DateTimeField(default=core.clock.now, verbose_name='issued')),
                        ('recipients', models.JSONField(blank=True, default=list)),
                        ('state', models.CharField(choices=[('queued', 'queued'), ('building', 'being built'), ('ready', 'ready'), ('failed', 'failed')], default='queued', max_length=10, verbose_name='state')),
                        ('attempts', models.PositiveSmallIntegerField(default=0)),
                        ('claim_token', models.UUIDField(null=True)),
                        ('heartbeat_at', models.DateTimeField(null=True)),
                        ('reason', models.TextField(blank=True, verbose_name='reason')),
                        ('engine', models.CharField(blank=True, max_length=60, verbose_name='engine')),
                        ('template_version', models.CharField(blank=True, max_length=64, verbose_name='template version')),
                        ('ready_at', models.DateTimeField(null=True)),
                        ('city', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='cities.city')),
                        ('issued_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports_issued', to=settings.AUTH_USER_MODEL)),
                        ('period', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='strategies.reportingperiod')),
                        ('period_revision', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='strategies.periodrevision')),
                    ],
                    options={
                        'verbose_name': 'report',
                        'verbose_name_plural': 'reports',
                        'db_table': 'evaluation_report',
                        'ordering': ['-issued_at', '-pk'],
                    },
                ),
                migrations.CreateModel(
                    name='ReportFile',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=120)),
                        ('content_type', models.CharField(max_length=80)),
                        ('content', models.BinaryField()),
                        ('size', models.PositiveIntegerField()),
                        ('sha256', models.CharField(db_index=True, max_length=64)),
                        ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='reports.report')),
                    ],
                    options={
                        'verbose_name': 'file of a report',
                        'verbose_name_plural': 'files of reports',
                        'db_table': 'evaluation_reportfile',
                        'ordering': ['report', 'name'],
                    },
                ),
                migrations.CreateModel(
                    name='ReportSchedule',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('kind', models.CharField(choices=[('city_period', 'city period report'), ('network_period', 'network period report')], max_length=16, verbose_name='kind')),
                        ('trigger', models.CharField(choices=[('accepted', "days after the city's period was accepted"), ('period_due', 'days after the day by which periods are submitted')], max_length=12, verbose_name='when')),
                        ('offset_days', models.PositiveSmallIntegerField(default=0, verbose_name='days after')),
                        ('recipients', models.JSONField(blank=True, default=list, validators=[reports.models.validate_recipients], verbose_name='recipients')),
                        ('language', models.CharField(choices=[('en', 'English'), ('sv', 'Swedish')], default='en', max_length=10, verbose_name='language')),
                        ('is_active', models.BooleanField(default=True, verbose_name='active')),
                        ('active_from', models.DateField(default=core.clock.today, verbose_name='active from')),
                    ],
                    options={
                        'verbose_name': 'report schedule',
                        'verbose_name_plural': 'report schedules',
                        'db_table': 'evaluation_reportschedule',
                        'ordering': ['kind', 'trigger'],
                        'constraints': [models.UniqueConstraint(fields=('kind', 'trigger'), name='evaluation_reportschedule_once')],
                    },
                ),
                migrations.AddIndex(
                    model_name='report',
                    index=models.Index(fields=['state', 'heartbeat_at'], name='evaluation__state_3d6094_idx'),
                ),
                migrations.AddConstraint(
                    model_name='report',
                    constraint=models.UniqueConstraint(fields=('kind', 'city', 'period', 'revision'), name='evaluation_report_once_per_city'),
                ),
                migrations.AddConstraint(
                    model_name='report',
                    constraint=models.UniqueConstraint(condition=models.Q(('city', None)), fields=('kind', 'period', 'revision'), name='evaluation_report_once_in_network'),
                ),
                migrations.AddConstraint(
                    model_name='report',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('city__isnull', False), ('kind', 'city_period'), ('period_revision__isnull', False)), models.Q(('city', None), ('kind', 'network_period'), ('period_revision', None)), _connector='OR'), name='evaluation_report_subject_fits_kind'),
                ),
                migrations.AddConstraint(
                    model_name='report',
                    constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), ('ready_at__isnull', False), _connector='OR'), name='evaluation_report_ready_has_time'),
                ),
                migrations.AddConstraint(
                    model_name='reportfile',
                    constraint=models.UniqueConstraint(fields=('report', 'name'), name='evaluation_reportfile_once'),
                ),
            ],
        ),
        MoveContentTypes('evaluation', 'reports', ['historicalreportschedule', 'report', 'reportfile', 'reportschedule']),
    ]
