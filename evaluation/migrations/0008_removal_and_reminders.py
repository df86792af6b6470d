"""An evaluation can be removed from its round, and reminders of the end of a stage are sent once."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import core.clock

STAGES = [
    ("declare", "conflicts of interest are declared"),
    ("rate", "rating"),
    ("discuss", "discussion"),
    ("moderate", "moderation"),
    ("review", "committee review"),
    ("published", "published"),
    ("removed", "removed from the round"),
]
VERBS = [
    ("start_rating", "rating began"),
    ("start_discussion", "discussion began"),
    ("start_moderation", "moderation began"),
    ("hand_to_committee", "handed to the committee"),
    ("request_changes", "changes requested"),
    ("publish", "published"),
    ("remove", "removed from the round"),
]


def stage_field(**options):
    return models.CharField(choices=STAGES, max_length=10, **options)


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0007_blind_levels_from_history")]

    operations = [
        migrations.AlterField("evaluation", "stage", stage_field(default="declare", verbose_name="stage")),
        migrations.AlterField("historicalevaluation", "stage", stage_field(default="declare", verbose_name="stage")),
        migrations.AlterField("stagetransition", "from_stage", stage_field()),
        migrations.AlterField("stagetransition", "to_stage", stage_field()),
        migrations.AlterField("stagetransition", "verb", models.CharField(choices=VERBS, max_length=20)),
        migrations.RemoveConstraint("evaluation", "evaluation_evaluation_once"),
        migrations.AddConstraint(
            "evaluation",
            models.UniqueConstraint(
                condition=~Q(stage="removed"), fields=("round", "strategy"), name="evaluation_evaluation_once"
            ),
        ),
        migrations.AddConstraint(
            "stagetransition",
            models.CheckConstraint(
                condition=~Q(verb="remove") | ~Q(reason=""), name="evaluation_stagetransition_removal_says_why"
            ),
        ),
        migrations.CreateModel(
            name="StageReminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stage", stage_field()),
                ("ends_on", models.DateField()),
                ("days_before", models.PositiveSmallIntegerField()),
                ("sent_at", models.DateTimeField(default=core.clock.now)),
                (
                    "evaluation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stage_reminders",
                        to="evaluation.evaluation",
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder of the end of a stage",
                "verbose_name_plural": "reminders of the end of stages",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("evaluation", "stage", "ends_on", "days_before"),
                        name="evaluation_stagereminder_once",
                    )
                ],
            },
        ),
    ]
