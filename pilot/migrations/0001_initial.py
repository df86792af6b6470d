"""The models come from the app ``strategies`` with their tables, rows, histories, permissions and log entries."""

import core.clock
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from core.model_moves import DEPENDENCIES, MoveContentTypes


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        *DEPENDENCIES,
        ('strategies', '0009_pilot_leaves'),
        ('cities', '0003_bodies_of_the_network_in_one_order'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='HistoricalPilotPhase',
                    fields=[
                        ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                        ('version', models.PositiveIntegerField(default=1, editable=False)),
                        ('kind', models.CharField(choices=[('coordination', 'coordination structure'), ('kick_off', 'kick-off'), ('pact', 'city integration pact')], max_length=14, verbose_name='step')),
                        ('planned_start', models.DateField(verbose_name='planned start')),
                        ('planned_end', models.DateField(verbose_name='planned end')),
                        ('actual_start', models.DateField(blank=True, null=True, verbose_name='actual start')),
                        ('actual_end', models.DateField(blank=True, null=True, verbose_name='actual end')),
                        ('history_id', models.AutoField(primary_key=True, serialize=False)),
                        ('history_date', models.DateTimeField(db_index=True)),
                        ('history_change_reason', models.CharField(max_length=100, null=True)),
                        ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                        ('city', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='cities.city')),
                        ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                    options={
                        'verbose_name': 'historical pilot phase',
                        'verbose_name_plural': 'historical pilot phases',
                        'db_table': 'strategies_historicalpilotphase',
                        'ordering': ('-history_date', '-history_id'),
                        'get_latest_by': ('history_date', 'history_id'),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name='PilotPhase',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('version', models.PositiveIntegerField(default=1, editable=False)),
                        ('kind', models.CharField(choices=[('coordination', 'coordination structure'), ('kick_off', 'kick-off'), ('pact', 'city integration pact')], max_length=14, verbose_name='step')),
                        ('planned_start', models.DateField(verbose_name='planned start')),
                        ('planned_end', models.DateField(verbose_name='planned end')),
                        ('actual_start', models.DateField(blank=True, null=True, verbose_name='actual start')),
                        ('actual_end', models.DateField(blank=True, null=True, verbose_name='actual end')),
                        ('city', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='phases', to='cities.city')),
                    ],
                    options={
                        'verbose_name': 'pilot phase',
                        'verbose_name_plural': 'pilot phases',
                        'db_table': 'strategies_pilotphase',
                        'ordering': ['city__name', 'planned_start', 'pk'],
                    },
                ),
                migrations.CreateModel(
                    name='GateWaiver',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('condition', models.CharField(max_length=60, verbose_name='condition')),
                        ('reason', models.TextField(verbose_name='reason')),
                        ('at', models.DateTimeField(default=core.clock.now)),
                        ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                        ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gate_waivers', to=settings.AUTH_USER_MODEL)),
                        ('phase', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waivers', to='pilot.pilotphase')),
                    ],
                    options={
                        'verbose_name': 'waiver',
                        'verbose_name_plural': 'waivers',
                        'db_table': 'strategies_gatewaiver',
                        'ordering': ['at'],
                    },
                ),
                migrations.AddConstraint(
                    model_name='pilotphase',
                    constraint=models.UniqueConstraint(fields=('city', 'kind'), name='strategies_pilotphase_once'),
                ),
                migrations.AddConstraint(
                    model_name='pilotphase',
                    constraint=models.CheckConstraint(condition=models.Q(('planned_end__gte', models.F('planned_start')), models.Q(('actual_end', None), ('actual_end__gte', models.F('actual_start')), _connector='OR')), name='strategies_pilotphase_ends_after_start'),
                ),
                migrations.AddConstraint(
                    model_name='gatewaiver',
                    constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('phase', 'condition'), name='strategies_gatewaiver_once'),
                ),
                migrations.AddConstraint(
                    model_name='gatewaiver',
                    constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='strategies_gatewaiver_says_why'),
                ),
            ],
        ),
        MoveContentTypes('strategies', 'pilot', ['historicalpilotphase', 'pilotphase', 'gatewaiver']),
    ]
