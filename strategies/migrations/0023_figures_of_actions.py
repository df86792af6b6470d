"""The figures of each action as columns, filled from its records."""

import django.db.models.deletion
from django.db import migrations, models

STAGES = [
    ("planned", "planned"),
    ("ongoing", "ongoing"),
    ("paused", "paused"),
    ("completed", "completed"),
    ("cancelled", "cancelled"),
]
FILL = """
INSERT INTO strategies_actionfigures (
    action_id, stage, last_update_on, progress, milestone_count, reached_count, next_milestone_on, budget_total,
    spent_total, people_reached, responsible_from, responsible_until, responsible_has_gaps
)
WITH logged AS (
    SELECT u.*, ROW_NUMBER() OVER (PARTITION BY action_id ORDER BY date DESC, id DESC) AS place
    FROM strategies_actionupdate u WHERE withdrawn_at IS NULL
), stated AS (
    SELECT action_id, progress, ROW_NUMBER() OVER (PARTITION BY action_id ORDER BY date DESC, id DESC) AS place
    FROM logged WHERE progress IS NOT NULL
), sums AS (
    SELECT action_id, SUM(COALESCE(spent, 0)) AS spent, SUM(COALESCE(people_reached, 0)) AS people
    FROM logged GROUP BY action_id
), lines AS (
    SELECT action_id, SUM(amount) AS amount
    FROM strategies_budgetline WHERE withdrawn_at IS NULL GROUP BY action_id
), steps AS (
    SELECT m.action_id, m.weight, m.due_on,
        EXISTS (
            SELECT 1 FROM strategies_milestonereached o JOIN strategies_actionupdate u ON u.id = o.update_id
            WHERE o.milestone_id = m.id AND u.withdrawn_at IS NULL
        ) AS is_reached,
        EXISTS (
            SELECT 1 FROM strategies_milestonedropped o JOIN strategies_actionupdate u ON u.id = o.update_id
            WHERE o.milestone_id = m.id AND u.withdrawn_at IS NULL
        ) AS is_dropped
    FROM strategies_milestone m WHERE m.withdrawn_at IS NULL
), milestones AS (
    SELECT action_id, COUNT(*) AS number,
        SUM(CASE WHEN is_reached THEN 1 ELSE 0 END) AS reached,
        SUM(CASE WHEN is_reached THEN weight ELSE 0 END) AS done,
        SUM(CASE WHEN is_reached OR NOT is_dropped THEN weight ELSE 0 END) AS whole,
        MIN(CASE WHEN is_reached OR is_dropped THEN NULL ELSE due_on END) AS next_on
    FROM steps GROUP BY action_id
), held AS (
    SELECT m.person_id, b.city_id, m.valid_from, m.valid_to,
        m.valid_to IS NULL OR m.valid_to > m.valid_from AS lasts
    FROM cities_membership m JOIN cities_body b ON b.id = m.body_id WHERE b.city_id IS NOT NULL
), people AS (
    SELECT person_id, city_id, MIN(CASE WHEN lasts THEN valid_from END) AS first_on,
        CASE WHEN SUM(CASE WHEN valid_to IS NULL THEN 1 ELSE 0 END) = 0
            THEN MAX(CASE WHEN lasts THEN valid_to END) END AS until
    FROM held GROUP BY person_id, city_id
), gaps AS (
    SELECT DISTINCT h.person_id, h.city_id FROM held h
    WHERE h.lasts AND EXISTS (
        SELECT 1 FROM held e WHERE e.lasts AND e.person_id = h.person_id AND e.city_id = h.city_id
        AND e.valid_from < h.valid_from
    ) AND NOT EXISTS (
        SELECT 1 FROM held e WHERE e.lasts AND e.person_id = h.person_id AND e.city_id = h.city_id
        AND e.valid_from < h.valid_from AND (e.valid_to IS NULL OR e.valid_to >= h.valid_from)
    )
)
SELECT a.id, newest.stage, newest.date,
    CASE
        WHEN newest.stage = 'completed' THEN 100
        WHEN COALESCE(milestones.whole, 0) = 0 THEN COALESCE(stated.progress, 0)
        WHEN milestones.done = milestones.whole THEN 100
        WHEN milestones.done = 0 THEN 0
        WHEN (200 * milestones.done + milestones.whole) / (2 * milestones.whole) < 1 THEN 1
        WHEN (200 * milestones.done + milestones.whole) / (2 * milestones.whole) > 99 THEN 99
        ELSE (200 * milestones.done + milestones.whole) / (2 * milestones.whole)
    END,
    COALESCE(milestones.number, 0), COALESCE(milestones.reached, 0), milestones.next_on,
    ROUND(COALESCE(lines.amount, 0), 2), ROUND(COALESCE(sums.spent, 0), 2), COALESCE(sums.people, 0),
    CASE
        WHEN a.responsible_id IS NULL THEN NULL WHEN people.person_id IS NULL THEN {ALWAYS} ELSE people.first_on
    END,
    people.until, gaps.person_id IS NOT NULL
FROM strategies_action a
JOIN strategies_objective o ON o.id = a.objective_id
JOIN strategies_priorityarea p ON p.id = o.area_id
JOIN strategies_strategy s ON s.id = p.strategy_id
LEFT JOIN logged newest ON newest.action_id = a.id AND newest.place = 1
LEFT JOIN stated ON stated.action_id = a.id AND stated.place = 1
LEFT JOIN sums ON sums.action_id = a.id
LEFT JOIN lines ON lines.action_id = a.id
LEFT JOIN milestones ON milestones.action_id = a.id
LEFT JOIN people ON people.person_id = a.responsible_id AND people.city_id = s.city_id
LEFT JOIN gaps ON gaps.person_id = a.responsible_id AND gaps.city_id = s.city_id
"""


def fill(apps, schema_editor):
    always = "'0001-01-01'" if schema_editor.connection.vendor == "sqlite" else "DATE '0001-01-01'"
    schema_editor.execute(FILL.replace("{ALWAYS}", always))


class Migration(migrations.Migration):
    dependencies = [("strategies", "0022_messages_of_constraints"), ("cities", "0008_messages_of_constraints")]

    operations = [
        migrations.CreateModel(
            name="ActionFigures",
            fields=[
                (
                    "action",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="figures",
                        serialize=False,
                        to="strategies.action",
                    ),
                ),
                (
                    "stage",
                    models.CharField(choices=STAGES, max_length=10, null=True, verbose_name="implementation stage"),
                ),
                ("last_update_on", models.DateField(null=True, verbose_name="last update")),
                ("progress", models.PositiveSmallIntegerField(verbose_name="progress")),
                ("milestone_count", models.PositiveIntegerField(verbose_name="milestones")),
                ("reached_count", models.PositiveIntegerField(verbose_name="milestones reached")),
                ("next_milestone_on", models.DateField(null=True, verbose_name="next milestone due")),
                ("budget_total", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="budget")),
                ("spent_total", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="spent")),
                ("people_reached", models.PositiveBigIntegerField(verbose_name="people reached")),
                ("responsible_from", models.DateField(null=True, verbose_name="responsible person from")),
                ("responsible_until", models.DateField(null=True, verbose_name="responsible person until")),
                ("responsible_has_gaps", models.BooleanField(verbose_name="at times without a responsible person")),
            ],
            options={"verbose_name": "figures of an action", "verbose_name_plural": "figures of actions"},
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
