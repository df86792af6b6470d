"""What was called the desk is the page of a review, so a visit to it is a review visit; the label stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.model_moves import DEPENDENCIES, RenameContentTypes


class Migration(migrations.Migration):
    dependencies = [
        ("evaluation", "0002_reports_leave"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        *DEPENDENCIES,
    ]

    operations = [
        RenameContentTypes("evaluation", {"deskvisit": "reviewvisit"}),
        migrations.RemoveConstraint("deskvisit", "evaluation_deskvisit_once"),
        migrations.RenameModel("DeskVisit", "ReviewVisit"),
        migrations.AddConstraint(
            "reviewvisit",
            models.UniqueConstraint(fields=["evaluation", "user"], name="evaluation_reviewvisit_once"),
        ),
        migrations.AlterField(
            "reviewvisit",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="review_visits",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
