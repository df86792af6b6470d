"""A change of an evaluation's stage is called a transition in code."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from core.model_moves import DEPENDENCIES, RenameContentTypes


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0004_snapshot_hash"), *DEPENDENCIES]

    operations = [
        RenameContentTypes("evaluation", {"stagemove": "stagetransition"}),
        migrations.RemoveConstraint("stagemove", "evaluation_stagemove_says_why"),
        migrations.RenameModel("StageMove", "StageTransition"),
        migrations.AlterField(
            "stagetransition",
            "evaluation",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="transitions", to="evaluation.evaluation"
            ),
        ),
        migrations.AlterField(
            "stagetransition",
            "by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stage_transitions",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "stagetransition",
            models.CheckConstraint(
                condition=~Q(verb="request_changes") | ~Q(reason=""), name="evaluation_stagetransition_says_why"
            ),
        ),
    ]
