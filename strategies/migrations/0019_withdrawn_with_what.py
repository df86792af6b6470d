import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

CODE_TAKEN = "Another part at this place has this code. Choose another code."
CODED = {"action": "objective", "objective": "area", "priorityarea": "strategy"}


def code_once(model, parent, **more):
    return models.UniqueConstraint(fields=[parent, "code"], name=f"strategies_{model}_code_once", **more)


class Migration(migrations.Migration):
    """A withdrawn update withdraws its values; the code of a withdrawn part can be used again."""

    dependencies = [("strategies", "0018_form_of_a_budget_line")]

    operations = [
        migrations.AddField(
            model_name="indicatorvalue",
            name="update",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="values",
                to="strategies.actionupdate",
            ),
        ),
        migrations.AddField(
            model_name="historicalindicatorvalue",
            name="update",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="strategies.actionupdate",
            ),
        ),
        *(
            migrations.RemoveConstraint(model_name=model, name=f"strategies_{model}_code_once")
            for model in CODED
        ),
        *(
            migrations.AddConstraint(
                model_name=model,
                constraint=code_once(
                    model, parent, condition=Q(withdrawn_at=None), violation_error_message=CODE_TAKEN
                ),
            )
            for model, parent in CODED.items()
        ),
    ]
