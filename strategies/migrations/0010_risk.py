"""An implementation problem is called a risk in code, as everywhere else; the texts on pages stay."""

import django.db.models.deletion
from django.db import migrations, models

from core.model_moves import DEPENDENCIES, RenameContentTypes


class Migration(migrations.Migration):
    dependencies = [("strategies", "0009_pilot_leaves"), *DEPENDENCIES]

    operations = [
        RenameContentTypes(
            "strategies",
            {
                "implementationproblem": "risk",
                "historicalimplementationproblem": "historicalrisk",
                "historicalimplementationproblem_swot_items": "historicalrisk_swot_items",
            },
        ),
        migrations.RenameModel("ImplementationProblem", "Risk"),
        migrations.RenameModel("HistoricalImplementationProblem", "HistoricalRisk"),
        migrations.RenameModel("HistoricalImplementationProblem_swot_items", "HistoricalRisk_swot_items"),
        migrations.RenameField("historicalrisk_swot_items", "implementationproblem", "risk"),
        migrations.AlterModelOptions("historicalrisk_swot_items", {"verbose_name": "HistoricalRisk_swot_items"}),
        migrations.RenameField("risk", "counter_action", "mitigating_action"),
        migrations.RenameField("historicalrisk", "counter_action", "mitigating_action"),
        migrations.AlterField(
            "risk",
            "mitigating_action",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mitigated_risks",
                to="strategies.action",
                verbose_name="action against it",
            ),
        ),
        migrations.AlterField(
            "risk",
            "area",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="risks",
                to="strategies.priorityarea",
                verbose_name="priority area",
            ),
        ),
        migrations.AlterField(
            "risk",
            "strategy",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="risks", to="strategies.strategy"
            ),
        ),
        migrations.AlterField(
            "risk",
            "swot_items",
            models.ManyToManyField(
                blank=True, related_name="risks", to="strategies.swotitem", verbose_name="SWOT items"
            ),
        ),
    ]
