"""Blind levels are kept beside ratings, assessments may be submitted late, and the agreement of a round is frozen."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("evaluation", "0005_stage_transition"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "assessment",
            "submitted_late",
            models.BooleanField(default=False, verbose_name="submitted late"),
        ),
        migrations.AddField(
            "historicalassessment",
            "submitted_late",
            models.BooleanField(default=False, verbose_name="submitted late"),
        ),
        migrations.CreateModel(
            name="BlindLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="level")),
                ("kept_at", models.DateTimeField(default=core.clock.now)),
                (
                    "rating",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="blind", to="evaluation.rating"
                    ),
                ),
            ],
            options={
                "verbose_name": "blind level",
                "verbose_name_plural": "blind levels",
                "ordering": ["rating"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(level=None) | Q(level__range=(1, 4)), name="evaluation_blindlevel_level_in_range"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RoundResult",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("snapshot", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                ("schema_version", models.PositiveSmallIntegerField(default=1)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds_closed",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="result",
                        to="evaluation.evaluationround",
                    ),
                ),
            ],
            options={
                "verbose_name": "result of a round",
                "verbose_name_plural": "results of rounds",
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(closed_by=None) | ~Q(reason=""), name="evaluation_roundresult_says_why"
                    )
                ],
            },
        ),
    ]
