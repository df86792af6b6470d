"""A change of a period's state is called a transition in code; its marked parts are called marks."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from core.model_moves import DEPENDENCIES, RenameContentTypes

REASON_VERBS = ["return", "reopen"]
FOLLOWS_TRANSITIONS = (
    Q(verb="open", from_state__in=["scheduled"], to_state="open")
    | Q(verb="submit", from_state__in=["open", "returned"], to_state="submitted")
    | Q(verb="return", from_state__in=["submitted"], to_state="returned")
    | Q(verb="accept", from_state__in=["submitted"], to_state="accepted")
    | Q(verb="publish", from_state__in=["accepted"], to_state="published")
    | Q(verb="reopen", from_state__in=["accepted", "published", "submitted"], to_state="open")
)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0015_key_of_a_reminder"), *DEPENDENCIES]

    operations = [
        RenameContentTypes("strategies", {"periodmove": "periodtransition"}),
        migrations.RemoveConstraint("periodmove", "strategies_periodmove_number_once"),
        migrations.RemoveConstraint("periodmove", "strategies_periodmove_says_why"),
        migrations.RemoveConstraint("periodmove", "strategies_periodmove_follows_transitions"),
        migrations.RenameModel("PeriodMove", "PeriodTransition"),
        migrations.RenameField("periodtransition", "places", "marks"),
        migrations.RenameField("cityperiod", "move_count", "transition_count"),
        migrations.AlterField(
            "periodtransition",
            "city_period",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="transitions", to="strategies.cityperiod"
            ),
        ),
        migrations.AlterField(
            "periodtransition",
            "by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="period_transitions",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "periodtransition",
            "on_behalf_of",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="period_transitions",
                to="cities.person",
            ),
        ),
        migrations.AddConstraint(
            "periodtransition",
            models.UniqueConstraint(
                fields=["city_period", "number"], name="strategies_periodtransition_number_once"
            ),
        ),
        migrations.AddConstraint(
            "periodtransition",
            models.CheckConstraint(
                condition=~Q(verb__in=REASON_VERBS) | ~Q(text=""), name="strategies_periodtransition_says_why"
            ),
        ),
        migrations.AddConstraint(
            "periodtransition",
            models.CheckConstraint(
                condition=FOLLOWS_TRANSITIONS, name="strategies_periodtransition_follows_transitions"
            ),
        ),
    ]
