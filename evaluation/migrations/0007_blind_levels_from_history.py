"""Keep blind levels of earlier evaluations: each rating's level as of the start of the discussion, from its history.

A rating without history of that time gets none. Members who have decided on an evaluation in review decide again: the
agreement that they saw was that of revised ratings. Frozen results and reports are not touched.
"""

from django.db import migrations
from django.db.models import Exists, F, OuterRef


def keep_blind_levels(apps, schema_editor):
    transitions = apps.get_model("evaluation", "StageTransition").objects.using(schema_editor.connection.alias)
    began = transitions.filter(verb="start_discussion").order_by("pk").values_list("evaluation", "at")
    for evaluation, at in dict(reversed(list(began))).items():  # the first of each evaluation
        _keep(apps, schema_editor, evaluation, at)


def _keep(apps, schema_editor, evaluation, at):
    alias = schema_editor.connection.alias
    ratings = apps.get_model("evaluation", "Rating").objects.using(alias)
    history = apps.get_model("evaluation", "HistoricalRating").objects.using(alias)
    blind_levels = apps.get_model("evaluation", "BlindLevel")
    submitted = ratings.filter(assessment__evaluation=evaluation, assessment__submitted_at__isnull=False)
    pks = list(submitted.order_by("pk").values_list("pk", flat=True))
    known = history.filter(id__in=pks, history_date__lte=at).order_by("history_date", "history_id")
    levels = dict(known.values_list("id", "level"))  # the last row of each rating wins
    blind_levels.objects.using(alias).bulk_create(
        blind_levels(rating_id=pk, level=levels[pk], kept_at=at) for pk in pks if pk in levels
    )


def start_new_cycles(apps, schema_editor):
    alias = schema_editor.connection.alias
    reviews = apps.get_model("evaluation", "CommitteeReview").objects.using(alias)
    decided = reviews.filter(evaluation=OuterRef("pk"), cycle=OuterRef("cycle"))
    evaluations = apps.get_model("evaluation", "Evaluation").objects.using(alias)
    evaluations.filter(Exists(decided), stage="review").update(cycle=F("cycle") + 1)


class Migration(migrations.Migration):
    dependencies = [("evaluation", "0006_blind_levels")]

    operations = [
        migrations.RunPython(keep_blind_levels, migrations.RunPython.noop),
        migrations.RunPython(start_new_cycles, migrations.RunPython.noop),
    ]
